// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a module may contain. Each check says what it measured.

use std::collections::BTreeSet;

use anyhow::Result;

use super::chains::{self, Chains};
use super::flow::Flow;
use super::graph::Graph;
use super::lists::{Class, Lists};
use super::loader::Loader;
use super::module::Module;
use super::names;

/// How many problems a check prints at most.
const PRINTED_MAX: usize = 12;

/// What the compiler brings along under C's names.
const RUST_MEMORY: [&str; 5] = ["memcpy", "memmove", "memset", "memcmp", "bcmp"];

/// The result of one check.
#[derive(Debug)]
pub(super) struct Check {
    /// Its name.
    pub(super) name: &'static str,
    /// What was measured, in one line.
    pub(super) measured: String,
    /// What is wrong; nothing if all is well.
    pub(super) problems: Vec<String>,
}

impl Check {
    /// A result.
    pub(super) fn new(name: &'static str, measured: String, problems: Vec<String>) -> Self {
        Self { name, measured, problems }
    }

    /// Whether all is well.
    pub(super) fn ok(&self) -> bool {
        self.problems.is_empty()
    }

    /// The lines to print.
    pub(super) fn lines(&self) -> Vec<String> {
        let verdict = if self.ok() { "ok  " } else { "FAIL" };
        let mut lines = vec![format!("{verdict} {}: {}", self.name, self.measured)];
        lines.extend(self.problems.iter().take(PRINTED_MAX).map(|text| format!("       {text}")));
        if let Some(more) = self.problems.len().checked_sub(PRINTED_MAX).filter(|more| *more > 0) {
            lines.push(format!("       and {more} more"));
        }
        lines
    }
}

/// Everything that the checks look at.
pub(super) struct Subject<'a> {
    module: &'a Module,
    lists: &'a Lists,
    loader: &'a Loader,
    graph: Graph,
    chains: Chains,
    /// Functions that begin a data path.
    data: Vec<usize>,
    /// All other functions that something outside of the module may call.
    worker: Vec<usize>,
}

impl<'a> Subject<'a> {
    /// Disassembles the module and finds its entry points.
    pub(super) fn new(module: &'a Module, lists: &'a Lists, loader: &'a Loader) -> Self {
        let is_rust = |function: usize| {
            let symbol = module.functions[function].symbol.as_str();
            symbol.starts_with("_R")
                || symbol.starts_with("_ZN")
                || RUST_MEMORY.contains(&symbol)
                || lists.exports.contains_key(symbol)
        };
        let graph = Graph::new(module, &is_rust);
        let chains = chains::chains(&graph);
        let (data, worker) = roots(module, lists, &graph);
        Self { module, lists, loader, graph, chains, data, worker }
    }

    /// Runs every check on the code.
    pub(super) fn checks(&self) -> Result<Vec<Check>> {
        Ok(vec![
            self.symbols(),
            self.relocations(),
            self.entries(),
            self.vectors(),
            self.red_zone(),
            self.threads(),
            self.frames(Class::Data)?,
            self.frames(Class::Worker)?,
            self.chain(Class::Data)?,
            self.chain(Class::Worker)?,
            self.recursion(),
            self.panics(),
            self.size()?,
        ])
    }

    /// A function's name without the types that it is generic over.
    fn name(&self, function: usize) -> String {
        names::short(&self.module.functions[function].name)
    }

    fn way(&self, path: &[usize]) -> String {
        path.iter().map(|at| self.name(*at)).collect::<Vec<_>>().join(" > ")
    }

    fn symbols(&self) -> Check {
        let undefined = &self.module.undefined;
        let problems: Vec<String> = undefined
            .iter()
            .filter(|symbol| !self.lists.allows(symbol) && !self.loader.provides(symbol))
            .map(|symbol| format!("{symbol} is not in symbols.txt"))
            .collect();
        let listed = self.lists.symbols.len();
        let measured = format!("{} asked of the kernel, {listed} on the list", undefined.len());
        Check::new("undefined symbols", measured, problems)
    }

