// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Builds the modules of the BSDs with clang and lld, on a machine that has no BSD.
//!
//! [`packaged`] fetches the systems' own headers, unless the caller has the sources (`--sysdir`); [`freebsd`],
//! [`netbsd`] and [`openbsd`] say what the compiler is told; [`glue`] compiles the C files; [`layouts`]
//! and [`kpi`] check what was written down by hand against the headers;
//! [`link`] joins all, and [`manifest`] writes down what it was made of.

pub(crate) mod fake;
mod freebsd;
mod glue;
mod kpi;
mod layouts;
mod link;
pub(crate) mod manifest;
mod netbsd;
mod openbsd;
mod packaged;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::{Arch, Built, merge, rust, toolchain};
use crate::setup::{self, Purpose};
use crate::{lock, progress};
use manifest::Manifest;

/// Compiler, linker and their tools: of one version, so that everybody builds the same.
pub(crate) const CLANG: &str = "clang-19";
const LLD: &str = "ld.lld-19";
const OBJCOPY: &str = "llvm-objcopy-19";
const LLVM: merge::Tools = merge::Tools { linker: LLD, objcopy: OBJCOPY, nm: "llvm-nm-19" };

/// Merges sections of the Rust side, as os-linux/merge.lds does for Linux.
const MERGE_SCRIPT: &str = include_str!("merge.lds");

/// A BSD.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bsd {
    /// FreeBSD.
    Free,
    /// NetBSD.
    Net,
    /// OpenBSD.
    Open,
}

impl Bsd {
    /// As the command line and `target/tern` have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Free => "freebsd",
            Self::Net => "netbsd",
            Self::Open => "openbsd",
        }
    }

    /// The directory of its shim.
    pub(crate) fn shim(self) -> PathBuf {
        progress::root().join(format!("os-{}", self.name()))
    }
}

/// What to build.
pub(crate) struct Request {
    pub(crate) bsd: Bsd,
    pub(crate) arch: Arch,
    /// The system's sys/, if not the packaged headers.
    pub(crate) sysdir: Option<PathBuf>,
    /// The kernel's build directory, if its options are not the usual ones.
    pub(crate) objdir: Option<PathBuf>,
}

/// What the compiler is told, and what is known of where it came from.
struct Plan {
    /// The system's version as file names carry it, such as 15.0.
    version: String,
    /// The version in numbers as the kernel's loader compares it.
    number: u64,
    /// Where the headers came from, in words.
    headers: String,
    /// Where the kernel's options came from, in words.
    options: String,
    /// Directories with headers, first to last.
    include: Vec<PathBuf>,
    /// All other arguments.
    flags: Vec<OsString>,
}

/// Builds the module of a BSD.
pub(crate) fn module(request: &Request) -> Result<Built> {
    tools()?;
    let request = canonical(request)?;
    let headers = match request.sysdir {
        None => Some(packaged::fetch()?),
        Some(_) => None,
    };
    let _held = lock::hold("build")?;
    let name = request.bsd.name();
    let place = Path::new(name).join(format!("{}{}", request.arch.name(), source(&request)));
    let dir = progress::artefacts().join(place);
    let work = dir.join("build");
    std::fs::create_dir_all(&work).with_context(|| work.display().to_string())?;
    let plan = plan(&request, headers.as_ref(), &work)?;
    progress::step(&format!("build Tern for {name} {} ({})", plan.version, plan.headers));
    let core = rust_object(&request, &work)?;
    let mut objects = glue::compile(&request, &plan, &work)?;
    objects.push(core);
    let layouts = layouts::check(&request, &plan, &work)?;
    let kpi = kpi::check(&request, &plan, &work)?;
    let module = link::module(&request, &plan, &objects, &dir)?;
    Manifest::new(&request, &plan, &layouts, &kpi, &module)?.write(&module)?;
    progress::step(&format!("built {}", module.display()));
    Ok(Built { release: plan.version, module })
}

/// Directories with a system's packaged headers.
pub(crate) fn packaged_headers(os: &str) -> Result<Vec<PathBuf>> {
    let headers = packaged::fetch()?;
    Ok(vec![headers.of(&format!("x86_64-{os}-none")), headers.of(&format!("generic-{os}"))])
}

/// Prepares `work` for a system's compiler.
fn plan(request: &Request, headers: Option<&packaged::Headers>, work: &Path) -> Result<Plan> {
    match request.bsd {
        Bsd::Free => freebsd::plan(request, headers, work),
        Bsd::Net => netbsd::plan(request, headers, work),
        Bsd::Open => openbsd::plan(request, headers, work),
    }
}

/// What sets a build apart from others for the same system.
fn source(request: &Request) -> &'static str {
    match (&request.sysdir, &request.objdir) {
        (None, _) => "",
        (Some(_), None) => "-sysdir",
        (Some(_), Some(_)) => "-objdir",
    }
}

/// The request with paths that hold wherever a compiler runs.
fn canonical(request: &Request) -> Result<Request> {
    let whole = |path: &Option<PathBuf>| {
        let found = path.as_ref().map(|path| {
            path.canonicalize().with_context(|| format!("{} is not there", path.display()))
        });
        found.transpose()
    };
    if request.arch != Arch::X86_64 && request.bsd != Bsd::Free {
        bail!("--arch aarch64 is there for FreeBSD only");
    }
    Ok(Request {
        bsd: request.bsd,
        arch: request.arch,
        sysdir: whole(&request.sysdir)?,
        objdir: whole(&request.objdir)?,
    })
}

/// Finds the programs, or installs their packages.
fn tools() -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |tool: &&str| std::env::split_paths(&path).any(|dir| dir.join(tool).exists());
    let all = [CLANG, LLD, OBJCOPY, LLVM.nm, "python3"];
    if all.iter().all(there) { Ok(()) } else { setup::ensure(&[Purpose::Bsd]) }
}

/// Compiles the Rust side to one object, of which only the entry points are global.
fn rust_object(request: &Request, work: &Path) -> Result<PathBuf> {
    let toolchain = toolchain::find()?;
    let package = format!("tern-{}", request.bsd.name());
    let kernel = rust::Kernel::Bsd(request.bsd, request.arch);
    let library = rust::library(&package, &toolchain, kernel)?;
    let list = request.bsd.shim().join("exports.txt");
    let exports = merge::exports(&list)?;
    if exports.is_empty() {
        bail!("{} names no function", list.display());
    }
    let script = work.join("merge.lds");
    std::fs::write(&script, MERGE_SCRIPT)?;
    let object = work.join("core.o");
    merge::object(&LLVM, &library, &script, &exports, &object)?;
    Ok(object)
}

/// Makes `link` lead to `to`, whatever it was before.
fn symlink(to: &Path, link: &Path) -> Result<()> {
    if std::fs::read_link(link).ok().as_deref() == Some(to) {
        return Ok(());
    }
    let _ = std::fs::remove_file(link);
    std::os::unix::fs::symlink(to, link).with_context(|| link.display().to_string())
}

/// The value of the first `#define name value` of a header.
fn defined(header: &Path, name: &str) -> Result<u64> {
    let text = std::fs::read_to_string(header).with_context(|| header.display().to_string())?;
    let value = text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let found = words.next() == Some("#define") && words.next() == Some(name);
        words.next().filter(|_| found)
    });
    let number = value.and_then(|value| value.parse().ok());
    number.with_context(|| format!("{} defines no number {name}", header.display()))
}
