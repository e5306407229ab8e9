// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Data frames (IEEE Std 802.11-2020, 9.3.2), LLC headers and A-MSDU subframes.

use heapless::Vec;
use zerocopy::{
    FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned, big_endian, little_endian::U16,
};

use super::header::{FrameControl, FrameType, HEADER_LEN, Header};
use crate::types::MacAddr;

/// Frame Control of data frames: there is no frame body (9.2.4.1.3).
pub const NO_BODY: u16 = 0x0040;
/// Frame Control of data frames: there is a QoS Control field.
pub const QOS: u16 = 0x0080;
/// Frame Control of a block acknowledgement request, without flags.
const BLOCK_ACK_REQUEST: u16 = 0x0084;
/// QoS Control: the traffic identifier.
pub const QOS_TID: u16 = 0x000f;
/// QoS Control: acknowledgement policy "no acknowledgement".
pub const QOS_NO_ACK: u16 = 0x0020;
/// QoS Control: the body is an A-MSDU.
pub const QOS_AMSDU: u16 = 0x0080;

/// Bytes of an Ethernet header.
pub const ETHERNET_LEN: usize = 14;
/// Most bytes of an MSDU, LLC header included (9.2.4.7.1).
pub const MSDU_LEN_MAX: usize = 2304;
/// Ethernet types from here on are types, below they are lengths.
pub const ETHERTYPE_MIN: u16 = 0x0600;
/// Ethernet type of EAPOL (IEEE Std 802.1X-2010, 11.1.4).
pub const ETHERTYPE_EAPOL: u16 = 0x888e;
/// AppleTalk address resolution, which stays in its tunnel (IEEE Std 802.1H).
const ETHERTYPE_AARP: u16 = 0x80f3;
/// Novell IPX, likewise.
const ETHERTYPE_IPX: u16 = 0x8137;
/// What stands between 802.11 and the type of an Ethernet frame (RFC 1042).
pub const RFC1042: [u8; 6] = [0xaa, 0xaa, 0x03, 0, 0, 0];
/// The same for the types of IEEE Std 802.1H.
pub const BRIDGE_TUNNEL: [u8; 6] = [0xaa, 0xaa, 0x03, 0, 0, 0xf8];
/// Bytes of LLC and SNAP headers, the Ethernet type included.
pub const LLC_LEN: usize = 8;

/// What the header of a data frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data {
    /// Frame control.
    pub control: FrameControl,
    /// Address 1: who is to receive it.
    pub receiver: MacAddr,
    /// Address 2: who sent it.
    pub transmitter: MacAddr,
    /// Address 3: the source (from the access point), or the destination (to it).
    pub far_end: MacAddr,
    /// Sequence number, 12 bits.
    pub sequence: u16,
    /// Fragment number, 4 bits.
    pub fragment: u8,
    /// QoS Control, if there is one.
    pub qos: Option<u16>,
    /// Bytes of the header.
    pub len: usize,
}

impl Data {
    /// Parses the header; `None` for other frames and those cut short. Never panics.
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let (header, rest) = Header::split(frame)?;
        let control = header.control();
        if control.frame_type() != FrameType::Data {
            return None;
        }
        let fourth = if control.has(FrameControl::TO_DS | FrameControl::FROM_DS) { 6 } else { 0 };
        let (mut len, mut qos) = (HEADER_LEN + fourth, None);
        if control.has(QOS) {
            let (field, _) = U16::ref_from_prefix(rest.get(fourth..)?).ok()?;
            qos = Some(field.get());
            len += 2 + if control.has(FrameControl::ORDER) { 4 } else { 0 };
        }
        (frame.len() >= len).then_some(Self {
            control,
            receiver: header.receiver(),
            transmitter: header.transmitter(),
            far_end: MacAddr(header.addr3),
            sequence: header.sequence(),
            fragment: header.fragment(),
            qos,
            len,
        })
    }

    /// Whether all these bits of the frame control are set.
    pub const fn has(&self, bits: u16) -> bool {
        self.control.has(bits)
    }

    /// The traffic identifier, 0 to 15; 0 without QoS.
    pub fn tid(&self) -> u8 {
        u8::try_from(self.qos.unwrap_or(0) & QOS_TID).unwrap_or(0)
    }

    /// Whether the body is an A-MSDU.
    pub fn is_amsdu(&self) -> bool {
        self.qos.is_some_and(|qos| qos & QOS_AMSDU != 0)
    }

    /// Whether this is a part of an MSDU.
    pub const fn is_fragment(&self) -> bool {
        self.fragment != 0 || self.has(FrameControl::MORE_FRAGMENTS)
    }
}

