// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A relocatable object as the checks see it: functions, relocations, undefined symbols.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use object::read::elf::SectionHeader as _;
use object::{
    Object as _, ObjectSection as _, ObjectSymbol as _, RelocationFlags, RelocationTarget,
    SectionFlags, SectionIndex, SymbolKind,
};

/// Where something is: a section and an offset in it.
pub(super) type Place = (usize, u64);

/// A function with its code.
pub(super) struct Function {
    /// Name, demangled and without the compiler's hash.
    pub(super) name: String,
    /// Name as in the symbol table.
    pub(super) symbol: String,
    /// Where it begins.
    pub(super) place: Place,
    /// Its bytes.
    pub(super) code: Vec<u8>,
}

/// What a relocation points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A place in this object (the symbol's, without the addend).
    Here(Place),
    /// A symbol of the kernel's.
    Kernel(String),
}

/// A relocation.
#[derive(Clone, Debug)]
pub(super) struct Relocation {
    /// Its type, as the processor's ABI numbers it.
    pub(super) kind: u32,
    /// What it points to.
    pub(super) target: Target,
    /// What is added.
    pub(super) addend: i64,
}

/// A section that is loaded.
pub(super) struct Section {
    /// Its name.
    pub(super) name: String,
    /// Whether it holds instructions.
    pub(super) is_code: bool,
    /// Its bytes (none for zeroed ones).
    pub(super) data: Vec<u8>,
    /// Its size in the kernel.
    pub(super) size: u64,
    /// Relocations by offset.
    pub(super) relocations: BTreeMap<u64, Relocation>,
}

/// A section header as a loader reads it.
pub(super) struct Header {
    /// The section's name.
    pub(super) name: String,
    /// `sh_type`.
    pub(super) kind: u32,
    /// Whether it is part of the program (`SHF_ALLOC`).
    pub(super) is_loaded: bool,
    /// `sh_addralign`.
    pub(super) align: u64,
}

/// A relocatable object.
pub(super) struct Module {
    /// Sections that are loaded, by index.
    pub(super) sections: BTreeMap<usize, Section>,
    /// Functions in order of their places.
    pub(super) functions: Vec<Function>,
    /// Symbols that the kernel has to provide.
    pub(super) undefined: BTreeSet<String>,
    /// Those of them that may also be missing.
    pub(super) weak: BTreeSet<String>,
    /// Symbols that others can see.
    pub(super) globals: BTreeSet<String>,
    /// All section headers but the empty first one.
    pub(super) headers: Vec<Header>,
    /// Function numbers by place.
    starts: BTreeMap<Place, usize>,
}

