// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The MLME of a station: one authentication, one association (IEEE Std 802.11-2020, 11.3). No
//! I/O, no clock, no policy.
//!
//! After every [`Station::handle`] the caller carries the actions out until there are none, then
//! sets its timer to [`Station::deadline`].

mod alive;
mod answer;
mod state;
#[cfg(test)]
mod tests;

pub use self::answer::Bound;
use self::{
    alive::Alive,
    answer::{Answer, read},
    state::{Exchange, Kind, State, TRIES_MAX, Then, ask, left, lose, refuse},
};
use crate::{
    action::{Action, Actions, ChipCommand, Farewell, Frame, News, Origin, Proof},
    chip::ChipError,
    control::{AssocInfo, AuthInfo, Failure},
    types::{Cipher, Instant, MacAddr, Tuning},
    wire::{
        bss::Bss,
        header::MgmtSubtype,
        mgmt::{ALGORITHM_SAE, REASON_LEAVING},
    },
};

/// What can happen to a station.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Authenticate; of an SAE exchange the frame with this transaction number.
    Auth(Origin, AuthInfo, u16),
    /// Associate with the access point that authenticated us.
    Assoc(Origin, AssocInfo),
    /// Leave.
    Leave(Origin, Farewell),
    /// A management frame came in.
    Frame(&'a [u8]),
    /// The chip carried out the last [`Action::Chip`].
    ChipDone(Result<(), ChipError>),
    /// [`Station::deadline`] may have come.
    Deadline,
    /// The firmware says that there are no beacons any more.
    BeaconLost,
    /// The radio was elsewhere and is back: what was not heard meanwhile says nothing.
    Back,
    /// The channel is no longer allowed.
    Evicted,
    /// Forget everything; nobody waits for an answer any more. `true`: the chip still works.
    Halt(bool),
}

/// One station interface.
#[derive(Debug, Default)]
pub struct Station {
    state: State,
    /// What the access point says of itself, as far as it was heard.
    bss: Option<Bss>,
    /// What it said when it let us in.
    bound: Bound,
    /// What protects frames there.
    pairwise: Option<Cipher>,
}

impl Station {
    /// Takes one input.
    pub fn handle(&mut self, now: Instant, input: Input<'_>, out: &mut Actions) {
        // The state is taken by value, so that every arm has to say which state comes next.
        self.state = match input {
            Input::Auth(origin, info, transaction) => {
                self.auth(now, Exchange::auth(origin, info, transaction), out)
            }
            Input::Assoc(origin, info) => self.assoc(now, origin, info, out),
            Input::Leave(origin, farewell) => self.leave(origin, farewell, out),
            Input::Frame(bytes) => self.frame(now, bytes, out),
            Input::ChipDone(result) => self.chip_done(now, result, out),
            Input::Deadline => self.time_passed(now, out),
            Input::BeaconLost => match self.state {
                State::Associated(bssid, tuning, alive) => {
                    State::Associated(bssid, tuning, alive.suspect(now))
                }
                state => state,
            },
            Input::Back => match self.state {
                State::Associated(bssid, tuning, alive) => {
                    State::Associated(bssid, tuning, alive.heard(now))
                }
                state => state,
            },
            Input::Evicted => match self.state {
                State::Associated(bssid, ..) => lose(bssid, false, out),
                state => state, // It ends by itself, and does not begin again.
            },
            Input::Halt(can_tell) => self.halt(can_tell, out),
        };
    }

    fn auth(&mut self, now: Instant, exchange: Exchange, out: &mut Actions) -> State {
        match self.state {
            State::Authenticated(bssid, tuning, _)
                if bssid == exchange.bssid && tuning.channel == exchange.tuning.channel =>
            {
                out.push(Action::Begin(exchange.origin));
                ask(now, exchange, out)
            }
            State::Idle | State::Authenticated(..) => {
                self.bss = None;
                out.push(Action::Chip(ChipCommand::Approach));
                State::Approaching(exchange)
            }
            State::Associated(bssid, ..) => {
                out.push(Action::ClosePeer);
                out.push(Action::Chip(ChipCommand::Unbind));
                let subtype = MgmtSubtype::Deauth;
                let farewell = Farewell { bssid, subtype, reason: REASON_LEAVING };
                State::Leaving(Then::Roam(exchange, farewell), true)
            }
            busy => refuse(busy, exchange.origin, Failure::Busy, out),
        }
    }

    fn assoc(&mut self, now: Instant, origin: Origin, info: AssocInfo, out: &mut Actions) -> State {
        match self.state {
            State::Authenticated(bssid, tuning, true) if bssid == info.bssid => {
                if tuning.channel != info.tuning.channel {
                    return refuse(self.state, origin, Failure::Invalid, out);
                }
                out.push(Action::Begin(origin));
                ask(now, Exchange::assoc(origin, info), out)
            }
            state @ (State::Idle | State::Authenticated(..)) => {
                refuse(state, origin, Failure::NotFound, out)
            }
            busy => refuse(busy, origin, Failure::Busy, out),
        }
    }

