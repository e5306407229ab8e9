// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Realtek backends, without a line that knows which operating system it runs on.
#![no_std]
#![forbid(unsafe_code)]

mod any;
pub mod ids;
mod regs;
pub mod rtl8188e;

pub use any::{Any, AnyChip};
