// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The chip models of `tern-sim` as USB devices for any QEMU guest.
//!
//! `tern-emu` is the other end of QEMU's `usb-redir` device: it connects to the socket of each
//! emulated stick, answers register accesses and bulk transfers from a model, and keeps one air with
//! software access points for all of them. Time is the wall clock. One thread waits in poll(2) until a
//! socket is ready or something is due.
//!
//! See `README.md` beside this file for QEMU's side and the command line.

mod args;
mod control;
pub mod firmware;
mod link;
mod radio;
mod stats;
mod trace;
pub mod usbredir;
mod world;

pub use args::{Args, RadioSpec};
pub use stats::Stats;

/// Runs until it is told to stop, or until every QEMU has hung up (when there is no control socket).
///
/// # Errors
///
/// A command line that makes no sense, files and sockets that cannot be used.
pub fn main_with_args(args: &Args) -> anyhow::Result<()> {
    if let Some(directory) = &args.make_firmware {
        return firmware::write_all(directory);
    }
    world::World::new(args)?.run()
}
