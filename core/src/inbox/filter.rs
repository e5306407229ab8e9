// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Which management frames are worth a copy, decided before there is one.

use bitflags::bitflags;

use crate::{
    device::VAPS_MAX,
    types::MacAddr,
    wire::header::{FrameControl, FrameType, Header, MgmtSubtype},
};

bitflags! {
    /// Kinds of management frames that the user wants to see; bit n is subtype n.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct FrameKinds: u16 {
        /// Probe requests.
        const PROBE_REQUEST = 1 << 4;
        /// Disassociations.
        const DISASSOC = 1 << 10;
        /// Authentications (SAE in user space).
        const AUTH = 1 << 11;
        /// Deauthentications.
        const DEAUTH = 1 << 12;
        /// Action frames.
        const ACTION = 1 << 13;
        /// Every other subtype.
        const _ = !0;
    }
}

impl FrameKinds {
    /// Whether frames of this subtype are wanted.
    pub fn has(self, subtype: MgmtSubtype) -> bool {
        self.contains(Self::from_bits_retain(1 << subtype.number()))
    }
}

/// Which management frames are worth keeping; the worker keeps it in step with its machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameFilter {
    /// Beacons and probe responses of anybody.
    pub scanning: bool,
    /// Everything from this access point.
    pub bssid: Option<MacAddr>,
    /// Our addresses: what is sent to somebody else is none of our business, even if the radio
    /// takes it in for a monitor. [`MacAddr::ZERO`] is nobody.
    pub own: [MacAddr; VAPS_MAX],
    /// Whatever the user asked for.
    pub kinds: FrameKinds,
}

/// How a frame is treated when there is little room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    None,
    /// Anybody can send many of these.
    Common,
    /// The reserve is for these.
    Ours,
}

impl FrameFilter {
    pub(super) fn worth(&self, frame: &[u8]) -> Worth {
        let Some(subtype) = MgmtSubtype::of(frame) else { return Worth::None };
        let Some((header, _)) = Header::split(frame) else { return Worth::None };
        let to = header.receiver();
        if !to.is_multicast() && (to == MacAddr::ZERO || !self.own.contains(&to)) {
            return Worth::None;
        }
        let is_ours = Some(header.transmitter()) == self.bssid
            || Some(header.bssid()) == self.bssid && self.bssid.is_some();
        match subtype {
            MgmtSubtype::Beacon | MgmtSubtype::ProbeResponse if is_ours => Worth::Common,
            MgmtSubtype::Beacon | MgmtSubtype::ProbeResponse if self.scanning => Worth::Common,
            MgmtSubtype::Beacon | MgmtSubtype::ProbeResponse => Worth::None,
            _ if is_ours => Worth::Ours,
            _ if self.kinds.has(subtype) => Worth::Common,
            _ => Worth::None,
        }
    }
}

/// Whether the first byte is that of a management frame.
pub(crate) fn is_management(frame: &[u8]) -> bool {
    FrameControl::of(frame).is_some_and(|control| control.frame_type() == FrameType::Management)
}
