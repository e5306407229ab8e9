// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the headers say, read with bindgen.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::Table;
use crate::progress;

/// How the constants begin that stand for offset and size of a field.
const OFFSET: &str = "tern_offset_";
const LEN: &str = "tern_len_";

/// The version in a target's name does not matter to structures; clang wants one.
const fn target(os: &str) -> &'static str {
    match os.as_bytes() {
        b"freebsd" => "x86_64-unknown-freebsd15",
        b"netbsd" => "x86_64-unknown-netbsd10",
        _ => "x86_64-unknown-openbsd7.8",
    }
}

/// A source tree's `sys` has `machine` and `x86` below the name of the architecture only: links make
/// headers of it. They go when the value is dropped.
pub(super) struct Links(PathBuf);

impl Drop for Links {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // Below target; the next run does not mind.
    }
}

/// Makes the links and adds the directories in which headers are then found.
pub(super) fn links(sys: &Path, include: &mut Vec<PathBuf>) -> Result<Links> {
    let sys = sys.canonicalize().with_context(|| sys.display().to_string())?;
    let dir = progress::artefacts().join(format!("layouts-{}", std::process::id()));
    std::fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let links = Links(dir.clone());
    let amd64 = sys.join("arch/amd64/include"); // NetBSD and OpenBSD
    let i386 = sys.join("arch/i386/include");
    let x86 = sys.join("arch/x86/include");
    let pairs = [
        ("machine", if amd64.is_dir() { amd64.clone() } else { sys.join("amd64/include") }),
        ("amd64", amd64),
        ("i386", if i386.is_dir() { i386 } else { sys.join("i386/include") }),
        ("x86", if x86.is_dir() { x86 } else { sys.join("x86/include") }),
    ];
    for (name, to) in pairs.into_iter().filter(|(_, to)| to.is_dir()) {
        std::os::unix::fs::symlink(&to, dir.join(name))
            .with_context(|| dir.join(name).display().to_string())?;
    }
    // Of the C library only what the kernel's headers name; clang's own are elsewhere.
    for (name, text) in [
        ("time.h", ""),
        ("pthread_types.h", ""),
        ("stdbool.h", "#define bool _Bool\n#define true 1\n#define false 0\n"),
    ] {
        std::fs::write(dir.join(name), text)
            .with_context(|| dir.join(name).display().to_string())?;
    }
    include.extend([dir, sys]);
    Ok(links)
}

/// All 802.11 structures of the headers. `known` are fields within fields, which only the table
/// names.
pub(super) fn headers(os: &str, include: &[PathBuf], known: &Table) -> Result<Table> {
    let outer = assertions(&bindings(os, include, "")?)?;
    let mut fields: Vec<(String, String)> = outer.fields.keys().cloned().collect();
    let is_inner = |(name, field): &&(String, String)| {
        field.contains(['[', '.']) && outer.sizes.contains_key(name)
    };
    fields.extend(known.keys().filter(is_inner).cloned());
    let constants = constants(&bindings(os, include, &questions(&fields))?)?;
    let mut table = Table::new();
    for (index, key) in fields.into_iter().enumerate() {
        let constant = |prefix: &str| {
            let name = format!("{prefix}{index}");
            constants.get(&name).copied().with_context(|| format!("{key:?}: bindgen has no {name}"))
        };
        let (offset, len) = (constant(OFFSET)?, constant(LEN)?);
        if let Some(asserted) = outer.fields.get(&key) {
            anyhow::ensure!(*asserted == offset, "{key:?}: at {asserted}, and at {offset}");
        }
        let size = outer.sizes.get(&key.0).copied().with_context(|| key.0.clone())?;
        table.insert(key, (size, offset, len));
    }
    Ok(table)
}

/// Enumerators that only the headers can compute.
fn questions(fields: &[(String, String)]) -> String {
    let mut text = "enum tern_layout {\n".to_string();
    for (index, (name, field)) in fields.iter().enumerate() {
        let _ = writeln!(
            text,
            "{OFFSET}{index} = __builtin_offsetof(struct {name}, {field}),\n\
             {LEN}{index} = sizeof(((struct {name} *)0)->{field}),"
        ); // A string takes it.
    }
    text + "};\n"
}

fn bindings(os: &str, include: &[PathBuf], more: &str) -> Result<String> {
    let mut builder = bindgen::Builder::default()
        .header_contents("layouts.c", &format!("{}{more}", super::includes(os)))
        .clang_args(["-x", "c", "-ffreestanding", "-nostdinc", "-D_BSD_SOURCE=1"])
        .clang_arg(format!("--target={}", target(os)))
        .allowlist_file(".*/net80211/ieee80211_(ioctl|freebsd|netbsd)\\.h")
        .allowlist_type("tern_layout|ifreq")
        .opaque_type("(mbuf|ifnet|task|mtx|sysctl_.*)")
        .generate_comments(false)
        .layout_tests(true)
        .formatter(bindgen::Formatter::None);
    for dir in include {
        builder = builder.clang_arg(format!("-isystem{}", dir.display()));
    }
    let bindings = builder.generate().with_context(|| format!("headers of {os}"))?;
    Ok(bindings.to_string())
}

/// Sizes of structures and offsets of their fields.
#[derive(Default)]
struct Assertions {
    sizes: BTreeMap<String, usize>,
    fields: BTreeMap<(String, String), usize>,
}

/// The layout assertions: indexing an array by the difference of what is and what should be fails
/// to compile. Each array holds a message that names the field.
fn assertions(text: &str) -> Result<Assertions> {
    let mut found = Assertions::default();
    let compact: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in compact.split("[\"").skip(1) {
        let Some((message, rest)) = part.split_once("\"]") else { continue };
        let Some((_, number)) = rest.split_once(" - ") else { continue };
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        let Ok(number) = digits.parse() else { continue };
        if let Some(name) = message.strip_prefix("Size of ") {
            found.sizes.insert(name.to_string(), number);
        } else if let Some(field) = message.strip_prefix("Offset of field: ") {
            let (name, field) = field.split_once("::").with_context(|| message.to_string())?;
            found.fields.insert((name.to_string(), field.to_string()), number);
        }
    }
    let is_ours = |name: &str| {
        (name.starts_with("ieee80211") || name == "ifreq")
            && !name.contains("__bindgen")
            && found.sizes.contains_key(name)
    };
    let keep: Vec<_> = found.fields.keys().filter(|(name, _)| !is_ours(name)).cloned().collect();
    for key in keep {
        found.fields.remove(&key);
    }
    anyhow::ensure!(!found.fields.is_empty(), "bindgen shows no structures");
    Ok(found)
}

/// The enumerators with their values.
fn constants(text: &str) -> Result<BTreeMap<String, usize>> {
    let mut found = BTreeMap::new();
    let compact: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in compact.split("pub const ").skip(1) {
        let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(at) = name.find("tern_offset_").or_else(|| name.find("tern_len_")) else {
            continue;
        };
        let (_, value) = part.split_once("= ").with_context(|| name.clone())?;
        let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
        found.insert(name[at..].to_string(), digits.parse().with_context(|| name.clone())?);
    }
    Ok(found)
}
