// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A bus that remembers: what was written can be read again, and every access is in a log.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    vec::Vec,
};

use tern_core::{
    chip::RegisterBus,
    os::{OsError, Sleepable},
    types::Instant,
};

#[derive(Debug, Default)]
struct State {
    memory: HashMap<u16, u8>,
    answers: HashMap<u16, u32>,
    writes: Vec<(u16, Vec<u8>)>,
    reads: usize,
    now: u64,
}

/// The bus.
#[derive(Debug)]
pub(crate) struct RecordingBus(Log);

/// What is kept of a bus's life.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<State>>);

impl RecordingBus {
    pub(crate) fn new() -> (Self, Log) {
        let log = Log::default();
        (Self(log.clone()), log)
    }
}

impl Log {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Reads at this address bring this value, whatever is written.
    pub(crate) fn answer(&self, addr: u16, value: u32) {
        self.state().answers.insert(addr, value);
    }

    /// Begins anew.
    pub(crate) fn clear(&self) {
        let mut state = self.state();
        state.writes.clear();
        state.reads = 0;
    }

    /// Reads so far.
    pub(crate) fn reads(&self) -> usize {
        self.state().reads
    }

    /// Writes so far, as numbers.
    pub(crate) fn writes32(&self) -> Vec<(u16, u32)> {
        self.accesses().into_iter().map(|(addr, _, value)| (addr, value)).collect()
    }

    /// Writes so far: address, bytes, value.
    pub(crate) fn accesses(&self) -> Vec<(u16, usize, u32)> {
        let value = |bytes: &[u8]| bytes.iter().rev().fold(0, |all, b| all << 8 | u32::from(*b));
        self.state().writes.iter().map(|(addr, it)| (*addr, it.len(), value(it))).collect()
    }
}

impl RegisterBus for RecordingBus {
    fn read(&mut self, _cx: &mut Sleepable, addr: u16, out: &mut [u8]) -> Result<(), OsError> {
        assert!(matches!(out.len(), 1 | 2 | 4));
        let mut state = self.0.state();
        state.reads += 1;
        if let Some(answer) = state.answers.get(&addr) {
            out.copy_from_slice(&answer.to_le_bytes()[..out.len()]);
            return Ok(());
        }
        for (at, byte) in (addr..).zip(out) {
            *byte = state.memory.get(&at).copied().unwrap_or(0);
        }
        Ok(())
    }

    fn write(&mut self, _cx: &mut Sleepable, addr: u16, data: &[u8]) -> Result<(), OsError> {
        let mut state = self.0.state();
        state.writes.push((addr, data.to_vec()));
        for (at, byte) in (addr..).zip(data) {
            state.memory.insert(at, *byte);
        }
        Ok(())
    }

    fn delay_us(&mut self, _cx: &mut Sleepable, micros: u32) {
        self.0.state().now += u64::from(micros);
    }

    fn now(&self) -> Instant {
        Instant(self.0.state().now)
    }
}
