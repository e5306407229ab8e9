// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Finds what this machine lacks for a purpose and installs it when run as root; otherwise names
//! the one line that would. What is needed is data: `setup/packages.txt`.

mod kernel;

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::lock;
use crate::progress::{self, step};

pub(crate) use kernel::{Kernel, kernel};

/// What a command is about to do, and so which packages it needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// Unpack a kernel and read its modules.
    Kernel,
    /// Boot a guest with its programs.
    Guest,
    /// Build and run the emulated sticks.
    Emulator,
    /// Compile Rust for a kernel.
    Compiler,
    /// Check style.
    Lint,
    /// Build modules with a kernel's own build system.
    Module,
    /// Build modules of the BSDs.
    Bsd,
}

impl Purpose {
    /// The word in the first column of `packages.txt`.
    fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Guest => "guest",
            Self::Emulator => "emulator",
            Self::Compiler => "compiler",
            Self::Lint => "lint",
            Self::Module => "module",
            Self::Bsd => "bsd",
        }
    }
}

/// The list: `purpose package why`.
const PACKAGES: &str = include_str!("setup/packages.txt");

/// The packages that these purposes need, in the order of the list.
fn packages(purposes: &[Purpose]) -> Vec<&'static str> {
    let mut found = Vec::new();
    for line in PACKAGES.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let (Some(purpose), Some(package)) = (words.next(), words.next()) else { continue };
        if purposes.iter().any(|wanted| wanted.name() == purpose) {
            found.push(package);
        }
    }
    found
}

/// Those of `wanted` that `status` (lines `package status`) does not call installed.
fn missing<'a>(wanted: &[&'a str], status: &str) -> Vec<&'a str> {
    let installed: Vec<&str> =
        status.lines().filter_map(|line| line.strip_suffix(" installed")).collect();
    wanted.iter().copied().filter(|package| !installed.contains(package)).collect()
}

/// Makes sure that everything for `purposes` is installed.
///
/// # Errors
///
/// Not a Debian machine; not root (the message is the line to run); apt-get failed.
pub(crate) fn ensure(purposes: &[Purpose]) -> Result<()> {
    let _held = lock::hold("packages")?;
    let wanted = packages(purposes);
    let absent = missing(&wanted, &package_status(&wanted)?);
    if absent.is_empty() {
        return Ok(());
    }
    let list = absent.join(" ");
    if !is_root() {
        bail!(
            "packages are missing; this installs them:\n  \
             sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends {list}'"
        );
    }
    step(&format!("installing {list}"));
    if install(&absent).is_err() {
        update_lists()?;
        install(&absent)?;
    }
    Ok(())
}

/// `package status` for every package that dpkg knows.
fn package_status(wanted: &[&str]) -> Result<String> {
    let output = Command::new("dpkg-query")
        .args(["-W", "-f", "${Package} ${db:Status-Status}\\n"])
        .args(wanted)
        .output()
        .context("dpkg-query is missing: this command sets itself up on Debian only")?;
    // Unknown packages make it exit 1 and are simply not listed.
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether apt-get may be used.
pub(crate) fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    line.and_then(|ids| ids.split_whitespace().nth(1)) == Some("0")
}

/// Fetches the lists of what can be installed (root only: others keep the lists they have).
pub(crate) fn update_lists() -> Result<()> {
    step("fetching the lists of packages");
    progress::output(&mut apt_get(&["update"]))?;
    Ok(())
}

/// Installs packages without their recommendations.
fn install(packages: &[&str]) -> Result<()> {
    let mut command = apt_get(&["install", "-y", "--no-install-recommends"]);
    progress::output(command.args(packages))?;
    Ok(())
}

/// apt-get that asks nothing and waits for another one to finish.
fn apt_get(args: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").args(["-qq", "-o", "DPkg::Lock::Timeout=300"]);
    command.args(args);
    command
}

#[cfg(test)]
mod tests {
    use super::{PACKAGES, Purpose, missing, packages};

    #[test]
    fn list_is_well_formed() {
        let all = [
            Purpose::Kernel,
            Purpose::Guest,
            Purpose::Emulator,
            Purpose::Compiler,
            Purpose::Lint,
            Purpose::Module,
            Purpose::Bsd,
        ];
        let lines = PACKAGES.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(packages(&all).len(), lines, "a line has an unknown purpose or no package");
        assert!(packages(&[Purpose::Guest]).contains(&"hostapd"));
        assert!(!packages(&[Purpose::Guest]).contains(&"kmod"));
    }

    #[test]
    fn missing_ones() {
        let status = "iw installed\nhostapd config-files\n";
        assert_eq!(missing(&["iw", "hostapd", "tshark"], status), ["hostapd", "tshark"]);
    }
}
