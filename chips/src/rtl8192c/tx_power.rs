// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Transmit power: what the efuse says of the channel, what the rate adds, and what is allowed.

use tern_core::{
    chip::{ChipError, RegisterBus},
    os::Sleepable,
};

use super::{
    board::{Board, Rom},
    tables::{self, RATES},
};
use crate::{
    access::Access,
    regs::bb::{Path, TXAGC, TXAGC_A_CCK1_MCS32, TXAGC_B_CCK1_55_MCS32, TXAGC_B_CCK11_A_CCK2_11},
};

/// The largest index there is.
const INDEX_MAX: u8 = 0x3f;
/// Where in a table of rates the parts begin.
const FIRST_OFDM: usize = 4;
const FIRST_MCS: usize = 12;
/// Registers of a path that one stream needs; two streams need two more.
const ONE_STREAM: usize = 4;

/// An index, half dBm, for each rate.
type Indices = [u8; RATES];

/// Where to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of the centre channel.
    pub(super) channel: u8,
    pub(super) is_40mhz: bool,
    /// Most that is allowed, dBm.
    pub(super) limit_dbm: Option<i8>,
}

impl Place {
    /// Channels that share values.
    const fn group(self) -> usize {
        match self.channel {
            0..=3 => 0,
            4..=9 => 1,
            _ => 2,
        }
    }

    fn limit(self) -> u8 {
        let half_dbm = self.limit_dbm.map(|dbm| dbm.saturating_mul(2).max(0));
        half_dbm
            .and_then(|limit| u8::try_from(limit).ok())
            .map_or(INDEX_MAX, |it| it.min(INDEX_MAX))
    }
}

/// The nibble of a path, path A's the low one.
fn nibble(values: &[u8; 3], group: usize, path: Path) -> u8 {
    let byte = values.get(group).copied().unwrap_or(0);
    path.of([byte & 0x0f, byte >> 4])
}

/// A nibble of two's complement.
fn signed(nibble: u8) -> i16 {
    let value = i16::from(nibble);
    if value >= 8 { value - 16 } else { value }
}

/// What a rate adds, by the maker's way of meeting the regulations.
fn offset(rom: &Rom, board: &Board, path: Path, place: Place, rate: usize) -> u8 {
    let table = tables::tx_agc(board.kind, path);
    let of_group =
        |group: usize| table.get(group).and_then(|rates| rates.get(rate)).copied().unwrap_or(0);
    match (rom.regulatory, rate) {
        (0, _) => of_group(0),
        (_, ..FIRST_OFDM) | (2, _) => 0,
        (1, _) if place.is_40mhz => 0,
        (1, _) => of_group(place.group()),
        (3, _) => {
            let most = if place.is_40mhz { &rom.ht40_max } else { &rom.ht20_max };
            of_group(0).min(nibble(most, place.group(), path))
        }
        _ => of_group(0),
    }
}

/// The index of every rate.
fn indices(board: &Board, path: Path, place: Place) -> Indices {
    let (rom, group) = (&board.rom, place.group());
    let of = |power: [[u8; 3]; 2]| i16::from(path.of(power).get(group).copied().unwrap_or(0));
    let two_streams = match board.tx_paths() {
        [_, _, ..] => i16::from(nibble(&rom.two_streams, group, path)),
        _ => 0,
    };
    let ht40 = (of(rom.ht40) - two_streams).max(0);
    let ofdm = ht40 + i16::from(nibble(&rom.ofdm, group, path));
    let ht20 = ht40 + signed(nibble(&rom.ht20, group, path));
    core::array::from_fn(|rate| {
        let base = match rate {
            ..FIRST_OFDM => of(rom.cck),
            FIRST_OFDM..FIRST_MCS => ofdm,
            _ if place.is_40mhz => ht40,
            _ => ht20,
        };
        let power = base + i16::from(offset(rom, board, path, place, rate));
        u8::try_from(power.max(0)).unwrap_or(INDEX_MAX).min(place.limit())
    })
}

/// Tells the chip; what it holds already is not written.
pub(super) fn set<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    board: &Board,
    place: Place,
) -> Result<(), ChipError> {
    let streams = board.tx_paths().len();
    for path in board.tx_paths() {
        let indices = indices(board, *path, place);
        cck(io, cx, *path, &indices)?;
        let registers = path.of(TXAGC).into_iter();
        let fours = indices.get(FIRST_OFDM..).unwrap_or_default().as_chunks::<4>().0;
        let count = if streams > 1 { fours.len() } else { ONE_STREAM };
        for (register, four) in registers.zip(fours).take(count) {
            io.put_at(cx, register, u32::from_le_bytes(*four))?;
        }
    }
    Ok(())
}

/// The four CCK rates lie in pieces of two registers for each path.
fn cck<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    path: Path,
    [one, two, five, eleven, ..]: &Indices,
) -> Result<(), ChipError> {
    let (one, two, five, eleven) = (*one, *two, *five, *eleven);
    let replace = |change: fn([u8; 4], [u8; 4]) -> [u8; 4]| {
        move |old: u32| u32::from_le_bytes(change(old.to_le_bytes(), [one, two, five, eleven]))
    };
    match path {
        Path::A => {
            let first = replace(|[a, _, c, d], [one, ..]| [a, one, c, d]);
            io.change_at(cx, TXAGC_A_CCK1_MCS32, first)?;
            let others = replace(|[a, ..], [_, two, five, eleven]| [a, two, five, eleven]);
            io.change_at(cx, TXAGC_B_CCK11_A_CCK2_11, others)
        }
        Path::B => {
            let first = replace(|[a, ..], [one, two, five, _]| [a, one, two, five]);
            io.change_at(cx, TXAGC_B_CCK1_55_MCS32, first)?;
            let last = replace(|[_, b, c, d], [.., eleven]| [eleven, b, c, d]);
            io.change_at(cx, TXAGC_B_CCK11_A_CCK2_11, last)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtl8192c::board::tests::board;

    fn place(channel: u8) -> Place {
        Place { channel, is_40mhz: false, limit_dbm: None }
    }

    #[test]
    fn one_stream() {
        let mut board = board();
        board.rom.cck = [[10, 20, 30]; 2];
        board.rom.ht40 = [[11, 21, 31]; 2];
        board.rom.ht20 = [0x0e, 0x0e, 0x0e];
        board.rom.ofdm = [3, 3, 3];
        board.rom.regulatory = 2;
        let at = |channel| indices(&board, Path::A, place(channel));
        assert_eq!(at(3)[..5], [10, 10, 10, 10, 14]);
        assert_eq!(at(9)[..5], [20, 20, 20, 20, 24]);
        assert_eq!((at(10)[11], at(10)[12], at(10)[19]), (34, 29, 29));
        let wide = indices(&board, Path::A, Place { is_40mhz: true, ..place(10) });
        assert_eq!(wide[12], 31);
        board.rom.regulatory = 0;
        let at = indices(&board, Path::A, place(1));
        assert_eq!((at[0], at[4], at[11]), (10, 14 + 0x0c, 14 + 0x02));
    }

    #[test]
    fn limits() {
        let board = board();
        let most = |limit_dbm| {
            let all = indices(&board, Path::A, Place { limit_dbm, ..place(6) });
            all.into_iter().max().unwrap()
        };
        assert!(most(None) > 30 && most(None) <= INDEX_MAX);
        assert_eq!((most(Some(10)), most(Some(0)), most(Some(-5))), (20, 0, 0));
        assert_eq!(most(Some(127)), most(None));
    }
}
