// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Bulk pipes: what was sent waits until the world takes and completes it.

use std::{collections::VecDeque, sync::Mutex};

use tern_core::{
    io::{Bulk, Full, Room, Transfer, TxFrame, TxQueue},
    os::{Context, OsError, Sleepable},
};

use super::{SimPacket, assert_unlocked};

/// Bulk pipes with a number of places in each queue.
#[derive(Debug)]
pub struct SimBulk {
    slots: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    taken: [usize; TxQueue::COUNT],
    sent: VecDeque<Sent>,
    is_receiving: bool,
    is_stopped: bool,
}

/// A transfer on its way out.
#[derive(Debug)]
pub struct Sent {
    /// Its queue.
    pub queue: TxQueue,
    /// Descriptor and frame.
    pub bytes: Vec<u8>,
    /// Lives until the transfer is complete.
    _packet: SimPacket,
}

impl SimBulk {
    /// Pipes with `slots` places in each queue.
    pub fn new(slots: usize) -> Self {
        Self { slots, state: Mutex::default() }
    }

    /// Takes the transfers that wait. Their places stay taken until [`SimBulk::complete`].
    pub fn take_sent(&self) -> VecDeque<Sent> {
        std::mem::take(&mut self.state.lock().unwrap().sent)
    }

    /// A transfer is complete: its place is free again. `false` when it was cancelled before; then
    /// the device is not told.
    pub fn complete(&self, sent: Sent) -> bool {
        let mut state = self.state.lock().unwrap();
        if state.is_stopped {
            return false;
        }
        state.taken[sent.queue as usize] -= 1;
        true
    }

    /// Whether receive transfers are under way.
    pub fn is_receiving(&self) -> bool {
        let state = self.state.lock().unwrap();
        state.is_receiving && !state.is_stopped
    }

    /// Places taken in all queues together.
    pub fn taken(&self) -> usize {
        self.state.lock().unwrap().taken.iter().sum()
    }
}

/// A place in a [`SimBulk`].
#[derive(Debug)]
pub struct SimTransfer<'a> {
    bulk: &'a SimBulk,
    queue: TxQueue,
    is_used: bool,
}

impl Drop for SimTransfer<'_> {
    fn drop(&mut self) {
        if !self.is_used {
            self.bulk.state.lock().unwrap().taken[self.queue as usize] -= 1;
        }
    }
}

impl Bulk<SimPacket> for SimBulk {
    type Transfer<'a> = SimTransfer<'a>;

    fn reserve<C: Context>(&self, _cx: &mut C, queue: TxQueue) -> Result<SimTransfer<'_>, Full> {
        let mut state = self.state.lock().unwrap();
        let taken = &mut state.taken[queue as usize];
        if *taken == self.slots {
            return Err(Full);
        }
        *taken += 1;
        Ok(SimTransfer { bulk: self, queue, is_used: false })
    }

    fn start_receiving(&self, _: &mut Sleepable, depth: u8, len: usize) -> Result<(), OsError> {
        assert_unlocked("start_receiving");
        assert!(depth > 0 && len > 0, "{depth} receive transfers of {len} bytes");
        self.state.lock().unwrap().is_receiving = true;
        Ok(())
    }

    fn stop(&self, _cx: &mut Sleepable) {
        assert_unlocked("stop");
        let mut state = self.state.lock().unwrap();
        *state = State { is_stopped: true, ..State::default() };
    }
}

impl Transfer<SimPacket> for SimTransfer<'_> {
    fn submit<C: Context>(mut self, _cx: &mut C, frame: TxFrame<'_, SimPacket>) -> Room {
        let body = frame.packet.bytes();
        let mut bytes = [frame.prefix, &body[frame.skip..], frame.suffix].concat();
        assert_eq!(bytes.len(), frame.len(), "a frame has the length that it says");
        frame.finish(&mut bytes);
        self.is_used = true;
        let mut state = self.bulk.state.lock().unwrap();
        state.sent.push_back(Sent { queue: self.queue, bytes, _packet: frame.packet });
        if state.taken[self.queue as usize] == self.bulk.slots { Room::Last } else { Room::Left }
    }
}
