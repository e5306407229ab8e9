// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Visits channel after channel. No I/O and no clock.

use super::{SSIDS_MAX, ScanRequest};
use crate::{
    action::{Action, Actions, ChipCommand, Frame, Origin, Proof},
    chip::ChipError,
    control::Failure,
    radio::Regulatory,
    types::{Instant, Tuning},
};

/// Time on a channel where we ask and nobody answers.
const ACTIVE_MIN_US: u64 = 40_000;
/// Time on a channel where somebody answers.
const ACTIVE_MAX_US: u64 = 100_000;
/// Time on a channel where we only listen: a beacon interval of 102.4 ms, and a little.
const PASSIVE_US: u64 = 110_000;
/// Time at home between two channels, without and with traffic.
const HOME_QUIET_US: u64 = 20_000;
const HOME_BUSY_US: u64 = 100_000;

/// What the machine looks up.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// What is asked for.
    pub request: ScanRequest<'a>,
    /// What is allowed.
    pub regulatory: &'a Regulatory,
    /// There is a network to go back to between channels.
    pub has_home: bool,
    /// It has traffic for us.
    pub is_busy: bool,
}

/// One channel of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Visit {
    tuning: Tuning,
    is_active: bool,
}

impl Plan<'_> {
    fn visit(&self, index: usize) -> Option<Visit> {
        let mut all = self.regulatory.channels();
        let mut some = self.request.channels().filter(|c| self.regulatory.rule(*c).is_some());
        let is_any = self.request.channels().next().is_none();
        let channel = if is_any { all.nth(index) } else { some.nth(index) }?;
        let may_ask = !self.request.passive && self.request.ssids().next().is_some();
        let is_active = may_ask && self.regulatory.allows_initiating(channel);
        Some(Visit { tuning: Tuning::narrow(channel), is_active })
    }
}

/// What can happen to a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Begin; the engine has made sure that nobody else needs the radio.
    Start(Origin),
    /// A beacon or probe response came in.
    Heard,
    /// The chip carried out the last [`Action::Chip`].
    ChipDone(Result<(), ChipError>),
    /// [`Scan::deadline`] may have come.
    Deadline,
    /// End early.
    Abort,
    /// The chip stops: forget everything.
    Halt,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Idle,
    /// Waits for the chip.
    Beginning(Origin),
    /// Waits for the chip, on the way to channel number n.
    Tuning(Origin, usize),
    /// Listens on channel number n.
    Dwelling(Origin, usize, Dwell),
    /// Waits for the chip, on the way home after channel number n.
    Returning(Origin, usize),
    /// At home after channel number n.
    Home(Origin, usize, Instant),
    /// Waits for the chip, on the way home for good.
    Ending(Origin, Result<(), Failure>),
    /// The same, before anything had begun.
    Failing(Origin, Failure),
}

/// A stay on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dwell {
    pub(super) until: Instant,
    /// Until then if somebody is heard.
    pub(super) longest: Instant,
}

/// The scanner of one device.
#[derive(Debug, Default)]
pub struct Scan {
    pub(super) state: State,
}

