// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask tidy`: Checks layering and style.

use std::process::ExitCode;

/// Checks layering and style
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Carries the command out.
pub(crate) fn run(_args: Args) -> anyhow::Result<ExitCode> {
    crate::not_yet("tidy", "it is being written")
}
