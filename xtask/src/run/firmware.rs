// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Firmware images for the guest: made by the emulator, shorter where Debian's driver needs that.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::emulator;

/// Bytes of the images' header; bytes 12 and 13 are the length of what follows.
const HEADER_LEN: usize = 32;

/// What is left of an image for Linux 6.1, in bytes.
const SHORT_LEN: u16 = 2000;

/// Makes the images in `directory`.
///
/// Linux 6.1's rtl8192cu queues one request for every four bytes of firmware and gives the next
/// read a second behind all of them, which an emulated bus under load does not keep: that kernel
/// gets short images.
pub(super) fn make(program: &Path, directory: &Path, kernel: &str) -> Result<()> {
    emulator::make_firmware(program, directory)?;
    if kernel.starts_with("6.1.") || kernel == "6.1" {
        let images = directory.join("rtlwifi");
        let entries = fs::read_dir(&images).with_context(|| format!("{}", images.display()))?;
        for entry in entries {
            let path = entry?.path();
            let image = shorten(fs::read(&path)?);
            fs::write(&path, image).with_context(|| format!("{}", path.display()))?;
        }
    }
    Ok(())
}

/// Cuts an image and says so in its header.
fn shorten(mut image: Vec<u8>) -> Vec<u8> {
    let len = HEADER_LEN + usize::from(SHORT_LEN);
    if image.len() > len {
        image.truncate(len);
        image[12..14].copy_from_slice(&SHORT_LEN.to_le_bytes());
    }
    image
}

#[cfg(test)]
mod tests {
    use super::shorten;

    #[test]
    fn length_is_in_the_header() {
        let image = shorten(vec![0; 12_032]);
        assert_eq!(image.len(), 2032);
        assert_eq!(image[12..14], 2000_u16.to_le_bytes());
        assert_eq!(shorten(vec![1; 100]), vec![1; 100]);
    }
}
