// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask emu`: passes its arguments to `tern-emu`.

use std::process::ExitCode;

use crate::progress;

/// Chip models as USB devices for QEMU, with one air and software access points
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// Arguments of `tern-emu`; `--help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// Builds `tern-emu` and runs it; its exit code is ours.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    progress::package("tern-emu", &args.args)
}
