// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! NetBSD: what sys/kern/subr_kobj.c and kern_module.c want.

use object::elf;

use super::super::checks::Check;
use super::super::module::{Module, Place};

/// Sections that a module may have at most.
const SECTIONS_MAX: usize = 32_768;

/// `MODULE_CLASS_DRIVER`.
const CLASS_DRIVER: u32 = 3;

/// The checks, for a kernel of that `__NetBSD_Version__`.
pub(super) fn checks(module: &Module, version: u64) -> Vec<Check> {
    vec![sections(module), information(module, version)]
}

fn sections(module: &Module) -> Check {
    let mut problems = Vec::new();
    let symtabs = module.headers.iter().filter(|h| h.kind == elf::SHT_SYMTAB).count();
    if symtabs != 1 {
        problems.push(format!("{symtabs} symbol tables"));
    }
    if module.headers.len() >= SECTIONS_MAX {
        problems.push(format!("{} sections", module.headers.len()));
    }
    if module.section(".text").is_none_or(|(_, text)| text.size == 0) {
        problems.push("no code".to_string());
    }
    let contents = |kind| kind == elf::SHT_PROGBITS || kind == elf::SHT_NOBITS;
    for header in &module.headers {
        let name = &header.name;
        match header.kind {
            kind if contents(kind) && header.align == 0 => {
                problems.push(format!("{name} has an alignment of 0"));
            }
            kind if contents(kind) && !header.is_loaded => {
                problems.push(format!(
                    "{name} would be loaded, though nothing of the program is in it"
                ));
            }
            elf::SHT_INIT_ARRAY | elf::SHT_FINI_ARRAY | elf::SHT_PREINIT_ARRAY => {
                problems.push(format!("{name} would never be run"));
            }
            _ => {}
        }
    }
    problems.extend(module.weak.iter().map(|name| format!("{name} is weak, which is refused")));
    let measured = format!("{} sections, {symtabs} symbol table", module.headers.len());
    Check::new("sections", measured, problems)
}

/// `modinfo_t`, to which the one entry of link_set_modules points.
fn information(module: &Module, version: u64) -> Check {
    let mut problems = Vec::new();
    let set = module.section("link_set_modules");
    if set.is_none_or(|(_, set)| set.size != 8) {
        problems.push(format!(
            "link_set_modules has {} bytes and not the 8 of one pointer",
            set.map_or(0, |(_, set)| set.size)
        ));
    }
    let info = set.and_then(|(at, _)| module.pointer((at, 0)));
    let number = |offset| info.and_then(|(at, from)| module.number((at, from + offset)));
    let text = |offset| {
        let place: Option<Place> = info.and_then(|(at, from)| module.pointer((at, from + offset)));
        place.and_then(|place| module.text(place)).unwrap_or_default()
    };
    let built = number(0).unwrap_or_default();
    if u64::from(built) != version {
        problems.push(format!("it is for version {built}, and its headers are of {version}"));
    }
    if number(4) != Some(CLASS_DRIVER) {
        problems.push(format!("its class is {:?}, no driver's", number(4)));
    }
    if text(16) != "tern" {
        problems.push(format!("its name is {:?}", text(16)));
    }
    if info.is_some_and(|(at, from)| module.pointer((at, from + 8)).is_none()) {
        problems.push("it has no modcmd".to_string());
    }
    let measured = format!("{:?} for {built}, needs {:?}", text(16), text(24));
    Check::new("module information", measured, problems)
}
