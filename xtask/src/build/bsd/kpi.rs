// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Declarations of a kernel's that the packaged headers lack, written by hand (`os-*/kpi`): compared with
//! the real ones wherever there are sources, and the comparison recorded, so that a build without
//! sources can tell whether anybody has.
//!
//! The comparison is the compiler's: in one file that includes the real headers, every function and type
//! is declared again, every number asserted, and every struct stands beside the real one under
//! another name.

mod statements;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::{Bsd, Plan, Request, freebsd, glue, manifest};
use crate::progress;

/// A header that stands in for one of the kernel's.
struct StandIn {
    /// Its name as it is included.
    name: String,
    /// The header with the real declarations, where that is to be included.
    real: String,
    text: String,
}

/// What is known of the declarations of a build.
pub(super) struct Kpi {
    /// Headers that stand in for others.
    pub(super) headers: usize,
    /// Their digest.
    pub(super) digest: String,
    /// The versions of the system whose sources they were compared with.
    pub(super) compared: Vec<String>,
}

/// Compares if there are sources, or else looks up who has.
pub(super) fn check(request: &Request, plan: &Plan, work: &Path) -> Result<Kpi> {
    let stand_ins = read(request.bsd)?;
    let digest = digest(&stand_ins, work)?;
    let mut compared = recorded(request.bsd, &digest)?;
    if request.sysdir.is_some() {
        compare(request, plan, work, &stand_ins)?;
        if !compared.contains(&plan.version) {
            compared.push(plan.version.clone());
            record(request.bsd, &digest, &compared)?;
        }
    }
    Ok(Kpi { headers: stand_ins.len(), digest, compared })
}

/// All stand-ins of a system, in order of their names.
fn read(bsd: Bsd) -> Result<Vec<StandIn>> {
    let mut found = Vec::new();
    walk(&bsd.shim().join("kpi"), "", &mut found)?;
    if bsd == Bsd::Free {
        let (name, real) = ("device_if.h".to_string(), "sys/bus.h".to_string());
        found.push(StandIn { name, real, text: freebsd::device_methods() });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn walk(dir: &Path, prefix: &str, found: &mut Vec<StandIn>) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if path.is_dir() {
            walk(&path, &name, found)?;
        } else if name.ends_with(".h") {
            let text = std::fs::read_to_string(&path).with_context(|| name.clone())?;
            found.push(StandIn { real: name.clone(), name, text });
        }
    }
    Ok(())
}

/// One digest of all of them.
fn digest(stand_ins: &[StandIn], work: &Path) -> Result<String> {
    let all: String = stand_ins.iter().map(|one| format!("{}\n{}\n", one.name, one.text)).collect();
    let file = work.join("kpi.txt");
    std::fs::write(&file, all)?;
    manifest::digest(&file)
}

/// Has clang read the real headers and then the stand-ins' declarations.
fn compare(request: &Request, plan: &Plan, work: &Path, stand_ins: &[StandIn]) -> Result<()> {
    progress::step(&format!("compare {} headers written by hand", stand_ins.len()));
    let exempt = exempt(request.bsd)?;
    // Not #include: some of them have no guard.
    let mut text = String::from("#include <sys/param.h>\n#include <sys/systm.h>\n");
    for one in stand_ins {
        if !exempt.contains(&one.name) {
            text.push_str(&format!("#import <{}>\n", one.real));
        }
    }
    for one in stand_ins.iter().filter(|one| !exempt.contains(&one.name)) {
        text.push_str(&format!("#line 1 \"kpi/{}\"\n", one.name));
        text.push_str(&statements::assertions(&one.text, &exempt));
    }
    let source = work.join("kpi.c");
    std::fs::write(&source, text)?;
    let mut clang = glue::command(request, plan, work);
    // A declaration that says less than the real one (no attributes, no inline) is no contradiction.
    clang.args(["-Wno-unused", "-Wno-missing-prototypes", "-Wno-ignored-attributes"]);
    clang.args(["-Wno-redundant-decls", "-fsyntax-only"]);
    progress::output(clang.arg(&source)).with_context(|| {
        format!("{} does not fit {}", request.bsd.shim().join("kpi").display(), plan.headers)
    })?;
    Ok(())
}

/// What cannot be compared, with the reason: headers and structs of which only the name is used.
fn exempt(bsd: Bsd) -> Result<Vec<String>> {
    let path = bsd.shim().join("kpi/unused.txt");
    let text = if path.exists() { std::fs::read_to_string(&path)? } else { String::new() };
    let names = text.lines().filter(|line| !line.starts_with('#'));
    Ok(names.filter_map(|line| Some(line.split_whitespace().next()?.to_string())).collect())
}

/// Where it stands which versions the present declarations were compared with.
fn record_path(bsd: Bsd) -> PathBuf {
    bsd.shim().join("kpi/compared.txt")
}

/// The versions that were compared with declarations of this digest.
fn recorded(bsd: Bsd, digest: &str) -> Result<Vec<String>> {
    let path = record_path(bsd);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(versions(&text, digest))
}

/// The versions in a record, if it is of that digest.
fn versions(record: &str, digest: &str) -> Vec<String> {
    let mut words = record.lines().filter(|line| !line.starts_with('#'));
    match words.next().map(|line| line.split_whitespace().collect::<Vec<_>>()) {
        Some(words) if words.first() == Some(&digest) => {
            words[1..].iter().map(|word| (*word).to_string()).collect()
        }
        _ => Vec::new(),
    }
}

fn record(bsd: Bsd, digest: &str, versions: &[String]) -> Result<()> {
    let path = record_path(bsd);
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let text = format!(
        "# Made by `cargo xtask build --sysdir`: the digest of these declarations, and the versions whose\n\
         # sources they were compared with.\n{digest} {}\n",
        versions.join(" ")
    );
    std::fs::write(&path, text).with_context(|| path.display().to_string())?;
    progress::step(&format!("recorded in {}", path.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::versions;

    #[test]
    fn records() {
        assert_eq!(versions("# made\nabc 10.1 11.0\n", "abc"), ["10.1", "11.0"]);
        assert!(versions("# made\nabc 10.1\n", "abd").is_empty(), "of older declarations");
        assert!(versions("", "abc").is_empty());
    }
}
