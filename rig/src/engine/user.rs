// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! User space: the memory of whoever makes a system call, and what comes up to it.

use super::State;

/// The memory of a process.
pub trait User: Send {
    /// Reads bytes; false for a bad address.
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> bool;
    /// Writes bytes; false for a bad address.
    fn write(&mut self, address: u64, bytes: &[u8]) -> bool;
}

/// A process without memory.
#[derive(Debug)]
pub struct Nobody;

impl User for Nobody {
    fn read(&mut self, _: u64, _: &mut [u8]) -> bool {
        false
    }

    fn write(&mut self, _: u64, _: &[u8]) -> bool {
        false
    }
}

/// `enum rig_event`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// An Ethernet frame for the stack.
    Input,
    /// A packet for a bpf listener.
    Capture,
    /// A message of the routing socket.
    Route,
    /// The link state.
    Link,
    /// An interface is there.
    Arrived,
    /// It is gone.
    Left,
}

impl EventKind {
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        let all = [Self::Input, Self::Capture, Self::Route, Self::Link, Self::Arrived, Self::Left];
        all.get(number as usize).copied()
    }
}

/// Something that came up.
#[derive(Clone, Debug)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// Of which interface.
    pub interface: String,
    /// DLT, link state.
    pub number: u32,
    /// The bytes.
    pub data: Vec<u8>,
}

/// Events that wait; older ones are lost.
const EVENTS_MAX: usize = 20_000;
/// Who waits for events sleeps on this address.
pub(crate) static EVENTS: u8 = 0;

/// The channel of whoever waits for events.
pub fn events_channel() -> usize {
    &raw const EVENTS as usize
}

impl State {
    pub(crate) fn tell_user(&mut self, event: Event) {
        self.events.push_back(event);
        if self.events.len() > EVENTS_MAX {
            self.events.pop_front();
        }
        self.wake(events_channel(), u32::MAX);
    }

    /// What has come up since the last time.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.events.drain(..).collect()
    }

    /// The same for one call; what it was before.
    pub fn replace_user(&mut self, user: Box<dyn User>) -> Box<dyn User> {
        let me = self.current;
        self.threads[me].user.replace(user).unwrap_or_else(|| Box::new(Nobody))
    }

    /// The memory of the process whose calls the current thread makes from now on.
    pub fn set_user(&mut self, user: Box<dyn User>) {
        let me = self.current;
        self.threads[me].user = Some(user);
    }
}
