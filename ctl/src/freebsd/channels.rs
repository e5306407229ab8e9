// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! FreeBSD's channels: a number or frequency chosen from the list that the kernel has.

use anyhow::Result;
use serde_json::json;

use super::{get, ioc};
use crate::layout::{self, Layout};
use crate::session::Session;
use crate::words::usage;

/// Channels that ifconfig has room for.
const CHANNELS_MAX: usize = 1536;

/// `IEEE80211_CHAN_*`.
pub(super) const GHZ2: u64 = 0x80;
pub(super) const GHZ5: u64 = 0x100;
pub(super) const PASSIVE: u64 = 0x200;
const CCK: u64 = 0x20;
const OFDM: u64 = 0x40;
const DYNAMIC: u64 = 0x400;
const HT20: u64 = 0x1_0000;
const HT40_UP: u64 = 0x2_0000;
const HT40_DOWN: u64 = 0x4_0000;
const HT: u64 = HT20 | HT40_UP | HT40_DOWN;
/// Any channel.
const ANY: u64 = 0xffff;

/// The kernel's list.
pub(super) struct Channels {
    layout: Layout,
    bytes: Vec<u8>,
}

impl Channels {
    /// Asks for it.
    pub(super) fn read(session: &mut Session) -> Result<Self> {
        let layout = layout::find(session.os, "ieee80211_channel")?;
        let room = 4 + CHANNELS_MAX * layout.size;
        let (_, bytes) = get(session, "channels", ioc::CHANINFO, vec![0; room])?;
        Self::of(layout, bytes)
    }

    /// A list that begins with their number.
    pub(super) fn of(layout: Layout, mut bytes: Vec<u8>) -> Result<Self> {
        let count = bytes.get(..4).map_or(0, layout::number) as usize;
        bytes.drain(..bytes.len().min(4));
        bytes.truncate(count.saturating_mul(layout.size));
        Ok(Self { layout, bytes })
    }

    /// Each channel's bytes.
    pub(super) fn each(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.layout.size)
    }

    /// A number in a channel.
    pub(super) fn number(&self, channel: &[u8], field: &str) -> Result<u64> {
        self.layout.number(channel, field)
    }
}

/// Tunes to `text`: a number or a frequency, with `:` and letters (b, g, a, n) or `/` and a width.
pub(super) fn set(session: &mut Session, text: &str) -> Result<()> {
    let channel = choose(session, text)?;
    super::set(session, "channel", ioc::CURCHAN, 0, channel)
}

fn choose(session: &mut Session, text: &str) -> Result<Vec<u8>> {
    if matches!(text, "-" | "any") {
        let any = layout::Bytes::new(session.os, "ieee80211_channel")?;
        return Ok(any.put("ic_freq", ANY)?.done());
    }
    let channels = Channels::read(session)?;
    let (ht, _) = get(session, "htconf", ioc::HTCONF, Vec::new())?;
    let end = text.find([':', '/']).unwrap_or(text.len());
    let Ok(wanted) = text[..end].parse::<u64>() else {
        return usage(format!("channel {text}: neither a number nor a frequency"));
    };
    let flags = flags(&text[end..])?;
    let field = if wanted > 255 { "ic_freq" } else { "ic_ieee" };
    let mut found: Option<(u64, &[u8])> = None;
    for channel in channels.each() {
        let has = channels.number(channel, "ic_flags")?;
        let fits = channels.number(channel, field)? == wanted
            && flags.iter().any(|flags| has & flags == *flags);
        let rank = if flags == [0] { rank(has, ht) } else { 0 };
        if fits && found.is_none_or(|(best, _)| rank > best) {
            found = Some((rank, channel));
        }
    }
    match found {
        Some((_, channel)) => Ok(channel.to_vec()),
        None => usage(format!("channel {text}: the device has no such channel")),
    }
}

/// How good a channel is where none is named further: 40 MHz, 20 MHz of HT if that is on, then the rest.
fn rank(flags: u64, ht: i16) -> u64 {
    match flags {
        flags if flags & (HT40_UP | HT40_DOWN) != 0 => {
            if ht & 2 != 0 {
                4
            } else {
                0
            }
        }
        flags if flags & HT20 != 0 => {
            if ht & 1 != 0 {
                3
            } else {
                0
            }
        }
        flags if flags & (DYNAMIC | OFDM) != 0 => 2,
        _ => 1,
    }
}

