// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Who calls whom, and how deep the stack gets on the way.
//!
//! Indirect calls, the rule: a call through a pointer loaded from offset N of a table may reach every
//! function that stands at offset N of any table of function pointers of the module (a Rust vtable); if
//! no table has a function there, or the offset is not known, every function whose address the code
//! takes. But each [`Kind`] of function calls only its own kind so: no pointer to a function crosses the
//! border between Rust and C (the shim's declarations have none), and what a `Formatter` leads to
//! (`dyn Write`, the arguments of `format_args!`) is formatting, and called by formatting. The kernel's
//! functions end a chain: their stack is not ours to bound.

use std::collections::{BTreeMap, BTreeSet};

use super::flow::{self, Callee, Flow};
use super::module::{Module, Place};

/// Functions of the kernel that end everything.
const KERNEL_PANIC: [&str; 1] = ["panic"];

/// What calls what through pointers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The shim's C.
    C,
    /// Rust.
    Rust,
    /// `core::fmt`, implementations of its traits, and what only those call.
    Formatting,
}

/// A call with its callees resolved to functions of the module.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    /// The called function.
    pub(super) to: usize,
    /// Bytes of the caller's stack in use at the call.
    pub(super) depth: i64,
    /// Whether it is called through a pointer.
    pub(super) indirect: bool,
}

/// The call graph.
pub(super) struct Graph {
    /// What was found in each function.
    pub(super) flows: Vec<Flow>,
    /// Calls within the module, by caller.
    pub(super) edges: Vec<Vec<Edge>>,
    /// Functions that do nothing but panic, directly or by calling another of these.
    pub(super) panics: BTreeSet<usize>,
    /// Calls through pointers, all together.
    pub(super) indirect: usize,
    /// Calls through pointers of which the offset in a table is known.
    pub(super) by_table: usize,
}

impl Graph {
    /// Follows every function and resolves the calls.
    pub(super) fn new(module: &Module, is_rust: &dyn Fn(usize) -> bool) -> Self {
        let flows: Vec<Flow> =
            (0..module.functions.len()).map(|number| flow::follow(module, number)).collect();
        let kinds = kinds(module, &flows, is_rust);
        let [c, rust, formatting] = [Kind::C, Kind::Rust, Kind::Formatting]
            .map(|kind| Tables::new(module, &flows, &|function| kinds[function] == kind));
        let (edges, panics) = (Vec::new(), BTreeSet::new());
        let mut graph = Self { flows, edges, panics, indirect: 0, by_table: 0 };
        for (number, kind) in kinds.iter().enumerate() {
            let tables = match kind {
                Kind::C => &c,
                Kind::Rust => &rust,
                Kind::Formatting => &formatting,
            };
            let edges = graph.resolve(number, tables);
            graph.edges.push(edges);
        }
        graph.find_panics(module);
        graph
    }

    /// What begins or ends a panic by its name, and what does not return for it.
    fn find_panics(&mut self, module: &Module) {
        for (number, flow) in self.flows.iter().enumerate() {
            let name = &module.functions[number].name;
            let calls_panic = flow.calls.iter().any(|call| {
                matches!(&call.callee, Callee::Kernel(name) if KERNEL_PANIC.contains(&name.as_str()))
            });
            // What also returns asserts something: a kernel built so has that in its inline functions.
            if name.starts_with("core::panicking::")
                || name.contains("rust_begin_unwind")
                || (calls_panic && !flow.returns)
            {
                self.panics.insert(number);
            }
        }
        loop {
            let more: Vec<usize> = (0..self.flows.len())
                .filter(|number| !self.panics.contains(number) && !self.flows[*number].returns)
                .filter(|number| self.edges[*number].iter().any(|e| self.panics.contains(&e.to)))
                .collect();
            if more.is_empty() {
                break;
            }
            self.panics.extend(more);
        }
    }

    fn resolve(&mut self, number: usize, tables: &Tables) -> Vec<Edge> {
        let mut edges = BTreeSet::new();
        for call in &self.flows[number].calls {
            let depth = call.depth;
            match &call.callee {
                Callee::Kernel(_) => {}
                Callee::Function(to) => {
                    edges.insert(Edge { to: *to, depth, indirect: false });
                }
                Callee::Pointer(offset) => {
                    let at_offset = offset.and_then(|offset| tables.by_offset.get(&offset));
                    self.indirect += 1;
                    self.by_table += usize::from(at_offset.is_some());
                    for to in at_offset.unwrap_or(&tables.taken) {
                        edges.insert(Edge { to: *to, depth, indirect: true });
                    }
                }
            }
        }
        edges.into_iter().collect()
    }

    /// Every function that can run when those in `roots` are called.
    pub(super) fn reachable(&self, roots: &[usize]) -> BTreeSet<usize> {
        let mut reached: BTreeSet<usize> = roots.iter().copied().collect();
        let mut waiting: Vec<usize> = roots.to_vec();
        while let Some(number) = waiting.pop() {
            for edge in &self.edges[number] {
                if reached.insert(edge.to) {
                    waiting.push(edge.to);
                }
            }
        }
        reached
    }

