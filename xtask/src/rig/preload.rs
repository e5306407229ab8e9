// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The library that sends a program's BSD ioctls to a host (rig/preload).

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::build::bsd::CLANG;
use crate::progress;

/// Compiles it and says where it is.
pub(super) fn library() -> Result<PathBuf> {
    let dir = progress::artefacts().join("rig");
    std::fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let library = dir.join("libtern-preload.so");
    let mut clang = Command::new(CLANG);
    clang.args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]);
    clang.arg(progress::root().join("rig/preload/preload.c")).arg("-o").arg(&library);
    progress::output(clang.arg("-ldl")).context("the preload library")?;
    Ok(library)
}
