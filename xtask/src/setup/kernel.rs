// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Debian's kernel images with their modules, unpacked below `target/tern/cache` and never
//! installed: an installed image would run the host's boot hooks.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::{Purpose, ensure};
use crate::build::{debs, headers};
use crate::lock;
use crate::progress::{self, step};

/// An unpacked kernel: image and modules of one release.
#[derive(Clone, Debug)]
pub(crate) struct Kernel {
    /// What `uname -r` will say.
    pub(crate) release: String,
    /// The tree that the package was unpacked into.
    root: PathBuf,
}

impl Kernel {
    /// The image that QEMU boots.
    pub(crate) fn image(&self) -> PathBuf {
        self.root.join(format!("boot/vmlinuz-{}", self.release))
    }

    /// The directory of the modules and of `modules.dep`.
    pub(crate) fn modules(&self) -> PathBuf {
        self.root.join("lib/modules").join(&self.release)
    }
}

/// A kernel of Debian's by series (`6.12`) or release, from the cache when it is there. It is the
/// same release that `cargo xtask build` builds for.
///
/// # Errors
///
/// No such package in apt's lists; a download or unpacking that failed.
pub(crate) fn kernel(series: &str) -> Result<Kernel> {
    let _held = lock::hold("kernel")?;
    let release = headers::release(series)?;
    let root = progress::artefacts().join("cache").join(format!("linux-{release}"));
    let kernel = Kernel { release, root };
    if kernel.modules().join("modules.dep").is_file() {
        return Ok(kernel);
    }
    ensure(&[Purpose::Kernel])?;
    step(&format!("fetching Debian's Linux {} (about 100 MB, once)", kernel.release));
    debs::unpack(&[package(&kernel.release)?], &kernel.root)?;
    let mut depmod = Command::new("/sbin/depmod");
    progress::output(depmod.arg("-b").arg(&kernel.root).arg(&kernel.release))?;
    let image = kernel.image();
    fs::metadata(&image).with_context(|| format!("{}", image.display()))?;
    Ok(kernel)
}

/// The package with the image of a release: the signed one, or else the unsigned one.
fn package(release: &str) -> Result<String> {
    let signed = format!("linux-image-{release}");
    let names = debs::names(&signed)?;
    let unsigned = format!("{signed}-unsigned");
    for name in [signed, unsigned] {
        if names.contains(&name) {
            return Ok(name);
        }
    }
    bail!("apt knows no linux-image-{release}")
}
