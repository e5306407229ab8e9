// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Channels as FreeBSD lists them: each once for every way to use it.

use super::layout;
use crate::{
    abi::{Errno, Host, settings::secondary},
    radio::{self, ChannelFlags, ChannelRule},
    types::{Band, Channel, Tuning, Width},
};

/// Any channel (`IEEE80211_CHAN_ANY`).
pub(super) const ANY: u16 = 0xffff;

const CCK: u32 = 1 << 5;
const OFDM: u32 = 1 << 6;
const GHZ2: u32 = 1 << 7;
const GHZ5: u32 = 1 << 8;
pub(super) const PASSIVE: u32 = 1 << 9;
const DYN: u32 = 1 << 10;
const HT20: u32 = 1 << 16;
pub(super) const HT40U: u32 = 1 << 17;
pub(super) const HT40D: u32 = 1 << 18;

const B: u32 = GHZ2 | CCK;
const G: u32 = GHZ2 | DYN;
const A: u32 = GHZ5 | OFDM;
/// What tells two uses of a channel apart (`IEEE80211_CHAN_ALLTURBO`).
const USES: u32 = 0x3f07_edf0;

/// The uses of a band, in the order of a sorted list.
const fn uses(band: Band) -> &'static [u32] {
    match band {
        Band::Ghz2 => &[B, G, G | HT20, G | HT40U, G | HT40D],
        Band::Ghz5 => &[A, A | HT20, A | HT40U, A | HT40D],
    }
}

const fn width_of(flags: u32) -> Width {
    match flags & (HT40U | HT40D) {
        HT40U => Width::Mhz40Above,
        HT40D => Width::Mhz40Below,
        _ => Width::Mhz20,
    }
}

/// What a channel list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// What the radio can do and the law allows.
    Law,
    /// What the radio can do: from this ifconfig(8) chooses what another law allows.
    Radio,
}

/// More power than any of these radios has.
const RADIO_DBM: i8 = 30;

impl Of {
    fn rule<H: Host>(self, host: &mut H, channel: Channel) -> Option<ChannelRule> {
        let flags = ChannelFlags::empty();
        match self {
            Self::Law => host.rule(channel),
            Self::Radio => Some(ChannelRule { channel, max_dbm: RADIO_DBM, flags }),
        }
    }
}

/// Whether it is allowed to use a channel like this.
fn is_allowed<H: Host>(host: &mut H, of: Of, rule: &ChannelRule, flags: u32) -> bool {
    let tuning = Tuning { channel: rule.channel, width: width_of(flags) };
    let forbidden = match tuning.width {
        Width::Mhz20 => return true,
        Width::Mhz40Above => ChannelFlags::NO_40_ABOVE,
        Width::Mhz40Below => ChannelFlags::NO_40_BELOW,
    };
    let number = secondary(tuning);
    let other = radio::channels(host.info())
        .find(|other| other.number() == number && other.band() == rule.channel.band())
        .filter(|other| i32::from(other.mhz()).abs_diff(rule.channel.mhz().into()) == 20);
    host.info().has_40mhz
        && !rule.flags.intersects(forbidden)
        && other.is_some_and(|other| of.rule(host, other).is_some())
}

fn entry(rule: &ChannelRule, flags: u32) -> layout::Channel {
    let channel = rule.channel;
    let passive = if rule.flags.contains(ChannelFlags::NO_IR) { PASSIVE } else { 0 };
    layout::Channel {
        ic_flags: flags | passive,
        ic_freq: channel.mhz(),
        ic_ieee: channel.number(),
        ic_maxregpower: rule.max_dbm,
        ic_maxpower: rule.max_dbm.saturating_mul(2),
        ic_minpower: 0,
        ic_state: 0,
        ic_extieee: secondary(Tuning { channel, width: width_of(flags) }),
        ic_maxantgain: 0,
        ic_pad: 0,
        ic_devdata: 0,
        ic_vht_ch_freq1: 0,
        ic_vht_ch_freq2: 0,
        ic_freq2: 0,
    }
}

/// Shows the channel list until `show` fails.
pub(super) fn each<H: Host>(
    host: &mut H,
    of: Of,
    show: &mut dyn FnMut(&mut H, &layout::Channel) -> Result<(), Errno>,
) -> Result<(), Errno> {
    for channel in radio::channels(host.info()) {
        let Some(rule) = of.rule(host, channel) else { continue };
        for flags in uses(channel.band()) {
            if is_allowed(host, of, &rule, *flags) {
                show(host, &entry(&rule, *flags))?;
            }
        }
    }
    Ok(())
}

/// How long the channel list is.
pub(super) fn count<H: Host>(host: &mut H, of: Of) -> u32 {
    let mut count: u32 = 0;
    let _ = each(host, of, &mut |_, _| {
        count = count.saturating_add(1);
        Ok(())
    });
    count
}

/// What a channel that the user gives means; `None` is any. Errors: [`Errno::Inval`] for one that
/// is not on the list.
pub(super) fn find<H: Host>(
    host: &mut H,
    wanted: &layout::Channel,
) -> Result<Option<Tuning>, Errno> {
    if matches!(wanted.ic_freq, 0 | ANY) {
        return Ok(None);
    }
    let channel = Channel::from_mhz(wanted.ic_freq).ok_or(Errno::Inval)?;
    let rule = host.rule(channel).ok_or(Errno::Inval)?;
    let flags = wanted.ic_flags & USES;
    let is_listed = uses(channel.band()).contains(&flags);
    let is_ours = radio::channels(host.info()).any(|ours| ours == channel);
    if is_listed && is_ours && is_allowed(host, Of::Law, &rule, flags) {
        Ok(Some(Tuning { channel, width: width_of(flags) }))
    } else {
        Err(Errno::Inval)
    }
}

/// The channel with this number; `None` is any. Errors: [`Errno::Inval`].
pub(super) fn by_number<H: Host>(host: &mut H, number: i16) -> Result<Option<Tuning>, Errno> {
    if matches!(number, 0 | -1) {
        return Ok(None);
    }
    let number = u8::try_from(number).map_err(|_| Errno::Inval)?;
    let channel = radio::channels(host.info()).find(|channel| channel.number() == number);
    let channel = channel.filter(|channel| host.rule(*channel).is_some()).ok_or(Errno::Inval)?;
    Ok(Some(Tuning::narrow(channel)))
}

/// The flags of a place in the spectrum, for a network with or without HT.
pub(super) const fn flags_of(tuning: Tuning, has_ht: bool) -> u32 {
    let legacy = match tuning.channel.band() {
        Band::Ghz2 => G,
        Band::Ghz5 => A,
    };
    match tuning.width {
        Width::Mhz20 if has_ht => legacy | HT20,
        Width::Mhz20 => legacy,
        Width::Mhz40Above => legacy | HT40U,
        Width::Mhz40Below => legacy | HT40D,
    }
}

/// The list's entry for a place in the spectrum.
pub(super) fn describe<H: Host>(host: &mut H, tuning: Tuning, has_ht: bool) -> layout::Channel {
    let channel = tuning.channel;
    let nothing = ChannelRule { channel, max_dbm: 0, flags: ChannelFlags::empty() };
    let rule = host.rule(channel).unwrap_or(nothing);
    entry(&rule, flags_of(tuning, has_ht))
}
