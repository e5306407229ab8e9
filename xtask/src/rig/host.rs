// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask host`: a BSD's module as built, for other programs.

use std::process::ExitCode;

use anyhow::Result;

use super::{System, arguments, build, preload};
use crate::progress;

/// Runs the module of a BSD in a process and offers its ioctls on a socket, for tern-ctl and for
/// preloaded programs of that system (rig/PROTOCOL.md)
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The system
    #[arg(long, value_enum)]
    os: System,
    /// The Unix socket to listen at
    #[arg(long)]
    socket: String,
    /// Prints the walk of each ioctl, and compares its register writes with the model's own log
    #[arg(long)]
    trace: bool,
    /// An access point: ssid=NAME,psk=SECRET,channel=N,.. as of `cargo xtask emu`; several times for several
    #[arg(long = "ap", value_name = "KEY=VALUE,..")]
    access_points: Vec<String>,
    /// The chip of the stick
    #[arg(long, default_value = "rtl8188cus")]
    chip: String,
}

/// Builds module and fake kernel, and runs them.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let bsd = args.os.bsd();
    let module = build(bsd)?;
    progress::step(&format!(
        "programs of {}, compiled for Linux: LD_PRELOAD={} TERN_SOCKET={} PROGRAM",
        bsd.name(),
        preload::library()?.display(),
        args.socket
    ));
    let mut all = arguments(bsd, &module);
    all.extend(["--chip".to_owned(), args.chip, "--socket".to_owned(), args.socket]);
    for access_point in args.access_points {
        all.extend(["--ap".to_owned(), access_point]);
    }
    if args.trace {
        all.push("--trace".to_owned());
    }
    progress::package("tern-rig", &all)
}
