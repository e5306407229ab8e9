// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Staying on a channel for a while, to listen there or to send a frame. No I/O and no clock.

#[cfg(test)]
mod tests;

use crate::{
    action::{Action, Actions, ChipCommand, Origin, Proof},
    chip::ChipError,
    control::Failure,
    types::{Instant, RequestId, Tuning},
};

/// Why somebody wants to be elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To listen: begins on arrival, ends with the stay.
    Remain(RequestId),
    /// To send the frames that wait ([`Action::SendWaiting`]), and hear answers.
    Send,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Go there for this many milliseconds; the engine has made sure that the radio is free.
    Stay(Purpose, Tuning, u16),
    /// The chip carried out the last [`Action::Chip`].
    ChipDone(Result<(), ChipError>),
    /// [`Offchannel::deadline`] may have come.
    Deadline,
    /// End early.
    Abort,
    /// The chip stops: forget everything.
    Halt,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    /// Waits for the chip, on the way there.
    Going(Purpose, u16),
    Staying(Purpose, Instant),
    /// Waits for the chip, on the way home.
    Returning(Purpose, Result<(), Failure>),
    /// The same, and it never arrived.
    Failing(Purpose, Failure),
}

/// The stay of one device.
#[derive(Debug, Default)]
pub struct Offchannel {
    state: State,
}

impl Offchannel {
    /// Takes one input.
    pub fn handle(&mut self, now: Instant, input: Input, out: &mut Actions) {
        self.state = match (self.state, input) {
            (_, Input::Halt) => State::Idle,
            (State::Idle, Input::Stay(purpose, tuning, millis)) => {
                out.push(Action::Chip(ChipCommand::Visit(tuning)));
                State::Going(purpose, millis)
            }
            (busy, Input::Stay(purpose, ..)) => {
                fail(purpose, Failure::Busy, out);
                busy
            }
            (State::Going(purpose, millis), Input::ChipDone(Ok(()))) => {
                match purpose {
                    Purpose::Remain(id) => out.push(Action::Begin(Origin::User(id))),
                    Purpose::Send => out.push(Action::SendWaiting(Ok(()))),
                }
                State::Staying(purpose, now.after_us(u64::from(millis) * 1000))
            }
            (State::Going(purpose, _), Input::ChipDone(Err(error))) => {
                out.push(Action::Chip(ChipCommand::GoHome));
                State::Failing(purpose, error.into())
            }
            (State::Staying(purpose, until), Input::Deadline) if now >= until => {
                out.push(Action::Chip(ChipCommand::GoHome));
                State::Returning(purpose, Ok(()))
            }
            (State::Staying(purpose, _), Input::Abort) => {
                out.push(Action::Chip(ChipCommand::GoHome));
                State::Returning(purpose, Err(Failure::Aborted))
            }
            (State::Returning(purpose, result), Input::ChipDone(done)) => {
                if let Purpose::Remain(id) = purpose {
                    let result = result.and(done.map_err(Failure::from));
                    out.push(Action::Outcome(Origin::User(id), result, Proof::None));
                }
                State::Idle
            }
            (State::Failing(purpose, failure), Input::ChipDone(_)) => {
                fail(purpose, failure, out);
                State::Idle
            }
            (state, Input::ChipDone(_) | Input::Deadline | Input::Abort) => state,
        };
    }

    /// When to come back with [`Input::Deadline`] if nothing else happens.
    pub const fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Staying(_, until) => Some(until),
            _ => None,
        }
    }

    /// Whether the radio is taken.
    pub const fn is_active(&self) -> bool {
        !matches!(self.state, State::Idle)
    }

    /// Whether somebody listens there, who can be told that it is over.
    pub const fn is_remaining(&self) -> bool {
        matches!(self.state, State::Staying(Purpose::Remain(_), _))
    }
}

fn fail(purpose: Purpose, failure: Failure, out: &mut Actions) {
    match purpose {
        Purpose::Remain(id) => out.push(Action::Complete(Origin::User(id), Err(failure))),
        Purpose::Send => out.push(Action::SendWaiting(Err(failure))),
    }
}
