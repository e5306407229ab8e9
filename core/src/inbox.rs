// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What waits for the worker: request slots, reports, and management frames, each bounded by
//! itself, so that a flood of one kind never keeps out another.

mod filter;

use heapless::{Deque, Vec};

use self::filter::Worth;
pub(crate) use self::filter::is_management;
pub use self::filter::{FrameFilter, FrameKinds};
use crate::{
    control::{ControlRequest, DETACHED, Failure},
    device::VAPS_MAX,
    early::{self, EARLY_MAX},
    io::TxReport,
    os::Empty,
    radio::{ChannelRule, Regulatory},
    types::{Channel, Instant, MacAddr, Rate, RequestId, Tuning, VapId},
    wire::header::MgmtSubtype,
};

/// Requests that can wait or be under way at once: one for each waiting caller.
pub const REQUESTS_MAX: usize = 8;
/// Transmit reports kept; when full the newest is dropped.
pub const REPORTS_MAX: usize = 32;
/// Messages of the firmware kept; when full the newest is dropped.
pub const MESSAGES_MAX: usize = 8;
/// Longest message of a firmware taken in.
pub const MESSAGE_LEN_MAX: usize = 64;
/// Management frames kept.
pub const FRAMES_MAX: usize = 32;
/// Places that foreign beacons and probe requests never take.
pub const FRAMES_RESERVED: usize = 8;
/// Longest management frame taken in.
pub const FRAME_LEN_MAX: usize = 2304;

/// A request on its way to the worker.
#[derive(Debug)]
pub struct Request<D> {
    /// Which.
    pub id: RequestId,
    /// Of which interface.
    pub vap: VapId,
    /// What.
    pub request: ControlRequest,
    /// The bytes that came with it.
    pub body: Option<D>,
}

/// A message of the firmware.
pub type Message = Vec<u8, MESSAGE_LEN_MAX>;

/// A received management frame.
#[derive(Debug)]
pub struct MgmtFrame<D> {
    /// The frame, in a buffer of its own.
    pub draft: D,
    /// How strong, dBm; -128 if it was not measured.
    pub signal_dbm: i8,
    /// How fast.
    pub rate: Rate,
    /// Where the radio was.
    pub tuning: Tuning,
    /// When.
    pub at: Instant,
}

#[derive(Clone, Copy, Debug)]
enum Waiter {
    Free,
    /// The worker has it, or will.
    Open(VapId),
    /// The same, but nobody waits for the answer any more.
    Abandoned(VapId),
    /// The caller has not fetched the result yet; only then can the slot be used again.
    Done(Result<(), Failure>),
}

/// How much was dropped because there was no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// Management frames.
    pub frames: u32,
    /// Transmit reports.
    pub reports: u32,
    /// Messages of the firmware.
    pub messages: u32,
}

/// The queues behind one lock. `D` is the operating system's draft.
#[derive(Debug)]
pub struct Inbox<D> {
    gone: bool,
    waiters: [(u16, Waiter); REQUESTS_MAX],
    requests: Deque<Request<D>, REQUESTS_MAX>,
    reports: Deque<TxReport, REPORTS_MAX>,
    messages: Deque<Message, MESSAGES_MAX>,
    frames: Deque<MgmtFrame<D>, FRAMES_MAX>,
    early: Deque<MgmtFrame<D>, EARLY_MAX>,
    filter: FrameFilter,
    kinds_for: Option<VapId>,
    /// What was posted last; before that the world's rules hold.
    regulatory: Option<Regulatory>,
    has_regulatory: bool,
    drops: Drops,
}

impl<D> Empty for Inbox<D> {
    const EMPTY: Self = Self {
        gone: false,
        waiters: [(0, Waiter::Free); REQUESTS_MAX],
        requests: Deque::new(),
        reports: Deque::new(),
        messages: Deque::new(),
        frames: Deque::new(),
        early: Deque::new(),
        filter: FrameFilter {
            scanning: false,
            bssid: None,
            own: [MacAddr::ZERO; VAPS_MAX],
            kinds: FrameKinds::empty(),
        },
        kinds_for: None,
        regulatory: None,
        has_regulatory: false,
        drops: Drops { frames: 0, reports: 0, messages: 0 },
    };
}

