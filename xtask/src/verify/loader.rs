// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What each kernel's loader carries out.

use object::elf;

/// A kernel's loader.
pub(super) struct Loader {
    /// Relocations that it knows, with their names.
    relocations: &'static [(u32, &'static str)],
    /// Beginnings of symbols that it makes itself.
    made: &'static [&'static str],
}

impl Loader {
    /// The name of a relocation, if the loader knows it.
    pub(super) fn relocation(&self, kind: u32) -> Option<&'static str> {
        self.relocations.iter().find(|(known, _)| *known == kind).map(|(_, name)| *name)
    }

    /// Whether the loader itself makes that symbol.
    pub(super) fn provides(&self, symbol: &str) -> bool {
        self.made.iter().any(|prefix| symbol.starts_with(prefix))
    }
}

/// arch/x86/kernel/module.c
pub(super) const LINUX: Loader = Loader {
    relocations: &[
        (elf::R_X86_64_NONE, "NONE"),
        (elf::R_X86_64_64, "64"),
        (elf::R_X86_64_32, "32"),
        (elf::R_X86_64_32S, "32S"),
        (elf::R_X86_64_PC32, "PC32"),
        (elf::R_X86_64_PLT32, "PLT32"),
        (elf::R_X86_64_PC64, "PC64"),
    ],
    made: &[],
};

/// sys/amd64/amd64/elf_machdep.c. Ends of linker sets: sys/kern/link_elf_obj.c.
pub(super) const FREEBSD: Loader = Loader {
    relocations: &[
        (elf::R_X86_64_NONE, "NONE"),
        (elf::R_X86_64_64, "64"),
        (elf::R_X86_64_32S, "32S"),
        (elf::R_X86_64_PC32, "PC32"),
        (elf::R_X86_64_PLT32, "PLT32"),
        (elf::R_X86_64_GLOB_DAT, "GLOB_DAT"),
        (elf::R_X86_64_JUMP_SLOT, "JMP_SLOT"),
        (elf::R_X86_64_RELATIVE, "RELATIVE"),
        (elf::R_X86_64_IRELATIVE, "IRELATIVE"),
    ],
    made: &["__start_set_", "__stop_set_"],
};

/// sys/arch/amd64/amd64/kobj_machdep.c
pub(super) const NETBSD: Loader = Loader {
    relocations: &[
        (elf::R_X86_64_NONE, "NONE"),
        (elf::R_X86_64_64, "64"),
        (elf::R_X86_64_32, "32"),
        (elf::R_X86_64_32S, "32S"),
        (elf::R_X86_64_PC32, "PC32"),
        (elf::R_X86_64_PLT32, "PLT32"),
        (elf::R_X86_64_GLOB_DAT, "GLOB_DAT"),
        (elf::R_X86_64_JUMP_SLOT, "JUMP_SLOT"),
        (elf::R_X86_64_RELATIVE, "RELATIVE"),
    ],
    made: &[],
};

/// OpenBSD has no loader: its linker makes the kernel anew. Neither a table of addresses (GOT) nor
/// memory of threads has a place in it. The stack protector's value is hidden from all but the kernel's own
/// objects.
pub(super) const OPENBSD: Loader = Loader {
    relocations: &[
        (elf::R_X86_64_NONE, "NONE"),
        (elf::R_X86_64_64, "64"),
        (elf::R_X86_64_32, "32"),
        (elf::R_X86_64_32S, "32S"),
        (elf::R_X86_64_PC32, "PC32"),
        (elf::R_X86_64_PLT32, "PLT32"),
        (elf::R_X86_64_PC64, "PC64"),
    ],
    made: &["__guard_local"],
};
