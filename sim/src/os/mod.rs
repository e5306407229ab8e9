// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! An operating system that forgives nothing.
//!
//! It panics on what real kernels only sometimes punish: a lock taken twice or out of order, an
//! upcall or a sleep under a lock. Its packets come in pieces, its allocations can be made to fail,
//! and it counts everything that is alive, so that a leak is found by its kind.

mod bulk;
mod ledger;
mod packet;
mod spin;

use std::{
    ffi::CStr,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tern_core::{
    chip::ChipError,
    control::{Failure, Notice, Operation},
    io::TxQueue,
    os::{Empty, FirmwareUser, Os, OsError, Sleepable, Unlocked},
    types::{Instant, MacAddr, RequestId, Ssid, Tuning, VapId},
};

pub use bulk::{Sent, SimBulk, SimTransfer};
pub use ledger::{Alive, Ledger};
pub use packet::{SimDraft, SimPacket};
pub use spin::SimSpin;
pub(crate) use spin::assert_unlocked;

use crate::Seed;

/// What core told the rest of the kernel. Frames are copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A waiter was woken.
    Complete(RequestId, Result<(), Failure>),
    /// An accepted request ended.
    Outcome {
        /// Which.
        id: RequestId,
        /// What it had begun.
        operation: Operation,
        /// How.
        result: Result<(), Failure>,
        /// The frame that ended it.
        frame: Vec<u8>,
    },
    /// A beacon or probe response.
    Heard(Tuning, i8, Vec<u8>),
    /// A management frame of a registered kind.
    Mgmt(Tuning, i8, Vec<u8>),
    /// The access point sent us away.
    SentAway(Vec<u8>),
    /// We left.
    Left(Vec<u8>),
    /// No beacons for too long.
    BeaconLost,
    /// The signal crossed a threshold.
    Signal(i8),
    /// The link is up, in a network of this name.
    Network(Ssid),
    /// The link went up or down.
    Link(bool),
    /// An Ethernet frame went up the stack.
    Deliver(Vec<u8>),
    /// A queue was restarted.
    Ready(TxQueue),
    /// A radiotap header and a raw frame were shown.
    Capture(Vec<u8>, Vec<u8>),
}

impl Event {
    fn of(notice: Notice<'_>) -> Self {
        match notice {
            Notice::Outcome { id, operation, result, frame } => {
                Self::Outcome { id, operation, result, frame: frame.to_vec() }
            }
            Notice::Heard(heard) => {
                Self::Heard(heard.tuning, heard.signal_dbm, heard.frame.to_vec())
            }
            Notice::Mgmt(heard) => Self::Mgmt(heard.tuning, heard.signal_dbm, heard.frame.to_vec()),
            Notice::SentAway(frame) => Self::SentAway(frame.to_vec()),
            Notice::Left(frame) => Self::Left(frame.to_vec()),
            Notice::BeaconLost => Self::BeaconLost,
            Notice::Signal(dbm) => Self::Signal(dbm),
            Notice::Network(bss) => Self::Network(bss.ssid),
        }
    }
}

/// Where the operating system's time comes from, and what happens while it passes.
pub trait Clock: Send + Sync {
    /// Now.
    fn now_us(&self) -> u64;
    /// Lets time pass.
    fn pass_us(&self, micros: u64);
}

/// A clock that moves only when somebody sleeps.
#[derive(Debug, Default)]
pub struct StoppedClock(AtomicU64);

impl StoppedClock {
    /// At zero.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }
}

impl Clock for StoppedClock {
    fn now_us(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
    fn pass_us(&self, micros: u64) {
        self.0.fetch_add(micros, Ordering::Relaxed);
    }
}

/// The fake operating system, with one interface.
pub struct SimOs {
    clock: Arc<dyn Clock>,
    ledger: Arc<Ledger>,
    seed: Mutex<Seed>,
    firmware: Option<Vec<u8>>,
    is_woken: AtomicBool,
    deadline: Mutex<Option<Instant>>,
    vap: Mutex<Option<VapId>>,
    is_listening: AtomicBool,
    log: Mutex<Vec<String>>,
    events: Mutex<Vec<Event>>,
}

impl fmt::Debug for SimOs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimOs").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

impl SimOs {
    /// An operating system whose time is `clock`, with this firmware image or none, and without an
    /// interface. Its [`Ledger`] is the one of this thread.
    pub fn new(clock: Arc<dyn Clock>, seed: u64, firmware: Option<Vec<u8>>) -> Self {
        Self {
            clock,
            ledger: Ledger::current(),
            seed: Mutex::new(Seed::new(seed)),
            firmware,
            is_woken: AtomicBool::new(false),
            deadline: Mutex::new(None),
            vap: Mutex::new(None),
            is_listening: AtomicBool::new(false),
            log: Mutex::default(),
            events: Mutex::default(),
        }
    }

