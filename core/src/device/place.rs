// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Where the radio is, in one word that every context reads.

use core::sync::atomic::Ordering;

use super::Shared;
use crate::{
    os::Os,
    types::{Channel, Tuning, Width},
};

impl<O: Os, P, F> Shared<O, P, F> {
    /// Where the radio is now, for the frames that come in.
    pub(crate) fn set_tuning(&self, tuning: Tuning) {
        let width = match tuning.width {
            Width::Mhz20 => 0,
            Width::Mhz40Above => 1,
            Width::Mhz40Below => 2,
        };
        self.tuning.store(width << 16 | u32::from(tuning.channel.mhz()), Ordering::Release);
    }

    /// The radio is nowhere: off, or on its way.
    pub(crate) fn forget_tuning(&self) {
        self.tuning.store(0, Ordering::Release);
    }

    /// Where the radio is; `None` while it is off or on its way.
    pub fn tuning(&self) -> Option<Tuning> {
        let [mhz_low, mhz_high, width, _] = self.tuning.load(Ordering::Acquire).to_le_bytes();
        let channel = Channel::from_mhz(u16::from_le_bytes([mhz_low, mhz_high]))?;
        let width = match width {
            0 => Width::Mhz20,
            1 => Width::Mhz40Above,
            _ => Width::Mhz40Below,
        };
        Some(Tuning { channel, width })
    }
}
