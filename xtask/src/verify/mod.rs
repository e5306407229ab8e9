// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask verify`: reads a built module and checks what it may contain.
//!
//! [`module`] reads the object, [`flow`] follows the instructions of each function ([`pointer`]: whom it calls indirectly), [`graph`] joins them by
//! their calls, [`chains`] adds up the stack, [`checks`] and [`info`] (BSDs: [`bsd`]) compare with [`lists`], the shim's
//! `exports.txt`, `symbols.txt` and `limits.txt`, and with what the kernel's [`loader`] can do.

mod bsd;
mod chains;
mod checks;
mod flow;
mod graph;
mod info;
mod lists;
mod loader;
mod module;
mod names;
mod pointer;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::build::{self, Arch, Bsd, Os, headers};
use crate::progress;
use checks::{Check, Subject};
use lists::Lists;
use module::Module;

/// Reads a built module and checks what it may contain
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The operating system whose module to check
    #[arg(long, value_enum, default_value = "linux")]
    os: Os,
    /// Linux: a kernel series of this Debian (6.12 or 6.1) or a whole release name
    #[arg(long, default_value = headers::DEFAULT_SERIES)]
    kernel: String,
    /// BSDs: build against these sources, as `build` does
    #[arg(long, conflicts_with = "module")]
    sysdir: Option<PathBuf>,
    /// FreeBSD, OpenBSD: with the options of this kernel's build directory, as `build` does
    #[arg(long, requires = "sysdir")]
    objdir: Option<PathBuf>,
    /// A module to check instead of the one that `build` makes; of a BSD, with its .json beside it
    #[arg(long)]
    module: Option<PathBuf>,
    /// The symbols that a kernel has, one a line, or as nm prints them: every one that is asked for
    /// must be there
    #[arg(long)]
    symbols: Option<PathBuf>,
    /// Print the result as one JSON object (of --os all: one a line) on stdout
    #[arg(long)]
    json: bool,
}

/// Carries the command out.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    if args.os == Os::All && (args.module.is_some() || args.sysdir.is_some()) {
        bail!("--module and --sysdir are one system's: name that system with --os");
    }
    let mut all_ok = true;
    for os in args.os.each() {
        all_ok &= verify(&args, os)?;
    }
    Ok(if all_ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks the module of one system and prints what was found; says whether all is well.
fn verify(args: &Args, os: Os) -> Result<bool> {
    let built = match (&args.module, os.bsd()) {
        (Some(_), _) => None,
        (None, None) => Some(build::module(&args.kernel)?),
        (None, Some(bsd)) => Some(build::bsd::module(&build::bsd::Request {
            bsd,
            arch: Arch::X86_64,
            sysdir: args.sysdir.clone(),
            objdir: args.objdir.clone(),
        })?),
    };
    let release = built.as_ref().map(|built| built.release.clone());
    let path = match (built, &args.module) {
        (Some(built), _) => built.module,
        (None, Some(path)) => path.clone(),
        (None, None) => bail!("no module"),
    };
    let checks = module_checks(&path, os.bsd(), release.as_deref(), args.symbols.as_deref())?;
    let ok = checks.iter().all(Check::ok);
    for line in checks.iter().flat_map(Check::lines) {
        if args.json { eprintln!("{line}") } else { println!("{line}") }
    }
    if args.json {
        let list: Vec<_> = checks
            .iter()
            .map(|check| {
                serde_json::json!({
                    "name": check.name, "ok": check.ok(), "measured": check.measured,
                    "problems": check.problems,
                })
            })
            .collect();
        let result = serde_json::json!({
            "command": "verify", "os": os.bsd().map_or("linux", Bsd::name), "ok": ok,
            "module": path, "release": release, "checks": list,
        });
        println!("{result}");
    }
    Ok(ok)
}

/// Runs all checks on the module in `path`.
fn module_checks(
    path: &Path,
    bsd: Option<Bsd>,
    release: Option<&str>,
    symbols: Option<&Path>,
) -> Result<Vec<Check>> {
    progress::step(&format!("verify {}", path.display()));
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let module = Module::read(&bytes).with_context(|| path.display().to_string())?;
    let shim = bsd.map_or_else(|| progress::root().join("os-linux"), Bsd::shim);
    let lists = Lists::read(&shim)?;
    let loader = bsd.map_or(&loader::LINUX, bsd::loader);
    let mut checks = Subject::new(&module, &lists, loader).checks()?;
    match bsd {
        None => checks.push(info::check(&module, release, &usb_ids())),
        Some(bsd) => checks.extend(bsd::checks(bsd, &module, path, &usb_ids())?),
    }
    if let Some(symbols) = symbols {
        let text =
            std::fs::read_to_string(symbols).with_context(|| symbols.display().to_string())?;
        let last = |line: &str| line.split_whitespace().last().map(str::to_string);
        let names = text.lines().filter_map(last).collect();
        checks.push(bsd::exported(&module, loader, &names));
    }
    Ok(checks)
}

/// Vendor and product of every USB device that the driver answers to.
fn usb_ids() -> Vec<(u16, u16)> {
    tern_chips::ids::USB_IDS.iter().map(|id| (id.vendor, id.product)).collect()
}
