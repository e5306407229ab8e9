// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Words of the language that are allowed in some packages only.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

use super::Finding;
use super::sources::Source;

/// A word, or two with a space between, and where they may stand.
struct Rule {
    word: fn(&str) -> bool,
    allowed: fn(&Source) -> bool,
    why: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        word: |word| word == "unsafe",
        allowed: |source| is_shim(source) || in_package(source, &["rig", "emu"]),
        why: "unsafe belongs into os-*, rig, and emu where it links C",
    },
    Rule {
        word: |word| word == "enter_from_shim",
        allowed: |source| {
            is_shim(source)
                || in_package(source, &["sim"])
                || source.is_test()
                || source.path == "core/src/os.rs"
        },
        why: "enter_from_shim makes a context out of nothing: only shims, sim and tests may",
    },
    Rule {
        word: |word| word == "f32" || word == "f64",
        allowed: |source| !in_module(source),
        why: "a kernel has no floating point",
    },
    Rule {
        word: |word| word == "crate alloc",
        allowed: |source| !in_package(source, &["core", "chips"]) || source.is_test(),
        why: "core and chips allocate nothing but packets",
    },
    Rule {
        word: |word| word == "std" || word == "tern_sim" || word == "tern_emu",
        allowed: |source| !in_module(source) || source.is_test(),
        why: "what goes into a kernel has no std and knows no simulation",
    },
    Rule {
        word: |word| word == "tern_chips",
        allowed: |source| !in_package(source, &["core"]),
        why: "core knows no chip",
    },
    Rule {
        word: |word| {
            let word = word.to_ascii_lowercase();
            !word.contains(' ') && word.starts_with("rtl8") || word.starts_with("r92c")
        },
        allowed: |source| !(in_package(source, &["core"]) || is_shim(source)) || source.is_test(),
        why: "what differs between chips is a field of ChipInfo: core and shims name none",
    },
];

fn in_package(source: &Source, packages: &[&str]) -> bool {
    source.package().is_some_and(|package| packages.contains(&package))
}

fn is_shim(source: &Source) -> bool {
    source.package().is_some_and(|package| package.starts_with("os-"))
}

/// Whether the file becomes part of a module.
fn in_module(source: &Source) -> bool {
    in_package(source, &["core", "chips"]) || is_shim(source)
}

/// Looks at every word of a Rust file, also within macros, but not at what `#[cfg(test)]` covers.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    match source.text.parse::<TokenStream>() {
        Ok(stream) => walk(stream, source, &mut findings),
        Err(error) => findings.push(Finding::new(&source.path, 0, format!("not Rust: {error}"))),
    }
    if source.path == "core/src/lib.rs" || source.path == "chips/src/lib.rs" {
        for line in ["#![no_std]", "#![forbid(unsafe_code)]"] {
            if !source.text.contains(line) {
                findings.push(Finding::new(&source.path, 1, format!("{line} is missing")));
            }
        }
    }
    findings
}

fn walk(stream: TokenStream, source: &Source, findings: &mut Vec<Finding>) {
    let mut only_in_tests = false;
    let mut previous = String::new();
    for token in stream {
        let mut word = String::new();
        match token {
            TokenTree::Group(group) => {
                // What follows `#[cfg(test)]`, up to its braces or its semicolon.
                let is_cfg_test = group.stream().to_string().replace(' ', "") == "cfg(test)";
                let ends = only_in_tests && group.delimiter() == Delimiter::Brace;
                if !only_in_tests {
                    walk(group.stream(), source, findings);
                }
                only_in_tests = is_cfg_test || (only_in_tests && !ends);
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => only_in_tests = false,
            TokenTree::Ident(ident) if !only_in_tests => {
                word = ident.to_string();
                let after = format!("{previous} {word}");
                findings.extend(complaint(&word, &ident, source));
                findings.extend(complaint(&after, &ident, source));
            }
            _ => {}
        }
        previous = word;
    }
}

fn complaint(word: &str, ident: &Ident, source: &Source) -> Option<Finding> {
    let rule = RULES.iter().find(|rule| (rule.word)(word) && !(rule.allowed)(source))?;
    let what = format!("`{word}`: {}", rule.why);
    Some(Finding::new(&source.path, ident.span().start().line, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<usize> {
        check(&Source::new(path, text)).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn unsafe_has_its_places() {
        let text = "fn f() {\n    unsafe { g() }\n}\n";
        assert_eq!(found("core/src/x.rs", text), [2]);
        assert_eq!(found("sim/src/x.rs", text), [2]);
        assert_eq!(found("xtask/src/x.rs", text), [2]);
        assert!(found("os-linux/src/x.rs", text).is_empty());
        assert!(found("core/src/x.rs", "// unsafe\nconst X: &str = \"unsafe\";").is_empty());
        assert_eq!(found("chips/src/x.rs", "m! { [ unsafe ] }"), [1]);
    }

    #[test]
    fn words_of_the_module() {
        assert_eq!(found("core/src/x.rs", "const X: f32 = 1.0;"), [1]);
        assert_eq!(found("core/src/x.rs", "use tern_chips::Any;"), [1]);
        assert_eq!(found("core/src/x.rs", "const RTL8188: u8 = 1;"), [1]);
        assert_eq!(found("chips/src/x.rs", "use std::vec::Vec;"), [1]);
        assert_eq!(found("chips/src/x.rs", "extern crate alloc;"), [1]);
        assert!(found("core/src/x.rs", "#[cfg(test)]\nextern crate std;").is_empty());
        assert!(found("sim/src/x.rs", "use std::vec::Vec;").is_empty());
        assert!(found("chips/src/rtl8192c/mod.rs", "mod rtl8192c;").is_empty());
        let test = "#[cfg(test)]\nmod tests {\n use std::vec::Vec;\n}\n";
        assert!(found("core/src/x.rs", test).is_empty());
        let after = "#[cfg(test)]\nmod tests;\nmod x {\n use std::mem;\n}\n";
        assert_eq!(found("core/src/x.rs", after), [4]);
    }

    #[test]
    fn contexts_come_from_shims() {
        let text = "fn f() { enter_from_shim() }";
        assert_eq!(found("chips/src/x.rs", text), [1]);
        assert!(found("os-linux/src/x.rs", text).is_empty());
        assert!(found("core/tests/x.rs", text).is_empty());
    }

    #[test]
    fn the_roots_forbid_unsafe_code() {
        assert_eq!(found("core/src/lib.rs", "#![no_std]\n"), [1]);
        assert!(found("core/src/lib.rs", "#![no_std]\n#![forbid(unsafe_code)]\n").is_empty());
    }
}
