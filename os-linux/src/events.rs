// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What core tells the user, on its way to cfg80211.
//!
//! Core may be called by somebody who waits with cfg80211's mutex held, so it only queues here. A
//! work item takes the mutex and empties the queue; operations that cfg80211 wants to see reported
//! before they return empty it themselves.

use core::ffi::c_void;

use heapless::Deque;
use tern_core::{
    control::{Heard, Notice, Operation},
    os::{Empty, Sleepable},
    types::{RequestId, VapId},
};

use crate::{
    device::Device,
    ffi::{self, Dev, Told, raw_vap},
};

/// Between core's ranks for the pipe and for the event ring.
pub(crate) const EVENTS_RANK: u8 = 45;
/// Events that wait at most, and of these, how many may be news that others will bring again.
const EVENTS_MAX: usize = 96;
const NEWS_MAX: usize = 48;
/// Bytes of frames that wait at most, and likewise.
const BYTES_MAX: usize = 64 * 1024;
const NEWS_BYTES_MAX: usize = 32 * 1024;
/// Longest frame.
pub(crate) const FRAME_MAX: usize = 2560;

/// What happened; the frame lies beside it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Outcome { id: RequestId, operation: Operation, is_ok: bool },
    RemainBegun { id: RequestId, ms: u16 },
    Bss { mhz: u16, dbm: i8 },
    Mgmt { mhz: u16, dbm: i8 },
    SentAway,
    Left,
    BeaconLost,
    Link(bool),
}

impl Kind {
    /// In our words; `None` for what nobody here asks for.
    pub(crate) fn of<'a>(notice: Notice<'a>) -> Option<(Self, &'a [u8])> {
        let place = |heard: Heard<'a>| (heard.tuning.channel.mhz(), heard.signal_dbm, heard.frame);
        Some(match notice {
            Notice::Outcome { id, operation, result, frame } => {
                (Self::Outcome { id, operation, is_ok: result.is_ok() }, frame)
            }
            Notice::Heard(heard) => {
                let (mhz, dbm, frame) = place(heard);
                (Self::Bss { mhz, dbm }, frame)
            }
            Notice::Mgmt(heard) => {
                let (mhz, dbm, frame) = place(heard);
                (Self::Mgmt { mhz, dbm }, frame)
            }
            Notice::SentAway(frame) => (Self::SentAway, frame),
            Notice::Left(frame) => (Self::Left, frame),
            Notice::BeaconLost => (Self::BeaconLost, &[]),
            Notice::Signal(_) => return None,
        })
    }

    /// Others like it will come: these leave room for what comes once.
    const fn is_news(self) -> bool {
        matches!(self, Self::Bss { .. } | Self::Mgmt { .. })
    }
}

#[derive(Clone, Copy, Debug)]
struct Event {
    vap: VapId,
    kind: Kind,
    len: usize,
}

/// The queue, behind its lock. Core has at most one operation of a kind under way for each
/// interface, so what is reserved for their outcomes is enough.
#[derive(Debug)]
pub(crate) struct EventQueue {
    events: Deque<Event, EVENTS_MAX>,
    bytes: [u8; BYTES_MAX],
    /// Where the first event's frame begins.
    start: usize,
    /// Bytes of all frames.
    used: usize,
    dropped: u32,
}

impl Empty for EventQueue {
    const EMPTY: Self =
        Self { events: Deque::new(), bytes: [0; BYTES_MAX], start: 0, used: 0, dropped: 0 };
}

