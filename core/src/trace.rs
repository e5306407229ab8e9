// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What happened, in order and typed: a ring of events that every context writes to, and a
//! counter for each kind of event.
//!
//! The text form ([`Event`]'s `Display`) is one line: `microseconds stage key=value ..`. It is
//! what debugfs shows and what `cargo xtask trace` reads.

use core::fmt;

use crate::{
    chip::{ChipError, RegisterBus},
    control::{ControlRequest, Failure},
    os::{Context, Empty, Lock, Os, OsError, Sleepable, rank},
    types::{Instant, RequestId, Tuning, VapId, Width},
};

/// Events kept; the oldest is overwritten.
pub const EVENTS_MAX: usize = 256;

/// Declares the enum and the names of its variants, which are also the names of the counters.
macro_rules! stages {
    ($($(#[$doc:meta])* $variant:ident $({ $($(#[$fdoc:meta])* $field:ident: $type:ty),* $(,)? })? = $name:literal,)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Stage {
            $($(#[$doc])* $variant $({ $($(#[$fdoc])* $field: $type),* })?,)*
        }

        #[derive(Clone, Copy)]
        enum Kind { $($variant),* }

        /// Names of all stages, in the order of the counters.
        pub const STAGE_NAMES: &[&str] = &[$($name),*];

        impl Stage {
            /// The name of the stage, as the text form begins.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $name),* }
            }

            /// Place among the counters.
            #[allow(clippy::as_conversions, reason = "the number of a variant, and no other way")]
            const fn index(&self) -> usize {
                match self { $(Self::$variant { .. } => Kind::$variant as usize),* }
            }
        }
    };
}

stages! {
    /// A request was taken in.
    Request {
        /// Its id.
        id: RequestId,
        /// Of which interface.
        vap: VapId,
        /// Its name.
        what: &'static str,
        /// To where, if it names a channel.
        tuning: Option<Tuning>,
    } = "request",
    /// The worker takes a request. Its other runs are only counted.
    Wake = "worker",
    /// A state machine wants something.
    Action {
        /// What.
        what: &'static str,
    } = "action",
    /// A call of the chip begins.
    Call {
        /// Which.
        what: &'static str,
        /// To where, if it tunes.
        tuning: Option<Tuning>,
    } = "chip",
    /// It has returned.
    Done {
        /// Which.
        what: &'static str,
        /// How it went.
        result: Result<(), ChipError>,
    } = "chip_done",
    /// A register was written.
    Write {
        /// Address.
        addr: u16,
        /// Bytes.
        len: u8,
        /// The first four of them, least significant first.
        value: u32,
    } = "write",
    /// A register was read. Counted only: polling would push everything else out of sight.
    Read {
        /// Address.
        addr: u16,
        /// Bytes.
        len: u8,
        /// The first four of them, least significant first.
        value: u32,
    } = "read",
    /// A register access failed.
    RegisterError {
        /// Address.
        addr: u16,
        /// Why.
        error: OsError,
    } = "register_error",
    /// A waiting caller was answered.
    Complete {
        /// Which.
        id: RequestId,
        /// How it went.
        result: Result<(), Failure>,
    } = "complete",
    /// What an accepted request began has ended.
    Outcome {
        /// Which.
        id: RequestId,
        /// How it went.
        result: Result<(), Failure>,
    } = "outcome",
    /// A state machine is in another state.
    State {
        /// Which machine.
        machine: &'static str,
        /// The state that it is in now.
        now: &'static str,
    } = "state",
    /// A management frame was sent, or not.
    Sent {
        /// Its subtype.
        subtype: u8,
        /// Whether the pipe took it.
        ok: bool,
    } = "sent",
    /// A management frame reached the worker.
    Received {
        /// Its subtype.
        subtype: u8,
    } = "received",
}

const KINDS: usize = STAGE_NAMES.len();

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What.
    pub stage: Stage,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at.0, self.stage.name())?;
        match self.stage {
            Stage::Request { id, vap, what, tuning } => {
                write!(f, " id={} vap={} what={what}", Id(id), vap.slot)?;
                tuning.map_or(Ok(()), |tuning| write_tuning(f, tuning))
            }
            Stage::Wake => Ok(()),
            Stage::Action { what } => write!(f, " what={what}"),
            Stage::Call { what, tuning } => {
                write!(f, " call={what}")?;
                tuning.map_or(Ok(()), |tuning| write_tuning(f, tuning))
            }
            Stage::Done { what, result } => write!(f, " call={what} result={}", Word(&result)),
            Stage::Write { addr, len, value } | Stage::Read { addr, len, value } => {
                write!(f, " addr={addr:#06x} len={len} value={value:#010x}")
            }
            Stage::RegisterError { addr, error } => {
                write!(f, " addr={addr:#06x} error={error:?}")
            }
            Stage::Complete { id, result } | Stage::Outcome { id, result } => {
                write!(f, " id={} result={}", Id(id), Word(&result))
            }
            Stage::State { machine, now } => write!(f, " machine={machine} now={now}"),
            Stage::Sent { subtype, ok } => write!(f, " subtype={subtype} ok={ok}"),
            Stage::Received { subtype } => write!(f, " subtype={subtype}"),
        }
    }
}

