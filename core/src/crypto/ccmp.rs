// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! CCMP-128 (IEEE Std 802.11-2020, 12.5.3), in place.

use core::fmt;

use heapless::Vec;

use super::ccm::{self, Ccm};
use crate::wire::{
    data::{QOS, QOS_TID},
    header::{FrameControl, FrameType, HEADER_LEN as MAC_HEADER_LEN, Header},
};

/// Bytes of a key.
pub const KEY_LEN: usize = 16;
/// Bytes of the CCMP header, between the header of the frame and what is encrypted.
pub const HEADER_LEN: usize = 8;
/// Bytes of the MIC, the last of the frame.
pub const MIC_LEN: usize = ccm::TAG_LEN;
/// The highest packet number (48 bits).
pub const PN_MAX: u64 = (1 << 48) - 1;
/// In the CCMP header: there is an extended IV, as always with CCMP.
const EXT_IV: u8 = 0x20;
/// Most bytes of additional authenticated data: with a fourth address and QoS Control.
const AAD_MAX: usize = ccm::AAD_MAX;
/// In the nonce: this is a management frame.
const NONCE_MANAGEMENT: u8 = 0x10;

/// Writes a CCMP header (12.5.3.2) for key identifier `index`, 0 to 3.
pub const fn header(pn: u64, index: u8) -> [u8; HEADER_LEN] {
    let [p0, p1, p2, p3, p4, p5, ..] = pn.to_le_bytes();
    [p0, p1, 0, EXT_IV | (index & 3) << 6, p2, p3, p4, p5]
}

/// Reads packet number and key identifier from a CCMP header; `None` if it is none.
pub fn parse_header(bytes: &[u8]) -> Option<(u64, u8)> {
    let [p0, p1, _, id, p2, p3, p4, p5] = *bytes.first_chunk()?;
    let pn = u64::from_le_bytes([p0, p1, p2, p3, p4, p5, 0, 0]);
    (id & EXT_IV != 0).then_some((pn, id >> 6))
}

/// Why a frame was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is too short, or its header is that of another kind of frame.
    Malformed,
    /// It is not from who has the key, or was changed on its way.
    Mic,
}

/// A key, expanded. It is wiped when dropped.
pub struct Ccmp(Ccm);

impl fmt::Debug for Ccmp {
    /// Never shows the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ccmp")
    }
}

impl Ccmp {
    /// Expands `key`.
    pub fn new(key: &[u8; KEY_LEN]) -> Self {
        Self(Ccm::new(key))
    }

    /// Encrypts a whole frame in place: header of `header_len` bytes, CCMP header, plain text,
    /// and [`MIC_LEN`] bytes of room. What cannot be encrypted is refused and wiped, so that it
    /// never leaves in the clear.
    pub fn seal(&self, frame: &mut [u8]) -> Result<(), Refused> {
        let sealed = self.try_seal(frame);
        if sealed.is_err() {
            frame.fill(0);
        }
        sealed
    }

    fn try_seal(&self, frame: &mut [u8]) -> Result<(), Refused> {
        let (parts, body) = Parts::split(frame).ok_or(Refused::Malformed)?;
        let (text, mic) = body.split_last_chunk_mut::<MIC_LEN>().ok_or(Refused::Malformed)?;
        *mic = self.0.seal(&parts.nonce, &parts.aad, text).ok_or(Refused::Malformed)?;
        Ok(())
    }

    /// Checks and decrypts a whole frame in place, the reverse of [`Ccmp::seal`]; what follows
    /// the CCMP header is the plain text then, and the MIC is still there. Time does not depend
    /// on where a wrong MIC is wrong. Of a refused frame nothing readable is left.
    pub fn open(&self, frame: &mut [u8]) -> Result<(), Refused> {
        let (parts, body) = Parts::split(frame).ok_or(Refused::Malformed)?;
        let (text, mic) = body.split_last_chunk_mut::<MIC_LEN>().ok_or(Refused::Malformed)?;
        self.0.open(&parts.nonce, &parts.aad, text, mic).then_some(()).ok_or(Refused::Mic)
    }
}

/// What the header of a frame gives to the cipher.
struct Parts {
    nonce: [u8; ccm::NONCE_LEN],
    aad: Vec<u8, AAD_MAX>,
}

