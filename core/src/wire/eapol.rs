// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! EAPOL (IEEE Std 802.1X-2010, 11.3) and EAPOL-Key frames (IEEE Std 802.11-2020, 12.7.2).

use bitflags::bitflags;
use zerocopy::{
    FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned,
    big_endian::{U16, U64},
};

/// Packet type of EAPOL-Key.
pub const TYPE_KEY: u8 = 3;
/// Descriptor type of the keys of IEEE Std 802.11.
pub const DESCRIPTOR_RSN: u8 = 2;
/// Most bytes of key data that are believed.
pub const KEY_DATA_MAX: usize = 2048;

/// What every EAPOL packet starts with.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
pub struct EapolHeader {
    /// Protocol version, 1 to 3.
    pub version: u8,
    /// Packet type: 0 EAP, 1 start, 2 logoff, 3 key.
    pub packet_type: u8,
    /// Bytes of the body.
    pub len: U16,
}

/// An EAPOL packet.
#[derive(Clone, Copy, Debug)]
pub struct Eapol<'a> {
    /// Its header.
    pub header: &'a EapolHeader,
    /// Its body, of the length that the header says.
    pub body: &'a [u8],
}

impl<'a> Eapol<'a> {
    /// Parses what follows the Ethernet type; padding behind it is ignored. Never panics.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (header, rest) = EapolHeader::ref_from_prefix(bytes).ok()?;
        Some(Self { header, body: rest.get(..usize::from(header.len.get()))? })
    }

    /// The key frame in it, if it is one.
    pub fn key(&self) -> Option<EapolKey<'a>> {
        (self.header.packet_type == TYPE_KEY).then(|| EapolKey::parse(self.body)).flatten()
    }
}

bitflags! {
    /// Key Information (12.7.2 b); the version of the descriptor is in the lowest three bits.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KeyInformation: u16 {
        /// Which functions compute MIC and wrap key data: 1 MD5 and RC4, 2 SHA-1 and AES,
        /// 3 AES-CMAC; 0 as the AKM says.
        const VERSION = 0x0007;
        /// Pairwise key.
        const PAIRWISE = 1 << 3;
        /// Install the key.
        const INSTALL = 1 << 6;
        /// An answer is expected.
        const ACK = 1 << 7;
        /// There is a MIC.
        const MIC = 1 << 8;
        /// The handshake is complete: keys are in use.
        const SECURE = 1 << 9;
        /// Error.
        const ERROR = 1 << 10;
        /// Request.
        const REQUEST = 1 << 11;
        /// Key data is encrypted.
        const ENCRYPTED = 1 << 12;
    }
}

/// The fixed part of an EAPOL-Key frame with a MIC of 16 bytes (12.7.2, figure 12-34).
#[derive(Clone, Copy, Debug, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
pub struct KeyHeader {
    /// Descriptor type, [`DESCRIPTOR_RSN`].
    pub descriptor: u8,
    /// [`KeyInformation`].
    pub information: U16,
    /// Bytes of the pairwise key.
    pub key_len: U16,
    /// Replay counter.
    pub replay_counter: U64,
    /// Nonce.
    pub nonce: [u8; 32],
    /// IV of key data (version 1).
    pub iv: [u8; 16],
    /// The last packet number sent with the group key.
    pub receive_sequence: [u8; 8],
    /// Reserved.
    pub reserved: [u8; 8],
    /// Message integrity code.
    pub mic: [u8; 16],
    /// Bytes of key data.
    pub data_len: U16,
}

const _: () = assert!(size_of::<KeyHeader>() == 95);

/// An EAPOL-Key frame.
#[derive(Clone, Copy, Debug)]
pub struct EapolKey<'a> {
    /// Its fixed part.
    pub header: &'a KeyHeader,
    /// Key data, of the length that the header says.
    pub data: &'a [u8],
}

impl<'a> EapolKey<'a> {
    /// Parses the body of an EAPOL packet of [`TYPE_KEY`]. Never panics.
    pub fn parse(body: &'a [u8]) -> Option<Self> {
        let (header, rest) = KeyHeader::ref_from_prefix(body).ok()?;
        let len = usize::from(header.data_len.get());
        if header.descriptor != DESCRIPTOR_RSN || len > KEY_DATA_MAX {
            return None;
        }
        Some(Self { header, data: rest.get(..len)? })
    }

    /// What it is for.
    pub fn information(&self) -> KeyInformation {
        KeyInformation::from_bits_retain(self.header.information.get())
    }

    /// Which message of the 4-way handshake this looks like, 1 to 4; `None` for a group key.
    pub fn message(&self) -> Option<u8> {
        let information = self.information();
        if !information.contains(KeyInformation::PAIRWISE) {
            return None;
        }
        let (ack, mic, secure) = (
            information.contains(KeyInformation::ACK),
            information.contains(KeyInformation::MIC),
            information.contains(KeyInformation::SECURE),
        );
        match (ack, mic) {
            (true, false) => Some(1),
            (true, true) => Some(3),
            (false, true) if secure || self.data.is_empty() => Some(4),
            (false, true) => Some(2),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use zerocopy::FromZeros;

    use super::*;

    fn key_frame(information: u16, data: &[u8]) -> std::vec::Vec<u8> {
        let mut header = KeyHeader::new_zeroed();
        header.descriptor = DESCRIPTOR_RSN;
        header.information = U16::new(information);
        header.data_len = U16::new(data.len().try_into().unwrap());
        let len = U16::new((95 + data.len()).try_into().unwrap());
        let eapol = EapolHeader { version: 2, packet_type: TYPE_KEY, len };
        [eapol.as_bytes(), header.as_bytes(), data].concat()
    }

    #[test]
    fn messages_of_the_handshake_are_told_apart() {
        // Values as hostapd and wpa_supplicant send them.
        for (message, information, data) in
            [(1, 0x008a, &[][..]), (2, 0x010a, &[1, 2]), (3, 0x13ca, &[3]), (4, 0x030a, &[])]
        {
            let frame = key_frame(information, data);
            let key = Eapol::parse(&frame).unwrap().key().unwrap();
            assert_eq!((key.message(), key.data), (Some(message), data));
        }
        let group = key_frame(0x1382, &[0; 8]);
        assert_eq!(Eapol::parse(&group).unwrap().key().unwrap().message(), None);
    }

    #[test]
    fn lengths_are_checked() {
        let frame = key_frame(0x008a, &[1, 2, 3]);
        for len in 0..frame.len() {
            assert!(Eapol::parse(&frame[..len]).is_none());
        }
        let mut lying = frame;
        lying[4 + 94] = 4; // One byte of key data more than there is.
        assert!(Eapol::parse(&lying).unwrap().key().is_none());
    }

    proptest! {
        #[test]
        fn parsers_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(eapol) = Eapol::parse(&bytes) {
                let _ = eapol.key().map(|key| key.message());
            }
            let _ = EapolKey::parse(&bytes).map(|key| key.message());
        }
    }
}