fn write_tuning(f: &mut fmt::Formatter<'_>, tuning: Tuning) -> fmt::Result {
    let width = match tuning.width {
        Width::Mhz20 => "20",
        Width::Mhz40Above => "40+",
        Width::Mhz40Below => "40-",
    };
    write!(f, " channel={:?} mhz={} width={width}", tuning.channel, tuning.channel.mhz())
}

struct Id(RequestId);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0.slot, self.0.generation)
    }
}

/// A result as one word: `ok`, or what `Debug` prints with its spaces taken out.
struct Word<'a, E>(&'a Result<(), E>);

impl<E: fmt::Debug> fmt::Display for Word<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        match self.0 {
            Ok(()) => f.write_str("ok"),
            Err(error) => write!(OneWord(f), "{error:?}"),
        }
    }
}

struct OneWord<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for OneWord<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().filter(|letter| *letter != ' ').try_for_each(|l| self.0.write_char(l))
    }
}

/// The events, behind their lock.
#[derive(Debug)]
pub struct Ring {
    events: [Option<Event>; EVENTS_MAX],
    /// Events written so far, ever.
    written: u64,
    counts: [u64; KINDS],
}

impl Empty for Ring {
    const EMPTY: Self = Self { events: [None; EVENTS_MAX], written: 0, counts: [0; KINDS] };
}

/// The place of event number `n`.
fn place(n: u64) -> usize {
    usize::try_from(n).unwrap_or(0) % EVENTS_MAX // usize is 64 bits, or the ring starts over.
}

impl Ring {
    fn count(&mut self, stage: Stage) {
        if let Some(count) = self.counts.get_mut(stage.index()) {
            *count = count.saturating_add(1);
        }
    }

    fn push(&mut self, event: Event) {
        if let Some(place) = self.events.get_mut(place(self.written)) {
            *place = Some(event);
        }
        self.written = self.written.wrapping_add(1);
        self.count(event.stage);
    }
}

/// The event ring of a device.
pub struct Trace<O: Os> {
    ring: Lock<O, { rank::TRACE }, Ring>,
}

impl<O: Os> Trace<O> {
    /// An empty one.
    pub fn new() -> Result<Self, OsError> {
        Ok(Self { ring: Lock::<O, _, _>::new(c"tern trace")? })
    }

    /// Writes an event.
    pub fn record<C: Context>(&self, cx: &mut C, os: &O, stage: Stage) {
        let event = Event { at: os.now(), stage };
        self.ring.with(cx, |ring, _| match stage {
            Stage::Read { .. } => ring.count(stage),
            _ => ring.push(event),
        });
    }

    /// Counts what is not worth a place in the ring.
    pub fn count<C: Context>(&self, cx: &mut C, stage: Stage) {
        self.ring.with(cx, |ring, _| ring.count(stage));
    }

    /// Shows the events, oldest first; `show` runs without a lock. What is written meanwhile may
    /// push the oldest out of sight.
    pub fn events<C: Context>(&self, cx: &mut C, show: &mut dyn FnMut(&Event)) {
        let end = self.ring.with(cx, |ring, _| ring.written);
        let len = u64::try_from(EVENTS_MAX).unwrap_or(0);
        for n in end.saturating_sub(len)..end {
            let event = self.ring.with(cx, |ring, _| ring.events.get(place(n)).copied().flatten());
            if let Some(event) = event {
                show(&event);
            }
        }
    }

    /// Shows how often each stage was reached.
    pub fn counters<C: Context>(&self, cx: &mut C, show: &mut dyn FnMut(&'static str, u64)) {
        for (index, name) in STAGE_NAMES.iter().enumerate() {
            let count = self.ring.with(cx, |ring, _| ring.counts.get(index).copied());
            show(name, count.unwrap_or(0));
        }
    }
}

/// A [`RegisterBus`] that writes every access into the event ring.
pub struct TracedBus<'d, O: Os, B> {
    bus: B,
    os: &'d O,
    trace: &'d Trace<O>,
}

impl<'d, O: Os, B: RegisterBus> TracedBus<'d, O, B> {
    /// Shims wrap their bus with this, with [`crate::device::Shared::trace`].
    pub const fn new(bus: B, os: &'d O, trace: &'d Trace<O>) -> Self {
        Self { bus, os, trace }
    }

