// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Radiotap headers (radiotap.org): written for captures, read from frames that a user injects.

use heapless::Vec;

use crate::{
    io::{RxFlags, RxFrame, TxFlags},
    os::Packet,
    types::{Band, LEGACY_RATES, Rate, Tuning},
};

/// Most bytes of a header that [`rx_header`] writes.
pub const RX_HEADER_MAX: usize = 32;
/// Most bytes of a header that is read.
pub const TX_HEADER_MAX: usize = 64;
/// Version, pad, length, and the first word of what is present.
const FIXED_LEN: usize = 8;

/// Bits of the "present" word that this module knows more of than the size.
mod field {
    pub(super) const TSFT: u8 = 0;
    pub(super) const FLAGS: u8 = 1;
    pub(super) const RATE: u8 = 2;
    pub(super) const CHANNEL: u8 = 3;
    pub(super) const SIGNAL: u8 = 5;
    pub(super) const TX_FLAGS: u8 = 15;
    pub(super) const DATA_RETRIES: u8 = 17;
    pub(super) const MCS: u8 = 19;
    /// What follows belongs to a vendor.
    pub(super) const VENDOR: u8 = 30;
    /// Another word follows.
    pub(super) const MORE: u8 = 31;
}

/// Alignment and size of every field that is defined, by its bit.
const LAYOUT: [(u8, u8); 28] = [
    (8, 8),  // TSFT
    (1, 1),  // flags
    (1, 1),  // rate
    (2, 4),  // channel
    (2, 2),  // FHSS
    (1, 1),  // signal, dBm
    (1, 1),  // noise, dBm
    (2, 2),  // lock quality
    (2, 2),  // TX attenuation
    (2, 2),  // TX attenuation, dB
    (1, 1),  // TX power, dBm
    (1, 1),  // antenna
    (1, 1),  // signal, dB
    (1, 1),  // noise, dB
    (2, 2),  // RX flags
    (2, 2),  // TX flags
    (1, 1),  // RTS retries
    (1, 1),  // data retries
    (4, 8),  // extended channel
    (1, 3),  // MCS
    (4, 8),  // A-MPDU
    (2, 12), // VHT
    (8, 12), // timestamp
    (2, 12), // HE
    (2, 12), // HE-MU
    (2, 6),  // HE-MU, other user
    (1, 1),  // zero-length PSDU
    (2, 4),  // L-SIG
];

const FLAG_SHORT_PREAMBLE: u8 = 0x02;
const FLAG_FCS: u8 = 0x10;
const FLAG_BAD_FCS: u8 = 0x40;

const CHANNEL_CCK: u16 = 0x0020;
const CHANNEL_OFDM: u16 = 0x0040;
const CHANNEL_2GHZ: u16 = 0x0080;
const CHANNEL_5GHZ: u16 = 0x0100;
const CHANNEL_DYNAMIC: u16 = 0x0400;

const MCS_KNOWN_BANDWIDTH: u8 = 0x01;
const MCS_KNOWN_INDEX: u8 = 0x02;
const MCS_KNOWN_GI: u8 = 0x04;
const MCS_BANDWIDTH: u8 = 0x03;
const MCS_40MHZ: u8 = 0x01;
const MCS_SHORT_GI: u8 = 0x04;
/// The highest index with equal modulation, which is all that [`Rate::Mcs`] has.
const MCS_MAX: u8 = 31;

const TX_CTS: u16 = 0x0002;
const TX_NO_ACK: u16 = 0x0008;

/// The header for a received frame. `tsf_us` is the TSF timer at its first bit, as far as known.
pub fn rx_header(frame: &RxFrame<'_>, tuning: Tuning, tsf_us: u64) -> Vec<u8, RX_HEADER_MAX> {
    let mut header = Writer::new();
    header.field(field::TSFT, &tsf_us.to_le_bytes());
    let mut flags = 0;
    for (flag, bit) in
        [(RxFlags::SHORT_PREAMBLE, FLAG_SHORT_PREAMBLE), (RxFlags::BAD_FCS, FLAG_BAD_FCS)]
    {
        flags |= if frame.flags.contains(flag) { bit } else { 0 };
    }
    header.field(field::FLAGS, &[flags]);
    if let Rate::Legacy(half_mbps) = frame.rate {
        header.field(field::RATE, &[half_mbps]);
    }
    let band = match tuning.channel.band() {
        Band::Ghz2 => CHANNEL_2GHZ,
        Band::Ghz5 => CHANNEL_5GHZ,
    };
    let modulation = match frame.rate {
        Rate::Legacy(_) if frame.rate.is_cck() => CHANNEL_CCK,
        Rate::Legacy(_) => CHANNEL_OFDM,
        Rate::Mcs(_) => CHANNEL_DYNAMIC,
    };
    let [m0, m1] = tuning.channel.mhz().to_le_bytes();
    let [f0, f1] = (band | modulation).to_le_bytes();
    header.field(field::CHANNEL, &[m0, m1, f0, f1]);
    if let Some(signal) = frame.signal_dbm {
        header.field(field::SIGNAL, &signal.to_le_bytes());
    }
    if let Rate::Mcs(index) = frame.rate {
        let wide = if frame.flags.contains(RxFlags::WIDE) { MCS_40MHZ } else { 0 };
        let gi = if frame.flags.contains(RxFlags::SHORT_GI) { MCS_SHORT_GI } else { 0 };
        let known = MCS_KNOWN_BANDWIDTH | MCS_KNOWN_INDEX | MCS_KNOWN_GI;
        header.field(field::MCS, &[known, wide | gi, index]);
    }
    header.finish()
}

