// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Debian packages, fetched and unpacked into a directory of ours, which needs no rights and leaves
//! the machine alone.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::{progress, setup};

/// Makes sure that apt knows any package at all (a fresh image has no lists).
pub(crate) fn lists() -> Result<()> {
    let known = progress::stdout(Command::new("apt-cache").args(["pkgnames", "linux-headers-"]))?;
    if !known.trim().is_empty() {
        return Ok(());
    }
    if !setup::is_root() {
        bail!("apt has no package lists; this fetches them:\n    sudo apt-get update");
    }
    setup::update_lists()
}

/// Names of all packages that begin with `prefix`.
pub(crate) fn names(prefix: &str) -> Result<Vec<String>> {
    lists()?;
    let text = progress::stdout(Command::new("apt-cache").args(["pkgnames", prefix]))?;
    Ok(text.lines().map(str::to_string).collect())
}

/// Fetches packages and unpacks them into `into`, which appears only when all are there.
pub(crate) fn unpack(packages: &[String], into: &Path) -> Result<()> {
    lists()?;
    let parent = into.parent().context("a directory below the root")?;
    std::fs::create_dir_all(parent)?;
    let name = into.file_name().unwrap_or_default().to_string_lossy();
    let work = parent.join(format!(".{name}.{}", std::process::id()));
    let done = unpack_by_way_of(&work, packages, into);
    std::fs::remove_dir_all(&work)?;
    done
}

fn unpack_by_way_of(work: &Path, packages: &[String], into: &Path) -> Result<()> {
    let fetched = work.join("fetched");
    std::fs::create_dir_all(&fetched)?;
    progress::step(&format!("fetch {}", packages.join(" ")));
    progress::output(Command::new("apt-get").arg("download").args(packages).current_dir(&fetched))?;
    let tree = work.join("tree");
    for entry in std::fs::read_dir(&fetched)? {
        progress::output(Command::new("dpkg-deb").arg("-x").arg(entry?.path()).arg(&tree))?;
    }
    if into.exists() {
        std::fs::remove_dir_all(into)?;
    }
    std::fs::rename(&tree, into)?;
    Ok(())
}
