// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The deepest chain of calls below each function.
//!
//! Functions that call each other in a circle are taken together: each of them once, one after the
//! other. A circle of direct calls is reported, for nothing bounds it; one that only the rule for indirect
//! calls closes is not (formatting calls formatting functions through pointers). A panic ends a chain:
//! nothing returns from there.

use std::collections::BTreeSet;

use super::graph::{Edge, Graph};

/// Stack of a function and what it calls.
#[derive(Clone, Default)]
pub(super) struct Chain {
    /// Bytes in all.
    pub(super) bytes: i64,
    /// The functions on the deepest way, from the top.
    pub(super) path: Vec<usize>,
}

/// Chains of all functions.
pub(super) struct Chains {
    /// By function.
    pub(super) of: Vec<Chain>,
    /// Circles of direct calls.
    pub(super) recursions: Vec<Vec<usize>>,
}

/// Computes the deepest chain below each function.
pub(super) fn chains(graph: &Graph) -> Chains {
    let edges: Vec<Vec<Edge>> = graph
        .edges
        .iter()
        .map(|edges| {
            edges.iter().copied().filter(|edge| !graph.panics.contains(&edge.to)).collect()
        })
        .collect();
    let mut of: Vec<Chain> = vec![Chain::default(); edges.len()];
    // Tarjan's order: callees come before callers.
    for group in groups(&edges, true) {
        let members: BTreeSet<usize> = group.iter().copied().collect();
        let frames: i64 = group.iter().map(|number| graph.flows[*number].frame).sum();
        let is_circle = group.len() > 1;
        let chain_of = |number: usize, of: &[Chain]| {
            let own = graph.flows[number].frame;
            let mut best = Chain { bytes: own, path: vec![number] };
            for edge in edges[number].iter().filter(|edge| !members.contains(&edge.to)) {
                let bytes = edge.depth + of[edge.to].bytes;
                if bytes > best.bytes {
                    let mut path = vec![number];
                    path.extend(&of[edge.to].path);
                    best = Chain { bytes, path };
                }
            }
            best
        };
        let mut deepest = Chain::default();
        for &number in &group {
            let chain = chain_of(number, &of);
            if chain.bytes > deepest.bytes {
                deepest = chain;
            }
        }
        if is_circle {
            // Every other member may lie on the way to the one that goes deepest.
            let last = deepest.path.first().copied().unwrap_or_default();
            deepest.bytes += frames - graph.flows[last].frame;
        }
        for &number in &group {
            of[number] = deepest.clone();
            if is_circle && of[number].path.first() != Some(&number) {
                of[number].path.insert(0, number);
            }
        }
    }
    let recursions = groups(&edges, false)
        .into_iter()
        .filter(|group| {
            let alone = group.len() == 1;
            let first = group.first().copied().unwrap_or_default();
            !alone || edges[first].iter().any(|edge| edge.to == first && !edge.indirect)
        })
        .collect();
    Chains { of, recursions }
}

/// Groups of functions that reach each other, callees first (Tarjan's algorithm without recursion).
fn groups(edges: &[Vec<Edge>], with_indirect: bool) -> Vec<Vec<usize>> {
    let count = edges.len();
    let mut search = Search {
        index: vec![None; count],
        low: vec![0; count],
        on_stack: vec![false; count],
        stack: Vec::new(),
        next: 0,
        groups: Vec::new(),
    };
    let callees: Vec<Vec<usize>> = edges
        .iter()
        .map(|edges| {
            let mut to: Vec<usize> = edges
                .iter()
                .filter(|edge| with_indirect || !edge.indirect)
                .map(|edge| edge.to)
                .collect();
            to.dedup();
            to
        })
        .collect();
    for number in 0..count {
        if search.index[number].is_none() {
            search.visit(number, &callees);
        }
    }
    search.groups
}

struct Search {
    index: Vec<Option<usize>>,
    low: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<usize>,
    next: usize,
    groups: Vec<Vec<usize>>,
}

impl Search {
    fn enter(&mut self, number: usize) {
        self.index[number] = Some(self.next);
        self.low[number] = self.next;
        self.next += 1;
        self.stack.push(number);
        self.on_stack[number] = true;
    }

    fn visit(&mut self, root: usize, callees: &[Vec<usize>]) {
        let mut work = vec![(root, 0)];
        self.enter(root);
        while let Some((number, done)) = work.pop() {
            if let Some(&to) = callees[number].get(done) {
                work.push((number, done + 1));
                match self.index[to] {
                    None => {
                        self.enter(to);
                        work.push((to, 0));
                    }
                    Some(index) if self.on_stack[to] => {
                        self.low[number] = self.low[number].min(index);
                    }
                    Some(_) => {}
                }
                continue;
            }
            if let Some(&(caller, _)) = work.last() {
                self.low[caller] = self.low[caller].min(self.low[number]);
            }
            if Some(self.low[number]) == self.index[number] {
                let from = self.stack.iter().rposition(|&other| other == number).unwrap_or(0);
                let group = self.stack.split_off(from);
                for &member in &group {
                    self.on_stack[member] = false;
                }
                self.groups.push(group);
            }
        }
    }
}
