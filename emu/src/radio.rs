// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! One stick: a chip behind a usbredir connection, with its counters.

use std::collections::VecDeque;

use tern_sim::{
    air::{Air, Micros},
    chip::{Config, Fault, Injection, Refused, Rtl8192c, UsbChip},
};

use crate::{
    args::{Args, RadioSpec},
    link::Link,
    stats::{Entry, RadioStats},
    trace::Trace,
    usbredir::{
        peer::{Event, Peer, Setup},
        wire::{Garbage, Status},
    },
};

/// bRequest of register accesses.
const REGISTER_REQUEST: u8 = 5;
/// Largest data stage that a read may ask for.
const READ_MAX: usize = 512;

/// A bulk OUT transfer that the chip had no room for.
struct Held {
    id: u64,
    endpoint: u8,
    data: Vec<u8>,
}

/// An answer to a vendor request that a real bus would not have brought yet.
struct Answer {
    due: Micros,
    id: u64,
    setup: Setup,
    result: Result<Vec<u8>, Status>,
}

/// What a step needs from outside.
pub(crate) struct Surroundings<'a> {
    pub(crate) now: Micros,
    pub(crate) air: &'a mut Air,
    pub(crate) trace: Option<&'a mut Trace>,
}

/// A stick.
pub(crate) struct Radio {
    number: usize,
    config: Config,
    pub(crate) link: Link,
    peer: Option<Peer>,
    chip: Option<Rtl8192c>,
    is_wanted: bool,
    held: VecDeque<Held>,
    /// Shortest time that a vendor request takes.
    control_us: Micros,
    answers: VecDeque<Answer>,
    retry_at: Option<Micros>,
    unplug_after: Option<u64>,
    counters: RadioStats,
    /// Faults and notes of this chip that were reported.
    reported: [usize; 2],
    was_connected: bool,
    /// Why the last connection was given up, if that was the other side's doing.
    garbage: Option<Garbage>,
}

impl Radio {
    pub(crate) fn new(number: usize, spec: &RadioSpec, args: &Args) -> Self {
        let config = spec.config(number, &args.faults);
        let mac: Vec<String> = config.mac.iter().map(|byte| format!("{byte:02x}")).collect();
        let counters = RadioStats {
            chip: config.model.name().to_owned(),
            mac: mac.join(":"),
            ..RadioStats::default()
        };
        Self {
            number,
            config,
            link: Link::new(spec.socket.clone()),
            peer: None,
            chip: None,
            is_wanted: true,
            held: VecDeque::new(),
            control_us: args.control_us,
            answers: VecDeque::new(),
            retry_at: None,
            unplug_after: None,
            counters,
            reported: [0; 2],
            was_connected: false,
            garbage: None,
        }
    }

    /// Whether there was a connection, and is none now.
    pub(crate) fn has_hung_up(&self) -> bool {
        self.was_connected && !self.link.is_connected()
    }

    /// What the other side sent that is no usbredir.
    pub(crate) fn garbage(&self) -> Option<&Garbage> {
        self.garbage.as_ref()
    }

    /// Whether bytes wait for the socket.
    pub(crate) fn wants_write(&mut self) -> bool {
        self.peer.as_mut().is_some_and(|peer| !peer.out().is_empty())
    }

    pub(crate) fn next_event(&self, air: &Air) -> Option<Micros> {
        let chip = self.chip.as_ref().and_then(|chip| chip.next_event(air));
        let answer = self.answers.front().map(|answer| answer.due);
        [chip, answer, self.retry_at, self.link.next_event()].into_iter().flatten().min()
    }

    /// Connects if it is time to, and plugs the stick in.
    pub(crate) fn connect(&mut self, around: &mut Surroundings<'_>) -> anyhow::Result<()> {
        if self.link.connect(around.now)? {
            self.was_connected = true;
            self.chip = self.is_wanted.then(|| Rtl8192c::new(&self.config, around.air));
            self.reported = [0; 2];
            let model = Rtl8192c::new(&self.config, around.air);
            let identity = model.identity();
            around.air.leave(model.radio());
            self.peer = Some(Peer::new(identity, self.is_wanted));
        }
        Ok(())
    }

    /// Reads what has come from QEMU, and does it.
    pub(crate) fn receive(
        &mut self,
        around: &mut Surroundings<'_>,
        buffer: &mut Vec<u8>,
    ) -> anyhow::Result<()> {
        let Some(bytes) = self.link.read(buffer) else {
            self.lose(around);
            return Ok(());
        };
        let mut events = Vec::new();
        let result = match &mut self.peer {
            Some(peer) => peer.input(bytes, &mut events),
            None => Ok(()),
        };
        for event in events {
            self.handle(around, event)?;
        }
        if let Err(garbage) = result {
            eprintln!("radio {}: the connection is given up: {garbage}", self.number);
            self.garbage = Some(garbage);
            self.lose(around);
        }
        Ok(())
    }

