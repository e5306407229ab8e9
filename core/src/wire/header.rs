// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The first bytes of every frame (IEEE Std 802.11-2020, 9.2.4 and 9.3.3.1).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned, little_endian::U16};

use crate::types::MacAddr;

/// Bytes of the checksum that ends every frame on the air and no frame in this crate.
pub const FCS_LEN: usize = 4;

/// The Frame Control field (9.2.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameControl(pub u16);

/// The three types of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameType {
    /// Beacons, associations and their like.
    Management,
    /// Acknowledgements, block-ack requests and their like.
    Control,
    /// Payload.
    Data,
    /// Reserved, or an extension.
    Other,
}

impl FrameControl {
    /// Towards the distribution system.
    pub const TO_DS: u16 = 0x0100;
    /// From the distribution system.
    pub const FROM_DS: u16 = 0x0200;
    /// More fragments of this MSDU follow.
    pub const MORE_FRAGMENTS: u16 = 0x0400;
    /// Sent again.
    pub const RETRY: u16 = 0x0800;
    /// The sender sleeps after this frame.
    pub const POWER_MANAGEMENT: u16 = 0x1000;
    /// The access point holds more for us.
    pub const MORE_DATA: u16 = 0x2000;
    /// Encrypted.
    pub const PROTECTED: u16 = 0x4000;
    /// An HT Control field follows the header.
    pub const ORDER: u16 = 0x8000;
    /// A data frame (before its subtype and flags).
    pub const DATA: u16 = 0x0008;
    /// A data frame without a body.
    pub const NULL: u16 = 0x0048;
    /// A QoS data frame.
    pub const QOS_DATA: u16 = 0x0088;
    /// A QoS data frame without a body.
    pub const QOS_NULL: u16 = 0x00c8;

    /// Reads the field from the start of a frame.
    pub fn of(frame: &[u8]) -> Option<Self> {
        frame.first_chunk().map(|bytes| Self(u16::from_le_bytes(*bytes)))
    }

    /// What kind of frame; frames of another protocol version are [`FrameType::Other`].
    pub const fn frame_type(self) -> FrameType {
        match self.0 & 0x000f {
            0x0 => FrameType::Management,
            0x4 => FrameType::Control,
            0x8 => FrameType::Data,
            _ => FrameType::Other,
        }
    }

    /// The subtype, 0 to 15.
    pub const fn subtype(self) -> u8 {
        let [low, _] = self.0.to_le_bytes();
        low >> 4
    }

    /// Whether all bits of `flags` are set.
    pub const fn has(self, flags: u16) -> bool {
        self.0 & flags == flags
    }
}

/// Subtypes of management frames (table 9-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum MgmtSubtype {
    /// Association request.
    AssocRequest = 0,
    /// Association response.
    AssocResponse = 1,
    /// Reassociation request.
    ReassocRequest = 2,
    /// Reassociation response.
    ReassocResponse = 3,
    /// Probe request.
    ProbeRequest = 4,
    /// Probe response.
    ProbeResponse = 5,
    /// Beacon.
    Beacon = 8,
    /// Disassociation.
    Disassoc = 10,
    /// Authentication.
    Auth = 11,
    /// Deauthentication.
    Deauth = 12,
    /// Action.
    Action = 13,
    /// Action, for which no answer is wanted.
    ActionNoAck = 14,
}

impl MgmtSubtype {
    /// From the four bits of the Frame Control field.
    pub const fn new(subtype: u8) -> Option<Self> {
        Some(match subtype {
            0 => Self::AssocRequest,
            1 => Self::AssocResponse,
            2 => Self::ReassocRequest,
            3 => Self::ReassocResponse,
            4 => Self::ProbeRequest,
            5 => Self::ProbeResponse,
            8 => Self::Beacon,
            10 => Self::Disassoc,
            11 => Self::Auth,
            12 => Self::Deauth,
            13 => Self::Action,
            14 => Self::ActionNoAck,
            _ => return None,
        })
    }

