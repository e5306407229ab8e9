// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Portable 802.11 driver core.
//!
//! Bottom up: [`os`], [`io`] and [`chip`] are the contract with kernel, bus and hardware;
//! [`station`], [`scan`] and [`sme`] are state machines without I/O; [`engine`] carries their
//! actions out; [`data`] is the data path; [`device`] ties all of it into the two halves that a
//! shim holds, [`device::Shared`] and [`device::Worker`].
#![no_std]
#![forbid(unsafe_code)]

pub mod action;
pub mod chip;
pub mod control;
pub mod data;
pub mod device;
pub mod engine;
pub mod inbox;
pub mod io;
pub mod os;
pub mod scan;
pub mod sme;
pub mod station;
pub mod types;
pub mod wire;
