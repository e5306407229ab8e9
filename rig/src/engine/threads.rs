// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Threads, and the baton that goes round among them.

use std::{
    ffi::c_void,
    sync::{Arc, Condvar, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    OUTSIDE, State, kernel, lock,
    locks::Held,
    scopes::Scope,
    sleep::{Wait, Woken},
    user::{Nobody, User},
};

/// Stack of a thread. A kernel's is 16 to 24 KiB; the rest is for the rig's own functions.
const STACK: usize = 512 * 1024;
const ARCH_SET_GS: i32 = 0x1001;

/// One thread.
pub(crate) struct Thread {
    pub(crate) name: String,
    pub(crate) wait: Wait,
    pub(crate) woken: Woken,
    pub(crate) turn: Arc<Condvar>,
    pub(crate) held: Vec<Held>,
    pub(crate) scopes: Vec<Scope>,
    /// What `rig_kernel.cpu` returned.
    pub(crate) local: usize,
    /// Bounds of its stack.
    pub(crate) stack: (usize, usize),
    pub(crate) user: Option<Box<dyn User>>,
    /// Its process was killed.
    pub(crate) has_signal: bool,
}

impl Thread {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            wait: Wait::Ready,
            woken: Woken::Woken,
            turn: Arc::new(Condvar::new()),
            held: Vec::new(),
            scopes: Vec::new(),
            local: 0,
            stack: (0, 0),
            user: Some(Box::new(Nobody)),
            has_signal: false,
        }
    }
}

/// Passes the baton on, and returns when it is back. The caller has said what the thread waits for.
pub(crate) fn switch(mut state: MutexGuard<'static, State>) -> MutexGuard<'static, State> {
    let me = state.current;
    let turn = state.threads[me].turn.clone();
    state = pick(state);
    let next = state.current;
    if next != me {
        state.threads[next].turn.notify_one();
    }
    while state.current != me {
        state = turn.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    state
}

/// Says who runs next; while there is nobody, time passes.
fn pick(mut state: MutexGuard<'static, State>) -> MutexGuard<'static, State> {
    loop {
        state.poll();
        if let Some(next) = state.run_queue.pop_front() {
            state.current = next;
            return state;
        }
        if !state.options.is_live {
            state.pass_time();
            continue;
        }
        let wait = state.next_event().map_or(100_000, |at| at.saturating_sub(state.now()));
        let wait = Duration::from_micros(wait.clamp(50, 100_000));
        let waited = OUTSIDE.wait_timeout(state, wait);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Lets the others run first.
pub(crate) fn yield_now(mut state: MutexGuard<'static, State>) -> MutexGuard<'static, State> {
    let me = state.current;
    state.poll();
    state.run_queue.push_back(me);
    switch(state)
}

/// Makes a thread that runs when it is its turn.
pub(crate) fn create(state: &mut State, name: &str, entry: Box<dyn FnOnce() + Send>) -> usize {
    let number = state.threads.len();
    state.threads.push(Thread::new(name));
    state.run_queue.push_back(number);
    let started =
        std::thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(move || {
            begin(number);
            entry();
            end();
        });
    if let Err(error) = started {
        state.die(&format!("no thread for {name}: {error}"));
    }
    number
}

/// The first thing that a thread does: it waits for its turn and gets a processor.
fn begin(number: usize) {
    crate::crash::use_own_stack();
    let mut state = lock();
    let turn = state.threads[number].turn.clone();
    while state.current != number {
        state = turn.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    let here = &raw const number as usize;
    state.threads[number].stack = (here - STACK + 64 * 1024, here + 256);
    let name = state.threads[number].name.clone();
    drop(state);
    let Some(kernel) = kernel::kernel() else { return };
    let local = kernel.cpu(number, &name);
    lock().threads[number].local = local as usize;
    set_gs(local);
}

fn set_gs(base: *mut c_void) {
    // SAFETY: nothing else in this process uses %gs.
    let result = unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_SET_GS, base) };
    if result != 0 {
        lock().die("the process cannot set %gs");
    }
}

/// The last thing: nothing may be held. Passes the baton on for good.
pub(crate) fn end() {
    let mut state = lock();
    let me = state.current;
    let name = state.threads[me].name.clone();
    state.nothing_is_held(&format!("thread {name} ends"));
    state.threads[me].wait = Wait::Over;
    if state.is_over {
        return;
    }
    state = pick(state);
    let next = state.current;
    state.threads[next].turn.notify_one();
}

/// Makes the first thread, which carries `entry` out, and gives it the baton. Returns when the run is
/// over.
pub fn enter_first_thread(name: &str, entry: Box<dyn FnOnce() + Send>) {
    let mut state = lock();
    create(&mut state, name, entry);
    state.run_queue.clear();
    state.current = 0;
    state.threads[0].turn.notify_one();
    while !state.is_over {
        state = OUTSIDE.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Carries out something of the kernel in a thread of its own, and waits for the end of it.
pub fn call_in_thread<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let slot = Arc::new(std::sync::Mutex::new(None));
    let inner = slot.clone();
    let mut state = lock();
    let channel = Arc::as_ptr(&slot) as usize;
    create(
        &mut state,
        name,
        Box::new(move || {
            let value = work();
            *inner.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            lock().wake(channel, u32::MAX);
        }),
    );
    loop {
        if let Some(value) = slot.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return value;
        }
        state = super::sleep::sleep(state, channel, "call", None, false).0;
    }
}

/// A thread of the kernel's that nobody waits for.
pub fn spawn_helper(name: &str, work: Box<dyn FnOnce() + Send>) {
    create(&mut lock(), name, work);
}

/// Wakes a helper thread, from outside of the machine.
pub fn wake_helper(channel: usize) {
    lock().wake(channel, u32::MAX);
    super::poke();
}

/// The number of the running thread, for [`kill`].
pub fn current() -> usize {
    lock().current
}

/// Kills the process whose calls a thread makes, from outside of the machine.
pub fn kill(thread: usize) {
    lock().signal(thread);
    super::poke();
}
