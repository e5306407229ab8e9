// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What waits for the worker: request slots, reports, and management frames, each bounded by
//! itself, so that a flood of one kind never keeps out another.

use heapless::{Deque, Vec};

use crate::{
    control::{ControlRequest, DETACHED, Failure},
    io::TxReport,
    os::Empty,
    types::{MacAddr, RequestId, VapId},
    wire::Beacon,
};

/// Requests that can wait or be under way at once: one for each waiting caller.
pub const REQUESTS_MAX: usize = 4;
/// Reports kept; when full the newest is dropped.
pub const REPORTS_MAX: usize = 16;
/// Management frames kept.
pub const FRAMES_MAX: usize = 16;
/// Places that foreign beacons never take.
pub const FRAMES_RESERVED: usize = 4;
/// Longest management frame taken in.
pub const FRAME_LEN_MAX: usize = 256;
/// Longest firmware message taken in.
pub const MESSAGE_LEN_MAX: usize = 64;

#[derive(Clone, Copy, Debug)]
enum Waiter {
    Free,
    /// The worker has it, or will.
    Open(VapId),
    /// The caller has not fetched the result yet; only then can the slot be used again.
    Done(Result<(), Failure>),
}

/// News from the chip that is not a frame.
#[derive(Clone, Debug)]
pub enum Report {
    /// What became of a frame.
    Tx(TxReport),
    /// Words from the firmware.
    Message(Vec<u8, MESSAGE_LEN_MAX>),
}

/// Which management frames are worth keeping; the worker keeps it in step with its machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameFilter {
    /// Beacons and probe responses of anybody.
    pub scanning: bool,
    /// Everything from this access point.
    pub bssid: Option<MacAddr>,
}

/// The queues behind one lock.
#[derive(Debug)]
pub struct Inbox {
    gone: bool,
    waiters: [(u16, Waiter); REQUESTS_MAX],
    requests: Deque<(RequestId, VapId, ControlRequest), REQUESTS_MAX>,
    reports: Deque<Report, REPORTS_MAX>,
    frames: Deque<Vec<u8, FRAME_LEN_MAX>, FRAMES_MAX>,
    filter: FrameFilter,
    dropped: u32,
}

impl Empty for Inbox {
    const EMPTY: Self = Self {
        gone: false,
        waiters: [(0, Waiter::Free); REQUESTS_MAX],
        requests: Deque::new(),
        reports: Deque::new(),
        frames: Deque::new(),
        filter: FrameFilter { scanning: false, bssid: None },
        dropped: 0,
    };
}

impl Inbox {
    /// Takes a slot for a request.
    pub fn request(&mut self, vap: VapId, request: ControlRequest) -> Result<RequestId, Failure> {
        if self.gone {
            return Err(DETACHED);
        }
        let (slot, (generation, waiter)) = (0..)
            .zip(&mut self.waiters)
            .find(|(_, (_, waiter))| matches!(waiter, Waiter::Free))
            .ok_or(Failure::Busy)?;
        let id = RequestId { slot, generation: *generation };
        self.requests.push_back((id, vap, request)).map_err(|_| Failure::Busy)?;
        *waiter = Waiter::Open(vap);
        Ok(id)
    }

    /// The next request, oldest first.
    pub fn take_request(&mut self) -> Option<(RequestId, VapId, ControlRequest)> {
        self.requests.pop_front()
    }

    /// Stores a result; `None` if this request already has one, for instance from [`Inbox::close`].
    pub fn complete(&mut self, id: RequestId, result: Result<(), Failure>) -> Option<VapId> {
        let waiter = self.waiter(id)?;
        let Waiter::Open(vap) = *waiter else { return None };
        *waiter = Waiter::Done(result);
        Some(vap)
    }

    /// Fetches a result and frees the slot; `None` while there is none.
    pub fn collect(&mut self, id: RequestId) -> Option<Result<(), Failure>> {
        let Waiter::Done(result) = *self.waiter(id)? else { return None };
        if let Some(slot) = self.waiters.get_mut(usize::from(id.slot)) {
            *slot = (id.generation.wrapping_add(1), Waiter::Free);
        }
        Some(result)
    }

    /// From now on nothing comes in; returns one of the waiters still to be answered.
    pub fn close(&mut self) -> Option<(RequestId, VapId)> {
        self.gone = true;
        self.requests.clear();
        (0..).zip(&self.waiters).find_map(|(slot, (generation, waiter))| match waiter {
            Waiter::Open(vap) => Some((RequestId { slot, generation: *generation }, *vap)),
            _ => None,
        })
    }

    /// Whether the device is gone.
    pub const fn is_gone(&self) -> bool {
        self.gone
    }

    /// Queues a report.
    pub fn push_report(&mut self, report: Report) {
        let full = self.gone || self.reports.push_back(report).is_err();
        self.dropped = self.dropped.saturating_add(full.into());
    }

    /// The next report.
    pub fn take_report(&mut self) -> Option<Report> {
        self.reports.pop_front()
    }

    /// Queues a management frame if it is worth it.
    pub fn push_frame(&mut self, frame: &[u8]) -> bool {
        let from = frame.get(16..22).and_then(|bytes| bytes.try_into().ok()).map(MacAddr);
        let (wanted, limit) = if Beacon::is_beacon(frame) {
            (self.filter.scanning, FRAMES_MAX - FRAMES_RESERVED)
        } else {
            (from.is_some() && from == self.filter.bssid, FRAMES_MAX)
        };
        if !wanted || self.gone {
            return false;
        }
        let kept = self.frames.len() < limit
            && Vec::from_slice(frame).is_ok_and(|copy| self.frames.push_back(copy).is_ok());
        self.dropped = self.dropped.saturating_add((!kept).into());
        kept
    }

    /// The next management frame.
    pub fn take_frame(&mut self) -> Option<Vec<u8, FRAME_LEN_MAX>> {
        self.frames.pop_front()
    }

    /// Says which management frames are worth keeping.
    pub const fn set_filter(&mut self, filter: FrameFilter) {
        self.filter = filter;
    }

    /// Whether something waits for the worker.
    pub fn has_work(&self) -> bool {
        !(self.requests.is_empty() && self.reports.is_empty() && self.frames.is_empty())
    }

    fn waiter(&mut self, id: RequestId) -> Option<&mut Waiter> {
        let (generation, waiter) = self.waiters.get_mut(usize::from(id.slot))?;
        (*generation == id.generation).then_some(waiter)
    }
}
