// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The two halves of a device: [`Shared`] is called from every context, [`Worker`] by the one
//! thread that owns all control state.

mod place;

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use crate::{
    chip::{Chip, ChipInfo, Identity},
    control::{ControlRequest, DETACHED, Failure, RxFilter},
    data::{DataPath, EAPOL_MAX, PeerStats},
    engine::Engine,
    inbox::{FrameKinds, Inbox, MgmtFrame, is_management},
    io::{Framing, Pipe, Reject, Rejected, Room, RxCarry, RxFlags, RxFrame, RxItem, TxQueue},
    os::{Context, Draft, Lock, Os, OsError, Packet, Sleepable, Unlocked, rank},
    radio::{ChannelRule, Regulatory},
    radiotap,
    scan::{Joined, KEPT_MAX, ScanResult, ScanTable},
    stats,
    trace::{Event, Stage, Trace, describe},
    types::{Channel, Instant, MacAddr, RequestId, Tuning, VapId},
};

/// Interfaces of one device; [`VapId::slot`] is below this.
pub const VAPS_MAX: usize = 4;
/// Requests that one [`Worker::run`] takes, and so on.
const REQUESTS_PER_RUN: usize = 4;
const REPORTS_PER_RUN: usize = 16;
const FRAMES_PER_RUN: usize = 8;

/// Bytes of a [`Worker`] without its chip.
const WORKER_LEN_MAX: usize = 2304;

/// Set in `Shared::posts` while a filter waits for the worker.
const POSTED: u32 = 1 << 8;
/// Set in `Shared::taps` for an interface that exists.
const TAPPED: u32 = 1 << 31;

/// The bytes that come with a request.
pub type Body<O> = <<O as Os>::Packet as Packet>::Draft;

/// What [`Shared::attach`] makes: the other half, and what the hardware said of itself.
pub type Attached<'d, O, P, F, C> = (Worker<'d, O, P, F, C>, Identity);

/// The half that everybody may call.
pub struct Shared<O: Os, P, F> {
    /// The operating system.
    pub os: O,
    /// The data path.
    pub data: DataPath<O, P>,
    /// What happened.
    pub trace: Trace<O>,
    pub(crate) inbox: Lock<O, { rank::INBOX }, Inbox<Body<O>>>,
    pub(crate) results: Lock<O, { rank::SCAN }, ScanTable>,
    framing: F,
    info: &'static ChipInfo,
    /// By interface slot: a filter that waits, [`POSTED`] and the generation above.
    posts: [AtomicU32; VAPS_MAX],
    /// By interface slot: [`TAPPED`] and the generation.
    taps: [AtomicU32; VAPS_MAX],
    /// Where the radio is: MHz, and the width in the bits above.
    tuning: AtomicU32,
    /// What the last [`ControlRequest::Peek`] read, its address above.
    peeked: AtomicU64,
    is_attached: AtomicBool,
}

impl<O: Os, P: Pipe<O::Packet>, F: Framing> Shared<O, P, F> {
    /// A device that nobody works for yet. The tables are behind its locks, so it may be moved
    /// to its final place.
    pub fn new(os: O, pipe: P, framing: F, info: &'static ChipInfo) -> Result<Self, OsError> {
        Ok(Self {
            data: DataPath::new(pipe)?,
            trace: Trace::new()?,
            inbox: Lock::<O, _, _>::new(c"tern inbox")?,
            results: Lock::<O, _, _>::new(c"tern scan")?,
            os,
            framing,
            info,
            posts: [const { AtomicU32::new(0) }; VAPS_MAX],
            taps: [const { AtomicU32::new(0) }; VAPS_MAX],
            tuning: AtomicU32::new(0),
            peeked: AtomicU64::new(0),
            is_attached: AtomicBool::new(false),
        })
    }

