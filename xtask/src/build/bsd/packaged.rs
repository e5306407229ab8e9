// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The BSDs' own headers without their sources: those that a Python package carries for
//! cross-compilers, and one library's that FreeBSD's kernel includes, from Debian. They stay below
//! `target/tern/cache`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::build::debs;
use crate::setup::{self, Purpose};
use crate::{lock, progress};

/// The package, its version, and the digest of the file that PyPI has of it.
pub(super) const NAME: &str = "ziglang 0.17.1";
const REQUIREMENT: &str = "ziglang==0.17.1 \
    --hash=sha256:ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54\n";

/// Of the wheels with the same headers, the one with that digest.
const PLATFORM: &str = "manylinux_2_12_x86_64";

/// Unpacks some directories of a wheel.
const EXTRACT: &str = include_str!("extract.py");

/// What to unpack.
const DIRECTORIES: [&str; 7] = [
    "generic-freebsd",
    "x86_64-freebsd-none",
    "aarch64-freebsd-none",
    "generic-netbsd",
    "x86_64-netbsd-none",
    "generic-openbsd",
    "x86_64-openbsd-none",
];

/// Headers that were unpacked.
pub(super) struct Headers {
    root: PathBuf,
    /// Concurrency Kit, which FreeBSD's sys/ck.h wants.
    pub(super) ck: PathBuf,
}

impl Headers {
    /// A directory of the package's.
    pub(super) fn of(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

/// Fetches them, unless they are there.
///
/// # Errors
///
/// No network, another digest, no pip or apt.
pub(super) fn fetch() -> Result<Headers> {
    let _held = lock::hold("headers")?;
    let cache = progress::artefacts().join("cache");
    let root = cache.join(format!("bsd-headers-{}", NAME.replace(' ', "-")));
    if !DIRECTORIES.iter().all(|name| root.join(name).is_dir()) {
        let work = cache.join(format!(".bsd-headers.{}", std::process::id()));
        let done = unpack(&work, &root);
        let _ = std::fs::remove_dir_all(&work);
        done.with_context(|| format!("headers of the BSDs ({NAME} of PyPI)"))?;
    }
    let tree = cache.join("libck-dev");
    let ck = tree.join("usr/include");
    if !ck.join("ck_queue.h").exists() {
        debs::unpack(&["libck-dev".to_string()], &tree)?;
    }
    Ok(Headers { root, ck })
}

/// Downloads into `work`, and leaves the directories in `root` when all are there.
fn unpack(work: &Path, root: &Path) -> Result<()> {
    std::fs::create_dir_all(work)?;
    let has_pip = Command::new("python3").args(["-m", "pip", "--version"]).output();
    if !has_pip.is_ok_and(|output| output.status.success()) {
        setup::ensure(&[Purpose::Bsd])?;
    }
    progress::step(&format!("fetch {NAME} (100 MB, once) for its headers of the BSDs"));
    let requirements = work.join("requirements.txt");
    std::fs::write(&requirements, REQUIREMENT)?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check", "--no-cache-dir", "download"]);
    pip.args(["--no-deps", "--only-binary=:all:", "--platform", PLATFORM, "--require-hashes"]);
    pip.arg("-r").arg(&requirements).arg("-d").arg(work);
    progress::output(&mut pip).context("pip")?;
    let wheel = std::fs::read_dir(work)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .context("pip left no wheel")?;
    let tree = work.join("tree");
    let mut extract = Command::new("python3");
    extract.arg("-c").arg(EXTRACT).arg(&wheel).arg(&tree).args(DIRECTORIES);
    progress::output(&mut extract)?;
    if let Some(absent) = DIRECTORIES.iter().find(|name| !tree.join(name).is_dir()) {
        bail!("the package has no {absent}");
    }
    if root.exists() {
        std::fs::remove_dir_all(root)?;
    }
    std::fs::rename(&tree, root)?;
    Ok(())
}
