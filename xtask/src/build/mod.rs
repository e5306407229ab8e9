// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask build`: makes the module of an operating system.
//!
//! [`rust`] compiles `core`, `chips` and a shim for a kernel and [`merge`] makes one relocatable object
//! of them. For Linux ([`linux`]) [`headers`] fetches what the kernel's module builds need, and [`kbuild`] lets
//! the kernel's own build system join the object with the C files. For the BSDs see [`bsd`].

pub(crate) mod bsd;
pub(crate) mod debs;
pub(crate) mod headers;
mod kbuild;
mod linux;
mod merge;
mod rust;
pub(crate) mod toolchain;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::ValueEnum;

pub(crate) use bsd::Bsd;
pub(crate) use linux::module;

/// Builds the module of an operating system
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The operating system to build for
    #[arg(long, value_enum, default_value = "linux")]
    os: Os,
    /// Linux: a kernel series of this Debian (6.12 or 6.1) or a whole release name
    #[arg(long, default_value = headers::DEFAULT_SERIES, conflicts_with = "sysdir")]
    kernel: String,
    /// The system's sources to build against: a BSD's sys/, or a Linux kernel build directory such
    /// as /lib/modules/<release>/build
    #[arg(long)]
    sysdir: Option<PathBuf>,
    /// FreeBSD, OpenBSD: the directory that the kernel was built in, for its options; without one
    /// the options are GENERIC's (GENERIC.MP's)
    #[arg(long, requires = "sysdir")]
    objdir: Option<PathBuf>,
    /// Linux: stock is for kernels without CONFIG_RUST, rust for kernels with it
    #[arg(long, value_enum, default_value = "stock")]
    flavor: Flavor,
    /// The processor to build for
    #[arg(long, value_enum, default_value = "x86_64")]
    arch: Arch,
    /// Print the result as one JSON object (of --os all: one a line) on stdout
    #[arg(long)]
    json: bool,
}

/// An operating system that Tern is built for.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Os {
    /// tern.ko by Kbuild
    Linux,
    /// tern.ko
    Freebsd,
    /// tern.kmod
    Netbsd,
    /// tern.o and what links it into the kernel
    Openbsd,
    /// every one of them
    All,
}

impl Os {
    /// The system, or all of them.
    pub(crate) fn each(self) -> Vec<Self> {
        match self {
            Self::All => vec![Self::Linux, Self::Freebsd, Self::Netbsd, Self::Openbsd],
            one => vec![one],
        }
    }

    /// The BSD that it is, if it is one.
    pub(crate) fn bsd(self) -> Option<Bsd> {
        match self {
            Self::Linux | Self::All => None,
            Self::Freebsd => Some(Bsd::Free),
            Self::Netbsd => Some(Bsd::Net),
            Self::Openbsd => Some(Bsd::Open),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Flavor {
    Stock,
    Rust,
}

/// A processor to build for.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub(crate) enum Arch {
    /// 64-bit PCs.
    #[value(name = "x86_64")]
    X86_64,
    /// 64-bit Arm.
    Aarch64,
}

impl Arch {
    /// Its name in compilers' targets.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }
}

/// What a build left behind.
pub(crate) struct Built {
    /// The kernel release it fits, as `uname -r` says it.
    pub(crate) release: String,
    /// The module.
    pub(crate) module: PathBuf,
}

/// Carries the command out.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    if args.flavor == Flavor::Rust {
        return crate::not_yet("build --flavor rust", "only --flavor stock is there");
    }
    if args.os == Os::All && args.sysdir.is_some() {
        bail!("--sysdir is one system's: name that system with --os");
    }
    if args.objdir.is_some() && !matches!(args.os, Os::Freebsd | Os::Openbsd) {
        bail!("--objdir is for FreeBSD and OpenBSD: elsewhere modules do not depend on it");
    }
    for os in args.os.each() {
        let start = Instant::now();
        let built = match os.bsd() {
            None => linux_module(&args)?,
            Some(bsd) => bsd::module(&bsd::Request {
                bsd,
                arch: args.arch,
                sysdir: args.sysdir.clone(),
                objdir: args.objdir.clone(),
            })?,
        };
        report(&args, os, &built, start)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn linux_module(args: &Args) -> Result<Built> {
    if args.arch != Arch::X86_64 {
        bail!("for Linux only --arch x86_64 is there");
    }
    linux::against(&match &args.sysdir {
        Some(dir) => headers::of_directory(dir)?,
        None => headers::of_kernel(&args.kernel)?,
    })
}

/// Says what was built.
fn report(args: &Args, os: Os, built: &Built, start: Instant) -> Result<()> {
    if !args.json {
        println!("{}", built.module.display());
        return Ok(());
    }
    let bytes = std::fs::metadata(&built.module)?.len();
    let result = serde_json::json!({
        "command": "build", "os": os.bsd().map_or("linux", Bsd::name), "flavor": "stock",
        "arch": args.arch.name(), "ok": true, "release": built.release,
        "module": built.module, "bytes": bytes, "seconds": start.elapsed().as_secs_f64(),
    });
    println!("{result}");
    Ok(())
}
