// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What comes in: a transfer is a row of units, each a descriptor of 24 bytes, what the receiver
//! measured, and the frame.

use bitfield_struct::bitfield;
use tern_core::{
    io::{RX_UNIT_MAX, RxCarry, RxFlags, RxFrame, RxItem},
    types::Rate,
};

use super::desc::rate_from_index;

/// Bytes of a receive descriptor.
pub const RX_DESCRIPTOR_LEN: usize = 24;
/// Units begin at multiples of this.
pub const RX_ALIGNMENT: usize = 128;
/// The checksum at the end of a frame: the receive filter always asks for it, because without
/// some frames arrive short.
const FCS_LEN: usize = 4;
/// A transfer that the chip ended by itself is no multiple of this (the smallest packet of any
/// speed); one that its buffer ended is.
const PACKET_LEN: usize = 64;
/// The first rate index that is not DSSS or CCK.
const FIRST_OFDM: u8 = 4;

#[bitfield(u32)]
struct RxDw0 {
    #[bits(14)]
    packet_len: usize,
    crc_error: bool,
    icv_error: bool,
    /// Units of 8 bytes.
    #[bits(4)]
    info_len: usize,
    #[bits(3)]
    security: u8,
    qos: bool,
    /// Padding between driver information and frame.
    #[bits(2)]
    shift: usize,
    phy_status: bool,
    /// The chip has not decrypted this.
    software_decrypt: bool,
    #[bits(4)]
    __: u8,
}

#[bitfield(u32)]
struct RxDw1 {
    #[bits(14)]
    __: u16,
    aggregate_more: bool,
    aggregate_first: bool,
    __: u16,
}

#[bitfield(u32)]
struct RxDw3 {
    #[bits(6)]
    rate: u8,
    ht: bool,
    greenfield: bool,
    /// Short guard interval of HT frames, short preamble of others.
    short: bool,
    wide_40mhz: bool,
    #[bits(22)]
    __: u32,
}

/// A descriptor, and where the parts of its unit lie.
struct RxUnit {
    dw0: RxDw0,
    dw1: RxDw1,
    dw3: RxDw3,
    tsf_us: u32,
}

impl RxUnit {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
        Some(Self {
            dw0: RxDw0::from_bits(word(0)?),
            dw1: RxDw1::from_bits(word(4)?),
            dw3: RxDw3::from_bits(word(12)?),
            tsf_us: word(20)?,
        })
    }

    const fn frame_at(&self) -> usize {
        RX_DESCRIPTOR_LEN + 8 * self.dw0.info_len() + self.dw0.shift()
    }

    const fn end(&self) -> usize {
        self.frame_at() + self.dw0.packet_len()
    }

    fn flags(&self, rate: Rate) -> RxFlags {
        let is_ht = matches!(rate, Rate::Mcs(_));
        let decrypted = self.dw0.security() != 0 && !self.dw0.software_decrypt();
        // A frame whose ICV or MIC the chip found wrong is as useless as one with a wrong
        // checksum: it stands there decrypted into noise.
        let bad = self.dw0.crc_error() || (decrypted && self.dw0.icv_error());
        [
            (RxFlags::DECRYPTED, decrypted && !bad),
            (RxFlags::BAD_FCS, bad),
            (RxFlags::SHORT_GI, is_ht && self.dw3.short()),
            (RxFlags::SHORT_PREAMBLE, rate.is_cck() && self.dw3.short()),
            (RxFlags::WIDE, self.dw3.wide_40mhz()),
            (RxFlags::AGGREGATED, self.dw1.aggregate_first() || self.dw1.aggregate_more()),
        ]
        .into_iter()
        .filter_map(|(flag, holds)| holds.then_some(flag))
        .collect()
    }

    /// The frame of the unit that `bytes` begins with, all of which is there.
    fn item<'a>(&self, bytes: &'a [u8], high_power: bool) -> RxItem<'a> {
        let Some(rate) = rate_from_index(self.dw3.rate()) else { return RxItem::Bad };
        let Some(end) = self.end().checked_sub(FCS_LEN) else { return RxItem::Bad };
        let Some(frame) = bytes.get(self.frame_at()..end) else { return RxItem::Bad };
        let status = bytes
            .get(RX_DESCRIPTOR_LEN..self.frame_at())
            .filter(|_| self.dw0.phy_status())
            .unwrap_or_default();
        let flags = self.flags(rate);
        let signal_dbm = signal_dbm(status, self.dw3.rate(), high_power);
        RxItem::Frame(RxFrame { bytes: frame, signal_dbm, rate, flags, tsf_us: self.tsf_us })
    }
}

