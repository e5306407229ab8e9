// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The MLME of a station: one authentication, one association. No I/O, no clock, no policy.
//!
//! After every [`Station::handle`] the caller drains [`Station::poll_action`] until it is empty,
//! then sets its timer to [`Station::deadline`].

use crate::{
    action::{Action, Actions, ChipCommand, Origin},
    control::{DETACHED, Failure, Notice},
    os::OsError,
    types::{Channel, Instant, MacAddr},
    wire::{Mgmt, Subtype},
};

/// What can happen to a station.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Tune, and no more.
    SetChannel(Origin, Channel),
    /// Authenticate.
    Auth(Origin, MacAddr, Channel),
    /// Associate with the access point that authenticated us.
    Assoc(Origin, MacAddr),
    /// A management frame came in.
    Frame(&'a [u8]),
    /// The chip carried out the last [`Action::Chip`].
    ChipDone(Result<(), OsError>),
    /// [`Station::deadline`] may have come.
    Deadline,
    /// The chip stops: forget everything.
    Halt,
}

/// Time that the access point has for each answer.
const ANSWER_TIMEOUT_US: u64 = 100_000;
/// Times that each request is sent before giving up.
const TRIES_MAX: u8 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Auth,
    Assoc,
}

/// One request to the access point, from tuning to the answer.
#[derive(Clone, Copy, Debug)]
struct Exchange {
    kind: Kind,
    origin: Origin,
    bssid: MacAddr,
    channel: Channel,
    tries: u8,
    until: Instant,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Idle,
    /// Waits for the chip, for a channel change alone.
    SettingChannel(Origin),
    /// Waits for the chip, before the first frame.
    Tuning(Exchange),
    /// Waits for the access point.
    Asking(Exchange),
    Authenticated(MacAddr, Channel),
    /// Waits for the chip, after the association.
    Binding(Exchange),
    Associated(MacAddr),
    /// Waits for the chip, after deauthentication.
    Leaving(MacAddr, u16),
}

/// One station interface.
#[derive(Debug, Default)]
pub struct Station {
    state: State,
    actions: Actions,
}

impl Station {
    /// Takes one input.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.actions.assert_drained();
        // The state is taken by value, so that every arm has to say which state comes next.
        self.state = match (self.state, input) {
            (State::Associated(_), Input::Halt) => {
                self.actions.push(Action::ClosePeer);
                self.actions.push(Action::LinkDown);
                State::Idle
            }
            (_, Input::Halt) => State::Idle,

            (State::Idle | State::Authenticated(..), Input::SetChannel(origin, channel)) => {
                self.actions.push(Action::Chip(ChipCommand::SetChannel(channel)));
                State::SettingChannel(origin)
            }
            (State::Idle | State::Authenticated(..), Input::Auth(origin, bssid, channel)) => {
                self.tune(Exchange::new(Kind::Auth, origin, bssid, channel, now))
            }
            (State::Authenticated(bssid, channel), Input::Assoc(origin, wanted))
                if bssid == wanted =>
            {
                self.tune(Exchange::new(Kind::Assoc, origin, bssid, channel, now))
            }
            (
                busy,
                Input::SetChannel(origin, _) | Input::Auth(origin, ..) | Input::Assoc(origin, _),
            ) => {
                self.actions.push(Action::Complete(origin, Err(Failure::Busy)));
                busy
            }

            (State::SettingChannel(origin), Input::ChipDone(result)) => {
                // Elsewhere, an authentication is worth nothing.
                self.actions.push(Action::Complete(origin, result.map_err(Failure::from)));
                State::Idle
            }
            (State::Tuning(exchange), Input::ChipDone(Err(error))) => {
                self.actions.push(Action::Complete(exchange.origin, Err(error.into())));
                State::Idle
            }
            (State::Tuning(exchange), Input::ChipDone(Ok(()))) => {
                self.actions.push(Action::Begin(exchange.origin));
                self.ask(Exchange { until: now.after_us(ANSWER_TIMEOUT_US), ..exchange })
            }

            (State::Asking(exchange), Input::Frame(bytes)) => {
                match (exchange.kind, answer(bytes, exchange.bssid, exchange.kind.answer())) {
                    (_, None) => State::Asking(exchange),
                    (_, Some(status @ 1..)) => self.fail(exchange, Failure::Refused(status)),
                    (Kind::Auth, Some(0)) => {
                        self.actions.push(Action::Outcome(exchange.origin, Ok(())));
                        State::Authenticated(exchange.bssid, exchange.channel)
                    }
                    (Kind::Assoc, Some(0)) => {
                        let command = ChipCommand::SetBssid(Some(exchange.bssid));
                        self.actions.push(Action::Chip(command));
                        State::Binding(exchange)
                    }
                }
            }
            (State::Asking(exchange), Input::Deadline) if now >= exchange.until => {
                match exchange.again(now) {
                    Some(exchange) => self.ask(exchange),
                    None => self.fail(exchange, Failure::Timeout),
                }
            }

            (State::Binding(exchange), Input::ChipDone(Ok(()))) => {
                self.actions.push(Action::LinkUp(exchange.bssid));
                self.actions.push(Action::Outcome(exchange.origin, Ok(())));
                State::Associated(exchange.bssid)
            }
            (State::Binding(exchange), Input::ChipDone(Err(error))) => {
                self.fail(exchange, error.into())
            }

            (State::Associated(bssid), Input::Frame(bytes)) => {
                match answer(bytes, bssid, Subtype::Deauth) {
                    Some(reason) => {
                        // Going down, the data path is first and the user last.
                        self.actions.push(Action::ClosePeer);
                        self.actions.push(Action::Chip(ChipCommand::SetBssid(None)));
                        State::Leaving(bssid, reason)
                    }
                    None => State::Associated(bssid),
                }
            }
            (State::Leaving(bssid, reason), Input::ChipDone(_)) => {
                self.actions.push(Action::LinkDown);
                self.actions.push(Action::Tell(Notice::Deauthenticated(bssid, reason)));
                State::Idle
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
            State::Asking(exchange) => Some(exchange.until),
            _ => None,
        }
    }

