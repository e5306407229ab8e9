// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! CCMP-128 as the chip does it: the host makes the header, the chip does the rest
//! (IEEE 802.11-2020, 12.5.3).

use aes::Aes128;
use ccm::{
    Ccm, Nonce, Tag,
    aead::{AeadInOut, KeyInit},
    consts::{U8, U13},
};

/// Bytes of a key.
pub(super) const KEY_LEN: usize = 16;
/// Bytes of the header (with the packet number) and of the MIC.
pub(super) const HEADER_LEN: usize = 8;
pub(super) const MIC_LEN: usize = 8;

type Cipher = Ccm<Aes128, U8, U13>;

/// Where the parts of a protected frame are.
pub(super) struct Parts {
    /// Length of the MAC header.
    pub(super) header: usize,
    qos: Option<usize>,
    has_address_4: bool,
}

impl Parts {
    /// `None` when this is no data or management frame with a whole header and CCMP header.
    pub(super) fn of(frame: &[u8]) -> Option<Self> {
        let [control, flags, ..] = *frame else { return None };
        let kind = control >> 2 & 3;
        let is_qos = kind == 2 && control & 0x80 != 0;
        let has_address_4 = kind == 2 && flags & 3 == 3;
        if kind == 1 || kind == 3 {
            return None;
        }
        let base = if has_address_4 { 30 } else { 24 };
        let mut header = base;
        if is_qos {
            header += 2;
        }
        // +HTC/Order: HT Control in QoS data and management frames.
        if flags & 0x80 != 0 && (is_qos || kind == 0) {
            header += 4;
        }
        let qos = is_qos.then_some(base);
        (frame.len() >= header + HEADER_LEN).then_some(Self { header, qos, has_address_4 })
    }

    /// Key id in the header after the MAC header.
    pub(super) fn key_id(&self, frame: &[u8]) -> u8 {
        frame[self.header + 3] >> 6
    }

    fn nonce(&self, frame: &[u8]) -> Nonce<U13> {
        let mut nonce = [0; 13];
        nonce[0] = match self.qos {
            Some(at) => frame[at] & 0x0f,
            None if frame[0] >> 2 & 3 == 0 => 0x10,
            None => 0,
        };
        nonce[1..7].copy_from_slice(&frame[10..16]);
        let pn = &frame[self.header..self.header + HEADER_LEN];
        nonce[7..].copy_from_slice(&[pn[7], pn[6], pn[5], pn[4], pn[1], pn[0]]);
        nonce.into()
    }

    fn additional_data(&self, frame: &[u8]) -> Vec<u8> {
        let is_data = frame[0] >> 2 & 3 == 2;
        let mut aad = Vec::with_capacity(30);
        // Subtype bits of data frames, Retry, Power Management and More Data are masked; so is Order
        // in QoS data.
        aad.push(if is_data { frame[0] & 0x8f } else { frame[0] });
        let flags = frame[1] & 0xc7 | 0x40;
        aad.push(if self.qos.is_some() { flags & 0x7f } else { flags });
        aad.extend(&frame[4..22]);
        aad.extend([frame[22] & 0x0f, 0]);
        if self.has_address_4 {
            aad.extend(&frame[24..30]);
        }
        if let Some(at) = self.qos {
            aad.extend([frame[at] & 0x0f, 0]);
        }
        aad
    }
}

/// Encrypts the body of a frame that has its CCMP header, and appends the MIC.
pub(super) fn seal(key: &[u8; KEY_LEN], frame: &mut Vec<u8>) -> Option<()> {
    let parts = Parts::of(frame)?;
    let (nonce, aad) = (parts.nonce(frame), parts.additional_data(frame));
    let body = &mut frame[parts.header + HEADER_LEN..];
    let tag = Cipher::new(key.into()).encrypt_inout_detached(&nonce, &aad, body.into()).ok()?;
    frame.extend(tag);
    Some(())
}

/// Decrypts the body of a frame in place and leaves its header and MIC where they are; false when the
/// MIC is wrong. `None` when it is too short.
pub(super) fn open(key: &[u8; KEY_LEN], frame: &mut [u8]) -> Option<bool> {
    let parts = Parts::of(frame)?;
    let (nonce, aad) = (parts.nonce(frame), parts.additional_data(frame));
    let end = frame.len().checked_sub(MIC_LEN).filter(|end| *end >= parts.header + HEADER_LEN)?;
    let (rest, mic) = frame.split_at_mut(end);
    let body = &mut rest[parts.header + HEADER_LEN..];
    let tag = Tag::<U8>::try_from(&*mic).ok()?;
    let cipher = Cipher::new(key.into());
    Some(cipher.decrypt_inout_detached(&nonce, &aad, body.into(), &tag).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> =
            text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    /// IEEE 802.11-2020, J.6.4, CCMP-128 test vector.
    #[test]
    fn standard_vector() {
        let key = hex("c97c1f67ce371185514a8a19f2bdd52f").try_into().unwrap();
        let clear = hex("0848c32c0fd2e128a57c5030f1844408abaea5b8fcba8033 0ce70020 769703b5\
                         f8ba1a55d02f85ae967bb62fb6cda8eb7e78a050");
        let sealed = hex("0848c32c0fd2e128a57c5030f1844408abaea5b8fcba8033 0ce70020 769703b5\
                          f3d0a2fe9a3dbf2342a643e43246e80c3c04d019 7845ce0b16f97623");
        let mut frame = clear.clone();
        seal(&key, &mut frame).unwrap();
        assert_eq!(frame, sealed);
        assert_eq!(open(&key, &mut frame), Some(true));
        assert_eq!(frame[..clear.len()], clear);
        let mut broken = sealed;
        broken[40] ^= 1;
        assert_eq!(open(&key, &mut broken), Some(false));
    }

    #[test]
    fn short_frames_are_refused() {
        for len in 0..40 {
            let mut frame = vec![0x88; len];
            assert_eq!(open(&[0; 16], &mut frame), None);
        }
    }
}
