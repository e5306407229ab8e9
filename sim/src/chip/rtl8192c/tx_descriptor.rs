// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The 32-byte TX descriptor.

/// Bytes of a descriptor.
pub(super) const LEN: usize = 32;
/// Queue numbers above the TIDs.
pub(super) const QUEUE_BEACON: u8 = 0x10;
pub(super) const QUEUE_HIGH: u8 = 0x11;
pub(super) const QUEUE_MANAGEMENT: u8 = 0x12;
/// Ciphers.
pub(super) const CIPHER_NONE: u8 = 0;
pub(super) const CIPHER_AES: u8 = 3;

/// A descriptor, by fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TxDescriptor {
    /// Bytes of the frame, without descriptor and FCS.
    pub(super) len: usize,
    /// Where the frame begins: bytes of descriptor, then units of eight.
    pub(super) offset: u8,
    pub(super) packet_offset: u8,
    pub(super) last_segment: bool,
    pub(super) first_segment: bool,
    pub(super) own: bool,
    pub(super) macid: u8,
    pub(super) queue: u8,
    pub(super) cipher: u8,
    pub(super) report: bool,
    pub(super) hardware_sequence: bool,
    pub(super) driver_rate: bool,
    pub(super) wide: bool,
    pub(super) rate: u8,
    pub(super) short_gi: bool,
    pub(super) retry_limit: Option<u8>,
    /// Frames in the transfer; 0 and 1 mean one.
    pub(super) count: u8,
}

impl TxDescriptor {
    /// From its bytes.
    pub(super) fn parse(bytes: &[u8; LEN]) -> Self {
        let word = |at: usize| {
            u32::from_le_bytes([
                bytes[4 * at],
                bytes[4 * at + 1],
                bytes[4 * at + 2],
                bytes[4 * at + 3],
            ])
        };
        let bit = |at: usize, bit: u32| word(at) >> bit & 1 != 0;
        let field = |at: usize, low: u32, mask: u32| (word(at) >> low & mask) as u8;
        Self {
            len: (word(0) & 0xffff) as usize,
            offset: field(0, 16, 0xff),
            last_segment: bit(0, 26),
            first_segment: bit(0, 27),
            own: bit(0, 31),
            macid: field(1, 0, 0x1f),
            queue: field(1, 8, 0x1f),
            cipher: field(1, 22, 3),
            packet_offset: field(1, 26, 0x1f),
            report: bit(2, 19),
            hardware_sequence: bit(4, 7),
            driver_rate: bit(4, 8),
            wide: bit(4, 25),
            rate: field(5, 0, 0x3f),
            short_gi: bit(5, 6),
            retry_limit: bit(5, 17).then(|| field(5, 18, 0x3f)),
            count: field(5, 24, 0xff),
        }
    }

    /// Where the frame begins, from the start of the descriptor.
    pub(super) fn frame_at(&self) -> usize {
        usize::from(self.offset) + 8 * usize::from(self.packet_offset)
    }
}

/// XOR of the sixteen words of a descriptor; zero when its checksum is right.
pub(super) fn checksum(bytes: &[u8; LEN]) -> u16 {
    bytes.chunks_exact(2).fold(0, |sum, pair| sum ^ u16::from_le_bytes([pair[0], pair[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 26 bytes of management frame, RAID 4, hardware sequence, 1 Mb/s, retry limit 6.
    const PUBLISHED: [u8; LEN] = [
        0x1a, 0x00, 0x20, 0x8c, 0x00, 0x12, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x80, 0x01, 0x00, 0x00, 0x00, 0x1f, 0x1a, 0x00, 0x00, 0x00, 0x00, 0x00, 0xa4, 0x80,
        0x00, 0x00,
    ];

    #[test]
    fn published_descriptor() {
        assert_eq!(checksum(&PUBLISHED), 0);
        let mut broken = PUBLISHED;
        broken[0] ^= 1;
        assert_ne!(checksum(&broken), 0);
        let parsed = TxDescriptor::parse(&PUBLISHED);
        assert_eq!((parsed.len, parsed.frame_at()), (26, 32));
        assert_eq!((parsed.queue, parsed.macid, parsed.cipher), (QUEUE_MANAGEMENT, 0, CIPHER_NONE));
        assert!(parsed.own && parsed.first_segment && parsed.last_segment);
        assert!(parsed.hardware_sequence && parsed.driver_rate && !parsed.report && !parsed.wide);
        assert_eq!((parsed.rate, parsed.retry_limit, parsed.count), (0, Some(6), 0));
    }
}
