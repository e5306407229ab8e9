// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Carrying one step out.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::count::Count;
use super::plan::{Step, Work};
use crate::{progress, setup};

/// How many lines of a failed step are shown.
const LINES_SHOWN: usize = 60;

/// What came of a step.
pub(super) struct Done {
    /// Its tests.
    pub(super) count: Count,
    /// Why it was skipped, if it was.
    pub(super) skipped: Option<String>,
    /// The end of its output.
    pub(super) output: String,
    /// How long it took.
    pub(super) time: Duration,
}

/// Carries a step out.
pub(super) fn carry_out(step: &Step) -> Done {
    let start = Instant::now();
    if let Some(why) = reason_to_skip(step) {
        let count = Count::one_skipped();
        return Done { count, skipped: Some(why), output: String::new(), time: start.elapsed() };
    }
    let (count, output) = match &step.work {
        Work::Cargo(words) => {
            let (ok, output) = output(progress::cargo().args(words));
            (Count::one(ok), output)
        }
        Work::Tests(words) => {
            let mut cargo = progress::cargo();
            let (ok, output) = output(cargo.args(["test", "--no-fail-fast"]).args(words));
            (Count::of_cargo(&output, ok), output)
        }
        Work::Xtask(words) => {
            let (ok, output) = match std::env::current_exe() {
                Ok(program) => {
                    output(Command::new(program).current_dir(progress::root()).args(words))
                }
                Err(error) => (false, format!("where this program is: {error}")),
            };
            (Count::one(ok), output)
        }
        Work::Skip(_) => (Count::one_skipped(), String::new()),
    };
    let output = progress::tail(&output, LINES_SHOWN);
    Done { count, skipped: None, output, time: start.elapsed() }
}

fn reason_to_skip(step: &Step) -> Option<String> {
    if let Work::Skip(why) = step.work {
        return Some(why.to_string());
    }
    if let Work::Cargo(words) = &step.work {
        let name = words.first().map_or("", String::as_str);
        if let Err(error) = lint_tool(name) {
            return Some(one_line(&error));
        }
    }
    setup::ensure(step.needs).err().map(|error| one_line(&error))
}

/// An error without its line breaks.
fn one_line(error: &anyhow::Error) -> String {
    format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Makes sure that `cargo clippy` or `cargo fmt` is there: rustup's component beside rustup's cargo,
/// else Debian's package.
fn lint_tool(name: &str) -> Result<()> {
    let there = || output(progress::cargo().args([name, "--version"])).0;
    if there() {
        return Ok(());
    }
    let component = if name == "fmt" { "rustfmt" } else { name };
    if output(Command::new("rustup").args(["component", "add", component])).0 && there() {
        return Ok(());
    }
    setup::ensure(&[setup::Purpose::Lint])?;
    anyhow::ensure!(there(), "cargo {name} is missing");
    Ok(())
}

/// Runs a command; whether it was content, and all that it said.
fn output(command: &mut Command) -> (bool, String) {
    // Coloured output would hide the summaries; a test must not wait for a keyboard.
    command.env("CARGO_TERM_COLOR", "never").stdin(std::process::Stdio::null());
    match command.output().context("could not be started") {
        Ok(output) => {
            let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.push_str(&String::from_utf8_lossy(&output.stderr));
            (output.status.success(), text)
        }
        Err(error) => (false, format!("{error:#}")),
    }
}
