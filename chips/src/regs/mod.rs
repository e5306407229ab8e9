// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Registers as types: an address, a width and a layout in one place.
//!
//! Types are named like the registers of the BSD drivers (`R92C_SYS_FUNC_EN` is [`SysFuncEn`]),
//! so that both can be searched for. Addresses appear here and in tables, nowhere else.

pub(crate) mod bb;
pub(crate) mod mac;
pub(crate) mod usb;
pub mod words;

/// An unsigned integer of register width.
pub(crate) trait Bits: Copy + Into<u32> {
    /// The low bits of a word.
    fn low(word: u32) -> Self;
}

impl Bits for u8 {
    fn low(word: u32) -> Self {
        let [byte, ..] = word.to_le_bytes();
        byte
    }
}

impl Bits for u16 {
    fn low(word: u32) -> Self {
        let [low, high, ..] = word.to_le_bytes();
        Self::from_le_bytes([low, high])
    }
}

impl Bits for u32 {
    fn low(word: u32) -> Self {
        word
    }
}

/// Ties a bit field type to its address.
macro_rules! register {
    ($name:ident: $bits:ident @ $addr:literal) => {
        impl tern_core::chip::Register for $name {
            const ADDR: u16 = $addr;
            const LEN: usize = size_of::<$bits>();
            fn from_raw(raw: u32) -> Self {
                Self::from_bits($crate::regs::Bits::low(raw))
            }
            fn to_raw(self) -> u32 {
                self.into_bits().into()
            }
        }
    };
}

/// Registers whose value has no parts.
macro_rules! values {
    ($($(#[$doc:meta])* $name:ident: $bits:ident @ $addr:literal;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) $bits);
        impl tern_core::chip::Register for $name {
            const ADDR: u16 = $addr;
            const LEN: usize = size_of::<$bits>();
            fn from_raw(raw: u32) -> Self {
                Self($crate::regs::Bits::low(raw))
            }
            fn to_raw(self) -> u32 {
                self.0.into()
            }
        }
    )* };
}

use {register, values};
