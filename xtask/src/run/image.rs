// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The guest's first file system: programs with their libraries, modules in the order of loading,
//! firmware, scripts and settings.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::cpio::Archive;
use super::machine::Controller;
use super::modules::{Modules, name_of};
use super::options::{Args, Driver, Scenario};
use super::settings;
use crate::progress;

/// Programs that a guest needs beside busybox. `tcpdump` is for the monitor scenario.
const PROGRAMS: [&str; 6] = ["iw", "wpa_supplicant", "wpa_cli", "hostapd", "tcpdump", "ip"];

/// Modules that every guest loads itself, or that mac80211 would fetch with modprobe.
const MODULES: [&str; 8] =
    ["usbcore", "xhci_pci", "ehci_pci", "ccm", "ctr", "cmac", "gcm", "aesni_intel"];

/// Where programs lie.
const PROGRAM_DIRECTORIES: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// What goes into the image besides what every image has.
pub(super) struct Contents<'a> {
    /// The caller's wishes.
    pub(super) args: &'a Args,
    /// The controller that the sticks are plugged into.
    pub(super) controller: Controller,
    /// The kernel's modules.
    pub(super) modules: &'a Modules,
    /// Our own module, for driver `tern`.
    pub(super) tern: Option<&'a Path>,
    /// A directory whose files go to `/lib/firmware`.
    pub(super) firmware: Option<&'a Path>,
}

/// Builds the image.
pub(super) fn build(contents: &Contents<'_>) -> Result<Vec<u8>> {
    let mut archive = Archive::default();
    for directory in ["dev", "proc", "sys", "run", "tmp", "bin", "etc", "root"] {
        archive.directory(directory);
    }
    archive.file("bin/busybox", &read(Path::new("/bin/busybox"))?);
    archive.link("bin/sh", "busybox");
    // tcpdump and hostapd look users up.
    archive.file("etc/passwd", b"root:x:0:0::/root:/bin/sh\n");
    archive.file("etc/group", b"root:x:0:\n");
    for name in PROGRAMS {
        program(&mut archive, name)?;
    }
    scripts(&mut archive, contents.args.scenario);
    for (name, text) in settings::files(contents.args, contents.controller) {
        archive.file(&format!("tern/{name}"), text.as_bytes());
    }
    modules(&mut archive, contents)?;
    if let Some(directory) = contents.firmware {
        tree(&mut archive, directory, "lib/firmware")?;
    }
    Ok(archive.finish())
}

/// The init script, what it reads and the scenario.
fn scripts(archive: &mut Archive, scenario: Scenario) {
    let script = match scenario {
        Scenario::Wpa2 => include_str!("../../guest/wpa2.sh"),
        Scenario::Open => include_str!("../../guest/open.sh"),
        Scenario::Scan => include_str!("../../guest/scan.sh"),
        Scenario::Monitor => include_str!("../../guest/monitor.sh"),
        Scenario::Unplug => include_str!("../../guest/unplug.sh"),
        Scenario::Transfers => include_str!("../../guest/transfers.sh"),
    };
    archive.file("init", include_bytes!("../../guest/init.sh"));
    archive.file("tern/lib.sh", include_bytes!("../../guest/lib.sh"));
    archive.file("tern/radio.sh", include_bytes!("../../guest/radio.sh"));
    archive.file("tern/join.sh", include_bytes!("../../guest/join.sh"));
    archive.file("tern/scenario.sh", script.as_bytes());
}

/// The modules and, for each one to load by name, the list of files in order.
fn modules(archive: &mut Archive, contents: &Contents<'_>) -> Result<()> {
    let driver = contents.args.driver;
    let mut wanted: Vec<&str> = MODULES.to_vec();
    if driver == Driver::Hwsim {
        // hwsim lists no virtio, yet needs its symbols on some kernels.
        wanted.extend(["virtio_ring", "virtio", "mac80211_hwsim"]);
    } else {
        wanted.push("rtl8192cu");
    }
    for name in wanted {
        add_module(archive, contents.modules, name, None)?;
    }
    if let Some(file) = contents.tern {
        add_module(archive, contents.modules, "cfg80211", Some(file))?;
    } else if driver == Driver::Tern {
        bail!("driver tern without its module");
    }
    Ok(())
}

/// Adds a module and its list; with `own`, our module that needs the kernel's module `name`.
fn add_module(
    archive: &mut Archive,
    modules: &Modules,
    name: &str,
    own: Option<&Path>,
) -> Result<()> {
    let mut list = String::new();
    for file in modules.order(name) {
        let path = format!("tern/ko/{}.ko", name_of(&file));
        if !archive.contains(&path) {
            archive.file(&path, &modules.bytes(&file)?);
        }
        list.push_str(&format!("/{path}\n"));
    }
    if let Some(own) = own {
        archive.file("tern/ko/tern.ko", &read(own)?);
        for other in modules.order("usbcore") {
            list.insert_str(0, &format!("/tern/ko/{}.ko\n", name_of(&other)));
        }
        list.push_str("/tern/ko/tern.ko\n");
    }
    let listed = own.map_or(name, |_| "tern");
    archive.file(&format!("tern/load/{listed}"), list.as_bytes());
    Ok(())
}

/// Adds a program and the libraries that it is linked with, each at its own path.
fn program(archive: &mut Archive, name: &str) -> Result<()> {
    let path = PROGRAM_DIRECTORIES
        .iter()
        .map(|directory| Path::new(directory).join(name))
        .find(|path| path.is_file())
        .with_context(|| format!("program {name} was not found"))?;
    archive.file(&format!("usr/bin/{name}"), &read(&path)?);
    let listing = progress::stdout(Command::new("ldd").arg(&path))?;
    for library in libraries(&listing) {
        archive.file(&library, &read(Path::new(&library))?);
    }
    Ok(())
}

/// The files in the output of ldd.
fn libraries(listing: &str) -> Vec<String> {
    let words = listing.split_whitespace();
    words.filter(|word| word.starts_with('/')).map(str::to_owned).collect()
}

/// Adds every file below `directory` under the name `below`.
fn tree(archive: &mut Archive, directory: &Path, below: &str) -> Result<()> {
    let entries = fs::read_dir(directory).with_context(|| format!("{}", directory.display()))?;
    for entry in entries {
        let path: PathBuf = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let inside = format!("{below}/{name}");
        if path.is_dir() {
            tree(archive, &path, &inside)?;
        } else {
            archive.file(&inside, &read(&path)?);
        }
    }
    Ok(())
}

/// Reads a file, naming it when that fails.
fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::libraries;

    #[test]
    fn libraries_of_a_program() {
        let listing = "\tlinux-vdso.so.1 (0x00007ffd)\n\
            \tlibnl-3.so.200 => /lib/x86_64-linux-gnu/libnl-3.so.200 (0x00007f)\n\
            \t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        assert_eq!(
            libraries(listing),
            ["/lib/x86_64-linux-gnu/libnl-3.so.200", "/lib64/ld-linux-x86-64.so.2"]
        );
        assert!(libraries("\tstatically linked\n").is_empty());
    }
}
