// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Compiles a shim with `core` and `chips` to a static library that may run in a kernel.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::toolchain::Toolchain;
use super::{Arch, Bsd};
use crate::progress;

/// What every kernel wants: no unwinding, no GOT.
const KERNEL_FLAGS: &[&str] = &[
    "-Cforce-unwind-tables=no",
    // Without it: GOTPCREL relocations, which no kernel's loader takes.
    "-Zplt=yes",
    "-Crelro-level=off",
    // `cargo xtask verify` follows the code, and does not read tables of jumps.
    "-Cjump-tables=n",
];

/// Kernel addresses, no red zone.
const X86_64_FLAGS: &[&str] =
    &["-Crelocation-model=static", "-Ccode-model=kernel", "-Cno-redzone=y"];

/// Modules are shared objects, x18 is the kernel's, and its branches have landing pads.
const AARCH64_FLAGS: &[&str] =
    &["-Crelocation-model=pic", "-Zfixed-x18", "-Zbranch-protection=bti,pac-ret"];

/// Ciphers in integer registers: the vector units belong to user space.
const SOFT_FLAGS: &[&str] = &[
    "--cfg",
    "aes_backend=\"soft\"",
    "--cfg",
    "sha1_backend=\"soft\"",
    "--cfg",
    "sha2_backend=\"soft\"",
];

/// Indirect calls through the kernel's thunks, landing pads.
const THUNK_FLAGS: &[&str] = &["-Zretpoline-external-thunk", "-Zcf-protection=branch"];

/// What Linux (and its objtool) wants besides: thunks for returns, padding.
const LINUX_FLAGS: &[&str] = &[
    "-Zfunction-return=thunk-extern",
    "-Zindirect-branch-cs-prefix",
    "-Zpatchable-function-entry=16,16",
];

/// Whose loader the object is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// Linux with retpolines and return thunks.
    Linux,
    /// A BSD.
    Bsd(Bsd, Arch),
}

impl Kernel {
    /// The target: no operating system, so no assumptions about one.
    fn target(self) -> &'static str {
        match self {
            Self::Linux | Self::Bsd(_, Arch::X86_64) => "x86_64-unknown-none",
            Self::Bsd(_, Arch::Aarch64) => "aarch64-unknown-none-softfloat",
        }
    }

    /// Where its object files are kept: apart from those of other flags, which would replace them.
    fn directory(self) -> &'static str {
        match self {
            Self::Linux => "target/kernel",
            Self::Bsd(Bsd::Open, _) => "target/kernel-openbsd",
            Self::Bsd(..) => "target/kernel-bsd",
        }
    }

    fn flags(self) -> Vec<&'static str> {
        let mut flags = [KERNEL_FLAGS, SOFT_FLAGS].concat();
        flags.extend(match self {
            Self::Bsd(_, Arch::Aarch64) => AARCH64_FLAGS,
            Self::Linux | Self::Bsd(..) => X86_64_FLAGS,
        });
        match self {
            Self::Linux => flags.extend([THUNK_FLAGS, LINUX_FLAGS].concat()),
            Self::Bsd(Bsd::Open, Arch::X86_64) => flags.extend(THUNK_FLAGS),
            Self::Bsd(..) => {}
        }
        flags
    }
}

/// Builds `package` as a static library and says where it is.
pub(crate) fn library(package: &str, toolchain: &Toolchain, kernel: Kernel) -> Result<PathBuf> {
    progress::step(&format!("compile {package} and core with {}", toolchain.version));
    let target_dir = progress::root().join(kernel.directory());
    let target = kernel.target();
    let mut cargo = progress::cargo();
    cargo
        .args(["rustc", "--package", package, "--lib", "--profile", "kernel", "--target", target])
        .args(["-Zbuild-std=core", "--crate-type", "staticlib", "--target-dir"])
        .arg(&target_dir)
        .env("RUSTC", &toolchain.rustc)
        // The flags above that begin with -Z, and -Zbuild-std, on a stable compiler.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", kernel.flags().join("\u{1f}"))
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER");
    let output = progress::output(&mut cargo).context("the Rust side does not build")?;
    // Lints are for `cargo xtask test`; whoever is in the middle of something still wants to see them.
    let said = String::from_utf8_lossy(&output.stderr);
    let library = "warning: the following packages contain code that will be rejected";
    if said.lines().any(|line| line.starts_with("warning") && !line.starts_with(library)) {
        eprint!("{said}");
    }
    let name = format!("lib{}.a", package.replace('-', "_"));
    Ok(target_dir.join(target).join("kernel").join(name))
}
