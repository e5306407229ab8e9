// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask new-chip`: the skeleton of a backend, which compiles and does nothing yet.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::progress;

/// The files of a backend, with `NewChip` and `NEWCHIP` where its name belongs. They are compiled as
/// they stand as a test of this program.
const FILES: [(&str, &str); 2] = [
    ("mod.rs", include_str!("../templates/chip/mod.rs")),
    ("backend.rs", include_str!("../templates/chip/backend.rs")),
];

#[cfg(test)]
#[path = "../templates/chip/mod.rs"]
#[expect(unreachable_pub, reason = "a library's, where the template goes")]
mod template;

/// Writes the skeleton of a chip backend
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name of the module, such as rtl8188f: small letters and digits, a letter first
    name: String,
}

/// Carries the command out.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    check(&args.name)?;
    let name = args.name;
    write(&progress::root().join("chips/src"), &name)?;
    println!(
        "chips/src/{name}/ is there and compiles. What is left:\n\
         1. a variant in chips/src/any.rs, the one place that knows all chips\n\
         2. its ids in chips/src/ids.rs, then `cargo xtask table`\n\
         3. the methods of chips/src/{name}/backend.rs, one after the other\n\
         4. a model in sim/src/chip/, on which another driver for the chip works\n\
         chips/README.md says more."
    );
    Ok(ExitCode::SUCCESS)
}

fn check(name: &str) -> Result<()> {
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !fits || name.len() > 24 || syn::parse_str::<syn::Ident>(name).is_err() {
        bail!("{name:?} is no name for a chip: small letters and digits, a letter first");
    }
    Ok(())
}

/// Writes the files and the line that makes them part of the crate.
fn write(chips: &Path, name: &str) -> Result<()> {
    let dir = chips.join(name);
    if dir.exists() || chips.join(format!("{name}.rs")).exists() {
        bail!("chips/src/{name} is there already");
    }
    let root = chips.join("lib.rs");
    let text = std::fs::read_to_string(&root).with_context(|| root.display().to_string())?;
    let text = with_module(&text, name).context("chips/src/lib.rs has no `pub mod` line")?;
    std::fs::create_dir_all(&dir)?;
    for (file, template) in FILES {
        std::fs::write(dir.join(file), rendered(template, name))?;
    }
    std::fs::write(&root, text).with_context(|| root.display().to_string())
}

/// A template with the name of the chip in it: `Rtl8188f` for the type, `RTL8188F` for people.
fn rendered(template: &str, name: &str) -> String {
    let (first, rest) = name.split_at(1);
    let kind = format!("{}{rest}", first.to_ascii_uppercase());
    template.replace("NewChip", &kind).replace("NEWCHIP", &name.to_ascii_uppercase())
}

/// The crate's root with another module, where the alphabet (and so rustfmt) wants it.
fn with_module(text: &str, name: &str) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
    let module = |line: &String| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')).map(str::to_string)
    };
    let after = lines.iter().position(|line| module(line).is_some_and(|other| *other > *name));
    let last = lines.iter().rposition(|line| module(line).is_some())? + 1;
    lines.insert(after.unwrap_or(last), format!("pub mod {name};"));
    Some(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use tern_core::{
        chip::RegisterBus,
        os::{OsError, Sleepable},
        types::Instant,
    };

    use super::*;

    /// A bus with nobody on it.
    struct Nowhere;

    impl RegisterBus for Nowhere {
        fn read(&mut self, _: &mut Sleepable, _: u16, _: &mut [u8]) -> Result<(), OsError> {
            Err(OsError::Detached)
        }

        fn write(&mut self, _: &mut Sleepable, _: u16, _: &[u8]) -> Result<(), OsError> {
            Err(OsError::Detached)
        }

        fn delay_us(&mut self, _: &mut Sleepable, _: u32) {}

        fn now(&self) -> Instant {
            Instant(0)
        }
    }

    #[test]
    fn names() {
        for good in ["rtl8188f", "a", "mt7601u"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "8188", "RTL", "a-b", "../x", "mod", "a".repeat(25).as_str()] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_backend_is_written_once() {
        let chips = std::env::temp_dir().join(format!("tern-new-chip-{}", std::process::id()));
        std::fs::create_dir_all(&chips).unwrap();
        std::fs::write(chips.join("lib.rs"), "mod any;\npub mod ids;\nmod x;\nuse x::X;\n")
            .unwrap();
        write(&chips, "rtl8188f").unwrap();
        let root = std::fs::read_to_string(chips.join("lib.rs")).unwrap();
        assert_eq!(root, "mod any;\npub mod ids;\npub mod rtl8188f;\nmod x;\nuse x::X;\n");
        let backend = std::fs::read_to_string(chips.join("rtl8188f/backend.rs")).unwrap();
        assert!(backend.contains("pub struct Rtl8188f<B>"));
        assert!(syn::parse_file(&backend).is_ok());
        assert!(write(&chips, "rtl8188f").is_err(), "and never over another");
        std::fs::remove_dir_all(&chips).unwrap();
    }

    #[test]
    fn the_template_is_a_chip() {
        use tern_core::{chip::Chip, io::Framing};
        assert_eq!(template::NewChip::new(Nowhere).info(), &template::INFO);
        assert_eq!(template::INFO.name, "NEWCHIP");
        assert_eq!(template::NewChipFraming.tx_descriptor_len(), 32);
    }
}
