// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Which rate a frame is sent at: the robust one for frames that must arrive, and a control loop
//! for chips whose firmware has none (adaptive automatic rate fallback: Lacage, Manshaei, Turletti,
//! "IEEE 802.11 rate adaptation: a practical approach", 2004).

use crate::types::{LegacyRates, Rate};

/// What a peer understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerRates {
    /// Legacy rates that both sides know.
    pub legacy: LegacyRates,
    /// Those among them that every station of the network knows.
    pub basic: LegacyRates,
    /// HT rates that both sides know, bit n is MCS n; 0 without HT.
    pub mcs: u32,
    /// It understands short guard intervals at the width in use.
    pub short_gi: bool,
    /// It understands short preambles.
    pub short_preamble: bool,
    /// There are stations that hear no OFDM: protect it by CTS to self.
    pub protect_ofdm: bool,
}

impl PeerRates {
    /// Nothing.
    pub const NONE: Self = Self {
        legacy: LegacyRates::empty(),
        basic: LegacyRates::empty(),
        mcs: 0,
        short_gi: false,
        short_preamble: false,
        protect_ofdm: false,
    };

    /// The rate for management, group and EAPOL frames: the slowest basic one, or the slowest of
    /// all if the network names none.
    pub fn robust(&self) -> Rate {
        let slowest = |rates: LegacyRates| rates.iter_half_mbps().min();
        slowest(self.basic).or(slowest(self.legacy)).map_or(Rate::SLOWEST, Rate::Legacy)
    }

    fn allows(&self, rate: Rate) -> bool {
        match rate {
            // With HT the legacy rates only serve as the way down.
            Rate::Legacy(half_mbps) => {
                let is_known = self.legacy.iter_half_mbps().any(|known| known == half_mbps);
                is_known && (self.mcs == 0 || half_mbps < SLOWEST_HT_HALF_MBPS)
            }
            Rate::Mcs(index) => self.mcs.checked_shr(index.into()).unwrap_or(0) & 1 != 0,
        }
    }
}

/// MCS 0 at 20 MHz, in units of 500 kb/s.
const SLOWEST_HT_HALF_MBPS: u8 = 13;

/// All rates up to two streams, by their speed at 20 MHz (IEEE Std 802.11-2020, tables 17-4,
/// 16-8, 19-27 and 19-28).
const BY_SPEED: [Rate; 28] = [
    Rate::Legacy(2),
    Rate::Legacy(4),
    Rate::Legacy(11),
    Rate::Legacy(12),
    Rate::Mcs(0),
    Rate::Legacy(18),
    Rate::Legacy(22),
    Rate::Legacy(24),
    Rate::Mcs(1),
    Rate::Mcs(8),
    Rate::Legacy(36),
    Rate::Mcs(2),
    Rate::Legacy(48),
    Rate::Mcs(3),
    Rate::Mcs(9),
    Rate::Legacy(72),
    Rate::Mcs(4),
    Rate::Mcs(10),
    Rate::Legacy(96),
    Rate::Mcs(5),
    Rate::Mcs(11),
    Rate::Legacy(108),
    Rate::Mcs(6),
    Rate::Mcs(7),
    Rate::Mcs(12),
    Rate::Mcs(13),
    Rate::Mcs(14),
    Rate::Mcs(15),
];

/// Frames in a row that must go well before a faster rate is tried, at first.
const UP_AFTER_MIN: u8 = 10;
/// The same, after many tries that went wrong.
const UP_AFTER_MAX: u8 = 80;
/// Retries of one frame that count as a failure.
const RETRIES_BAD: u8 = 2;

/// The control loop of one peer. Input are reports, output is [`RateControl::rate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateControl {
    rates: PeerRates,
    rate: Rate,
    /// Frames that went well in a row.
    good: u8,
    /// How many it takes.
    up_after: u8,
    /// The rate has just been raised: one failure takes it back.
    is_probing: bool,
}

impl RateControl {
    /// For nobody; all zero.
    pub const NONE: Self = Self {
        rates: PeerRates::NONE,
        rate: Rate::Legacy(0),
        good: 0,
        up_after: 0,
        is_probing: false,
    };

