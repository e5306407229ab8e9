// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `tern-ctl`: an ifconfig(8) for the kernels that `cargo xtask host` runs. It makes the ioctls of the BSD
//! it is told to speak for, byte for byte as that system's own ifconfig makes them.
//!
//! Exit codes: 0 done, 1 the kernel (or the host) said no, 2 bad command line.

mod freebsd;
mod host;
mod layout;
mod media;
mod memory;
mod netbsd;
mod openbsd;
mod report;
mod session;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};

use host::Kind;
use session::Session;

/// The BSD whose ifconfig this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Os {
    /// Interfaces by cloning, lists by number
    Freebsd,
    /// The interface is the device
    Netbsd,
    /// The same, and WPA keys go into the kernel
    Openbsd,
}

impl Os {
    /// As the host names it.
    fn name(self) -> &'static str {
        match self {
            Self::Freebsd => "freebsd",
            Self::Netbsd => "netbsd",
            Self::Openbsd => "openbsd",
        }
    }
}

/// An ifconfig for the kernels that `cargo xtask host` runs
#[derive(Parser)]
#[command(name = "tern-ctl", version)]
#[command(after_help = "Without an interface all are listed. Words of all systems:
  up, down, create, destroy, media TYPE, mode MODE, mediaopt OPTION, -mediaopt OPTION
FreeBSD: create wlandev DEVICE [wlanmode MODE] [wlanaddr MAC] [wlanbssid MAC]; ssid NAME, bssid MAC,
  channel N[:g|:n|:ht/40], wlanmode MODE, scan, list scan|chan|active|caps|sta, authmode MODE, wepmode,
  wepkey, weptxkey, and every parameter that is a number (powersave, rtsthreshold, txpower, ...).
  WPA is wpa_supplicant's there: its driver `bsd` makes the same ioctls through the preload library.
NetBSD: ssid NAME, chan N, bssid MAC, nwkey KEY, list scan, scan, list chan, list sta; WPA likewise.
OpenBSD: nwid NAME, join NAME, chan [N], bssid MAC, nwkey KEY, wpakey KEY, wpa, -wpa, wpaprotos,
  wpaakms, scan.")]
struct Args {
    /// The system that the host runs
    #[arg(long, value_enum)]
    os: Os,
    /// The host's socket
    #[arg(long)]
    socket: PathBuf,
    /// Print the driver's own text and end: counters, events, registers
    #[arg(long, value_name = "WHAT")]
    show: Option<String>,
    /// Tell the host's machine to do something and end: plug, unplug, suspend, resume, detach
    #[arg(long, value_name = "WORD", conflicts_with = "show")]
    control: Option<String>,
    /// Print results as one JSON object on stdout
    #[arg(long)]
    json: bool,
    /// An interface, then what ifconfig(8) of that system takes
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tern-ctl: {error:#}");
            let is_usage = error.downcast_ref::<words::Usage>().is_some();
            ExitCode::from(if is_usage { 2 } else { 1 })
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let mut host = host::Host::open(&args.socket, Kind::Socket)?;
    host.expect_os(args.os.name())?;
    if let Some(what) = &args.show {
        print!("{}", host.show(what)?);
        return Ok(());
    }
    if let Some(word) = &args.control {
        return host.control(word);
    }
    let Some((name, words)) = args.words.split_first() else {
        return report::interfaces(&host.show("interfaces")?, args.json);
    };
    let mut session = Session::new(host, &args.socket, args.os, name)?;
    let done = match args.os {
        Os::Freebsd => freebsd::run(&mut session, words),
        Os::Netbsd => netbsd::run(&mut session, words),
        Os::Openbsd => openbsd::run(&mut session, words),
    };
    done?;
    session.report.print(args.json);
    Ok(())
}
