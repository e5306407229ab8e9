// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Media words of ifmedia(4): network type, option (mode), phy mode and rate in one number. Two
//! systems numbered a few of them differently.

use crate::{
    abi::{Errno, Host, settings::Settings},
    chip::{Bands, ChipInfo},
    types::{Band, Mode, Rate},
};

/// `IFM_IEEE80211`: the network type.
const WIRELESS: i32 = 0x80;
/// What a system's words are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// `IFM_IEEE80211_MONITOR`: the option; a station has none.
    pub(crate) monitor: i32,
    /// `IFM_IEEE80211_DS1`, `_DS2`, `_DS5` and `_DS11`.
    pub(crate) cck: &'static [i32; 4],
}

/// `IFM_IEEE80211_11A` and so on: the phy modes. 0 is any.
const ANY: i32 = 0;
const A: i32 = 1 << 16;
const B: i32 = 2 << 16;
const G: i32 = 3 << 16;
const NA: i32 = 5 << 16;
const NG: i32 = 6 << 16;
/// `IFM_AUTO`: any rate; `IFM_IEEE80211_MCS`.
const AUTO: i32 = 0;
const MCS: i32 = 24;
/// `IFM_AVALID`, `IFM_ACTIVE`.
const STATUS_VALID: i32 = 1;
const STATUS_ACTIVE: i32 = 2;

/// 6 to 54 Mb/s: `IFM_IEEE80211_OFDM6` to `_OFDM54`.
const OFDM_RATES: [i32; 8] = [10, 11, 12, 13, 14, 15, 16, 17];

/// The phy mode, the rates that it has (CCK, OFDM, MCS), and the bands where it is.
const PHYS: [(i32, bool, bool, bool, Bands); 6] = [
    (ANY, true, true, true, Bands::all()),
    (A, false, true, false, Bands::GHZ5),
    (B, true, false, false, Bands::GHZ2),
    (G, true, true, false, Bands::GHZ2),
    (NA, false, false, true, Bands::GHZ5),
    (NG, false, false, true, Bands::GHZ2),
];

impl Words {
    /// Every word that a chip has.
    fn all(self, chip: &ChipInfo) -> impl Iterator<Item = i32> + use<> {
        let bands = chip.bands;
        PHYS.into_iter()
            .filter(move |(.., where_)| bands.intersects(*where_))
            .flat_map(move |(phy, has_cck, has_ofdm, has_mcs, _)| {
                let some =
                    |is_there: bool, rates: &'static [i32]| if is_there { rates } else { &[] };
                let cck = some(has_cck, self.cck).iter();
                let rates = cck.chain(some(has_ofdm, &OFDM_RATES)).chain(some(has_mcs, &[MCS]));
                core::iter::once(&AUTO).chain(rates).map(move |rate| WIRELESS | phy | rate)
            })
            .flat_map(move |word| [word, word | self.monitor])
    }

    /// The `index`-th word; 0 after the last.
    pub(crate) fn word(self, chip: &ChipInfo, index: u32) -> i32 {
        usize::try_from(index).ok().and_then(|index| self.all(chip).nth(index)).unwrap_or(0)
    }

    /// What an interface is with this word. Errors: [`Errno::NxIo`] for one that we do not have.
    pub(crate) fn mode_of(self, chip: &ChipInfo, word: i32) -> Result<Mode, Errno> {
        if !self.all(chip).any(|known| known == word) {
            return Err(Errno::NxIo);
        }
        Ok(if word & self.monitor != 0 { Mode::Monitor } else { Mode::Station })
    }

    /// The active word and the status.
    pub(crate) fn status<H: Host>(self, settings: &Settings, host: &mut H) -> (i32, i32) {
        let band = settings.here(host).channel.band();
        let joined = host.joined().filter(|_| settings.mode == Mode::Station);
        let is_active = match settings.mode {
            Mode::Station => joined.is_some(),
            Mode::Monitor => settings.is_up,
        };
        let rate = joined.and_then(|joined| host.peer_stats(joined.bssid)?.tx.rate);
        let option = if settings.mode == Mode::Monitor { self.monitor } else { 0 };
        let phy = match (rate, band) {
            (Some(Rate::Legacy(_)), Band::Ghz2) => G,
            (Some(Rate::Legacy(_)), Band::Ghz5) => A,
            (_, Band::Ghz2) => NG,
            (_, Band::Ghz5) => NA,
        };
        let active = WIRELESS | option | phy | rate.map_or(AUTO, |rate| self.subtype(rate));
        (active, if is_active { STATUS_VALID | STATUS_ACTIVE } else { STATUS_VALID })
    }

    fn subtype(self, rate: Rate) -> i32 {
        let Rate::Legacy(half_mbps) = rate else { return MCS };
        let all = self.cck.iter().chain(&OFDM_RATES);
        let known =
            crate::types::LEGACY_RATES.iter().zip(all).find(|(rate, _)| **rate == half_mbps);
        known.map_or(AUTO, |(_, word)| *word)
    }
}
