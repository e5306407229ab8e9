// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Frame layouts, read and written in place.

use heapless::Vec;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned, little_endian::U16};

use crate::types::{Channel, MacAddr, Ssid};

/// Header of a management frame, IEEE Std 802.11-2020, 9.3.3.1.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
pub struct MgmtHeader {
    frame_control: U16,
    duration: U16,
    receiver: [u8; 6],
    transmitter: [u8; 6],
    bssid: [u8; 6],
    sequence_control: U16,
}

/// Management frame subtypes this sketch knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subtype {
    /// Association request.
    AssocRequest,
    /// Association response.
    AssocResponse,
    /// Authentication.
    Auth,
    /// Deauthentication.
    Deauth,
    /// Probe request.
    ProbeRequest,
}

/// A management frame without elements, parsed: holding one means that it is well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mgmt {
    /// What it is.
    pub subtype: Subtype,
    /// The network it belongs to.
    pub bssid: MacAddr,
    /// Status code, or reason code of a deauthentication.
    pub code: u16,
}

/// Bytes of the longest frame that [`Mgmt::emit`] writes.
pub const MGMT_LEN_MAX: usize = size_of::<MgmtHeader>() + 2;

const _: () = assert!(size_of::<MgmtHeader>() == 24);

impl Mgmt {
    /// Parses a frame; `None` for anything truncated or unknown. Never panics.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (header, body) = MgmtHeader::ref_from_prefix(bytes).ok()?;
        let subtype = match header.frame_control.get() & 0x00fc {
            0x0000 => Subtype::AssocRequest,
            0x0010 => Subtype::AssocResponse,
            0x00b0 => Subtype::Auth,
            0x00c0 => Subtype::Deauth,
            0x0040 => Subtype::ProbeRequest,
            _ => return None,
        };
        let (code, _) = U16::ref_from_prefix(body).ok()?;
        Some(Self { subtype, bssid: MacAddr(header.bssid), code: code.get() })
    }

    /// Writes the frame and returns it.
    pub fn emit(self, out: &mut [u8; MGMT_LEN_MAX]) {
        let frame_control = match self.subtype {
            Subtype::AssocRequest => 0x0000,
            Subtype::AssocResponse => 0x0010,
            Subtype::Auth => 0x00b0,
            Subtype::Deauth => 0x00c0,
            Subtype::ProbeRequest => 0x0040,
        };
        let header = MgmtHeader {
            frame_control: U16::new(frame_control),
            duration: U16::ZERO,
            receiver: self.bssid.0,
            transmitter: [0; 6],
            bssid: self.bssid.0,
            sequence_control: U16::ZERO,
        };
        let (head, code) = out.split_at_mut(size_of::<MgmtHeader>());
        head.copy_from_slice(header.as_bytes());
        code.copy_from_slice(&self.code.to_le_bytes());
    }
}

/// What a beacon or a probe response says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// The access point.
    pub bssid: MacAddr,
    /// Its network.
    pub ssid: Ssid,
    /// Its channel.
    pub channel: Channel,
}

/// Timestamp, interval and capabilities.
const BEACON_FIXED_LEN: usize = 12;
/// Bytes of the longest frame that [`Beacon::emit`] writes.
pub const BEACON_LEN_MAX: usize = size_of::<MgmtHeader>() + BEACON_FIXED_LEN + 2 + 32 + 3;

impl Beacon {
    /// Whether this is a beacon or a probe response.
    pub fn is_beacon(bytes: &[u8]) -> bool {
        matches!(bytes.first(), Some(0x80 | 0x50))
    }

    /// Parses a frame. Never panics.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if !Self::is_beacon(bytes) {
            return None;
        }
        let (header, body) = MgmtHeader::ref_from_prefix(bytes).ok()?;
        let (mut ssid, mut channel) = (None, None);
        let mut elements = body.get(BEACON_FIXED_LEN..)?;
        while let [id, len, rest @ ..] = elements {
            let (value, rest) = rest.split_at_checked(usize::from(*len))?;
            match (id, value) {
                (0, name) => ssid = Ssid::new(name),
                (3, [number]) => channel = Channel::new(*number),
                _ => {}
            }
            elements = rest;
        }
        Some(Self { bssid: MacAddr(header.bssid), ssid: ssid?, channel: channel? })
    }

    /// The frame.
    pub fn emit(&self) -> Vec<u8, BEACON_LEN_MAX> {
        let name = self.ssid.as_bytes();
        let header = MgmtHeader {
            frame_control: U16::new(0x0080),
            duration: U16::ZERO,
            receiver: [0xff; 6],
            transmitter: self.bssid.0,
            bssid: self.bssid.0,
            sequence_control: U16::ZERO,
        };
        let name_len = u8::try_from(name.len()).unwrap_or(0);
        let mut out = Vec::new();
        let pieces = [
            header.as_bytes(),
            &[0; BEACON_FIXED_LEN],
            &[0, name_len],
            name,
            &[3, 1, self.channel.number()],
        ];
        for piece in pieces {
            let written = out.extend_from_slice(piece);
            debug_assert!(written.is_ok(), "BEACON_LEN_MAX is the sum of the pieces");
        }
        out
    }
}

/// Header of a QoS data frame with three addresses.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
pub struct DataHeader {
    /// Type, subtype and flags.
    pub frame_control: U16,
    /// Duration.
    pub duration: U16,
    /// Address 1: receiver.
    pub receiver: [u8; 6],
    /// Address 2: transmitter.
    pub transmitter: [u8; 6],
    /// Address 3: the other end.
    pub far_end: [u8; 6],
    /// Sequence number above four bits of fragment number.
    pub sequence_control: U16,
    /// Traffic identifier and flags.
    pub qos: U16,
}

/// Frame control: QoS data.
pub const QOS_DATA: u16 = 0x0088;
/// Frame control: towards the access point.
pub const TO_DS: u16 = 0x0100;
/// Frame control: from the access point.
pub const FROM_DS: u16 = 0x0200;
/// Frame control: sent again.
pub const RETRY: u16 = 0x0800;
/// Frame control: encrypted.
pub const PROTECTED: u16 = 0x4000;
/// What stands between 802.11 and the type of an Ethernet frame.
pub const LLC_SNAP: [u8; 6] = [0xaa, 0xaa, 0x03, 0, 0, 0];
/// Bytes of a CCMP header.
pub const CCMP_HEADER_LEN: usize = 8;
/// Bytes of a CCMP check.
pub const CCMP_MIC_LEN: usize = 8;

/// Writes a CCMP header.
pub const fn ccmp_header(pn: u64) -> [u8; CCMP_HEADER_LEN] {
    let [p0, p1, p2, p3, p4, p5, ..] = pn.to_le_bytes();
    [p0, p1, 0, 0x20, p2, p3, p4, p5]
}

/// Reads the packet number out of a CCMP header.
pub fn ccmp_pn(bytes: &[u8]) -> Option<u64> {
    let [p0, p1, _, _, p2, p3, p4, p5] = *bytes.first_chunk()?;
    Some(u64::from_le_bytes([p0, p1, p2, p3, p4, p5, 0, 0]))
}
