// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Parameters that are one number: remembered, shown again, and not acted on, because core decides
//! by itself or the feature is for modes and chips that it does not have (`ioctls.tsv` says which).

use crate::{abi::Errno, os::Empty};

/// What a parameter may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
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

/// Number, value at the start, rule.
pub(crate) type Row = (u16, i16, Rule);

/// The parameters of an interface, as what has to be added to the value at the start: all zero in
/// the beginning.
#[derive(Debug)]
pub(crate) struct Values<const N: usize>([i16; N]);

impl<const N: usize> Empty for Values<N> {
    const EMPTY: Self = Self([0; N]);
}

impl Rule {
    fn apply(self, value: i16) -> Result<i16, Errno> {
        match self {
            Self::Any => Ok(value),
            Self::Flag => Ok(i16::from(value != 0)),
            Self::Range(first, last) if (first..=last).contains(&value) => Ok(value),
            Self::Range(..) => Err(Errno::Inval),
            Self::Without(bits) if value & bits == 0 => Ok(0),
            Self::Without(_) => Err(Errno::OpNotSupp),
            Self::Only(first, last) if (first..=last).contains(&value) => Ok(value),
            Self::Only(..) => Err(Errno::OpNotSupp),
            Self::OffOnly => match value {
                0 => Ok(0),
                1 => Err(Errno::OpNotSupp),
                _ => Err(Errno::Inval),
            },
            Self::Never => Err(Errno::OpNotSupp),
            Self::Amsdu if value == 0 => Ok(0),
            Self::Amsdu => Err(Errno::Inval),
            Self::Smps => match value {
                12 => Ok(12),
                0 | 4 => Err(Errno::OpNotSupp),
                _ => Err(Errno::Inval),
            },
            Self::HtProtection if value > 2 => Err(Errno::Inval),
            Self::HtProtection => Ok(if value == 0 { 0 } else { 2 }),
        }
    }
}

impl<const N: usize> Values<N> {
    /// The parameter of this number; `None` if there is no such.
    pub(crate) fn get(&self, table: &[Row; N], number: u16) -> Option<i16> {
        let index = table.iter().position(|(it, ..)| *it == number)?;
        let (_, start, _) = table.get(index)?;
        self.0.get(index).map(|more| start.wrapping_add(*more))
    }

    /// Sets it. Errors: `None` if there is no such, otherwise what net80211 answers.
    pub(crate) fn set(
        &mut self,
        table: &[Row; N],
        number: u16,
        value: i16,
    ) -> Option<Result<(), Errno>> {
        let index = table.iter().position(|(it, ..)| *it == number)?;
        let (_, start, rule) = table.get(index)?;
        let place = self.0.get_mut(index)?;
        Some(rule.apply(value).map(|value| *place = value.wrapping_sub(*start)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_set_comes_back() {
        const TABLE: [Row; 5] = [
            (1, 5, Rule::Any),
            (2, 1, Rule::Flag),
            (3, 2346, Rule::Range(1, 2346)),
            (4, 0, Rule::Without(3)),
            (5, 12, Rule::Smps),
        ];
        for (number, start, _) in TABLE {
            let mut values = Values::EMPTY;
            assert_eq!(values.get(&TABLE, number), Some(start), "{number}");
            for value in [i16::MIN, -1, 0, 1, 2, 3, 7, 8, 12, 100, 2346, i16::MAX] {
                let before = values.get(&TABLE, number);
                let set = values.set(&TABLE, number, value).unwrap();
                let after = values.get(&TABLE, number);
                assert!(set.is_ok() || after == before, "{number} {value}");
            }
        }
        assert_eq!(Values::EMPTY.get(&TABLE, 8), None);
    }
}
