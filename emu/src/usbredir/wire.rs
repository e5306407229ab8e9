// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Packets of usbredir: a header, a header of the type, data.

use std::fmt;

/// Bytes of data that one packet may carry; more is refused as garbage.
pub const DATA_MAX: usize = 128 * 1024;
/// Bytes of the version in a hello.
pub const VERSION_LEN: usize = 64;
/// Bytes of a packet's header before both hellos, and after them with 64-bit ids.
const HEADER_LEN: usize = 12;
const HEADER_LEN_64: usize = 16;

/// Capabilities of either side, by bit.
pub mod capability {
    /// device_connect has bcdDevice.
    pub const CONNECT_DEVICE_VERSION: u32 = 1 << 1;
    /// device_disconnect is acknowledged.
    pub const DISCONNECT_ACK: u32 = 1 << 3;
    /// ep_info has largest packets.
    pub const EP_INFO_MAX_PACKET_SIZE: u32 = 1 << 4;
    /// Ids have 64 bits.
    pub const IDS_64: u32 = 1 << 5;
    /// Lengths of bulk packets have 32 bits.
    pub const BULK_LENGTH_32: u32 = 1 << 6;
}

/// Types of packets.
pub mod kind {
    #![allow(missing_docs, reason = "the names are those of the protocol")]
    pub const HELLO: u32 = 0;
    pub const DEVICE_CONNECT: u32 = 1;
    pub const DEVICE_DISCONNECT: u32 = 2;
    pub const RESET: u32 = 3;
    pub const INTERFACE_INFO: u32 = 4;
    pub const EP_INFO: u32 = 5;
    pub const SET_CONFIGURATION: u32 = 6;
    pub const GET_CONFIGURATION: u32 = 7;
    pub const CONFIGURATION_STATUS: u32 = 8;
    pub const SET_ALT_SETTING: u32 = 9;
    pub const GET_ALT_SETTING: u32 = 10;
    pub const ALT_SETTING_STATUS: u32 = 11;
    pub const START_INTERRUPT_RECEIVING: u32 = 15;
    pub const STOP_INTERRUPT_RECEIVING: u32 = 16;
    pub const INTERRUPT_RECEIVING_STATUS: u32 = 17;
    pub const CANCEL_DATA_PACKET: u32 = 21;
    pub const FILTER_REJECT: u32 = 22;
    pub const FILTER_FILTER: u32 = 23;
    pub const DEVICE_DISCONNECT_ACK: u32 = 24;
    pub const CONTROL_PACKET: u32 = 100;
    pub const BULK_PACKET: u32 = 101;
    pub const INTERRUPT_PACKET: u32 = 103;
}

/// What became of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// Done.
    Success = 0,
    /// Taken back by the host.
    Cancelled = 1,
    /// A request that makes no sense.
    Invalid = 2,
    /// The device refuses it.
    Stall = 4,
}

/// Why bytes are no usbredir.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Garbage {
    /// A packet states a length that no packet has.
    TooLong {
        /// Its type.
        kind: u32,
        /// The length stated.
        len: usize,
    },
    /// The first packet is no hello, or a hello without capabilities.
    NoHello,
    /// A hello lacks capabilities that both sides need here.
    Capabilities(u32),
    /// The header of the type is cut off.
    Short {
        /// The packet's type.
        kind: u32,
        /// Its length.
        len: usize,
    },
    /// A type that a USB host does not send.
    Unexpected(u32),
}

impl fmt::Display for Garbage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { kind, len } => {
                write!(f, "packet of type {kind} says it has {len} bytes; most is {DATA_MAX}")
            }
            Self::NoHello => f.write_str("no usbredir hello: is that a QEMU usb-redir chardev?"),
            Self::Capabilities(capabilities) => write!(
                f,
                "the other side's usbredir has capabilities {capabilities:#x}; 64-bit ids and \
                 32-bit bulk lengths are needed"
            ),
            Self::Short { kind, len } => write!(f, "packet of type {kind} has only {len} bytes"),
            Self::Unexpected(kind) => write!(f, "a USB host sends no packet of type {kind}"),
        }
    }
}

