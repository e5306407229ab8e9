// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask layouts`: whether the tables of the BSDs' 802.11 structures (`core/src/abi/layouts`),
//! which core's own structures are tested against, say what the systems' headers say.
//!
//! bindgen reads the headers, as a library: its version is in Cargo.lock, and Debian's is too old for
//! offsets as constants. libclang is loaded when it runs. Every field of a table is asked for twice: by
//! bindgen's layout assertions, which also tell which structures and fields a table leaves out, and
//! by constants (`offsetof`, `sizeof`) that only the headers can answer.

mod read;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    build,
    setup::{self, Purpose},
};

/// Checks the tables of the BSDs' 802.11 structures against headers
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Whose structures: freebsd, netbsd or openbsd
    #[arg(long)]
    os: String,
    /// Directories with headers, searched in this order, in place of the packaged ones
    #[arg(long)]
    include: Vec<PathBuf>,
    /// The kernel's `sys` directory of a source tree, in place of packaged headers
    #[arg(long)]
    sysdir: Option<PathBuf>,
    /// Write the table as the headers say
    #[arg(long)]
    write: bool,
}

/// Field of a structure, as C names it: size of the structure, offset and size of the field.
pub(crate) type Table = BTreeMap<(String, String), (usize, usize, usize)>;

/// The lines of a C program that include all that declares structures of a system's ioctls and
/// events.
pub(crate) fn includes(os: &str) -> String {
    const FIRST: [&str; 6] =
        ["sys/param.h", "sys/types.h", "sys/socket.h", "net/if.h", "net/if_media.h", "net/route.h"];
    const MIDDLE: [&str; 3] =
        ["net80211/ieee80211.h", "net80211/ieee80211_crypto.h", "net80211/ieee80211_ioctl.h"];
    let (before, after): (&[&str], &[&str]) = match os {
        "freebsd" => {
            (&["net/ethernet.h", "net80211/_ieee80211.h"], &["net80211/ieee80211_freebsd.h"])
        }
        "netbsd" => {
            (&["net/if_ether.h", "net80211/_ieee80211.h"], &["net80211/ieee80211_netbsd.h"])
        }
        _ => (&["netinet/in.h", "netinet/if_ether.h"], &[]),
    };
    let names = FIRST.iter().chain(before).chain(&MIDDLE).chain(after);
    names.fold(String::new(), |text, name| text + &format!("#include <{name}>\n"))
}

/// The first line of a table.
const HEAD: &str = "# structure\tits size\tfield\toffset\tsize\n";

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let path = table_path(&args.os)?;
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let table = parse(&text).with_context(|| path.display().to_string())?;
    let mut include = args.include.clone();
    let links = args.sysdir.as_deref().map(|sys| read::links(sys, &mut include)).transpose()?;
    if include.is_empty() {
        setup::ensure(&[Purpose::Bsd])?;
        include = build::bsd::packaged_headers(&args.os)?;
    }
    let found = read::headers(&args.os, &include, &table)?;
    drop(links);
    if args.write {
        std::fs::write(&path, format(&found)).with_context(|| path.display().to_string())?;
        println!("{}: {} fields", path.display(), found.len());
        return Ok(ExitCode::SUCCESS);
    }
    let differences = compare(&table, &found);
    for line in &differences {
        println!("{line}");
    }
    if !differences.is_empty() {
        bail!("{}: {} differences", path.display(), differences.len());
    }
    println!("{}: {} fields of {} structures", args.os, table.len(), structures(&table));
    Ok(ExitCode::SUCCESS)
}

fn table_path(os: &str) -> Result<PathBuf> {
    if !matches!(os, "freebsd" | "netbsd" | "openbsd") {
        bail!("{os:?} is none of freebsd, netbsd, openbsd");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no parent directory")?;
    Ok(root.join("core/src/abi/layouts").join(format!("{os}.tsv")))
}

fn structures(table: &Table) -> usize {
    let mut names: Vec<_> = table.keys().map(|(name, _)| name).collect();
    names.dedup();
    names.len()
}

fn parse(text: &str) -> Result<Table> {
    let mut table = Table::new();
    for row in text.lines().filter(|row| !row.starts_with('#') && !row.is_empty()) {
        let columns: Vec<_> = row.split('\t').collect();
        let [name, size, field, offset, len] = columns[..] else { bail!("five columns: {row}") };
        let number = |text: &str| text.parse::<usize>().with_context(|| row.to_string());
        let value = (number(size)?, number(offset)?, number(len)?);
        if table.insert((name.to_string(), field.to_string()), value).is_some() {
            bail!("twice: {row}");
        }
    }
    Ok(table)
}

fn format(table: &Table) -> String {
    let mut rows: Vec<_> = table.iter().collect();
    rows.sort_by_key(|((name, field), (_, offset, _))| (name, *offset, field));
    let mut text = HEAD.to_string();
    for ((name, field), (size, offset, len)) in rows {
        let _ = writeln!(text, "{name}\t{size}\t{field}\t{offset}\t{len}"); // A string takes it.
    }
    text
}

/// What differs, a line each.
fn compare(table: &Table, found: &Table) -> Vec<String> {
    let mut lines = Vec::new();
    for (key @ (name, field), expected) in table {
        match found.get(key) {
            None => lines.push(format!("{name}.{field}: the headers have no such field")),
            Some(value) if value != expected => lines.push(format!(
                "{name}.{field}: the table says (structure, offset, size) {expected:?}, the \
                 headers {value:?}"
            )),
            Some(_) => {}
        }
    }
    for (name, field) in found.keys().filter(|key| !table.contains_key(*key)) {
        lines.push(format!("{name}.{field}: not in the table"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# structure\tits size\tfield\toffset\tsize\na\t8\tx\t0\t4\na\t8\ty\t4\t4\n";

    #[test]
    fn tables_come_back_and_differences_are_named() {
        let table = parse(TEXT).unwrap();
        assert_eq!(format(&table), TEXT);
        assert!(compare(&table, &table).is_empty());
        let other = parse("a\t8\tx\t0\t2\nb\t4\tz\t0\t4\n").unwrap();
        let lines = compare(&table, &other);
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines.iter().any(|line| line.starts_with("a.x: the table says")));
        assert!(lines.iter().any(|line| line.starts_with("b.z: not in the table")));
        assert!(parse("a\t8\tx\t0\n").is_err() && parse("a\t8\tx\t0\tq\n").is_err());
    }
}