impl Parts {
    /// Splits a frame behind its CCMP header, and computes nonce and additional data
    /// (12.5.3.3.3 and 12.5.3.3.4).
    fn split(frame: &mut [u8]) -> Option<(Self, &mut [u8])> {
        let (header, rest) = Header::split(frame)?;
        let control = header.control();
        let is_management = match control.frame_type() {
            FrameType::Management => true,
            FrameType::Data => false,
            FrameType::Control | FrameType::Other => return None,
        };
        let has_fourth = !is_management && control.has(FrameControl::TO_DS | FrameControl::FROM_DS);
        let (fourth, rest) = rest.split_at_checked(if has_fourth { 6 } else { 0 })?;
        let is_qos = !is_management && control.has(QOS);
        let qos_len = match (is_qos, control.has(FrameControl::ORDER)) {
            (false, _) => 0,
            (true, false) => 2,
            (true, true) => 6, // HT Control as well.
        };
        let (qos, rest) = rest.split_at_checked(qos_len)?;
        let qos = qos.first_chunk::<2>().map(|qos| u16::from_le_bytes(*qos));
        let (pn, _) = parse_header(rest)?;
        let len = MAC_HEADER_LEN + fourth.len() + qos_len;

        let [tid, _] = (qos.unwrap_or(0) & QOS_TID).to_le_bytes();
        let [t0, t1, t2, t3, t4, t5] = header.addr2;
        let [_, _, p5, p4, p3, p2, p1, p0] = pn.to_be_bytes();
        let flags = if is_management { NONCE_MANAGEMENT } else { tid };
        let nonce = [flags, t0, t1, t2, t3, t4, t5, p5, p4, p3, p2, p1, p0];

        let aad = additional_data(header, fourth, qos)?;
        let body = frame.get_mut(len + HEADER_LEN..)?;
        Some((Self { nonce, aad }, body))
    }
}