    /// The connection is gone, and the chip has no power.
    fn lose(&mut self, around: &mut Surroundings<'_>) {
        self.link.hang_up(around.now);
        self.drop_chip(around);
        self.peer = None;
    }

    fn drop_chip(&mut self, around: &mut Surroundings<'_>) {
        if let Some(mut chip) = self.chip.take() {
            merge(&mut self.counters.faults, chip.faults());
            merge(&mut self.counters.notes, chip.notes());
            chip.unplug(around.air);
        }
        self.held.clear();
        self.answers.clear();
        self.retry_at = None;
    }

    /// Pulls the stick out.
    pub(crate) fn unplug(&mut self, around: &mut Surroundings<'_>) {
        self.is_wanted = false;
        self.unplug_after = None;
        if let Some(peer) = &mut self.peer {
            peer.unplug();
        }
        self.drop_chip(around);
    }

    /// Plugs it in again: a chip that had no power.
    pub(crate) fn plug(&mut self, around: &mut Surroundings<'_>) {
        if self.is_wanted {
            return;
        }
        self.is_wanted = true;
        if let Some(peer) = &mut self.peer {
            self.chip = Some(Rtl8192c::new(&self.config, around.air));
            self.reported = [0; 2];
            peer.plug();
        }
    }

    /// Pulls it out at its `transfers`-th transfer from now on, which is not answered.
    pub(crate) fn unplug_after(&mut self, transfers: u64) {
        self.unplug_after = Some(transfers);
    }

    /// Makes something go wrong, also after the next plug.
    pub(crate) fn inject(&mut self, injection: Injection) {
        self.config.injections.push(injection);
        if let Some(chip) = &mut self.chip {
            chip.inject(injection);
        }
    }

    /// Counts a transfer; true when the stick is pulled out instead.
    fn is_pulled_out(&mut self, around: &mut Surroundings<'_>) -> bool {
        let Some(left) = &mut self.unplug_after else { return false };
        *left = left.saturating_sub(1);
        if *left > 0 {
            return false;
        }
        self.unplug(around);
        true
    }

    fn handle(&mut self, around: &mut Surroundings<'_>, event: Event) -> anyhow::Result<()> {
        if event == Event::Reset || self.chip.is_none() || self.is_pulled_out(around) {
            return Ok(());
        }
        match event {
            Event::Vendor { id, setup, data } => self.vendor(around, id, setup, &data)?,
            Event::BulkOut { id, endpoint, data } => {
                self.held.push_back(Held { id, endpoint, data });
                self.send_held(around)?;
            }
            Event::Reset => {}
        }
        Ok(())
    }

    fn vendor(
        &mut self,
        around: &mut Surroundings<'_>,
        id: u64,
        setup: Setup,
        data: &[u8],
    ) -> anyhow::Result<()> {
        let (Some(chip), Some(peer)) = (&mut self.chip, &mut self.peer) else { return Ok(()) };
        self.counters.control_transfers += 1;
        let mut read = [0; READ_MAX];
        let len = usize::from(setup.length);
        let result = if setup.request != REGISTER_REQUEST {
            Err(Status::Stall)
        } else if !setup.is_in() {
            let written = chip.write(around.now, around.air, setup.value, data);
            written.map(|()| data).map_err(|_| Status::Stall)
        } else if let Some(out) = read.get_mut(..len) {
            let result = chip.read(around.now, setup.value, out);
            result.map(|()| &*out).map_err(|_| Status::Stall)
        } else {
            Err(Status::Stall)
        };
        self.counters.control_bytes += result.map_or(0, |data| data.len() as u64);
        if let Some(trace) = &mut around.trace {
            let direction = if setup.is_in() { "R" } else { "W" };
            let shown = result.map_err(|_| len);
            trace.register(around.now, self.number, direction, setup.value, shown)?;
        }
        if self.control_us == 0 {
            peer.control_done(id, setup, result);
        } else {
            let last = self.answers.back().map_or(around.now, |last| last.due);
            let due = last.max(around.now) + self.control_us;
            let result = result.map(<[u8]>::to_vec);
            self.answers.push_back(Answer { due, id, setup, result });
        }
        Ok(())
    }

    /// Answers vendor requests whose time has come.
    fn send_answers(&mut self, now: Micros) {
        let Some(peer) = &mut self.peer else { return };
        while self.answers.front().is_some_and(|answer| answer.due <= now) {
            let Some(Answer { id, setup, result, .. }) = self.answers.pop_front() else { return };
            peer.control_done(id, setup, result.as_deref().map_err(|status| *status));
        }
    }