    fn leave(&mut self, origin: Origin, farewell: Farewell, out: &mut Actions) -> State {
        let stays = farewell.subtype == MgmtSubtype::Disassoc;
        match self.state {
            State::Associated(bssid, tuning, _) if bssid == farewell.bssid => {
                out.push(Action::ClosePeer);
                out.push(Action::Send(Frame::Farewell(farewell)));
                if stays {
                    out.push(Action::Chip(ChipCommand::Release));
                    return State::Releasing(bssid, tuning, Some((origin, farewell)));
                }
                out.push(Action::Chip(ChipCommand::Unbind));
                State::Leaving(Then::Done(origin, farewell), true)
            }
            State::Authenticated(bssid, ..) if bssid == farewell.bssid && !stays => {
                out.push(Action::Send(Frame::Farewell(farewell)));
                out.push(Action::Chip(ChipCommand::Unbind));
                State::Leaving(Then::Done(origin, farewell), false)
            }
            State::Asking(exchange) if exchange.bssid == farewell.bssid && !stays => {
                let aborted = Err(Failure::Aborted);
                out.push(Action::Outcome(exchange.origin, aborted, Proof::None));
                out.push(Action::Send(Frame::Farewell(farewell)));
                out.push(Action::Chip(ChipCommand::Unbind));
                State::Leaving(Then::Done(origin, farewell), false)
            }
            state @ (State::Idle
            | State::Authenticated(..)
            | State::Associated(..)
            | State::Asking(_)) => refuse(state, origin, Failure::NotFound, out),
            busy => refuse(busy, origin, Failure::Busy, out),
        }
    }

    fn frame(&mut self, now: Instant, bytes: &[u8], out: &mut Actions) -> State {
        let Some((bssid, tuning)) = self.network() else { return self.state };
        let Some(answer) = read(bytes, bssid, tuning.channel) else { return self.state };
        match (self.state, answer) {
            (State::Asking(exchange), Answer::Auth { algorithm, transaction, status }) => {
                self.authenticated(exchange, (algorithm, transaction, status), out)
            }
            (State::Asking(exchange), Answer::Assoc(Err(status)))
                if matches!(exchange.kind, Kind::Assoc { .. }) =>
            {
                let refused = Err(Failure::Refused(status));
                out.push(Action::Outcome(exchange.origin, refused, Proof::Heard));
                State::Authenticated(exchange.bssid, exchange.tuning, true)
            }
            (State::Asking(exchange), Answer::Assoc(Ok(bound)))
                if matches!(exchange.kind, Kind::Assoc { .. }) =>
            {
                self.bound = bound;
                out.push(Action::Chip(ChipCommand::Bind));
                State::Binding(exchange)
            }
            (State::Asking(exchange), Answer::SentAway { reason, .. }) => {
                out.push(Action::Chip(ChipCommand::Unbind));
                let origin = exchange.origin;
                State::Leaving(
                    match exchange.kind {
                        Kind::Assoc { .. } => Then::FailSentAway(origin, reason),
                        Kind::Auth { .. } => {
                            Then::Fail(origin, Failure::SentAway(reason), Proof::Heard)
                        }
                    },
                    false,
                )
            }
            (State::Authenticated(..), Answer::SentAway { is_deauth: true, .. }) => {
                out.push(Action::Chip(ChipCommand::Unbind));
                State::Leaving(Then::SentAway, false)
            }
            (State::Associated(bssid, tuning, _), Answer::SentAway { is_deauth, .. }) => {
                // Going down, the data path is first and the user last.
                out.push(Action::ClosePeer);
                if is_deauth {
                    out.push(Action::Chip(ChipCommand::Unbind));
                    State::Leaving(Then::SentAway, true)
                } else {
                    out.push(Action::Chip(ChipCommand::Release));
                    State::Releasing(bssid, tuning, None)
                }
            }
            (State::Associated(bssid, tuning, alive), Answer::Beacon(bss, switch)) => {
                let alive = alive.heard(now).with_switch(now, switch, tuning);
                let is_other = self.learn(&bss) | self.learn_wmm(&bss);
                if is_other {
                    out.push(Action::Chip(ChipCommand::Relink));
                    return State::Adjusting(bssid, tuning, alive, false);
                }
                State::Associated(bssid, tuning, alive)
            }
            (State::Associated(bssid, tuning, alive), Answer::Switch(switch)) => {
                State::Associated(bssid, tuning, alive.with_switch(now, Some(switch), tuning))
            }
            (state, Answer::Beacon(bss, _)) => {
                self.learn(&bss);
                state
            }
            (state, _) => state,
        }
    }

