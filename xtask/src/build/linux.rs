// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Builds `tern.ko` for Linux: the Rust object and the C files, joined by the kernel's own build
//! system.

use anyhow::{Result, bail};

use super::{Built, headers, kbuild, merge, rust, toolchain};
use crate::{lock, progress};

/// Builds `tern.ko` for the Linux kernel series (or release) `kernel`, fetching what is missing.
pub(crate) fn module(kernel: &str) -> Result<Built> {
    against(&headers::of_kernel(kernel)?)
}

/// Builds `tern.ko` against a kernel's build directory.
pub(super) fn against(tree: &headers::Tree) -> Result<Built> {
    let _held = lock::hold("build")?;
    progress::step(&format!("build tern.ko for Linux {}", tree.release));
    let toolchain = toolchain::find()?;
    let library = rust::library("tern-linux", &toolchain, rust::Kernel::Linux)?;
    let dir = progress::artefacts().join("linux").join(&tree.release);
    std::fs::create_dir_all(&dir)?;
    let source = progress::root().join("os-linux");
    let exports = merge::exports(&source.join("exports.txt"))?;
    if exports.is_empty() {
        bail!("os-linux/exports.txt names no function");
    }
    let script = source.join("merge.lds");
    merge::object(&merge::GNU, &library, &script, &exports, &dir.join("core.o_shipped"))?;
    let module = kbuild::module(tree, &source, &dir)?;
    progress::step(&format!("built {}", module.display()));
    Ok(Built { release: tree.release.clone(), module })
}
