// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Register names for logs, from `registers.tsv`.

use std::{collections::BTreeMap, sync::LazyLock};

/// A name covers at most so many bytes from its address on.
const NAME_SPAN: u16 = 8;

static NAMES: LazyLock<BTreeMap<u16, &'static str>> = LazyLock::new(|| {
    let mut names = BTreeMap::new();
    for line in include_str!("registers.tsv").lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        if let (Some(address), Some(name)) = (columns.next(), columns.next())
            && let Some(address) = parse(address)
        {
            names.insert(address, name);
        }
    }
    names
});

fn parse(address: &str) -> Option<u16> {
    u16::from_str_radix(address.strip_prefix("0x")?, 16).ok()
}

/// The name of a register; a byte within one is `NAME+1`; `?` when nothing is known there.
///
/// ```
/// assert_eq!(tern_sim::chip::register_name(0x100), "CR");
/// assert_eq!(tern_sim::chip::register_name(0x101), "CR+1");
/// ```
pub fn register_name(address: u16) -> String {
    if (0x1000..0x2000).contains(&address) {
        return format!("FW+0x{:03x}", address - 0x1000);
    }
    match NAMES.range(..=address).next_back() {
        Some((&at, &name)) if at == address => name.to_owned(),
        Some((&at, &name)) if address - at < NAME_SPAN => format!("{name}+{}", address - at),
        _ => "?".to_owned(),
    }
}

/// The address of a register by its exact name.
///
/// ```
/// assert_eq!(tern_sim::chip::register_at("RCR"), Some(0x608));
/// ```
pub fn register_at(name: &str) -> Option<u16> {
    NAMES.iter().find(|(_, known)| **known == name).map(|(address, _)| *address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_register() {
        let lines = include_str!("registers.tsv").lines().filter(|line| !line.starts_with('#'));
        assert_eq!(NAMES.len(), lines.count());
        assert_eq!(register_name(0xfe10), "USB_SUSPEND");
        assert_eq!(register_name(0x840), "LSSI_PARAM0");
        assert_eq!(register_name(0x1234), "FW+0x234");
        assert_eq!(register_name(0x7777), "?");
    }
}
