// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! One object in memory: sections by protection, relocations, symbols.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use object::{
    Object as _, ObjectSection as _, ObjectSymbol as _, RelocationFlags, RelocationTarget,
    SectionFlags, SectionIndex, elf, read::elf::ElfFile64,
};

use super::memory::{PAGE, Pages};
use crate::engine::{self, Area};

type File<'a> = ElfFile64<'a, object::Endianness>;

/// Bytes of a jump to anywhere: `jmp *0(%rip)` and the address.
const JUMP_LEN: usize = 16;
/// What a group of sections may do, in the order in which they lie in memory.
const GROUPS: [(&str, i32); 3] = [
    ("text", libc::PROT_READ | libc::PROT_EXEC),
    ("rodata", libc::PROT_READ),
    ("data", libc::PROT_READ | libc::PROT_WRITE),
];

/// An object in memory.
#[derive(Debug)]
pub struct Image {
    pages: Pages,
    by_index: BTreeMap<usize, usize>,
    sections: Vec<(String, usize, usize)>,
    symbols: BTreeMap<String, usize>,
}

/// How addresses of undefined symbols are found.
type Resolve<'r> = &'r dyn Fn(&str) -> Option<usize>;

/// Where everything is to lie.
struct Plan {
    /// Section index, group, offset.
    places: Vec<(usize, usize, usize)>,
    /// Offset and length of each group.
    groups: [(usize, usize); 3],
    jumps_at: usize,
    len: usize,
}

impl Image {
    /// Maps, relocates and protects a relocatable object for x86-64.
    ///
    /// # Errors
    ///
    /// Not such an object; relocations that kernels do not know; symbols that nobody has.
    pub fn load(bytes: &[u8], what: &str, is_kernel: bool, resolve: Resolve<'_>) -> Result<Self> {
        let file = File::parse(bytes).context("no ELF object")?;
        if file.kind() != object::ObjectKind::Relocatable
            || file.architecture() != object::Architecture::X86_64
        {
            bail!("no relocatable object for x86-64");
        }
        let undefined = undefined(&file);
        let plan = plan(&file, undefined.len())?;
        let pages = Pages::new(plan.len)?;
        let mut image = Self {
            pages,
            by_index: BTreeMap::new(),
            sections: Vec::new(),
            symbols: BTreeMap::new(),
        };
        image.copy(&file, &plan)?;
        image.find_symbols(&file)?;
        let outside = image.resolve(&undefined, &weak(&file), resolve)?;
        let jumps = image.make_jumps(&plan, &outside);
        image.relocate(&file, &outside, &jumps)?;
        image.protect(&plan, what, is_kernel)?;
        image.name(&file)?;
        Ok(image)
    }

    /// Address and length of a section.
    pub fn section(&self, name: &str) -> Option<(usize, usize)> {
        self.sections.iter().find(|(known, ..)| known == name).map(|(_, at, len)| (*at, *len))
    }

    /// All sections.
    pub fn sections(&self) -> &[(String, usize, usize)] {
        &self.sections
    }

    /// The address of a symbol.
    pub fn symbol(&self, name: &str) -> Option<usize> {
        self.symbols.get(name).copied()
    }

    /// All symbols, also local ones.
    pub fn symbols(&self) -> &BTreeMap<String, usize> {
        &self.symbols
    }

    /// Makes the image untouchable; its addresses are never used again.
    pub(super) fn unmap(self) {
        // A failure would leave the module callable, and the run less strict.
        let _ = self.pages.protect(0, self.pages.len, libc::PROT_NONE);
    }

