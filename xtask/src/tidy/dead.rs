// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Files that no build reads: a Rust file without a `mod`, a C file without a line in Kbuild.

use std::collections::BTreeMap;

use syn::{Expr, Item, Lit, Meta};

use super::Finding;
use super::sources::Source;

/// The files that crate roots reach, and whether only tests do.
pub(crate) fn reached(sources: &[Source]) -> BTreeMap<String, bool> {
    let rust: BTreeMap<&str, &Source> =
        sources.iter().filter(|s| s.is_rust()).map(|s| (s.path.as_str(), s)).collect();
    let mut reached: BTreeMap<String, bool> = BTreeMap::new();
    let mut waiting: Vec<(String, bool)> =
        rust.keys().filter(|path| is_root(path)).map(|path| ((*path).to_string(), false)).collect();
    while let Some((path, in_tests)) = waiting.pop() {
        let Some(source) = rust.get(path.as_str()) else { continue };
        if reached.get(&path).is_some_and(|known| !known || in_tests) {
            continue;
        }
        reached.insert(path.clone(), in_tests);
        if let Ok(file) = syn::parse_file(&source.text) {
            let place = Place { dir: directory(&path), file: path, in_tests };
            modules(&file.items, &place, &mut waiting);
        }
    }
    reached
}

/// Finds the files that are not among those reached.
pub(crate) fn check(sources: &[Source], reached: &BTreeMap<String, bool>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = sources
        .iter()
        .filter(|source| source.is_rust() && !reached.contains_key(&source.path))
        .map(|source| Finding::new(&source.path, 0, "dead file: no module reaches it"))
        .collect();
    findings.extend(sources.iter().filter_map(|source| dead_c(source, sources)));
    findings
}

/// Whether cargo compiles this file as the root of a crate.
fn is_root(path: &str) -> bool {
    let Some((_, inside)) = path.split_once('/') else { return false };
    let parts: Vec<&str> = inside.split('/').collect();
    matches!(
        parts.as_slice(),
        ["build.rs"]
            | ["src", "lib.rs" | "main.rs"]
            | ["src", "bin", _]
            | ["src", "bin", _, "main.rs"]
            | ["tests" | "benches" | "examples" | "fuzz_targets", _]
            | ["tests" | "benches" | "examples", _, "main.rs"]
    )
}

/// The directory in which the modules of a file lie.
fn directory(path: &str) -> String {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.trim_end_matches(".rs");
    if is_root(path) || stem == "mod" { dir.to_string() } else { format!("{dir}/{stem}") }
}

/// Where a module stands.
#[derive(Clone)]
struct Place {
    /// The directory of its children.
    dir: String,
    /// The file that it is in.
    file: String,
    /// Whether it is compiled for tests only.
    in_tests: bool,
}

/// Adds the files of the modules in `items`, those of inline modules included.
fn modules(items: &[Item], place: &Place, found: &mut Vec<(String, bool)>) {
    for item in items {
        if let Item::Mod(module) = item {
            let in_tests = place.in_tests || module.attrs.iter().any(is_cfg_test);
            let dir = format!("{}/{}", place.dir, module.ident);
            match (&module.content, path_attribute(&module.attrs)) {
                (Some((_, items)), _) => {
                    modules(items, &Place { dir, file: place.file.clone(), in_tests }, found);
                }
                (None, Some(path)) => {
                    let here = place.file.rsplit_once('/').map_or("", |(here, _)| here);
                    found.push((normal(&format!("{here}/{path}")), in_tests));
                }
                (None, None) => {
                    found.push((format!("{dir}.rs"), in_tests));
                    found.push((format!("{dir}/mod.rs"), in_tests));
                }
            }
        }
    }
}

/// Whether an attribute is `#[cfg(test)]`.
fn is_cfg_test(attribute: &syn::Attribute) -> bool {
    matches!(&attribute.meta, Meta::List(list)
        if list.path.is_ident("cfg") && list.tokens.to_string() == "test")
}

/// The value of `#[path = "..."]`.
fn path_attribute(attributes: &[syn::Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })
}