    fn relocations(&self) -> Check {
        let mut seen = BTreeSet::new();
        let mut count = 0;
        let mut problems = Vec::new();
        for section in self.module.sections.values() {
            for (offset, relocation) in &section.relocations {
                count += 1;
                match self.loader.relocation(relocation.kind) {
                    Some(name) => drop(seen.insert(name)),
                    None => problems.push(format!(
                        "{}+{offset:#x} has type {}, which the loader does not know",
                        section.name, relocation.kind
                    )),
                }
            }
        }
        let seen: Vec<&str> = seen.into_iter().collect();
        Check::new("relocations", format!("{count}, of types {}", seen.join(" ")), problems)
    }

    fn entries(&self) -> Check {
        let missing = self.lists.exports.keys().filter(|name| self.module.named(name).is_none());
        let mut problems: Vec<String> =
            missing.map(|name| format!("{name} of exports.txt is not there")).collect();
        problems.extend(self.graph.flows.iter().flat_map(|flow| flow.unclear.iter().cloned()));
        if self.data.is_empty() {
            problems.push("exports.txt names no entry to the data path".to_string());
        }
        let measured = format!(
            "{} functions, entered from {} data path and {} other functions; {} calls through \
             pointers, {} of them by table",
            self.module.functions.len(),
            self.data.len(),
            self.worker.len(),
            self.graph.indirect,
            self.graph.by_table,
        );
        Check::new("code", measured, problems)
    }

    fn per_function(&self, name: &'static str, find: impl Fn(&Flow) -> &Vec<String>) -> Check {
        let problems: Vec<String> =
            self.graph.flows.iter().flat_map(|flow| find(flow).iter().cloned()).collect();
        let bytes: usize = self.module.functions.iter().map(|f| f.code.len()).sum();
        Check::new(name, format!("{} in {bytes} bytes of code", problems.len()), problems)
    }

    fn vectors(&self) -> Check {
        self.per_function("SSE, AVX, x87 instructions", |flow| &flow.vectors)
    }

    fn red_zone(&self) -> Check {
        self.per_function("uses of a red zone", |flow| &flow.red_zone)
    }

    fn threads(&self) -> Check {
        self.per_function("memory of threads", |flow| &flow.threads)
    }

    /// Functions of a class: the data path's, and all the others.
    fn members(&self, class: Class) -> BTreeSet<usize> {
        let data = self.graph.reachable(&self.data);
        match class {
            Class::Data => data,
            Class::Worker => {
                (0..self.module.functions.len()).filter(|at| !data.contains(at)).collect()
            }
        }
    }

    fn frames(&self, class: Class) -> Result<Check> {
        let (name, limit) = match class {
            Class::Data => ("stack frames, data path", self.lists.limit("data_frame")?),
            Class::Worker => ("stack frames, others", self.lists.limit("worker_frame")?),
        };
        let members = self.members(class);
        let frame = |at: usize| self.graph.flows[at].frame;
        let problems = members
            .iter()
            .filter(|at| frame(**at) > limit)
            .map(|at| format!("{} has {} bytes", self.name(*at), frame(*at)))
            .collect();
        let largest = members.iter().copied().max_by_key(|at| frame(*at));
        let measured = match largest {
            Some(at) => format!(
                "at most {} bytes ({}) of {limit}, {} functions",
                frame(at),
                self.name(at),
                members.len()
            ),
            None => "no functions".to_string(),
        };
        Ok(Check::new(name, measured, problems))
    }

