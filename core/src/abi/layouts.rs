// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The tables of what each system's structures look like (`layouts/*.tsv`: structure, its size,
//! field, offset, size), against which our own structures are checked here, and which `cargo xtask
//! test` checks against the systems' headers.

use std::{collections::BTreeMap, string::String, string::ToString};

/// A field of a structure: size of the structure, offset and size of the field.
type Table = BTreeMap<(String, String), (usize, usize, usize)>;

/// The table of a system.
pub(crate) fn table(system: &str) -> Table {
    let text = match system {
        "freebsd" => include_str!("layouts/freebsd.tsv"),
        "openbsd" => include_str!("layouts/openbsd.tsv"),
        other => panic!("no table of {other}"),
    };
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|row| {
        let columns: std::vec::Vec<_> = row.split('\t').collect();
        let [name, size, field, offset, len] = columns[..] else { panic!("{system}: {row}") };
        let number = |text: &str| text.parse::<usize>().unwrap_or_else(|_| panic!("{row}"));
        ((name.to_string(), field.to_string()), (number(size), number(offset), number(len)))
    })
    .collect()
}

/// Checks one field alone.
pub(crate) fn check_field(system: &str, name: &str, field: &str, offset: usize, len: usize) {
    let (_, expected, expected_len) = table(system)[&(name.to_string(), field.to_string())];
    assert_eq!((offset, len), (expected, expected_len), "{name}.{field}");
}
