// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask table`: writes the table of supported devices into the README, from `chips::ids`.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::progress;

/// What stands before and after the table in the README.
const BEGIN: &str = "<!-- devices: made by `cargo xtask table` -->";
const END: &str = "<!-- /devices -->";

/// Generates the table of supported devices in the README
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Change nothing; fail if the table is not what it should be
    #[arg(long)]
    check: bool,
}

/// Carries the command out.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let path = progress::root().join("README.md");
    let text = std::fs::read_to_string(&path).context("README.md")?;
    let wanted = replace(&text, &devices())?;
    let count = tern_chips::ids::USB_IDS.len();
    if wanted == text {
        println!("README.md: the table of {count} devices is up to date");
    } else if args.check {
        bail!("README.md: the table is not that of chips/src/ids.rs; run `cargo xtask table`");
    } else {
        std::fs::write(&path, wanted).context("README.md")?;
        println!("README.md: wrote a table of {count} devices");
    }
    Ok(ExitCode::SUCCESS)
}

/// The table: one line for each USB id, in order of the ids.
fn devices() -> String {
    let mut ids: Vec<_> = tern_chips::ids::USB_IDS.iter().collect();
    ids.sort_by_key(|id| (id.vendor, id.product));
    let mut table = String::from("| USB id | device | backend |\n| --- | --- | --- |\n");
    for id in ids {
        let backend = id.chip.info().name;
        let name = id.name.replace('|', "\\|");
        table.push_str(&format!("| {:04x}:{:04x} | {name} | {backend} |\n", id.vendor, id.product));
    }
    table
}

/// Puts `table` between the markers of `text`.
fn replace(text: &str, table: &str) -> Result<String> {
    let Some((before, rest)) = text.split_once(BEGIN) else { bail!("README.md has no {BEGIN}") };
    let Some((_, after)) = rest.split_once(END) else { bail!("README.md has no {END}") };
    Ok(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_the_table() {
        let text = std::fs::read_to_string(progress::root().join("README.md")).unwrap();
        assert!(replace(&text, &devices()).unwrap() == text, "run `cargo xtask table`");
    }

    #[test]
    fn between_the_markers() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let new = replace(&text, "new\n").unwrap();
        assert_eq!(new, format!("a\n{BEGIN}\nnew\n{END}\nb\n"));
        assert_eq!(replace(&new, "new\n").unwrap(), new);
        assert!(replace("nothing", "x").is_err());
        assert!(replace(BEGIN, "x").is_err());
    }
}