impl<D: AsRef<[u8]>> Inbox<D> {
    /// Takes a slot for a request.
    pub fn request(
        &mut self,
        vap: VapId,
        request: ControlRequest,
        body: Option<D>,
    ) -> Result<RequestId, Failure> {
        if self.gone {
            return Err(DETACHED);
        }
        let (slot, (generation, waiter)) = (0..)
            .zip(&mut self.waiters)
            .find(|(_, (_, waiter))| matches!(waiter, Waiter::Free))
            .ok_or(Failure::Busy)?;
        let id = RequestId { slot, generation: *generation };
        let request = Request { id, vap, request, body };
        self.requests.push_back(request).map_err(|_| Failure::Busy)?;
        *waiter = Waiter::Open(vap);
        Ok(id)
    }

    /// The next request, oldest first.
    pub fn take_request(&mut self) -> Option<Request<D>> {
        self.requests.pop_front()
    }

    /// Stores a result; `None` if this request already has one, for instance from [`Inbox::close`].
    /// With whose it was comes whether somebody waits for it.
    pub fn complete(
        &mut self,
        id: RequestId,
        result: Result<(), Failure>,
    ) -> Option<(VapId, bool)> {
        let waiter = self.waiter(id)?;
        match *waiter {
            Waiter::Open(vap) => {
                *waiter = Waiter::Done(result);
                Some((vap, true))
            }
            Waiter::Abandoned(vap) => {
                self.free(id);
                Some((vap, false))
            }
            Waiter::Free | Waiter::Done(_) => None,
        }
    }

    /// Fetches a result and frees the slot; `None` while there is none.
    pub fn collect(&mut self, id: RequestId) -> Option<Result<(), Failure>> {
        let Waiter::Done(result) = *self.waiter(id)? else { return None };
        self.free(id);
        Some(result)
    }

    /// Nobody waits for the answer any more: what has not begun is forgotten, what has begun goes
    /// on, and its slot frees itself.
    pub fn abandon(&mut self, id: RequestId) {
        let Some(waiter) = self.waiter(id) else { return };
        match *waiter {
            Waiter::Done(_) => self.free(id),
            Waiter::Open(vap) => {
                *waiter = Waiter::Abandoned(vap);
                if self.forget(id) {
                    self.free(id);
                }
            }
            Waiter::Free | Waiter::Abandoned(_) => {}
        }
    }

    /// Takes a request out of the queue; says whether it was there.
    fn forget(&mut self, id: RequestId) -> bool {
        let mut found = false;
        for _ in 0..self.requests.len() {
            let Some(request) = self.requests.pop_front() else { break };
            if request.id == id {
                found = true;
            } else {
                let pushed = self.requests.push_back(request);
                debug_assert!(pushed.is_ok(), "it came from there");
            }
        }
        found
    }

    /// From now on nothing comes in; returns one of the waiters still to be answered.
    pub fn close(&mut self) -> Option<RequestId> {
        self.gone = true;
        self.requests.clear();
        self.frames.clear();
        self.early.clear();
        (0..).zip(&self.waiters).find_map(|(slot, (generation, waiter))| match waiter {
            Waiter::Open(_) | Waiter::Abandoned(_) => {
                Some(RequestId { slot, generation: *generation })
            }
            Waiter::Free | Waiter::Done(_) => None,
        })
    }

    /// Whether the device is gone.
    pub const fn is_gone(&self) -> bool {
        self.gone
    }

    /// Queues a report; says whether there was room.
    pub fn push_report(&mut self, report: TxReport) -> bool {
        let kept = !self.gone && self.reports.push_back(report).is_ok();
        self.drops.reports = self.drops.reports.saturating_add((!kept).into());
        kept
    }

    /// The next report.
    pub fn take_report(&mut self) -> Option<TxReport> {
        self.reports.pop_front()
    }

    /// Queues a message of the firmware; says whether there was room.
    pub fn push_message(&mut self, bytes: &[u8]) -> bool {
        let message = Vec::from_slice(bytes).ok();
        let kept = !self.gone && message.is_some_and(|m| self.messages.push_back(m).is_ok());
        self.drops.messages = self.drops.messages.saturating_add((!kept).into());
        kept
    }

    /// The next message.
    pub fn take_message(&mut self) -> Option<Message> {
        self.messages.pop_front()
    }

