// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The frame check sequence (IEEE 802.11-2020, 9.2.4.8): CRC-32, sent with its low byte first.

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut value = at as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 != 0 { value >> 1 ^ 0xedb8_8320 } else { value >> 1 };
            bit += 1;
        }
        table[at] = value;
        at += 1;
    }
    table
};

/// The four bytes behind a frame.
pub(super) fn fcs(frame: &[u8]) -> [u8; 4] {
    let step = |crc: u32, byte: &u8| TABLE[usize::from(crc as u8 ^ byte)] ^ crc >> 8;
    (!frame.iter().fold(!0, step)).to_le_bytes()
}

#[cfg(test)]
mod tests {
    #[test]
    fn check_value() {
        assert_eq!(super::fcs(b"123456789"), 0xcbf4_3926_u32.to_le_bytes());
    }
}