/// The signal strength that the PHY status tells, dBm.
fn signal_dbm(status: &[u8], rate: u8, high_power: bool) -> Option<i8> {
    let [_, _, _, _, pwdb, cck_agc, ..] = status else { return None };
    let dbm =
        if rate < FIRST_OFDM { cck_dbm(*cck_agc, high_power) } else { i16::from(pwdb >> 1) - 110 };
    i8::try_from(dbm).ok()
}

/// The report of the CCK receiver's gain control: which of four amplifications, and how much of it.
fn cck_dbm(report: u8, high_power: bool) -> i16 {
    let (step, gain) = if high_power {
        (report >> 5 & 3, (report & 0x1f) << 1)
    } else {
        (report >> 6, report & 0x3e)
    };
    let base = match step {
        0 => 16,
        1 => -12,
        2 => -26,
        _ => -46,
    };
    base - i16::from(gain)
}

/// Takes the next frame of a transfer; see [`tern_core::io::Framing::next_rx`].
pub(super) fn next<'a>(
    carry: &'a mut RxCarry,
    transfer: &'a [u8],
    at: &mut usize,
    high_power: bool,
) -> Option<RxItem<'a>> {
    if *at == 0 && !carry.bytes.is_empty() {
        return finish_carried(carry, transfer, at, high_power);
    }
    if *at != 0 {
        carry.bytes.clear(); // What it held went out with the item before.
    }
    let rest = transfer.get(*at..)?;
    // Fewer bytes than a descriptor are padding: descriptors never span transfers, since their
    // alignment divides every length at which the bus could cut. So is a unit of no length.
    let Some(unit) = RxUnit::parse(rest).filter(|unit| unit.dw0.packet_len() != 0) else {
        *at = transfer.len();
        return None;
    };
    if unit.end() > RX_UNIT_MAX {
        *at = transfer.len();
        return Some(RxItem::Bad);
    }
    if unit.end() > rest.len() {
        *at = transfer.len();
        if !transfer.len().is_multiple_of(PACKET_LEN) {
            return Some(RxItem::Bad); // Nothing will follow: the chip itself ended the transfer.
        }
        let _ = carry.bytes.extend_from_slice(rest); // Shorter than RX_UNIT_MAX.
        return None;
    }
    *at += unit.end().next_multiple_of(RX_ALIGNMENT);
    Some(unit.item(rest, high_power))
}

/// Completes the unit that the transfer before began.
fn finish_carried<'a>(
    carry: &'a mut RxCarry,
    transfer: &'a [u8],
    at: &mut usize,
    high_power: bool,
) -> Option<RxItem<'a>> {
    let before = carry.bytes.len();
    let room = RX_UNIT_MAX.saturating_sub(before);
    let _ = carry.bytes.extend_from_slice(transfer.get(..room).unwrap_or(transfer)); // It fits.
    let unit = RxUnit::parse(&carry.bytes)?; // Only units that have a descriptor were carried.
    if unit.end() > carry.bytes.len() {
        *at = transfer.len();
        if transfer.len().is_multiple_of(PACKET_LEN) && !transfer.is_empty() {
            return None;
        }
        carry.bytes.clear();
        return Some(RxItem::Bad);
    }
    *at = unit.end().next_multiple_of(RX_ALIGNMENT).saturating_sub(before);
    Some(unit.item(&carry.bytes, high_power))
}

#[cfg(test)]
mod tests {
    use std::{vec, vec::Vec};

    use proptest::prelude::*;
    use tern_core::io::Framing;

    use super::*;
    use crate::{Any, rtl8192c::Framing8192C};

    /// One unit: descriptor, 32 bytes of status, frame and checksum.
    fn unit(frame: &[u8], rate: u8, pwdb: u8, cck: u8) -> Vec<u8> {
        let len = u32::try_from(frame.len() + FCS_LEN).unwrap();
        let mut out = vec![0; 56];
        out[..4].copy_from_slice(&(len | 4 << 16 | 1 << 26).to_le_bytes());
        out[12] = rate;
        out[20..24].copy_from_slice(&0x0102_0304_u32.to_le_bytes());
        out[28] = pwdb;
        out[29] = cck;
        out.extend_from_slice(frame);
        out.extend_from_slice(&[0xfc; FCS_LEN]);
        out
    }

    fn frames(any: Any, transfers: &[&[u8]]) -> Vec<Option<(Vec<u8>, Option<i8>)>> {
        let mut carry = RxCarry::default();
        let mut out = Vec::new();
        for transfer in transfers {
            let mut at = 0;
            while let Some(item) = any.next_rx(&mut carry, transfer, &mut at) {
                out.push(match item {
                    RxItem::Frame(frame) => {
                        assert_eq!(frame.tsf_us, 0x0102_0304);
                        Some((frame.bytes.to_vec(), frame.signal_dbm))
                    }
                    _ => None,
                });
            }
        }
        out
    }