impl Module {
    /// Reads an ELF relocatable object.
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let file = object::File::parse(bytes).context("no object file")?;
        anyhow::ensure!(
            file.kind() == object::ObjectKind::Relocatable
                && file.architecture() == object::Architecture::X86_64,
            "no relocatable object for x86_64"
        );
        let mut sections = BTreeMap::new();
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else { continue };
            if sh_flags & u64::from(object::elf::SHF_ALLOC) == 0 {
                continue;
            }
            sections.insert(
                section.index().0,
                Section {
                    name: section.name()?.to_string(),
                    is_code: sh_flags & u64::from(object::elf::SHF_EXECINSTR) != 0,
                    data: section.data()?.to_vec(),
                    size: section.size(),
                    relocations: relocations(&file, &section)?,
                },
            );
        }
        let names = |wanted: &dyn Fn(&object::Symbol<'_, '_>) -> bool| -> BTreeSet<String> {
            file.symbols()
                .filter(|symbol| wanted(symbol))
                .filter_map(|symbol| symbol.name().ok().map(str::to_string))
                .filter(|name| !name.is_empty())
                .collect()
        };
        let undefined = names(&|symbol| symbol.is_undefined());
        let weak = names(&|symbol| symbol.is_undefined() && symbol.is_weak());
        let globals = names(&|symbol| !symbol.is_undefined() && symbol.is_global());
        let functions = functions(&file, &sections)?;
        let starts = functions.iter().enumerate().map(|(at, f)| (f.place, at)).collect();
        let headers = headers(bytes)?;
        Ok(Self { sections, functions, undefined, weak, globals, headers, starts })
    }

    /// The section of that name and its number.
    pub(super) fn section(&self, name: &str) -> Option<(usize, &Section)> {
        let found = self.sections.iter().find(|(_, section)| section.name == name);
        found.map(|(at, section)| (*at, section))
    }

    /// What the pointer at `place` points to, if to something in the module.
    pub(super) fn pointer(&self, place: Place) -> Option<Place> {
        let relocation = self.sections.get(&place.0)?.relocations.get(&place.1)?;
        let Target::Here((section, offset)) = relocation.target else { return None };
        let at = i64::try_from(offset).ok()?.checked_add(relocation.addend)?;
        Some((section, u64::try_from(at).ok()?))
    }

    /// Bytes at `place`.
    pub(super) fn bytes(&self, place: Place, len: usize) -> Option<&[u8]> {
        let from = usize::try_from(place.1).ok()?;
        self.sections.get(&place.0)?.data.get(from..from.checked_add(len)?)
    }

    /// A number of 32 bits at `place`.
    pub(super) fn number(&self, place: Place) -> Option<u32> {
        Some(u32::from_le_bytes(self.bytes(place, 4)?.try_into().ok()?))
    }

    /// A text that ends with a zero at `place`.
    pub(super) fn text(&self, place: Place) -> Option<String> {
        let from = usize::try_from(place.1).ok()?;
        let data = self.sections.get(&place.0)?.data.get(from..)?;
        let end = data.iter().position(|byte| *byte == 0)?;
        Some(String::from_utf8_lossy(&data[..end]).into_owned())
    }

    /// The function that begins at `place`.
    pub(super) fn at(&self, place: Place) -> Option<usize> {
        self.starts.get(&place).copied()
    }

    /// The function that `place` is in.
    pub(super) fn around(&self, place: Place) -> Option<usize> {
        let (start, at) = self.starts.range(..=place).next_back()?;
        let end = start.1 + self.functions[*at].code.len() as u64;
        (start.0 == place.0 && place.1 < end).then_some(*at)
    }

    /// The function of that symbol.
    pub(super) fn named(&self, symbol: &str) -> Option<usize> {
        self.functions.iter().position(|function| function.symbol == symbol)
    }

    /// Relocations of a function's code between two offsets of its section.
    pub(super) fn relocations(
        &self,
        section: usize,
        from: u64,
        to: u64,
    ) -> impl Iterator<Item = (u64, &Relocation)> {
        self.sections
            .get(&section)
            .into_iter()
            .flat_map(move |section| section.relocations.range(from..to))
            .map(|(offset, relocation)| (*offset, relocation))
    }
}

/// The section headers.
fn headers(bytes: &[u8]) -> Result<Vec<Header>> {
    let file = object::read::elf::ElfFile64::<object::Endianness>::parse(bytes)?;
    let (endian, table) = (file.endian(), file.elf_section_table());
    let mut headers = Vec::new();
    for header in table.iter().skip(1) {
        headers.push(Header {
            name: String::from_utf8_lossy(table.section_name(endian, header)?).into_owned(),
            kind: header.sh_type(endian),
            is_loaded: header.sh_flags(endian) & u64::from(object::elf::SHF_ALLOC) != 0,
            align: header.sh_addralign(endian),
        });
    }
    Ok(headers)
}

fn relocations<'a>(
    file: &object::File<'a>,
    section: &object::Section<'a, '_>,
) -> Result<BTreeMap<u64, Relocation>> {
    let mut found = BTreeMap::new();
    for (offset, relocation) in section.relocations() {
        let RelocationFlags::Elf { r_type } = relocation.flags() else { continue };
        let target = match relocation.target() {
            RelocationTarget::Symbol(index) => {
                let symbol = file.symbol_by_index(index)?;
                match symbol.section_index() {
                    Some(SectionIndex(at)) => Target::Here((at, symbol.address())),
                    None => Target::Kernel(symbol.name()?.to_string()),
                }
            }
            _ => Target::Kernel(String::new()),
        };
        found.insert(offset, Relocation { kind: r_type, target, addend: relocation.addend() });
    }
    Ok(found)
}

fn functions(
    file: &object::File<'_>,
    sections: &BTreeMap<usize, Section>,
) -> Result<Vec<Function>> {
    let mut functions = BTreeMap::new();
    for symbol in file.symbols() {
        let (Some(SectionIndex(index)), SymbolKind::Text) = (symbol.section_index(), symbol.kind())
        else {
            continue;
        };
        let Some(section) = sections.get(&index).filter(|section| section.is_code) else {
            continue;
        };
        let (from, to) = (symbol.address() as usize, (symbol.address() + symbol.size()) as usize);
        let code = section.data.get(from..to).context("a function outside of its section")?;
        if code.is_empty() {
            continue;
        }
        let raw = symbol.name()?.to_string();
        let name = format!("{:#}", rustc_demangle::demangle(&raw));
        let place = (index, symbol.address());
        // Of two names for one place (an alias), the first stays.
        functions.entry(place).or_insert(Function {
            name,
            symbol: raw,
            place,
            code: code.to_vec(),
        });
    }
    Ok(functions.into_values().collect())
}