    /// Whether the radio may be tuned elsewhere.
    pub const fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle | State::Authenticated(..))
    }

    /// Whose management frames matter.
    pub const fn bssid(&self) -> Option<MacAddr> {
        match self.state {
            State::Asking(exchange) | State::Binding(exchange) => Some(exchange.bssid),
            State::Associated(bssid) => Some(bssid),
            _ => None,
        }
    }

    fn tune(&mut self, exchange: Exchange) -> State {
        self.actions.push(Action::Chip(ChipCommand::SetChannel(exchange.channel)));
        State::Tuning(exchange)
    }

    fn ask(&mut self, exchange: Exchange) -> State {
        let subtype = match exchange.kind {
            Kind::Auth => Subtype::Auth,
            Kind::Assoc => Subtype::AssocRequest,
        };
        self.actions.push(Action::Send(Mgmt { subtype, bssid: exchange.bssid, code: 0 }));
        State::Asking(exchange)
    }

    fn fail(&mut self, exchange: Exchange, failure: Failure) -> State {
        self.actions.push(Action::Outcome(exchange.origin, Err(failure)));
        match exchange.kind {
            Kind::Assoc if failure != DETACHED => {
                State::Authenticated(exchange.bssid, exchange.channel)
            }
            _ => State::Idle,
        }
    }
}

impl Kind {
    const fn answer(self) -> Subtype {
        match self {
            Self::Auth => Subtype::Auth,
            Self::Assoc => Subtype::AssocResponse,
        }
    }
}

impl Exchange {
    const fn new(
        kind: Kind,
        origin: Origin,
        bssid: MacAddr,
        channel: Channel,
        now: Instant,
    ) -> Self {
        Self { kind, origin, bssid, channel, tries: 1, until: now }
    }

    const fn again(self, now: Instant) -> Option<Self> {
        if self.tries < TRIES_MAX {
            Some(Self { tries: self.tries + 1, until: now.after_us(ANSWER_TIMEOUT_US), ..self })
        } else {
            None
        }
    }
}

fn answer(bytes: &[u8], bssid: MacAddr, subtype: Subtype) -> Option<u16> {
    let frame = Mgmt::parse(bytes)?;
    (frame.bssid == bssid && frame.subtype == subtype).then_some(frame.code)
}