    /// Whether a management frame is worth a copy, and there is a place for it.
    pub fn wants(&mut self, frame: &[u8]) -> bool {
        let limit = match self.filter.worth(frame) {
            Worth::None => return false,
            Worth::Common => FRAMES_MAX - FRAMES_RESERVED,
            Worth::Ours => FRAMES_MAX,
        };
        if self.gone || frame.len() > FRAME_LEN_MAX {
            return false;
        }
        let has_room = self.frames.len() < limit;
        self.drops.frames = self.drops.frames.saturating_add((!has_room).into());
        has_room
    }

    /// Queues a management frame that [`Inbox::wants`] said yes to; the place may be gone again.
    pub fn push_frame(&mut self, frame: MgmtFrame<D>) -> bool {
        let kept = !self.gone && self.frames.push_back(frame).is_ok();
        self.drops.frames = self.drops.frames.saturating_add((!kept).into());
        kept
    }

    /// The next management frame.
    pub fn take_frame(&mut self) -> Option<MgmtFrame<D>> {
        self.frames.pop_front()
    }

    /// Whether a data frame without a peer is worth a copy.
    pub(crate) fn wants_early(&self, frame: &[u8]) -> bool {
        !self.gone && early::is_early(&self.filter, frame)
    }

    /// Keeps it; an older one makes room.
    pub(crate) fn push_early(&mut self, frame: MgmtFrame<D>) -> bool {
        if self.early.is_full() {
            self.early.pop_front();
        }
        !self.gone && self.early.push_back(frame).is_ok()
    }

    /// The next that was kept.
    pub(crate) fn take_early(&mut self) -> Option<MgmtFrame<D>> {
        self.early.pop_front()
    }

    /// Says which management frames of access points are worth keeping.
    pub fn set_filter(&mut self, scanning: bool, bssid: Option<MacAddr>, own: [MacAddr; VAPS_MAX]) {
        if self.filter.bssid != bssid {
            self.early.clear();
        }
        self.filter.scanning = scanning;
        self.filter.bssid = bssid;
        self.filter.own = own;
    }

    /// Says which the user of `vap` wants.
    pub const fn set_kinds(&mut self, vap: VapId, kinds: FrameKinds) {
        self.filter.kinds = kinds;
        self.kinds_for = Some(vap);
    }

    /// Who wants to see frames of this subtype.
    pub fn wanted_by(&self, subtype: MgmtSubtype) -> Option<VapId> {
        self.kinds_for.filter(|_| self.filter.kinds.has(subtype))
    }

    /// Posts a regulatory domain.
    pub fn post_regulatory(&mut self, regulatory: &Regulatory) {
        self.regulatory = Some(regulatory.clone());
        self.has_regulatory = true;
    }

    /// What the domain in force allows on a channel.
    pub fn rule(&self, channel: Channel) -> Option<ChannelRule> {
        match &self.regulatory {
            Some(regulatory) => regulatory.rule(channel),
            None => Regulatory::world().rule(channel),
        }
    }

    /// The domain posted last, once.
    pub fn take_regulatory(&mut self) -> Option<Regulatory> {
        core::mem::take(&mut self.has_regulatory).then(|| self.regulatory.clone())?
    }

    /// Whether something waits for the worker.
    pub fn has_work(&self) -> bool {
        !(self.requests.is_empty()
            && self.reports.is_empty()
            && self.messages.is_empty()
            && self.frames.is_empty())
    }

    /// How much was dropped so far.
    pub const fn drops(&self) -> Drops {
        self.drops
    }

    fn waiter(&mut self, id: RequestId) -> Option<&mut Waiter> {
        let (generation, waiter) = self.waiters.get_mut(usize::from(id.slot))?;
        (*generation == id.generation).then_some(waiter)
    }

