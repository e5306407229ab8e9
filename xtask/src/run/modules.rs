// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Which kernel modules a guest needs, in which order, and their bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::progress;
use crate::setup::Kernel;

/// `modules.dep`: for each module its file and the files to load before it, nearest first.
pub(super) struct Dependencies {
    entries: BTreeMap<String, Vec<String>>,
}

impl Dependencies {
    /// Reads the text of a `modules.dep`: `path: path path ...` on each line.
    pub(super) fn parse(text: &str) -> Self {
        let mut entries = BTreeMap::new();
        for (file, needed) in text.lines().filter_map(|line| line.split_once(':')) {
            let mut files = vec![file.to_owned()];
            files.extend(needed.split_whitespace().map(str::to_owned));
            entries.insert(name_of(file), files);
        }
        Self { entries }
    }

    /// The files to load for a module, the first to load first; `None` if the kernel has no such
    /// module (it may be built in).
    pub(super) fn order(&self, module: &str) -> Option<Vec<String>> {
        let files = self.entries.get(&module.replace('-', "_"))?;
        Some(files.iter().rev().cloned().collect())
    }
}

/// The name that the kernel knows a module's file by.
pub(super) fn name_of(file: &str) -> String {
    let base = file.rsplit('/').next().unwrap_or(file);
    base.split(".ko").next().unwrap_or(base).replace('-', "_")
}

/// The modules of one kernel.
pub(super) struct Modules {
    directory: PathBuf,
    unpacked: PathBuf,
    dependencies: Dependencies,
}

impl Modules {
    /// Opens the modules of a kernel.
    pub(super) fn of(kernel: &Kernel) -> Result<Self> {
        let directory = kernel.modules();
        let list = directory.join("modules.dep");
        let text = fs::read_to_string(&list).with_context(|| format!("{}", list.display()))?;
        let unpacked = progress::artefacts().join("cache/modules").join(&kernel.release);
        fs::create_dir_all(&unpacked).with_context(|| format!("{}", unpacked.display()))?;
        Ok(Self { directory, unpacked, dependencies: Dependencies::parse(&text) })
    }

    /// The files for a module in the order of loading; empty if it is built in or absent.
    pub(super) fn order(&self, module: &str) -> Vec<String> {
        self.dependencies.order(module).unwrap_or_default()
    }

    /// The uncompressed bytes of a module's file.
    pub(super) fn bytes(&self, file: &str) -> Result<Vec<u8>> {
        let path = self.directory.join(file);
        if !file.ends_with(".xz") {
            return fs::read(&path).with_context(|| format!("{}", path.display()));
        }
        let kept = self.unpacked.join(format!("{}.ko", name_of(file)));
        if let Ok(bytes) = fs::read(&kept) {
            return Ok(bytes);
        }
        let bytes = progress::output(Command::new("xz").arg("-dc").arg(&path))?.stdout;
        write_whole(&kept, &bytes)?;
        Ok(bytes)
    }
}

/// Writes a file under another name and renames it: another run may be reading.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    fs::write(&draft, bytes).with_context(|| format!("{}", draft.display()))?;
    fs::rename(&draft, path).with_context(|| format!("{}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{Dependencies, name_of};

    const TEXT: &str = "kernel/crypto/ccm.ko.xz:\n\
        kernel/a/rtl8192cu.ko.xz: kernel/a/rtl_usb.ko.xz kernel/net/cfg80211.ko.xz\n\
        kernel/usb/xhci-pci.ko: kernel/usb/xhci-hcd.ko\nnonsense\n";

    #[test]
    fn order_of_loading() {
        let dependencies = Dependencies::parse(TEXT);
        assert_eq!(dependencies.order("ccm").unwrap(), ["kernel/crypto/ccm.ko.xz"]);
        assert_eq!(
            dependencies.order("rtl8192cu").unwrap(),
            ["kernel/net/cfg80211.ko.xz", "kernel/a/rtl_usb.ko.xz", "kernel/a/rtl8192cu.ko.xz"]
        );
        assert_eq!(dependencies.order("xhci-pci").unwrap().len(), 2);
        assert_eq!(dependencies.order("xhci_pci").unwrap().len(), 2);
        assert!(dependencies.order("nonsense").is_none());
    }

    #[test]
    fn names() {
        assert_eq!(name_of("kernel/usb/xhci-pci.ko.xz"), "xhci_pci");
        assert_eq!(name_of("/tmp/tern.ko"), "tern");
    }
}
