// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Rates, and how long a frame takes at them.

use super::Micros;

/// A rate of 802.11b, g, a or n.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rate {
    /// In units of 500 kb/s: 2, 4, 11, 22 (DSSS and CCK) or 12, 18, 24, 36, 48, 72, 96, 108 (OFDM).
    Legacy(u8),
    /// High throughput (802.11-2020 clause 19).
    Ht {
        /// Modulation and coding scheme: 0 to 7 for one stream, 8 to 15 for two, to 31 for four.
        mcs: u8,
        /// 20 or 40.
        width_mhz: u8,
        /// Whether the guard interval is 400 ns and not 800 ns.
        short_gi: bool,
    },
}

/// FCS that every frame ends in.
const FCS_LEN: u64 = 4;
/// SERVICE and tail bits of an OFDM PPDU (17.3.2.1).
const SERVICE_AND_TAIL_BITS: u64 = 22;

impl Rate {
    /// 1 Mb/s, which everything can hear.
    pub const LOWEST: Self = Self::Legacy(2);

    /// Whether this is DSSS or CCK, with its long preamble.
    pub const fn is_cck(self) -> bool {
        matches!(self, Self::Legacy(2 | 4 | 11 | 22))
    }

    /// How many MHz a receiver must be tuned to.
    pub const fn width_mhz(self) -> u8 {
        match self {
            Self::Legacy(_) => 20,
            Self::Ht { width_mhz, .. } => width_mhz,
        }
    }

    /// Time of a frame of `len` bytes (without FCS), preamble included, rounded up.
    pub fn air_time(self, len: usize) -> Micros {
        let bits = (len as u64 + FCS_LEN) * 8;
        match self {
            Self::Legacy(0) => bits,
            // Long preamble and header, 15.2.2.2.
            Self::Legacy(rate) if self.is_cck() => 192 + (bits * 2).div_ceil(u64::from(rate)),
            // Preamble and SIGNAL are 20 us; a symbol of 4 us has rate * 4 / 2 bits.
            Self::Legacy(rate) => {
                20 + 4 * (bits + SERVICE_AND_TAIL_BITS).div_ceil(u64::from(rate) * 2)
            }
            Self::Ht { mcs, width_mhz, short_gi } => {
                // Coded data bits of a symbol at 20 MHz and one stream, tables 19-27 ff.
                let per_stream = [26, 52, 78, 104, 156, 208, 234, 260][usize::from(mcs % 8)];
                let streams = u64::from(mcs / 8 + 1);
                // 108 data subcarriers at 40 MHz, 52 at 20 MHz.
                let subcarriers = if width_mhz == 40 { 108 } else { 52 };
                let per_symbol = per_stream * streams * subcarriers / 52;
                let symbols = (bits + SERVICE_AND_TAIL_BITS).div_ceil(per_symbol);
                let tenths = if short_gi { 36 } else { 40 };
                // Mixed format preamble: 32 us and 4 us for each stream.
                32 + 4 * streams + (symbols * tenths).div_ceil(10)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn air_time_by_hand() {
        // 1 Mb/s: 192 us and 8 us a byte.
        assert_eq!(Rate::Legacy(2).air_time(96), 192 + 800);
        assert_eq!(Rate::Legacy(22).air_time(96), 192 + 73);
        // 6 Mb/s: 24 bits a symbol; (1500 + 4) * 8 + 22 = 12054 bits are 503 symbols.
        assert_eq!(Rate::Legacy(12).air_time(1500), 20 + 503 * 4);
        // MCS 7 at 20 MHz: 260 bits a symbol, 47 symbols.
        let mcs7 = Rate::Ht { mcs: 7, width_mhz: 20, short_gi: false };
        assert_eq!(mcs7.air_time(1500), 36 + 47 * 4);
        let mcs15 = Rate::Ht { mcs: 15, width_mhz: 40, short_gi: true };
        assert_eq!(mcs15.air_time(1500), 40 + (12 * 36_u64).div_ceil(10));
    }
}