    fn note(&self, cx: &mut Sleepable, result: Result<(), OsError>, addr: u16, good: Stage) {
        let stage = match result {
            Ok(()) => good,
            Err(error) => Stage::RegisterError { addr, error },
        };
        self.trace.record(cx, self.os, stage);
    }
}

/// Length and first four bytes.
fn digest(bytes: &[u8]) -> (u8, u32) {
    let mut first = [0; 4];
    for (to, from) in first.iter_mut().zip(bytes) {
        *to = *from;
    }
    (u8::try_from(bytes.len()).unwrap_or(u8::MAX), u32::from_le_bytes(first))
}

impl<O: Os, B: RegisterBus> RegisterBus for TracedBus<'_, O, B> {
    fn read(&mut self, cx: &mut Sleepable, addr: u16, out: &mut [u8]) -> Result<(), OsError> {
        let result = self.bus.read(cx, addr, out);
        let (len, value) = digest(out);
        self.note(cx, result, addr, Stage::Read { addr, len, value });
        result
    }

    fn write(&mut self, cx: &mut Sleepable, addr: u16, data: &[u8]) -> Result<(), OsError> {
        let result = self.bus.write(cx, addr, data);
        let (len, value) = digest(data);
        self.note(cx, result, addr, Stage::Write { addr, len, value });
        result
    }

    fn delay_us(&mut self, cx: &mut Sleepable, micros: u32) {
        self.bus.delay_us(cx, micros);
    }

    fn now(&self) -> Instant {
        self.bus.now()
    }
}

/// The name of a request and where it tunes to, without what it carries.
pub(crate) const fn describe(request: &ControlRequest) -> (&'static str, Option<Tuning>) {
    match request {
        ControlRequest::Up(..) => ("up", None),
        ControlRequest::Down => ("down", None),
        ControlRequest::Suspend => ("suspend", None),
        ControlRequest::Resume => ("resume", None),
        ControlRequest::Peek(_) => ("peek", None),
        ControlRequest::SetChannel(tuning) => ("set_channel", Some(*tuning)),
        ControlRequest::SetKey(_) => ("set_key", None),
        ControlRequest::DeleteKey(_) => ("delete_key", None),
        ControlRequest::SetDefaultKey(_) => ("set_default_key", None),
        ControlRequest::SetPort(..) => ("set_port", None),
        ControlRequest::SetTxPower(_) => ("set_tx_power", None),
        ControlRequest::Deauth(..) => ("deauth", None),
        ControlRequest::Disassoc(..) => ("disassoc", None),
        ControlRequest::Scan => ("scan", None),
        ControlRequest::AbortScan => ("abort_scan", None),
        ControlRequest::Auth(info) => ("auth", Some(info.tuning)),
        ControlRequest::Assoc(info) => ("assoc", Some(info.tuning)),
        ControlRequest::SendMgmt(info) => ("send_mgmt", info.tuning),
        ControlRequest::Remain(tuning, _) => ("remain", Some(*tuning)),
        ControlRequest::AbortRemain => ("abort_remain", None),
        ControlRequest::Join(_) => ("join", None),
        ControlRequest::Leave => ("leave", None),
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::types::Channel;

    fn check(stage: Stage, expect: &str) {
        assert_eq!(Event { at: Instant(7), stage }.to_string(), expect);
    }

    #[test]
    fn an_event_is_one_line_of_words() {
        let id = RequestId { slot: 1, generation: 2 };
        let tuning = Channel::ghz2(6).map(Tuning::narrow);
        check(Stage::Wake, "7 worker");
        check(
            Stage::Call { what: "set_channel", tuning },
            "7 chip call=set_channel channel=6 mhz=2437 width=20",
        );
        check(
            Stage::Write { addr: 0x522, len: 1, value: 0xff },
            "7 write addr=0x0522 len=1 value=0x000000ff",
        );
        check(Stage::Complete { id, result: Ok(()) }, "7 complete id=1.2 result=ok");
        let result = Err(Failure::Chip(ChipError::Timeout("power on")));
        check(Stage::Outcome { id, result }, "7 outcome id=1.2 result=Chip(Timeout(\"poweron\"))");
    }

    #[test]
    fn the_ring_keeps_the_newest_and_counts_all() {
        let mut ring = Ring::EMPTY;
        for n in 0..300 {
            ring.push(Event { at: Instant(n), stage: Stage::Wake });
        }
        assert_eq!(ring.counts[1], 300);
        assert_eq!(ring.events[place(299)].unwrap().at, Instant(299));
        assert!(ring.events.iter().flatten().all(|event| event.at >= Instant(44)));
    }
}