    fn aggregate() -> (Vec<u8>, [Vec<u8>; 3]) {
        let bodies = [vec![1; 100], vec![2; 600], vec![3; 10]];
        let mut transfer = Vec::new();
        for body in &bodies {
            transfer.resize(transfer.len().next_multiple_of(RX_ALIGNMENT), 0);
            transfer.extend(unit(body, 4, 0x78, 0));
        }
        (transfer, bodies)
    }

    #[test]
    fn signal_strengths() {
        let of = |rate, pwdb, cck, any| frames(any, &[&unit(&[0; 10], rate, pwdb, cck)])[0].clone();
        let dbm = |rate, pwdb, cck, any| of(rate, pwdb, cck, any).unwrap().1;
        assert_eq!(dbm(11, 0x78, 0, Any::Rtl8192C), Some(-50));
        assert_eq!(dbm(12, 0xa0, 0, Any::Rtl8192C), Some(-30));
        assert_eq!(dbm(0, 0, 0x9a, Any::Rtl8192C), Some(-52));
        assert_eq!(dbm(0, 0, 0x9a, Any::Rtl8188R), Some(-36));
    }

    #[test]
    fn frames_of_an_aggregated_transfer_come_in_order() {
        let (transfer, bodies) = aggregate();
        let got = frames(Any::Rtl8192C, &[&transfer]);
        assert_eq!(got, bodies.map(|body| Some((body, Some(-50)))));
    }

    #[test]
    fn a_frame_that_spans_transfers_is_put_together() {
        let (transfer, bodies) = aggregate();
        for cut in [512, 768, 832] {
            let (first, second) = transfer.split_at(cut);
            let got = frames(Any::Rtl8192C, &[first, second]);
            assert_eq!(got, bodies.clone().map(|body| Some((body, Some(-50)))), "cut at {cut}");
        }
    }

    #[test]
    fn a_frame_that_the_transfer_cuts_off_is_bad() {
        let (transfer, bodies) = aggregate();
        let got = frames(Any::Rtl8192C, &[&transfer[..500], &transfer]);
        assert_eq!(got[0], Some((bodies[0].clone(), Some(-50))));
        assert_eq!(got[1], None);
        assert_eq!(got.len(), 5, "the next transfer is read from its beginning");
    }

    #[test]
    fn odd_units() {
        let mut no_status = unit(&[7; 20], 4, 0x78, 0);
        no_status.drain(24..56);
        no_status[2] = 0;
        no_status[3] = 0;
        assert_eq!(frames(Any::Rtl8192C, &[&no_status]), [Some((vec![7; 20], None))]);
        let mut shifted = unit(&[7; 20], 4, 0x78, 0);
        shifted.splice(56..56, [0xee; 2]);
        shifted[3] |= 2;
        assert_eq!(frames(Any::Rtl8192C, &[&shifted]), [Some((vec![7; 20], Some(-50)))]);
        assert_eq!(frames(Any::Rtl8192C, &[&[0; 512]]), [], "no length");
        let mut short = unit(&[], 4, 0, 0);
        short[0] = 2;
        assert_eq!(frames(Any::Rtl8192C, &[&short]).len(), 1);
    }

    #[test]
    fn descriptor_bits_become_flags() {
        let flags = |at: usize, bits: u8, rate: u8| {
            let mut bytes = unit(&[0; 10], rate, 0, 0);
            bytes[at] |= bits;
            let (mut carry, mut at) = (RxCarry::default(), 0);
            match (Framing8192C { high_power: false }).next_rx(&mut carry, &bytes, &mut at) {
                Some(RxItem::Frame(frame)) => frame.flags,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(flags(1, 0x40, 4), RxFlags::BAD_FCS);
        assert_eq!(flags(2, 0x40, 4), RxFlags::DECRYPTED);
        assert_eq!(flags(13, 1, 2), RxFlags::SHORT_PREAMBLE);
        assert_eq!(flags(13, 1, 12), RxFlags::SHORT_GI);
        assert_eq!(flags(13, 2, 12), RxFlags::WIDE);
        assert_eq!(flags(5, 0x80, 12), RxFlags::AGGREGATED);
    }

    proptest! {
        #[test]
        fn nothing_that_comes_in_panics(
            transfers in proptest::collection::vec(
                proptest::collection::vec(any::<u8>(), 0..1500), 1..4),
            cut in 0_usize..20,
        ) {
            let (good, _) = aggregate();
            let good = &good[..good.len().min(cut * 64)];
            let mut carry = RxCarry::default();
            for transfer in transfers.iter().map(Vec::as_slice).chain([good]) {
                let (mut at, mut items) = (0, 0);
                while Any::Rtl8192C.next_rx(&mut carry, transfer, &mut at).is_some() {
                    items += 1;
                    prop_assert!(items <= 1 + transfer.len() / RX_DESCRIPTOR_LEN, "it must end");
                }
            }
        }
    }
}