    fn free(&mut self, id: RequestId) {
        if let Some(slot) = self.waiters.get_mut(usize::from(id.slot)) {
            *slot = (id.generation.wrapping_add(1), Waiter::Free);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::header::Header;

    const VAP: VapId = VapId { slot: 0, generation: 0 };
    const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
    const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);

    type TestInbox = Inbox<std::vec::Vec<u8>>;

    fn frame(subtype: MgmtSubtype, from: MacAddr) -> [u8; 24] {
        zerocopy::transmute!(Header::mgmt(subtype, MacAddr::BROADCAST, from, from))
    }

    fn push(inbox: &mut TestInbox, frame: &[u8]) -> bool {
        inbox.wants(frame)
            && inbox.push_frame(MgmtFrame {
                draft: frame.to_vec(),
                signal_dbm: -40,
                rate: Rate::SLOWEST,
                tuning: Tuning::narrow(crate::types::Channel::ghz2(1).unwrap()),
                at: Instant(0),
            })
    }

    #[test]
    fn a_flood_of_foreign_beacons_leaves_room_for_a_deauthentication() {
        let mut inbox = TestInbox::EMPTY;
        inbox.set_filter(true, Some(AP), [MacAddr::ZERO; VAPS_MAX]);
        let beacon = frame(MgmtSubtype::Beacon, OTHER);
        let kept = (0..100).filter(|_| push(&mut inbox, &beacon)).count();
        assert_eq!(kept, FRAMES_MAX - FRAMES_RESERVED);
        assert!(push(&mut inbox, &frame(MgmtSubtype::Deauth, AP)));
        assert!(!push(&mut inbox, &frame(MgmtSubtype::Deauth, OTHER)));
        assert_eq!(inbox.drops().frames, 100 - 24);
    }

    #[test]
    fn what_is_sent_to_others_is_none_of_our_business() {
        let mut inbox = TestInbox::EMPTY;
        let mut deauth = frame(MgmtSubtype::Deauth, AP);
        inbox.set_filter(false, Some(AP), [OTHER, MacAddr::ZERO, MacAddr::ZERO, MacAddr::ZERO]);
        assert!(inbox.wants(&deauth));
        deauth[4..10].copy_from_slice(&[2, 0, 0, 0, 0, 7]);
        assert!(!inbox.wants(&deauth));
        deauth[4..10].copy_from_slice(&OTHER.0);
        assert!(inbox.wants(&deauth));
        deauth[4..10].fill(0);
        assert!(!inbox.wants(&deauth));
    }

    #[test]
    fn frames_are_filtered_before_they_are_copied() {
        let mut inbox = TestInbox::EMPTY;
        for subtype in (0..16).filter_map(MgmtSubtype::new) {
            assert!(!inbox.wants(&frame(subtype, OTHER)), "{subtype:?}");
        }
        inbox.set_kinds(VAP, FrameKinds::AUTH);
        assert!(inbox.wants(&frame(MgmtSubtype::Auth, OTHER)));
        assert!(!inbox.wants(&frame(MgmtSubtype::Auth, OTHER)[..23]));
        assert!(!inbox.wants(&frame(MgmtSubtype::Action, OTHER)));
        assert!(!inbox.wants(&[0xd4, 0]));
    }

    #[test]
    fn an_abandoned_slot_frees_itself() {
        let mut inbox = TestInbox::EMPTY;
        let waiting = inbox.request(VAP, ControlRequest::Down, None).unwrap();
        inbox.abandon(waiting);
        assert!(inbox.take_request().is_none());
        assert_eq!(inbox.complete(waiting, Ok(())), None);

        let begun = inbox.request(VAP, ControlRequest::Scan, None).unwrap();
        assert_ne!(begun, waiting);
        assert!(inbox.take_request().is_some());
        inbox.abandon(begun);
        assert_eq!(inbox.complete(begun, Ok(())), Some((VAP, false)));
        assert_eq!(inbox.collect(begun), None);
    }

    #[test]
    fn each_slot_waits_for_its_collector() {
        let mut inbox = TestInbox::EMPTY;
        let ids: std::vec::Vec<_> =
            (0..REQUESTS_MAX).map(|_| inbox.request(VAP, ControlRequest::Down, None)).collect();
        assert!(ids.iter().all(Result::is_ok));
        assert_eq!(inbox.request(VAP, ControlRequest::Down, None), Err(Failure::Busy));
        let first = ids[0].unwrap();
        assert_eq!(inbox.collect(first), None);
        assert_eq!(inbox.complete(first, Err(Failure::Down)), Some((VAP, true)));
        assert_eq!(inbox.complete(first, Ok(())), None);
        assert_eq!(inbox.collect(first), Some(Err(Failure::Down)));
        assert_eq!(inbox.collect(first), None);
        let mut unanswered = 0;
        while let Some(id) = inbox.close() {
            assert!(inbox.complete(id, Err(DETACHED)).is_some());
            unanswered += 1;
        }
        assert_eq!(unanswered, REQUESTS_MAX - 1);
        assert_eq!(inbox.request(VAP, ControlRequest::Down, None), Err(DETACHED));
    }
}
