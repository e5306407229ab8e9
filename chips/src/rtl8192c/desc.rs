// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! How the RTL8192C wraps frames that go out: a descriptor of 32 bytes before each.

use bitfield_struct::bitfield;
use tern_core::{
    io::{TxFlags, TxInfo, TxQueue},
    types::{LEGACY_RATES, Rate, Width},
};

/// Bytes of a transmit descriptor.
pub const TX_DESCRIPTOR_LEN: u8 = 32;

/// Retries of a management frame whose sender does not say.
const MANAGEMENT_RETRIES: u8 = 6;
/// Queue select: management.
const QSEL_MANAGEMENT: u8 = 0x12;
/// Rate adaptation groups, for what the firmware falls back to.
const RAID_BGN: u8 = 0;
const RAID_BG: u8 = 4;
/// The cipher field for CCMP.
const CIPHER_AES: u8 = 3;
/// How many steps a rate may fall.
const DATA_FALLBACK_MAX: u8 = 0x1f;
const RTS_FALLBACK_MAX: u8 = 0x0f;
/// Rate index of a CTS to self: 11 Mb/s, which every 802.11b station understands.
const CTS_RATE: u8 = 3;

#[bitfield(u32)]
struct TxDw0 {
    packet_len: u16,
    offset: u8,
    multicast: bool,
    htc: bool,
    last_segment: bool,
    first_segment: bool,
    #[bits(3)]
    __: u8,
    own: bool,
}

#[bitfield(u32)]
struct TxDw1 {
    #[bits(5)]
    mac_id: u8,
    aggregate: bool,
    aggregate_break: bool,
    __: bool,
    #[bits(5)]
    queue_select: u8,
    #[bits(3)]
    __: u8,
    #[bits(4)]
    raid: u8,
    #[bits(2)]
    __: u8,
    #[bits(2)]
    cipher: u8,
    #[bits(2)]
    __: u8,
    #[bits(5)]
    packet_offset: u8,
    __: bool,
}

#[bitfield(u32)]
struct TxDw3 {
    __: u16,
    #[bits(12)]
    sequence: u16,
    #[bits(4)]
    __: u8,
}

#[bitfield(u32)]
struct TxDw4 {
    #[bits(5)]
    rts_rate: u8,
    __: bool,
    qos: bool,
    chip_sequence: bool,
    driver_rate: bool,
    __: bool,
    no_fallback: bool,
    cts_to_self: bool,
    rts: bool,
    hardware_rts: bool,
    #[bits(6)]
    __: u8,
    /// Where a 20 MHz frame lies in a 40 MHz channel: 1 below, 2 above the centre.
    #[bits(2)]
    subchannel: u8,
    #[bits(2)]
    __: u8,
    short_preamble: bool,
    wide_40mhz: bool,
    rts_short: bool,
    rts_wide: bool,
    #[bits(2)]
    rts_subchannel: u8,
    #[bits(2)]
    __: u8,
}

#[bitfield(u32)]
struct TxDw5 {
    #[bits(6)]
    rate: u8,
    short_gi: bool,
    __: bool,
    #[bits(5)]
    data_fallback_max: u8,
    #[bits(4)]
    rts_fallback_max: u8,
    retry_limit_enable: bool,
    #[bits(6)]
    retry_limit: u8,
    usb_aggregates: u8,
}

/// The chip's index of a rate; `None` if it cannot send with it.
pub const fn rate_index(rate: Rate) -> Option<u8> {
    match rate {
        Rate::Legacy(half_mbps) => legacy_index(half_mbps),
        Rate::Mcs(mcs @ 0..16) => Some(12 + mcs),
        Rate::Mcs(_) => None,
    }
}

const fn legacy_index(half_mbps: u8) -> Option<u8> {
    let mut rates: &[u8] = &LEGACY_RATES;
    let mut index = 0;
    while let [rate, rest @ ..] = rates {
        if *rate == half_mbps {
            return Some(index);
        }
        rates = rest;
        index += 1;
    }
    None
}

/// The rate with an index; `None` for indices that no frame comes with.
pub fn rate_from_index(index: u8) -> Option<Rate> {
    match index {
        0..12 => LEGACY_RATES.get(usize::from(index)).map(|rate| Rate::Legacy(*rate)),
        12..44 => Some(Rate::Mcs(index - 12)),
        _ => None,
    }
}

