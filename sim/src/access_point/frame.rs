// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Frame headers (802.11-2020 9.2), read and written.

/// First byte of frame control of each kind that is used here: version 0, type, subtype.
pub mod kind {
    #![allow(missing_docs, reason = "the names are the standard's")]
    pub const ASSOC_REQUEST: u8 = 0x00;
    pub const ASSOC_RESPONSE: u8 = 0x10;
    pub const REASSOC_REQUEST: u8 = 0x20;
    pub const REASSOC_RESPONSE: u8 = 0x30;
    pub const PROBE_REQUEST: u8 = 0x40;
    pub const PROBE_RESPONSE: u8 = 0x50;
    pub const BEACON: u8 = 0x80;
    pub const DISASSOC: u8 = 0xa0;
    pub const AUTH: u8 = 0xb0;
    pub const DEAUTH: u8 = 0xc0;
    pub const ACTION: u8 = 0xd0;
    pub const PS_POLL: u8 = 0xa4;
    pub const DATA: u8 = 0x08;
    pub const NULL: u8 = 0x48;
    pub const QOS_DATA: u8 = 0x88;
    pub const QOS_NULL: u8 = 0xc8;
}

/// Bits of the second byte of frame control.
pub mod flag {
    #![allow(missing_docs, reason = "the names are the standard's")]
    pub const TO_DS: u8 = 0x01;
    pub const FROM_DS: u8 = 0x02;
    pub const MORE_FRAGMENTS: u8 = 0x04;
    pub const RETRY: u8 = 0x08;
    pub const POWER_MANAGEMENT: u8 = 0x10;
    pub const MORE_DATA: u8 = 0x20;
    pub const PROTECTED: u8 = 0x40;
    pub const ORDER: u8 = 0x80;
}

/// The address of everyone.
pub const BROADCAST: [u8; 6] = [0xff; 6];

/// A management or data frame with three addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// First byte of frame control, see [`kind`].
    pub kind: u8,
    /// Second byte of frame control, see [`flag`].
    pub flags: u8,
    /// Receiver, transmitter, and the third address.
    pub addresses: [[u8; 6]; 3],
    /// Sequence number and fragment.
    pub sequence_control: u16,
    /// QoS control of QoS data.
    pub qos: Option<u16>,
    /// Everything up to and with QoS control.
    pub header: &'a [u8],
    /// Everything behind the header.
    pub body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// `None` for control frames, four addresses, unknown versions, and frames that are cut off.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let fixed: &[u8; 24] = bytes.first_chunk()?;
        let [kind, flags] = [fixed[0], fixed[1]];
        let is_four = flags & (flag::TO_DS | flag::FROM_DS) == flag::TO_DS | flag::FROM_DS;
        let is_data = kind & 0x0c == 0x08;
        if kind & 3 != 0 || !(is_data || kind & 0x0c == 0) || is_four {
            return None;
        }
        let has_qos = is_data && kind & 0x80 != 0;
        let qos_len = if has_qos { 2 } else { 0 };
        // HT control follows only in frames with the order bit that have QoS or are management.
        let has_ht_control = flags & flag::ORDER != 0 && (has_qos || !is_data);
        let len = 24 + qos_len + if has_ht_control { 4 } else { 0 };
        let (header, body) = bytes.split_at_checked(len)?;
        let address = |at: usize| [0, 1, 2, 3, 4, 5].map(|index| fixed[at + index]);
        Some(Self {
            kind,
            flags,
            addresses: [address(4), address(10), address(16)],
            sequence_control: u16::from_le_bytes([fixed[22], fixed[23]]),
            qos: if has_qos { Some(u16::from_le_bytes([header[24], header[25]])) } else { None },
            header,
            body,
        })
    }

    /// Traffic identifier; 0 without QoS.
    pub fn tid(&self) -> u8 {
        self.qos.map_or(0, |qos| (qos & 15) as u8)
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Whether this is a data frame, with or without data in it.
    pub fn is_data(&self) -> bool {
        self.kind & 0x0c == 0x08
    }
}

/// A header with three addresses, and QoS control where there is one.
pub fn header(
    kind: u8,
    flags: u8,
    addresses: [[u8; 6]; 3],
    sequence: u16,
    qos: Option<u16>,
) -> Vec<u8> {
    let mut out = vec![kind, flags, 0, 0];
    addresses.iter().for_each(|address| out.extend(address));
    out.extend((sequence << 4).to_le_bytes());
    out.extend(qos.into_iter().flat_map(u16::to_le_bytes));
    out
}

/// LLC and SNAP before an EtherType (RFC 1042).
pub const SNAP: [u8; 6] = [0xaa, 0xaa, 0x03, 0, 0, 0];

/// Ethernet frame out of a data frame's addresses and its body (LLC and payload).
pub fn to_ethernet(destination: [u8; 6], source: [u8; 6], llc: &[u8]) -> Option<Vec<u8>> {
    let rest = llc.strip_prefix(&SNAP)?;
    if rest.len() < 2 {
        return None;
    }
    Some([&destination[..], &source, rest].concat())
}

/// Destination, source, and LLC with payload out of an Ethernet frame.
pub fn from_ethernet(ethernet: &[u8]) -> Option<([u8; 6], [u8; 6], Vec<u8>)> {
    let (destination, rest) = ethernet.split_first_chunk()?;
    let (source, rest) = rest.split_first_chunk()?;
    if rest.len() < 2 {
        return None;
    }
    Some((*destination, *source, [&SNAP[..], rest].concat()))
}
