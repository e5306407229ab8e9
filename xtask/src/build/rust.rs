// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Compiles a shim with `core` and `chips` to a static library that may run in a kernel.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::toolchain::Toolchain;
use crate::progress;

/// The target: no operating system, so no assumptions about one.
const TARGET: &str = "x86_64-unknown-none";

/// What every kernel wants: kernel addresses, no red zone, no unwinding, no GOT.
const KERNEL_FLAGS: &[&str] = &[
    "-Crelocation-model=static",
    "-Ccode-model=kernel",
    "-Cno-redzone=y",
    "-Cforce-unwind-tables=no",
    // Without it: GOTPCREL relocations, which no kernel's loader takes.
    "-Zplt=yes",
    "-Crelro-level=off",
];

/// Ciphers in integer registers: the vector units belong to user space.
const SOFT_FLAGS: &[&str] = &[
    "--cfg",
    "aes_backend=\"soft\"",
    "--cfg",
    "sha1_backend=\"soft\"",
    "--cfg",
    "sha2_backend=\"soft\"",
];

/// What Linux (and its objtool) wants: thunks for returns and indirect calls, landing pads, padding.
const LINUX_FLAGS: &[&str] = &[
    "-Zfunction-return=thunk-extern",
    "-Zretpoline-external-thunk",
    "-Zindirect-branch-cs-prefix",
    "-Zcf-protection=branch",
    "-Cjump-tables=n",
    "-Zpatchable-function-entry=16,16",
];

/// Whose loader the object is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// Linux with retpolines and return thunks.
    Linux,
}

/// Builds `package` as a static library and says where it is.
pub(crate) fn library(package: &str, toolchain: &Toolchain, kernel: Kernel) -> Result<PathBuf> {
    progress::step(&format!("compile {package} and core with {}", toolchain.version));
    let target_dir = progress::root().join("target/kernel");
    let mut flags = [KERNEL_FLAGS, SOFT_FLAGS].concat();
    match kernel {
        Kernel::Linux => flags.extend(LINUX_FLAGS),
    }
    let mut cargo = progress::cargo();
    cargo
        .args(["rustc", "--package", package, "--lib", "--profile", "kernel", "--target", TARGET])
        .args(["-Zbuild-std=core", "--crate-type", "staticlib", "--target-dir"])
        .arg(&target_dir)
        .env("RUSTC", &toolchain.rustc)
        // The flags above that begin with -Z, and -Zbuild-std, on a stable compiler.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER");
    let output = progress::output(&mut cargo).context("the Rust side does not build")?;
    // Lints are for `cargo xtask test`; whoever is in the middle of something still wants to see them.
    let said = String::from_utf8_lossy(&output.stderr);
    if said.lines().any(|line| line.starts_with("warning")) {
        eprint!("{said}");
    }
    let name = format!("lib{}.a", package.replace('-', "_"));
    Ok(target_dir.join(TARGET).join("kernel").join(name))
}
