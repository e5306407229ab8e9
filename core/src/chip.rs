// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the engine asks of a chip, and what a chip asks of its bus.

use bitflags::bitflags;

use crate::{
    control::RxFilter,
    os::{OsError, Sleepable},
    types::{Channel, MacAddr},
};

/// Register access over USB control transfers or memory-mapped I/O.
///
/// Object-safe on purpose: one control transfer takes far longer than an indirect call, and one
/// copy of the chip code then serves every bus.
pub trait RegisterBus {
    /// Reads `out.len()` bytes (1, 2 or 4) at `addr`.
    fn read(&mut self, cx: &mut Sleepable, addr: u16, out: &mut [u8]) -> Result<(), OsError>;
    /// Writes `data` (1, 2, 4 or a block) at `addr`.
    fn write(&mut self, cx: &mut Sleepable, addr: u16, data: &[u8]) -> Result<(), OsError>;
    /// Waits for the hardware.
    fn delay_us(&mut self, cx: &mut Sleepable, micros: u32);
}

/// A register: its address and its layout.
pub trait Register: Copy {
    /// Address in the chip.
    const ADDR: u16;
    /// From the value read.
    fn from_raw(raw: u32) -> Self;
    /// To the value to write.
    fn to_raw(self) -> u32;
}

/// Typed access on top of [`RegisterBus`].
pub trait RegisterBusExt: RegisterBus {
    /// Reads a 32-bit register.
    fn get<R: Register>(&mut self, cx: &mut Sleepable) -> Result<R, OsError> {
        let mut raw = [0; 4];
        self.read(cx, R::ADDR, &mut raw)?;
        Ok(R::from_raw(u32::from_le_bytes(raw)))
    }

    /// Writes a 32-bit register.
    fn set<R: Register>(&mut self, cx: &mut Sleepable, value: R) -> Result<(), OsError> {
        self.write(cx, R::ADDR, &value.to_raw().to_le_bytes())
    }

    /// Reads, changes and writes a 32-bit register.
    fn update<R: Register>(
        &mut self,
        cx: &mut Sleepable,
        change: impl FnOnce(R) -> R,
    ) -> Result<(), OsError> {
        let old = self.get(cx)?;
        self.set(cx, change(old))
    }
}

impl<B: RegisterBus + ?Sized> RegisterBusExt for B {}

bitflags! {
    /// Duties that a chip's firmware takes over.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Offloads: u8 {
        /// Scanning.
        const SCAN = 1;
        /// Rate control.
        const RATE_CONTROL = 2;
        /// Authentication and association.
        const MLME = 4;
    }
}

/// What differs between chips and is not code.
#[derive(Clone, Copy, Debug)]
pub struct ChipInfo {
    /// For people.
    pub name: &'static str,
    /// Firmware image.
    pub firmware: &'static str,
    /// What core need not do.
    pub offloads: Offloads,
}

/// What a message of the firmware means to core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChipEvent {
    /// Nothing; the backend has taken note.
    Nothing,
    /// No beacons any more.
    BeaconLost,
}

/// A chip with its bus. Every method may sleep, ends within a time of its own, and is called by
/// the engine only.
pub trait Chip: Send {
    /// What it is.
    fn info(&self) -> &'static ChipInfo;
    /// Switches on.
    fn start(&mut self, cx: &mut Sleepable) -> Result<(), OsError>;
    /// Takes a piece of firmware, after [`Chip::start`].
    fn load_firmware(&mut self, cx: &mut Sleepable, piece: &[u8]) -> Result<(), OsError>;
    /// Switches off.
    fn stop(&mut self, cx: &mut Sleepable) -> Result<(), OsError>;
    /// Tunes the radio.
    fn set_channel(&mut self, cx: &mut Sleepable, channel: Channel) -> Result<(), OsError>;
    /// Tells the chip which network it belongs to.
    fn set_bssid(&mut self, cx: &mut Sleepable, bssid: Option<MacAddr>) -> Result<(), OsError>;
    /// Says what to take in.
    fn set_rx_filter(&mut self, cx: &mut Sleepable, filter: RxFilter) -> Result<(), OsError>;
    /// Takes a message of the firmware.
    fn on_message(&mut self, cx: &mut Sleepable, message: &[u8]) -> Result<ChipEvent, OsError>;
}
