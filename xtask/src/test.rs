// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask test`: Runs the rings of tests.

use std::process::ExitCode;

/// Runs the rings of tests
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Carries the command out.
pub(crate) fn run(_args: Args) -> anyhow::Result<ExitCode> {
    crate::not_yet("test", "it is being written")
}