/// A header under construction; fields come in rising order.
struct Writer {
    present: u32,
    bytes: Vec<u8, RX_HEADER_MAX>,
}

impl Writer {
    fn new() -> Self {
        let mut bytes = Vec::new();
        // Shorter than the capacity, like everything below: RX_HEADER_MAX is more than all fields
        // with their padding (8 + 8 + 1 + 1 + 4 + 1 + 3 and 1).
        let _ = bytes.resize(FIXED_LEN, 0);
        Self { present: 0, bytes }
    }

    fn field(&mut self, bit: u8, value: &[u8]) {
        let (align, _) = LAYOUT.get(usize::from(bit)).copied().unwrap_or((1, 0));
        let at = self.bytes.len().next_multiple_of(align.into());
        if self.bytes.resize(at, 0).is_ok() && self.bytes.extend_from_slice(value).is_ok() {
            self.present |= 1 << bit;
        }
    }

    fn finish(mut self) -> Vec<u8, RX_HEADER_MAX> {
        let len = u16::try_from(self.bytes.len()).unwrap_or(0).to_le_bytes();
        let fixed = len.into_iter().chain(self.present.to_le_bytes());
        // Behind version 0 and a pad byte.
        self.bytes.iter_mut().skip(2).zip(fixed).for_each(|(to, from)| *to = from);
        self.bytes
    }
}

/// How a user wants an injected frame to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxParams {
    /// Bytes of the radiotap header before the frame.
    pub header_len: usize,
    /// The rate; `None` if the user leaves it open.
    pub rate: Option<Rate>,
    /// Of [`TxFlags`]: NO_ACK, CTS_TO_SELF, SHORT_PREAMBLE, SHORT_GI.
    pub flags: TxFlags,
    /// 40 MHz wide.
    pub is_wide: bool,
    /// Times to send at most.
    pub tries_max: Option<u8>,
}

impl TxParams {
    /// Reads the header of a packet, wherever its pieces lie.
    pub fn of(packet: &impl Packet) -> Option<Self> {
        let mut head: Vec<u8, TX_HEADER_MAX> = Vec::new();
        let mut bytes = packet.segments().flatten();
        while let Some(byte) = bytes.next().filter(|_| !head.is_full()) {
            head.push(*byte).ok()?;
        }
        Self::parse(&head)
    }

    /// Parses a header; what follows it does not matter. `None` if it is malformed, longer than
    /// [`TX_HEADER_MAX`], or asks for what cannot be: a rate that does not exist, or a checksum of
    /// the user's own. Never panics.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let [0, _, l0, l1, ..] = bytes else { return None };
        let header_len = usize::from(u16::from_le_bytes([*l0, *l1]));
        let header = bytes.get(..header_len)?;
        let (first, start) = present(header)?;
        let flags = TxFlags::empty();
        let mut params = Self { header_len, rate: None, flags, is_wide: false, tries_max: None };
        let mut at = start;
        for bit in (0..field::VENDOR).filter(|bit| first >> bit & 1 != 0) {
            // A field of unknown size hides all that come after it.
            let Some((align, size)) = LAYOUT.get(usize::from(bit)) else { break };
            at = at.next_multiple_of((*align).into());
            let value = header.get(at..at + usize::from(*size))?;
            params.take(bit, value)?;
            at += usize::from(*size);
        }
        Some(params)
    }

    fn take(&mut self, bit: u8, value: &[u8]) -> Option<()> {
        match (bit, value) {
            (field::FLAGS, [flags]) => {
                self.flags.set(TxFlags::SHORT_PREAMBLE, flags & FLAG_SHORT_PREAMBLE != 0);
                // A packet cannot be shortened here, and the chip adds its own.
                (flags & FLAG_FCS == 0).then_some(())?;
            }
            (field::RATE, [0]) => {}
            (field::RATE, [rate]) => {
                LEGACY_RATES.contains(rate).then_some(())?;
                self.rate = Some(Rate::Legacy(*rate));
            }
            (field::TX_FLAGS, [f0, f1]) => {
                let flags = u16::from_le_bytes([*f0, *f1]);
                self.flags.set(TxFlags::NO_ACK, flags & TX_NO_ACK != 0);
                self.flags.set(TxFlags::CTS_TO_SELF, flags & TX_CTS != 0);
            }
            (field::DATA_RETRIES, [retries]) => self.tries_max = Some(retries.saturating_add(1)),
            (field::MCS, [known, flags, index]) => {
                if known & MCS_KNOWN_INDEX != 0 {
                    (*index <= MCS_MAX).then_some(())?;
                    self.rate = Some(Rate::Mcs(*index));
                }
                self.is_wide =
                    known & MCS_KNOWN_BANDWIDTH != 0 && flags & MCS_BANDWIDTH == MCS_40MHZ;
                let short = known & MCS_KNOWN_GI != 0 && flags & MCS_SHORT_GI != 0;
                self.flags.set(TxFlags::SHORT_GI, short);
            }
            _ => {}
        }
        Some(())
    }
}