/// A block acknowledgement request (9.3.1.7, compressed variant): everything before `sequence`
/// will not be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockAckRequest {
    /// Who sent it.
    pub transmitter: MacAddr,
    /// To whom.
    pub receiver: MacAddr,
    /// Of which traffic.
    pub tid: u8,
    /// Where the window starts.
    pub sequence: u16,
}

impl BlockAckRequest {
    /// Parses a frame; `None` for any other. Never panics.
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let [c0, c1, _, _, rest @ ..] = frame else { return None };
        // Without flags, and version 0.
        if u16::from_le_bytes([*c0, *c1]) & 0x00ff != BLOCK_ACK_REQUEST {
            return None;
        }
        let (receiver, rest) = rest.split_first_chunk()?;
        let (transmitter, rest) = rest.split_first_chunk()?;
        let [b0, b1, s0, s1, ..] = rest else { return None };
        let bar = u16::from_le_bytes([*b0, *b1]);
        // BAR Type 2 is compressed (table 9-29); the others are of no use here.
        (bar >> 1 & 0xf == 2).then_some(())?;
        Some(Self {
            transmitter: MacAddr(*transmitter),
            receiver: MacAddr(*receiver),
            tid: u8::try_from(bar >> 12).ok()?,
            sequence: u16::from_le_bytes([*s0, *s1]) >> 4,
        })
    }
}

/// The LLC and SNAP headers that replace an Ethernet type; nothing for a length, because LLC
/// follows it already.
pub fn llc_of(ethertype: u16) -> Vec<u8, LLC_LEN> {
    let mut llc = Vec::new();
    if ethertype < ETHERTYPE_MIN {
        return llc;
    }
    let tunnel = matches!(ethertype, ETHERTYPE_AARP | ETHERTYPE_IPX);
    let snap = if tunnel { BRIDGE_TUNNEL } else { RFC1042 };
    // LLC_LEN is the sum of the two.
    let _ = llc.extend_from_slice(&snap);
    let _ = llc.extend_from_slice(&ethertype.to_be_bytes());
    llc
}

/// What an MSDU carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    /// What to write into an Ethernet header: the type, or the length.
    pub ethertype: u16,
    /// Bytes of LLC and SNAP that the Ethernet header replaces.
    pub skip: usize,
}

impl Payload {
    /// Looks at the start of an MSDU. `None` if it fits no Ethernet frame. Never panics.
    pub fn parse(msdu: &[u8]) -> Option<Self> {
        if let Some(([snap @ .., t0, t1], _)) = msdu.split_first_chunk::<LLC_LEN>() {
            let ethertype = u16::from_be_bytes([*t0, *t1]);
            let tunnel = matches!(ethertype, ETHERTYPE_AARP | ETHERTYPE_IPX);
            if ethertype >= ETHERTYPE_MIN && (*snap == BRIDGE_TUNNEL || *snap == RFC1042 && !tunnel)
            {
                return Some(Self { ethertype, skip: LLC_LEN });
            }
        }
        let len = u16::try_from(msdu.len()).ok()?;
        (3..ETHERTYPE_MIN).contains(&len).then_some(Self { ethertype: len, skip: 0 })
    }
}

/// Header of an A-MSDU subframe (9.3.2.2.2).
#[derive(Clone, Copy, Debug, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SubframeHeader {
    /// Destination.
    pub destination: [u8; 6],
    /// Source.
    pub source: [u8; 6],
    /// Bytes of the MSDU that follows.
    pub len: big_endian::U16,
}

