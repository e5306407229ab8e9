// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Sleeping and waking.

use std::sync::MutexGuard;

use tern_sim::air::Micros;

use super::{State, threads::switch};

/// What a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Nothing: it runs or wants to.
    Ready,
    /// A wake-up of an address.
    Channel {
        channel: usize,
        why: &'static str,
        until: Option<Micros>,
        is_idle: bool,
        can_catch: bool,
    },
    /// A lock.
    Lock(usize),
    /// A timer that is due.
    Timer,
    /// A transfer that has come back.
    Usb,
    /// It has ended.
    Over,
}

/// Why a sleep ended; the numbers are those of `enum rig_woken`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Woken {
    /// Somebody woke it.
    Woken = 0,
    /// Time passed.
    TimedOut = 1,
    /// A signal came.
    Signal = 2,
}

/// Sleeps; the caller has checked that it may.
pub(crate) fn sleep(
    mut state: MutexGuard<'static, State>,
    channel: usize,
    why: &'static str,
    until: Option<Micros>,
    is_idle: bool,
) -> (MutexGuard<'static, State>, Woken) {
    let me = state.current;
    state.threads[me].wait = Wait::Channel { channel, why, until, is_idle, can_catch: false };
    state = switch(state);
    let woken = state.threads[me].woken;
    (state, woken)
}

/// Sleeps, and a signal ends it.
pub(crate) fn sleep_interruptibly(
    mut state: MutexGuard<'static, State>,
    channel: usize,
    why: &'static str,
    until: Option<Micros>,
) -> Woken {
    let me = state.current;
    if state.threads[me].has_signal {
        return Woken::Signal;
    }
    state.threads[me].wait = Wait::Channel { channel, why, until, is_idle: false, can_catch: true };
    state = switch(state);
    state.threads[me].woken
}

/// Waits for something that is no channel.
pub(crate) fn wait_for(
    mut state: MutexGuard<'static, State>,
    wait: Wait,
) -> MutexGuard<'static, State> {
    let me = state.current;
    state.threads[me].wait = wait;
    switch(state)
}

impl State {
    /// Makes a thread ready.
    pub(crate) fn make_ready(&mut self, thread: usize, woken: Woken) {
        self.threads[thread].wait = Wait::Ready;
        self.threads[thread].woken = woken;
        self.run_queue.push_back(thread);
    }

    /// Wakes up to `max` threads that sleep on a channel, in their order.
    pub(crate) fn wake(&mut self, channel: usize, max: u32) -> u32 {
        let on_it =
            |wait: &Wait| matches!(wait, Wait::Channel { channel: on, .. } if *on == channel);
        let sleepers: Vec<usize> =
            (0..self.threads.len()).filter(|at| on_it(&self.threads[*at].wait)).collect();
        let count = sleepers.len().min(max as usize);
        for thread in sleepers.into_iter().take(count) {
            self.make_ready(thread, Woken::Woken);
        }
        count as u32
    }

    /// Wakes those whose time has come.
    pub(crate) fn poll_sleepers(&mut self) {
        let now = self.now();
        for at in 0..self.threads.len() {
            if let Wait::Channel { until: Some(until), .. } = self.threads[at].wait
                && until <= now
            {
                self.make_ready(at, Woken::TimedOut);
            }
        }
    }

    /// When the first of them is.
    pub(crate) fn next_wake(&self) -> Option<Micros> {
        let until = |wait: &Wait| match wait {
            Wait::Channel { until, .. } => *until,
            _ => None,
        };
        self.threads.iter().filter_map(|thread| until(&thread.wait)).min()
    }

    /// Wakes the threads that play interrupts when there is something for them.
    pub(crate) fn poll_waiters(&mut self) {
        let is_due = self.timers.is_due(self.now());
        let has_done = self.bus.has_done();
        for at in 0..self.threads.len() {
            let is_ready = match self.threads[at].wait {
                Wait::Timer => is_due,
                Wait::Usb => has_done,
                _ => false,
            };
            if is_ready {
                self.make_ready(at, Woken::Woken);
            }
        }
    }

    /// A signal for a thread, from now on.
    pub(crate) fn signal(&mut self, thread: usize) {
        self.threads[thread].has_signal = true;
        if matches!(self.threads[thread].wait, Wait::Channel { can_catch: true, .. }) {
            self.make_ready(thread, Woken::Signal);
        }
    }

    /// What all threads wait for, but those that wait for work.
    pub(crate) fn who_waits(&self) -> String {
        let mut text = Vec::new();
        for thread in &self.threads {
            let why = match thread.wait {
                Wait::Channel { is_idle: true, .. } | Wait::Over | Wait::Timer | Wait::Usb => {
                    continue;
                }
                Wait::Channel { channel, why, .. } => {
                    format!("sleeps on {} ({why})", self.names.describe(channel))
                }
                Wait::Lock(lock) => format!("waits for lock {}", self.lock_name(lock)),
                Wait::Ready => "runs".to_owned(),
            };
            text.push(format!("{} {why}", thread.name));
        }
        text.join(", ")
    }
}

/// Waits, outside of the kernel, for something that comes up, or for a time.
pub fn sleep_for_events(until: Micros) {
    let channel = super::user::events_channel();
    drop(sleep(super::lock(), channel, "events", Some(until), false));
}

/// Waits until the stick is gone and its driver has not been told yet.
pub fn wait_for_unplug() {
    let mut state = super::lock();
    while !state.bus.is_to_let_go() {
        state = sleep(state, super::bus::unplug_channel(), "unplug", None, true).0;
    }
}

/// Carries out what the bus does one at a time: attach, detach, suspend, resume.
pub fn exclusively<T>(work: impl FnOnce() -> T) -> T {
    let channel = super::bus::explore_channel();
    let mut state = super::lock();
    while std::mem::replace(&mut state.bus.is_exploring, true) {
        state = sleep(state, channel, "bus", None, false).0;
    }
    drop(state);
    let result = work();
    let mut state = super::lock();
    state.bus.is_exploring = false;
    state.wake(channel, 1);
    result
}

/// A helper thread waits until somebody outside wakes it.
pub fn idle_helper(channel: usize) {
    drop(sleep(super::lock(), channel, "a client", None, true));
}
