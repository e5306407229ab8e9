// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Debian's kernels, unpacked below `target/tern/cache` and never installed: an installed image
//! would run the host's boot hooks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::{Purpose, ensure, is_root, update_lists};
use crate::progress::{self, step};

/// The release lines of Debian 12 that Tern is built for.
const LINES: [&str; 2] = ["6.12", "6.1"];

/// An unpacked kernel: image, modules and headers of one release.
#[derive(Clone, Debug)]
pub(crate) struct Kernel {
    /// What `uname -r` will say.
    pub(crate) release: String,
    /// The tree that the packages were unpacked into.
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

    /// The directory to build modules against (`make -C`).
    #[allow(dead_code, reason = "the build command uses it")]
    pub(crate) fn headers(&self) -> PathBuf {
        self.root.join("usr/src").join(format!("linux-headers-{}", self.release))
    }
}

/// The newest kernel of a release line that apt knows, from the cache when it is there.
///
/// # Errors
///
/// An unknown line; no such package in apt's lists; a download or unpacking that failed.
pub(crate) fn kernel(line: &str) -> Result<Kernel> {
    if !LINES.contains(&line) {
        bail!("kernel {line}: Tern is tried on {}", LINES.join(" and "));
    }
    let root = progress::artefacts().join("cache").join(format!("linux-{line}"));
    let stamp = root.join("release");
    if let Ok(release) = fs::read_to_string(&stamp) {
        return Ok(Kernel { release: release.trim().to_owned(), root });
    }
    ensure(&[Purpose::Kernel])?;
    let release = match newest_release(line)? {
        Some(release) => release,
        None if is_root() => {
            update_lists()?;
            newest_release(line)?.with_context(|| unknown(line))?
        }
        None => bail!("{}; `sudo apt-get update` fetches the lists", unknown(line)),
    };
    unpack(line, &release, &root)?;
    fs::write(&stamp, &release).with_context(|| format!("{}", stamp.display()))?;
    Ok(Kernel { release, root })
}

/// The message for a line without a package.
fn unknown(line: &str) -> String {
    format!("apt knows no linux-image-{line}*-amd64 with headers")
}

/// The newest release of a line with an image and headers in apt's lists.
fn newest_release(line: &str) -> Result<Option<String>> {
    let names = progress::stdout(Command::new("apt-cache").args(["pkgnames", "linux-"]))?;
    Ok(newest_of(line, &names))
}

/// The newest release among package names (one a line) that has an image and headers.
fn newest_of(line: &str, names: &str) -> Option<String> {
    let has = |name: String| names.lines().any(|other| other == name);
    let flavours = ["-rt-amd64", "-cloud-amd64"];
    names
        .lines()
        .filter_map(|name| name.strip_prefix("linux-image-"))
        .filter(|release| release.ends_with("-amd64"))
        .filter(|release| release.strip_prefix(line).is_some_and(|rest| rest.starts_with('.')))
        .filter(|release| !flavours.iter().any(|flavour| release.ends_with(flavour)))
        .filter(|release| has(format!("linux-headers-{release}")))
        .max_by_key(|release| numbers(release))
        .map(str::to_owned)
}

/// The numbers in a release, for comparison: `6.1.0-56-amd64` is 6, 1, 0, 56, 64.
fn numbers(release: &str) -> Vec<u64> {
    release.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

/// Downloads and unpacks image and headers into `root`, and makes the tree usable where it lies.
fn unpack(line: &str, release: &str, root: &Path) -> Result<()> {
    let debs = root.join("debs");
    let _ = fs::remove_dir_all(root);
    fs::create_dir_all(&debs).with_context(|| format!("{}", debs.display()))?;
    step(&format!("downloading Debian's Linux {release} (about 120 MB)"));
    let mut download = Command::new("apt-get");
    download.current_dir(&debs).args(["-qq", "download"]).args(packages(line, release));
    progress::output(&mut download)?;
    step("unpacking it");
    for entry in fs::read_dir(&debs)? {
        let deb = entry?.path();
        progress::output(Command::new("dpkg-deb").arg("-x").arg(&deb).arg(root))?;
    }
    fs::remove_dir_all(&debs)?;
    progress::output(Command::new("/sbin/depmod").arg("-b").arg(root).arg(release))?;
    relocate(release, root)
}

/// The packages of one release.
fn packages(line: &str, release: &str) -> Vec<String> {
    let base = release.trim_end_matches("-amd64");
    // 6.1 keeps one kbuild package for the line, 6.12 one for each release.
    let kbuild = if line == "6.1" { line } else { base };
    vec![
        format!("linux-image-{release}"),
        format!("linux-headers-{release}"),
        format!("linux-headers-{base}-common"),
        format!("linux-kbuild-{kbuild}"),
    ]
}

/// The headers' Makefile names `/usr/src`; ours lie below `root`.
fn relocate(release: &str, root: &Path) -> Result<()> {
    let makefile = root.join(format!("usr/src/linux-headers-{release}/Makefile"));
    let text = fs::read_to_string(&makefile).with_context(|| format!("{}", makefile.display()))?;
    let here = root.join("usr/src/").display().to_string();
    fs::write(&makefile, text.replace("/usr/src/", &here))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{newest_of, numbers, packages};

    const NAMES: &str = "linux-image-6.1.0-9-amd64\nlinux-headers-6.1.0-9-amd64\n\
        linux-image-6.1.0-56-amd64\nlinux-headers-6.1.0-56-amd64\nlinux-image-6.1.0-57-amd64\n\
        linux-image-6.1.0-58-rt-amd64\nlinux-headers-6.1.0-58-rt-amd64\n\
        linux-image-6.12.117+deb12-amd64\nlinux-headers-6.12.117+deb12-amd64\n\
        linux-image-6.12.117+deb12-amd64-unsigned\nlinux-image-6.12-amd64\nlinux-headers-6.12-amd64\n";

    #[test]
    fn newest_with_headers() {
        assert_eq!(newest_of("6.1", NAMES).as_deref(), Some("6.1.0-56-amd64"));
        assert_eq!(newest_of("6.12", NAMES).as_deref(), Some("6.12.117+deb12-amd64"));
        assert_eq!(newest_of("6.18", NAMES), None);
    }

    #[test]
    fn releases_compare_by_number() {
        assert!(numbers("6.12.117+deb12-amd64") > numbers("6.12.99+deb12-amd64"));
    }

    #[test]
    fn packages_of_a_release() {
        assert!(packages("6.1", "6.1.0-56-amd64").contains(&"linux-kbuild-6.1".to_owned()));
        let new = packages("6.12", "6.12.117+deb12-amd64");
        assert!(new.contains(&"linux-headers-6.12.117+deb12-common".to_owned()));
    }
}
