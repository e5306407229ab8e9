// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A small loader of relocatable objects, as kernels have one: the module as built, and the fake
//! kernel. Both lie below 2 GiB, where the kernel code model works in a process.

mod image;
mod memory;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result, bail};

pub use image::Image;

use crate::engine::{self, Kernel};

/// One KPI of the fake kernel's list.
#[derive(Clone, Debug)]
pub struct Kpi {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: usize,
    /// What is checked of each call.
    pub checks: String,
}

/// `struct rig_kpi`.
#[repr(C)]
struct RawKpi {
    name: *const std::ffi::c_char,
    address: usize,
    checks: *const std::ffi::c_char,
}

static MODULE: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

/// A symbol of the loaded module.
pub(crate) fn module_symbol(name: &str) -> Option<usize> {
    MODULE.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied()
}

/// Loads the fake kernel; says what it offers.
///
/// # Errors
///
/// No such file, no such object; it calls what rig.h does not have.
pub fn load_kernel(path: &Path) -> Result<(Kernel, Vec<Kpi>)> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let resolve = |name: &str| engine::primitive(name);
    let image = Image::load(&bytes, "the fake kernel", true, &resolve)
        .with_context(|| format!("loading {}", path.display()))?;
    let table = image.symbol("rig_kernel").context("the fake kernel has no rig_kernel")?;
    let kpis = kpis(&image);
    if kpis.is_empty() {
        bail!("the fake kernel has no list of KPIs");
    }
    // SAFETY: the image is never taken out of memory.
    let kernel = unsafe { Kernel::at(table) }.map_err(anyhow::Error::msg)?;
    Ok((kernel, kpis))
}

fn kpis(image: &Image) -> Vec<Kpi> {
    let Some((at, len)) = image.section("rig_kpis") else { return Vec::new() };
    let count = len / size_of::<RawKpi>();
    // SAFETY: RIG_KPI puts nothing else into this section, and the loader has relocated it.
    let raw = unsafe { std::slice::from_raw_parts(at as *const RawKpi, count) };
    // SAFETY: both are string constants.
    let text = |at| unsafe { std::ffi::CStr::from_ptr(at) }.to_string_lossy().into_owned();
    let kpi =
        |raw: &RawKpi| Kpi { name: text(raw.name), address: raw.address, checks: text(raw.checks) };
    raw.iter().map(kpi).collect()
}

/// Loads the module, which can import KPIs of that list and nothing else.
///
/// # Errors
///
/// No such file; a symbol that is not in the list, all of which are named.
pub fn load_module(path: &Path, kpis: &[Kpi]) -> Result<Image> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let known: BTreeMap<&str, usize> =
        kpis.iter().map(|kpi| (kpi.name.as_str(), kpi.address)).collect();
    let resolve = |name: &str| known.get(name).copied();
    let image = Image::load(&bytes, "the module", false, &resolve)
        .with_context(|| format!("loading {}", path.display()))?;
    *MODULE.lock().unwrap_or_else(PoisonError::into_inner) = image.symbols().clone();
    engine::lock().set_sections(image.sections().to_vec());
    Ok(image)
}

/// Takes the module out of memory: whatever still calls it ends in a report.
pub fn unload_module(image: Image) {
    MODULE.lock().unwrap_or_else(PoisonError::into_inner).clear();
    engine::lock().remove_module_areas();
    image.unmap();
}
