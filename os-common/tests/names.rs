// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The two sides of the border between C and Rust name the same functions, in the same order.

const TERN_H: &str = include_str!("../tern.h");
const TERN_BSD_H: &str = include_str!("../tern_bsd.h");
const LINUX_H: &str = include_str!("../../os-linux/shim.h");

/// Names that begin with `prefix` and end at a parenthesis.
fn names(text: &str, prefix: &str) -> Vec<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (at, _) in text.match_indices(prefix) {
        let name: String = text[at..].chars().take_while(|c| is_name(*c)).collect();
        let begins = !text[..at].ends_with(is_name);
        if begins && text[at + name.len()..].starts_with('(') {
            found.push(name);
        }
    }
    found
}

/// A header's declarations: what Rust calls, and what C calls.
fn sections(header: &str) -> (Vec<String>, Vec<String>) {
    let (_, rest) = header.split_once(" What Rust calls").expect("that section");
    let (rust_calls, c_calls) = rest.split_once(" What C calls").expect("that section");
    (names(rust_calls, "shim_"), names(c_calls, "tern_"))
}

/// What the block of foreign functions in a Rust file declares.
fn declared(rust: &str) -> Vec<String> {
    let (_, rust) = rust.split_once("unsafe extern \"C\" {").expect("that block");
    let (rust, _) = rust.split_once("\n}").expect("its end");
    names(rust, "shim_")
}

#[test]
fn rust_declares_what_the_headers_declare() {
    for (header, rust) in [
        (TERN_H, include_str!("../src/ffi.rs")),
        (TERN_BSD_H, include_str!("../src/bsd/mod.rs")),
        (LINUX_H, include_str!("../../os-linux/src/ffi.rs")),
    ] {
        let (wanted, _) = sections(header);
        assert!(wanted.len() > 5, "{wanted:?}");
        assert_eq!(wanted, declared(rust));
    }
}

/// What a shim exports is what its headers expect of Rust.
fn check_exports(headers: &[&str], exports: &str) {
    let mut wanted: Vec<String> = headers.iter().flat_map(|header| sections(header).1).collect();
    wanted.sort();
    let exports: Vec<&str> = exports
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(wanted, exports);
}

#[test]
fn shims_export_what_their_headers_expect() {
    check_exports(&[TERN_H, LINUX_H], include_str!("../../os-linux/exports.txt"));
    for exports in [
        include_str!("../../os-freebsd/exports.txt"),
        include_str!("../../os-netbsd/exports.txt"),
        include_str!("../../os-openbsd/exports.txt"),
    ] {
        check_exports(&[TERN_H, TERN_BSD_H], exports);
    }
}
