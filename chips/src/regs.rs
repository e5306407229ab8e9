// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Registers as types: an address and a layout in one place.

use bitfield_struct::bitfield;
use tern_core::chip::Register;

/// Ties a bit field type to its address.
macro_rules! register {
    ($name:ident @ $addr:literal) => {
        impl Register for $name {
            const ADDR: u16 = $addr;
            fn from_raw(raw: u32) -> Self {
                Self::from_bits(raw)
            }
            fn to_raw(self) -> u32 {
                self.into_bits()
            }
        }
    };
}

/// Writes one radio register of path A (LSSI_PARAM).
#[bitfield(u32)]
pub(crate) struct RfWrite {
    #[bits(20)]
    pub(crate) data: u32,
    pub(crate) address: u8,
    #[bits(4)]
    __: u8,
}
register!(RfWrite @ 0x0840);

/// Baseband RF mode (FPGA0_RFMOD).
#[bitfield(u32)]
pub(crate) struct RfMode {
    pub(crate) wide_40mhz: bool,
    #[bits(31)]
    __: u32,
}
register!(RfMode @ 0x0800);