    fn chain(&self, class: Class) -> Result<Check> {
        let (name, roots, limit) = match class {
            Class::Data => ("stack chains, data path", &self.data, self.lists.limit("data_chain")?),
            Class::Worker => {
                ("stack chains, others", &self.worker, self.lists.limit("worker_chain")?)
            }
        };
        let chain = |at: usize| &self.chains.of[at];
        let problems = roots
            .iter()
            .filter(|at| chain(**at).bytes > limit)
            .map(|at| format!("{} bytes: {}", chain(*at).bytes, self.way(&chain(*at).path)))
            .collect();
        let deepest = roots.iter().copied().max_by_key(|at| chain(*at).bytes);
        let measured = match deepest {
            Some(at) => format!(
                "at most {} bytes of {limit} ({})",
                chain(at).bytes,
                self.way(&chain(at).path)
            ),
            None => "no entry points".to_string(),
        };
        Ok(Check::new(name, measured, problems))
    }

    fn recursion(&self) -> Check {
        let circles = &self.chains.recursions;
        let problems: Vec<String> = circles.iter().map(|circle| self.way(circle)).collect();
        Check::new("recursion", format!("{} circles of direct calls", circles.len()), problems)
    }

    /// Whether a function does nothing but panic.
    fn is_panic(&self, function: usize) -> bool {
        self.graph.panics.contains(&function)
    }

    fn panics(&self) -> Check {
        let path = self.graph.path(&self.data, |at| self.is_panic(at));
        let reached = self.graph.reachable(&self.data);
        let callers = |within: &dyn Fn(usize) -> bool| {
            (0..self.module.functions.len())
                .filter(|at| within(*at) && !self.is_panic(*at))
                .filter(|at| self.graph.edges[*at].iter().any(|edge| self.is_panic(edge.to)))
                .collect::<Vec<usize>>()
        };
        let in_data = callers(&|at| reached.contains(&at));
        let elsewhere = callers(&|at| !reached.contains(&at));
        let mut problems: Vec<String> = path.iter().map(|path| self.way(path)).collect();
        problems.extend(in_data.iter().map(|at| format!("{} may panic", self.name(*at))));
        let names: Vec<String> = elsewhere.iter().take(3).map(|at| self.name(*at)).collect();
        let measured = format!(
            "{} functions of the data path may panic, of the others {}{}{}",
            in_data.len(),
            elsewhere.len(),
            if names.is_empty() { "" } else { ": " },
            names.join(", ")
        );
        Check::new("panics", measured, problems)
    }

    fn size(&self) -> Result<Check> {
        let limit = self.lists.limit("module_bytes")?;
        let all: u64 = self.module.sections.values().map(|section| section.size).sum();
        let code: u64 =
            self.module.sections.values().filter(|s| s.is_code).map(|section| section.size).sum();
        let measured = format!("{all} bytes in memory ({code} of code) of {limit}");
        let problems = if all as i64 > limit {
            vec![format!("{} bytes too many", all as i64 - limit)]
        } else {
            Vec::new()
        };
        Ok(Check::new("size", measured, problems))
    }
}

/// The functions that something outside of the module may call, by class: those in `exports.txt`, and
/// those that no function of the module calls directly. A function of the C side is part of the
/// data path if it calls only entry points of the data path.
fn roots(module: &Module, lists: &Lists, graph: &Graph) -> (Vec<usize>, Vec<usize>) {
    let class_of = |at: usize| lists.exports.get(&module.functions[at].symbol).copied();
    let mut called = vec![false; module.functions.len()];
    for edges in &graph.edges {
        for edge in edges.iter().filter(|edge| !edge.indirect) {
            called[edge.to] = true;
        }
    }
    let (mut data, mut worker) = (Vec::new(), Vec::new());
    for (at, called) in called.into_iter().enumerate() {
        let entries: BTreeSet<Class> =
            graph.edges[at].iter().filter_map(|edge| class_of(edge.to)).collect();
        let by_calls = match (called, entries.len()) {
            (false, 1) => entries.first().copied(),
            (false, _) => Some(Class::Worker),
            (true, _) => None,
        };
        match class_of(at).or(by_calls) {
            Some(Class::Data) => data.push(at),
            Some(Class::Worker) => worker.push(at),
            None => {}
        }
    }
    (data, worker)
}
