// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a module of a BSD has to be besides code: sections and tables that its kernel looks for, the
//! version that it was built for, and layouts that somebody has checked.

mod freebsd;
mod netbsd;
mod openbsd;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::checks::Check;
use super::loader::{self, Loader};
use super::module::Module;
use crate::build::Bsd;
use crate::build::bsd::manifest::{self, Manifest};

/// The loader of a BSD.
pub(super) fn loader(bsd: Bsd) -> &'static Loader {
    match bsd {
        Bsd::Free => &loader::FREEBSD,
        Bsd::Net => &loader::NETBSD,
        Bsd::Open => &loader::OPENBSD,
    }
}

/// All that is checked besides the code.
pub(super) fn checks(
    bsd: Bsd,
    module: &Module,
    path: &Path,
    ids: &[(u16, u16)],
) -> Result<Vec<Check>> {
    let manifest = Manifest::read(path).with_context(|| {
        format!("{}: without it nobody knows which kernel this is for", path.display())
    })?;
    let mut checks =
        vec![origin(bsd, &manifest, path)?, layouts(bsd, &manifest), names(bsd, module)];
    checks.extend(match bsd {
        Bsd::Free => freebsd::checks(module, manifest.number(), ids),
        Bsd::Net => netbsd::checks(module, manifest.number()),
        Bsd::Open => openbsd::checks(module),
    });
    Ok(checks)
}

/// Whether the manifest is this module's.
fn origin(bsd: Bsd, manifest: &Manifest, path: &Path) -> Result<Check> {
    let mut problems = Vec::new();
    if manifest.text("sha256") != manifest::digest(path)? {
        problems.push("the manifest beside it is of another file".to_string());
    }
    if manifest.text("os") != bsd.name() {
        problems.push(format!("it is for {}", manifest.text("os")));
    }
    let measured = format!(
        "{} {}; headers {}; options {}",
        bsd.name(),
        manifest.text("version"),
        manifest.text("headers"),
        manifest.text("options")
    );
    Ok(Check::new("origin", measured, problems))
}

/// Whether somebody checked the structs that are written down by hand.
fn layouts(bsd: Bsd, manifest: &Manifest) -> Check {
    let (fields, headers) = (manifest.count("layouts", "fields"), manifest.count("kpi", "headers"));
    let compared = manifest.list("kpi", "compared");
    let mut problems = Vec::new();
    if fields == 0 {
        let table = format!("core/src/abi/layouts/{}.tsv", bsd.name());
        problems.push(format!("no struct of an ioctl was checked: {table} is empty"));
    }
    if headers > 0 && compared.is_empty() {
        problems.push(format!(
            "{headers} headers written by hand were compared with no sources since they changed; \
             `cargo xtask build --os {} --sysdir ...` does",
            bsd.name()
        ));
    }
    let measured = format!(
        "{fields} fields of ioctls checked with these headers; {headers} headers by hand, compared \
         with the sources of {}",
        if compared.is_empty() { "no version".to_string() } else { compared.join(", ") }
    );
    Check::new("layouts", measured, problems)
}

/// Names that others can see may clash with theirs.
fn names(bsd: Bsd, module: &Module) -> Check {
    let allowed: &[&str] = if bsd == Bsd::Open { &openbsd::GLOBALS } else { &[] };
    let problems = module.globals.iter().filter(|name| !allowed.contains(&name.as_str()));
    let problems = problems.map(|name| format!("{name} is global")).collect();
    Check::new("names", format!("{} global", module.globals.len()), problems)
}

/// Whether every symbol that is asked for is one that a kernel has: `exported` are its symbols.
pub(super) fn exported(module: &Module, loader: &Loader, exported: &BTreeSet<String>) -> Check {
    let asked: Vec<&String> =
        module.undefined.iter().filter(|name| !loader.provides(name)).collect();
    let problems = asked
        .iter()
        .filter(|name| !exported.contains(**name))
        .map(|name| format!("that kernel has no {name}"))
        .collect();
    let measured = format!("{} asked of {} symbols of a kernel", asked.len(), exported.len());
    Check::new("symbols of a kernel", measured, problems)
}
