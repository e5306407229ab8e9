// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `tern-emu`: emulated sticks for QEMU.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match tern_emu::main_with_args(&tern_emu::Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
