// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Portable 802.11 driver core.
//!
//! Bottom up: [`os`], [`io`] and [`chip`] are the contract with kernel, bus and hardware;
//! [`control`] and [`types`] are the words that all sides share. [`wire`] is frames as bytes.
//! [`vap`], [`scan`], [`offchannel`], [`sme`] and [`keys`] are state machines without I/O, which say what
//! they want in [`action`]s; [`engine`] carries these out. [`data`] is the data path. [`device`]
//! ties all of it into the two halves that a shim holds, [`device::Shared`] and
//! [`device::Worker`], with the [`inbox`] between them.
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

pub mod abi;
pub mod action;
pub mod chip;
pub mod control;
pub mod crypto;
pub mod data;
pub mod device;
mod early;
pub mod engine;
pub mod inbox;
pub mod io;
pub mod keys;
pub mod offchannel;
pub mod os;
pub mod radio;
pub mod radiotap;
pub mod rate;
pub mod scan;
pub mod sme;
pub mod stats;
pub mod trace;
pub mod types;
pub mod vap;
pub mod wire;

#[cfg(test)]
extern crate std;
#[cfg(test)]
mod snapshot;