impl std::error::Error for Garbage {}

/// A packet that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// See [`kind`].
    pub kind: u32,
    /// Chosen by the sender; an answer repeats it.
    pub id: u64,
    /// Header of the type, and data.
    pub body: Vec<u8>,
}

/// Splits a stream of bytes into packets.
#[derive(Debug, Default)]
pub struct Splitter {
    buffer: Vec<u8>,
    taken: usize,
    has_long_ids: bool,
}

impl Splitter {
    /// More bytes have come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// From now on headers have 64-bit ids.
    pub fn use_long_ids(&mut self) {
        self.has_long_ids = true;
    }

    /// The next packet, if all of it is there.
    pub fn next_packet(&mut self) -> Result<Option<Packet>, Garbage> {
        let bytes = &self.buffer[self.taken..];
        let header_len = if self.has_long_ids { HEADER_LEN_64 } else { HEADER_LEN };
        let Some((header, rest)) = bytes.split_at_checked(header_len) else { return Ok(None) };
        let kind = u32_at(header, 0).unwrap_or(0);
        let len = u32_at(header, 4).unwrap_or(0) as usize;
        // Before the hello, a wrong peer is more likely than a long packet.
        if !self.has_long_ids && kind != kind::HELLO {
            return Err(Garbage::NoHello);
        }
        if len > DATA_MAX {
            return Err(Garbage::TooLong { kind, len });
        }
        let Some(body) = rest.get(..len) else { return Ok(None) };
        let low = u32_at(header, 8).unwrap_or(0);
        let high = u32_at(header, 12).unwrap_or(0);
        let packet =
            Packet { kind, id: u64::from(high) << 32 | u64::from(low), body: body.to_vec() };
        self.taken += header_len + len;
        Ok(Some(packet))
    }
}

/// Four bytes, little-endian.
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Two bytes, little-endian.
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// Appends a packet with a 64-bit id (or, a hello, with a 32-bit one) to `out`.
pub fn append(out: &mut Vec<u8>, kind: u32, id: u64, parts: &[&[u8]]) {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    out.extend(kind.to_le_bytes());
    out.extend((len as u32).to_le_bytes());
    if kind == kind::HELLO {
        out.extend((id as u32).to_le_bytes());
    } else {
        out.extend(id.to_le_bytes());
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_in_pieces() {
        let mut stream = Vec::new();
        append(&mut stream, kind::HELLO, 0, &[&[0; VERSION_LEN], &0x70_u32.to_le_bytes()]);
        let mut splitter = Splitter::default();
        for byte in &stream[..stream.len() - 1] {
            splitter.push(&[*byte]);
            assert_eq!(splitter.next_packet(), Ok(None));
        }
        splitter.push(&stream[stream.len() - 1..]);
        assert_eq!(splitter.next_packet().unwrap().unwrap().body.len(), VERSION_LEN + 4);
        splitter.use_long_ids();
        let mut more = Vec::new();
        append(&mut more, kind::RESET, 0, &[]);
        append(&mut more, kind::CONTROL_PACKET, 1 << 40 | 7, &[&[1, 2], &[3]]);
        splitter.push(&more);
        assert_eq!(splitter.next_packet().unwrap().unwrap().kind, kind::RESET);
        let packet = splitter.next_packet().unwrap().unwrap();
        assert_eq!((packet.id, packet.body), (1 << 40 | 7, vec![1, 2, 3]));
        assert_eq!(splitter.next_packet(), Ok(None));
    }

    #[test]
    fn garbage_is_named() {
        let mut splitter = Splitter::default();
        splitter.push(b"GET / HTTP/1.1\r\n");
        assert_eq!(splitter.next_packet(), Err(Garbage::NoHello));
        let mut splitter = Splitter::default();
        splitter.use_long_ids();
        splitter.push(&[0xff; 16]);
        let error = splitter.next_packet().unwrap_err();
        assert_eq!(error, Garbage::TooLong { kind: u32::MAX, len: u32::MAX as usize });
    }
}
