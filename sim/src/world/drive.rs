// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What makes a world go on: the worker's thread, interrupts, time, and the shim's end of it all.

use tern_core::{
    device::Next,
    io::{Bulk, Reject, Room, TxQueue},
    os::{Atomic, Os, Packet, Sleepable},
};

use super::{RUNS_MAX, VAP, World};
use crate::{
    access_point::eapol,
    air::Micros,
    os::{Event, SimPacket},
};

/// After the stick was pulled out, the shim hears of it within so many steps.
const STEPS_TO_DISCONNECT: u64 = 20;

impl World<'_> {
    /// Lets the next thing happen; `false` when there is none before `end`.
    pub fn step(&mut self, end: Micros) -> bool {
        self.work();
        self.wire.interrupts();
        let has_news = self.hear_the_driver();
        self.maybe_disconnect();
        let os = &self.wire.device.os;
        if has_news || os.is_woken() && self.worker.is_some() {
            return true;
        }
        let deadline = if self.worker.is_some() { os.deadline_us() } else { None };
        let mut ether = self.wire.ether.lock();
        let now = ether.now;
        let own = ether.next_event();
        drop(ether);
        let next = [own, deadline, self.wire.next_event()].into_iter().flatten().min();
        let next = next.unwrap_or(Micros::MAX).max(now + 1);
        let is_before = next < end;
        ether = self.wire.ether.lock();
        ether.advance(next.min(end));
        is_before
    }

    /// Lets things happen until `is_over`, for at most `micros`; whether it became true.
    pub fn run_until(
        &mut self,
        micros: Micros,
        mut is_over: impl FnMut(&mut Self) -> bool,
    ) -> bool {
        let end = self.now() + micros;
        loop {
            let goes_on = self.step(end);
            if is_over(self) {
                return true;
            }
            if !goes_on {
                return false;
            }
        }
    }

    /// Time.
    pub fn now(&self) -> Micros {
        self.wire.ether.lock().now
    }

    /// Lets the worker run until it sleeps.
    fn work(&mut self) {
        for _ in 0..RUNS_MAX {
            let os = &self.wire.device.os;
            let is_due = os.deadline_us().is_some_and(|at| at <= self.now());
            let Some(worker) = &mut self.worker else { return };
            if !os.take_wake() && !is_due {
                return;
            }
            match worker.run(&mut Sleepable::enter_from_shim()) {
                Next::Sleep => {}
                Next::Again => os.wake_worker(),
                Next::Stopped => self.worker = None,
            }
        }
        panic!("the worker never sleeps");
    }

    /// The rest of the kernel takes what the driver queued for it; says whether there was anything.
    pub(super) fn hear_the_driver(&mut self) -> bool {
        let events = self.wire.device.os.take_events();
        let has_news = !events.is_empty();
        for event in events {
            match event {
                Event::Complete(id, result) => self.answered(id, result),
                Event::Outcome { id, operation, result, frame } => {
                    self.ended(id, operation, result, frame);
                }
                Event::Link(is_up) => self.is_up = is_up,
                Event::Ready(queue) => self.is_stopped_queue[queue as usize] = false,
                Event::Deliver(bytes) if is_eapol(&bytes) => {
                    self.eapol.push_back(bytes[14..].to_vec());
                }
                Event::Deliver(bytes) => self.received.push_back(bytes),
                other => self.told.push(other),
            }
        }
        has_news
    }

    /// The USB stack tells the shim that the stick is gone, some time after it is.
    fn maybe_disconnect(&mut self) {
        if self.worker.is_some() && self.stop_at.is_some_and(|at| at <= self.now()) {
            self.stop();
        }
        if !self.wire.ether.lock().is_unplugged || self.worker.is_none() {
            return;
        }
        match self.steps_to_disconnect {
            None => {
                let steps = self.wire.ether.lock().seed.draw() % STEPS_TO_DISCONNECT;
                self.steps_to_disconnect = Some(steps);
            }
            Some(0) => self.stop(),
            Some(steps) => self.steps_to_disconnect = Some(steps - 1),
        }
    }

    /// The shim ends the device: core first, then the worker, then the pipe.
    pub fn stop(&mut self) {
        let cx = &mut Sleepable::enter_from_shim();
        self.wire.device.stop(cx);
        for _ in 0..RUNS_MAX {
            let Some(worker) = &mut self.worker else { break };
            if worker.run(cx) == Next::Stopped {
                self.worker = None;
            }
        }
        if self.worker.is_some() {
            self.complaints.push("the worker does not stop".to_owned());
        }
        self.wire.device.data.pipe.bulk.stop(cx);
        self.wire.cancel();
        self.hear_the_driver();
    }

    /// Makes the shim end the device at this time.
    pub fn stop_at(&mut self, at: Micros) {
        self.stop_at = Some(at);
    }

    /// Ends the device if nobody has yet, and checks what must hold then.
    pub fn end(&mut self) {
        if !self.is_stopped() {
            self.stop();
        }
        self.check_end();
    }

    /// Whether the worker has ended.
    pub fn is_stopped(&self) -> bool {
        self.worker.is_none()
    }

    /// Sends an Ethernet frame as a stack does: not while its queue is stopped.
    pub fn send(&mut self, ethernet: &[u8], priority: u8) -> Result<(), Reject> {
        let queue = TxQueue::from_priority(priority);
        let is_free = |world: &mut Self| !world.is_stopped_queue[queue as usize];
        if !is_free(self) && !self.run_until(1_000_000, is_free) {
            if !self.is_stopped() {
                self.complaints.push(format!("queue {queue:?} was never restarted"));
            }
            return Err(Reject::Full);
        }
        let packet = SimPacket::new(ethernet, priority);
        let cx = &mut Atomic::enter_from_shim();
        match self.wire.device.transmit(cx, VAP, packet) {
            Ok(Room::Left) => Ok(()),
            Ok(Room::Last) => {
                let is_stopped = self.wire.device.data.is_stopped(cx, VAP, queue);
                self.is_stopped_queue[queue as usize] = is_stopped;
                Ok(())
            }
            Err(rejected) => {
                if rejected.value.len() != ethernet.len() {
                    self.complaints.push("a rejected packet came back changed".to_owned());
                }
                self.is_stopped_queue[queue as usize] = rejected.reason == Reject::Full
                    && self.wire.device.data.is_stopped(cx, VAP, queue);
                Err(rejected.reason)
            }
        }
    }

    /// Counters of the driver that are not zero.
    pub fn counters(&self) -> Vec<(&'static str, u64)> {
        let mut counters = Vec::new();
        let cx = &mut Sleepable::enter_from_shim();
        self.wire.device.counters(cx, &mut |name, count| {
            if count > 0 {
                counters.push((name, count));
            }
        });
        counters
    }

    /// Kernel log, for reports.
    pub fn log_lines(&self) -> Vec<String> {
        self.wire.device.os.log_lines()
    }
}

fn is_eapol(ethernet: &[u8]) -> bool {
    ethernet.get(12..14) == Some(&eapol::ETHERTYPE.to_be_bytes())
}
