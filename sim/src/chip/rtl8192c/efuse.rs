// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The efuse: 512 raw bytes that hold a map of 128 in a packed form.

/// Raw bytes.
pub(super) const RAW_LEN: usize = 512;
/// Bytes of the map.
pub(super) const MAP_LEN: usize = 128;
const SECTION_LEN: usize = 8;
/// Raw byte outside of the map that says which chains want another PA bias.
const PA_SETTING: usize = 0x1fa;

/// The map of an adapter with this identity and address, with plausible transmit powers.
pub(super) fn map(vendor: u16, product: u16, mac: [u8; 6], product_name: &str) -> [u8; MAP_LEN] {
    let mut map = [0xff; MAP_LEN];
    map[0x00..0x02].copy_from_slice(&0x8129_u16.to_le_bytes());
    map[0x0a..0x0c].copy_from_slice(&vendor.to_le_bytes());
    map[0x0c..0x0e].copy_from_slice(&product.to_le_bytes());
    map[0x16..0x1c].copy_from_slice(&mac);
    let names = format!("Realtek\0{product_name}");
    let names = names.as_bytes();
    let len = names.len().min(61);
    map[0x1c..0x1c + len].copy_from_slice(&names[..len]);
    // CCK power of three channel groups, both chains; then HT40 with one stream.
    map[0x5a..0x60].fill(0x2c);
    map[0x60..0x66].fill(0x28);
    // Differences: HT40 with two streams, HT20, OFDM; then limits.
    map[0x66..0x69].fill(0x11);
    map[0x69..0x6c].fill(0x00);
    map[0x6c..0x6f].fill(0x22);
    map[0x6f..0x75].fill(0x00);
    // Channel plan: world wide 13.
    map[0x75] = 0x0a;
    map[0x76..0x78].fill(0x00);
    map[0x78] = THERMAL;
    // Dongle, power by rate.
    map[0x79..0x7d].fill(0x00);
    map[0x7e] = 0x01;
    map[0x7f] = 0x00;
    map
}

/// Thermal meter at production.
pub(super) const THERMAL: u8 = 0x0c;

/// Packs a map: a header for each section of eight bytes that is not all 0xff, then its words.
///
/// A header is the section in the high nibble and a bit for each word that is *not* there.
pub(super) fn pack(map: &[u8; MAP_LEN]) -> Vec<u8> {
    let mut raw = Vec::new();
    for (section, bytes) in map.chunks(SECTION_LEN).enumerate() {
        let words: Vec<&[u8]> = bytes.chunks(2).collect();
        let is_absent = |word: &[u8]| word == [0xff, 0xff];
        if words.iter().all(|word| is_absent(word)) {
            continue;
        }
        let mask = words.iter().rev().fold(0, |mask, word| mask << 1 | u8::from(is_absent(word)));
        raw.push((section as u8) << 4 | mask);
        words.iter().filter(|word| !is_absent(word)).for_each(|word| raw.extend(*word));
    }
    raw.push(0xff);
    raw
}

/// The efuse and its read port.
pub(super) struct Efuse {
    raw: Vec<u8>,
}

impl Efuse {
    pub(super) fn new(map: &[u8; MAP_LEN], pa_setting: u8) -> Self {
        let mut raw = pack(map);
        raw.resize(RAW_LEN, 0xff);
        raw[PA_SETTING] = pa_setting;
        Self { raw }
    }

    /// Every byte reads as something that is no map.
    pub(super) fn corrupt(&mut self) {
        for (at, byte) in self.raw.iter_mut().enumerate() {
            *byte = (at * 37 + 11) as u8;
        }
    }

    /// EFUSE_CTRL 0x030 after a request: data in the low byte, bit 31 set. Address in bits 17:8.
    pub(super) fn answer(&self, control: u32) -> u32 {
        let address = (control >> 8 & 0x3ff) as usize;
        let data = self.raw.get(address).copied().unwrap_or(0xff);
        control & !0xff | u32::from(data) | 1 << 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_the_published_example() {
        let mut map = [0xff; MAP_LEN];
        map[0x00..0x02].copy_from_slice(&[0x29, 0x81]);
        map[0x0a..0x0e].copy_from_slice(&[0xda, 0x0b, 0x76, 0x81]);
        map[0x16..0x1c].copy_from_slice(&[0x00, 0xe0, 0x4c, 0x81, 0x92, 0x01]);
        map[0x5a..0x60].fill(0x2c);
        map[0x60..0x66].fill(0x28);
        map[0x78..0x7a].copy_from_slice(&[0x0c, 0x00]);
        let expected = [
            0x0e, 0x29, 0x81, 0x19, 0xda, 0x0b, 0x76, 0x81, 0x27, 0x00, 0xe0, 0x3c, 0x4c, 0x81,
            0x92, 0x01, 0xb1, 0x2c, 0x2c, 0x2c, 0x2c, 0x2c, 0x2c, 0xc8, 0x28, 0x28, 0x28, 0x28,
            0x28, 0x28, 0xfe, 0x0c, 0x00, 0xff,
        ];
        assert_eq!(pack(&map), expected);
    }

    #[test]
    fn no_header_looks_extended() {
        let raw = pack(&map(0x0bda, 0x8176, [0, 0xe0, 0x4c, 1, 2, 3], "802.11n WLAN Adapter"));
        let mut at = 0;
        while raw[at] != 0xff {
            assert_ne!(raw[at] & 0x1f, 0x0f, "Linux reads such a header as an extended one");
            at += 1 + 2 * (raw[at] & 0x0f).count_zeros().saturating_sub(4) as usize;
        }
        assert_eq!(at + 1, raw.len());
        assert!(raw.len() < PA_SETTING);
    }

    #[test]
    fn reads_by_address() {
        let efuse = Efuse::new(&[0xff; MAP_LEN], 0xfe);
        assert_eq!(efuse.answer(0x1fa << 8), 1 << 31 | 0x1fa << 8 | 0xfe);
        assert_eq!(efuse.answer(0x3ff << 8) & 0xff, 0xff);
    }
}
