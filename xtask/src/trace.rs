// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask trace`: Prints an event ring or a register log in words.

use std::process::ExitCode;

/// Prints an event ring or a register log in words
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Carries the command out.
pub(crate) fn run(_args: Args) -> anyhow::Result<ExitCode> {
    crate::not_yet("trace", "it is being written")
}
