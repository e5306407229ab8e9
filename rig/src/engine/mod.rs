// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the fake kernels stand on: `rig_*` of rig.h, by subject.
//!
//! There is one rig in a process. Its threads are real, but the baton goes round: exactly one runs,
//! and only a call that may block passes it on. So a run is a function of its options.

mod bus;
mod fault;
mod ffi;
mod heap;
mod kernel;
mod locks;
mod memory;
mod names;
mod objects;
mod scopes;
mod sleep;
mod threads;
mod timers;
mod user;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
};

use tern_sim::{Seed, air::Micros, world::Ether};

pub use bus::{Access, Stick};
pub use fault::{Fault, finish, report_crash};
pub use ffi::{primitive, primitives};
pub use kernel::Kernel;
pub use memory::Area;
pub use names::Names;
pub use sleep::{Woken, exclusively, idle_helper, sleep_for_events, wait_for_unplug};
pub use threads::{call_in_thread, current, enter_first_thread, kill, spawn_helper, wake_helper};
pub use user::{Event, EventKind, Nobody, User, events_channel};

/// Calls for which virtual time may go on without an end before the run is given up.
const PATIENCE_US: Micros = 600_000_000;

/// How a run goes.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where all chance comes from.
    pub seed: u64,
    /// The allocation that may fail, from 1, which does.
    pub fail_at: Option<u64>,
    /// Time is that of the wall clock.
    pub is_live: bool,
    /// Whether the console is shown while it is written.
    pub is_loud: bool,
}

/// Everything that the primitives share.
pub struct State {
    pub(crate) options: Options,
    pub(crate) faults: Vec<Fault>,
    pub(crate) threads: Vec<threads::Thread>,
    pub(crate) run_queue: VecDeque<usize>,
    pub(crate) current: usize,
    pub(crate) heap: heap::Heap,
    pub(crate) areas: Vec<Area>,
    pub(crate) names: Names,
    pub(crate) objects: BTreeMap<usize, objects::Object>,
    pub(crate) order: locks::Order,
    pub(crate) timers: timers::Timers,
    pub(crate) bus: bus::Bus,
    pub(crate) ether: Arc<Ether>,
    pub(crate) seed: Seed,
    pub(crate) events: VecDeque<Event>,
    pub(crate) console: VecDeque<String>,
    pub(crate) sections: Vec<(String, usize, usize)>,
    pub(crate) firmware: Vec<u8>,
    pub(crate) may_fail: u64,
    /// Nothing that goes on may last beyond this time.
    pub(crate) give_up_at: Micros,
    /// The wall clock at time 0 of the run.
    pub(crate) started: std::time::Instant,
    pub(crate) is_over: bool,
    /// What is made now is the kernel's own.
    pub(crate) is_booting: bool,
}

// SAFETY: the pointers in it are addresses to compare, and the memory behind them is the process's.
unsafe impl Send for State {}

static STATE: OnceLock<Mutex<State>> = OnceLock::new();
/// Who waits for something from outside of the rig: the wall clock, a socket.
static OUTSIDE: Condvar = Condvar::new();

/// Makes the rig of this process.
///
/// # Panics
///
/// When there is one already.
pub fn start(options: Options, ether: Arc<Ether>, stick: Stick, firmware: Vec<u8>) {
    let state = State {
        seed: Seed::new(options.seed ^ 0x716),
        options,
        faults: Vec::new(),
        threads: Vec::new(),
        run_queue: VecDeque::new(),
        current: 0,
        heap: heap::Heap::new(),
        areas: Vec::new(),
        names: Names::default(),
        objects: BTreeMap::new(),
        order: locks::Order::default(),
        timers: timers::Timers::default(),
        bus: bus::Bus::new(stick),
        ether,
        events: VecDeque::new(),
        console: VecDeque::new(),
        sections: Vec::new(),
        firmware,
        may_fail: 0,
        give_up_at: PATIENCE_US,
        started: std::time::Instant::now(),
        is_over: false,
        is_booting: false,
    };
    assert!(STATE.set(Mutex::new(state)).is_ok(), "there is one rig in a process");
}

/// The state. A panic elsewhere does not hide it.
///
/// # Panics
///
/// Before [`start`].
pub fn lock() -> MutexGuard<'static, State> {
    let state = STATE.get().expect("the rig was started");
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The state, unless somebody (perhaps this thread) holds it, or there is none.
pub(crate) fn try_lock() -> Option<MutexGuard<'static, State>> {
    match STATE.get()?.try_lock() {
        Ok(guard) => Some(guard),
        Err(std::sync::TryLockError::Poisoned(error)) => Some(error.into_inner()),
        Err(std::sync::TryLockError::WouldBlock) => None,
    }
}

/// Something came from outside.
pub fn poke() {
    OUTSIDE.notify_all();
}

impl State {
    /// Time.
    pub fn now(&self) -> Micros {
        self.ether.lock().now
    }

    /// Lets what is due happen: transfers, sleepers, timers.
    pub(crate) fn poll(&mut self) {
        if self.options.is_live {
            let wall = self.started.elapsed().as_micros() as Micros;
            let mut ether = self.ether.lock();
            if wall > ether.now {
                ether.advance(wall);
            }
        }
        self.poll_bus();
        self.poll_sleepers();
        self.poll_waiters();
    }

    /// When the next thing happens by itself.
    pub(crate) fn next_event(&self) -> Option<Micros> {
        let ether = self.ether.lock().next_event();
        let own = [ether, self.timers.next(), self.next_wake(), self.next_transfer()];
        own.into_iter().flatten().min()
    }

    /// All threads are blocked: time goes on to the next event.
    pub(crate) fn pass_time(&mut self) {
        let now = self.now();
        if now > self.give_up_at {
            let waiting = self.who_waits();
            self.die(&format!("nothing comes to an end; {waiting}"));
        }
        match self.next_event() {
            Some(at) => {
                let to = at.max(now + 1);
                self.ether.lock().advance(to);
            }
            None => {
                let waiting = self.who_waits();
                self.die(&format!("deadlock; {waiting}"));
            }
        }
    }

    /// The operation that begins now must end within so many microseconds.
    pub fn must_end_within(&mut self, micros: Micros) {
        self.give_up_at = self.now() + micros;
    }

    /// What the kernel makes meanwhile is its own.
    pub fn set_booting(&mut self, is_booting: bool) {
        self.is_booting = is_booting;
    }

    /// Whether time is that of the wall clock.
    pub fn is_live(&self) -> bool {
        self.options.is_live
    }

    /// Chance.
    pub(crate) fn fill_random(&mut self, out: &mut [u8]) {
        out.fill_with(|| (self.seed.draw() >> 24) as u8);
    }

    /// A line of the console.
    pub(crate) fn say(&mut self, line: &str) {
        if self.options.is_loud {
            eprintln!("{:>10} {line}", self.now());
        }
        self.console.push_back(line.to_owned());
        if self.console.len() > 400 {
            self.console.pop_front();
        }
    }
}
