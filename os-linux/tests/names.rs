// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The two sides of the border between C and Rust name the same functions, in the same order.

/// Names that follow `before` and end at a parenthesis, where `line_begins` lets them.
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

#[test]
fn rust_declares_what_shim_h_declares() {
    let (_, header) =
        include_str!("../shim.h").split_once("/* What Rust calls").expect("that section");
    let (c, _) = header.split_once("/* What C calls").expect("that section");
    let (_, rust) =
        include_str!("../src/ffi.rs").split_once("unsafe extern \"C\"").expect("that block");
    let (rust, _) = rust.split_once("\n}").expect("its end");
    let c = names(c, "shim_");
    assert!(c.len() > 5, "{c:?}");
    assert_eq!(c, names(rust, "shim_"));
}

#[test]
fn exports_are_what_the_headers_expect_of_rust() {
    let (_, header) =
        include_str!("../shim.h").split_once("/* What C calls").expect("that section");
    let (_, common) =
        include_str!("../../os-common/tern.h").split_once(" * What C calls").expect("that section");
    let mut wanted = [names(header, "tern_"), names(common, "tern_")].concat();
    wanted.sort();
    let exports: Vec<&str> = include_str!("../exports.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(wanted, exports);
}
