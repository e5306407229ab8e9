// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What core tells the user, on its way to cfg80211.
//!
//! Core may be called by somebody who waits with cfg80211's mutex held, so it only queues here. A
//! work item takes the mutex and empties the queue; operations that cfg80211 wants to see reported
//! before they return empty it themselves.

use core::ffi::c_void;

use heapless::Deque;
use tern_common::{
    ffi::{Dev, raw_vap},
    os::KernelOs,
};
use tern_core::{
    control::{Heard, Notice, Operation},
    os::{Empty, Sleepable, Unlocked},
    types::{RequestId, VapId},
};

use crate::{
    ffi::{self, Told},
    hooks::{Device, Linux},
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

/// What happened; the frame lies beside it. `told` is of `enum tern_told`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kind {
    told: u32,
    cookie: u64,
    ms: u32,
    mhz: u32,
    dbm: i32,
    is_ok: bool,
}

const HEARD: u32 = 6;
const MGMT: u32 = 7;

impl Kind {
    /// The link is up or down.
    pub(crate) fn link(is_up: bool) -> Self {
        Self { told: 11, is_ok: is_up, ..Self::default() }
    }

    /// A stay on a channel has begun.
    pub(crate) fn remain_begun(id: RequestId, ms: u16) -> Self {
        Self { told: 5, cookie: cookie(id), ms: ms.into(), ..Self::default() }
    }

    fn heard(told: u32, heard: &Heard<'_>) -> Self {
        let mhz = heard.tuning.channel.mhz().into();
        Self { told, mhz, dbm: heard.signal_dbm.into(), ..Self::default() }
    }

    /// In our words; `None` for what nobody here asks for.
    pub(crate) fn of(notice: Notice<'_>) -> Option<(Self, &[u8])> {
        let plain = |told| Self { told, ..Self::default() };
        Some(match notice {
            Notice::Outcome { id, operation, result, frame } => {
                let told = match operation {
                    Operation::Scan => 0,
                    Operation::Auth => 1,
                    Operation::Assoc => 2,
                    Operation::SendMgmt => 3,
                    Operation::Remain => 4,
                    // User space is the SME here.
                    Operation::Join => return None,
                };
                (Self { cookie: cookie(id), is_ok: result.is_ok(), ..plain(told) }, frame)
            }
            Notice::Heard(heard) => (Self::heard(HEARD, &heard), heard.frame),
            Notice::Mgmt(heard) => (Self::heard(MGMT, &heard), heard.frame),
            Notice::SentAway(frame) => (plain(8), frame),
            Notice::Left(frame) => (plain(9), frame),
            Notice::BeaconLost => (plain(10), &[]),
            Notice::Signal(_) | Notice::Network(_) => return None,
        })
    }

    /// Others like it will come: these leave room for what comes once.
    const fn is_news(self) -> bool {
        matches!(self.told, HEARD | MGMT)
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

/// Queues an event for the work item that has cfg80211's locks.
pub(crate) fn queue<C: Unlocked>(
    os: &KernelOs<Linux>,
    cx: &mut C,
    vap: VapId,
    kind: Kind,
    frame: &[u8],
) {
    os.hooks.events.with(cx, |events, _| events.push(vap, kind, frame));
    // SAFETY: the C side outlives this.
    unsafe { ffi::shim_events_wake(os.dev.0) };
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
    let frame = unsafe { &mut *os.hooks.scratch.get() };
    for _ in 0..2 * EVENTS_MAX {
        let Some(event) = os.hooks.events.with(&mut cx, |events, _| events.pop(frame)) else {
            return;
        };
        tell(os.dev, &event, frame.get(..event.len).unwrap_or_default());
    }
    // SAFETY: the C side outlives this.
    unsafe { ffi::shim_events_wake(os.dev.0) };
}

/// Tells cfg80211.
fn tell(dev: Dev, event: &Event, frame: &[u8]) {
    let Kind { told, cookie, ms, mhz, dbm, is_ok } = event.kind;
    let (vap, frame, len) = (raw_vap(event.vap), frame.as_ptr(), frame.len());
    let told = Told { kind: told, vap, cookie, ms, mhz, dbm, is_ok, frame, len };
    // SAFETY: the caller holds the wiphy's mutex, and the frame is read within its length.
    unsafe { ffi::shim_event(dev.0, &raw const told) };
}
