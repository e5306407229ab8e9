// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What building a module for a Linux kernel needs: Debian's header packages, unpacked below
//! `target/tern/cache`, or a build directory that the caller names.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::debs;
use crate::lock;
use crate::progress;
use crate::setup::{self, Purpose};

/// The kernel series that a command takes when none is named.
pub(crate) const DEFAULT_SERIES: &str = "6.12";

/// A kernel's build directory.
pub(crate) struct Tree {
    /// The release, as `uname -r` says it.
    pub(crate) release: String,
    /// Where Kbuild finds `Makefile`, `.config` and `Module.symvers`.
    pub(crate) dir: PathBuf,
}

/// The newest release of `kernel` (a series such as 6.12, or a release) that Debian has packages
/// of, for instance `6.12.117+deb12-amd64`. A release that is in the cache already wins, so that the
/// kernel stays the same from one command to the next.
pub(crate) fn release(kernel: &str) -> Result<String> {
    if !kernel.chars().all(|c| c.is_ascii_alphanumeric() || ".+-".contains(c)) || kernel.is_empty()
    {
        bail!("{kernel:?} is no kernel release");
    }
    if let Some(cached) = newest(cached()?.iter().map(String::as_str), kernel) {
        return Ok(cached);
    }
    let names = debs::names("linux-headers-")?;
    let releases = names.iter().filter_map(|name| name.strip_prefix("linux-headers-"));
    newest(releases, kernel)
        .with_context(|| format!("Debian has no headers of a kernel {kernel} for amd64"))
}

/// Headers of `kernel` from Debian.
pub(crate) fn of_kernel(kernel: &str) -> Result<Tree> {
    let _held = lock::hold("headers")?;
    let release = release(kernel)?;
    let root = cache().join(&release);
    let dir = root.join("usr/src").join(format!("linux-headers-{release}"));
    if !dir.join("Module.symvers").exists() {
        setup::ensure(&[Purpose::Module])?;
        debs::unpack(&packages(&release)?, &root)?;
    }
    // Debian's says /usr/src; ours must work wherever it is, also after a move.
    let common = format!("linux-headers-{}-common", release.trim_end_matches("-amd64"));
    let wanted = format!("include $(dir $(lastword $(MAKEFILE_LIST)))../{common}/Makefile\n");
    let makefile = dir.join("Makefile");
    if std::fs::read_to_string(&makefile).ok().as_ref() != Some(&wanted) {
        std::fs::write(&makefile, wanted).with_context(|| makefile.display().to_string())?;
    }
    Ok(Tree { release, dir })
}

/// A build directory of the caller's.
pub(crate) fn of_directory(dir: &Path) -> Result<Tree> {
    let dir = dir.canonicalize().with_context(|| dir.display().to_string())?;
    let header = dir.join("include/generated/utsrelease.h");
    let text = std::fs::read_to_string(&header).with_context(|| {
        format!("{} is no configured kernel build directory ({})", dir.display(), header.display())
    })?;
    let release = text
        .lines()
        .filter_map(|line| line.strip_prefix("#define UTS_RELEASE "))
        .map(|value| value.trim().trim_matches('"').to_string())
        .next()
        .with_context(|| format!("{} names no release", header.display()))?;
    Ok(Tree { release, dir })
}

fn cache() -> PathBuf {
    progress::artefacts().join("cache/headers")
}

/// Releases whose headers are unpacked already.
fn cached() -> Result<Vec<String>> {
    let Ok(entries) = std::fs::read_dir(cache()) else { return Ok(Vec::new()) };
    let mut releases = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            releases.push(name);
        }
    }
    Ok(releases)
}

/// The packages with headers and build tools of a release.
fn packages(release: &str) -> Result<Vec<String>> {
    let base = release.trim_end_matches("-amd64");
    // 6.1.0-56 has linux-kbuild-6.1; newer kernels have one for each release.
    let series: String = base.split('.').take(2).collect::<Vec<_>>().join(".");
    let tools = debs::names("linux-kbuild-")?;
    let kbuild = [base, &series]
        .iter()
        .map(|version| format!("linux-kbuild-{version}"))
        .find(|name| tools.contains(name))
        .with_context(|| format!("Debian has no linux-kbuild for {release}"))?;
    let common = format!("linux-headers-{base}-common");
    Ok(vec![format!("linux-headers-{release}"), common, kbuild])
}

/// The newest of `releases` that `kernel` means: the same name, or one of that series.
fn newest<'a>(releases: impl Iterator<Item = &'a str>, kernel: &str) -> Option<String> {
    releases
        .filter(|release| release.ends_with("-amd64"))
        .filter(|release| !release.contains("-rt-") && !release.contains("-cloud-"))
        .filter(|release| *release == kernel || in_series(release, kernel))
        .max_by_key(|release| numbers(release))
        .map(str::to_string)
}

fn in_series(release: &str, series: &str) -> bool {
    release.strip_prefix(series).is_some_and(|rest| rest.starts_with('.'))
}

/// The numbers in a release, to compare by: 6.1.0-9 is older than 6.1.0-56.
fn numbers(release: &str) -> Vec<u64> {
    release.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::newest;

    #[test]
    fn newest_release_of_a_series() {
        let all = [
            "6.1.0-9-amd64",
            "6.1.0-56-amd64",
            "6.12.117+deb12-amd64",
            "6.12.117+deb12-rt-amd64",
            "6.1.0-56-common",
        ];
        let find = |kernel| newest(all.into_iter(), kernel);
        assert_eq!(find("6.1").as_deref(), Some("6.1.0-56-amd64"));
        assert_eq!(find("6.12").as_deref(), Some("6.12.117+deb12-amd64"));
        assert_eq!(find("6.1.0-9-amd64").as_deref(), Some("6.1.0-9-amd64"));
        assert_eq!(find("5.10"), None);
    }
}
