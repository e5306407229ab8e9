// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `tern-emu`: emulated sticks for QEMU.

use clap::Parser as _;

fn main() -> anyhow::Result<()> {
    tern_emu::main_with_args(&tern_emu::Args::parse())
}
