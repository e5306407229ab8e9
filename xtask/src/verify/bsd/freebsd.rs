// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! FreeBSD: what sys/kern/link_elf_obj.c and kern_linker.c want, and devmatch(8).

use std::collections::BTreeSet;

use object::elf;

use super::super::checks::Check;
use super::super::module::{Module, Place, Section};

/// Kinds of `struct mod_metadata` (sys/module.h).
const DEPEND: u32 = 1;
const MODULE: u32 = 2;
const VERSION: u32 = 3;
const PNP_INFO: u32 = 4;

/// Bytes of `struct usb_device_id`; vendor and product are its second and third half-word.
const USB_ID_BYTES: usize = 32;

/// The checks, for a kernel of that `__FreeBSD_version`.
pub(super) fn checks(module: &Module, version: u64, ids: &[(u16, u16)]) -> Vec<Check> {
    vec![sections(module), information(module, version), devices(module, ids)]
}

fn sections(module: &Module) -> Check {
    let mut problems = Vec::new();
    for name in ["set_modmetadata_set", "set_sysinit_set"] {
        if module.section(name).is_none_or(|(_, set)| set.size == 0) {
            problems.push(format!("{name} is empty: nothing would happen at kldload"));
        }
    }
    let sets: Vec<&Section> =
        module.sections.values().filter(|section| section.name.starts_with("set_")).collect();
    for set in &sets {
        let whole = set.size.is_multiple_of(8) && set.relocations.len() as u64 == set.size / 8;
        // These two hold variables, not pointers.
        if !whole && set.name != "set_pcpu" && set.name != "set_vnet" {
            problems.push(format!("{} is not made of pointers", set.name));
        }
    }
    for header in &module.headers {
        if matches!(header.kind, elf::SHT_INIT_ARRAY | elf::SHT_FINI_ARRAY) {
            problems.push(format!("{} wants to be run before the module", header.name));
        }
    }
    let names: Vec<&str> = sets.iter().map(|set| set.name.as_str()).collect();
    Check::new("sections", format!("linker sets {}", names.join(" ")), problems)
}

/// An entry of `set_modmetadata_set`: its kind, what it is about, and its data.
struct Metadata {
    kind: u32,
    name: String,
    data: Option<Place>,
}

fn metadata(module: &Module) -> Vec<Metadata> {
    let Some((at, set)) = module.section("set_modmetadata_set") else { return Vec::new() };
    let entries = (0..set.size).step_by(8).filter_map(|offset| module.pointer((at, offset)));
    entries
        .filter_map(|(at, from)| {
            let name = module.pointer((at, from + 16)).and_then(|place| module.text(place));
            Some(Metadata {
                kind: module.number((at, from + 4))?,
                name: name.unwrap_or_default(),
                data: module.pointer((at, from + 8)),
            })
        })
        .collect()
}

fn information(module: &Module, version: u64) -> Check {
    let all = metadata(module);
    let of_kind = |kind| all.iter().filter(move |entry| entry.kind == kind);
    let mut problems = Vec::new();
    for (kind, name, what) in [
        (DEPEND, "usb", "does not depend on usb"),
        (VERSION, "tern", "has no version"),
        (PNP_INFO, "uhub", "tells devmatch(8) nothing of USB devices"),
    ] {
        if !of_kind(kind).any(|entry| entry.name == name) {
            problems.push(format!("it {what}"));
        }
    }
    if of_kind(MODULE).next().is_none() {
        problems.push("it declares no module".to_string());
    }
    let kernel = of_kind(DEPEND).find(|entry| entry.name == "kernel").and_then(|entry| entry.data);
    let bounds = kernel
        .and_then(|(at, from)| Some((module.number((at, from))?, module.number((at, from + 8))?)));
    match bounds {
        Some((least, most)) if !(u64::from(least)..=u64::from(most)).contains(&version) => {
            problems.push(format!("it is for {least} to {most}, its headers are of {version}"));
        }
        Some(_) => {}
        None => problems.push("it does not say which kernel it is for".to_string()),
    }
    let names: BTreeSet<&str> = of_kind(DEPEND).map(|entry| entry.name.as_str()).collect();
    let (least, most) = bounds.unwrap_or_default();
    let measured = format!(
        "kernels {least} to {most}, depends on {}",
        names.into_iter().collect::<Vec<_>>().join(" ")
    );
    Check::new("module information", measured, problems)
}

/// Whether the table that devmatch(8) reads names every device.
fn devices(module: &Module, ids: &[(u16, u16)]) -> Check {
    let data = module.section("usb_host_id").map_or(&[][..], |(_, section)| &section.data);
    let half = |entry: &[u8], at: usize| u16::from_le_bytes([entry[at], entry[at + 1]]);
    let named: BTreeSet<(u16, u16)> =
        data.chunks_exact(USB_ID_BYTES).map(|entry| (half(entry, 2), half(entry, 4))).collect();
    let wanted: BTreeSet<(u16, u16)> = ids.iter().copied().collect();
    let problems = wanted
        .symmetric_difference(&named)
        .map(|(vendor, product)| format!("{vendor:04x}:{product:04x} is in one table only"))
        .collect();
    Check::new("USB ids", format!("{} for {} devices", named.len(), wanted.len()), problems)
}