    /// The four bits.
    pub const fn number(self) -> u8 {
        match self {
            Self::AssocRequest => 0,
            Self::AssocResponse => 1,
            Self::ReassocRequest => 2,
            Self::ReassocResponse => 3,
            Self::ProbeRequest => 4,
            Self::ProbeResponse => 5,
            Self::Beacon => 8,
            Self::Disassoc => 10,
            Self::Auth => 11,
            Self::Deauth => 12,
            Self::Action => 13,
            Self::ActionNoAck => 14,
        }
    }

    /// The Frame Control field of such a frame, without flags.
    pub const fn frame_control(self) -> FrameControl {
        FrameControl(u16::from_le_bytes([self.number() << 4, 0]))
    }

    /// The subtype of `frame`, if it is a management frame.
    pub fn of(frame: &[u8]) -> Option<Self> {
        let control = FrameControl::of(frame)?;
        match control.frame_type() {
            FrameType::Management => Self::new(control.subtype()),
            _ => None,
        }
    }
}

/// Header of a management frame, and the first 24 bytes of every data frame.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Header {
    /// See [`FrameControl`].
    pub frame_control: U16,
    /// Microseconds that the exchange still takes, or an association id.
    pub duration: U16,
    /// The receiver.
    pub addr1: [u8; 6],
    /// The transmitter.
    pub addr2: [u8; 6],
    /// The network, or one end of a relayed frame.
    pub addr3: [u8; 6],
    /// Sequence number above four bits of fragment number.
    pub sequence_control: U16,
}

/// Bytes of a [`Header`].
pub const HEADER_LEN: usize = size_of::<Header>();

const _: () = assert!(HEADER_LEN == 24);

impl Header {
    /// A management frame from `from` to `to`, in the network `bssid`.
    pub const fn mgmt(subtype: MgmtSubtype, to: MacAddr, from: MacAddr, bssid: MacAddr) -> Self {
        Self::new(subtype.frame_control(), to, from, bssid)
    }

    /// A header with these addresses, and the rest for others to fill in.
    pub const fn new(control: FrameControl, a1: MacAddr, a2: MacAddr, a3: MacAddr) -> Self {
        Self {
            frame_control: U16::new(control.0),
            duration: U16::ZERO,
            addr1: a1.0,
            addr2: a2.0,
            addr3: a3.0,
            sequence_control: U16::ZERO,
        }
    }

    /// Splits a frame into this header and the rest.
    pub fn split(frame: &[u8]) -> Option<(&Self, &[u8])> {
        Self::ref_from_prefix(frame).ok()
    }

    /// The Frame Control field.
    pub const fn control(&self) -> FrameControl {
        FrameControl(self.frame_control.get())
    }

    /// The receiver.
    pub const fn receiver(&self) -> MacAddr {
        MacAddr(self.addr1)
    }

    /// The transmitter.
    pub const fn transmitter(&self) -> MacAddr {
        MacAddr(self.addr2)
    }

    /// The network, in management frames.
    pub const fn bssid(&self) -> MacAddr {
        MacAddr(self.addr3)
    }

    /// The sequence number, 0 to 4095.
    pub const fn sequence(&self) -> u16 {
        self.sequence_control.get() >> 4
    }

    /// The fragment number, 0 to 15.
    pub const fn fragment(&self) -> u8 {
        let [low, _] = self.sequence_control.get().to_le_bytes();
        low & 0x0f
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtypes_are_one_to_one() {
        for number in 0..=15 {
            let Some(subtype) = MgmtSubtype::new(number) else { continue };
            assert_eq!(subtype.number(), number);
            let frame = subtype.frame_control().0.to_le_bytes();
            assert_eq!(MgmtSubtype::of(&frame), Some(subtype));
        }
    }

    #[test]
    fn the_three_types_are_told_apart() {
        assert_eq!(FrameControl(0x0080).frame_type(), FrameType::Management);
        assert_eq!(FrameControl(0x00d4).frame_type(), FrameType::Control);
        assert_eq!(FrameControl(FrameControl::QOS_DATA).frame_type(), FrameType::Data);
        assert_eq!(FrameControl(0x0081).frame_type(), FrameType::Other);
        assert_eq!(MgmtSubtype::of(&[0x80]), None);
    }
}
