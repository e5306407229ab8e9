// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! OpenBSD: what a kernel configuration refers to.

use object::elf;

use super::super::checks::Check;
use super::super::module::Module;

/// `struct cfattach` and `struct cfdriver`.
pub(super) const GLOBALS: [&str; 2] = ["tern_ca", "tern_cd"];

/// The checks.
pub(super) fn checks(module: &Module) -> Vec<Check> {
    let mut problems = Vec::new();
    for name in GLOBALS {
        if !module.globals.contains(name) {
            problems.push(format!("{name} is not there: ioconf.c refers to it"));
        }
    }
    for header in &module.headers {
        if matches!(header.kind, elf::SHT_INIT_ARRAY | elf::SHT_FINI_ARRAY) {
            problems.push(format!("{} would never be run", header.name));
        }
    }
    let sections = module.sections.len();
    vec![Check::new("sections", format!("{sections} for the kernel's linker"), problems)]
}
