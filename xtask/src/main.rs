// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask`: builds, checks and tries Tern. One file (or directory) per subcommand.
//!
//! Exit codes: 0 done and as it should be, 1 failed, 2 bad command line or a command that is not
//! there yet.

mod build;
mod emu;
mod layouts;
mod lock;
mod new_chip;
mod progress;
mod rig;
mod run;
mod setup;
mod sim;
mod table;
mod test;
mod tidy;
mod trace;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, checks and tries the Tern Wi-Fi driver.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Build(build::Args),
    Verify(verify::Args),
    Run(run::Args),
    Test(test::Args),
    Sim(sim::Args),
    Emu(emu::Args),
    Trace(trace::Args),
    Tidy(tidy::Args),
    Table(table::Args),
    Layouts(layouts::Args),
    Rig(rig::Args),
    Host(rig::host::Args),
    /// Ratios between Tern and other drivers (not available yet)
    Bench(Later),
    NewChip(new_chip::Args),
}

/// The arguments of a command that is not there yet: anything.
#[derive(clap::Args)]
struct Later {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _args: Vec<String>,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Build(args) => build::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Run(args) => run::run(args),
        Command::Test(args) => test::run(args),
        Command::Sim(args) => sim::run(args),
        Command::Emu(args) => emu::run(args),
        Command::Trace(args) => trace::run(args),
        Command::Tidy(args) => tidy::run(args),
        Command::Table(args) => table::run(args),
        Command::Layouts(args) => layouts::run(args),
        Command::Rig(args) => rig::run(args),
        Command::Host(args) => rig::host::run(args),
        Command::Bench(_) => not_yet("bench", "see `cargo xtask run --scenario transfers`"),
        Command::NewChip(args) => new_chip::run(args),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Says that `command` does not exist yet, and what to use meanwhile.
#[expect(clippy::unnecessary_wraps, reason = "stands where a command's `run` will stand")]
fn not_yet(command: &str, instead: &str) -> anyhow::Result<ExitCode> {
    eprintln!("not available yet: {command} ({instead})");
    Ok(ExitCode::from(2))
}