impl Scan {
    /// Takes one input. `plan` is that of the scan that runs or, with [`Input::Start`], begins.
    pub fn handle(&mut self, now: Instant, input: Input, plan: &Plan<'_>, out: &mut Actions) {
        self.state = match (self.state, input) {
            (_, Input::Halt) => State::Idle,
            (State::Idle, Input::Start(origin)) => start(origin, plan, out),
            (busy, Input::Start(origin)) => {
                out.push(Action::Complete(origin, Err(Failure::Busy)));
                busy
            }
            (State::Beginning(origin), Input::ChipDone(Ok(()))) => {
                out.push(Action::Begin(origin));
                visit(origin, 0, plan, out)
            }
            (State::Beginning(origin), Input::ChipDone(Err(error))) => {
                out.push(Action::Chip(ChipCommand::ScanEnd));
                State::Failing(origin, error.into())
            }
            (State::Tuning(origin, index), Input::ChipDone(Ok(()))) => {
                State::Dwelling(origin, index, arrive(now, index, plan, out))
            }
            (State::Dwelling(origin, index, dwell), Input::Heard) => {
                State::Dwelling(origin, index, Dwell { until: dwell.longest, ..dwell })
            }
            (State::Dwelling(origin, index, dwell), Input::Deadline) if now >= dwell.until => {
                if plan.has_home && plan.visit(index + 1).is_some() {
                    out.push(Action::Chip(ChipCommand::GoHome));
                    State::Returning(origin, index)
                } else {
                    visit(origin, index + 1, plan, out)
                }
            }
            (State::Returning(origin, index), Input::ChipDone(Ok(()))) => {
                let stay = if plan.is_busy { HOME_BUSY_US } else { HOME_QUIET_US };
                State::Home(origin, index, now.after_us(stay))
            }
            (State::Home(origin, index, until), Input::Deadline) if now >= until => {
                visit(origin, index + 1, plan, out)
            }
            (
                State::Tuning(origin, _) | State::Returning(origin, _),
                Input::ChipDone(Err(error)),
            ) => end(origin, Err(error.into()), out),
            (State::Dwelling(origin, ..) | State::Home(origin, ..), Input::Abort) => {
                end(origin, Err(Failure::Aborted), out)
            }
            (State::Ending(origin, result), Input::ChipDone(done)) => {
                let result = result.and(done.map_err(Failure::from));
                out.push(Action::Outcome(origin, result, Proof::None));
                State::Idle
            }
            (State::Failing(origin, failure), Input::ChipDone(_)) => {
                out.push(Action::Complete(origin, Err(failure)));
                State::Idle
            }
            (state, Input::Heard | Input::ChipDone(_) | Input::Deadline | Input::Abort) => state,
        };
    }

    /// When to come back with [`Input::Deadline`] if nothing else happens.
    pub const fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Dwelling(_, _, dwell) => Some(dwell.until),
            State::Home(_, _, until) => Some(until),
            _ => None,
        }
    }

    /// Whether foreign beacons are wanted and the radio is taken.
    pub const fn is_active(&self) -> bool {
        !matches!(self.state, State::Idle)
    }

    /// For the event ring.
    pub const fn state_name(&self) -> &'static str {
        match self.state {
            State::Idle => "idle",
            State::Beginning(_) => "beginning",
            State::Tuning(..) => "tuning",
            State::Dwelling(..) => "dwelling",
            State::Returning(..) => "returning",
            State::Home(..) => "home",
            State::Ending(..) => "ending",
            State::Failing(..) => "failing",
        }
    }
}

fn start(origin: Origin, plan: &Plan<'_>, out: &mut Actions) -> State {
    if plan.visit(0).is_none() {
        out.push(Action::Complete(origin, Err(Failure::Forbidden)));
        return State::Idle;
    }
    out.push(Action::Chip(ChipCommand::ScanBegin));
    State::Beginning(origin)
}

fn visit(origin: Origin, index: usize, plan: &Plan<'_>, out: &mut Actions) -> State {
    match plan.visit(index) {
        Some(visit) => {
            out.push(Action::Chip(ChipCommand::Visit(visit.tuning)));
            State::Tuning(origin, index)
        }
        None => end(origin, Ok(()), out),
    }
}

fn arrive(now: Instant, index: usize, plan: &Plan<'_>, out: &mut Actions) -> Dwell {
    if !plan.visit(index).is_some_and(|visit| visit.is_active) {
        let until = now.after_us(PASSIVE_US);
        return Dwell { until, longest: until };
    }
    for (n, _) in (0..).zip(plan.request.ssids()).take(SSIDS_MAX) {
        out.push(Action::Send(Frame::Probe(n)));
    }
    Dwell { until: now.after_us(ACTIVE_MIN_US), longest: now.after_us(ACTIVE_MAX_US) }
}

fn end(origin: Origin, result: Result<(), Failure>, out: &mut Actions) -> State {
    out.push(Action::Chip(ChipCommand::ScanEnd));
    State::Ending(origin, result)
}
