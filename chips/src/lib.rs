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

mod any;
pub mod ids;
pub mod rtl8192c;

pub use any::{Any, AnyChip, Endpoints};

#[cfg(test)]
extern crate std;
