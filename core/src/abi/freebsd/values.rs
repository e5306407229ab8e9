// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Parameters that are one number: remembered, shown again, and not acted on, because core decides
//! by itself or the feature is for modes and chips that it does not have (`ioctls.tsv` says which).

use super::ioc::{
    AMPDU, AMPDU_DENSITY, AMPDU_LIMIT, AMSDU, AMSDU_LIMIT, APBRIDGE, BGSCAN, BGSCAN_IDLE,
    BGSCAN_INTERVAL, BMISSTHRESHOLD, BURST, DFS, DOTD, DOTH, DROPUNENCRYPTED, DWDS, FF,
    FRAGTHRESHOLD, HIDESSID, HTCOMPAT, HTPROTMODE, INACTIVITY, LDPC, POWERSAVE, POWERSAVESLEEP,
    PROTMODE, PUREG, PUREN, QUIET, QUIET_COUNT, QUIET_DUR, QUIET_OFFSET, QUIET_PERIOD, RIFS,
    RTSTHRESHOLD, SCANVALID, SMPS, STBC, TSN, TURBOP, UAPSD, VHTCONF, WME, WPS,
};
use crate::{abi::Errno, os::Empty};

/// What a parameter may be.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// Anything.
    Any,
    /// 0, or something else, which is 1.
    Flag,
    /// From the first to the second.
    Range(i16, i16),
    /// 0 only, of these bits: we cannot do the rest.
    Without(i16),
    /// The first value is what we do; others of the range are not supported.
    Only(i16, i16),
    /// 0 or 1: on is not supported, the rest makes no sense.
    OffOnly,
    /// Never: there is no such feature.
    Never,
    /// Bits of A-MSDU: sending is not to be had.
    Amsdu,
    /// Spatial multiplexing power save: only off (12); 8 is reserved.
    Smps,
    /// 0, or anything up to 2, which is 2 (RTS/CTS).
    HtProtection,
}

use Rule::{Amsdu, Any, Flag, HtProtection, Never, OffOnly, Only, Range, Smps, Without};

const FRAGMENT_MAX: i16 = 2346;
const BEACON_INTERVAL_TU: i16 = 100;
const ALL: i16 = -1;

/// Number, value at the start, rule.
const VALUES: [(u16, i16, Rule); 46] = [
    (POWERSAVE, 0, OffOnly),
    (POWERSAVESLEEP, 100, Range(0, i16::MAX)),
    (RTSTHRESHOLD, 2346, Range(1, 2346)),
    (PROTMODE, 1, Range(i16::MIN, 2)),
    (DROPUNENCRYPTED, 0, Flag),
    (WME, 1, Flag),
    (HIDESSID, 0, Flag),
    (APBRIDGE, 1, Flag),
    (PUREG, 0, Flag),
    (FF, 0, Without(ALL)),
    (TURBOP, 0, Without(ALL)),
    (BGSCAN, 1, Flag),
    (BGSCAN_IDLE, 250, Range(100, i16::MAX)),
    (BGSCAN_INTERVAL, 300, Range(15, i16::MAX)),
    (SCANVALID, 60, Range(10, i16::MAX)),
    (FRAGTHRESHOLD, FRAGMENT_MAX, Only(FRAGMENT_MAX, FRAGMENT_MAX)),
    (BURST, 0, Without(ALL)),
    (BMISSTHRESHOLD, 7, Range(1, 255)),
    (AMPDU, 3, Any),
    (AMPDU_LIMIT, 3, Range(0, 3)),
    (AMPDU_DENSITY, 6, Range(0, 7)),
    (AMSDU, 2, Amsdu),
    (AMSDU_LIMIT, 0, Any),
    (PUREN, 0, Flag),
    (DOTH, 1, Flag),
    (HTCOMPAT, 0, Flag),
    (DWDS, 0, Without(ALL)),
    (INACTIVITY, 1, Flag),
    (WPS, 0, Flag),
    (TSN, 0, Flag),
    (DFS, 0, Without(ALL)),
    (DOTD, 0, Flag),
    (HTPROTMODE, 2, HtProtection),
    (SMPS, 12, Smps),
    (RIFS, 0, Without(ALL)),
    (STBC, 0, Without(3)),
    (LDPC, 0, Without(3)),
    (UAPSD, 0, Never),
    (VHTCONF, 0, Any),
    (QUIET, 0, Any),
    (QUIET_PERIOD, 0, Any),
    (QUIET_OFFSET, 0, Any),
    (QUIET_DUR, 0, Range(i16::MIN, BEACON_INTERVAL_TU - 1)),
    (QUIET_COUNT, 0, Any),
    // Seen to elsewhere; their numbers are remembered here.
    (super::ioc::HTCONF, 3, Range(0, 3)),
    (super::ioc::SHORTGI, 0x60, Any),
];

/// The parameters of an interface, as what has to be added to the value at the start: all zero in
/// the beginning.
#[derive(Debug)]
pub(super) struct Values([i16; VALUES.len()]);

impl Empty for Values {
    const EMPTY: Self = Self([0; VALUES.len()]);
}

impl Rule {
    fn apply(self, value: i16) -> Result<i16, Errno> {
        match self {
            Any => Ok(value),
            Flag => Ok(i16::from(value != 0)),
            Range(first, last) if (first..=last).contains(&value) => Ok(value),
            Range(..) => Err(Errno::Inval),
            Without(bits) if value & bits == 0 => Ok(0),
            Without(_) => Err(Errno::OpNotSupp),
            Only(first, last) if (first..=last).contains(&value) => Ok(value),
            Only(..) => Err(Errno::OpNotSupp),
            OffOnly => match value {
                0 => Ok(0),
                1 => Err(Errno::OpNotSupp),
                _ => Err(Errno::Inval),
            },
            Never => Err(Errno::OpNotSupp),
            Amsdu if value == 0 => Ok(0),
            Amsdu => Err(Errno::Inval),
            Smps => match value {
                12 => Ok(12),
                0 | 4 => Err(Errno::OpNotSupp),
                _ => Err(Errno::Inval),
            },
            HtProtection if value > 2 => Err(Errno::Inval),
            HtProtection => Ok(if value == 0 { 0 } else { 2 }),
        }
    }
}

impl Values {
    /// The parameter of this number; `None` if there is no such.
    pub(super) fn get(&self, number: u16) -> Option<i16> {
        let index = VALUES.iter().position(|(it, ..)| *it == number)?;
        let (_, start, _) = VALUES.get(index)?;
        self.0.get(index).map(|more| start.wrapping_add(*more))
    }

    /// Sets it. Errors: `None` if there is no such, otherwise what net80211 answers.
    pub(super) fn set(&mut self, number: u16, value: i16) -> Option<Result<(), Errno>> {
        let index = VALUES.iter().position(|(it, ..)| *it == number)?;
        let (_, start, rule) = VALUES.get(index)?;
        let place = self.0.get_mut(index)?;
        Some(rule.apply(value).map(|value| *place = value.wrapping_sub(*start)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_set_comes_back() {
        for (number, start, _) in VALUES {
            let mut values = Values::EMPTY;
            assert_eq!(values.get(number), Some(start), "{number}");
            for value in [i16::MIN, -1, 0, 1, 2, 3, 7, 8, 12, 100, 2346, i16::MAX] {
                let before = values.get(number);
                let set = values.set(number, value).unwrap();
                let after = values.get(number);
                assert!(set.is_ok() || after == before, "{number} {value}");
            }
        }
        assert_eq!(Values::EMPTY.get(8), None);
    }
}
