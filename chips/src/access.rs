// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The bus of a backend, with a memory of what the driver itself wrote and an end to every wait.
//!
//! A control transfer takes at least an eighth of a millisecond, so what only the driver changes
//! is not read back, and a value that a register already holds is not written again.

use core::fmt;

use heapless::Vec;
use tern_core::{
    chip::{ChipError, Register, RegisterBus},
    os::{OsError, Sleepable},
    types::Instant,
};

/// Most registers whose value is remembered beside the table; more are read back as ever.
const KNOWN_MAX: usize = 112;

/// What a register holds.
#[derive(Clone, Copy)]
struct Known {
    addr: u16,
    len: u8,
    value: u32,
}

impl Known {
    fn is_of(&self, addr: u16, len: usize) -> bool {
        self.addr == addr && usize::from(self.len) == len
    }
}

/// A bus with a memory.
pub(crate) struct Access<B> {
    bus: B,
    deadline: Instant,
    /// What a table put into the registers, each of 4 bytes.
    table: &'static [(u16, u32)],
    /// What was written or read besides.
    known: Vec<Known, KNOWN_MAX>,
}

impl<B> fmt::Debug for Access<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Access with {} known registers", self.known.len())
    }
}

impl<B> Access<B> {
    pub(crate) const fn new(bus: B) -> Self {
        Self { bus, deadline: Instant(0), table: &[], known: Vec::new() }
    }

    /// The chip loses its registers, or somebody else may have written to them.
    pub(crate) fn forget(&mut self) {
        self.table = &[];
        self.known.clear();
    }

    /// The chip holds this table now.
    pub(crate) fn holds(&mut self, table: &'static [(u16, u32)]) {
        self.table = table;
    }

    /// What the register holds, as far as the driver knows.
    fn recall(&self, addr: u16, len: usize) -> Option<u32> {
        let known = self.known.iter().find(|known| known.is_of(addr, len));
        let in_table = || self.table.iter().rfind(|(at, _)| len == 4 && *at == addr);
        known.map(|known| known.value).or_else(|| in_table().map(|(_, value)| *value))
    }

    /// Takes note of what the register holds.
    fn note(&mut self, addr: u16, len: usize, value: u32) {
        match self.known.iter_mut().find(|known| known.is_of(addr, len)) {
            Some(known) => known.value = value,
            None => {
                let len = u8::try_from(len).unwrap_or(0); // 1, 2 or 4; nothing is found by 0.
                let _ = self.known.push(Known { addr, len, value }); // When full, it is read back.
            }
        }
    }

    /// Takes note of a value that came by another way than [`Access::set`].
    pub(crate) fn remember<R: Register>(&mut self, value: R) {
        self.note(R::ADDR, R::LEN, value.to_raw());
    }
}

impl<B: RegisterBus> Access<B> {
    /// An operation begins, which ends within `limit_us`.
    pub(crate) fn begin(&mut self, limit_us: u64) {
        self.deadline = self.bus.now().after_us(limit_us);
    }

    fn in_time(&self) -> Result<(), ChipError> {
        if self.bus.now() > self.deadline {
            return Err(ChipError::Timeout("an operation as a whole"));
        }
        Ok(())
    }

    /// Writes a block.
    pub(crate) fn write_block(
        &mut self,
        cx: &mut Sleepable,
        addr: u16,
        data: &[u8],
    ) -> Result<(), ChipError> {
        self.in_time()?;
        Ok(self.bus.write(cx, addr, data)?)
    }

    /// Writes `len` bytes of `value` at an address of a table.
    pub(crate) fn write_at(
        &mut self,
        cx: &mut Sleepable,
        addr: u16,
        len: usize,
        value: u32,
    ) -> Result<(), ChipError> {
        let bytes = value.to_le_bytes();
        self.write_block(cx, addr, bytes.get(..len).ok_or(OsError::Transfer)?)
    }

    /// Reads `len` bytes at an address of a table.
    pub(crate) fn read_at(
        &mut self,
        cx: &mut Sleepable,
        addr: u16,
        len: usize,
    ) -> Result<u32, ChipError> {
        self.in_time()?;
        let mut raw = [0; 4];
        self.bus.read(cx, addr, raw.get_mut(..len).ok_or(OsError::Transfer)?)?;
        Ok(u32::from_le_bytes(raw))
    }

    /// Reads a register from the chip.
    pub(crate) fn get<R: Register>(&mut self, cx: &mut Sleepable) -> Result<R, ChipError> {
        Ok(R::from_raw(self.read_at(cx, R::ADDR, R::LEN)?))
    }

    /// Writes a register, whatever it holds.
    pub(crate) fn set<R: Register>(
        &mut self,
        cx: &mut Sleepable,
        value: R,
    ) -> Result<(), ChipError> {
        self.write_at(cx, R::ADDR, R::LEN, value.to_raw())?;
        // Not every register is worth a place; one that has it stays right.
        if self.recall(R::ADDR, R::LEN).is_some() {
            self.remember(value);
        }
        Ok(())
    }

    /// Writes a register that only the driver changes, unless it holds the value.
    pub(crate) fn put<R: Register>(
        &mut self,
        cx: &mut Sleepable,
        value: R,
    ) -> Result<(), ChipError> {
        if self.recall(R::ADDR, R::LEN) == Some(value.to_raw()) {
            return Ok(());
        }
        self.write_at(cx, R::ADDR, R::LEN, value.to_raw())?;
        self.remember(value);
        Ok(())
    }