/// The queue field. Data frames are queued by traffic identifier, and the one without QoS goes
/// by the identifier that stands for its category: endpoint and queue have to agree.
const fn queue_select(tx: &TxInfo) -> u8 {
    if tx.flags.contains(TxFlags::MANAGEMENT) {
        return QSEL_MANAGEMENT;
    }
    if tx.flags.contains(TxFlags::QOS) {
        return tx.tid & 7;
    }
    match tx.queue {
        TxQueue::Background => 1,
        TxQueue::BestEffort => 0,
        TxQueue::Video => 5,
        TxQueue::Voice => 7,
    }
}

/// Times to send again, if the frame says.
const fn retry_limit(tx: &TxInfo) -> Option<u8> {
    if tx.flags.contains(TxFlags::NO_ACK) {
        return Some(0);
    }
    match tx.tries_max {
        Some(tries) => Some(if tries > 64 { 63 } else { tries.saturating_sub(1) }),
        None if tx.flags.contains(TxFlags::MANAGEMENT) => Some(MANAGEMENT_RETRIES),
        None => None,
    }
}

fn dw1(tx: &TxInfo) -> TxDw1 {
    let has_ht_rates = !matches!(tx.rate, Some(Rate::Legacy(_)));
    TxDw1::new()
        .with_mac_id(tx.mac_id & 0x1f)
        .with_aggregate(tx.flags.contains(TxFlags::AGGREGATE))
        .with_aggregate_break(
            tx.flags.contains(TxFlags::QOS) && !tx.flags.contains(TxFlags::AGGREGATE),
        )
        .with_queue_select(queue_select(tx))
        .with_raid(if has_ht_rates { RAID_BGN } else { RAID_BG })
        .with_cipher(if tx.flags.contains(TxFlags::ENCRYPT) { CIPHER_AES } else { 0 })
}

fn dw4(tx: &TxInfo) -> TxDw4 {
    let subchannel = match tx.width {
        Width::Mhz20 => 0,
        Width::Mhz40Above => 1,
        Width::Mhz40Below => 2,
    };
    let wide = subchannel != 0 && !matches!(tx.rate, Some(Rate::Legacy(_)));
    let cts = tx.flags.contains(TxFlags::CTS_TO_SELF);
    TxDw4::new()
        .with_rts_rate(if cts { CTS_RATE } else { 0 })
        .with_qos(tx.flags.contains(TxFlags::QOS))
        .with_chip_sequence(tx.flags.contains(TxFlags::CHIP_SEQUENCE))
        .with_driver_rate(tx.rate.is_some())
        .with_cts_to_self(cts)
        .with_hardware_rts(cts)
        .with_subchannel(subchannel)
        .with_short_preamble(tx.flags.contains(TxFlags::SHORT_PREAMBLE))
        .with_wide_40mhz(wide)
        .with_rts_subchannel(if cts { subchannel } else { 0 })
}

fn dw5(tx: &TxInfo) -> TxDw5 {
    // A rate that the chip does not have cannot come from core, which knows its INFO; the
    // slowest is always understood.
    let rate = tx.rate.and_then(rate_index).unwrap_or(0);
    let retries = retry_limit(tx);
    TxDw5::new()
        .with_rate(rate)
        .with_short_gi(tx.flags.contains(TxFlags::SHORT_GI))
        .with_data_fallback_max(DATA_FALLBACK_MAX)
        .with_rts_fallback_max(if tx.rate.is_none() { RTS_FALLBACK_MAX } else { 0 })
        .with_retry_limit_enable(retries.is_some())
        .with_retry_limit(retries.unwrap_or(0))
}

