// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Firmware images that the models take: a valid header and bytes that are no firmware.
//!
//! Real sticks need the real files (Debian package firmware-realtek, or linux-firmware).

use std::path::Path;

use anyhow::Context as _;

/// Signature of the family in the first two bytes.
const SIGNATURE: u16 = 0x88c1;
/// A version that drivers take for a recent one.
const VERSION: u16 = 0x0058;
/// Bytes of the header, and of what pretends to be code.
pub const HEADER_LEN: usize = 32;
const CODE_LEN: usize = 12_000;
/// What Linux's drivers and this project ask for.
pub const NAMES: [&str; 4] = [
    "rtlwifi/rtl8192cufw.bin",
    "rtlwifi/rtl8192cufw_A.bin",
    "rtlwifi/rtl8192cufw_B.bin",
    "rtlwifi/rtl8192cufw_TMSC.bin",
];

/// An image: header, then bytes drawn from `seed`.
pub fn image(seed: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_LEN + CODE_LEN);
    bytes.extend(SIGNATURE.to_le_bytes());
    // Category, function.
    bytes.extend([0, 0]);
    bytes.extend(VERSION.to_le_bytes());
    // Subversion; month, day, hour, minute; RAM code size.
    bytes.extend([1, 0, 1, 1, 12, 0]);
    bytes.extend((CODE_LEN as u16).to_le_bytes());
    bytes.resize(HEADER_LEN, 0);
    let mut seed = tern_sim::Seed::new(seed);
    bytes.extend((0..CODE_LEN).map(|_| seed.draw() as u8));
    bytes
}

/// Writes one image by all names below `directory`.
///
/// # Errors
///
/// The directory or a file cannot be written.
pub fn write_all(directory: &Path) -> anyhow::Result<()> {
    for name in NAMES {
        let path = directory.join(name);
        let parent = path.parent().unwrap_or(directory);
        std::fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        std::fs::write(&path, image(1)).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header() {
        let image = image(1);
        assert_eq!(image.len(), HEADER_LEN + CODE_LEN);
        assert_eq!(image[..2], [0xc1, 0x88]);
        assert_eq!(u16::from_le_bytes([image[12], image[13]]), CODE_LEN as u16);
        assert_ne!(image[HEADER_LEN..HEADER_LEN + 16], image[HEADER_LEN + 16..HEADER_LEN + 32]);
    }
}
