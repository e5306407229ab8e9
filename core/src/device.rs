// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The two halves of a device: [`Shared`] is called from every context, [`Worker`] by the one
//! thread that owns all control state.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::{
    chip::Chip,
    control::{ControlRequest, DETACHED, Failure, RxFilter},
    data::DataPath,
    engine::Engine,
    inbox::{Inbox, Report},
    io::{Framing, Pipe, Rejected, Room, RxCarry, RxFrame, RxItem, TxQueue},
    os::{Context, Lock, Os, OsError, Sleepable, Unlocked, rank},
    types::{RequestId, VapId},
};

/// Requests that one [`Worker::run`] takes, and so on.
const REQUESTS_PER_RUN: usize = 4;
const REPORTS_PER_RUN: usize = 8;
const FRAMES_PER_RUN: usize = 8;

/// Set in `Shared::posts` while a filter waits for the worker.
const POSTED: u32 = 1 << 8;
/// `Shared::tap` without an interface.
const NO_TAP: u32 = u32::MAX;
/// A radiotap header that says nothing.
const RADIOTAP: &[u8] = &[0, 0, 8, 0, 0, 0, 0, 0];

/// The half that everybody may call.
pub struct Shared<O: Os, P, F> {
    /// The operating system.
    pub os: O,
    /// The data path.
    pub data: DataPath<O, P>,
    pub(crate) inbox: Lock<O, { rank::INBOX }, Inbox>,
    framing: F,
    posts: AtomicU32,
    tap: AtomicU32,
    is_attached: AtomicBool,
}

impl<O: Os, P: Pipe<O::Packet>, F: Framing> Shared<O, P, F> {
    /// A device that nobody works for yet. The tables are behind its locks, so it may be moved
    /// to its final place.
    pub fn new(os: O, pipe: P, framing: F) -> Result<Self, OsError> {
        Ok(Self {
            data: DataPath::new(pipe)?,
            inbox: Lock::<O, _, _>::new(c"tern inbox")?,
            os,
            framing,
            posts: AtomicU32::new(0),
            tap: AtomicU32::new(NO_TAP),
            is_attached: AtomicBool::new(false),
        })
    }

