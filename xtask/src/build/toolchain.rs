// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Finds a Rust compiler that comes with the sources of its library.
//!
//! The library that compilers bring along is built for programs (SSE registers, red zone), so a
//! kernel needs `core` built anew: Debian has its sources in rust-web-src, rustup in rust-src.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::progress;
use crate::setup::{self, Purpose};

/// A compiler that can build `core` itself.
pub(crate) struct Toolchain {
    /// Path of rustc.
    pub(crate) rustc: PathBuf,
    /// What `rustc -V` says.
    pub(crate) version: String,
}

/// The first compiler with library sources: `$TERN_RUSTC`, Debian's, the one on the path; installs
/// Debian's when there is none.
pub(crate) fn find() -> Result<Toolchain> {
    if let Some(chosen) = std::env::var_os("TERN_RUSTC") {
        let chosen = PathBuf::from(chosen);
        return probe(&chosen)
            .with_context(|| format!("TERN_RUSTC={}: no library sources", chosen.display()));
    }
    if let Some(found) = installed() {
        return Ok(found);
    }
    setup::ensure(&[Purpose::Compiler])?;
    installed().context("no Rust compiler with library sources, even after installing one")
}

fn installed() -> Option<Toolchain> {
    ["/usr/bin/rustc", "rustc"].iter().find_map(|rustc| probe(Path::new(rustc)).ok())
}

/// Asks a compiler where its library is and whether the sources are there.
fn probe(rustc: &Path) -> Result<Toolchain> {
    let ask = |what: &[&str]| progress::stdout(Command::new(rustc).args(what));
    let sysroot = ask(&["--print", "sysroot"])?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/core/Cargo.toml");
    if !library.exists() {
        bail!("{} is not there", library.display());
    }
    let version = ask(&["-V"])?.trim().to_string();
    Ok(Toolchain { rustc: rustc.to_path_buf(), version })
}