    fn copy(&mut self, file: &File<'_>, plan: &Plan) -> Result<()> {
        for (index, _, offset) in &plan.places {
            let section = file.section_by_index(SectionIndex(*index))?;
            let at = self.pages.at + offset;
            let data = section.data()?;
            // SAFETY: the plan has room for the section there, and the pages are new: zero.
            unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), at as *mut u8, data.len()) };
            self.by_index.insert(*index, at);
            self.sections.push((section.name()?.to_owned(), at, section.size() as usize));
        }
        Ok(())
    }

    fn find_symbols(&mut self, file: &File<'_>) -> Result<()> {
        for symbol in file.symbols() {
            if symbol.is_common() {
                bail!("{} is a common symbol, which kernels do not load", symbol.name()?);
            }
            let Some(SectionIndex(index)) = symbol.section_index() else { continue };
            let Some(at) = self.by_index.get(&index) else { continue };
            let address = at + symbol.address() as usize;
            let name = symbol.name()?;
            if !name.is_empty() && (symbol.is_global() || !self.symbols.contains_key(name)) {
                self.symbols.insert(name.to_owned(), address);
            }
        }
        Ok(())
    }

    /// The ends of a section, which linkers and loaders of kernels provide by name.
    fn set_bound(&self, name: &str) -> Option<usize> {
        if let Some(section) = name.strip_prefix("__start_") {
            return Some(self.section(section).map_or(0, |(at, _)| at));
        }
        let section = name.strip_prefix("__stop_")?;
        // A set with nothing in it: both ends are the same.
        Some(self.section(section).map_or(0, |(at, len)| at + len))
    }

    fn resolve(
        &self,
        names: &BTreeSet<String>,
        weak: &BTreeSet<String>,
        find: Resolve<'_>,
    ) -> Result<BTreeMap<String, usize>> {
        let mut found = BTreeMap::new();
        let mut missing = Vec::new();
        for name in names {
            match find(name).or_else(|| self.set_bound(name)) {
                Some(at) => _ = found.insert(name.clone(), at),
                None if weak.contains(name) => _ = found.insert(name.clone(), 0),
                None => missing.push(name.as_str()),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        bail!("{} symbols that nobody has: {}", missing.len(), missing.join(" "))
    }

    /// A jump for each outside symbol that is too far for 32 bits.
    fn make_jumps(
        &self,
        plan: &Plan,
        outside: &BTreeMap<String, usize>,
    ) -> BTreeMap<String, usize> {
        let far = outside.iter().filter(|(_, at)| i32::try_from(**at).is_err());
        let mut jumps = BTreeMap::new();
        for (number, (name, target)) in far.enumerate() {
            let at = self.pages.at + plan.jumps_at + number * JUMP_LEN;
            let mut code = [0xff, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xcc, 0xcc];
            code[6..14].copy_from_slice(&target.to_le_bytes());
            // SAFETY: the plan has room for one jump for each undefined symbol.
            unsafe { std::ptr::copy_nonoverlapping(code.as_ptr(), at as *mut u8, JUMP_LEN) };
            jumps.insert(name.clone(), at);
        }
        jumps
    }

    fn relocate(
        &self,
        file: &File<'_>,
        outside: &BTreeMap<String, usize>,
        jumps: &BTreeMap<String, usize>,
    ) -> Result<()> {
        for (index, section_at) in &self.by_index {
            let section = file.section_by_index(SectionIndex(*index))?;
            for (offset, relocation) in section.relocations() {
                let RelocationFlags::Elf { r_type } = relocation.flags() else { continue };
                let RelocationTarget::Symbol(symbol) = relocation.target() else {
                    if r_type == elf::R_X86_64_NONE {
                        continue;
                    }
                    bail!("a relocation of type {r_type} without a symbol");
                };
                let symbol = file.symbol_by_index(symbol)?;
                let target = match symbol.section_index() {
                    Some(SectionIndex(index)) => {
                        let at = self.by_index.get(&index).with_context(|| {
                            format!("a relocation against a section that is not loaded ({index})")
                        })?;
                        at + symbol.address() as usize
                    }
                    None if symbol.section() == object::SymbolSection::Absolute => {
                        symbol.address() as usize
                    }
                    None => {
                        let name = symbol.name()?;
                        let is_near = r_type != elf::R_X86_64_64;
                        let jump = jumps.get(name).filter(|_| is_near);
                        *jump.or_else(|| outside.get(name)).context("an undefined symbol")?
                    }
                };
                if section.size() < offset + 4 {
                    bail!("a relocation outside of its section");
                }
                let value = (target as i64).wrapping_add(relocation.addend());
                apply(r_type, *section_at + offset as usize, value).with_context(|| {
                    let name = symbol.name().unwrap_or_default();
                    format!("relocation against {name} in {}", section.name().unwrap_or_default())
                })?;
            }
        }
        Ok(())
    }

    fn protect(&self, plan: &Plan, what: &str, is_kernel: bool) -> Result<()> {
        for ((name, protection), (offset, len)) in GROUPS.iter().zip(plan.groups) {
            if len == 0 {
                continue;
            }
            self.pages.protect(offset, len, *protection)?;
            engine::lock().add_area(Area {
                from: self.pages.at + offset,
                to: self.pages.at + offset + len,
                is_code: protection & libc::PROT_EXEC != 0,
                is_writable: protection & libc::PROT_WRITE != 0,
                is_kernel,
                name: format!("{name} of {what}"),
            });
            // The page behind a group cannot be touched.
            let end = (offset + len).next_multiple_of(PAGE);
            if end < self.pages.len {
                self.pages.protect(end, PAGE, libc::PROT_NONE)?;
            }
        }
        Ok(())
    }

    fn name(&self, file: &File<'_>) -> Result<()> {
        let mut state = engine::lock();
        for symbol in file.symbols() {
            let Some(SectionIndex(index)) = symbol.section_index() else { continue };
            let Some(at) = self.by_index.get(&index) else { continue };
            let name = symbol.name()?;
            let is_useful = symbol.size() > 0 && !name.is_empty();
            if is_useful {
                state.add_name(at + symbol.address() as usize, symbol.size() as usize, name);
            }
        }
        Ok(())
    }
}

fn apply(kind: u32, at: usize, value: i64) -> Result<()> {
    let relative = value.wrapping_sub(at as i64);
    match kind {
        elf::R_X86_64_NONE => {}
        // SAFETY: the caller has checked the place; the pages are still writable.
        elf::R_X86_64_64 => unsafe { (at as *mut i64).write_unaligned(value) },
        elf::R_X86_64_PC32 | elf::R_X86_64_PLT32 => write_32(at, i32::try_from(relative).ok())?,
        elf::R_X86_64_32S => write_32(at, i32::try_from(value).ok())?,
        elf::R_X86_64_32 => write_32(at, u32::try_from(value).ok().map(u32::cast_signed))?,
        other => bail!("type {other}, which kernels do not load"),
    }
    Ok(())
}

fn write_32(at: usize, value: Option<i32>) -> Result<()> {
    let value = value.context("too far away for 32 bits")?;
    // SAFETY: as for 64 bits.
    unsafe { (at as *mut i32).write_unaligned(value) };
    Ok(())
}

/// Symbols that the object can do without: it looks whether their address is 0.
fn weak(file: &File<'_>) -> BTreeSet<String> {
    let weak = file.symbols().filter(|it| it.is_undefined() && it.is_weak());
    weak.filter_map(|symbol| symbol.name().ok().map(str::to_owned)).collect()
}

fn undefined(file: &File<'_>) -> BTreeSet<String> {
    let names = file.symbols().filter(object::ObjectSymbol::is_undefined);
    let names = names.filter_map(|symbol| symbol.name().ok().map(str::to_owned));
    names.filter(|name| !name.is_empty()).collect()
}

fn plan(file: &File<'_>, undefined: usize) -> Result<Plan> {
    let mut plan = Plan { places: Vec::new(), groups: [(0, 0); 3], jumps_at: 0, len: 0 };
    for group in 0..GROUPS.len() {
        let start = plan.len;
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else { continue };
            let has = |flag: u32| sh_flags & u64::from(flag) != 0;
            let of = match (has(elf::SHF_EXECINSTR), has(elf::SHF_WRITE)) {
                (true, _) => 0,
                (false, false) => 1,
                (false, true) => 2,
            };
            if !has(elf::SHF_ALLOC) || of != group || section.size() == 0 {
                continue;
            }
            if has(elf::SHF_TLS) {
                bail!("a section for thread-local variables");
            }
            let offset = plan.len.next_multiple_of(section.align().max(1) as usize);
            plan.places.push((section.index().0, group, offset));
            plan.len = offset + section.size() as usize;
        }
        if group == 0 {
            plan.jumps_at = plan.len.next_multiple_of(JUMP_LEN);
            plan.len = plan.jumps_at + undefined * JUMP_LEN;
        }
        plan.groups[group] = (start, plan.len - start);
        // A page between the groups.
        plan.len = plan.len.next_multiple_of(PAGE) + PAGE;
    }
    Ok(plan)
}