    /// The other half; there is one only.
    pub fn attach<C: Chip>(
        &self,
        _cx: &mut Sleepable,
        chip: C,
    ) -> Result<Worker<'_, O, P, F, C>, Failure> {
        if self.is_attached.swap(true, Ordering::AcqRel) {
            return Err(Failure::Busy);
        }
        Ok(Worker { engine: Engine::new(self, chip) })
    }

    /// Asks for something. The caller sleeps until `Os::complete` names the id, which can be
    /// before this returns, and then calls [`Shared::collect`].
    pub fn request<C: Unlocked>(
        &self,
        cx: &mut C,
        vap: VapId,
        request: ControlRequest,
    ) -> Result<RequestId, Failure> {
        let id = self.inbox.with(cx, |inbox, _| inbox.request(vap, request))?;
        self.os.wake_worker();
        Ok(id)
    }

    /// Fetches the result of a request, once; `None` while there is none.
    pub fn collect<C: Context>(&self, cx: &mut C, id: RequestId) -> Option<Result<(), Failure>> {
        self.inbox.with(cx, |inbox, _| inbox.collect(id))
    }

    /// Posts a filter: never waits, and only the last one counts. Any context.
    pub fn post_rx_filter(&self, filter: RxFilter) {
        self.posts.store(POSTED | u32::from(filter.bits()), Ordering::Release);
        self.os.wake_worker();
    }

    /// Sends an Ethernet packet. After [`Room::Last`] the shim stops the queue, then asks
    /// [`DataPath::is_stopped`], and starts it again if the answer is no.
    pub fn transmit<C: Unlocked>(
        &self,
        cx: &mut C,
        vap: VapId,
        packet: O::Packet,
    ) -> Result<Room, Rejected<O::Packet>> {
        self.data.transmit(cx, vap, packet)
    }

    /// Takes apart one receive transfer.
    pub fn usb_received<C: Unlocked>(&self, cx: &mut C, carry: &mut RxCarry, transfer: &[u8]) {
        let mut at = 0;
        while let Some(item) = self.framing.next_rx(carry, transfer, &mut at) {
            let kept = match item {
                RxItem::Frame(frame) => self.frame(cx, frame),
                RxItem::TxReport(report) => self.report(cx, Report::Tx(report)),
                RxItem::Message(bytes) => match heapless::Vec::from_slice(bytes) {
                    Ok(message) => self.report(cx, Report::Message(message)),
                    Err(_) => false,
                },
                RxItem::Bad => false,
            };
            if kept {
                self.os.wake_worker();
            }
        }
        self.data.drain(cx, &self.os);
    }

    /// A transfer of `queue` has come back, and its slot is free again.
    pub fn usb_sent<C: Unlocked>(&self, cx: &mut C, queue: TxQueue) {
        self.data.sent(cx, &self.os, queue);
    }

    /// Ends the device: from now on nothing is taken in, and every waiter gets its answer here.
    /// The worker ends what it has begun and says [`Next::Stopped`]; then the shim stops the pipe.
    pub fn stop<C: Unlocked>(&self, cx: &mut C) {
        while let Some((id, _)) = self.inbox.with(cx, |inbox, _| inbox.close()) {
            self.complete(cx, id, Err(DETACHED));
        }
        self.os.wake_worker();
    }

    /// Answers a waiter that has no answer yet.
    pub(crate) fn complete<C: Unlocked>(
        &self,
        cx: &mut C,
        id: RequestId,
        result: Result<(), Failure>,
    ) {
        self.complete_open(cx, id, result);
    }

    /// The same, and says whose it was if it was still waiting.
    pub(crate) fn complete_open<C: Unlocked>(
        &self,
        cx: &mut C,
        id: RequestId,
        result: Result<(), Failure>,
    ) -> Option<VapId> {
        let vap = self.inbox.with(cx, |inbox, _| inbox.complete(id, result))?;
        self.os.complete(cx, vap, id, result);
        Some(vap)
    }

    pub(crate) fn set_tap(&self, vap: Option<VapId>) {
        let raw = vap.map_or(NO_TAP, |vap| u32::from(vap.slot) << 16 | u32::from(vap.generation));
        self.tap.store(raw, Ordering::Release);
    }

    fn tap(&self) -> Option<VapId> {
        let [_, slot, high, low] = self.tap.load(Ordering::Acquire).to_be_bytes();
        (slot != u8::MAX).then_some(VapId { slot, generation: u16::from_be_bytes([high, low]) })
    }

    fn take_posted(&self) -> Option<RxFilter> {
        let raw = self.posts.swap(0, Ordering::AcqRel);
        let [bits, ..] = raw.to_le_bytes();
        (raw & POSTED != 0).then_some(RxFilter::from_bits_truncate(bits))
    }

    fn report<C: Unlocked>(&self, cx: &mut C, report: Report) -> bool {
        self.inbox.with(cx, |inbox, _| inbox.push_report(report));
        true
    }

    fn frame<C: Unlocked>(&self, cx: &mut C, frame: RxFrame<'_>) -> bool {
        if let Some(vap) = self.tap()
            && self.os.is_listening(cx, vap)
        {
            self.os.capture(cx, vap, RADIOTAP, frame.bytes);
        }
        match frame.bytes.first() {
            Some(first) if first & 0x0c == 0x00 => {
                self.inbox.with(cx, |inbox, _| inbox.push_frame(frame.bytes))
            }
            Some(first) if first & 0x8c == 0x88 => {
                self.data.receive(cx, self.os.now(), frame.bytes)
            }
            _ => false,
        }
    }
}

/// What the worker's thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Wait for `wake_worker` or the deadline.
    Sleep,
    /// Run again, after others had their turn.
    Again,
    /// Never run again: the device is gone.
    Stopped,
}

/// The half that owns all control state; the shim moves it into a thread of its own.
pub struct Worker<'d, O: Os, P, F, C> {
    engine: Engine<'d, O, P, F, C>,
}

impl<O: Os, P: Pipe<O::Packet>, F: Framing, C: Chip> Worker<'_, O, P, F, C> {
    /// Does a bounded piece of what waits: posts, requests, reports, frames, time-outs.
    pub fn run(&mut self, cx: &mut Sleepable) -> Next {
        let engine = &mut self.engine;
        let shared = engine.shared;
        if shared.inbox.with(cx, |inbox, _| inbox.is_gone()) {
            engine.halt(cx, DETACHED);
            shared.os.set_deadline(None);
            return Next::Stopped;
        }
        if let Some(filter) = shared.take_posted() {
            engine.set_rx_filter(cx, filter);
        }
        for _ in 0..REQUESTS_PER_RUN {
            let Some(next) = shared.inbox.with(cx, |inbox, _| inbox.take_request()) else { break };
            engine.request(cx, next);
        }
        for _ in 0..REPORTS_PER_RUN {
            let Some(next) = shared.inbox.with(cx, |inbox, _| inbox.take_report()) else { break };
            engine.report(cx, next);
        }
        for _ in 0..FRAMES_PER_RUN {
            let Some(next) = shared.inbox.with(cx, |inbox, _| inbox.take_frame()) else { break };
            engine.frame(cx, &next);
        }
        engine.time_passed(cx);
        let gap = shared.data.flush_reorder(cx, shared.os.now());
        shared.data.drain(cx, &shared.os);
        shared.os.set_deadline([engine.deadline(), gap].into_iter().flatten().min());
        if shared.inbox.with(cx, |inbox, _| inbox.has_work()) { Next::Again } else { Next::Sleep }
    }
}