/// Writes the descriptor of a frame into the first 32 bytes of `out`, which are zero.
pub(super) fn write_tx(out: &mut [u8], tx: &TxInfo) {
    let dw0 = TxDw0::new()
        .with_packet_len(tx.frame_len)
        .with_offset(TX_DESCRIPTOR_LEN)
        .with_multicast(tx.flags.contains(TxFlags::MULTICAST))
        .with_last_segment(true)
        .with_first_segment(true)
        .with_own(true);
    let sequence = if tx.flags.contains(TxFlags::CHIP_SEQUENCE) { 0 } else { tx.sequence & 0xfff };
    let words = [
        dw0.into_bits(),
        dw1(tx).into_bits(),
        0,
        TxDw3::new().with_sequence(sequence).into_bits(),
        dw4(tx).into_bits(),
        dw5(tx).into_bits(),
        0,
    ];
    let checksum = words.iter().fold(0, |sum, word| sum ^ word ^ (word >> 16)) & 0xffff;
    let words = words.into_iter().chain([checksum]);
    for (word, bytes) in words.zip(out.as_chunks_mut().0) {
        *bytes = word.to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(tx: &TxInfo) -> [u8; 32] {
        let mut out = [0; 32];
        write_tx(&mut out, tx);
        let sum = out
            .chunks_exact(2)
            .fold(0, |sum, pair| sum ^ u16::from_le_bytes(pair.try_into().unwrap()));
        assert_eq!(sum, 0, "the checksum makes all words cancel out");
        out
    }

    #[test]
    fn a_management_frame() {
        let tx = TxInfo {
            flags: TxFlags::MANAGEMENT | TxFlags::CHIP_SEQUENCE,
            tries_max: Some(7),
            ..TxInfo::plain(26, TxQueue::Voice)
        };
        let expect = [
            0x1a, 0x00, 0x20, 0x8c, 0x00, 0x12, 0x04, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x01,
            0x00, 0x00, 0x00, 0x1f, 0x1a, 0x00, 0, 0, 0, 0, 0xa4, 0x80, 0, 0,
        ];
        assert_eq!(written(&tx), expect);
        assert_eq!(written(&TxInfo { tries_max: None, ..tx }), expect, "the default is 6 retries");
    }

    #[test]
    fn a_data_frame_that_the_firmware_chooses_the_rate_for() {
        let tx = TxInfo {
            flags: TxFlags::QOS | TxFlags::ENCRYPT,
            mac_id: 3,
            tid: 6,
            rate: None,
            sequence: 0x123,
            width: Width::Mhz40Below,
            ..TxInfo::plain(1500, TxQueue::Voice)
        };
        let out = written(&tx);
        let word = |n: usize| u32::from_le_bytes(out[4 * n..4 * n + 4].try_into().unwrap());
        assert_eq!(word(0), 0x8c20_05dc);
        assert_eq!(word(1), 3 | 1 << 6 | 6 << 8 | 3 << 22);
        assert_eq!(word(3), 0x123 << 16);
        assert_eq!(word(4), 1 << 6 | 2 << 20 | 1 << 25);
        assert_eq!(word(5), 0x0001_ff00);
    }

    #[test]
    fn flags_have_their_bits() {
        let base = TxInfo { rate: Some(Rate::Mcs(7)), ..TxInfo::plain(100, TxQueue::Background) };
        let word = |tx: &TxInfo, n: usize| {
            u32::from_le_bytes(written(tx)[4 * n..4 * n + 4].try_into().unwrap())
        };
        let with = |flags| TxInfo { flags, ..base };
        assert_eq!(word(&base, 1) >> 8 & 0x1f, 1);
        assert_eq!(word(&base, 5) & 0x3f, 19);
        assert_eq!(word(&with(TxFlags::MULTICAST), 0) >> 24, 0x8d);
        assert_eq!(word(&with(TxFlags::SHORT_GI), 5) & 1 << 6, 1 << 6);
        assert_eq!(word(&with(TxFlags::NO_ACK), 5) >> 17, 1);
        assert_eq!(word(&with(TxFlags::SHORT_PREAMBLE), 4), 1 << 24 | 1 << 8);
        assert_eq!(word(&with(TxFlags::CTS_TO_SELF), 4), 3 | 1 << 8 | 1 << 11 | 1 << 13);
        assert_eq!(word(&with(TxFlags::QOS | TxFlags::AGGREGATE), 1) >> 5 & 3, 1);
    }

    #[test]
    fn rates_go_there_and_back() {
        for index in 0..28 {
            assert_eq!(rate_from_index(index).and_then(rate_index), Some(index));
        }
        assert_eq!(rate_from_index(44), None);
        assert_eq!(rate_index(Rate::Legacy(3)), None);
    }
}
