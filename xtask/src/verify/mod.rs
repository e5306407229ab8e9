// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask verify`: reads a built module and checks what it may contain.
//!
//! [`module`] reads the object, [`flow`] follows the instructions of each function ([`pointer`]: whom it calls indirectly), [`graph`] joins them by
//! their calls, [`chains`] adds up the stack, [`checks`] and [`info`] compare with [`lists`], the shim's
//! `exports.txt`, `symbols.txt` and `limits.txt`.

mod chains;
mod checks;
mod flow;
mod graph;
mod info;
mod lists;
mod module;
mod names;
mod pointer;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::build::{self, Os, headers};
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
    /// A module to check instead of the one that `build` makes
    #[arg(long)]
    module: Option<PathBuf>,
    /// Print the result as one JSON object on stdout
    #[arg(long)]
    json: bool,
}

/// Carries the command out.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    if args.os != Os::Linux {
        return crate::not_yet("verify for this system", "only --os linux is there");
    }
    let (path, release) = match args.module {
        Some(path) => (path, None),
        None => {
            let built = build::module(&args.kernel)?;
            (built.module, Some(built.release))
        }
    };
    let checks = module_checks(&path, release.as_deref())?;
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
            "command": "verify", "os": "linux", "ok": ok, "module": path, "release": release,
            "checks": list,
        });
        println!("{result}");
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs all checks on the module in `path`.
fn module_checks(path: &Path, release: Option<&str>) -> Result<Vec<Check>> {
    progress::step(&format!("verify {}", path.display()));
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let module = Module::read(&bytes).with_context(|| path.display().to_string())?;
    let lists = Lists::read(&progress::root().join("os-linux"))?;
    let mut checks = Subject::new(&module, &lists).checks()?;
    checks.push(info::check(&module, release, &usb_ids()));
    Ok(checks)
}

/// Vendor and product of every USB device that the driver answers to.
fn usb_ids() -> Vec<(u16, u16)> {
    tern_chips::ids::USB_IDS.iter().map(|id| (id.vendor, id.product)).collect()
}