    /// A shortest way from one of `roots` to a function that `is_goal`.
    pub(super) fn path(
        &self,
        roots: &[usize],
        is_goal: impl Fn(usize) -> bool,
    ) -> Option<Vec<usize>> {
        let mut from: BTreeMap<usize, usize> = BTreeMap::new();
        let mut waiting: std::collections::VecDeque<usize> = roots.iter().copied().collect();
        while let Some(number) = waiting.pop_front() {
            if is_goal(number) {
                let mut path = vec![number];
                let mut at = number;
                while let Some(before) = from.get(&at).filter(|_| !roots.contains(&at)) {
                    path.push(*before);
                    at = *before;
                }
                path.reverse();
                return Some(path);
            }
            for edge in &self.edges[number] {
                if !roots.contains(&edge.to) && !from.contains_key(&edge.to) {
                    from.insert(edge.to, number);
                    waiting.push_back(edge.to);
                }
            }
        }
        None
    }
}

/// The kinds of all functions.
fn kinds(module: &Module, flows: &[Flow], is_rust: &dyn Fn(usize) -> bool) -> Vec<Kind> {
    let mut callers: Vec<Vec<usize>> = vec![Vec::new(); flows.len()];
    for (number, flow) in flows.iter().enumerate() {
        for call in &flow.calls {
            if let Callee::Function(to) = call.callee {
                callers[to].push(number);
            }
        }
    }
    let mut kinds: Vec<Kind> = (0..flows.len())
        .map(|number| match module.functions[number].name.contains("core::fmt::") {
            true => Kind::Formatting,
            false if is_rust(number) => Kind::Rust,
            false => Kind::C,
        })
        .collect();
    loop {
        let more: Vec<usize> = (0..flows.len())
            .filter(|number| kinds[*number] == Kind::Rust && !callers[*number].is_empty())
            .filter(|number| callers[*number].iter().all(|at| kinds[*at] == Kind::Formatting))
            .collect();
        if more.is_empty() {
            return kinds;
        }
        for number in more {
            kinds[number] = Kind::Formatting;
        }
    }
}

/// Functions that pointers may lead to.
struct Tables {
    /// By their offset in a table.
    by_offset: BTreeMap<i64, BTreeSet<usize>>,
    /// All whose address is taken by code.
    taken: BTreeSet<usize>,
}

impl Tables {
    /// Of the functions that are `wanted`.
    fn new(module: &Module, flows: &[Flow], wanted: &dyn Fn(usize) -> bool) -> Self {
        let taken = flows.iter().flat_map(|flow| flow.taken.iter().copied());
        let taken = taken.filter(|function| wanted(*function)).collect();
        let mut tables = Self { by_offset: BTreeMap::new(), taken };
        for section in module.sections.values().filter(|section| is_data(&section.name)) {
            let pointers: BTreeMap<u64, usize> = section
                .relocations
                .iter()
                .filter(|(_, relocation)| relocation.kind == object::elf::R_X86_64_64)
                .filter_map(|(at, relocation)| {
                    let place: Place = flow::destination(relocation, 0)?;
                    let function = module.at(place).filter(|function| wanted(*function))?;
                    Some((*at, function))
                })
                .collect();
            let relocated: BTreeSet<u64> = section.relocations.keys().copied().collect();
            tables.vtables(&pointers, &relocated, &section.data);
        }
        tables
    }

    /// Finds vtables: drop function (or nothing), size, alignment, then the methods. The methods go on for as
    /// long as there are relocations, which may take in the first word of the next table: too many
    /// rather than too few. Pointers that stand in no vtable may be called from anywhere.
    fn vtables(&mut self, pointers: &BTreeMap<u64, usize>, relocated: &BTreeSet<u64>, data: &[u8]) {
        let mut in_table: BTreeSet<u64> = BTreeSet::new();
        for &first in pointers.keys() {
            let Some(start) = first.checked_sub(24) else { continue };
            let plain = !relocated.contains(&(start + 8)) && !relocated.contains(&(start + 16));
            let align = word(data, start + 16);
            if !plain || !align.is_some_and(|align| align.is_power_of_two() && align <= 4096) {
                continue;
            }
            for at in (0..).map(|method: u64| start + 24 + 8 * method) {
                if !relocated.contains(&at) {
                    break;
                }
                if let Some(function) = pointers.get(&at) {
                    self.by_offset.entry((at - start) as i64).or_default().insert(*function);
                    in_table.insert(at);
                }
            }
            if let Some(drop) = pointers.get(&start) {
                self.by_offset.entry(0).or_default().insert(*drop);
                in_table.insert(start);
            }
        }
        let loose = pointers.iter().filter(|(at, _)| !in_table.contains(at));
        self.taken.extend(loose.map(|(_, function)| *function));
    }
}

/// Whether a section holds data of the code's own (and not tables for the kernel's tools).
fn is_data(name: &str) -> bool {
    [".data", ".rodata"].iter().any(|prefix| name.starts_with(prefix))
}

fn word(data: &[u8], at: u64) -> Option<u64> {
    let at = usize::try_from(at).ok()?;
    let bytes = data.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}
