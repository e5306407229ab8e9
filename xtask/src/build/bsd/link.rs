// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Joins the objects to what a kernel loads, or is linked with.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{Bsd, LLD, OBJCOPY, Plan, Request};
use crate::build::Arch;
use crate::progress;

/// Sections merged and padded to pages, as FreeBSD's loader wants them to protect their memory.
const FREEBSD_SCRIPT: &str = include_str!("freebsd.lds");

/// Sections merged; none that only tools read, for NetBSD's loader takes whatever has contents.
const PLAIN_SCRIPT: &str = include_str!("plain.lds");

/// What other parts of an OpenBSD kernel refer to.
const OPENBSD_GLOBALS: [&str; 2] = ["tern_ca", "tern_cd"];

/// Links the module into `dir`.
pub(super) fn module(
    request: &Request,
    plan: &Plan,
    objects: &[PathBuf],
    dir: &Path,
) -> Result<PathBuf> {
    progress::step(&format!("link {} objects", objects.len()));
    match request.bsd {
        Bsd::Free => freebsd(request, objects, dir),
        Bsd::Net => netbsd(plan, objects, dir),
        Bsd::Open => openbsd(request, objects, dir),
    }
}

/// One relocatable object.
fn relocatable(
    emulation: &str,
    script: &str,
    objects: &[PathBuf],
    globals: &[&str],
    to: &Path,
) -> Result<()> {
    let lds = to.with_extension("lds");
    std::fs::write(&lds, script).with_context(|| lds.display().to_string())?;
    let whole = to.with_extension("whole");
    let mut link = Command::new(LLD);
    link.args(["-m", emulation, "-r", "--fatal-warnings", "-T"]).arg(&lds);
    progress::output(link.arg("-o").arg(&whole).args(objects))?;
    // Nothing but `globals` may meet a name of the kernel's or of another module's.
    let mut copy = Command::new(OBJCOPY);
    copy.args(["--strip-debug", "--remove-section=.llvm_addrsig"]);
    match globals {
        // A name that nothing has: everything becomes local.
        [] => drop(copy.arg("--keep-global-symbol=")),
        names => {
            for name in names {
                copy.arg(format!("--keep-global-symbol={name}"));
            }
        }
    }
    progress::output(copy.arg(&whole).arg(to))?;
    std::fs::remove_file(&whole)?;
    std::fs::remove_file(&lds)?;
    Ok(())
}

/// tern.ko: relocatable on amd64, a shared object elsewhere.
fn freebsd(request: &Request, objects: &[PathBuf], dir: &Path) -> Result<PathBuf> {
    let module = dir.join("tern.ko");
    match request.arch {
        Arch::X86_64 => {
            relocatable("elf_x86_64_fbsd", FREEBSD_SCRIPT, objects, &[], &module)?;
        }
        Arch::Aarch64 => {
            let whole = dir.join("tern.kld");
            relocatable("aarch64elf", PLAIN_SCRIPT, objects, &[], &whole)?;
            let mut link = Command::new(LLD);
            link.args(["-m", "aarch64elf", "-Bshareable", "-znotext", "-znorelro", "--no-relax"]);
            progress::output(link.arg("-o").arg(&module).arg(&whole))?;
        }
    }
    Ok(module)
}

/// tern-<version>.kmod, and the same as tern/tern.kmod, where a user copies it from into
/// /stand/amd64/<version>/modules.
fn netbsd(plan: &Plan, objects: &[PathBuf], dir: &Path) -> Result<PathBuf> {
    let module = dir.join(format!("tern-{}.kmod", plan.version));
    relocatable("elf_x86_64", PLAIN_SCRIPT, objects, &[], &module)?;
    let installed = dir.join("tern");
    std::fs::create_dir_all(&installed)?;
    std::fs::copy(&module, installed.join("tern.kmod"))?;
    Ok(module)
}

/// tern.o, and beside it what a kernel is relinked with.
fn openbsd(request: &Request, objects: &[PathBuf], dir: &Path) -> Result<PathBuf> {
    let module = dir.join("tern.o");
    relocatable("elf_x86_64", PLAIN_SCRIPT, objects, &OPENBSD_GLOBALS, &module)?;
    for entry in std::fs::read_dir(request.bsd.shim())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("files.") || name.ends_with(".sh") || name.ends_with(".conf") {
            std::fs::copy(&path, dir.join(&name)).with_context(|| name.clone())?;
        }
    }
    Ok(module)
}
