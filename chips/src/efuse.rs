// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The efuse: fuses that hold, in a packed form, a map of what the maker measured and chose.

use tern_core::{
    chip::{ChipError, RegisterBus},
    os::Sleepable,
};

use crate::{
    access::Access,
    regs::mac::{EfuseAccess, EfuseCtrl, SysClkr, SysFuncEn},
};

/// Bytes of a section: what one header speaks of.
const SECTION: usize = 8;
/// What a header is that was never burnt.
const END: u8 = 0xff;
const ACCESS_ON: EfuseAccess = EfuseAccess(0x69);
const ACCESS_OFF: EfuseAccess = EfuseAccess(0);
const READ_TRIES: u16 = 100;
const READ_INTERVAL_US: u32 = 10;

/// How a chip's efuse is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Bytes of fuses.
    pub(crate) raw_len: u16,
    /// A header may be followed by a second byte.
    pub(crate) has_extended_headers: bool,
}

/// Where a packed form violates its rules.
const CORRUPT: ChipError = ChipError::Unknown("the efuse: a block lies outside of it");

/// Unpacks the fuses that `byte` reads, one address after the other, into `map`. Later blocks
/// overwrite what earlier ones said; what no block speaks of is 0xff.
pub(crate) fn unpack(
    layout: Layout,
    map: &mut [u8],
    mut byte: impl FnMut(u16) -> Result<u8, ChipError>,
) -> Result<(), ChipError> {
    map.fill(0xff);
    let mut addresses = 0..layout.raw_len;
    let mut next = || addresses.next().map(&mut byte).transpose();
    while let Some(header) = next()?.filter(|header| *header != END) {
        let (section, absent) = if layout.has_extended_headers && header & 0x1f == 0x0f {
            let more = next()?.ok_or(CORRUPT)?;
            (usize::from((more & 0xf0) >> 1 | header >> 5), more & 0x0f)
        } else {
            (usize::from(header >> 4), header & 0x0f)
        };
        for word in (0..4_usize).filter(|word| absent >> word & 1 == 0) {
            let at = section * SECTION + word * 2;
            let pair = map.get_mut(at..at + 2).ok_or(CORRUPT)?;
            for place in pair {
                *place = next()?.ok_or(CORRUPT)?;
            }
        }
    }
    Ok(())
}

/// Reads the map, and the raw bytes at `extra`, from a chip that need not be powered on.
pub(crate) fn read<B: RegisterBus, const N: usize>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    layout: Layout,
    map: &mut [u8],
    extra: [u16; N],
) -> Result<[u8; N], ChipError> {
    io.set(cx, ACCESS_ON)?;
    let func: SysFuncEn = io.get(cx)?;
    if !func.eldr() {
        io.set(cx, func.with_eldr(true))?;
    }
    let clocks: SysClkr = io.get(cx)?;
    if !clocks.loader_en() || !clocks.ana8m() {
        io.set(cx, clocks.with_loader_en(true).with_ana8m(true))?;
    }
    let ctrl: EfuseCtrl = io.get(cx)?;
    unpack(layout, map, |addr| read_byte(io, cx, ctrl, addr))?;
    let mut bytes = [0; N];
    for (byte, addr) in bytes.iter_mut().zip(extra) {
        *byte = read_byte(io, cx, ctrl, addr)?;
    }
    io.set(cx, ACCESS_OFF)?;
    Ok(bytes)
}

fn read_byte<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    ctrl: EfuseCtrl,
    addr: u16,
) -> Result<u8, ChipError> {
    io.set(cx, ctrl.with_addr(addr & 0x3ff).with_data(0).with_valid(false))?;
    let what = "a byte of the efuse";
    let ctrl = io.poll(cx, READ_TRIES, READ_INTERVAL_US, what, EfuseCtrl::valid)?;
    Ok(ctrl.data())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unpacked<const N: usize>(raw: &[u8], extended: bool) -> Result<[u8; N], ChipError> {
        let layout = Layout { raw_len: 256, has_extended_headers: extended };
        let mut map = [0; N];
        let byte = |addr| Ok(raw.get(usize::from(addr)).copied().unwrap_or(0xff));
        unpack(layout, &mut map, byte)?;
        Ok(map)
    }

    #[test]
    fn the_map_of_an_rtl8192c() {
        let raw = [
            0x0e, 0x29, 0x81, 0x19, 0xda, 0x0b, 0x76, 0x81, 0x27, 0x00, 0xe0, 0x3c, 0x4c, 0x81,
            0x92, 0x01, 0xb1, 0x2c, 0x2c, 0x2c, 0x2c, 0x2c, 0x2c, 0xc8, 0x28, 0x28, 0x28, 0x28,
            0x28, 0x28, 0xfe, 0x0c, 0x00, 0xff,
        ];
        let mut expect = [0xff; 128];
        for (at, bytes) in [
            (0x00, &[0x29, 0x81][..]),
            (0x0a, &[0xda, 0x0b, 0x76, 0x81]),
            (0x16, &[0x00, 0xe0, 0x4c, 0x81, 0x92, 0x01]),
            (0x5a, &[0x2c; 6]),
            (0x60, &[0x28; 6]),
            (0x78, &[0x0c, 0x00]),
        ] {
            expect[at..at + bytes.len()].copy_from_slice(bytes);
        }
        assert_eq!(unpacked(&raw, false), Ok(expect));
    }

    #[test]
    fn the_map_of_an_rtl8188e_has_extended_headers() {
        let raw = [
            0x0e, 0x29, 0x81, 0x20, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x2a, 0x2a, 0x3c, 0x2a,
            0x2a, 0x2a, 0x02, 0xef, 0x2c, 0x7f, 0x20, 0x1a, 0xff, 0x4f, 0x34, 0xda, 0x0b, 0x79,
            0x81, 0xff, 0x00, 0x6f, 0x38, 0xe0, 0x4c, 0x81, 0x88, 0x01, 0xff, 0xff,
        ];
        let mut expect = [0xff; 512];
        for (at, bytes) in [
            (0x00, &[0x29, 0x81][..]),
            (0x10, &[0x28; 6]),
            (0x16, &[0x2a; 5]),
            (0x1b, &[0x02]),
            (0xb8, &[0x7f, 0x20, 0x1a]),
            (0xd0, &[0xda, 0x0b, 0x79, 0x81]),
            (0xd7, &[0x00, 0xe0, 0x4c, 0x81, 0x88, 0x01]),
        ] {
            expect[at..at + bytes.len()].copy_from_slice(bytes);
        }
        assert_eq!(unpacked(&raw, true), Ok(expect));
    }

    #[test]
    fn later_blocks_win_and_bad_ones_are_errors() {
        assert_eq!(unpacked::<8>(&[0x0e, 1, 2, 0x0e, 3, 4], false).unwrap()[..2], [3, 4]);
        assert_eq!(unpacked::<128>(&[0xfe, 1, 2], false).unwrap()[120..122], [1, 2]);
        assert_eq!(unpacked::<64>(&[0xfe, 1, 2], false), Err(CORRUPT), "beyond the map");
        assert_eq!(unpacked::<8>(&[0x0e; 256], false), Err(CORRUPT), "cut off by the end");
        assert_eq!(unpacked::<512>(&[0x6f, 0x3f, 0xff], true).unwrap(), [0xff; 512], "empty");
    }

    proptest! {
        #[test]
        fn no_fuses_panic(raw in proptest::collection::vec(any::<u8>(), 256), extended: bool) {
            let _ = unpacked::<128>(&raw, extended);
            let _ = unpacked::<512>(&raw, extended);
        }
    }
}
