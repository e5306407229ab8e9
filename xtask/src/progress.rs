// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a user sees while a command works: one plain line per step with the seconds since the
//! start, and the running of other programs with errors that name them.

use std::path::Path;
use std::process::{Command, ExitCode, Output};
use std::sync::OnceLock;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

/// The moment of the first call.
fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// Prints one step on stderr (stdout is for results), with the seconds since the first step.
pub(crate) fn step(text: &str) {
    let start = start();
    eprintln!("[{:6.2}] {text}", start.elapsed().as_secs_f64());
}

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    static ROOT: OnceLock<std::path::PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        here.parent().unwrap_or(here).to_path_buf()
    })
}

/// What we build and keep: `target/tern`.
pub(crate) fn artefacts() -> std::path::PathBuf {
    root().join("target/tern")
}

/// The cargo that runs us, or the one on the path.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs a command to its end and fails with its name and the end of its output.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{name} could not be started"))?;
    if !output.status.success() {
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        bail!("{name} failed ({}):\n{}", output.status, tail(&text, 40));
    }
    Ok(output)
}

/// Runs a command and returns what it printed on stdout.
pub(crate) fn stdout(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8_lossy(&output(command)?.stdout).into_owned())
}

/// The last `lines` lines of a text.
pub(crate) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// Builds a package of the workspace and runs it with `args`; its exit code is the result.
pub(crate) fn package(name: &str, args: &[String]) -> Result<ExitCode> {
    let status = cargo()
        .args(["run", "--quiet", "--package", name, "--"])
        .args(args)
        .status()
        .context("cargo could not be started")?;
    Ok(status.code().map_or(ExitCode::FAILURE, |code| ExitCode::from(code.clamp(0, 255) as u8)))
}

#[cfg(test)]
mod tests {
    use super::tail;

    #[test]
    fn tail_of_a_text() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc");
        assert_eq!(tail("a", 2), "a");
        assert_eq!(tail("", 2), "");
    }
}