    /// What the chip is.
    pub const fn info(&self) -> &'static ChipInfo {
        self.info
    }

    /// Asks the chip what it is, and makes the other half; there is one only. No firmware is
    /// needed. Errors: what the hardware said, or [`Failure::Busy`] the second time.
    pub fn attach<'d, C: Chip>(
        &'d self,
        cx: &mut Sleepable,
        mut chip: C,
    ) -> Result<Attached<'d, O, P, F, C>, Failure> {
        let claim = self.claim(cx, &mut chip)?;
        let identity = claim.identity;
        Ok((claim.into_worker(chip), identity))
    }

    /// The first half of [`Shared::attach`], for shims that count the bytes of their stack: asks
    /// the chip what it is. [`Claim::into_worker`] is the second half.
    #[inline(never)]
    pub fn claim<'d, C: Chip>(
        &'d self,
        cx: &mut Sleepable,
        chip: &mut C,
    ) -> Result<Claim<'d, O, P, F>, Failure> {
        if self.is_attached.swap(true, Ordering::AcqRel) {
            return Err(Failure::Busy);
        }
        self.trace.record(cx, &self.os, Stage::Call { what: "identify", tuning: None });
        let identity = chip.identify(cx);
        let result = identity.map(|_| ());
        self.trace.record(cx, &self.os, Stage::Done { what: "identify", result });
        let identity =
            identity.inspect_err(|_| self.is_attached.store(false, Ordering::Release))?;
        Ok(Claim { shared: self, identity })
    }

    /// Asks for something; `body` is what [`ControlRequest`] says. The caller sleeps until
    /// `Os::complete` names the id, which can be before this returns, and then calls
    /// [`Shared::collect`]. Errors: [`Failure::Busy`] without a free slot, [`DETACHED`] at the end.
    pub fn request<C: Unlocked>(
        &self,
        cx: &mut C,
        vap: VapId,
        request: ControlRequest,
        body: Option<Body<O>>,
    ) -> Result<RequestId, Failure> {
        let (what, tuning) = describe(&request);
        let id = self.inbox.with(cx, |inbox, _| inbox.request(vap, request, body))?;
        self.trace.record(cx, &self.os, Stage::Request { id, vap, what, tuning });
        self.os.wake_worker();
        Ok(id)
    }

    /// Fetches the result of a request, once; `None` while there is none.
    pub fn collect<C: Context>(&self, cx: &mut C, id: RequestId) -> Option<Result<(), Failure>> {
        self.inbox.with(cx, |inbox, _| inbox.collect(id))
    }

    /// The caller was interrupted and waits no more. What has not begun is forgotten; what has
    /// begun goes on, and its notice still comes.
    pub fn abandon<C: Context>(&self, cx: &mut C, id: RequestId) {
        self.inbox.with(cx, |inbox, _| inbox.abandon(id));
    }

    /// Posts what an interface wants to receive: never waits, only the last one counts. Any
    /// context. A slot of [`VAPS_MAX`] or above is nobody's.
    pub fn post_rx_filter(&self, vap: VapId, filter: RxFilter) {
        if let Some(post) = self.posts.get(usize::from(vap.slot)) {
            let raw = u32::from(vap.generation) << 16 | POSTED | u32::from(filter.bits());
            post.store(raw, Ordering::Release);
            self.os.wake_worker();
        }
    }

    /// Posts the regulatory domain: never waits, only the last one counts.
    pub fn post_regulatory<C: Context>(&self, cx: &mut C, regulatory: &Regulatory) {
        self.inbox.with(cx, |inbox, _| inbox.post_regulatory(regulatory));
        self.os.wake_worker();
    }

    /// Says which received management frames go up as [`crate::control::Notice::Mgmt`], besides
    /// those that other notices carry. They go to interface `vap`; only the last call counts.
    pub fn register_frames<C: Context>(&self, cx: &mut C, vap: VapId, kinds: FrameKinds) {
        self.inbox.with(cx, |inbox, _| inbox.set_kinds(vap, kinds));
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

    /// Sends a frame of a monitor as it is; it begins with a radiotap header, which says how.
    /// Otherwise like [`Shared::transmit`]. Refused while the radio is nowhere.
    pub fn inject<C: Unlocked>(
        &self,
        cx: &mut C,
        vap: VapId,
        packet: O::Packet,
    ) -> Result<Room, Rejected<O::Packet>> {
        let Some(tuning) = self.tuning() else {
            return Err(Rejected { value: packet, reason: Reject::NoPeer });
        };
        let Some(params) = radiotap::TxParams::of(&packet) else {
            return Err(Rejected { value: packet, reason: Reject::Malformed });
        };
        self.data.inject(cx, vap, &params, tuning.width, packet)
    }

    /// Takes apart one receive transfer.
    pub fn usb_received<C: Unlocked>(&self, cx: &mut C, carry: &mut RxCarry, transfer: &[u8]) {
        let mut at = 0;
        let mut has_news = false;
        while let Some(item) = self.framing.next_rx(carry, transfer, &mut at) {
            // A transfer may hold more small frames than the list of those to be delivered.
            if self.data.is_crowded() {
                self.data.drain(cx, &self.os);
            }
            has_news |= match item {
                RxItem::Frame(frame) => self.frame(cx, &frame),
                RxItem::TxReport(report) => {
                    self.inbox.with(cx, |inbox, _| inbox.push_report(report))
                }
                RxItem::Message(bytes) => self.inbox.with(cx, |inbox, _| inbox.push_message(bytes)),
                RxItem::Bad => false,
            };
        }
        if has_news {
            self.os.wake_worker();
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
        while let Some(id) = self.inbox.with(cx, |inbox, _| inbox.close()) {
            self.complete(cx, id, Err(DETACHED));
        }
        self.os.wake_worker();
    }

    /// What is known of the traffic with a peer.
    pub fn peer_stats<C: Context>(
        &self,
        cx: &mut C,
        vap: VapId,
        addr: MacAddr,
    ) -> Option<PeerStats> {
        self.data.peer_stats(cx, vap, addr)
    }

    /// Place `index` (below [`crate::scan::RESULTS_MAX`]) of the networks that were heard, if
    /// there is one and it is not too old; and how many bytes of elements it has.
    pub fn scan_result<C: Context>(
        &self,
        cx: &mut C,
        now: Instant,
        index: usize,
        elements: &mut [u8; KEPT_MAX],
    ) -> Option<(ScanResult, usize)> {
        self.results.with(cx, |results, _| {
            Some((results.get(index, now)?, results.elements(index, elements)))
        })
    }

    /// The network that the station belongs to.
    pub fn joined<C: Context>(&self, cx: &mut C) -> Option<Joined> {
        self.results.with(cx, |results, _| results.joined())
    }

    /// What the regulatory domain posted last allows on a channel; `None` is nothing.
    pub fn rule<C: Context>(&self, cx: &mut C, channel: Channel) -> Option<ChannelRule> {
        self.inbox.with(cx, |inbox, _| inbox.rule(channel))
    }

    /// Shows the event ring, oldest first; `show` runs without a lock.
    pub fn events<C: Context>(&self, cx: &mut C, show: &mut dyn FnMut(&Event)) {
        self.trace.events(cx, show);
    }

    /// Shows every counter with its name: stages of the event ring, and what was dropped.
    pub fn counters<C: Context>(&self, cx: &mut C, show: &mut dyn FnMut(&'static str, u64)) {
        stats::show(self, cx, show);
    }

    /// Answers a waiter that has no answer yet; says whose it was.
    pub(crate) fn complete<C: Unlocked>(
        &self,
        cx: &mut C,
        id: RequestId,
        result: Result<(), Failure>,
    ) -> Option<VapId> {
        let (vap, is_waiting) = self.inbox.with(cx, |inbox, _| inbox.complete(id, result))?;
        self.trace.record(cx, &self.os, Stage::Complete { id, result });
        if is_waiting {
            self.os.complete(cx, vap, id, result);
        }
        Some(vap)
    }

    /// Frames are shown to this interface while somebody looks at it.
    pub(crate) fn set_tap(&self, vap: VapId, is_on: bool) {
        if let Some(tap) = self.taps.get(usize::from(vap.slot)) {
            let raw = if is_on { TAPPED | u32::from(vap.generation) } else { 0 };
            tap.store(raw, Ordering::Release);
        }
    }

    /// What the last [`ControlRequest::Peek`] read, the byte at its address lowest; `None` if that
    /// was another address.
    pub fn peeked(&self, addr: u16) -> Option<u32> {
        let peeked = self.peeked.load(Ordering::Acquire);
        let [b0, b1, b2, b3, low, high, ..] = peeked.to_le_bytes();
        (u16::from_le_bytes([low, high]) == addr).then(|| u32::from_le_bytes([b0, b1, b2, b3]))
    }

    pub(crate) fn set_peeked(&self, addr: u16, value: u32) {
        self.peeked.store(u64::from(addr) << 32 | u64::from(value), Ordering::Release);
    }

    /// The filter that an interface posted since the last call.
    pub(crate) fn take_posted(&self, slot: u8) -> Option<(VapId, RxFilter)> {
        let raw = self.posts.get(usize::from(slot))?.swap(0, Ordering::AcqRel);
        let [bits, posted, low, high] = raw.to_le_bytes();
        let vap = VapId { slot, generation: u16::from_le_bytes([low, high]) };
        (posted != 0).then_some((vap, RxFilter::from_bits_truncate(bits)))
    }

    /// Sorts a frame; says whether the worker has something to do.
    fn frame<C: Unlocked>(&self, cx: &mut C, frame: &RxFrame<'_>) -> bool {
        let Some(tuning) = self.tuning() else { return false }; // Off: a late transfer.
        self.show(cx, frame, tuning);
        if frame.flags.contains(RxFlags::BAD_FCS) {
            false
        } else if is_management(frame.bytes) {
            self.management(cx, frame, tuning)
        } else if self.data.has_peers() {
            self.data.receive(cx, self.os.now(), frame)
        } else {
            self.keep_early(cx, frame, tuning)
        }
    }

    fn show<C: Unlocked>(&self, cx: &mut C, frame: &RxFrame<'_>, tuning: Tuning) {
        for (slot, tap) in (0..).zip(&self.taps) {
            let [low, high, _, flags] = tap.load(Ordering::Acquire).to_le_bytes();
            let vap = VapId { slot, generation: u16::from_le_bytes([low, high]) };
            if flags != 0 && self.os.is_listening(cx, vap) {
                let header = radiotap::rx_header(frame, tuning, frame.tsf_us.into());
                self.os.capture(cx, vap, &header, frame.bytes);
            }
        }
    }

    fn management<C: Unlocked>(&self, cx: &mut C, frame: &RxFrame<'_>, tuning: Tuning) -> bool {
        if !self.inbox.with(cx, |inbox, _| inbox.wants(frame.bytes)) {
            return false;
        }
        let Ok(mut draft) = Body::<O>::alloc(frame.bytes.len()) else { return false };
        let Some(to) = draft.as_mut().get_mut(..frame.bytes.len()) else { return false };
        to.copy_from_slice(frame.bytes);
        let signal_dbm = frame.signal_dbm.unwrap_or(i8::MIN);
        let kept = MgmtFrame { draft, signal_dbm, rate: frame.rate, tuning, at: self.os.now() };
        self.inbox.with(cx, |inbox, _| inbox.push_frame(kept))
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

/// The right to make the one [`Worker`] of a device.
pub struct Claim<'d, O: Os, P, F> {
    shared: &'d Shared<O, P, F>,
    /// What the hardware said of itself.
    pub identity: Identity,
}

impl<'d, O: Os, P: Pipe<O::Packet>, F: Framing> Claim<'d, O, P, F> {
    /// Makes it, with the chip that was asked.
    #[inline]
    pub fn into_worker<C: Chip>(self, chip: C) -> Worker<'d, O, P, F, C> {
        const {
            // It is moved over a kernel stack; how large a chip is, is its author's to bound.
            assert!(size_of::<Worker<'d, O, P, F, C>>() - size_of::<C>() <= WORKER_LEN_MAX);
        }
        Worker { engine: Engine::new(self.shared, chip, &self.identity) }
    }
}

/// The half that owns all control state; the shim moves it into a thread of its own.
pub struct Worker<'d, O: Os, P, F, C> {
    engine: Engine<'d, O, P, F, C>,
}

impl<O: Os, P: Pipe<O::Packet>, F: Framing, C: Chip> Worker<'_, O, P, F, C> {
    /// Does a bounded piece of what waits: posts, requests, reports, frames, time-outs.
    pub fn run(&mut self, cx: &mut Sleepable) -> Next {
        let shared = self.engine.shared;
        if shared.inbox.with(cx, |inbox, _| inbox.is_gone()) {
            self.engine.detach(cx);
            shared.os.set_deadline(None);
            return Next::Stopped;
        }
        self.take_posts(cx);
        self.take_requests(cx);
        self.take_reports(cx);
        self.take_frames(cx);
        let gap = shared.data.flush_reorder(cx, shared.os.now());
        self.take_eapol(cx);
        self.engine.time_passed(cx);
        shared.data.drain(cx, &shared.os);
        shared.os.set_deadline([self.engine.deadline(), gap].into_iter().flatten().min());
        if shared.inbox.with(cx, |inbox, _| inbox.has_work()) { Next::Again } else { Next::Sleep }
    }

    fn take_posts(&mut self, cx: &mut Sleepable) {
        let shared = self.engine.shared;
        for slot in (0..).take(VAPS_MAX) {
            if let Some((vap, filter)) = shared.take_posted(slot) {
                self.engine.set_rx_filter(cx, vap, filter);
            }
        }
        if let Some(regulatory) = shared.inbox.with(cx, |inbox, _| inbox.take_regulatory()) {
            self.engine.set_regulatory(cx, regulatory);
        }
    }

    fn take_requests(&mut self, cx: &mut Sleepable) {
        let shared = self.engine.shared;
        for n in 0..REQUESTS_PER_RUN {
            let Some(next) = shared.inbox.with(cx, |inbox, _| inbox.take_request()) else {
                if n == 0 {
                    shared.trace.count(cx, Stage::Wake);
                }
                break;
            };
            if n == 0 {
                shared.trace.record(cx, &shared.os, Stage::Wake);
            }
            self.engine.request(cx, next);
        }
    }

    fn take_reports(&mut self, cx: &mut Sleepable) {
        let shared = self.engine.shared;
        for _ in 0..REPORTS_PER_RUN {
            let Some(next) = shared.inbox.with(cx, |inbox, _| inbox.take_report()) else { break };
            self.engine.report(cx, next);
        }
        for _ in 0..REPORTS_PER_RUN {
            let Some(next) = shared.inbox.with(cx, |inbox, _| inbox.take_message()) else { break };
            self.engine.message(cx, &next);
        }
    }

    fn take_frames(&mut self, cx: &mut Sleepable) {
        let shared = self.engine.shared;
        for _ in 0..FRAMES_PER_RUN {
            let Some(next) = shared.inbox.with(cx, |inbox, _| inbox.take_frame()) else { break };
            self.engine.frame(cx, &next);
        }
        shared.receive_early(cx);
    }

    fn take_eapol(&mut self, cx: &mut Sleepable) {
        for _ in 0..EAPOL_MAX {
            let Some(packet) = self.engine.shared.data.take_eapol(cx) else { break };
            self.engine.eapol(cx, &packet);
        }
    }
}
