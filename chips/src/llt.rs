// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The table that links the pages of the transmit buffer: for each page, which comes next.

use tern_core::{
    chip::{ChipError, RegisterBus},
    os::Sleepable,
};

use crate::{access::Access, regs::mac::LltInit};

const OP_IDLE: u8 = 0;
const OP_WRITE: u8 = 1;
const END_OF_LIST: u8 = 0xff;
const TRIES: u16 = 20;
const INTERVAL_US: u32 = 10;

/// Links pages 0 to `pages` into one list for the queues, and those above up to `last` into a
/// ring for beacons and reserved frames.
pub(crate) fn init<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    pages: u8,
    last: u8,
) -> Result<(), ChipError> {
    for page in 0..=last {
        io.set(cx, entry(page, pages, last))?;
        let what = "the table of pages";
        io.poll(cx, TRIES, INTERVAL_US, what, |port: &LltInit| port.op() == OP_IDLE)?;
    }
    Ok(())
}

/// What to write for one page.
fn entry(page: u8, pages: u8, last: u8) -> LltInit {
    let next = match page {
        page if page == pages => END_OF_LIST,
        page if page == last => pages.saturating_add(1),
        page => page.saturating_add(1),
    };
    LltInit::new().with_data(next).with_addr(page).with_op(OP_WRITE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries() {
        assert_eq!(entry(5, 248, 255).into_bits(), 0x4000_0506);
        assert_eq!(entry(248, 248, 255).into_bits(), 0x4000_f8ff);
        assert_eq!(entry(255, 248, 255).into_bits(), 0x4000_fff9);
    }
}
