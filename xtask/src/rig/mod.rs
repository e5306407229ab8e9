// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask rig`: ring 5, one scenario with one module; `cargo xtask host` is beside it.

pub(crate) mod host;
mod mutants;
mod preload;
mod walk;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::build::bsd::{self, Bsd, Request, fake};
use crate::build::{Arch, Built};
use crate::progress;

pub(crate) use mutants::MUTANTS;

/// Runs a built module of a BSD in a process, on a fake kernel (ring 5)
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The system
    #[arg(long, value_enum)]
    os: System,
    /// What to do; `tern-rig --help` lists the scenarios. Without one, module and fake kernel are built
    /// and loaded
    #[arg(long, default_value = "load")]
    scenario: String,
    /// Take module and fake kernel as they were built last
    #[arg(long)]
    built: bool,
    /// Has tern-ctl make a monitor on channel 6 through `host`, and compares the walk with the model's log
    #[arg(long, conflicts_with = "mutant")]
    walk: bool,
    /// Puts this mistake into the shim first; then the scenario has to fail
    #[arg(long)]
    mutant: Option<String>,
    /// Further arguments of `tern-rig`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// A system that has a fake kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum System {
    /// tern.ko
    Freebsd,
    /// tern.kmod
    Netbsd,
    /// tern.o
    Openbsd,
}

impl System {
    fn bsd(self) -> Bsd {
        match self {
            Self::Freebsd => Bsd::Free,
            Self::Netbsd => Bsd::Net,
            Self::Openbsd => Bsd::Open,
        }
    }
}

/// Carries the command out.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let bsd = args.os.bsd();
    let module = if args.built { built_module(bsd)? } else { build(bsd)? };
    if args.walk {
        return walk::run(bsd, &module);
    }
    let Some(name) = &args.mutant else {
        return scenario(bsd, &module, &args.scenario, &args.rest);
    };
    let Some(mutant) = MUTANTS.iter().find(|mutant| mutant.name == *name) else {
        bail!("no mutant {name:?}");
    };
    let Built { module, .. } = fake::mutant(bsd, mutant.name, &mutant.mutation)?;
    let output = mutants::output(bsd, &module, mutant.scenario)?;
    mutants::judge(mutant, &output)
}

/// Builds module and fake kernel; where the module is.
pub(crate) fn build(bsd: Bsd) -> Result<PathBuf> {
    fake::kernel(bsd)?;
    let request = Request { bsd, arch: Arch::X86_64, sysdir: None, objdir: None };
    Ok(bsd::module(&request)?.module)
}

/// The module as it was built last.
fn built_module(bsd: Bsd) -> Result<PathBuf> {
    let dir = progress::artefacts().join(bsd.name()).join("x86_64");
    let entries =
        std::fs::read_dir(&dir).with_context(|| format!("{}: build it", dir.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_it = name.starts_with("tern")
            && [".ko", ".kmod", ".o"].iter().any(|end| name.ends_with(end));
        if is_it {
            return Ok(path);
        }
    }
    bail!("{} has no module: build it", dir.display())
}

/// Arguments of `tern-rig` for a module.
pub(crate) fn arguments(bsd: Bsd, module: &std::path::Path) -> Vec<String> {
    let path = |path: &std::path::Path| path.display().to_string();
    ["--os", bsd.name(), "--module", &path(module), "--kernel", &path(&fake::kernel_path(bsd))]
        .map(str::to_owned)
        .into()
}

fn scenario(bsd: Bsd, module: &std::path::Path, name: &str, rest: &[String]) -> Result<ExitCode> {
    let mut args = arguments(bsd, module);
    args.extend(["--scenario".to_owned(), name.to_owned()]);
    args.extend(rest.iter().cloned());
    progress::package("tern-rig", &args)
}
