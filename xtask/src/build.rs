// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask build`: Builds the module of an operating system.

use std::process::ExitCode;

/// Builds the module of an operating system
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Carries the command out.
pub(crate) fn run(_args: Args) -> anyhow::Result<ExitCode> {
    crate::not_yet("build", "it is being written")
}