    /// Starts in the middle of what the peer understands.
    pub fn new(rates: PeerRates) -> Self {
        let allowed = || BY_SPEED.iter().filter(|rate| rates.allows(**rate));
        let middle = allowed().nth(allowed().count() / 2);
        let rate = middle.copied().unwrap_or(rates.robust());
        Self { rates, rate, good: 0, up_after: UP_AFTER_MIN, is_probing: false }
    }

    /// The rate for the next frame.
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// What became of a frame.
    pub fn report(&mut self, acked: bool, retries: u8) {
        let failed = !acked || retries >= RETRIES_BAD || self.is_probing && retries > 0;
        match (failed, retries) {
            (true, _) => self.step_down(),
            (false, 0) => {
                self.is_probing = false;
                self.good = self.good.saturating_add(1);
                if self.good >= self.up_after {
                    self.step_up();
                }
            }
            (false, _) => self.good = 0,
        }
    }

    fn step_down(&mut self) {
        self.up_after = match self.is_probing {
            true => self.up_after.saturating_mul(2).min(UP_AFTER_MAX),
            false => UP_AFTER_MIN,
        };
        (self.good, self.is_probing) = (0, false);
        let slower = BY_SPEED.iter().take_while(|rate| **rate != self.rate);
        if let Some(slower) = slower.filter(|rate| self.rates.allows(**rate)).last() {
            self.rate = *slower;
        }
    }

    fn step_up(&mut self) {
        self.good = 0;
        let mut faster = BY_SPEED.iter().skip_while(|rate| **rate != self.rate).skip(1);
        if let Some(faster) = faster.find(|rate| self.rates.allows(**rate)) {
            (self.rate, self.is_probing) = (*faster, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rates(mcs: u32) -> PeerRates {
        let legacy = LegacyRates::CCK | LegacyRates::OFDM;
        PeerRates { legacy, basic: LegacyRates::CCK, mcs, ..PeerRates::default() }
    }

    #[test]
    fn robust_rate_is_the_slowest_basic_one() {
        assert_eq!(rates(0).robust(), Rate::Legacy(2));
        let basic = LegacyRates::default().with(24).with(12);
        assert_eq!(PeerRates { basic, ..rates(0) }.robust(), Rate::Legacy(12));
        assert_eq!(PeerRates::default().robust(), Rate::SLOWEST);
    }

    #[test]
    fn good_air_leads_to_the_top_and_bad_air_to_the_bottom() {
        for (mcs, top) in [(0, Rate::Legacy(108)), (0xff, Rate::Mcs(7)), (0xffff, Rate::Mcs(15))] {
            let mut control = RateControl::new(rates(mcs));
            (0..1000).for_each(|_| control.report(true, 0));
            assert_eq!(control.rate(), top);
            (0..100).for_each(|_| control.report(false, 7));
            assert_eq!(control.rate(), Rate::Legacy(2));
        }
    }

    #[test]
    fn a_rate_that_never_works_is_tried_less_and_less() {
        let mut control = RateControl::new(rates(0));
        let mut tries = [0; 2];
        for tries in &mut tries {
            for _ in 0..2000 {
                let works = control.rate() != Rate::Legacy(108);
                *tries += i32::from(!works);
                control.report(works, 0);
            }
        }
        assert!(tries[1] > 0 && tries[1] < tries[0], "{tries:?}");
    }

    proptest! {
        #[test]
        fn only_rates_that_the_peer_knows(
            legacy in 1_u16..0x1000, mcs in any::<u32>(),
            reports in prop::collection::vec((any::<bool>(), 0_u8..8), 0..400),
        ) {
            let legacy = LegacyRates::from_bits_retain(legacy);
            let rates = PeerRates { legacy, mcs, ..PeerRates::default() };
            let mut control = RateControl::new(rates);
            for (acked, retries) in reports {
                control.report(acked, retries);
                let is_known = match control.rate() {
                    Rate::Legacy(rate) => legacy.iter_half_mbps().any(|known| known == rate),
                    Rate::Mcs(index) => mcs >> index & 1 == 1,
                };
                prop_assert!(is_known);
            }
        }
    }
}
