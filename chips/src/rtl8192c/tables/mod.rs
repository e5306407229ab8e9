// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the maker found good: values for MAC, baseband, gain control and radios of each chip.

mod agc;
mod bb;
mod mac;
mod rf;
mod tx_agc;

use super::board::Kind;
use crate::regs::bb::Path;

pub(super) use rf::DELAY as RF_DELAY;
pub(super) use tx_agc::{Offsets, RATES};

/// MAC registers.
pub(super) const MAC: &[(u16, u8)] = &mac::ALL;

/// Baseband registers.
pub(super) const fn bb(kind: Kind) -> &'static [(u16, u32)] {
    match kind {
        Kind::Rtl8191Cu | Kind::Rtl8192Cu => &bb::RTL8192CU,
        Kind::Rtl8188Cus | Kind::Rtl8188CeVau => &bb::RTL8188CU,
        Kind::Rtl8188Ru => &bb::RTL8188RU,
    }
}

/// Gain control.
pub(super) const fn agc(kind: Kind) -> &'static [u32] {
    match kind {
        Kind::Rtl8188Ru => &agc::RTL8188RU,
        _ => &agc::NORMAL,
    }
}

/// A radio.
pub(super) const fn rf(kind: Kind, path: Path) -> &'static [(u8, u32)] {
    match (kind, path) {
        (_, Path::B) => &rf::RTL8192CU_B,
        (Kind::Rtl8191Cu | Kind::Rtl8192Cu, Path::A) => &rf::RTL8192CU_A,
        (Kind::Rtl8188Cus, Path::A) => &rf::RTL8188CUS_A,
        (Kind::Rtl8188CeVau, Path::A) => &rf::RTL8188CE_VAU_A,
        (Kind::Rtl8188Ru, Path::A) => &rf::RTL8188RU_A,
    }
}

/// What each rate adds to the power that the efuse says.
pub(super) const fn tx_agc(kind: Kind, path: Path) -> &'static Offsets {
    match (kind, path) {
        (Kind::Rtl8188Ru, _) => &tx_agc::RTL8188RU,
        (_, Path::A) => &tx_agc::NORMAL_A,
        (_, Path::B) => &tx_agc::NORMAL_B,
    }
}
