// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! EAPOL-Key frames (802.11-2020 12.7.2) and the keys made with them, for WPA2-PSK.

use aes::Aes128;
use aes_kw::AesKw;
use hmac::{Hmac, KeyInit as _, Mac};
use sha1::Sha1;

use super::{config::Psk, elements};

/// EtherType of EAPOL.
pub const ETHERTYPE: u16 = 0x888e;

/// Bits of the key information field (12.7.2).
pub mod info {
    #![allow(missing_docs, reason = "the names are the standard's")]
    /// HMAC-SHA1-128 and AES key wrap.
    pub const VERSION_2: u16 = 2;
    pub const PAIRWISE: u16 = 1 << 3;
    pub const INSTALL: u16 = 1 << 6;
    pub const ACK: u16 = 1 << 7;
    pub const MIC: u16 = 1 << 8;
    pub const SECURE: u16 = 1 << 9;
    pub const ERROR: u16 = 1 << 10;
    pub const REQUEST: u16 = 1 << 11;
    pub const ENCRYPTED: u16 = 1 << 12;
}

const HEADER_LEN: usize = 4;
const BODY_LEN: usize = 95;
const MIC_AT: usize = HEADER_LEN + 77;

/// Pairwise master key of a network.
pub fn pmk(psk: &Psk, ssid: &[u8]) -> [u8; 32] {
    match psk {
        Psk::Key(key) => *key,
        Psk::Passphrase(text) => pbkdf2::pbkdf2_hmac_array::<Sha1, 32>(text.as_bytes(), ssid, 4096),
    }
}

/// Pairwise transient key: confirmation, encryption, temporal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ptk {
    /// Key confirmation key, for the MIC.
    pub kck: [u8; 16],
    /// Key encryption key, for key data.
    pub kek: [u8; 16],
    /// Temporal key, for data.
    pub tk: [u8; 16],
}

impl std::fmt::Debug for Ptk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ptk")
    }
}

impl Ptk {
    /// 12.7.1.3: the addresses and the nonces, smaller first, expanded with PRF-384.
    pub fn derive(pmk: &[u8; 32], addresses: [[u8; 6]; 2], nonces: [[u8; 32]; 2]) -> Self {
        let [low, high] = if addresses[0] < addresses[1] { [0, 1] } else { [1, 0] };
        let [first, second] = if nonces[0] < nonces[1] { [0, 1] } else { [1, 0] };
        let mut data = b"Pairwise key expansion\0".to_vec();
        data.extend([addresses[low], addresses[high]].concat());
        data.extend([nonces[first], nonces[second]].concat());
        let block = |count| {
            let mut block = data.clone();
            block.push(count);
            hmac_sha1(pmk, &block)
        };
        let bytes = [block(0), block(1), block(2)].concat();
        let part = |at: usize| std::array::from_fn(|index| bytes[at + index]);
        Self { kck: part(0), kek: part(16), tk: part(32) }
    }
}

fn hmac_sha1(key: &[u8], data: &[u8]) -> [u8; 20] {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("a key of HMAC has any length");
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// An EAPOL-Key frame with RSN's descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFrame {
    /// See [`info`].
    pub info: u16,
    /// Length of the pairwise key; 0 in the station's frames.
    pub key_len: u16,
    /// Replay counter.
    pub replay_counter: u64,
    /// ANonce or SNonce.
    pub nonce: [u8; 32],
    /// Packet number of the group key.
    pub rsc: [u8; 8],
    /// Key data, perhaps wrapped.
    pub data: Vec<u8>,
}

impl KeyFrame {
    /// Reads a frame from its EAPOL version on; what is behind its stated length is ignored. `None`
    /// for anything but an EAPOL-Key frame of RSN.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (&[version, packet_type, len1, len0], rest) =
            bytes.split_first_chunk::<HEADER_LEN>()?;
        let rest = rest.get(..usize::from(u16::from_be_bytes([len1, len0])))?;
        let (body, data) = rest.split_first_chunk::<BODY_LEN>()?;
        // Packet type key, descriptor type RSN.
        if !(1..=3).contains(&version) || packet_type != 3 || body[0] != 2 {
            return None;
        }
        let data_len = usize::from(u16::from_be_bytes([body[93], body[94]]));
        let part = |at: usize| std::array::from_fn(|index| body[at + index]);
        Some(Self {
            info: u16::from_be_bytes([body[1], body[2]]),
            key_len: u16::from_be_bytes([body[3], body[4]]),
            replay_counter: u64::from_be_bytes(part(5)),
            nonce: std::array::from_fn(|index| body[13 + index]),
            rsc: part(61),
            data: data.get(..data_len)?.to_vec(),
        })
    }

    /// Whether all these bits of [`info`] are set.
    pub fn has(&self, bits: u16) -> bool {
        self.info & bits == bits
    }

    /// The frame from its EAPOL version on, with a MIC where there is a key for it.
    pub fn emit(&self, kck: Option<&[u8; 16]>) -> Vec<u8> {
        let len = u16::try_from(BODY_LEN + self.data.len()).expect("key data is short");
        let mut out = vec![2, 3];
        out.extend(len.to_be_bytes());
        out.push(2);
        out.extend(self.info.to_be_bytes());
        out.extend(self.key_len.to_be_bytes());
        out.extend(self.replay_counter.to_be_bytes());
        out.extend(self.nonce);
        // No key IV.
        out.extend([0; 16]);
        out.extend(self.rsc);
        // Reserved, and the place of the MIC.
        out.extend([0; 8 + 16]);
        out.extend((self.data.len() as u16).to_be_bytes());
        out.extend(&self.data);
        if let Some(kck) = kck {
            let mic = mic(kck, &out);
            out[MIC_AT..MIC_AT + 16].copy_from_slice(&mic);
        }
        out
    }
}

