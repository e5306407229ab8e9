// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Small values shared by every module, valid by construction.

use core::fmt;

use bitflags::bitflags;

/// A MAC address.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(pub [u8; 6]);

impl MacAddr {
    /// All stations.
    pub const BROADCAST: Self = Self([0xff; 6]);
    /// Nobody.
    pub const ZERO: Self = Self([0; 6]);

    /// Whether this is a group address (broadcast is one).
    pub const fn is_multicast(self) -> bool {
        let [first, ..] = self.0;
        first & 1 != 0
    }

    /// Whether a station can have this address: not a group, not all zero.
    pub const fn is_valid_station(self) -> bool {
        !self.is_multicast() && !matches!(self.0, [0, 0, 0, 0, 0, 0])
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A part of the spectrum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// Channels 1 to 14.
    Ghz2,
    /// Channels 36 to 177.
    Ghz5,
}

/// A primary channel of 20 MHz (IEEE Std 802.11-2020, Annex E).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Channel {
    mhz: u16,
}

impl Channel {
    /// Channel 1 at 2.4 GHz.
    pub const FIRST: Self = Self { mhz: 2412 };

    /// The channel with this number, if the band has it.
    pub const fn new(band: Band, number: u8) -> Option<Self> {
        let n = u16::from_le_bytes([number, 0]);
        match (band, number) {
            (Band::Ghz2, 1..=13) => Some(Self { mhz: 2407 + 5 * n }),
            (Band::Ghz2, 14) => Some(Self { mhz: 2484 }),
            (Band::Ghz5, 36..=64 | 100..=144) if number.is_multiple_of(4) => {
                Some(Self { mhz: 5000 + 5 * n })
            }
            (Band::Ghz5, 149..=177) if number % 4 == 1 => Some(Self { mhz: 5000 + 5 * n }),
            _ => None,
        }
    }

    /// The 2.4 GHz channel with this number, 1 to 14.
    pub const fn ghz2(number: u8) -> Option<Self> {
        Self::new(Band::Ghz2, number)
    }

    /// The channel with this centre frequency.
    pub const fn from_mhz(mhz: u16) -> Option<Self> {
        let number = match mhz {
            2484 => 14,
            2412..=2472 if mhz % 5 == 2 => (mhz - 2407) / 5,
            5180..=5885 if mhz.is_multiple_of(5) => (mhz - 5000) / 5,
            _ => return None,
        };
        let [number, _] = number.to_le_bytes(); // Below 256 by the ranges above.
        Self::new(if mhz < 3000 { Band::Ghz2 } else { Band::Ghz5 }, number)
    }

    /// Centre frequency.
    pub const fn mhz(self) -> u16 {
        self.mhz
    }

    /// Which band.
    pub const fn band(self) -> Band {
        if self.mhz < 3000 { Band::Ghz2 } else { Band::Ghz5 }
    }

    /// The number within its band.
    pub const fn number(self) -> u8 {
        let number = match self.mhz {
            2484 => 14,
            0..3000 => (self.mhz - 2407) / 5,
            _ => (self.mhz - 5000) / 5,
        };
        let [number, _] = number.to_le_bytes(); // At most 177 by construction.
        number
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

/// How much of the spectrum is used, and where the rest lies of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Width {
    /// 20 MHz.
    #[default]
    Mhz20,
    /// 40 MHz, the secondary channel above the primary (HT40+).
    Mhz40Above,
    /// 40 MHz, the secondary channel below the primary (HT40-).
    Mhz40Below,
}

/// What a radio is tuned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// The primary channel.
    pub channel: Channel,
    /// How wide.
    pub width: Width,
}

impl Tuning {
    /// 20 MHz on `channel`.
    pub const fn narrow(channel: Channel) -> Self {
        Self { channel, width: Width::Mhz20 }
    }
}

/// The name of a network: at most 32 bytes, of any value. Empty stands for "not said".
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ssid {
    len: u8,
    bytes: [u8; Self::LEN_MAX],
}

impl Ssid {
    /// Most bytes (IEEE Std 802.11-2020, 9.4.2.2).
    pub const LEN_MAX: usize = 32;
    /// No name.
    pub const EMPTY: Self = Self { len: 0, bytes: [0; Self::LEN_MAX] };

    /// Returns the name, or `None` if it is too long.
    pub fn new(name: &[u8]) -> Option<Self> {
        let mut bytes = [0; Self::LEN_MAX];
        bytes.get_mut(..name.len())?.copy_from_slice(name);
        Some(Self { len: u8::try_from(name.len()).ok()?, bytes })
    }

    /// The bytes of the name.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Whether nothing is said: the name is empty, or as some access points hide theirs, all zero.
    pub fn is_hidden(&self) -> bool {
        self.as_bytes().iter().all(|byte| *byte == 0)
    }
}

impl fmt::Debug for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

/// Microseconds since an arbitrary start; never read from a clock inside this crate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub u64);

