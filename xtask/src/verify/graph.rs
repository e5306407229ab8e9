// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Who calls whom, and how deep the stack gets on the way.
//!
//! Indirect calls, the rule: a call through a pointer loaded from offset N of a table may reach every
//! function that stands at offset N of any table of function pointers of the module (a Rust vtable); if
//! no table has a function there, or the offset is not known, every function whose address the code
//! takes. The kernel's functions end a chain: their stack is not ours to bound.

use std::collections::{BTreeMap, BTreeSet};

use super::flow::{self, Callee, Flow};
use super::module::{Module, Place};

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
    /// Calls through pointers, all together.
    pub(super) indirect: usize,
    /// Calls through pointers of which the offset in a table is known.
    pub(super) by_table: usize,
}

impl Graph {
    /// Follows every function and resolves the calls.
    pub(super) fn new(module: &Module) -> Self {
        let flows: Vec<Flow> =
            (0..module.functions.len()).map(|number| flow::follow(module, number)).collect();
        let tables = Tables::new(module, &flows);
        let mut graph = Self { flows, edges: Vec::new(), indirect: 0, by_table: 0 };
        for number in 0..graph.flows.len() {
            let edges = graph.resolve(number, &tables);
            graph.edges.push(edges);
        }
        graph
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

/// Functions that pointers may lead to.
struct Tables {
    /// By their offset in a table.
    by_offset: BTreeMap<i64, BTreeSet<usize>>,
    /// All whose address is taken by code.
    taken: BTreeSet<usize>,
}

impl Tables {
    fn new(module: &Module, flows: &[Flow]) -> Self {
        let taken = flows.iter().flat_map(|flow| flow.taken.iter().copied()).collect();
        let mut tables = Self { by_offset: BTreeMap::new(), taken };
        for section in module.sections.values().filter(|section| is_data(&section.name)) {
            let pointers: BTreeMap<u64, usize> = section
                .relocations
                .iter()
                .filter(|(_, relocation)| relocation.kind == object::elf::R_X86_64_64)
                .filter_map(|(at, relocation)| {
                    let place: Place = flow::destination(relocation, 0)?;
                    module.at(place).map(|function| (*at, function))
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
