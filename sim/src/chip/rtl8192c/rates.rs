// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Rate numbers of the descriptors.

use crate::air::Rate;

/// Legacy rates by number, in units of 500 kb/s: CCK 1, 2, 5.5, 11, then OFDM 6 to 54.
const LEGACY: [u8; 12] = [2, 4, 11, 22, 12, 18, 24, 36, 48, 72, 96, 108];
/// Number of MCS 0.
const MCS_0: u8 = 12;
/// Number of the last rate of one stream, MCS 7.
pub(super) const LAST_OF_ONE_STREAM: u8 = 19;
/// Number of the last rate of the family, MCS 15.
const LAST: u8 = 27;

/// The rate with this number; `None` where this family has none.
pub(super) fn from_index(index: u8, width_mhz: u8, short_gi: bool) -> Option<Rate> {
    match index {
        0..MCS_0 => Some(Rate::Legacy(LEGACY[usize::from(index)])),
        MCS_0..=LAST => Some(Rate::Ht { mcs: index - MCS_0, width_mhz, short_gi }),
        _ => None,
    }
}

/// The number of a rate; `None` when this family cannot receive it.
pub(super) fn to_index(rate: Rate) -> Option<u8> {
    match rate {
        Rate::Legacy(rate) => LEGACY.iter().position(|known| *known == rate).map(|at| at as u8),
        Rate::Ht { mcs, .. } => (mcs <= LAST - MCS_0).then_some(MCS_0 + mcs),
    }
}

/// The highest rate of a mask of rate numbers.
pub(super) fn best_of(mask: u32) -> Option<u8> {
    (0..=LAST).rev().find(|index| mask >> index & 1 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for index in 0..=LAST {
            assert_eq!(to_index(from_index(index, 20, false).unwrap()), Some(index));
        }
        assert_eq!(from_index(28, 20, false), None);
        assert_eq!(from_index(9, 20, false), Some(Rate::Legacy(72)));
        assert_eq!(best_of(0x000f_f015), Some(19));
        assert_eq!(best_of(0), None);
    }
}