/// The first word of what is present, and where the fields begin: behind all such words.
fn present(header: &[u8]) -> Option<(u32, usize)> {
    let mut words = header.get(FIXED_LEN - 4..)?.chunks_exact(4);
    let mut at = FIXED_LEN - 4;
    let mut first = None;
    loop {
        let word = u32::from_le_bytes(*words.next()?.first_chunk()?);
        at += 4;
        first = first.or(Some(word));
        if word >> field::MORE & 1 == 0 {
            return Some((first?, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::{Channel, Width};

    fn frame(rate: Rate, flags: RxFlags, signal_dbm: Option<i8>) -> RxFrame<'static> {
        RxFrame { bytes: &[], signal_dbm, rate, flags, tsf_us: 0 }
    }

    fn tuning() -> Tuning {
        Tuning { channel: Channel::ghz2(6).unwrap(), width: Width::Mhz20 }
    }

    #[test]
    fn header_of_a_legacy_frame() {
        let frame = frame(Rate::Legacy(22), RxFlags::SHORT_PREAMBLE, Some(-42));
        let header = rx_header(&frame, tuning(), 0x0102_0304_0506);
        let expected = [
            0, 0, 23, 0, 0x2f, 0, 0, 0, // TSFT, flags, rate, channel, signal
            6, 5, 4, 3, 2, 1, 0, 0, // TSFT
            2, 22, 0x85, 0x09, 0xa0, 0,    // 2437 MHz, CCK at 2 GHz
            0xd6, // -42
        ];
        assert_eq!(header[..], expected);
    }

    #[test]
    fn header_of_an_ht_frame() {
        let frame = frame(Rate::Mcs(7), RxFlags::WIDE | RxFlags::SHORT_GI, None);
        let header = rx_header(&frame, tuning(), 0);
        assert_eq!(header[4..8], [0x0b, 0, 8, 0]);
        assert_eq!(header[17..], [0, 0x85, 0x09, 0x80, 4, 7, 5, 7]);
    }

    #[test]
    fn injected_parameters_are_read() {
        // TX flags and data retries as aireplay-ng sends them, and a rate.
        let bytes = [0, 0, 13, 0, 4, 0x80, 2, 0, 0x0c, 0, 0x18, 0, 3, 0x80, 0];
        let params = TxParams::parse(&bytes).unwrap();
        assert_eq!((params.header_len, params.rate), (13, Some(Rate::Legacy(12))));
        assert_eq!((params.flags, params.tries_max), (TxFlags::NO_ACK, Some(4)));
        let mut odd = bytes;
        odd[8] = 13;
        assert_eq!(TxParams::parse(&odd), None);
        for len in 0..13 {
            assert_eq!(TxParams::parse(&bytes[..len]), None);
        }
        // Nothing said, and a second word of what is present.
        let bytes = [0, 0, 12, 0, 0, 0, 0, 0x80, 0, 0, 0, 0];
        assert_eq!(TxParams::parse(&bytes).map(|params| params.header_len), Some(12));
        // With the checksum of the user.
        assert_eq!(TxParams::parse(&[0, 0, 9, 0, 2, 0, 0, 0, 0x10]), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            legacy in prop::sample::select(&LEGACY_RATES), mcs in prop::option::of(0_u8..32),
            flags in 0_u8..64, signal in prop::option::of(any::<i8>()), tsf in any::<u64>(),
        ) {
            let rate = mcs.map_or(Rate::Legacy(legacy), Rate::Mcs);
            let flags = RxFlags::from_bits_truncate(flags);
            let header = rx_header(&frame(rate, flags, signal), tuning(), tsf);
            let params = TxParams::parse(&header).unwrap();
            prop_assert_eq!((params.header_len, params.rate), (header.len(), Some(rate)));
            let ht = mcs.is_some();
            prop_assert_eq!(params.is_wide, ht && flags.contains(RxFlags::WIDE));
            let gi = params.flags.contains(TxFlags::SHORT_GI);
            prop_assert_eq!(gi, ht && flags.contains(RxFlags::SHORT_GI));
            let short = params.flags.contains(TxFlags::SHORT_PREAMBLE);
            prop_assert_eq!(short, flags.contains(RxFlags::SHORT_PREAMBLE));
        }

        #[test]
        fn parser_never_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..80), fix: bool) {
            if let (true, [version, _, l0, l1, ..]) = (fix, &mut bytes[..]) {
                (*version, *l0, *l1) = (0, *l0 % 80, 0);
            }
            if let Some(params) = TxParams::parse(&bytes) {
                prop_assert!(params.header_len <= bytes.len());
            }
        }
    }
}
