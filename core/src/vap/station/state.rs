// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The states of a station, and the ways between them that several inputs share.

use super::alive::Alive;
use crate::{
    action::{Action, Actions, ChipCommand, Farewell, Frame, News, Origin, Proof},
    control::{AssocInfo, AuthInfo, Failure},
    types::{Cipher, Instant, MacAddr, Tuning},
    wire::{
        header::MgmtSubtype,
        mgmt::{REASON_INACTIVITY, REASON_LEAVING},
    },
};

/// Time that the access point has for each answer.
pub(super) const ANSWER_TIMEOUT_US: u64 = 400_000;
/// Times that each request is sent before giving up.
pub(super) const TRIES_MAX: u8 = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Auth { algorithm: u16, transaction: u16 },
    Assoc { previous: Option<MacAddr>, pairwise: Option<Cipher> },
}

/// One request to the access point, from tuning to the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exchange {
    pub(super) kind: Kind,
    pub(super) origin: Origin,
    pub(super) bssid: MacAddr,
    pub(super) tuning: Tuning,
    pub(super) tries: u8,
    pub(super) until: Instant,
}

/// What comes after the chip has left a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The request that asked for it is done, and we left.
    Done(Origin, Farewell),
    /// The access point sent us away.
    SentAway,
    /// The beacons had stopped, or we could not follow.
    Lost(Farewell),
    /// Nobody asks any more.
    Halted,
    /// An authentication with another access point.
    Roam(Exchange, Farewell),
    /// A failed exchange is told of; the frame that refused, if one did.
    Fail(Origin, Failure, Proof),
    /// The same, and the access point sent us away.
    FailSentAway(Origin, u16),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Idle,
    /// Waits for the chip, before the first frame.
    Approaching(Exchange),
    /// Waits for the access point.
    Asking(Exchange),
    /// `true`: to the end; SAE has two steps.
    Authenticated(MacAddr, Tuning, bool),
    /// Waits for the chip, after the answer.
    Binding(Exchange),
    Associated(MacAddr, Tuning, Alive),
    /// Waits for the chip, which changes channel (`true`) or timing.
    Adjusting(MacAddr, Tuning, Alive, bool),
    /// Waits for the chip; `true`: the link was up.
    Leaving(Then, bool),
    /// Waits for the chip, after which we are authenticated and no more.
    Releasing(MacAddr, Tuning, Option<(Origin, Farewell)>),
}

pub(super) fn ask(now: Instant, exchange: Exchange, out: &mut Actions) -> State {
    out.push(Action::Send(match exchange.kind {
        Kind::Auth { .. } => Frame::Auth,
        Kind::Assoc { .. } => Frame::Assoc,
    }));
    State::Asking(Exchange { until: now.after_us(ANSWER_TIMEOUT_US), ..exchange })
}

pub(super) fn refuse(state: State, origin: Origin, why: Failure, out: &mut Actions) -> State {
    out.push(Action::Complete(origin, Err(why)));
    state
}

/// The network is gone for us.
pub(super) fn lose(bssid: MacAddr, is_lost: bool, out: &mut Actions) -> State {
    let reason = if is_lost { REASON_INACTIVITY } else { REASON_LEAVING };
    let farewell = Farewell { bssid, subtype: MgmtSubtype::Deauth, reason };
    out.push(Action::ClosePeer);
    out.push(Action::Send(Frame::Farewell(farewell)));
    out.push(Action::Chip(ChipCommand::Unbind));
    State::Leaving(Then::Lost(farewell), true)
}

pub(super) fn left(then: Then, was_up: bool, out: &mut Actions) -> State {
    if was_up {
        out.push(Action::Link(false));
    }
    match then {
        Then::Done(origin, farewell) => {
            out.push(Action::Tell(News::Left(farewell)));
            out.push(Action::Complete(origin, Ok(())));
        }
        Then::Halted => {}
        Then::SentAway => out.push(Action::Tell(News::SentAway)),
        Then::Lost(farewell) => {
            if farewell.reason == REASON_INACTIVITY {
                out.push(Action::Tell(News::BeaconLost));
            }
            out.push(Action::Tell(News::Left(farewell)));
        }
        Then::Fail(origin, failure, proof) => {
            out.push(Action::Outcome(origin, Err(failure), proof));
        }
        Then::FailSentAway(origin, reason) => {
            out.push(Action::Outcome(origin, Err(Failure::SentAway(reason)), Proof::None));
            out.push(Action::Tell(News::SentAway));
        }
        Then::Roam(exchange, farewell) => {
            out.push(Action::Tell(News::Left(farewell)));
            out.push(Action::Chip(ChipCommand::Approach));
            return State::Approaching(exchange);
        }
    }
    State::Idle
}

impl Exchange {
    pub(super) const fn auth(origin: Origin, info: AuthInfo, transaction: u16) -> Self {
        let kind = Kind::Auth { algorithm: info.algorithm, transaction };
        let AuthInfo { bssid, tuning, .. } = info;
        Self { kind, origin, bssid, tuning, tries: 1, until: Instant(0) }
    }

    pub(super) const fn assoc(origin: Origin, info: AssocInfo) -> Self {
        let AssocInfo { bssid, previous, tuning, pairwise, .. } = info;
        let kind = Kind::Assoc { previous, pairwise };
        Self { kind, origin, bssid, tuning, tries: 1, until: Instant(0) }
    }
}
