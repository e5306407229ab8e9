// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask build`: makes the module of an operating system.
//!
//! For Linux: [`rust`] compiles `core`, `chips` and `os-linux` for a kernel, [`merge`] makes one
//! relocatable object of them, [`headers`] fetches what the kernel's module builds need, and
//! [`kbuild`] lets the kernel's own build system join the object with `shim.c`.

pub(crate) mod debs;
pub(crate) mod headers;
mod kbuild;
mod merge;
mod rust;
pub(crate) mod toolchain;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::{lock, progress};

/// Builds the module of an operating system
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The operating system to build for
    #[arg(long, value_enum, default_value = "linux")]
    os: Os,
    /// Linux: a kernel series of this Debian (6.12 or 6.1) or a whole release name
    #[arg(long, default_value = headers::DEFAULT_SERIES, conflicts_with = "sysdir")]
    kernel: String,
    /// Linux: a kernel build directory to use instead, such as /lib/modules/<release>/build
    #[arg(long)]
    sysdir: Option<PathBuf>,
    /// Linux: stock is for kernels without CONFIG_RUST, rust for kernels with it
    #[arg(long, value_enum, default_value = "stock")]
    flavor: Flavor,
    /// The processor to build for
    #[arg(long, value_enum, default_value = "x86_64")]
    arch: Arch,
    /// Print the result as one JSON object on stdout
    #[arg(long)]
    json: bool,
}

/// An operating system that Tern is (or will be) built for.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Os {
    /// tern.ko by Kbuild
    Linux,
    /// tern.ko (not available yet)
    Freebsd,
    /// tern.kmod (not available yet)
    Netbsd,
    /// an object to link into the kernel (not available yet)
    Openbsd,
    /// every one of them (not available yet)
    All,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Flavor {
    Stock,
    Rust,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Arch {
    #[value(name = "x86_64")]
    X86_64,
    Aarch64,
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
    if args.os != Os::Linux {
        return crate::not_yet("build for this system", "only --os linux is there");
    }
    if args.flavor == Flavor::Rust {
        return crate::not_yet("build --flavor rust", "only --flavor stock is there");
    }
    if args.arch != Arch::X86_64 {
        return crate::not_yet("build --arch aarch64", "only --arch x86_64 is there");
    }
    let start = Instant::now();
    let tree = match &args.sysdir {
        Some(dir) => headers::of_directory(dir)?,
        None => headers::of_kernel(&args.kernel)?,
    };
    let built = linux(&tree)?;
    let bytes = std::fs::metadata(&built.module)?.len();
    if args.json {
        let result = serde_json::json!({
            "command": "build", "os": "linux", "flavor": "stock", "arch": "x86_64", "ok": true,
            "release": built.release, "module": built.module, "bytes": bytes,
            "seconds": start.elapsed().as_secs_f64(),
        });
        println!("{result}");
    } else {
        println!("{}", built.module.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds `tern.ko` for the Linux kernel series (or release) `kernel`, fetching what is missing.
pub(crate) fn module(kernel: &str) -> Result<Built> {
    linux(&headers::of_kernel(kernel)?)
}

/// Builds `tern.ko` against a kernel's build directory.
fn linux(tree: &headers::Tree) -> Result<Built> {
    let _held = lock::hold("build")?;
    progress::step(&format!("build tern.ko for Linux {}", tree.release));
    let toolchain = toolchain::find()?;
    let library = rust::library("tern-linux", &toolchain, rust::Kernel::Linux)?;
    let dir = progress::artefacts().join("linux").join(&tree.release);
    std::fs::create_dir_all(&dir)?;
    let source = progress::root().join("os-linux");
    let exports = merge::exports(&source.join("exports.txt"))?;
    if exports.is_empty() {
        bail!("os-linux/exports.txt names no function");
    }
    merge::object(&library, &source.join("merge.lds"), &exports, &dir.join("core.o_shipped"))?;
    let module = kbuild::module(tree, &source, &dir)?;
    progress::step(&format!("built {}", module.display()));
    Ok(Built { release: tree.release.clone(), module })
}