impl Instant {
    /// The instant `micros` later.
    #[must_use]
    pub const fn after_us(self, micros: u64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to here; 0 if it is later.
    pub const fn since_us(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// How fast a frame is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// DSSS/CCK and OFDM, in units of 500 kb/s: 2, 4, 11, 22; 12, 18, 24, 36, 48, 72, 96, 108.
    Legacy(u8),
    /// HT, by index of modulation and coding scheme, 0 to 31.
    Mcs(u8),
}

impl Rate {
    /// 1 Mb/s, which every 2.4 GHz receiver understands.
    pub const SLOWEST: Self = Self::Legacy(2);

    /// Whether this is DSSS or CCK, the modulations of 802.11b.
    pub const fn is_cck(self) -> bool {
        matches!(self, Self::Legacy(2 | 4 | 11 | 22))
    }
}

bitflags! {
    /// A set of legacy rates; bit n is the n-th of [`LEGACY_RATES`].
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct LegacyRates: u16 {
        /// 1, 2, 5.5 and 11 Mb/s.
        const CCK = 0x00f;
        /// 6 to 54 Mb/s.
        const OFDM = 0xff0;
    }
}

/// The legacy rates in units of 500 kb/s, slowest modulation family first.
pub const LEGACY_RATES: [u8; 12] = [2, 4, 11, 22, 12, 18, 24, 36, 48, 72, 96, 108];

impl LegacyRates {
    /// With the rate of `half_mbps` (500 kb/s units; the top bit, "basic", is ignored) as well.
    #[must_use]
    pub fn with(self, half_mbps: u8) -> Self {
        let index = LEGACY_RATES.iter().position(|rate| *rate == half_mbps & 0x7f);
        self | index.map_or(Self::empty(), |index| Self::from_bits_retain(1 << index))
    }

    /// The rates, slowest modulation family first, in units of 500 kb/s.
    pub fn iter_half_mbps(self) -> impl Iterator<Item = u8> {
        (0..).zip(LEGACY_RATES).filter(move |(bit, _)| self.bits() >> bit & 1 != 0).map(|(_, r)| r)
    }
}

/// How frames are protected (IEEE Std 802.11-2020, table 9-149).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// WEP with 40 bits.
    Wep40,
    /// TKIP.
    Tkip,
    /// CCMP with 128 bits.
    Ccmp,
    /// WEP with 104 bits.
    Wep104,
    /// BIP with CMAC-128: integrity of group management frames.
    BipCmac,
}

impl Cipher {
    /// From a suite selector, most significant byte first (00-0F-AC:4 is 0x000fac04).
    pub const fn from_suite(suite: u32) -> Option<Self> {
        match suite {
            0x000f_ac01 => Some(Self::Wep40),
            0x000f_ac02 => Some(Self::Tkip),
            0x000f_ac04 => Some(Self::Ccmp),
            0x000f_ac05 => Some(Self::Wep104),
            0x000f_ac06 => Some(Self::BipCmac),
            _ => None,
        }
    }

    /// To a suite selector.
    pub const fn suite(self) -> u32 {
        match self {
            Self::Wep40 => 0x000f_ac01,
            Self::Tkip => 0x000f_ac02,
            Self::Ccmp => 0x000f_ac04,
            Self::Wep104 => 0x000f_ac05,
            Self::BipCmac => 0x000f_ac06,
        }
    }

    /// Bytes of a key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Wep40 => 5,
            Self::Wep104 => 13,
            Self::Ccmp | Self::BipCmac => 16,
            Self::Tkip => 32,
        }
    }
}

/// What an interface is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// A station of an infrastructure network.
    #[default]
    Station,
    /// Hears everything on its channel.
    Monitor,
}

macro_rules! slot_ids {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        ///
        /// A stale one finds nothing: the generation of its slot has moved on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            /// Place in its table.
            pub slot: u8,
            /// How often the place was given out before.
            pub generation: u16,
        }
    )* };
}

slot_ids! {
    /// Names an interface; the shim gives these out, because an interface's lifetime is the shim's.
    VapId
    /// Ties the answer to a control request to the caller that waits for it.
    RequestId
    /// Names a peer.
    PeerId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_and_frequencies_are_one_to_one() {
        for (band, numbers) in [(Band::Ghz2, 14), (Band::Ghz5, 28)] {
            let all = (0..=255).filter_map(|number| Channel::new(band, number));
            assert_eq!(all.clone().count(), numbers);
            for channel in all {
                assert_eq!(Channel::from_mhz(channel.mhz()), Some(channel));
                assert_eq!(Channel::new(band, channel.number()), Some(channel));
            }
        }
        assert_eq!(Channel::ghz2(6).map(Channel::mhz), Some(2437));
        assert_eq!(Channel::from_mhz(2413), None);
    }

    #[test]
    fn rates_keep_their_order() {
        let rates = LegacyRates::default().with(0x82).with(108).with(12).with(7);
        assert!(rates.iter_half_mbps().eq([2, 12, 108]));
    }
}
