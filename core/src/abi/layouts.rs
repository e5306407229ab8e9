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
        "netbsd" => include_str!("layouts/netbsd.tsv"),
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

/// The size of a structure.
pub(crate) fn size(system: &str, name: &str) -> usize {
    let table = table(system);
    let of = |((it, _), (size, ..)): (&(String, String), &(usize, usize, usize))| {
        (it == name).then_some(*size)
    };
    table.iter().find_map(of).unwrap_or_else(|| panic!("{system} has no {name}"))
}

/// Checks all fields of a structure: each of ours is in the table, and each of the table's is ours.
pub(crate) fn check_structure(
    system: &str,
    name: &str,
    our_size: usize,
    fields: &[(&str, usize, usize)],
) {
    assert_eq!(our_size, size(system, name), "{name}");
    for (field, offset, len) in fields {
        check_field(system, name, field, *offset, *len);
    }
    let inner = |field: &str| field.contains(['[', '.']);
    for (it, field) in table(system).keys().filter(|(it, field)| it == name && !inner(field)) {
        assert!(fields.iter().any(|(ours, ..)| ours == field), "{it}.{field} is not ours");
    }
}

/// How long a field is, without a value.
pub(crate) const fn len_of<S, F>(_: fn(&S) -> &F) -> usize {
    size_of::<F>()
}

/// `check!("system", "structure" => Type { fields }, ..)`: the fields have the names of the headers.
macro_rules! check {
    ($system:literal, $($name:literal => $kind:ty { $($field:ident),* $(,)? },)*) => { $(
        $crate::abi::layouts::check_structure($system, $name, size_of::<$kind>(), &[$((
            stringify!($field),
            core::mem::offset_of!($kind, $field),
            $crate::abi::layouts::len_of(|it: &$kind| &it.$field),
        )),*]);
    )* };
}
pub(crate) use check;
