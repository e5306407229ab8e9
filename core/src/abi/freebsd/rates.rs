// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Rates by phy mode: parameters for roaming and sending (`IEEE80211_IOC_ROAM`, `_TXPARAMS`), which
//! are remembered and checked. Core, or the firmware, chooses rates by itself.

use zerocopy::FromBytes;

use super::layout::{MODES, RoamParam, TxParam};
use crate::{
    abi::{Errno, Host, UserAddr, user},
    os::Empty,
    types::{LEGACY_RATES, Rate, Width},
};

/// No rate is fixed (`IEEE80211_FIXED_RATE_NONE`).
const NONE: u8 = 0xff;
/// An MCS and no legacy rate (`IEEE80211_RATE_MCS`).
const MCS: u8 = 0x80;
/// Modes with 802.11b rates only, with OFDM only, and with HT.
const MODE_11A: usize = 1;
const MODE_11B: usize = 2;
const MODE_11G: usize = 3;
const MODE_11NA: usize = 8;
const MODE_11NG: usize = 9;
/// MCS that a radio of two chains has.
const MCS_MAX: u8 = 15;

/// What is set for each mode.
#[derive(Debug)]
pub(super) struct Rates {
    roam: [RoamParam; MODES],
    tx: [TxParam; MODES],
}

impl Empty for Rates {
    const EMPTY: Self = Self {
        roam: [RoamParam { rssi: 0, rate: 0, pad: 0 }; MODES],
        tx: [TxParam { ucastrate: 0, mgmtrate: 0, mcastrate: 0, maxretry: 0 }; MODES],
    };
}

/// Whether a rate can be fixed in a mode. Modes that we do not have take anything.
fn is_rate(mode: usize, rate: u8) -> bool {
    let legacy =
        |from: usize, to: usize| LEGACY_RATES.get(from..to).is_some_and(|r| r.contains(&rate));
    rate == NONE
        || match mode {
            MODE_11A => legacy(4, 12),
            MODE_11B => legacy(0, 4),
            MODE_11G => legacy(0, 12),
            MODE_11NA | MODE_11NG => legacy(0, 12) || rate & MCS != 0 && rate & !MCS <= MCS_MAX,
            _ => true,
        }
}

impl Rates {
    /// What holds in the beginning: roam below 7 dB, nothing fixed, the slowest rate for all that
    /// goes to many.
    pub(super) const START: Self = Self {
        roam: [RoamParam { rssi: 14, rate: 2, pad: 0 }; MODES],
        tx: [TxParam { ucastrate: NONE, mgmtrate: 2, mcastrate: 2, maxretry: 6 }; MODES],
    };

    /// Copies as much out as there is room for.
    pub(super) fn get_roam<H: Host>(
        &self,
        host: &mut H,
        to: UserAddr,
        room: u16,
    ) -> Result<(), Errno> {
        user::write_some(host, &self.roam, to, room).map(|_| ())
    }

    /// The same for sending.
    pub(super) fn get_tx<H: Host>(
        &self,
        host: &mut H,
        to: UserAddr,
        room: u16,
    ) -> Result<(), Errno> {
        user::write_some(host, &self.tx, to, room).map(|_| ())
    }

    /// Takes parameters for roaming: all modes.
    pub(super) fn set_roam<H: Host>(
        &mut self,
        host: &mut H,
        from: UserAddr,
        len: u16,
    ) -> Result<(), Errno> {
        let new: [RoamParam; MODES] = user::read_exact(host, from, len)?;
        let is_right = |(mode, (new, old)): (usize, (&RoamParam, &RoamParam))| {
            new.rate == old.rate || is_rate(mode, new.rate)
        };
        if !new.iter().zip(&self.roam).enumerate().all(is_right) {
            return Err(Errno::Inval);
        }
        self.roam = new;
        Ok(())
    }

    /// Takes parameters for sending, of the first modes only if there are fewer bytes.
    pub(super) fn set_tx<H: Host>(
        &mut self,
        host: &mut H,
        from: UserAddr,
        len: u16,
    ) -> Result<(), Errno> {
        const ENTRY: usize = size_of::<TxParam>();
        let mut bytes = [0; ENTRY * MODES];
        let given = bytes.get_mut(..usize::from(len)).ok_or(Errno::Inval)?;
        host.copy_in(from, given)?;
        let (chunks, _) = given.as_chunks::<ENTRY>();
        let mut new = self.tx;
        for (place, chunk) in new.iter_mut().zip(chunks) {
            *place = TxParam::read_from_bytes(chunk).map_err(|_| Errno::Inval)?;
        }
        let is_right = |(mode, (new, old)): (usize, (&TxParam, &TxParam))| {
            (new.ucastrate == old.ucastrate || is_rate(mode, new.ucastrate))
                && (new.mcastrate == old.mcastrate || is_rate(mode, new.mcastrate))
                && (new.mgmtrate == old.mgmtrate || is_rate(mode, new.mgmtrate))
        };
        if !new.iter().zip(&self.tx).enumerate().all(is_right) {
            return Err(Errno::Inval);
        }
        self.tx = new;
        Ok(())
    }
}

/// A rate as `isi_txrate` has it, and its speed in units of 500 kb/s.
pub(super) fn describe(rate: Rate, width: Width, is_short: bool) -> (u8, u16) {
    /// Bits per symbol of one stream and 20 MHz, in units of 6.5 Mb/s with long guard intervals.
    const SPEEDS: [u16; 8] = [2, 4, 6, 8, 12, 16, 18, 20];
    match rate {
        Rate::Legacy(half_mbps) => (half_mbps, half_mbps.into()),
        Rate::Mcs(mcs) => {
            let speed = SPEEDS.get(usize::from(mcs % 8)).copied().unwrap_or(0);
            let streams = u16::from(mcs / 8).saturating_add(1);
            let base = match width {
                Width::Mhz20 => 13_u16,
                Width::Mhz40Above | Width::Mhz40Below => 27,
            };
            let long = base.saturating_mul(speed).saturating_mul(streams) / 2;
            let half_mbps = if is_short { long.saturating_mul(10) / 9 } else { long };
            (mcs | MCS, half_mbps)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_those_of_the_standard() {
        for (rate, width, is_short, expected) in [
            (Rate::Legacy(11), Width::Mhz20, false, (11, 11)),
            (Rate::Mcs(0), Width::Mhz20, false, (0x80, 13)),
            (Rate::Mcs(7), Width::Mhz20, false, (0x87, 130)),
            (Rate::Mcs(7), Width::Mhz20, true, (0x87, 144)),
            (Rate::Mcs(15), Width::Mhz40Above, true, (0x8f, 600)),
            (Rate::Mcs(7), Width::Mhz40Below, false, (0x87, 270)),
        ] {
            assert_eq!(describe(rate, width, is_short), expected, "{rate:?}");
        }
    }
}
