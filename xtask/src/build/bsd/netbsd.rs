// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the compiler is told for NetBSD. Modules there are the same for every kernel of a version: they are
//! compiled with `_MODULE` and know no options.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::{Plan, Request, defined, packaged, symlink};

/// `__NetBSD_Version__` of the packaged headers: 11.0.
const PACKAGED_VERSION: u64 = 1_100_000_000;

/// Prepares `work` and says what the compiler is told.
pub(super) fn plan(
    request: &Request,
    packaged: Option<&packaged::Headers>,
    work: &Path,
) -> Result<Plan> {
    let (number, headers, include) = match (&request.sysdir, packaged) {
        (Some(sysdir), _) => from_sources(sysdir, work)?,
        (None, Some(packaged)) => {
            let include = vec![packaged.of("x86_64-netbsd-none"), packaged.of("generic-netbsd")];
            (PACKAGED_VERSION, packaged::NAME.to_string(), include)
        }
        (None, None) => bail!("no headers of NetBSD"),
    };
    let mut flags: Vec<String> =
        ["-target", "x86_64-unknown-netbsd", "-D_MODULE", "-DSYSCTL_INCLUDE_DESCR"]
            .map(str::to_string)
            .into();
    if request.sysdir.is_none() {
        flags.push(format!("-D__NetBSD_Version__={number}"));
    }
    Ok(Plan {
        version: release(number),
        number,
        headers,
        options: "none: modules fit every kernel of the version".to_string(),
        include,
        flags: flags.into_iter().map(Into::into).collect(),
    })
}

fn from_sources(sysdir: &Path, work: &Path) -> Result<(u64, String, Vec<PathBuf>)> {
    let number = defined(&sysdir.join("sys/param.h"), "__NetBSD_Version__")
        .with_context(|| format!("{} is no sys/ of NetBSD", sysdir.display()))?;
    for (link, to) in [("machine", "amd64"), ("amd64", "amd64"), ("x86", "x86"), ("i386", "i386")] {
        symlink(&sysdir.join("arch").join(to).join("include"), &work.join(link))?;
    }
    let mut words = format!("{} ({})", sysdir.display(), release(number));
    let mut include = vec![sysdir.to_path_buf()];
    // What the kernel shares with user space lies beside sys/, where a tree is whole.
    let common = sysdir.join("../common/include");
    if common.is_dir() {
        include.push(common);
    } else {
        let shared = packaged::fetch()?.of("generic-netbsd").join("prop");
        symlink(&shared, &work.join("prop"))?;
        words.push_str(&format!(", prop/ of {}", packaged::NAME));
    }
    Ok((number, words, include))
}

/// The version as `uname -r` says it: MMmmrrpp00, where -current counts in pp.
fn release(number: u64) -> String {
    let (major, minor, patch) =
        (number / 100_000_000, number / 1_000_000 % 100, number / 100 % 100);
    if patch == 0 { format!("{major}.{minor}") } else { format!("{major}.{minor}.{patch}") }
}

#[cfg(test)]
mod tests {
    use super::release;

    #[test]
    fn releases() {
        assert_eq!(release(1_099_001_200), "10.99.12");
        assert_eq!(release(1_100_000_000), "11.0");
        assert_eq!(release(1_001_000_000), "10.1");
    }
}
