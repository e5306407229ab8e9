// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask verify`: Reads a built module and checks what it may contain.

use std::process::ExitCode;

/// Reads a built module and checks what it may contain
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Carries the command out.
pub(crate) fn run(_args: Args) -> anyhow::Result<ExitCode> {
    crate::not_yet("verify", "it is being written")
}