    fn authenticated(
        &self,
        exchange: Exchange,
        (algorithm, transaction, status): (u16, u16, u16),
        out: &mut Actions,
    ) -> State {
        let Kind::Auth { algorithm: ours, transaction: sent } = exchange.kind else {
            return State::Asking(exchange);
        };
        let is_sae = ours == ALGORITHM_SAE;
        // Of the open system the answer has the next number, of SAE the same (12.3.3.2, 12.4.8).
        let expected = if is_sae { sent } else { 2 };
        if algorithm != ours || transaction != expected {
            return State::Asking(exchange);
        }
        if !answer::goes_on(is_sae, status) {
            let refused = Failure::Refused(status);
            out.push(Action::Chip(ChipCommand::Unbind));
            return State::Leaving(Then::Fail(exchange.origin, refused, Proof::Heard), false);
        }
        out.push(Action::Outcome(exchange.origin, Ok(()), Proof::Heard));
        let is_complete = !is_sae || sent == 2;
        State::Authenticated(exchange.bssid, exchange.tuning, is_complete)
    }

    fn chip_done(
        &mut self,
        now: Instant,
        result: Result<(), ChipError>,
        out: &mut Actions,
    ) -> State {
        match (self.state, result) {
            (State::Approaching(exchange), Ok(())) => {
                out.push(Action::Begin(exchange.origin));
                ask(now, exchange, out)
            }
            (State::Approaching(exchange), Err(error)) => {
                out.push(Action::Complete(exchange.origin, Err(error.into())));
                State::Idle
            }
            (State::Binding(exchange), Ok(())) => {
                (_, self.pairwise) = self.assoc_choice();
                out.push(Action::OpenPeer);
                out.push(Action::Outcome(exchange.origin, Ok(()), Proof::Heard));
                out.push(Action::Link(true));
                let interval = self.bss.map_or(100, |bss| bss.beacon_interval_tu);
                State::Associated(exchange.bssid, exchange.tuning, Alive::new(now, interval))
            }
            (State::Binding(exchange), Err(error)) => {
                out.push(Action::Chip(ChipCommand::Unbind));
                State::Leaving(Then::Fail(exchange.origin, error.into(), Proof::None), false)
            }
            (State::Adjusting(bssid, tuning, alive, _), Ok(())) => {
                State::Associated(bssid, tuning, alive.heard(now))
            }
            (State::Adjusting(bssid, tuning, alive, false), Err(_)) => {
                State::Associated(bssid, tuning, alive) // Slower than it could be, and no worse.
            }
            (State::Adjusting(bssid, ..), Err(_)) => lose(bssid, false, out),
            (State::Leaving(then, was_up), _) => left(then, was_up, out),
            (State::Releasing(bssid, tuning, asked), _) => {
                out.push(Action::Link(false));
                match asked {
                    Some((origin, farewell)) => {
                        out.push(Action::Tell(News::Left(farewell)));
                        out.push(Action::Complete(origin, Ok(())));
                    }
                    None => out.push(Action::Tell(News::SentAway)),
                }
                State::Authenticated(bssid, tuning, true)
            }
            (state, _) => state,
        }
    }

    fn time_passed(&mut self, now: Instant, out: &mut Actions) -> State {
        match self.state {
            State::Asking(exchange) if now >= exchange.until => {
                if exchange.tries < TRIES_MAX {
                    return ask(now, Exchange { tries: exchange.tries + 1, ..exchange }, out);
                }
                let origin = exchange.origin;
                match exchange.kind {
                    Kind::Assoc { .. } => {
                        let timeout = Err(Failure::Timeout);
                        out.push(Action::Outcome(origin, timeout, Proof::None));
                        State::Authenticated(exchange.bssid, exchange.tuning, true)
                    }
                    Kind::Auth { .. } => {
                        out.push(Action::Chip(ChipCommand::Unbind));
                        State::Leaving(Then::Fail(origin, Failure::Timeout, Proof::None), false)
                    }
                }
            }
            State::Associated(bssid, tuning, alive) => match alive.time_passed(now) {
                alive::Next::Wait => self.state,
                alive::Next::Probe(alive) => {
                    out.push(Action::Send(Frame::ProbeOwn));
                    State::Associated(bssid, tuning, alive)
                }
                alive::Next::Follow(tuning, alive) => {
                    out.push(Action::Chip(ChipCommand::Follow(tuning)));
                    State::Adjusting(bssid, tuning, alive, true)
                }
                alive::Next::Lost => lose(bssid, true, out),
            },
            state => state,
        }
    }