    /// What is alive, and which allocation fails.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// The interface that exists from now on; upcalls for others are dropped.
    pub fn set_vap(&self, vap: Option<VapId>) {
        *self.vap.lock().unwrap() = vap;
    }

    /// Whether somebody captures from now on.
    pub fn set_listening(&self, is_listening: bool) {
        self.is_listening.store(is_listening, Ordering::Relaxed);
    }

    /// Whether the worker was woken since the last call.
    pub fn take_wake(&self) -> bool {
        self.is_woken.swap(false, Ordering::AcqRel)
    }

    /// Whether the worker was woken and has not run since.
    pub fn is_woken(&self) -> bool {
        self.is_woken.load(Ordering::Acquire)
    }

    /// When the worker is to run.
    pub fn deadline_us(&self) -> Option<u64> {
        self.deadline.lock().unwrap().map(|Instant(at)| at)
    }

    /// All upcalls since the last call, in order.
    pub fn take_events(&self) -> Vec<Event> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    /// The kernel log so far.
    pub fn log_lines(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    fn upcall(&self, vap: VapId, event: impl FnOnce() -> Event) {
        assert_unlocked("an upcall");
        if *self.vap.lock().unwrap() == Some(vap) {
            self.events.lock().unwrap().push(event());
        }
    }
}

impl Os for SimOs {
    type Packet = SimPacket;
    type Spin<T: Empty + Send> = SimSpin<T>;

    fn now(&self) -> Instant {
        Instant(self.clock.now_us())
    }
    fn fill_random(&self, out: &mut [u8]) {
        let mut seed = self.seed.lock().unwrap();
        out.fill_with(|| (seed.draw() >> 24) as u8);
    }
    fn sleep_us(&self, _cx: &mut Sleepable, micros: u32) {
        assert_unlocked("sleep_us");
        self.clock.pass_us(micros.into());
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
        _name: &'static CStr,
        user: &mut FirmwareUser<'_>,
    ) -> Result<(), ChipError> {
        assert_unlocked("firmware");
        match &self.firmware {
            Some(image) => user(cx, image),
            None => Err(OsError::NoFirmware.into()),
        }
    }
    fn log(&self, line: fmt::Arguments<'_>) {
        self.log.lock().unwrap().push(line.to_string());
    }
    fn deliver<C: Unlocked>(&self, _cx: &mut C, vap: VapId, packet: SimPacket) {
        self.upcall(vap, || Event::Deliver(packet.bytes()));
    }
    fn link_changed<C: Unlocked>(&self, _cx: &mut C, vap: VapId, link: Option<MacAddr>) {
        self.upcall(vap, || Event::Link(link.is_some()));
    }
    fn transmit_ready<C: Unlocked>(&self, _cx: &mut C, vap: VapId, queue: TxQueue) {
        self.upcall(vap, || Event::Ready(queue));
    }
    fn complete<C: Unlocked>(
        &self,
        _cx: &mut C,
        vap: VapId,
        id: RequestId,
        result: Result<(), Failure>,
    ) {
        self.upcall(vap, || Event::Complete(id, result));
    }
    fn notify<C: Unlocked>(&self, _cx: &mut C, vap: VapId, notice: Notice<'_>) {
        self.upcall(vap, || Event::of(notice));
    }
    fn is_listening<C: Unlocked>(&self, _cx: &mut C, _vap: VapId) -> bool {
        assert_unlocked("is_listening");
        self.is_listening.load(Ordering::Relaxed)
    }
    fn capture<C: Unlocked>(&self, _cx: &mut C, vap: VapId, radiotap: &[u8], frame: &[u8]) {
        self.upcall(vap, || Event::Capture(radiotap.to_vec(), frame.to_vec()));
    }
}
