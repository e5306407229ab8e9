// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Media words of ifmedia(4), each system's: network type, option, mode and rate in one number.

use anyhow::Result;
use serde_json::json;

use crate::Os;
use crate::memory::Memory;
use crate::session::{Session, both};
use crate::words::usage;

/// What a system calls the parts of a word.
struct Names {
    /// Options by name.
    options: &'static [(&'static str, u64)],
    /// Modes by name, and the bits that they are.
    modes: &'static [(&'static str, u64)],
    mode_bits: u64,
    /// Bits of the rate; of rates only the automatic one (0) has a word here.
    rate_bits: u64,
}

const FREEBSD: Names = Names {
    options: &[("adhoc", 0x100), ("hostap", 0x200), ("ibss", 0x400), ("monitor", 0x2000)],
    modes: &[
        ("autoselect", 0),
        ("11a", 0x1_0000),
        ("11b", 0x2_0000),
        ("11g", 0x3_0000),
        ("11na", 0x5_0000),
        ("11ng", 0x6_0000),
    ],
    mode_bits: 0x7_0000,
    rate_bits: 0x1f,
};

const NETBSD: Names = Names {
    options: &[("adhoc", 0x100), ("hostap", 0x200), ("monitor", 0x400), ("ibss", 0x1000)],
    ..FREEBSD
};

const OPENBSD: Names = Names {
    options: &[
        ("adhoc", 0x1_0000),
        ("hostap", 0x2_0000),
        ("ibss", 0x4_0000),
        ("monitor", 0x10_0000),
    ],
    modes: &[
        ("autoselect", 0),
        ("11a", 0x1_0000_0000),
        ("11b", 0x2_0000_0000),
        ("11g", 0x3_0000_0000),
        ("11n", 0x8_0000_0000),
        ("11ac", 0x10_0000_0000),
    ],
    mode_bits: 0xff_0000_0000,
    rate_bits: 0xff,
};

fn names(os: Os) -> &'static Names {
    match os {
        Os::Freebsd => &FREEBSD,
        Os::Netbsd => &NETBSD,
        Os::Openbsd => &OPENBSD,
    }
}

/// `struct ifmediareq`: OpenBSD's words have 64 bits. Its size, places of the status and the active
/// word, and bytes of a word.
fn request(os: Os) -> (usize, usize, usize, usize) {
    if os == Os::Openbsd { (64, 32, 40, 8) } else { (48, 24, 28, 4) }
}

/// Current word, status, and active word.
fn state(session: &mut Session) -> Result<(u64, u64, u64)> {
    let (size, status, active, len) = request(session.os);
    let mut memory = Memory::default();
    let mut bytes = vec![0; size];
    bytes[..session.name.len()].copy_from_slice(session.name.as_bytes());
    let at = memory.place(bytes);
    session.ioctl("SIOCGIFMEDIA", both(56, size), at, &mut memory)?;
    let number = |from: usize| crate::layout::number(&memory.piece(at)[from..from + len]);
    Ok((number(16), number(status), number(active)))
}

/// Takes `word` if it is one about media: `media`, `mode`, `mediaopt`, `-mediaopt`.
pub(crate) fn take(session: &mut Session, word: &str, value: &str) -> Result<()> {
    let names = names(session.os);
    let current = match session.media {
        Some(media) => media,
        None => state(session)?.0,
    };
    let bits = |list: &[(&str, u64)]| match list.iter().find(|(name, _)| *name == value) {
        Some((_, bits)) => Ok(*bits),
        None => {
            let known: Vec<&str> = list.iter().map(|(name, _)| *name).collect();
            usage(format!("{word} {value}: known are {}", known.join(", ")))
        }
    };
    session.media = Some(match word {
        "media" if matches!(value, "auto" | "autoselect") => current & !names.rate_bits,
        "media" => return usage(format!("media {value}: only autoselect is known")),
        "mode" => current & !names.mode_bits | bits(names.modes)?,
        "mediaopt" => current | bits(names.options)?,
        _ => current & !bits(names.options)?,
    });
    Ok(())
}

/// Sets the option that makes an interface a station or a monitor.
pub(crate) fn set_opmode(session: &mut Session, mode: &str) -> Result<()> {
    match mode {
        "sta" | "station" => take(session, "-mediaopt", "monitor"),
        mode => take(session, "mediaopt", mode),
    }
}

/// Sets what was chosen, as ifconfig does: when all words have been read.
pub(crate) fn apply(session: &mut Session) -> Result<()> {
    let Some(media) = session.media.take() else { return Ok(()) };
    let (_, _, _, len) = request(session.os);
    let (command, ifreq) =
        (both(55, session.ifreq_len()), session.ifreq(&media.to_le_bytes()[..len]));
    session.ioctl_with("SIOCSIFMEDIA", command, ifreq)?;
    Ok(())
}

/// What the interface is, and whether it is joined.
pub(crate) fn report(session: &mut Session) -> Result<()> {
    let (current, status, active) = state(session)?;
    let names = names(session.os);
    let option = names.options.iter().find(|(_, bits)| active & bits != 0);
    let option = option.map_or("station", |(name, _)| *name);
    let is_active = status & 2 != 0;
    let words = if is_active { "active" } else { "no carrier" };
    let line = format!("\tmedia {current:#x} (active {active:#x}), {option}, {words}");
    session.report.add("mode", json!(option), line);
    session.report.add("active", json!(is_active), String::new());
    Ok(())
}
