// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask trace`: an event ring (debugfs `events`) or a register log (`emu --trace`) in words.
//!
//! [`event`] reads the one, [`log`] the other; which of them a line is, the line itself shows, so that a
//! file may hold both. A line that is neither is shown as it is, with a question mark.

mod event;
mod log;
mod register;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

/// Prints an event ring or a register log in words
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The file, as debugfs or the emulator wrote it; `-` is standard input
    file: PathBuf,
    /// Leave out what reads registers
    #[arg(long)]
    no_reads: bool,
}

/// What a line of a file is.
enum Line {
    /// An event or a register access in words, with its time in microseconds.
    Known { at: u64, text: String, is_read: bool },
    /// Something for people: shown as it is.
    Remark(String),
    /// Not to be made sense of.
    Unknown(String),
}

/// Carries the command out.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let bytes = if args.file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin(), &mut bytes).map(|_| bytes)
    } else {
        std::fs::read(&args.file)
    };
    let bytes = bytes.with_context(|| args.file.display().to_string())?;
    let (text, known) = in_words(&String::from_utf8_lossy(&bytes), args.no_reads);
    // A reader that has seen enough (`| head`) is no error.
    let _ = std::io::stdout().write_all(text.as_bytes());
    if known == 0 {
        anyhow::bail!("{} holds neither events nor a register log", args.file.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// The words for a whole file, and how many of its lines could be read.
pub(crate) fn in_words(text: &str, no_reads: bool) -> (String, usize) {
    let mut words = String::new();
    let mut known = 0;
    let mut before: Option<u64> = None;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match parse(line) {
            Line::Known { is_read: true, .. } if no_reads => known += 1,
            Line::Known { at, text, .. } => {
                known += 1;
                let since = at.saturating_sub(before.unwrap_or(at));
                before = Some(at);
                let (seconds, micros) = (at / 1_000_000, at % 1_000_000);
                words.push_str(&format!("{seconds:>5}.{micros:06} {since:>+9}  {text}\n"));
            }
            Line::Remark(text) => words.push_str(&format!("{:>23}  {text}\n", "")),
            Line::Unknown(text) => words.push_str(&format!("{:>23}  ? {text}\n", "")),
        }
    }
    (words, known)
}

/// Makes out what a line is.
fn parse(line: &str) -> Line {
    let found = if line.contains('\t') { log::parse(line) } else { event::parse(line) };
    match (found, line.strip_prefix('#')) {
        (Some(line), _) => line,
        (None, Some(remark)) => Line::Remark(printable(remark.trim())),
        (None, None) => Line::Unknown(printable(line)),
    }
}

/// Text that does nothing to a terminal.
fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect()
}

/// A number as `0x12` or `12`.
fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_of_a_channel() {
        let walk = "\
            100 request id=1.2 vap=0 what=set_channel channel=6 mhz=2437 width=20\n\
            112 worker\n\
            120 action what=SetChannel\n\
            125 chip call=set_channel channel=6 mhz=2437 width=20\n\
            300 write addr=0x0608 len=4 value=0x700060ce\n\
            900 chip_done call=set_channel result=ok\n\
            905 complete id=1.2 result=ok\n";
        let (words, known) = in_words(walk, false);
        assert_eq!(known, 7, "{words}");
        assert!(!words.contains('?'), "{words}");
        for part in ["set_channel", "channel 6", "2437 MHz", "RCR", "+12", "answered: ok"] {
            assert!(words.contains(part), "{part} is not in\n{words}");
        }
    }

    #[test]
    fn a_register_log() {
        let log = "# seconds\tradio\tdirection\tbytes\tregister\taddress\tvalue\n\
            0.012345\t0\tW\t2\tCR\t0x0100\t0x063f\n\
            0.012400\t0\tR\t1\tCR\t0x0100\t0x3f\n\
            1.200000\t0\tOUT\t121\tendpoint\t2\tqueue 0x12 fc 0x00b0\n\
            1.201000\t0\tIN\t152\tendpoint\t1\tfc 0x0080\n\
            1.202000\t0\tW\t4\tRCR\t0x0608\tFAIL\n\
            1.203000\t0\t#\tfault: frames before the LLT\n";
        let (words, known) = in_words(log, false);
        assert_eq!(known, 6, "{words}");
        for part in ["CR", "0x063f", "bulk out", "authentication", "beacon", "refused", "fault"] {
            assert!(words.contains(part), "{part} is not in\n{words}");
        }
        let (words, _) = in_words(log, true);
        assert!(!words.contains("read "), "{words}");
    }

    #[test]
    fn garbage_is_shown_and_harmless() {
        let (words, known) =
            in_words("what\u{1b}[2J is this\n\t\t\t\n18446744073709551616 write\n", false);
        assert_eq!(known, 0);
        assert!(!words.contains('\u{1b}'));
        assert_eq!(words.matches(" ? ").count(), 2, "{words}");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            in_words(&String::from_utf8_lossy(&bytes), false);
        }

        #[test]
        fn never_panics_on_what_looks_right(
            at in "[0-9.]{0,22}", stage in "(write|read|request|chip|complete|[a-z]*)",
            rest in "( (addr|len|value|id|channel|mhz|width|result)=[0-9a-fx.]{0,20}){0,5}",
            tabs in "(\t(R|W|IN|OUT|#|[0-9a-fx]{0,9}|fc 0x[0-9a-f]{0,9})){0,8}",
        ) {
            in_words(&format!("{at} {stage}{rest}\n{at}{tabs}\n"), false);
        }
    }
}
