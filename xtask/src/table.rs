// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask table`: Generates the tables of the README.

use std::process::ExitCode;

/// Generates the tables of the README
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Carries the command out.
pub(crate) fn run(_args: Args) -> anyhow::Result<ExitCode> {
    crate::not_yet("table", "it is being written")
}
