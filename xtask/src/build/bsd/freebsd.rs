// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the compiler is told for FreeBSD: headers, and the kernel's options.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::{Plan, Request, defined, packaged, symlink};
use crate::build::Arch;
use crate::progress;

/// `__FreeBSD_version` of the packaged headers: 15.0-RELEASE.
const PACKAGED_VERSION: u64 = 1_500_068;

/// The options of GENERIC of 15.0 by the header that tells of them. Headers that a kernel without such
/// options leaves empty are named too.
const GENERIC: &[(&str, &[&str])] = &[
    (
        "opt_global.h",
        &[
            "AUDIT",
            "CC_CUBIC",
            "COMPAT_FREEBSD10",
            "COMPAT_FREEBSD11",
            "COMPAT_FREEBSD12",
            "COMPAT_FREEBSD13",
            "COMPAT_FREEBSD14",
            "DEBUGNET",
            "EARLY_AP_STARTUP",
            "EXTERR_STRINGS",
            "KDB",
            "KDTRACE_HOOKS",
            "MAC",
            "NETDUMP",
            "NETGDB",
            "NETLINK",
            "NUMA",
            "PCI_IOV",
            "RACCT",
            "RACCT_DEFAULT_TO_DISABLED",
            "RCTL",
            "SMP",
            "TCP_BLACKBOX",
            "TCP_HHOOK",
            "VIMAGE",
        ],
    ),
    ("opt_bus.h", &[]),
    ("opt_ddb.h", &[]),
    ("opt_inet.h", &["INET", "TCP_OFFLOAD"]),
    ("opt_inet6.h", &["INET6"]),
    ("opt_usb.h", &["USB_DEBUG"]),
    ("opt_wlan.h", &["IEEE80211_DEBUG", "IEEE80211_SUPPORT_MESH"]),
];

/// Interfaces of kobj(9) of which a kernel build makes headers: by their sources in sys/.
const INTERFACES: [&str; 3] = ["kern/device_if.m", "kern/bus_if.m", "dev/usb/usb_if.m"];

/// The methods of a device, which is all that a driver on a bus names of these interfaces.
const DEVICE_METHODS: &[(&str, &str)] = &[
    ("probe", "int device_probe_t(device_t)"),
    ("identify", "void device_identify_t(driver_t *, device_t)"),
    ("attach", "int device_attach_t(device_t)"),
    ("detach", "int device_detach_t(device_t)"),
    ("shutdown", "int device_shutdown_t(device_t)"),
    ("suspend", "int device_suspend_t(device_t)"),
    ("resume", "int device_resume_t(device_t)"),
    ("quiesce", "int device_quiesce_t(device_t)"),
];

/// Prepares `work` and says what the compiler is told.
pub(super) fn plan(
    request: &Request,
    packaged: Option<&packaged::Headers>,
    work: &Path,
) -> Result<Plan> {
    let (number, headers, mut include) = match (&request.sysdir, packaged) {
        (Some(sysdir), _) => from_sources(request, sysdir, work)?,
        (None, Some(packaged)) => from_package(request, packaged, work)?,
        (None, None) => bail!("no headers of FreeBSD"),
    };
    let version = format!("{}.{}", number / 100_000, number / 1000 % 100);
    let mut flags: Vec<OsString> = vec![
        "-target".into(),
        format!("{}-unknown-freebsd{version}", request.arch.name()).into(),
        "-DKLD_MODULE".into(),
    ];
    if request.sysdir.is_none() {
        flags.push(format!("-D__FreeBSD_version={number}").into());
    }
    let (options, global) = match &request.objdir {
        Some(objdir) => {
            include.insert(0, objdir.clone());
            flags.push("-DHAVE_KERNEL_OPTION_HEADERS".into());
            (format!("{}", objdir.display()), objdir.join("opt_global.h"))
        }
        None => {
            write_generic(request, work)?;
            ("GENERIC of 15.0".to_string(), work.join("opt_global.h"))
        }
    };
    if !global.is_file() {
        bail!("{} is not there: --objdir is a configured kernel build directory", global.display());
    }
    flags.extend(["-include".into(), global.into()]);
    Ok(Plan { version, number, headers, options, include, flags })
}

/// The header that a kernel build makes of kern/device_if.m, as far as a driver needs it.
pub(super) fn device_methods() -> String {
    let mut text = String::from("#ifndef TERN_DEVICE_IF_H\n#define TERN_DEVICE_IF_H\n");
    for (name, function) in DEVICE_METHODS {
        text.push_str(&format!("typedef {function};\n"));
        text.push_str(&format!("extern struct kobjop_desc device_{name}_desc;\n"));
    }
    text.push_str("#endif\n");
    text
}

/// Where headers are found.
type Found = (u64, String, Vec<PathBuf>);

fn from_package(request: &Request, packaged: &packaged::Headers, work: &Path) -> Result<Found> {
    std::fs::write(work.join("device_if.h"), device_methods())?;
    for name in ["bus_if.h", "usb_if.h"] {
        std::fs::write(work.join(name), "")?;
    }
    let machine = format!("{}-freebsd-none", request.arch.name());
    let include = vec![packaged.of(&machine), packaged.of("generic-freebsd"), packaged.ck.clone()];
    Ok((PACKAGED_VERSION, packaged::NAME.to_string(), include))
}

fn from_sources(request: &Request, sysdir: &Path, work: &Path) -> Result<Found> {
    let header = sysdir.join("sys/param.h");
    let number = defined(&header, "__FreeBSD_version")
        .with_context(|| format!("{} is no sys/ of FreeBSD", sysdir.display()))?;
    let links: &[(&str, &str)] = match request.arch {
        Arch::X86_64 => {
            &[("machine", "amd64/include"), ("x86", "x86/include"), ("i386", "i386/include")]
        }
        Arch::Aarch64 => &[("machine", "arm64/include")],
    };
    for (link, to) in links {
        symlink(&sysdir.join(to), &work.join(link))?;
    }
    for source in INTERFACES {
        interface(sysdir, source, work)?;
    }
    let words = format!("{} ({number})", sysdir.display());
    Ok((number, words, vec![sysdir.to_path_buf(), sysdir.join("contrib/ck/include")]))
}

/// Makes the header of a kobj(9) interface with the tree's own script.
fn interface(sysdir: &Path, source: &str, work: &Path) -> Result<()> {
    let copy = work.join(Path::new(source).file_name().context("a file has a name")?);
    std::fs::copy(sysdir.join(source), &copy).with_context(|| source.to_string())?;
    let mut awk = Command::new("awk");
    awk.arg("-f").arg(sysdir.join("tools/makeobjops.awk")).arg(&copy).arg("-h");
    progress::output(awk.current_dir(work))?;
    std::fs::remove_file(&copy)?;
    Ok(())
}

/// Writes the option headers of GENERIC.
fn write_generic(request: &Request, work: &Path) -> Result<()> {
    for (name, options) in GENERIC {
        let mut text = String::new();
        for option in *options {
            text.push_str(&format!("#define {option} 1\n"));
        }
        if *name == "opt_global.h" && request.arch == Arch::X86_64 {
            text.push_str("#define COMPAT_FREEBSD32 1\n#define XENHVM 1\n");
        }
        std::fs::write(work.join(name), text)?;
    }
    Ok(())
}
