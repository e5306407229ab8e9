// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Ring 5's side of a build: the fake kernel, and the module with a mistake in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::{Bsd, Built, LLD, Plan, Request, glue, link, packaged, plan, tools};
use crate::build::Arch;
use crate::{lock, progress};

/// A mistake: in a file of the shim, a text becomes another one.
pub(crate) struct Mutation {
    pub(crate) file: &'static str,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
}

/// The usual build, which ring 5 is about.
fn request(bsd: Bsd) -> Request {
    Request { bsd, arch: Arch::X86_64, sysdir: None, objdir: None }
}

/// Prepares `work` for compiling as the shim is compiled.
fn prepare(request: &Request, work: &Path) -> Result<Plan> {
    tools()?;
    std::fs::create_dir_all(work).with_context(|| work.display().to_string())?;
    plan(request, Some(&packaged::fetch()?), work)
}

/// Where the fake kernel of a system is.
pub(crate) fn kernel_path(bsd: Bsd) -> PathBuf {
    progress::artefacts().join("rig").join(format!("{}.o", bsd.name()))
}

/// Compiles the fake kernel of a system against that system's headers, with the flags of the shim.
pub(crate) fn kernel(bsd: Bsd) -> Result<PathBuf> {
    let _held = lock::hold("build")?;
    let request = request(bsd);
    let work = progress::artefacts().join("rig").join(bsd.name());
    let plan = prepare(&request, &work)?;
    let sources = sources(bsd)?;
    progress::step(&format!("compile the fake kernel of {}: {} files", bsd.name(), sources.len()));
    let mut objects = Vec::new();
    for source in sources {
        let name = source.file_name().context("a file has a name")?;
        let object = work.join(name).with_extension("o");
        let mut clang = glue::command(&request, &plan, &work);
        clang.args(["-g1", "-Wno-error", "-Wno-missing-prototypes", "-fno-builtin"]);
        clang.arg("-c").arg(&source).arg("-o").arg(&object);
        progress::output(&mut clang).with_context(|| source.display().to_string())?;
        objects.push(object);
    }
    let path = kernel_path(bsd);
    let mut linker = Command::new(LLD);
    linker.args(["-m", "elf_x86_64", "-r", "-o"]).arg(&path).args(&objects);
    progress::output(&mut linker)?;
    Ok(path)
}

/// `rig/kernels/OS*.c`, in order of their names.
fn sources(bsd: Bsd) -> Result<Vec<PathBuf>> {
    let dir = progress::root().join("rig/kernels");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(bsd.name()) && name.ends_with(".c") {
            found.push(path);
        }
    }
    ensure!(!found.is_empty(), "{} has no fake kernel for {}", dir.display(), bsd.name());
    found.sort();
    Ok(found)
}

/// Links the module once more, with a mistake in one of its C files. The Rust side is that of the last
/// build; the module that was built stays as it is.
pub(crate) fn mutant(bsd: Bsd, name: &str, mutation: &Mutation) -> Result<Built> {
    let _held = lock::hold("build")?;
    let request = request(bsd);
    let built = progress::artefacts().join(bsd.name()).join("x86_64/build/core.o");
    ensure!(built.is_file(), "{} is not there: build the module first", built.display());
    let dir = progress::artefacts().join("rig/mutants").join(name);
    let work = dir.join("build");
    let plan = prepare(&request, &work)?;
    let source = bsd.shim().join(mutation.file);
    let text = std::fs::read_to_string(&source).with_context(|| source.display().to_string())?;
    let count = text.matches(mutation.from).count();
    ensure!(count == 1, "{}: {:?} is there {count} times", source.display(), mutation.from);
    let copy = work.join(mutation.file);
    std::fs::write(&copy, text.replace(mutation.from, mutation.to))?;
    let mut objects = glue::compile_with(&request, &plan, &work, &|path: &Path| {
        if path == source { copy.clone() } else { path.to_path_buf() }
    })?;
    objects.push(built);
    let module = link::module(&request, &plan, &objects, &dir)?;
    Ok(Built { release: plan.version, module })
}