    fn halt(&mut self, can_tell: bool, out: &mut Actions) -> State {
        self.bss = None;
        let was_up = match self.state {
            State::Associated(..) | State::Adjusting(..) => {
                out.push(Action::ClosePeer);
                true
            }
            State::Leaving(_, was_up) => was_up,
            State::Releasing(..) => true,
            _ => false,
        };
        let bssid = match self.state {
            State::Associated(bssid, ..) => Some(bssid),
            _ => None,
        };
        if !can_tell || matches!(self.state, State::Idle) {
            if was_up {
                out.push(Action::Link(false));
            }
            return State::Idle;
        }
        if let Some(bssid) = bssid {
            let (subtype, reason) = (MgmtSubtype::Deauth, REASON_LEAVING);
            out.push(Action::Send(Frame::Farewell(Farewell { bssid, subtype, reason })));
        }
        out.push(Action::Chip(ChipCommand::Unbind));
        State::Leaving(Then::Halted, was_up)
    }

    /// Takes note of what the access point says; whether the chip has to know.
    pub fn learn(&mut self, bss: &Bss) -> bool {
        let Some((bssid, _)) = self.network() else { return false };
        if bss.bssid != bssid {
            return false;
        }
        let old = self.bss.replace(*bss);
        if let (Some(new), Some(old)) = (&mut self.bss, old) {
            if new.ssid.is_hidden() {
                new.ssid = old.ssid;
            }
            return (new.capability, new.erp) != (old.capability, old.erp);
        }
        false
    }

    /// Takes over other parameters of the queues; whether there are any.
    fn learn_wmm(&mut self, bss: &Bss) -> bool {
        match (&mut self.bound.wmm, bss.wmm) {
            (Some(old), Some(new)) if old.version != new.version => {
                *old = new;
                true
            }
            _ => false,
        }
    }

    /// When to come back with [`Input::Deadline`] if nothing else happens.
    pub const fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Asking(exchange) => Some(exchange.until),
            State::Associated(_, _, alive) => Some(alive.deadline()),
            _ => None,
        }
    }

    /// Whether an exchange needs the radio now.
    pub const fn is_busy(&self) -> bool {
        !matches!(self.state, State::Idle | State::Authenticated(..) | State::Associated(..))
    }

    /// Whether the link is up.
    pub const fn is_associated(&self) -> bool {
        matches!(self.state, State::Associated(..) | State::Adjusting(..))
    }

    /// The access point that matters now, and where it is.
    pub const fn network(&self) -> Option<(MacAddr, Tuning)> {
        match self.state {
            State::Approaching(ex) | State::Asking(ex) | State::Binding(ex) => {
                Some((ex.bssid, ex.tuning))
            }
            State::Authenticated(bssid, tuning, _)
            | State::Associated(bssid, tuning, _)
            | State::Adjusting(bssid, tuning, _, _)
            | State::Releasing(bssid, tuning, _) => Some((bssid, tuning)),
            State::Idle | State::Leaving(..) => None,
        }
    }

    /// What the access point says of itself.
    pub const fn bss(&self) -> Option<&Bss> {
        self.bss.as_ref()
    }

    /// What it said when it let us in.
    pub const fn bound(&self) -> &Bound {
        &self.bound
    }

    /// Algorithm and transaction number of the authentication that runs.
    pub const fn auth_numbers(&self) -> Option<(u16, u16)> {
        match self.state {
            State::Asking(Exchange { kind: Kind::Auth { algorithm, transaction }, .. }) => {
                Some((algorithm, transaction))
            }
            _ => None,
        }
    }

    /// Of the association that runs: the access point that we come from, and the cipher; of the
    /// network that we belong to: the cipher.
    pub const fn assoc_choice(&self) -> (Option<MacAddr>, Option<Cipher>) {
        match self.state {
            State::Asking(Exchange { kind: Kind::Assoc { previous, pairwise }, .. })
            | State::Binding(Exchange { kind: Kind::Assoc { previous, pairwise }, .. }) => {
                (previous, pairwise)
            }
            State::Associated(..) | State::Adjusting(..) => (None, self.pairwise),
            _ => (None, None),
        }
    }

    /// For the event ring.
    pub const fn state_name(&self) -> &'static str {
        match self.state {
            State::Idle => "idle",
            State::Approaching(_) => "approaching",
            State::Asking(Exchange { kind: Kind::Auth { .. }, .. }) => "authenticating",
            State::Asking(_) => "associating",
            State::Authenticated(..) => "authenticated",
            State::Binding(_) => "binding",
            State::Associated(..) => "associated",
            State::Adjusting(..) => "adjusting",
            State::Leaving(..) => "leaving",
            State::Releasing(..) => "releasing",
        }
    }
}
