// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Media words of ifmedia(4). They are 64 bits wide on this system; what is above 32 are phy modes,
//! which cannot be chosen here, because rates are core's to choose.

use super::OpenBsd;
use crate::{
    abi::{Errno, Host},
    types::{Mode, Rate},
};

/// `IFM_IEEE80211`: the network type. The subtype `IFM_AUTO` is 0.
const WIRELESS: i32 = 0x400;
/// `IFM_IEEE80211_MONITOR`: the option; a station has none.
const MONITOR: i32 = 0x10_0000;
/// `IFM_AVALID`, `IFM_ACTIVE`.
const VALID: i32 = 1;
const ACTIVE: i32 = 2;
/// `IFM_IEEE80211_HT_MCS0`; the others follow.
const MCS0: i32 = 19;

/// The words that can be chosen.
const WORDS: [i32; 2] = [WIRELESS, WIRELESS | MONITOR];

/// The `index`-th word; 0 after the last.
pub(super) fn word(index: u32) -> i32 {
    usize::try_from(index).ok().and_then(|index| WORDS.get(index)).copied().unwrap_or(0)
}

/// What an interface is with this word. Errors: [`Errno::NxIo`] for one that we do not have.
pub(super) fn mode_of(word: i32) -> Result<Mode, Errno> {
    if !WORDS.contains(&word) {
        return Err(Errno::NxIo);
    }
    Ok(if word & MONITOR != 0 { Mode::Monitor } else { Mode::Station })
}

/// The subtype of a rate: `IFM_IEEE80211_DS1` and so on. 0 for one that has none.
fn subtype(rate: Rate) -> i32 {
    match rate {
        Rate::Mcs(index) => MCS0 + i32::from(index),
        Rate::Legacy(2) => 8,
        Rate::Legacy(4) => 5,
        Rate::Legacy(11) => 6,
        Rate::Legacy(22) => 7,
        Rate::Legacy(12) => 10,
        Rate::Legacy(18) => 11,
        Rate::Legacy(24) => 12,
        Rate::Legacy(36) => 13,
        Rate::Legacy(48) => 14,
        Rate::Legacy(72) => 15,
        Rate::Legacy(96) => 16,
        Rate::Legacy(108) => 17,
        Rate::Legacy(_) => 0,
    }
}

impl OpenBsd {
    /// The active word and the status.
    pub(super) fn active_media<H: Host>(&self, host: &mut H) -> (i32, i32) {
        let joined = self.joined(host);
        let (option, is_active) = match self.mode {
            Mode::Station => (0, joined.is_some()),
            Mode::Monitor => (MONITOR, self.is_up),
        };
        let stats = joined.and_then(|joined| host.peer_stats(joined.bssid));
        // If the firmware chooses how we send, then how we are sent to is what is known.
        let rate = stats.and_then(|stats| stats.tx.rate.or(stats.rx.rate));
        let active = WIRELESS | option | rate.map_or(0, subtype);
        (active, VALID | if is_active { ACTIVE } else { 0 })
    }
}
