// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Lets a Linux kernel's own build system make `tern.ko` of the C shim and the Rust object.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::headers::Tree;
use crate::progress;
use crate::setup::{self, Purpose};

/// What Kbuild runs for an out-of-tree module.
const TOOLS: [&str; 4] = ["make", "gcc-12", "ld.bfd", "objcopy"];

/// Builds in `dir`, which holds `core.o_shipped` already; the C sources are copied there.
pub(crate) fn module(tree: &Tree, source: &Path, dir: &Path) -> Result<PathBuf> {
    tools()?;
    write_ids(dir)?;
    copy_sources(source, dir)?;
    copy_sources(&source.with_file_name("os-common"), dir)?;
    progress::step(&format!("Kbuild against {}", tree.dir.display()));
    let module = dir.join("tern.ko");
    let mut make = Command::new("make");
    make.arg("-C").arg(&tree.dir).arg(format!("M={}", dir.display()));
    // Type information for BPF: it wants pahole and the kernel's image, and nobody traces us by it.
    make.args(["CONFIG_DEBUG_INFO_BTF_MODULES=", "modules"]);
    let output = progress::output(&mut make).context("Kbuild")?;
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    let complaints = warnings(&said);
    if !complaints.is_empty() {
        // Or the next run would find nothing to do and call that success.
        let _ = std::fs::remove_file(&module);
        let _ = std::fs::remove_file(dir.join("core.o"));
        let _ = std::fs::remove_file(dir.join("shim.o"));
        bail!("Kbuild warns, and warnings are errors here:\n{}", complaints.join("\n"));
    }
    Ok(module)
}

/// Finds the programs, or installs their packages.
fn tools() -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |tool: &&str| std::env::split_paths(&path).any(|dir| dir.join(tool).exists());
    if TOOLS.iter().all(there) { Ok(()) } else { setup::ensure(&[Purpose::Module]) }
}

/// Writes `ids.h`: every USB id, as entries of a table of `struct usb_device_id`.
fn write_ids(dir: &Path) -> Result<()> {
    let mut text = String::from("/* Made by `cargo xtask build` from chips/src/ids.rs. */\n");
    text.push_str("#define TERN_USB_IDS \\\n");
    for id in tern_chips::ids::USB_IDS {
        text.push_str(&format!(
            "\t{{ USB_DEVICE(0x{:04x}, 0x{:04x}) }}, \\\n",
            id.vendor, id.product
        ));
    }
    text.push('\n');
    write_changed(&dir.join("ids.h"), text.as_bytes())
}

/// Writes a file unless that is what it holds, so that make does not work in vain.
fn write_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    if std::fs::read(path).ok().as_deref() != Some(bytes) {
        std::fs::write(path, bytes)?;
    }
    Ok(())
}

/// Copies the C side.
fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let wanted = path.file_name() == Some(OsStr::new("Kbuild"))
            || path.extension().is_some_and(|extension| extension == "c" || extension == "h");
        let Some(name) = path.file_name().filter(|_| wanted) else { continue };
        write_changed(&to.join(name), &std::fs::read(&path)?)?;
    }
    Ok(())
}

/// The lines in which compiler, objtool or modpost warn.
fn warnings(said: &str) -> Vec<&str> {
    said.lines()
        .filter(|line| line.to_ascii_lowercase().contains("warning"))
        .filter(|line| !line.contains("the compiler differs from the one used to build the kernel"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::warnings;

    #[test]
    fn what_counts_as_a_warning() {
        let said = "  CC [M]  shim.o\ncore.o: warning: objtool: f+0x1: 'naked' return found\n\
                    WARNING: modpost: missing MODULE_DESCRIPTION()\n";
        assert_eq!(warnings(said).len(), 2);
        assert!(warnings("  LD [M]  tern.ko\n").is_empty());
    }
}
