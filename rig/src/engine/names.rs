// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Names of addresses in module and fake kernel.

use std::collections::BTreeMap;

/// Symbols by address.
#[derive(Default)]
pub struct Names(BTreeMap<usize, (usize, String)>);

impl Names {
    /// A symbol. Of two at one address the first stays.
    pub fn add(&mut self, at: usize, size: usize, name: &str) {
        let name = format!("{:#}", rustc_demangle::demangle(name));
        self.0.entry(at).or_insert((size, name));
    }

    /// The symbol that an address is in, with the offset; else the number.
    pub fn describe(&self, at: usize) -> String {
        let Some((start, (size, name))) = self.0.range(..=at).next_back() else {
            return format!("{at:#x}");
        };
        match at - start {
            0 => name.clone(),
            offset if offset < (*size).max(1) => format!("{name}+{offset:#x}"),
            _ => format!("{at:#x}"),
        }
    }
}

impl super::State {
    /// A symbol of an image.
    pub fn add_name(&mut self, at: usize, size: usize, name: &str) {
        self.names.add(at, size, name);
    }

    /// The sections of the module.
    pub fn set_sections(&mut self, sections: Vec<(String, usize, usize)>) {
        self.sections = sections;
    }
}