/// The flags that letters and width after a channel ask for: any of these will do.
fn flags(text: &str) -> Result<Vec<u64>> {
    let (letters, width) = text.split_once('/').unwrap_or((text, ""));
    let mut flags = match letters.trim_start_matches(':') {
        "" => vec![0],
        "a" => vec![GHZ5 | OFDM],
        "b" => vec![GHZ2 | CCK],
        "g" => vec![GHZ2 | DYNAMIC],
        "n" | "h" | "ht" | "ht20" | "ht/20" => vec![HT20],
        "ht40" => vec![HT40_UP, HT40_DOWN],
        "ht40+" => vec![HT40_UP],
        "ht40-" => vec![HT40_DOWN],
        other => {
            return usage(format!("channel ...:{other}: known are a, b, g, n, ht40, ht40+, ht40-"));
        }
    };
    match width {
        "" => {}
        "20" => flags = vec![HT20],
        "40" => flags = vec![HT40_UP, HT40_DOWN],
        other => return usage(format!("channel .../{other}: known are 20 and 40")),
    }
    Ok(flags)
}

/// What ifconfig says of a channel's kind.
pub(super) fn kind(flags: u64) -> &'static str {
    match flags {
        flags if flags & (HT40_UP) != 0 => "ht/40+",
        flags if flags & (HT40_DOWN) != 0 => "ht/40-",
        flags if flags & HT != 0 => "ht/20",
        flags if flags & GHZ5 != 0 => "11a",
        flags if flags & (DYNAMIC | OFDM) != 0 => "11g",
        _ => "11b",
    }
}

/// `list chan` and `list active`: by number, with the kinds that each has.
pub(super) fn list(session: &mut Session, only: Option<&[u8]>) -> Result<()> {
    let channels = Channels::read(session)?;
    let mut all: std::collections::BTreeMap<u64, (u64, u64, Vec<&str>)> = Default::default();
    for channel in channels.each() {
        let ieee = channels.number(channel, "ic_ieee")?;
        let flags = channels.number(channel, "ic_flags")?;
        let is_listed = only.is_none_or(|bits| {
            bits.get(ieee as usize / 8).is_some_and(|byte| byte & 1 << (ieee % 8) != 0)
        });
        if is_listed {
            let freq = channels.number(channel, "ic_freq")?;
            let entry = all.entry(ieee).or_insert((freq, flags, Vec::new()));
            entry.2.push(kind(flags));
        }
    }
    let rows = all.into_iter().map(|(ieee, (freq, flags, kinds))| {
        let passive = if flags & PASSIVE != 0 { '*' } else { ' ' };
        let line = format!("Channel {ieee:3} : {freq}{passive} MHz {}", kinds.join(" "));
        let value =
            json!({ "channel": ieee, "mhz": freq, "kinds": kinds, "passive": passive == '*' });
        (line, value)
    });
    session.report.table("channels", "", rows.collect::<Vec<_>>());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_after_a_channel() {
        assert_eq!(flags("").unwrap(), [0]);
        assert_eq!(flags(":g").unwrap(), [GHZ2 | DYNAMIC]);
        assert_eq!(flags("/40").unwrap(), [HT40_UP, HT40_DOWN]);
        assert_eq!(flags(":ht40-").unwrap(), [HT40_DOWN]);
        assert!(flags(":x").is_err());
        assert!(flags("/80").is_err());
    }

    #[test]
    fn the_best_of_several() {
        let (g, ht20, ht40) = (GHZ2 | DYNAMIC, GHZ2 | DYNAMIC | HT20, GHZ2 | DYNAMIC | HT40_UP);
        assert!(rank(ht40, 3) > rank(ht20, 3) && rank(ht20, 3) > rank(g, 3));
        assert!(rank(g, 0) > rank(ht20, 0), "HT is off");
        assert!(rank(ht20, 1) > rank(ht40, 1), "40 MHz are off");
    }
}
