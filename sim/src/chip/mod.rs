// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Chips at register level, as a driver sees them through USB.
//!
//! These models know nothing of the driver under test: they are the second opinion. They keep what
//! the hardware keeps (power, efuse, firmware window, link table, RF registers, key table, beacon,
//! filter, FIFOs) and say as a [`Fault`] what a real chip would not forgive. That no such rule is an
//! invention is shown by Linux's own rtl8192cu, which runs on them without a fault.
//!
//! A model is deterministic: time and the air are arguments.

mod fault;
mod identity;
mod names;
pub mod rtl8192c;

pub use fault::{Fault, Log};
pub use identity::{Endpoint, UsbIdentity};
pub use names::{register_at, register_name};
pub use rtl8192c::{Config, Injection, Model, Rtl8192c};

use crate::air::{Air, Micros, RadioId};

/// The device refuses a request: a STALL handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall;

/// Why a bulk OUT transfer was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A STALL handshake: no such endpoint.
    Stall,
    /// A NAK handshake: the packet buffer is full; nothing was taken, it is worth trying again then.
    Busy(Micros),
}

/// A Wi-Fi chip behind USB.
pub trait UsbChip: Send {
    /// What it enumerates as.
    fn identity(&self) -> UsbIdentity;

    /// Its radio on the air.
    fn radio(&self) -> RadioId;

    /// Vendor request: read registers, `out.len()` bytes from `addr` on.
    fn read(&mut self, now: Micros, addr: u16, out: &mut [u8]) -> Result<(), Stall>;

    /// Vendor request: write registers from `addr` on.
    fn write(&mut self, now: Micros, air: &mut Air, addr: u16, data: &[u8]) -> Result<(), Stall>;

    /// A bulk OUT transfer to an endpoint (its number, without the direction bit).
    fn bulk_out(
        &mut self,
        now: Micros,
        air: &mut Air,
        endpoint: u8,
        transfer: &[u8],
    ) -> Result<(), Refused>;

    /// The next bulk IN transfer, if there is one: one or several received frames.
    fn bulk_in(&mut self, now: Micros, air: &mut Air) -> Option<Vec<u8>>;

    /// Does what is due: beacons, frames that waited, firmware that starts.
    fn poll(&mut self, now: Micros, air: &mut Air);

    /// When `poll`, and then `bulk_in` until it returns nothing, should be called next; `None` when only
    /// a request can change anything.
    fn next_event(&self, air: &Air) -> Option<Micros>;

    /// What a real chip would not have forgiven, one entry for each kind.
    fn faults(&self) -> &[Fault];

    /// What had no effect or looks odd, but that working drivers do.
    fn notes(&self) -> &[Fault];

    /// Pulled out: the radio leaves the air.
    fn unplug(&mut self, air: &mut Air);
}
