// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Pages below 2 GiB.

use anyhow::{Result, bail};

pub(super) const PAGE: usize = 4096;
/// Where it begins to look for room, and where it ends.
const FROM: usize = 0x1000_0000;
const TO: usize = 0x7000_0000;

/// Pages that are ours.
#[derive(Debug)]
pub(super) struct Pages {
    pub(super) at: usize,
    pub(super) len: usize,
}

impl Pages {
    /// Writable pages, with pages around them that cannot be touched.
    pub(super) fn new(len: usize) -> Result<Self> {
        let len = len.next_multiple_of(PAGE);
        let whole = len + 2 * PAGE;
        let mut at = FROM;
        while at + whole < TO {
            if map(at, whole) {
                let pages = Self { at: at + PAGE, len };
                pages.protect(0, len, libc::PROT_READ | libc::PROT_WRITE)?;
                return Ok(pages);
            }
            at += 0x10_0000;
        }
        bail!("no room for {len} bytes below 2 GiB");
    }

    pub(super) fn protect(&self, from: usize, len: usize, protection: i32) -> Result<()> {
        // SAFETY: pages of ours.
        let result = unsafe {
            let at = (self.at + from) as *mut libc::c_void;
            libc::mprotect(at, len.next_multiple_of(PAGE), protection)
        };
        if result != 0 {
            bail!("protecting memory: {}", std::io::Error::last_os_error());
        }
        Ok(())
    }
}

fn map(at: usize, len: usize) -> bool {
    // SAFETY: never replaces a mapping.
    let got = unsafe {
        libc::mmap(
            at as *mut libc::c_void,
            len,
            libc::PROT_NONE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE,
            -1,
            0,
        )
    };
    got as usize == at
}
