// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask run`: boots a kernel with an emulated stick and carries a scenario out.

use std::process::ExitCode;

/// Boots a kernel with an emulated stick and carries a scenario out
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Carries the command out.
pub(crate) fn run(_args: Args) -> anyhow::Result<ExitCode> {
    crate::not_yet("run", "it is being written")
}