/// A path without `.` and `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Directories of which every C file is compiled: the BSD shims (`build/bsd/glue.rs`), and the kernels that
/// their modules are loaded into for tests.
const COMPILED_WHOLE: [&str; 5] =
    ["os-freebsd", "os-netbsd", "os-openbsd", "rig/kernels", "rig/preload"];

/// Whether a file is part of a directory that is compiled, or compared (`build/bsd/kpi.rs`), as a whole.
fn is_taken_whole(path: &str, dir: &str) -> bool {
    let shim = dir.split('/').next().unwrap_or_default();
    let stand_in = dir.starts_with(&format!("{shim}/kpi")) && path.ends_with(".h");
    (COMPILED_WHOLE.contains(&dir) && path.ends_with(".c"))
        || (COMPILED_WHOLE.contains(&shim) && stand_in)
}

/// A C file of a shim that neither Kbuild nor another C file names, nor a build script.
fn dead_c(source: &Source, sources: &[Source]) -> Option<Finding> {
    if !source.is_c() {
        return None;
    }
    let (dir, name) = source.path.rsplit_once('/')?;
    if is_taken_whole(&source.path, dir) {
        return None;
    }
    let object = name.strip_suffix(".c").map(|stem| format!("{stem}.o"));
    let named = sources.iter().any(|other| {
        let beside = other.path.starts_with(dir) && other.path != source.path;
        let by_kbuild = other.path.ends_with("/Kbuild")
            && object.as_deref().is_some_and(|object| other.text.contains(object));
        beside && (by_kbuild || ((other.is_c() || other.is_rust()) && other.text.contains(name)))
    });
    let by_build = source.package().and_then(|package| {
        let script = format!("{package}/build.rs");
        sources.iter().find(|other| other.path == script && other.text.contains(name))
    });
    if named || by_build.is_some() {
        return None;
    }
    Some(Finding::new(&source.path, 0, "dead file: no Kbuild, include or build script names it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> =
            files.iter().map(|(path, text)| Source::new(path, text)).collect();
        check(&sources, &reached(&sources)).into_iter().map(|finding| finding.file).collect()
    }

    #[test]
    fn rust_files() {
        let files = [
            ("core/src/lib.rs", "mod a; mod b; mod e { mod f; }"),
            ("core/src/a.rs", "mod c;"),
            ("core/src/a/c.rs", ""),
            ("core/src/b/mod.rs", "#[path = \"../odd.rs\"] mod d;"),
            ("core/src/odd.rs", ""),
            ("core/src/e/f.rs", ""),
            ("core/src/dead.rs", "mod also;"),
            ("core/src/dead/also.rs", ""),
            ("core/tests/t.rs", ""),
        ];
        assert_eq!(dead(&files), ["core/src/dead.rs", "core/src/dead/also.rs"]);
    }

    #[test]
    fn files_for_tests() {
        let files = [
            ("core/src/lib.rs", "mod a; #[cfg(test)] mod t; #[cfg(test)] mod both;"),
            ("core/src/a.rs", "#[path = \"both.rs\"] mod both;"),
            ("core/src/both.rs", ""),
            ("core/src/t.rs", "mod u;"),
            ("core/src/t/u.rs", ""),
        ];
        let sources: Vec<Source> = files.iter().map(|(p, t)| Source::new(p, t)).collect();
        let only_in_tests: Vec<String> =
            reached(&sources).into_iter().filter(|(_, test)| *test).map(|(path, _)| path).collect();
        assert_eq!(only_in_tests, ["core/src/t.rs", "core/src/t/u.rs"]);
    }

    #[test]
    fn c_files() {
        let files = [
            ("os-linux/Kbuild", "tern-y := shim.o"),
            ("os-linux/shim.c", "#include \"shim.h\""),
            ("os-linux/shim.h", ""),
            ("os-linux/old.c", ""),
            ("os-netbsd/shim.c", "#include <sys/mbuf.h>"),
            ("os-netbsd/kpi/sys/mbuf.h", ""),
            ("os-netbsd/old.h", ""),
        ];
        assert_eq!(dead(&files), ["os-linux/old.c", "os-netbsd/old.h"]);
    }
}
