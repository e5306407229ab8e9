// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Compiles the C files of a shim for its kernel.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::{CLANG, Plan, Request};
use crate::build::Arch;
use crate::progress;

/// What every kernel's C is compiled with. Warnings are errors; headers of the system's are exempt.
const FLAGS: &[&str] = &[
    "-std=gnu11",
    "-O2",
    "-nostdinc",
    "-ffreestanding",
    "-fno-strict-aliasing",
    "-fwrapv",
    "-fno-common",
    "-fno-omit-frame-pointer",
    "-fno-asynchronous-unwind-tables",
    // `cargo xtask verify` follows the code, and does not read tables of jumps.
    "-fno-jump-tables",
    "-fstack-protector",
    "-D_KERNEL",
    "-Wall",
    "-Wextra",
    "-Wno-unused-parameter",
    "-Wno-sign-compare",
    "-Wno-missing-field-initializers",
    "-Wno-pointer-sign",
    "-Wmissing-prototypes",
    "-Wvla",
    "-Werror",
];

/// Kernel addresses, no red zone, no vectors.
const X86_64_FLAGS: &[&str] = &[
    "-mcmodel=kernel",
    "-mno-red-zone",
    "-mno-mmx",
    "-mno-sse",
    "-mno-avx",
    "-mno-aes",
    "-msoft-float",
    // Some systems' programs are position independent unless it is said; kernels are not.
    "-fno-pic",
    "-fno-pie",
];

const AARCH64_FLAGS: &[&str] =
    &["-mgeneral-regs-only", "-ffixed-x18", "-mbranch-protection=standard", "-fPIC"];

/// The compiler with all arguments but the files.
pub(super) fn command(request: &Request, plan: &Plan, work: &Path) -> Command {
    let mut clang = Command::new(CLANG);
    clang.args(arguments(request, plan, work));
    clang
}

fn arguments(request: &Request, plan: &Plan, work: &Path) -> Vec<OsString> {
    let mut all: Vec<OsString> = FLAGS.iter().map(OsString::from).collect();
    let machine = match request.arch {
        Arch::X86_64 => X86_64_FLAGS,
        Arch::Aarch64 => AARCH64_FLAGS,
    };
    all.extend(machine.iter().map(OsString::from));
    all.extend(plan.flags.iter().cloned());
    let ours = [work.to_path_buf(), progress::root().join("os-common"), request.bsd.shim()];
    for dir in ours {
        all.extend(["-I".into(), dir.into()]);
    }
    for dir in &plan.include {
        all.extend(["-isystem".into(), dir.into()]);
    }
    // What the packages leave out is declared by hand. A real tree has the real thing.
    let by_hand = request.bsd.shim().join("kpi");
    if request.sysdir.is_none() && by_hand.is_dir() {
        all.extend(["-isystem".into(), by_hand.into()]);
    }
    all
}

/// Compiles every C file of the shim; says where the objects are.
pub(super) fn compile(request: &Request, plan: &Plan, work: &Path) -> Result<Vec<PathBuf>> {
    compile_with(request, plan, work, &Path::to_path_buf)
}

/// The same, with each file as `instead` names it.
pub(super) fn compile_with(
    request: &Request,
    plan: &Plan,
    work: &Path,
    instead: &dyn Fn(&Path) -> PathBuf,
) -> Result<Vec<PathBuf>> {
    write_ids(work)?;
    let sources = sources(&request.bsd.shim())?;
    progress::step(&format!("compile {} C files with {CLANG}", sources.len()));
    let mut objects = Vec::new();
    for source in sources {
        let name = source.file_name().context("a file has a name")?;
        let object = work.join(name).with_extension("o");
        let mut clang = command(request, plan, work);
        clang.arg("-c").arg(instead(&source)).arg("-o").arg(&object);
        progress::output(&mut clang).with_context(|| source.display().to_string())?;
        objects.push(object);
    }
    Ok(objects)
}

/// The C files of a shim, in order of their names.
fn sources(shim: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(shim).with_context(|| shim.display().to_string())?;
    let mut sources = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "c") {
            sources.push(path);
        }
    }
    if sources.is_empty() {
        bail!("{} has no C files", shim.display());
    }
    sources.sort();
    Ok(sources)
}

/// Writes `ids.h`: every USB id, for each system to make its own table of.
fn write_ids(work: &Path) -> Result<()> {
    let mut text = String::from(
        "/* Made by `cargo xtask build` from chips/src/ids.rs: X(vendor, product) for each. */\n\
         #define TERN_USB_IDS(X)",
    );
    for id in tern_chips::ids::USB_IDS {
        text.push_str(&format!(" \\\n\tX(0x{:04x}, 0x{:04x})", id.vendor, id.product));
    }
    text.push('\n');
    std::fs::write(work.join("ids.h"), text)?;
    Ok(())
}
