// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Supported rates (IEEE Std 802.11-2020, 9.4.2.3 and 9.4.2.13).

use super::{Elements, id};
use crate::{types::LegacyRates, wire::writer::Writer};

/// Set for rates that every member of the network has to understand.
const BASIC: u8 = 0x80;
/// Rates in the first element.
const FIRST_MAX: usize = 8;

/// The legacy rates of a network or station.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// All.
    pub supported: LegacyRates,
    /// Those that every member has to understand.
    pub basic: LegacyRates,
}

impl Rates {
    /// Reads both elements; unknown rates and membership selectors are left out.
    pub fn of(elements: Elements<'_>) -> Self {
        let mut rates = Self::default();
        let lists = elements.filter(|e| matches!(e.id, id::RATES | id::EXTENDED_RATES));
        for rate in lists.flat_map(|element| element.body) {
            rates.supported = rates.supported.with(*rate);
            if rate & BASIC != 0 {
                rates.basic = rates.basic.with(*rate);
            }
        }
        rates
    }

    /// Writes the first element and, if there are more than eight rates, the second.
    pub fn emit(self, out: &mut Writer<'_>) {
        let mut bytes = [0; 12];
        let mut len = 0;
        for (place, rate) in bytes.iter_mut().zip(self.supported.iter_half_mbps()) {
            let is_basic = self.basic.contains(LegacyRates::default().with(rate));
            *place = rate | if is_basic { BASIC } else { 0 };
            len += 1;
        }
        let (first, rest) = bytes.split_at(FIRST_MAX);
        out.element(id::RATES, first.get(..len.min(FIRST_MAX)).unwrap_or_default());
        if let Some(rest) = rest.get(..len.saturating_sub(FIRST_MAX))
            && !rest.is_empty()
        {
            out.element(id::EXTENDED_RATES, rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_rates_take_two_elements_and_come_back() {
        let rates = Rates { supported: LegacyRates::all(), basic: LegacyRates::CCK };
        let mut out = [0; 64];
        let mut writer = Writer::new(&mut out);
        rates.emit(&mut writer);
        let len = writer.finish().unwrap();
        assert_eq!(
            out[..len],
            [1, 8, 0x82, 0x84, 0x8b, 0x96, 12, 18, 24, 36, 50, 4, 48, 72, 96, 108]
        );
        assert_eq!(Rates::of(Elements::new(&out[..len])), rates);
    }

    #[test]
    fn membership_selectors_are_no_rates() {
        let rates = Rates::of(Elements::new(&[1, 3, 0x82, 0xff, 0xfb]));
        assert!(rates.supported.iter_half_mbps().eq([2]));
    }
}
