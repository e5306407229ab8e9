// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Looking for networks, channel by channel. No I/O and no clock.

use heapless::Vec;

use crate::{
    action::{Action, Actions, ChipCommand, Origin},
    os::OsError,
    types::{Channel, Instant, MacAddr},
    wire::{Beacon, Mgmt, Subtype},
};

/// What can happen to a scan.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Begin; the engine has made sure that nobody else needs the radio.
    Start(Origin),
    /// A management frame came in.
    Frame(&'a [u8]),
    /// The chip carried out the last [`Action::Chip`].
    ChipDone(Result<(), OsError>),
    /// [`Scan::deadline`] may have come.
    Deadline,
    /// The chip stops: forget everything.
    Halt,
}

/// Time spent on each channel.
const DWELL_US: u64 = 50_000;
/// Networks remembered.
const RESULTS_MAX: usize = 8;
/// The channels that do not overlap are enough for a sketch.
const CHANNELS: [Option<Channel>; 3] = [Channel::new(1), Channel::new(6), Channel::new(11)];

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Idle,
    /// Waits for the chip.
    Tuning(Origin, usize),
    Dwelling(Origin, usize, Instant),
}

/// The scanner of one device.
#[derive(Debug, Default)]
pub struct Scan {
    state: State,
    results: Vec<Beacon, RESULTS_MAX>,
    actions: Actions,
}

impl Scan {
    /// Takes one input.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.actions.assert_drained();
        self.state = match (self.state, input) {
            (_, Input::Halt) => State::Idle,
            (State::Idle, Input::Start(origin)) => {
                self.results.clear();
                self.visit(origin, 0)
            }
            (busy, Input::Start(origin)) => {
                let refused = Err(crate::control::Failure::Busy);
                self.actions.push(Action::Complete(origin, refused));
                busy
            }
            (State::Tuning(origin, 0), Input::ChipDone(Err(error))) => {
                self.actions.push(Action::Complete(origin, Err(error.into())));
                State::Idle
            }
            (State::Tuning(origin, _), Input::ChipDone(Err(error))) => {
                self.actions.push(Action::Outcome(origin, Err(error.into())));
                State::Idle
            }
            (State::Tuning(origin, index), Input::ChipDone(Ok(()))) => {
                if index == 0 {
                    self.actions.push(Action::Begin(origin));
                }
                let bssid = MacAddr([0xff; 6]);
                let subtype = Subtype::ProbeRequest;
                self.actions.push(Action::Send(Mgmt { subtype, bssid, code: 0 }));
                State::Dwelling(origin, index, now.after_us(DWELL_US))
            }
            (State::Dwelling(origin, index, until), Input::Deadline) if now >= until => {
                self.visit(origin, index + 1)
            }
            (state @ State::Dwelling(..), Input::Frame(bytes)) => {
                if let Some(beacon) = Beacon::parse(bytes)
                    && self.results.iter().all(|old| old.bssid != beacon.bssid)
                {
                    // A full table keeps what it has: the first answers are the nearest.
                    let _ = self.results.push(beacon);
                }
                state
            }
            (state, Input::Frame(_) | Input::ChipDone(_) | Input::Deadline) => state,
        };
    }

    /// The next action to carry out.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop()
    }

    /// When to come back with [`Input::Deadline`] if nothing else happens.
    pub const fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Dwelling(_, _, until) => Some(until),
            _ => None,
        }
    }

    /// Whether foreign beacons are wanted and the radio is taken.
    pub const fn is_active(&self) -> bool {
        !matches!(self.state, State::Idle)
    }

    /// What was found.
    pub fn results(&self) -> &[Beacon] {
        &self.results
    }

    fn visit(&mut self, origin: Origin, index: usize) -> State {
        match CHANNELS.get(index).copied().flatten() {
            Some(channel) => {
                self.actions.push(Action::Chip(ChipCommand::SetChannel(channel)));
                State::Tuning(origin, index)
            }
            None => {
                self.actions.push(Action::Outcome(origin, Ok(())));
                State::Idle
            }
        }
    }
}
