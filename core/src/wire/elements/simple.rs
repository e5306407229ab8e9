// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Elements that are a few bits.

/// What 802.11b stations near the network make necessary (IEEE Std 802.11-2020, 9.4.2.11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erp {
    /// OFDM frames have to be protected by CTS.
    pub use_protection: bool,
    /// Short preambles are not allowed.
    pub barker_preamble: bool,
}

impl Erp {
    /// Reads the body of an element.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let bits = body.first()?;
        Some(Self { use_protection: bits & 2 != 0, barker_preamble: bits & 4 != 0 })
    }
}

/// Bits without an order of their own (9.4.2.26); what is not there is 0.
#[derive(Clone, Copy, Debug)]
pub struct ExtendedCapabilities<'a>(&'a [u8]);

impl<'a> ExtendedCapabilities<'a> {
    /// Bit: understands extended channel switch announcements.
    pub const EXTENDED_CHANNEL_SWITCH: usize = 2;
    /// Bit: BSS transition management.
    pub const BSS_TRANSITION: usize = 19;

    /// From the body of an element.
    pub const fn new(body: &'a [u8]) -> Self {
        Self(body)
    }

    /// Whether this bit is set.
    pub fn has(self, bit: usize) -> bool {
        self.0.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_from_the_first_byte() {
        let bits = ExtendedCapabilities::new(&[0x04, 0, 0x08]);
        assert!(bits.has(ExtendedCapabilities::EXTENDED_CHANNEL_SWITCH));
        assert!(bits.has(ExtendedCapabilities::BSS_TRANSITION));
        assert!(!bits.has(3) && !bits.has(400));
        assert_eq!(Erp::parse(&[6]), Some(Erp { use_protection: true, barker_preamble: true }));
        assert_eq!(Erp::parse(&[]), None);
    }
}