impl EventQueue {
    pub(crate) fn push(&mut self, vap: VapId, kind: Kind, frame: &[u8]) {
        let (events_max, bytes_max) = match kind.is_news() {
            true => (NEWS_MAX, NEWS_BYTES_MAX),
            false => (EVENTS_MAX, BYTES_MAX),
        };
        let len = frame.len();
        let has_room =
            self.events.len() < events_max && self.used + len <= bytes_max && len <= FRAME_MAX;
        if !has_room || self.events.push_back(Event { vap, kind, len }).is_err() {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        let at = (self.start + self.used) % BYTES_MAX;
        let (head, tail) = frame.split_at(len.min(BYTES_MAX - at));
        put(&mut self.bytes, at, head);
        put(&mut self.bytes, 0, tail);
        self.used += len;
    }

    /// The oldest event, its frame copied to `out`.
    fn pop(&mut self, out: &mut [u8; FRAME_MAX]) -> Option<Event> {
        let event = self.events.pop_front()?;
        for (at, to) in out.iter_mut().take(event.len).enumerate() {
            *to = self.bytes.get((self.start + at) % BYTES_MAX).copied().unwrap_or_default();
        }
        self.start = (self.start + event.len) % BYTES_MAX;
        self.used -= event.len;
        Some(event)
    }

    /// Events that found no room.
    pub(crate) const fn dropped(&self) -> u32 {
        self.dropped
    }
}

fn put(bytes: &mut [u8; BYTES_MAX], at: usize, from: &[u8]) {
    if let Some(to) = bytes.get_mut(at..at + from.len()) {
        to.copy_from_slice(from);
    }
}

/// What cfg80211 calls a request: never 0.
pub(crate) const fn cookie(id: RequestId) -> u64 {
    1 << 32 | (id.generation as u64) << 8 | id.slot as u64
}

/// Empties the queue. The caller holds the wiphy's mutex.
#[unsafe(no_mangle)]
extern "C" fn tern_events(rust: *mut c_void) {
    // SAFETY: C passes what `tern_probe` gave it.
    let device = unsafe { Device::of(rust) };
    let os = &device.shared.os;
    let mut cx = Sleepable::enter_from_shim();
    // SAFETY: with the mutex held, nobody else uses the buffer.
    let frame = unsafe { &mut *device.scratch.get() };
    for _ in 0..2 * EVENTS_MAX {
        let Some(event) = os.events.with(&mut cx, |events, _| events.pop(frame)) else { return };
        tell(os.dev, &event, frame.get(..event.len).unwrap_or_default());
    }
    // SAFETY: the C side outlives this.
    unsafe { ffi::shim_events_wake(os.dev.0) };
}

/// Tells cfg80211. The numbers are those of `enum tern_told`.
fn tell(dev: Dev, event: &Event, frame: &[u8]) {
    let mut told = Told {
        kind: 0,
        vap: raw_vap(event.vap),
        cookie: 0,
        ms: 0,
        mhz: 0,
        dbm: 0,
        is_ok: true,
        frame: frame.as_ptr(),
        len: frame.len(),
    };
    told.kind = match event.kind {
        Kind::Outcome { id, operation, is_ok } => {
            (told.cookie, told.is_ok) = (cookie(id), is_ok);
            match operation {
                Operation::Scan => 0,
                Operation::Auth => 1,
                Operation::Assoc => 2,
                Operation::SendMgmt => 3,
                Operation::Remain => 4,
                // Nobody asks for it: user space is the SME here.
                Operation::Join => return,
            }
        }
        Kind::RemainBegun { id, ms } => {
            (told.cookie, told.ms) = (cookie(id), ms.into());
            5
        }
        Kind::Bss { mhz, dbm } => {
            (told.mhz, told.dbm) = (mhz.into(), dbm.into());
            6
        }
        Kind::Mgmt { mhz, dbm } => {
            (told.mhz, told.dbm) = (mhz.into(), dbm.into());
            7
        }
        Kind::SentAway => 8,
        Kind::Left => 9,
        Kind::BeaconLost => 10,
        Kind::Link(is_up) => {
            told.is_ok = is_up;
            11
        }
    };
    // SAFETY: the caller holds the wiphy's mutex, and the frame is read within its length.
    unsafe { ffi::shim_event(dev.0, &raw const told) };
}
