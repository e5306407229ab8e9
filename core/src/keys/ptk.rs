// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The pairwise transient key, and what EAPOL-Key frames are protected with (IEEE Std 802.11-2020,
//! 12.7.1 and 12.7.2): HMAC-SHA-1 for the MIC, AES key wrap (RFC 3394) for key data.

use core::fmt;

use aes::Aes128;
use aes_kw::AesKw;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use zeroize::Zeroize;

use crate::{control::PMK_LEN, types::MacAddr};

/// Bytes of each of its three keys, and of a MIC.
pub const KEY_LEN: usize = 16;
/// Bytes of a nonce.
pub const NONCE_LEN: usize = 32;
/// Where the MIC is in an EAPOL-Key packet.
const MIC_AT: usize = 81;
/// By how much wrapped key data is longer: one block.
const WRAP_LEN: usize = 8;

type HmacSha1 = Hmac<Sha1>;

/// Key confirmation, key encryption and temporal key. It is wiped when dropped.
#[derive(Clone, FromBytes, Immutable, IntoBytes, KnownLayout)]
#[repr(C)]
pub struct Ptk {
    /// For the MIC.
    kck: [u8; KEY_LEN],
    /// For key data.
    pub(super) kek: [u8; KEY_LEN],
    /// For data.
    pub temporal: [u8; KEY_LEN],
}

impl Drop for Ptk {
    fn drop(&mut self) {
        self.as_mut_bytes().zeroize();
    }
}

impl fmt::Debug for Ptk {
    /// Never shows the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ptk")
    }
}

/// Both ends of a handshake: address and nonce of each.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'a> {
    /// The addresses.
    pub addrs: [MacAddr; 2],
    /// The nonces, in any order: the smaller one goes first.
    pub nonces: [&'a [u8; NONCE_LEN]; 2],
}

impl Ptk {
    /// No key.
    pub const NONE: Self = Self { kck: [0; KEY_LEN], kek: [0; KEY_LEN], temporal: [0; KEY_LEN] };

    /// Derives it (12.7.1.3).
    pub fn derive(pmk: &[u8; PMK_LEN], ends: &Ends<'_>) -> Self {
        let [mut low, mut high] = ends.addrs;
        if high < low {
            (low, high) = (high, low);
        }
        let [mut first, mut second] = ends.nonces;
        if second < first {
            (first, second) = (second, first);
        }
        let mut bytes = [0; 3 * KEY_LEN];
        let context = [&low.0[..], &high.0[..], first, second];
        prf(pmk, b"Pairwise key expansion", &context, &mut bytes);
        zerocopy::transmute!(bytes)
    }

    /// Whether both are the same; the time does not depend on where they differ.
    pub fn is_same(&self, other: &Self) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }

    /// The MIC of an EAPOL-Key packet in parts; its own place is zero there.
    pub fn mic(&self, parts: &[&[u8]]) -> [u8; KEY_LEN] {
        let full = hmac(&self.kck, parts);
        full.first_chunk().copied().unwrap_or_default()
    }

    /// Whether the MIC of a whole EAPOL packet is right; the time does not depend on where it is
    /// wrong.
    pub fn has_valid_mic(&self, packet: &[u8]) -> bool {
        let Some((before, rest)) = packet.split_at_checked(MIC_AT) else { return false };
        let Some((mic, after)) = rest.split_first_chunk::<KEY_LEN>() else { return false };
        self.mic(&[before, &[0; KEY_LEN], after]).ct_eq(mic).into()
    }

    /// Unwraps key data into `out`: the plain bytes, or `None` if another key wrapped it, or it is
    /// longer than `out`.
    pub fn unwrap<'a>(&self, data: &[u8], out: &'a mut [u8]) -> Option<&'a [u8]> {
        let len = data.len().checked_sub(WRAP_LEN)?;
        let out = out.get_mut(..len)?;
        AesKw::<Aes128>::new(&self.kek.into()).unwrap_key(data, out).ok()?;
        Some(out)
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
    // A key of HMAC has any length.
    let Ok(mut mac) = HmacSha1::new_from_slice(key) else { return [0; 20] };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The pseudo-random function of 12.7.1.2. At most four parts make up the context, and at most 255
