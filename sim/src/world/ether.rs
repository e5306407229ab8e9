// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Everything on the other side of the bus: time, the chip, the air and its access points.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tern_core::os::OsError;

use crate::{
    Seed,
    access_point::AccessPoint,
    air::{Air, Micros},
    chip::{Refused, Rtl8192c, UsbChip},
    os::Clock,
};

/// What one control transfer takes: a microframe of high-speed USB.
const CONTROL_TRANSFER_US: Micros = 125;

/// The other side of the bus. Its clock moves with transfers and sleeps; whatever is due meanwhile
/// happens meanwhile.
pub struct Ether(Mutex<Inner>);

/// The parts, for who holds the lock.
pub struct Inner {
    /// Time.
    pub now: Micros,
    /// The air.
    pub air: Air,
    /// Its access points.
    pub points: Vec<AccessPoint>,
    /// The chip.
    pub chip: Rtl8192c,
    /// Chance, beside that of the air.
    pub seed: Seed,
    /// Transfers so far, of all kinds.
    pub transfers: u64,
    /// Control transfers among them.
    pub control_transfers: u64,
    /// A number that two runs share only if their transfers were the same, at the same times.
    pub digest: u64,
    /// The transfer at which the stick is pulled out, from 1.
    pub unplug_at: Option<u64>,
    /// Whether it was.
    pub is_unplugged: bool,
}

impl std::fmt::Debug for Ether {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ether")
    }
}

impl Ether {
    /// A side with these parts, at time 0.
    pub fn new(air: Air, chip: Rtl8192c, points: Vec<AccessPoint>, seed: u64) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Inner {
            now: 0,
            air,
            points,
            chip,
            seed: Seed::new(seed ^ 0x5eed),
            transfers: 0,
            control_transfers: 0,
            digest: 0,
            unplug_at: None,
            is_unplugged: false,
        })))
    }

    /// The parts. A panic elsewhere does not hide them.
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Ether {
    fn now_us(&self) -> u64 {
        self.lock().now
    }
    fn pass_us(&self, micros: u64) {
        let mut inner = self.lock();
        let to = inner.now + micros;
        inner.advance(to);
    }
}

impl Inner {
    /// Counts a transfer; from the fatal one on there are none.
    fn transfer(&mut self, bytes: &[u8]) -> Result<(), OsError> {
        self.transfers += 1;
        self.digest(bytes);
        if !self.is_unplugged && self.unplug_at.is_some_and(|at| at <= self.transfers) {
            self.is_unplugged = true;
            self.chip.unplug(&mut self.air);
        }
        if self.is_unplugged { Err(OsError::Detached) } else { Ok(()) }
    }

    /// FNV-1a, for which there is no need of a crate.
    fn digest(&mut self, bytes: &[u8]) {
        for byte in self.now.to_le_bytes().iter().chain(bytes) {
            self.digest = (self.digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// A control transfer that reads registers.
    pub fn read(&mut self, addr: u16, out: &mut [u8]) -> Result<(), OsError> {
        self.control(&addr.to_le_bytes())?;
        self.chip.read(self.now, addr, out).map_err(|_| OsError::Transfer)
    }

    /// A control transfer that writes registers.
    pub fn write(&mut self, addr: u16, data: &[u8]) -> Result<(), OsError> {
        self.control(data)?;
        self.chip.write(self.now, &mut self.air, addr, data).map_err(|_| OsError::Transfer)
    }

    fn control(&mut self, bytes: &[u8]) -> Result<(), OsError> {
        self.control_transfers += 1;
        self.transfer(bytes)?;
        let to = self.now + CONTROL_TRANSFER_US;
        self.advance(to);
        Ok(())
    }

    /// A bulk transfer out: done, refused by the device or by its absence (also done), or to be
    /// tried again at a later time.
    pub fn bulk_out(&mut self, endpoint: u8, bytes: &[u8]) -> Result<(), Micros> {
        if self.transfer(bytes).is_err() {
            return Ok(());
        }
        match self.chip.bulk_out(self.now, &mut self.air, endpoint, bytes) {
            Ok(()) | Err(Refused::Stall) => Ok(()),
            Err(Refused::Busy(at)) => Err(at.max(self.now + 1)),
        }
    }

    /// The next bulk transfer in.
    pub fn bulk_in(&mut self) -> Option<Vec<u8>> {
        if self.is_unplugged {
            return None;
        }
        let bytes = self.chip.bulk_in(self.now, &mut self.air)?;
        self.transfer(&bytes).ok()?;
        Some(bytes)
    }

    /// Lets time pass; what is due happens in order.
    pub fn advance(&mut self, to: Micros) {
        while let Some(at) = self.next_event().filter(|at| *at <= to) {
            // What stays due although it was polled does not stop time.
            self.now = at.max(self.now + 1).min(to);
            self.poll();
            if self.now >= to {
                break;
            }
        }
        self.now = self.now.max(to);
        self.poll();
    }

    fn poll(&mut self) {
        for point in &mut self.points {
            point.poll(self.now, &mut self.air);
        }
        if !self.is_unplugged {
            self.chip.poll(self.now, &mut self.air);
        }
    }

    /// When the next thing happens by itself.
    pub fn next_event(&self) -> Option<Micros> {
        let chip = if self.is_unplugged { None } else { self.chip.next_event(&self.air) };
        let points = self.points.iter().filter_map(AccessPoint::next_event);
        points.chain(chip).chain(self.air.next_event()).min()
    }

    /// The BSSID in the chip's registers; `None` while it is off.
    pub fn chip_bssid(&self) -> Option<[u8; 6]> {
        const BSSID: u16 = 0x618;
        let [a, b, c, d] = self.chip.peek(BSSID).to_le_bytes();
        let [e, f, ..] = self.chip.peek(BSSID + 4).to_le_bytes();
        self.chip.is_on().then_some([a, b, c, d, e, f])
    }
}
