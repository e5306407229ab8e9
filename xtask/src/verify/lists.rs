// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The data files that say what a shim's module may contain.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// How much stack the callers of a function grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// The data path: called in softirq on somebody else's stack.
    Data,
    /// Whatever may sleep.
    Worker,
}

/// What `exports.txt`, `symbols.txt` and `limits.txt` of a shim say.
pub(super) struct Lists {
    /// Entry points with their classes.
    pub(super) exports: BTreeMap<String, Class>,
    /// Symbols that the kernel may be asked for; a `*` at the end stands for anything.
    pub(super) symbols: BTreeSet<String>,
    /// Bounds by name.
    limits: BTreeMap<String, i64>,
}

impl Lists {
    /// Reads the lists of the shim in `dir`.
    pub(super) fn read(dir: &Path) -> Result<Self> {
        let text = |name: &str| {
            let path = dir.join(name);
            std::fs::read_to_string(&path).with_context(|| path.display().to_string())
        };
        Self::parse(&text("exports.txt")?, &text("symbols.txt")?, &text("limits.txt")?)
    }

    /// Reads the lists from their text.
    pub(super) fn parse(exports: &str, symbols: &str, limits: &str) -> Result<Self> {
        let mut lists =
            Self { exports: BTreeMap::new(), symbols: BTreeSet::new(), limits: BTreeMap::new() };
        for words in lines(exports) {
            let class = match words.get(1).copied() {
                None | Some("worker") => Class::Worker,
                Some("data") => Class::Data,
                Some(other) => bail!("exports.txt: {other:?} is neither data nor worker"),
            };
            lists.exports.insert(words[0].to_string(), class);
        }
        lists.symbols = lines(symbols).map(|words| words[0].to_string()).collect();
        for words in lines(limits) {
            let value = words.get(1).and_then(|value| value.parse().ok());
            let value = value.with_context(|| format!("limits.txt: {} has no number", words[0]))?;
            lists.limits.insert(words[0].to_string(), value);
        }
        Ok(lists)
    }

    /// A bound of `limits.txt`.
    pub(super) fn limit(&self, name: &str) -> Result<i64> {
        self.limits.get(name).copied().with_context(|| format!("limits.txt has no {name}"))
    }

    /// Whether the module may ask the kernel for `symbol`.
    pub(super) fn allows(&self, symbol: &str) -> bool {
        self.symbols.iter().any(|allowed| match allowed.strip_suffix('*') {
            Some(prefix) => symbol.starts_with(prefix),
            None => symbol == allowed,
        })
    }
}

/// The words of each line that has any; `#` begins a comment.
fn lines(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default().split_whitespace().collect())
        .filter(|words: &Vec<&str>| !words.is_empty())
}