/// blocks of 20 bytes come out.
fn prf(key: &[u8], label: &[u8], context: &[&[u8]; 4], out: &mut [u8]) {
    let [a, b, c, d] = context;
    for (count, block) in (0_u8..=255).zip(out.chunks_mut(20)) {
        let bytes = hmac(key, &[label, &[0], a, b, c, d, &[count]]);
        for (to, from) in block.iter_mut().zip(bytes) {
            *to = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> =
            hex.chars().filter_map(|c| c.to_digit(16)).map(|d| d.try_into().unwrap()).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    /// IEEE Std 802.11-2020, J.3.2: test cases of the PRF.
    #[test]
    fn published_vectors_of_the_prf() {
        let text = b"what do ya want for nothing?";
        let long = b"Test Using Larger Than Block-Size Key - Hash Key First";
        for (key, prefix, data, expect) in [
            (
                &[0x0b; 20][..],
                &b"prefix"[..],
                &b"Hi There"[..],
                "bcd4c650b30b9684951829e0d75f9d54b862175ed9f00606",
            ),
            (b"Jefe", b"prefix-2", text, "47c4908e30c947521ad20be9053450ecbea23d3aa604b773"),
            (&[0xaa; 80], b"prefix-3", long, "0ab6c33ccf70d0d736f4b04c8a7373255511abc507371316"),
            (
                &[0x0b; 20],
                b"prefix-4",
                b"Hi There Again",
                "248cfbc532ab38ffa483c8a2e40bf170eb542a2e0916d7bf",
            ),
        ] {
            let mut out = [0; 24];
            prf(key, prefix, &[data, &[], &[], &[]], &mut out);
            assert_eq!(out[..], bytes(expect), "{}", data.escape_ascii());
        }
    }

    /// RFC 2202, test case 1.
    #[test]
    fn a_published_vector_of_hmac() {
        let expect = bytes("b617318655057264e28bc0b6fb378c8ef146be00");
        assert_eq!(hmac(&[0x0b; 20], &[b"Hi", b" ", b"There"])[..], expect);
    }

    /// RFC 3394, 4.1: 128 bits with a key of 128 bits.
    #[test]
    fn a_published_vector_of_the_key_wrap() {
        let mut ptk = Ptk::NONE;
        ptk.kek.copy_from_slice(&bytes("000102030405060708090a0b0c0d0e0f"));
        let wrapped = bytes("1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5");
        let mut out = [0; 64];
        let plain = bytes("00112233445566778899aabbccddeeff");
        assert_eq!(ptk.unwrap(&wrapped, &mut out), Some(&plain[..]));
        assert_eq!(ptk.unwrap(&wrapped, &mut [0; 15]), None);
        for len in 0..wrapped.len() {
            assert_eq!(ptk.unwrap(&wrapped[..len], &mut out), None);
        }
        ptk.kek[0] ^= 1;
        assert_eq!(ptk.unwrap(&wrapped, &mut out), None);
    }

    /// IEEE Std 802.11-2020, J.7 (12.7.1.3 with CCMP): the key hierarchy of the example network.
    #[test]
    fn a_published_vector_of_the_pairwise_key() {
        let pmk = bytes("0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af");
        let snonce = bytes("c0c1c2c3c4c5c6c7c8c9d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5");
        let anonce = bytes("e0e1e2e3e4e5e6e7e8e9f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405");
        let pmk = pmk.try_into().unwrap();
        let [snonce, anonce] = [snonce, anonce].map(|bytes| bytes.try_into().unwrap());
        let ap = MacAddr([0xa0, 0xa1, 0xa1, 0xa3, 0xa4, 0xa5]);
        let own = MacAddr([0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5]);
        let ptk = Ptk::derive(&pmk, &Ends { addrs: [own, ap], nonces: [&anonce, &snonce] });
        assert_eq!(ptk.kck[..], bytes("379f9852d0199236b94e407ce4c00ec8"));
        assert_eq!(ptk.kek[..], bytes("47c9edc01c2c6e5b4910caddfb3e51a7"));
        assert_eq!(ptk.temporal[..], bytes("b2360c79e9710fdd58bea93deaf06599"));
        let other = Ptk::derive(&pmk, &Ends { addrs: [ap, own], nonces: [&snonce, &anonce] });
        assert!(ptk.is_same(&other));
    }

    #[test]
    fn a_mic_covers_the_whole_packet() {
        let mut packet = (0..120).collect::<Vec<u8>>();
        packet[MIC_AT..MIC_AT + KEY_LEN].fill(0);
        let mut ptk = Ptk::NONE;
        ptk.kck.fill(7);
        let mic = ptk.mic(&[&packet]);
        packet[MIC_AT..MIC_AT + KEY_LEN].copy_from_slice(&mic);
        assert!(ptk.has_valid_mic(&packet));
        for at in 0..packet.len() {
            packet[at] ^= 0x10;
            assert!(!ptk.has_valid_mic(&packet), "byte {at}");
            packet[at] ^= 0x10;
        }
        assert!((0..MIC_AT + KEY_LEN).all(|len| !ptk.has_valid_mic(&packet[..len])));
        assert!(!Ptk::NONE.has_valid_mic(&packet));
    }
}
