// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the compiler is told for OpenBSD. Structs there depend on the kernel's options, which a kernel's
//! compile directory has in its Makefile and headers.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::{Plan, Request, packaged, symlink};

/// The version of the packaged headers.
const PACKAGED_VERSION: (u64, u64) = (7, 9);

/// The options of GENERIC.MP that a header or the shim could ask for.
const GENERIC_MP: &[&str] = &[
    "-DDDB",
    "-DDIAGNOSTIC",
    "-DKTRACE",
    "-DACCOUNTING",
    "-DKMEMSTATS",
    "-DPTRACE",
    "-DCRYPTO",
    "-DSYSVMSG",
    "-DSYSVSEM",
    "-DSYSVSHM",
    "-DUVM_SWAP_ENCRYPT",
    "-DFFS",
    "-DFFS2",
    "-DMFS",
    "-DSOCKET_SPLICE",
    "-DTCP_ECN",
    "-DTCP_SIGNATURE",
    "-DINET6",
    "-DIPSEC",
    "-DPIPEX",
    "-DMROUTING",
    "-DMPLS",
    "-DBOOT_CONFIG",
    "-DSUSPEND",
    "-DHIBERNATE",
    "-DPCIVERBOSE",
    "-DUSBVERBOSE",
    "-DMULTIPROCESSOR",
    "-DMAXUSERS=80",
];

/// Pseudo-devices of GENERIC that a network driver may ask for: config(8) makes a header of each.
const PSEUDO_DEVICES: [&str; 6] = ["bpfilter", "bridge", "carp", "pf", "trunk", "vlan"];

/// Prepares `work` and says what the compiler is told.
pub(super) fn plan(
    request: &Request,
    packaged: Option<&packaged::Headers>,
    work: &Path,
) -> Result<Plan> {
    let mut flags: Vec<String> = [
        "-target",
        "x86_64-unknown-openbsd",
        // As the kernel itself: calls through its thunks, landing pads for those that come.
        "-mretpoline-external-thunk",
        // Else this system's compilers make code that goes through a table of addresses.
        "-fno-pie",
        "-fcf-protection=branch",
    ]
    .map(str::to_string)
    .into();
    let (version, headers, mut include) = match (&request.sysdir, packaged) {
        (Some(sysdir), _) => from_sources(sysdir, work)?,
        (None, Some(packaged)) => {
            let (major, minor) = PACKAGED_VERSION;
            flags.push("-D___OpenBSD=202605".to_string());
            flags.push(format!("-DOpenBSD{major}_{minor}=1"));
            let include = vec![packaged.of("x86_64-openbsd-none"), packaged.of("generic-openbsd")];
            (PACKAGED_VERSION, packaged::NAME.to_string(), include)
        }
        (None, None) => bail!("no headers of OpenBSD"),
    };
    let options = match &request.objdir {
        Some(objdir) => {
            include.insert(0, objdir.clone());
            flags.extend(kernel_flags(objdir)?);
            objdir.display().to_string()
        }
        None => {
            flags.extend(GENERIC_MP.iter().map(|flag| (*flag).to_string()));
            for name in PSEUDO_DEVICES {
                let text = format!("#define N{} 1\n", name.to_uppercase());
                std::fs::write(work.join(format!("{name}.h")), text)?;
            }
            "GENERIC.MP".to_string()
        }
    };
    Ok(Plan {
        version: format!("{}.{}", version.0, version.1),
        number: version.0 * 100 + version.1,
        headers,
        options,
        include,
        flags: flags.into_iter().map(Into::into).collect(),
    })
}

type Found = ((u64, u64), String, Vec<PathBuf>);

fn from_sources(sysdir: &Path, work: &Path) -> Result<Found> {
    let header = sysdir.join("sys/param.h");
    let text = std::fs::read_to_string(&header)
        .with_context(|| format!("{} is no sys/ of OpenBSD", sysdir.display()))?;
    let version = version(&text)
        .with_context(|| format!("{} names no version of OpenBSD", header.display()))?;
    for link in ["machine", "amd64"] {
        symlink(&sysdir.join("arch/amd64/include"), &work.join(link))?;
    }
    let words = format!("{} ({}.{})", sysdir.display(), version.0, version.1);
    Ok((version, words, vec![sysdir.to_path_buf(), sysdir.join("arch")]))
}

/// The version that `#define OpenBSD7_8 1` names.
fn version(header: &str) -> Option<(u64, u64)> {
    header.lines().find_map(|line| {
        let name = line.strip_prefix("#define")?.split_whitespace().next()?;
        let (major, minor) = name.strip_prefix("OpenBSD")?.split_once('_')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    })
}

/// The options in the Makefile that config(8) made.
fn kernel_flags(objdir: &Path) -> Result<Vec<String>> {
    let makefile = objdir.join("Makefile");
    let text = std::fs::read_to_string(&makefile).with_context(|| {
        format!("{}: --objdir is a kernel's compile directory", makefile.display())
    })?;
    let flags = options(&text);
    if flags.is_empty() {
        bail!("{} has no IDENT with the kernel's options", makefile.display());
    }
    Ok(flags)
}

/// The words of IDENT and PARAM, with the quotes off that the shell would take off.
fn options(makefile: &str) -> Vec<String> {
    let values = makefile.lines().filter_map(|line| {
        let (name, value) = line.split_once('=')?;
        matches!(name.trim(), "IDENT" | "PARAM").then_some(value)
    });
    values.flat_map(str::split_whitespace).map(|word| word.replace('"', "")).collect()
}

#[cfg(test)]
mod tests {
    use super::{options, version};

    #[test]
    fn what_headers_and_makefiles_say() {
        assert_eq!(version("#define OpenBSD\t202510\n#define OpenBSD7_8 1\n"), Some((7, 8)));
        assert_eq!(version("#define OpenBSD 202510\n"), None);
        let makefile = "IDENT=-DDDB -DMINIROOTSIZE=\"0x4000\"\nPARAM=-DMAXUSERS=4\nS=\t/usr/src\n";
        assert_eq!(options(makefile), ["-DDDB", "-DMINIROOTSIZE=0x4000", "-DMAXUSERS=4"]);
        assert!(options("all:\n\techo IDENT\n").is_empty());
    }
}
