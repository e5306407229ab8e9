// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask sim`: passes its arguments to `tern-sim`.

use std::process::ExitCode;

use crate::progress;

/// One deterministic world: the whole driver on the chip models
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// Arguments of `tern-sim`; `--help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// Builds `tern-sim` and runs it; its exit code is ours.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    progress::package("tern-sim", &args.args)
}
