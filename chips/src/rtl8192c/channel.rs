// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Channel and width.

use tern_core::{
    chip::{ChipError, RegisterBus},
    os::Sleepable,
    types::{Band, Tuning, Width},
};

use super::{
    board::Board,
    tx_power::{self, Place},
};
use crate::{
    access::Access,
    regs::{
        bb::{
            Cck0System, Chnlbw, Fpga0Anaparam2, Fpga0PowerSave, Fpga0Rfmod, Fpga1Rfmod, Ofdm1Lstf,
            rf as radio,
        },
        mac::{Bwopmode, Rrsr},
    },
    rf,
};

/// Which 20 MHz of 40 our primary channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    Lower,
    Upper,
}

/// Where a tuning has its centre, as a channel number, and our half of it, if it is wide.
fn centre(tuning: Tuning) -> Result<(u8, Option<Half>), ChipError> {
    let primary = tuning.channel.number();
    let centre = match tuning.width {
        _ if tuning.channel.band() != Band::Ghz2 => None,
        Width::Mhz20 => Some((primary, None)),
        Width::Mhz40Above if primary <= 11 => Some((primary + 2, Some(Half::Lower))),
        Width::Mhz40Below if (3..=13).contains(&primary) => Some((primary - 2, Some(Half::Upper))),
        _ => None,
    };
    centre.ok_or(ChipError::Unsupported)
}

/// Tunes: power first, then the radios. `channels` is what their registers of channels hold.
pub(super) fn set<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    board: &Board,
    channels: &mut [u32; 2],
    tuning: Tuning,
    limit_dbm: Option<i8>,
) -> Result<(), ChipError> {
    let (number, half) = centre(tuning)?;
    let place = Place { channel: number, is_40mhz: half.is_some(), limit_dbm };
    tx_power::set(io, cx, board, place)?;
    match half {
        None => narrow(io, cx)?,
        Some(half) => wide(io, cx, half)?,
    }
    for (path, held) in board.rx_paths().iter().zip(channels) {
        let value = (*held & 0xf_f000) | u32::from(number);
        // A calibration runs when it is asked for, not with every channel.
        let value = Chnlbw::from_bits(value).with_bw20(half.is_none()).with_lcstart(false);
        rf::write(io, cx, *path, radio::CHNLBW, value.into_bits())?;
        *held = value.into_bits();
    }
    Ok(())
}

fn narrow<B: RegisterBus>(io: &mut Access<B>, cx: &mut Sleepable) -> Result<(), ChipError> {
    io.change(cx, |mode: Bwopmode| mode.with_only_20mhz(true))?;
    io.change(cx, |rates: Rrsr| rates.with_rsc(0))?;
    io.change(cx, |mode: Fpga0Rfmod| mode.with_is_40mhz(false))?;
    io.change(cx, |mode: Fpga1Rfmod| mode.with_is_40mhz(false))?;
    io.change(cx, |analogue: Fpga0Anaparam2| analogue.with_cbw20(true))
}

fn wide<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    half: Half,
) -> Result<(), ChipError> {
    let is_lower = half == Half::Lower;
    let (lower_is_1, lower_is_2) = if is_lower { (1, 2) } else { (2, 1) };
    io.change(cx, |mode: Bwopmode| mode.with_only_20mhz(false))?;
    io.change(cx, |rates: Rrsr| rates.with_rsc(lower_is_1))?;
    io.change(cx, |mode: Fpga0Rfmod| mode.with_is_40mhz(true))?;
    io.change(cx, |mode: Fpga1Rfmod| mode.with_is_40mhz(true))?;
    io.change(cx, |cck: Cck0System| cck.with_cck_sideband(!is_lower))?;
    io.change(cx, |ofdm: Ofdm1Lstf| ofdm.with_subchannel(lower_is_1))?;
    io.change(cx, |analogue: Fpga0Anaparam2| analogue.with_cbw20(false))?;
    io.change(cx, |save: Fpga0PowerSave| save.with_ps(lower_is_2))
}

#[cfg(test)]
mod tests {
    use tern_core::types::Channel;

    use super::*;

    #[test]
    fn centres() {
        let of = |number, width| centre(Tuning { channel: Channel::ghz2(number).unwrap(), width });
        assert_eq!(of(6, Width::Mhz20), Ok((6, None)));
        assert_eq!(of(6, Width::Mhz40Above), Ok((8, Some(Half::Lower))));
        assert_eq!(of(6, Width::Mhz40Below), Ok((4, Some(Half::Upper))));
        assert_eq!(of(2, Width::Mhz40Below), Err(ChipError::Unsupported));
        assert_eq!(of(12, Width::Mhz40Above), Err(ChipError::Unsupported));
        assert_eq!(of(14, Width::Mhz40Below), Err(ChipError::Unsupported));
        let far = Channel::new(Band::Ghz5, 36).unwrap();
        assert_eq!(centre(Tuning::narrow(far)), Err(ChipError::Unsupported));
    }
}
