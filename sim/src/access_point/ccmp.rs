// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! CCMP-128 (802.11-2020 12.5.3) of whole data frames, written without a look at the driver's own.

use aes::Aes128;
use ccm::{
    Ccm,
    aead::{AeadInOut, KeyInit, inout::InOutBuf},
    consts::{U8, U13},
};

use super::frame::{Frame, flag};

type Cipher = Ccm<Aes128, U8, U13>;

/// CCMP header before the ciphertext.
pub const HEADER_LEN: usize = 8;
/// MIC behind it.
pub const MIC_LEN: usize = 8;

/// A temporal key, and the packet numbers sent with it.
#[derive(Clone)]
pub struct Key {
    cipher: Cipher,
    key_id: u8,
    sent: u64,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl Key {
    /// A key that has sent nothing yet. `key_id` is 0 for pairwise keys, else 1 to 3.
    pub fn new(key: [u8; 16], key_id: u8) -> Self {
        Self { cipher: Cipher::new(&key.into()), key_id, sent: 0 }
    }

    /// Which of four keys it is.
    pub fn key_id(&self) -> u8 {
        self.key_id
    }

    /// Packet number of the last frame sent; 0 before the first.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Encrypts a frame with this `header` (see [`super::frame::header`]); sets its Protected bit.
    pub fn seal(&mut self, mut header: Vec<u8>, body: &[u8]) -> Vec<u8> {
        self.sent += 1;
        header[1] |= flag::PROTECTED;
        let frame = Frame::parse(&header).expect("the header is one of our own");
        let (nonce, aad) = (nonce(&frame, self.sent), aad(&frame));
        let mut data = body.to_vec();
        let buffer = InOutBuf::from(&mut data[..]);
        let mic = self.cipher.encrypt_inout_detached(&nonce.into(), &aad, buffer);
        let mic = mic.expect("a frame is shorter than CCM's limit");
        let pn = self.sent.to_le_bytes();
        header.extend([pn[0], pn[1], 0, 0x20 | self.key_id << 6, pn[2], pn[3], pn[4], pn[5]]);
        header.extend(data);
        header.extend(mic);
        header
    }

    /// Decrypts a frame: its packet number and its plain body. `None` when it was not made with this
    /// key or was changed.
    pub fn open(&self, frame: &Frame<'_>) -> Option<(u64, Vec<u8>)> {
        let (pn, key_id) = packet_number(frame)?;
        let (data, mic) = frame.body.get(HEADER_LEN..)?.split_last_chunk::<MIC_LEN>()?;
        if key_id != self.key_id {
            return None;
        }
        let mut data = data.to_vec();
        let buffer = InOutBuf::from(&mut data[..]);
        let (nonce, aad) = (nonce(frame, pn), aad(frame));
        let mic = (*mic).into();
        self.cipher.decrypt_inout_detached(&nonce.into(), &aad, buffer, &mic).ok()?;
        Some((pn, data))
    }
}

/// Packet number and key id out of the CCMP header of a protected frame.
pub fn packet_number(frame: &Frame<'_>) -> Option<(u64, u8)> {
    let [pn0, pn1, _, id, pn2, pn3, pn4, pn5]: [u8; HEADER_LEN] = *frame.body.first_chunk()?;
    if !frame.has(flag::PROTECTED) || id & 0x20 == 0 {
        return None;
    }
    Some((u64::from_le_bytes([pn0, pn1, pn2, pn3, pn4, pn5, 0, 0]), id >> 6))
}

/// 12.5.3.3.4: priority, transmitter, packet number with its highest byte first.
fn nonce(frame: &Frame<'_>, pn: u64) -> [u8; 13] {
    let mut nonce = [0; 13];
    nonce[0] = frame.tid();
    nonce[1..7].copy_from_slice(&frame.addresses[1]);
    nonce[7..].copy_from_slice(&pn.to_be_bytes()[2..]);
    nonce
}

/// 12.5.3.3.3: the header without what may change on the way.
fn aad(frame: &Frame<'_>) -> Vec<u8> {
    let volatile = flag::RETRY | flag::POWER_MANAGEMENT | flag::MORE_DATA;
    let order = if frame.qos.is_some() { flag::ORDER } else { 0 };
    let kind = if frame.is_data() { frame.kind & 0x8f } else { frame.kind };
    let mut aad = vec![kind, frame.flags & !volatile & !order | flag::PROTECTED];
    frame.addresses.iter().for_each(|address| aad.extend(address));
    aad.extend((frame.sequence_control & 0x000f).to_le_bytes());
    if frame.qos.is_some() {
        aad.extend([frame.tid(), 0]);
    }
    aad
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let byte = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap();
        digits.chunks(2).map(byte).collect()
    }

    /// 802.11-2020 J.6.4, the CCMP test mpdu.
    #[test]
    fn published_vector() {
        let key: [u8; 16] = hex("c97c1f67ce371185514a8a19f2bdd52f").try_into().unwrap();
        let header = hex("0848c32c 0fd2e128a57c 5030f1844408 abaea5b8fcba 8033");
        let body = hex("f8ba1a55d02f85ae967bb62fb6cda8eb7e78a050");
        let expect = hex("f3d0a2fe9a3dbf2342a643e43246e80c3c04d019");
        let mut sealer = Key::new(key, 0);
        sealer.sent = 0xb503_9776_e70c - 1;
        let sealed = sealer.seal(header, &body);
        assert_eq!(sealed[24..32], hex("0ce70020769703b5"));
        assert_eq!(sealed[32..52], expect);
        assert_eq!(sealed[52..], hex("7845ce0b16f97623"));
        let frame = Frame::parse(&sealed).unwrap();
        assert_eq!(sealer.open(&frame), Some((0xb503_9776_e70c, body)));
    }
}
