// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Checks the structs of `core::abi` against the headers that a module is built with: every row of its
//! table of layouts becomes an assertion that clang proves.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::{Bsd, Plan, Request, glue, manifest, packaged};
use crate::progress;

/// A table, and how much of it was checked.
pub(super) struct Checked {
    /// The table's digest.
    pub(super) digest: String,
    /// Fields whose place and size are as the headers say.
    pub(super) fields: usize,
}

/// Compiles the assertions. The structs are user space's too, so that is who includes the headers; but
/// those of OpenBSD's sys/ then want others from outside of it.
pub(super) fn check(request: &Request, plan: &Plan, work: &Path) -> Result<Checked> {
    let table = table(request.bsd);
    if !table.exists() {
        // `verify` refuses what nobody checked.
        return Ok(Checked { digest: String::new(), fields: 0 });
    }
    let text = std::fs::read_to_string(&table).with_context(|| table.display().to_string())?;
    let (asserts, fields) = assertions(&text).with_context(|| table.display().to_string())?;
    let mut includes = crate::layouts::includes(request.bsd.name());
    if request.bsd == Bsd::Free && request.sysdir.is_some() {
        // The kernel's side of net80211's headers names kinds of memory.
        includes.insert_str(0, "#include <sys/param.h>\n#include <sys/malloc.h>\n");
    }
    let source = work.join("layouts.c");
    let offsetof =
        "#undef offsetof\n#define offsetof(type, field) __builtin_offsetof(type, field)\n";
    std::fs::write(&source, format!("{includes}{offsetof}{asserts}"))?;
    let mut clang = glue::command(request, plan, work);
    if request.bsd != Bsd::Open {
        clang.arg("-U_KERNEL");
    }
    if let (Bsd::Free, Some(sysdir)) = (request.bsd, &request.sysdir) {
        // What user space has besides is next to sys/ in a source tree.
        clang.arg("-isystem").arg(sysdir.join("../include"));
    }
    clang.args(["-Wno-unused", "-fsyntax-only"]).arg(&source);
    if request.bsd == Bsd::Net && request.sysdir.is_some() {
        // NetBSD's sys/ asks for headers of user space's that do not lie there.
        clang.arg("-idirafter").arg(packaged::fetch()?.of("generic-netbsd"));
    }
    progress::output(&mut clang)
        .with_context(|| format!("{} does not fit {}", table.display(), plan.headers))?;
    Ok(Checked { digest: manifest::digest(&table)?, fields })
}

/// Where the layouts of a system are.
fn table(bsd: Bsd) -> PathBuf {
    progress::root().join(format!("core/src/abi/layouts/{}.tsv", bsd.name()))
}

/// The rows as C: struct, its size, field, offset, size. A name without a space is a struct's.
fn assertions(table: &str) -> Result<(String, usize)> {
    let mut text = String::new();
    let mut fields = 0;
    for row in table.lines().filter(|row| !row.starts_with('#') && !row.trim().is_empty()) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [name, size, field, offset, len] = columns[..] else { bail!("no five columns: {row}") };
        for number in [size, offset, len] {
            number.parse::<u32>().with_context(|| format!("no number: {number} in {row}"))?;
        }
        let full = if name.contains(' ') { name.to_string() } else { format!("struct {name}") };
        text.push_str(&format!(
            "_Static_assert(sizeof({full}) == {size}, \"{name}\");\n\
             _Static_assert(offsetof({full}, {field}) == {offset}, \"{name}.{field}\");\n\
             _Static_assert(sizeof((({full} *)0)->{field}) == {len}, \"{name}.{field}\");\n"
        ));
        fields += 1;
    }
    Ok((text, fields))
}

#[cfg(test)]
mod tests {
    use super::assertions;

    #[test]
    fn rows() {
        let (text, fields) = assertions("# a comment\n\nifreq\t32\tifr_name\t0\t16\n").unwrap();
        assert_eq!(fields, 1);
        assert!(text.contains("offsetof(struct ifreq, ifr_name) == 0"), "{text}");
        assert!(assertions("ifreq\t32\tifr_name\t0\n").is_err());
        assert!(assertions("ifreq\t32\tifr_name\tzero\t16\n").is_err());
    }
}