    /// The value of a register that only the driver changes.
    pub(crate) fn current<R: Register>(&mut self, cx: &mut Sleepable) -> Result<R, ChipError> {
        if let Some(value) = self.recall(R::ADDR, R::LEN) {
            return Ok(R::from_raw(value));
        }
        let value: R = self.get(cx)?;
        self.remember(value);
        Ok(value)
    }

    /// Changes a register that only the driver changes; no more transfers than that takes.
    pub(crate) fn change<R: Register>(
        &mut self,
        cx: &mut Sleepable,
        change: impl FnOnce(R) -> R,
    ) -> Result<(), ChipError> {
        let old = self.current(cx)?;
        self.put(cx, change(old))
    }

    /// [`Access::current`] of a register of 4 bytes that there are several of.
    pub(crate) fn current_at(&mut self, cx: &mut Sleepable, addr: u16) -> Result<u32, ChipError> {
        if let Some(value) = self.recall(addr, 4) {
            return Ok(value);
        }
        let value = self.read_at(cx, addr, 4)?;
        self.note(addr, 4, value);
        Ok(value)
    }

    /// [`Access::put`] for a register of 4 bytes that there are several of.
    pub(crate) fn put_at(
        &mut self,
        cx: &mut Sleepable,
        addr: u16,
        value: u32,
    ) -> Result<(), ChipError> {
        if self.recall(addr, 4) == Some(value) {
            return Ok(());
        }
        self.write_at(cx, addr, 4, value)?;
        self.note(addr, 4, value);
        Ok(())
    }

    /// [`Access::change`] for a register of 4 bytes that there are several of.
    pub(crate) fn change_at<R: From<u32> + Into<u32>>(
        &mut self,
        cx: &mut Sleepable,
        addr: u16,
        change: impl FnOnce(R) -> R,
    ) -> Result<(), ChipError> {
        let old = self.current_at(cx, addr)?;
        self.put_at(cx, addr, change(R::from(old)).into())
    }

    /// Reads a register until it `is_right`, at most `tries` times, `interval_us` apart.
    pub(crate) fn poll<R: Register>(
        &mut self,
        cx: &mut Sleepable,
        tries: u16,
        interval_us: u32,
        what: &'static str,
        is_right: impl Fn(&R) -> bool,
    ) -> Result<R, ChipError> {
        for _ in 0..tries {
            let value = self.get(cx)?;
            if is_right(&value) {
                return Ok(value);
            }
            self.delay_us(cx, interval_us);
        }
        Err(ChipError::Timeout(what))
    }

    /// Waits for the hardware.
    pub(crate) fn delay_us(&mut self, cx: &mut Sleepable, micros: u32) {
        self.bus.delay_us(cx, micros);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        regs::{
            bb::{Fpga0Rfmod, Fpga1Rfmod},
            mac::{SysFuncEn, SysFuncEnLow, Txpause},
        },
        tests::RecordingBus,
    };

    #[test]
    fn what_is_known_is_neither_read_nor_written_again() {
        let (bus, log) = RecordingBus::new();
        let mut io = Access::new(bus);
        io.begin(1_000);
        let cx = &mut Sleepable::enter_from_shim();
        io.change(cx, |mode: Fpga0Rfmod| mode.with_is_40mhz(true)).unwrap();
        assert_eq!(log.reads(), 1, "the first time nothing is known");
        io.change(cx, |mode: Fpga0Rfmod| mode.with_is_40mhz(true)).unwrap();
        io.put(cx, Txpause(3)).unwrap();
        io.put(cx, Txpause(3)).unwrap();
        io.set(cx, Txpause(3)).unwrap();
        assert_eq!((log.reads(), log.writes32()), (1, [(0x800, 1), (0x522, 3), (0x522, 3)].into()));
        io.holds(&[(0x900, 1), (0x900, 0xf0)]);
        io.change(cx, |mode: Fpga1Rfmod| mode.with_is_40mhz(true)).unwrap();
        assert_eq!((log.reads(), log.writes32().last()), (1, Some(&(0x900, 0xf1))));
        io.forget();
        io.change(cx, |mode: Fpga1Rfmod| mode.with_is_40mhz(true)).unwrap();
        assert_eq!(log.reads(), 2, "a chip without power has forgotten as well");
    }

    #[test]
    fn registers_of_other_width_at_one_address_are_others() {
        let (bus, log) = RecordingBus::new();
        let mut io = Access::new(bus);
        io.begin(1_000);
        let cx = &mut Sleepable::enter_from_shim();
        io.put(cx, SysFuncEnLow(0x17)).unwrap();
        let whole: SysFuncEn = io.current(cx).unwrap();
        assert_eq!((whole.into_bits(), log.reads()), (0x17, 1));
    }

    #[test]
    fn waits_end_with_their_name() {
        let (bus, log) = RecordingBus::new();
        let mut io = Access::new(bus);
        io.begin(1_000);
        let cx = &mut Sleepable::enter_from_shim();
        let waited = io.poll(cx, 5, 10, "a miracle", |pause: &Txpause| pause.0 == 1);
        assert_eq!((waited, log.reads()), (Err(ChipError::Timeout("a miracle")), 5));
        let waited = io.poll(cx, 1_000, 10, "a miracle", |pause: &Txpause| pause.0 == 1);
        assert_eq!(waited, Err(ChipError::Timeout("an operation as a whole")));
        assert!(log.reads() < 110);
    }
}