    /// Bulk OUT transfers in their order, each endpoint by itself.
    fn send_held(&mut self, around: &mut Surroundings<'_>) -> anyhow::Result<()> {
        let (Some(chip), Some(peer)) = (&mut self.chip, &mut self.peer) else { return Ok(()) };
        self.retry_at = None;
        let mut is_blocked = [false; 16];
        for _ in 0..self.held.len() {
            let Some(held) = self.held.pop_front() else { break };
            let Held { id, endpoint, ref data } = held;
            let blocked = &mut is_blocked[usize::from(endpoint & 0x0f)];
            if *blocked {
                self.held.push_back(held);
                continue;
            }
            let length = data.len();
            let result = match chip.bulk_out(around.now, around.air, endpoint, data) {
                Err(Refused::Busy(at)) => {
                    *blocked = true;
                    self.retry_at = Some(self.retry_at.map_or(at, |earlier| earlier.min(at)));
                    self.held.push_back(held);
                    continue;
                }
                Err(Refused::Stall) => Err(Status::Stall),
                Ok(()) => Ok(length),
            };
            if let Some(trace) = &mut around.trace {
                trace.bulk_out(around.now, self.number, endpoint, data)?;
            }
            self.counters.bulk_transfers += 1;
            self.counters.bulk_bytes += result.map_or(0, |length| length as u64);
            peer.bulk_out_done(id, endpoint, result);
        }
        Ok(())
    }

    /// Lets the chip do what is due, gives QEMU what it waits for, and writes to the socket.
    pub(crate) fn step(&mut self, around: &mut Surroundings<'_>) -> anyhow::Result<()> {
        if let Some(chip) = &mut self.chip {
            chip.poll(around.now, around.air);
        }
        self.send_answers(around.now);
        if self.retry_at.is_some_and(|at| at <= around.now) {
            self.send_held(around)?;
        }
        self.deliver(around)?;
        self.report_faults(around)?;
        if let Some(peer) = &mut self.peer
            && !peer.out().is_empty()
            && !self.link.write(peer.out())
        {
            self.lose(around);
        }
        Ok(())
    }

    fn deliver(&mut self, around: &mut Surroundings<'_>) -> anyhow::Result<()> {
        loop {
            let (Some(chip), Some(peer)) = (&mut self.chip, &mut self.peer) else { return Ok(()) };
            let (now, number) = (around.now, self.number);
            let (air, trace) = (&mut *around.air, &mut around.trace);
            let mut traced = Ok(());
            let given = peer.bulk_in(|| {
                let transfer = chip.bulk_in(now, air)?;
                if let Some(trace) = trace {
                    traced = trace.bulk_in(now, number, &transfer);
                }
                Some(transfer)
            });
            traced?;
            let Some(len) = given else { return Ok(()) };
            self.counters.bulk_transfers += 1;
            self.counters.bulk_bytes += len as u64;
            if self.is_pulled_out(around) {
                return Ok(());
            }
        }
    }

    /// Says each new kind of fault on standard error and in the trace, and notes in the trace only.
    fn report_faults(&mut self, around: &mut Surroundings<'_>) -> anyhow::Result<()> {
        let Some(chip) = &self.chip else { return Ok(()) };
        let kinds = [("fault", chip.faults()), ("note", chip.notes())];
        for ((kind, entries), reported) in kinds.into_iter().zip(&mut self.reported) {
            for Fault { code, text, .. } in entries.iter().skip(*reported) {
                if kind == "fault" {
                    eprintln!("radio {}: fault {code}: {text}", self.number);
                }
                if let Some(trace) = &mut around.trace {
                    trace.remark(around.now, self.number, &format!("{kind} {code}: {text}"))?;
                }
            }
            *reported = entries.len();
        }
        Ok(())
    }

    /// Counters by now.
    pub(crate) fn stats(&self) -> RadioStats {
        let mut stats = self.counters.clone();
        stats.connected = self.link.is_connected();
        stats.plugged = self.peer.as_ref().is_some_and(Peer::is_plugged);
        if let Some(chip) = &self.chip {
            merge(&mut stats.faults, chip.faults());
            merge(&mut stats.notes, chip.notes());
        }
        stats
    }
}

/// Adds the faults of one chip to those of earlier ones.
fn merge(entries: &mut Vec<Entry>, faults: &[Fault]) {
    for fault in faults {
        match entries.iter_mut().find(|entry| entry.code == fault.code) {
            Some(entry) => entry.times += fault.times,
            None => entries.push(fault.into()),
        }
    }
}