/// The MSDUs of an A-MSDU, each with its header. Ends at the first that is cut short, which
/// [`Subframes::is_well_formed`] tells beforehand.
#[derive(Clone, Debug)]
pub struct Subframes<'a> {
    rest: &'a [u8],
}

impl<'a> Subframes<'a> {
    /// The MSDUs in `body`.
    pub const fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    /// Whether everything in it can be read, and there is something.
    pub fn is_well_formed(&self) -> bool {
        let mut all = self.clone();
        let count = all.by_ref().count();
        count > 0 && all.rest.is_empty()
    }
}

impl<'a> Iterator for Subframes<'a> {
    type Item = (SubframeHeader, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (header, rest) = SubframeHeader::read_from_prefix(self.rest).ok()?;
        let len = usize::from(header.len.get());
        let (msdu, rest) = rest.split_at_checked(len)?;
        // All but the last are padded to a multiple of 4 bytes.
        let padding = (len + size_of::<SubframeHeader>()).next_multiple_of(4)
            - (len + size_of::<SubframeHeader>());
        self.rest = rest.get(padding..).unwrap_or_default();
        Some((header, msdu))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn header_says_what_was_written() {
        let control = FrameControl::QOS_DATA | FrameControl::FROM_DS | FrameControl::RETRY;
        let [to, by, from] = [1, 2, 3].map(|byte| MacAddr([byte; 6]));
        let mut header = Header::new(FrameControl(control), to, by, from);
        header.sequence_control = U16::new(0x1235);
        let bytes = [header.as_bytes(), &[0x86, 0]].concat();
        let data = Data::parse(&bytes).unwrap();
        assert_eq!((data.sequence, data.fragment, data.tid()), (0x123, 5, 6));
        assert_eq!((data.len, data.is_amsdu(), data.is_fragment()), (26, true, true));
        assert!(data.has(FrameControl::RETRY) && !data.has(FrameControl::PROTECTED));
        assert_eq!(Data::parse(&bytes[..25]), None);
    }

    #[test]
    fn ethernet_types_survive_llc_and_lengths_pass() {
        for ethertype in [0x0800, 0x86dd, ETHERTYPE_EAPOL, ETHERTYPE_AARP, ETHERTYPE_IPX] {
            let mut msdu = llc_of(ethertype).to_vec();
            msdu.extend([1, 2, 3]);
            assert_eq!(Payload::parse(&msdu), Some(Payload { ethertype, skip: LLC_LEN }));
        }
        assert!(llc_of(100).is_empty());
        let stp = [0x42, 0x42, 0x03, 0, 0];
        assert_eq!(Payload::parse(&stp), Some(Payload { ethertype: 5, skip: 0 }));
        // IPX in the wrong tunnel stays as it is, as IEEE Std 802.1H has it.
        let msdu = [&RFC1042[..], &ETHERTYPE_IPX.to_be_bytes(), &[1]].concat();
        assert_eq!(Payload::parse(&msdu), Some(Payload { ethertype: 9, skip: 0 }));
    }

    #[test]
    fn subframes_are_read_to_the_end_or_refused() {
        let mut body = [[1; 6], [2; 6]].concat();
        body.extend([0, 3, 7, 7, 7, 0, 0, 0]);
        body.extend([[1; 6], [2; 6]].concat());
        body.extend([0, 2, 9, 9]);
        let all = Subframes::new(&body);
        assert!(all.is_well_formed());
        let msdus: std::vec::Vec<_> = all.map(|(_, msdu)| msdu).collect();
        assert_eq!(msdus, [&[7, 7, 7][..], &[9, 9]]);
        assert!(!Subframes::new(&body[..body.len() - 1]).is_well_formed());
        assert!(!Subframes::new(&[]).is_well_formed());
    }

    proptest! {
        #[test]
        fn parsers_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Data::parse(&bytes);
            let _ = BlockAckRequest::parse(&bytes);
            let _ = Payload::parse(&bytes);
            prop_assert!(Subframes::new(&bytes).count() <= bytes.len() / 14);
        }
    }
}