/// Additional authenticated data: the header without what may change on the way.
fn additional_data(header: &Header, fourth: &[u8], qos: Option<u16>) -> Option<Vec<u8, AAD_MAX>> {
    let may_change = FrameControl::RETRY | FrameControl::POWER_MANAGEMENT | FrameControl::MORE_DATA;
    let mut masked = header.control().0 & !may_change;
    if header.control().frame_type() == FrameType::Data {
        masked &= !0x0070; // The subtype's low bits.
    }
    if qos.is_some() {
        masked &= !FrameControl::ORDER;
    }
    masked |= FrameControl::PROTECTED;
    let mut aad = Vec::new();
    for piece in [
        &masked.to_le_bytes()[..],
        &header.addr1,
        &header.addr2,
        &header.addr3,
        &[header.fragment(), 0],
        fourth,
    ] {
        aad.extend_from_slice(piece).ok()?;
    }
    if let Some(qos) = qos {
        // The A-MSDU bit counts only among stations that negotiated it (SPP A-MSDU); we never do.
        aad.extend_from_slice(&(qos & QOS_TID).to_le_bytes()).ok()?;
    }
    Some(aad)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn hex(digits: &str) -> Vec<u8> {
        let digits: Vec<u8> =
            digits.chars().filter_map(|digit| digit.to_digit(16)).map(|d| d as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    fn key(digits: &str) -> Ccmp {
        Ccmp::new(&hex(digits).try_into().unwrap())
    }

    /// Key, header, packet number with key identifier, plain text, and the frame that results.
    type Vector = (&'static str, &'static str, (u64, u8), &'static str, &'static str);

    /// IEEE Std 802.11-2020, J.6.4; the second and third are test MPDUs 2 and 6 of I.7.4 of
    /// P802.11i/D7.0 (a reserved subtype with Order, and QoS data from an access point).
    const VECTORS: [Vector; 3] = [
        (
            "c97c1f67ce371185514a8a19f2bdd52f",
            "0848c32c0fd2e128a57c5030f1844408abaea5b8fcba8033",
            (0xb503_9776_e70c, 0),
            "f8ba1a55d02f85ae967bb62fb6cda8eb7e78a050",
            "0848c32c0fd2e128a57c5030f1844408abaea5b8fcba80330ce70020769703b5
             f3d0a2fe9a3dbf2342a643e43246e80c3c04d0197845ce0b16f97623",
        ),
        (
            "8f7a053fa577a5597529272097a603d5",
            "38c06a51ea100c846850eec1762c88deaf2ee9f46a07e0cc",
            (0x31f3_cbba_97ea, 2),
            "83a0634b5ed7627eb9df225e05740342de194117",
            "38c06a51ea100c846850eec1762c88deaf2ee9f46a07e0ccea9700a0bacbf331
             814b6965d05bf2b2ed38d4beb069fe82714a610b542fbf8da06aa4ae",
        ),
        (
            "f71eea4e1f58804b9717230ad0614641",
            "8852e11f5af28430fdabbff943b9f9a6ab1d98c7fe7350713d6a",
            (0x6b81_eca4_8989, 1),
            "abfda22d3a0bfc9cc1fc079363c2fca143e6eb1d",
            "8852e11f5af28430fdabbff943b9f9a6ab1d98c7fe7350713d6a89890060a4ec816b
             9a709b60a39d40b1dfb612e18b5f114badb6cc86309a8d5c466bbb71",
        ),
    ];

    #[test]
    fn published_vectors() {
        for (tk, mac, (pn, index), text, sealed) in VECTORS {
            let (mac, text, sealed) = (hex(mac), hex(text), hex(sealed));
            let plain = [&mac[..], &header(pn, index), &text, &[0; MIC_LEN]].concat();
            assert_eq!(parse_header(&plain[mac.len()..]), Some((pn, index)));
            let mut frame = plain.clone();
            key(tk).seal(&mut frame).unwrap();
            assert_eq!(frame, sealed);
            key(tk).open(&mut frame).unwrap();
            assert_eq!(frame[..plain.len() - MIC_LEN], plain[..plain.len() - MIC_LEN]);
        }
    }

    #[test]
    fn what_may_change_on_the_way_does_not_matter_and_the_rest_does() {
        let (tk, mac, _, _, sealed) = VECTORS[2];
        let (sealed, header_len) = (hex(sealed), hex(mac).len());
        for bit in 0..sealed.len() * 8 {
            let mut frame = sealed.clone();
            frame[bit / 8] ^= 1 << (bit % 8);
            let opened = key(tk).open(&mut frame).is_ok();
            let may_change = match (bit / 8, bit % 8) {
                (0, 4..7) => true,            // subtype
                (1, 3..6) => true,            // retry, power management, more data
                (2..=3, _) => true,           // duration
                (22, 4..8) | (23, _) => true, // sequence number
                (24, 4..8) | (25, _) => true, // QoS Control but for the TID
                (1, 6) => true,               // protected: counted as set
                // CCMP header: reserved byte, reserved bits and key identifier.
                (byte, bit) => byte == header_len + 2 || byte == header_len + 3 && bit != 5,
            };
            assert_eq!(opened, may_change, "bit {} of byte {}", bit % 8, bit / 8);
        }
    }

    #[test]
    fn what_cannot_be_encrypted_does_not_leave() {
        let mut frame = [0x08; 30];
        assert_eq!(key(VECTORS[0].0).seal(&mut frame), Err(Refused::Malformed));
        assert_eq!(frame, [0; 30]);
    }

    proptest! {
        #[test]
        fn round_trip(
            control in any::<u16>(), rest in prop::collection::vec(any::<u8>(), 60..200),
            pn in 0..=PN_MAX, index in 0_u8..4,
        ) {
            let mut frame = rest;
            // Management or data, version 0.
            frame[..2].copy_from_slice(&(control & !0x0007).to_le_bytes());
            let len = crate::wire::data::Data::parse(&frame).map_or(24, |data| data.len);
            frame[len..len + HEADER_LEN].copy_from_slice(&header(pn, index));
            let (plain, text_end) = (frame.clone(), frame.len() - MIC_LEN);
            let key = Ccmp::new(&[7; KEY_LEN]);
            key.seal(&mut frame).unwrap();
            prop_assert_eq!(&frame[..len + HEADER_LEN], &plain[..len + HEADER_LEN]);
            prop_assert_ne!(&frame, &plain);
            key.open(&mut frame).unwrap();
            prop_assert_eq!(&frame[..text_end], &plain[..text_end]);
        }

        #[test]
        fn any_bytes_are_refused(mut frame in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(Ccmp::new(&[7; KEY_LEN]).open(&mut frame).is_err());
        }
    }
}
