// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Realtek backends, without a line that knows which operating system it runs on.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::panic
    )
)]

mod access;
mod any;
mod cam;
mod efuse;
mod fw;
mod h2c;
pub mod ids;
mod llt;
mod regs;
mod rf;
pub mod rtl8192c;
mod seq;
#[cfg(test)]
mod tests;

pub use any::{Any, AnyChip, Endpoints};
pub use regs::words as registers;

#[cfg(test)]
extern crate std;