fn mic(kck: &[u8; 16], bytes: &[u8]) -> [u8; 16] {
    let full = hmac_sha1(kck, bytes);
    std::array::from_fn(|index| full[index])
}

/// Whether a frame's MIC was made with this key.
pub fn has_valid_mic(bytes: &[u8], kck: &[u8; 16]) -> bool {
    let Some(&[_, _, len1, len0]) = bytes.first_chunk::<HEADER_LEN>() else { return false };
    let len = HEADER_LEN + usize::from(u16::from_be_bytes([len1, len0]));
    let Some(mut copy) = bytes.get(..len).map(<[u8]>::to_vec) else { return false };
    let Some(place) = copy.get_mut(MIC_AT..MIC_AT + 16) else { return false };
    let given: [u8; 16] = std::array::from_fn(|index| place[index]);
    place.fill(0);
    mic(kck, &copy) == given
}

/// Wraps key data, padded as 12.7.2 says.
pub fn wrap(kek: &[u8; 16], data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    if !data.len().is_multiple_of(8) || data.len() < 16 {
        data.push(0xdd);
        data.resize(data.len().next_multiple_of(8).max(16), 0);
    }
    let mut out = vec![0; data.len() + 8];
    let wrapped = AesKw::<Aes128>::new(&(*kek).into()).wrap_key(&data, &mut out);
    wrapped.expect("whole blocks into a buffer one block longer");
    out
}

/// Unwraps key data; `None` when another key wrapped it.
pub fn unwrap(kek: &[u8; 16], data: &[u8]) -> Option<Vec<u8>> {
    let mut out = vec![0; data.len().checked_sub(8).filter(|len| *len >= 16)?];
    AesKw::<Aes128>::new(&(*kek).into()).unwrap_key(data, &mut out).ok()?;
    Some(out)
}

/// Key data element with a group key (figure 12-36).
pub fn gtk_kde(key_id: u8, key: &[u8; 16]) -> Vec<u8> {
    let mut body = vec![0x00, 0x0f, 0xac, 1, key_id & 3, 0];
    body.extend(key);
    let mut out = Vec::new();
    elements::put(&mut out, elements::id::VENDOR, &body);
    out
}

/// Key id and group key out of plain key data.
pub fn find_gtk(data: &[u8]) -> Option<(u8, [u8; 16])> {
    elements::iter(data).find_map(|(id, body)| {
        let rest = body.strip_prefix(&[0x00, 0x0f, 0xac, 1])?;
        let (&[key_id, _], key) = rest.split_first_chunk()?;
        if id == elements::id::VENDOR { Some((key_id & 3, key.try_into().ok()?)) } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 802.11-2020 J.4.2, first example.
    #[test]
    fn passphrase_vector() {
        let pmk = pmk(&Psk::Passphrase("password".to_owned()), b"IEEE");
        assert_eq!(pmk[..8], [0xf4, 0x2c, 0x6f, 0xc5, 0x2d, 0xf0, 0xeb, 0xef]);
        assert_eq!(pmk[24..], [0x3a, 0xed, 0x76, 0x2e, 0x97, 0x10, 0xa1, 0x2e]);
    }

    /// RFC 3394 4.1.
    #[test]
    fn key_wrap_vector() {
        let kek: [u8; 16] = std::array::from_fn(|index| index as u8);
        let data: Vec<u8> = (0..16).map(|index| index * 0x11).collect();
        let wrapped = wrap(&kek, &data);
        assert_eq!(wrapped[..4], [0x1f, 0xa6, 0x8b, 0x0a]);
        assert_eq!(unwrap(&kek, &wrapped), Some(data));
        assert_eq!(unwrap(&[9; 16], &wrapped), None);
    }

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let frame = KeyFrame {
            info: info::VERSION_2 | info::PAIRWISE | info::MIC,
            key_len: 16,
            replay_counter: 0x0102_0304_0506_0708,
            nonce: [7; 32],
            rsc: [1, 2, 3, 4, 5, 6, 0, 0],
            data: gtk_kde(1, &[9; 16]),
        };
        let bytes = frame.emit(Some(&[3; 16]));
        assert_eq!(KeyFrame::parse(&bytes), Some(frame));
        assert!(has_valid_mic(&bytes, &[3; 16]));
        assert!(!has_valid_mic(&bytes, &[4; 16]));
        assert_eq!(find_gtk(&bytes[99..]), Some((1, [9; 16])));
    }
}
