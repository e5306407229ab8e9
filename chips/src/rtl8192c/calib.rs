// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Calibration of the oscillator, and the thermometer that says when to do it again.

use tern_core::{
    chip::{ChipError, RegisterBus},
    os::Sleepable,
};

use super::board::Board;
use crate::{
    access::Access,
    regs::{
        bb::{Chnlbw, Ofdm1LstfTop, Path, rf as radio},
        mac::Txpause,
    },
    rf,
};

/// How long the oscillator takes.
const LC_US: u32 = 100_000;
/// Bits of the mode register: what a radio does.
const AC_MODE: u32 = 0x7_0000;
const AC_STANDBY: u32 = 0x1_0000;
/// Starts a measurement of temperature, which takes less than the time to the next tick.
const T_METER_START: u32 = 0x60;
const T_METER_MASK: u32 = 0x1f;

/// Calibrates the oscillator. `channel` is what radio A's register of channels holds.
pub(super) fn lc<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    board: &Board,
    channel: u32,
) -> Result<(), ChipError> {
    let test: Ofdm1LstfTop = io.get(cx)?;
    let mut modes = [0; 2];
    if test.continuous_tx() == 0 {
        io.set(cx, Txpause(0xff))?;
    } else {
        io.set(cx, test.with_continuous_tx(0))?;
        for (path, mode) in board.rx_paths().iter().zip(&mut modes) {
            *mode = rf::read(io, cx, *path, radio::AC)?;
            rf::write(io, cx, *path, radio::AC, (*mode & !AC_MODE) | AC_STANDBY)?;
        }
    }
    let start = Chnlbw::from_bits(channel).with_lcstart(true);
    rf::write(io, cx, Path::A, radio::CHNLBW, start.into_bits())?;
    io.delay_us(cx, LC_US);
    if test.continuous_tx() == 0 {
        return io.set(cx, Txpause(0));
    }
    io.set(cx, test)?;
    for (path, mode) in board.rx_paths().iter().zip(modes) {
        rf::write(io, cx, *path, radio::AC, mode)?;
    }
    Ok(())
}

/// Starts the thermometer.
pub(super) fn start_thermometer<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
) -> Result<(), ChipError> {
    rf::write(io, cx, Path::A, radio::T_METER, T_METER_START)
}

/// What it measured; `None` while there is nothing.
pub(super) fn read_thermometer<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
) -> Result<Option<u8>, ChipError> {
    let value = rf::read(io, cx, Path::A, radio::T_METER)? & T_METER_MASK;
    Ok(u8::try_from(value).ok().filter(|value| *value != 0))
}
