// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Bodies of management frames (IEEE Std 802.11-2020, 9.3.3).

use bitflags::bitflags;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned, little_endian as le};

use super::{
    elements::Elements,
    header::{Header, MgmtSubtype},
    writer::Writer,
};
use crate::types::MacAddr;

/// Status code: it went well (table 9-50).
pub const STATUS_SUCCESS: u16 = 0;
/// Status code: SAE goes on by hash to element (table 9-50).
pub const STATUS_SAE_HASH_TO_ELEMENT: u16 = 126;
/// Reason code: the sender leaves the network (table 9-49).
pub const REASON_LEAVING: u16 = 3;
/// Reason code: inactivity (table 9-49); what mac80211 says when beacons stop.
pub const REASON_INACTIVITY: u16 = 4;
/// Authentication algorithm: open system (9.4.1.1).
pub const ALGORITHM_OPEN: u16 = 0;
/// Authentication algorithm: SAE (9.4.1.1).
pub const ALGORITHM_SAE: u16 = 3;

bitflags! {
    /// Capability information (9.4.1.4).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Capability: u16 {
        /// An access point speaks.
        const ESS = 1 << 0;
        /// Data is encrypted.
        const PRIVACY = 1 << 4;
        /// Short preambles are allowed.
        const SHORT_PREAMBLE = 1 << 5;
        /// Slots are short.
        const SHORT_SLOT = 1 << 10;
        /// Every other bit.
        const _ = !0;
    }
}

/// What a beacon and a probe response begin with.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
pub struct BeaconFixed {
    /// The access point's clock, microseconds.
    pub timestamp: le::U64,
    /// Time units (1,024 us) from beacon to beacon.
    pub interval: le::U16,
    /// See [`Capability`].
    pub capability: le::U16,
}

/// What an authentication frame begins with.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
pub struct AuthFixed {
    /// Algorithm number.
    pub algorithm: le::U16,
    /// Transaction sequence number.
    pub transaction: le::U16,
    /// Status code.
    pub status: le::U16,
}

/// What an association response begins with.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
pub struct AssocResponseFixed {
    /// See [`Capability`].
    pub capability: le::U16,
    /// Status code.
    pub status: le::U16,
    /// Association id, with the two highest bits set.
    pub aid: le::U16,
}

/// What an association request begins with.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
pub struct AssocRequestFixed {
    /// See [`Capability`].
    pub capability: le::U16,
    /// Beacons between two that we listen to.
    pub listen_interval: le::U16,
}

/// A management frame of a kind that core knows, taken apart.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// Beacon or probe response.
    Beacon(&'a BeaconFixed, Elements<'a>),
    /// Probe request.
    ProbeRequest(Elements<'a>),
    /// Authentication.
    Auth(&'a AuthFixed, Elements<'a>),
    /// Association or reassociation request.
    AssocRequest(&'a AssocRequestFixed, Elements<'a>),
    /// Association or reassociation response.
    AssocResponse(&'a AssocResponseFixed, Elements<'a>),
    /// Deauthentication: the reason code.
    Deauth(u16),
    /// Disassociation: the reason code.
    Disassoc(u16),
    /// Action: category and the rest.
    Action(u8, &'a [u8]),
}

/// A management frame: header and body.
#[derive(Clone, Copy, Debug)]
pub struct Mgmt<'a> {
    /// Who sent it to whom.
    pub header: &'a Header,
    /// What it says.
    pub body: Body<'a>,
}

impl<'a> Mgmt<'a> {
    /// Takes a frame apart; `None` for other frames, and for what is cut off or encrypted.
    pub fn parse(frame: &'a [u8]) -> Option<Self> {
        let subtype = MgmtSubtype::of(frame)?;
        let (header, body) = Header::split(frame)?;
        if header.control().has(super::header::FrameControl::PROTECTED) {
            return None; // SAE and BIP come with their own authors; nothing here can read it.
        }
        let body = match subtype {
            MgmtSubtype::Beacon | MgmtSubtype::ProbeResponse => {
                let (fixed, rest) = BeaconFixed::ref_from_prefix(body).ok()?;
                Body::Beacon(fixed, Elements::new(rest))
            }
            MgmtSubtype::ProbeRequest => Body::ProbeRequest(Elements::new(body)),
            MgmtSubtype::Auth => {
                let (fixed, rest) = AuthFixed::ref_from_prefix(body).ok()?;
                Body::Auth(fixed, Elements::new(rest))
            }
            MgmtSubtype::AssocRequest => {
                let (fixed, rest) = AssocRequestFixed::ref_from_prefix(body).ok()?;
                Body::AssocRequest(fixed, Elements::new(rest))
            }
            MgmtSubtype::ReassocRequest => {
                let (fixed, rest) = AssocRequestFixed::ref_from_prefix(body).ok()?;
                Body::AssocRequest(fixed, Elements::new(rest.get(6..)?)) // Current access point.
            }
            MgmtSubtype::AssocResponse | MgmtSubtype::ReassocResponse => {
                let (fixed, rest) = AssocResponseFixed::ref_from_prefix(body).ok()?;
                Body::AssocResponse(fixed, Elements::new(rest))
            }
            MgmtSubtype::Deauth => Body::Deauth(reason(body)?),
            MgmtSubtype::Disassoc => Body::Disassoc(reason(body)?),
            MgmtSubtype::Action | MgmtSubtype::ActionNoAck => {
                let (category, rest) = body.split_first()?;
                Body::Action(*category, rest)
            }
        };
        Some(Self { header, body })
    }
}

fn reason(body: &[u8]) -> Option<u16> {
    body.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

/// Bytes of a deauthentication or disassociation without elements.
pub const FAREWELL_LEN: usize = super::header::HEADER_LEN + 2;

/// A deauthentication (or disassociation) frame that leaves the network `bssid`.
pub fn farewell(
    subtype: MgmtSubtype,
    bssid: MacAddr,
    own: MacAddr,
    reason: u16,
) -> [u8; FAREWELL_LEN] {
    let mut frame = [0; FAREWELL_LEN];
    Writer::new(&mut frame).view(&Header::mgmt(subtype, bssid, own, bssid)).u16(reason);
    frame
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
    const US: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);

    #[test]
    fn a_farewell_is_understood() {
        let frame = farewell(MgmtSubtype::Deauth, AP, US, 3);
        let mgmt = Mgmt::parse(&frame).unwrap();
        assert_eq!((mgmt.header.receiver(), mgmt.header.transmitter()), (AP, US));
        assert!(matches!(mgmt.body, Body::Deauth(3)));
        assert!(Mgmt::parse(&frame[..25]).is_none());
        let mut encrypted = frame;
        encrypted[1] |= 0x40;
        assert!(Mgmt::parse(&encrypted).is_none());
    }

    #[test]
    fn an_association_response() {
        let mut frame = [0; 34];
        let mut writer = Writer::new(&mut frame);
        writer.view(&Header::mgmt(MgmtSubtype::AssocResponse, US, AP, AP));
        writer.u16(0x0431).u16(0).u16(0xc001).element(1, &[0x82]);
        let len = writer.finish().unwrap();
        let Some(Mgmt { body: Body::AssocResponse(fixed, elements), .. }) =
            Mgmt::parse(&frame[..len])
        else {
            panic!("not an association response")
        };
        assert_eq!((fixed.status.get(), fixed.aid.get() & 0x3fff), (0, 1));
        assert_eq!(elements.body_of(1), Some(&[0x82][..]));
    }

    proptest! {
        #[test]
        fn no_frame_makes_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Mgmt::parse(&bytes);
        }
    }
}
