// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The TX packet buffer: pages, link table, boundaries, pages in use.

use crate::{air::Micros, chip::fault::Log};

/// Bytes of a page.
pub(super) const PAGE_LEN: usize = 128;
/// Entries of the link table.
const PAGES: usize = 256;
/// Last page that queues may use (N); those above are a ring for beacons.
pub(super) const LAST_PAGE: u8 = 248;
/// What RX FIFO boundary 0x116 must be.
const RX_BOUNDARY: u16 = 0x27ff;
/// The end of a list in the link table.
const END: u8 = 0xff;

/// Link table and use of pages.
pub(super) struct Buffers {
    link: [Option<u8>; PAGES],
    /// Whether RQPN was loaded, and the pages of all queues then.
    loaded: Option<u16>,
    /// Frames on their way: when they have left, and how many pages they hold.
    in_flight: Vec<(Micros, usize)>,
}

impl Buffers {
    pub(super) fn new() -> Self {
        Self { link: [None; PAGES], loaded: None, in_flight: Vec::new() }
    }

    /// LLT_INIT 0x1e0 was written; what it reads as then: idle at once.
    pub(super) fn link_port(&mut self, word: u32) -> u32 {
        let [data, address, _, _] = word.to_le_bytes();
        let entry = &mut self.link[usize::from(address)];
        match word >> 30 {
            1 => *entry = Some(data),
            2 => return u32::from(address) << 8 | u32::from(entry.unwrap_or(END)),
            _ => {}
        }
        word & 0x3fff_ffff
    }

    /// RQPN 0x200 was written with the load bit, with normal pages `normal` from 0x214.
    pub(super) fn load(&mut self, now: Micros, log: &mut Log, rqpn: u32, normal: u8) {
        let [high, low, public, _] = rqpn.to_le_bytes();
        let sum = u16::from(high) + u16::from(low) + u16::from(public) + u16::from(normal);
        if sum > u16::from(LAST_PAGE) {
            log.add(now, "too-many-pages", || {
                format!("RQPN gives {sum} pages to queues; there are {LAST_PAGE}")
            });
        }
        self.loaded = Some(sum);
    }

    /// Checks what must be in place before the first frame.
    pub(super) fn check(&self, now: Micros, log: &mut Log, boundaries: &Boundaries) {
        match self.loaded {
            None => {
                log.add(now, "tx-without-pages", || "a frame before RQPN was loaded".to_owned())
            }
            Some(0) => log.add(now, "tx-without-pages", || "RQPN gives no page at all".to_owned()),
            Some(_) => {}
        }
        let first = LAST_PAGE + 1;
        for (page, link) in self.link.iter().enumerate() {
            let expected = match page as u8 {
                LAST_PAGE => END,
                255 => first,
                page => page + 1,
            };
            if *link != Some(expected) {
                log.add(now, "link-table", || {
                    format!("link table entry {page} is {link:02x?}, must be {expected:#04x}")
                });
                break;
            }
        }
        for (name, value) in boundaries.pages {
            if value != first {
                log.add(now, "boundary", || {
                    format!("{name} is {value}; all boundaries must be page {first}")
                });
            }
        }
        if boundaries.rx != RX_BOUNDARY {
            log.add(now, "rx-boundary", || {
                format!("RX boundary 0x116 is {:#06x}, must be {RX_BOUNDARY:#06x}", boundaries.rx)
            });
        }
        if boundaries.page_size != 0x11 {
            log.add(now, "page-size", || {
                format!("PBP 0x104 is {:#04x}, must be 0x11", boundaries.page_size)
            });
        }
    }

    /// Whether so many pages are free now; if not, when to ask again.
    pub(super) fn room(&mut self, now: Micros, pages: usize) -> Result<(), Micros> {
        self.in_flight.retain(|(until, _)| *until > now);
        let used: usize = self.in_flight.iter().map(|(_, pages)| pages).sum();
        if used + pages <= usize::from(LAST_PAGE) {
            return Ok(());
        }
        Err(self.in_flight.iter().map(|(until, _)| *until).min().unwrap_or(now))
    }

    /// A frame holds pages until it has left.
    pub(super) fn hold(&mut self, until: Micros, pages: usize) {
        self.in_flight.push((until, pages));
    }
}

/// Registers that must agree with the link table.
pub(super) struct Boundaries {
    pub(super) pages: [(&'static str, u8); 5],
    pub(super) rx: u16,
    pub(super) page_size: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Boundaries {
        Boundaries { pages: [("b", 249); 5], rx: 0x27ff, page_size: 0x11 }
    }

    #[test]
    fn published_words() {
        let mut buffers = Buffers::new();
        assert_eq!(buffers.link_port(0x4000_0506) >> 30, 0);
        assert_eq!(buffers.link[5], Some(6));
        buffers.link_port(0x4000_f8ff);
        buffers.link_port(0x4000_fff9);
        assert_eq!((buffers.link[248], buffers.link[255]), (Some(0xff), Some(249)));
        assert_eq!(buffers.link_port(0x8000_0500), 0x0506);
    }

    #[test]
    fn complete_or_not() {
        let (mut buffers, mut log) = (Buffers::new(), Log::default());
        for page in 0..=255_u32 {
            let next = match page {
                248 => 0xff,
                255 => 249,
                page => page + 1,
            };
            buffers.link_port(1 << 30 | page << 8 | next);
        }
        // 8192CU with three endpoints: 7 high, 5 low, 231 public, 5 normal.
        buffers.load(0, &mut log, 0x80e7_0507, 5);
        buffers.check(0, &mut log, &good());
        assert_eq!(log.entries(), []);
        buffers.link_port(1 << 30 | 7 << 8);
        buffers.check(0, &mut log, &Boundaries { rx: 0x25ff, ..good() });
        buffers.load(0, &mut log, 0x80e7_0a0a, 10);
        let codes: Vec<&str> = log.entries().iter().map(|fault| fault.code).collect();
        assert_eq!(codes, ["link-table", "rx-boundary", "too-many-pages"]);
    }

    #[test]
    fn pages_come_back() {
        let mut buffers = Buffers::new();
        buffers.hold(100, 200);
        assert_eq!(buffers.room(50, 48), Ok(()));
        assert_eq!(buffers.room(50, 49), Err(100));
        assert_eq!(buffers.room(100, 248), Ok(()));
    }
}
