// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The fake operating system.

use std::{
    cell::{Cell, RefCell},
    fmt,
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tern_core::{
    control::{Failure, Notice},
    io::{Bulk, Full, Room, Transfer, TxFrame, TxQueue},
    os::{
        Context, Draft, Empty, FirmwareSink, LockClass, Os, OsError, Packet, Sleepable, Spin,
        Unlocked,
    },
    types::{Instant, RequestId, VapId},
};

thread_local! {
    static HELD: RefCell<Vec<LockClass>> = const { RefCell::new(Vec::new()) };
    static ALLOCATIONS_LEFT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Lets `left` allocations of this thread succeed, then one fail.
pub fn fail_allocation(left: Option<u32>) {
    ALLOCATIONS_LEFT.set(left);
}

fn allocate() -> Result<(), OsError> {
    match ALLOCATIONS_LEFT.get() {
        Some(0) => Err(OsError::NoMemory),
        left => {
            ALLOCATIONS_LEFT.set(left.map(|left| left - 1));
            Ok(())
        }
    }
}

/// Panics under a lock: the types should have kept it from compiling.
pub(crate) fn assert_unlocked() {
    HELD.with_borrow(|held| assert!(held.is_empty(), "called out or slept under {held:?}"));
}

/// A spin lock at a fixed address; panics when taken twice or out of order by one thread.
#[derive(Debug)]
pub struct SimSpin<T>(Box<(LockClass, Mutex<T>)>);

impl<T: Empty + Send> Spin<T> for SimSpin<T> {
    fn new(class: LockClass) -> Result<Self, OsError> {
        allocate()?;
        Ok(Self(Box::new((class, Mutex::new(T::EMPTY)))))
    }

    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let (class, lock) = &*self.0;
        HELD.with_borrow_mut(|held| {
            assert!(held.iter().all(|other| other.rank < class.rank), "{class:?} after {held:?}");
            held.push(*class);
        });
        let result = f(&mut lock.lock().expect("another thread panicked"));
        HELD.with_borrow_mut(Vec::pop);
        result
    }
}

/// A packet in pieces.
#[derive(Clone, Debug)]
pub struct SimPacket {
    pieces: Vec<Vec<u8>>,
    priority: u8,
}

impl SimPacket {
    /// A packet with these bytes, seven to a piece.
    pub fn new(bytes: &[u8]) -> Self {
        Self { pieces: bytes.chunks(7).map(<[u8]>::to_vec).collect(), priority: 0 }
    }
}

impl Packet for SimPacket {
    type Draft = SimDraft;

    fn len(&self) -> usize {
        self.pieces.iter().map(Vec::len).sum()
    }
    fn head<const N: usize>(&self) -> Option<[u8; N]> {
        let head: Vec<u8> = self.pieces.iter().flatten().copied().take(N).collect();
        head.try_into().ok()
    }
    fn segments(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(Vec::as_slice)
    }
    fn priority(&self) -> u8 {
        self.priority
    }
}

/// A packet under construction.
#[derive(Debug)]
pub struct SimDraft(Vec<u8>);

impl AsRef<[u8]> for SimDraft {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl AsMut<[u8]> for SimDraft {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Draft for SimDraft {
    type Packet = SimPacket;

    fn alloc(len: usize) -> Result<Self, OsError> {
        allocate()?;
        Ok(Self(vec![0; len]))
    }
    fn finish(self, range: Range<usize>) -> SimPacket {
        SimPacket::new(&self.0[range])
    }
}

/// What core told the rest of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A waiter was woken.
    Complete(RequestId, Result<(), Failure>),
    /// The user was told something.
    Notice(Notice),
    /// The link went up or down.
    Link(bool),
    /// A frame went up the stack.
    Deliver(Vec<u8>),
    /// A queue was restarted.
    Ready(TxQueue),
    /// A raw frame was shown.
    Capture(Vec<u8>),
}

/// The fake operating system, with one interface.
#[derive(Debug, Default)]
pub struct SimOs {
    pub(crate) now_us: AtomicU64,
    pub(crate) is_woken: AtomicBool,
    pub(crate) deadline: Mutex<Option<Instant>>,
    /// The interface that exists now.
    pub vap: Mutex<Option<VapId>>,
    /// Whether somebody captures.
    pub is_listening: AtomicBool,
    log: Mutex<Vec<String>>,
    events: Mutex<Vec<Event>>,
}

impl SimOs {
    /// All upcalls so far, in order.
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// What was handed up the stack.
    pub fn delivered(&self) -> Vec<Vec<u8>> {
        let delivered = |event| match event {
            Event::Deliver(bytes) => Some(bytes),
            _ => None,
        };
        self.events().into_iter().filter_map(delivered).collect()
    }

    fn upcall(&self, vap: VapId, event: Event) {
        assert_unlocked();
        if *self.vap.lock().unwrap() == Some(vap) {
            self.events.lock().unwrap().push(event);
        }
    }
}

impl Os for SimOs {
    type Packet = SimPacket;
    type Spin<T: Empty + Send> = SimSpin<T>;

    fn now(&self) -> Instant {
        Instant(self.now_us.load(Ordering::Relaxed))
    }
    fn fill_random(&self, out: &mut [u8]) {
        out.fill(4);
    }
    fn sleep_us(&self, _cx: &mut Sleepable, micros: u32) {
        assert_unlocked();
        self.now_us.fetch_add(micros.into(), Ordering::Relaxed);
    }
    fn wake_worker(&self) {
        self.is_woken.store(true, Ordering::Release);
    }
    fn set_deadline(&self, at: Option<Instant>) {
        *self.deadline.lock().unwrap() = at;
    }
    fn firmware(
        &self,
        cx: &mut Sleepable,
        _name: &str,
        sink: &mut FirmwareSink<'_>,
    ) -> Result<(), OsError> {
        assert_unlocked();
        [[1; 64], [2; 64]].iter().try_for_each(|piece| sink(cx, piece))
    }
    fn log(&self, line: fmt::Arguments<'_>) {
        self.log.lock().unwrap().push(line.to_string());
    }
    fn deliver<C: Unlocked>(&self, _cx: &mut C, vap: VapId, packet: SimPacket) {
        self.upcall(vap, Event::Deliver(packet.pieces.concat()));
    }
    fn link_changed<C: Unlocked>(&self, _cx: &mut C, vap: VapId, up: bool) {
        self.upcall(vap, Event::Link(up));
    }
    fn transmit_ready<C: Unlocked>(&self, _cx: &mut C, vap: VapId, queue: TxQueue) {
        self.upcall(vap, Event::Ready(queue));
    }
    fn complete<C: Unlocked>(
        &self,
        _cx: &mut C,
        vap: VapId,
        id: RequestId,
        result: Result<(), Failure>,
    ) {
        self.upcall(vap, Event::Complete(id, result));
    }
    fn notify<C: Unlocked>(&self, _cx: &mut C, vap: VapId, notice: Notice) {
        self.upcall(vap, Event::Notice(notice));
    }
    fn is_listening<C: Unlocked>(&self, _cx: &mut C, _vap: VapId) -> bool {
        assert_unlocked();
        self.is_listening.load(Ordering::Relaxed)
    }
    fn capture<C: Unlocked>(&self, _cx: &mut C, vap: VapId, _radiotap: &[u8], frame: &[u8]) {
        self.upcall(vap, Event::Capture(frame.to_vec()));
    }
}

/// Bulk pipes that keep what was sent until the test completes it.
#[derive(Debug)]
pub struct SimBulk {
    slots: usize,
    state: Mutex<BulkState>,
}

#[derive(Debug, Default)]
struct BulkState {
    taken: [usize; TxQueue::COUNT],
    sent: Vec<(TxQueue, Vec<u8>)>,
}

impl SimBulk {
    /// Pipes with `slots` places in each queue.
    pub fn new(slots: usize) -> Self {
        Self { slots, state: Mutex::default() }
    }

    /// Completes all transfers: the places are free again, the bytes go to the air.
    pub fn complete_all(&self) -> Vec<(TxQueue, Vec<u8>)> {
        let mut state = self.state.lock().unwrap();
        let sent = std::mem::take(&mut state.sent);
        for (queue, _) in &sent {
            state.taken[*queue as usize] -= 1;
        }
        sent
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
    fn start_receiving(&self, _: &mut Sleepable, _: u8, _: usize) -> Result<(), OsError> {
        Ok(())
    }
    fn stop(&self, _cx: &mut Sleepable) {
        self.complete_all();
    }
}

impl Transfer<SimPacket> for SimTransfer<'_> {
    fn submit<C: Context>(mut self, _cx: &mut C, frame: TxFrame<'_, SimPacket>) -> Room {
        let len = frame.len();
        let body = frame.packet.pieces.concat();
        let bytes = [frame.prefix, &body[frame.skip..], frame.suffix].concat();
        assert_eq!(bytes.len(), len);
        self.is_used = true;
        let mut state = self.bulk.state.lock().unwrap();
        state.sent.push((self.queue, bytes));
        if state.taken[self.queue as usize] == self.bulk.slots { Room::Last } else { Room::Left }
    }
}
