// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Join policy above the MLME: which access point, in which order, and how often.

use crate::{
    action::{Action, Actions, MlmeRequest, Origin},
    control::{DETACHED, Failure},
    types::{RequestId, Ssid},
    wire::Beacon,
};

/// What can happen to the policy.
#[derive(Clone, Copy, Debug)]
pub enum Input {
    /// The user wants this network.
    Join(RequestId, Ssid),
    /// How the last [`Action::Mlme`] ended.
    Outcome(Result<(), Failure>),
    /// The link is down, or the chip stops.
    Lost,
}

/// Times that a join starts over with a scan.
const TRIES_MAX: u8 = 3;

#[derive(Clone, Copy, Debug)]
struct Join {
    id: RequestId,
    ssid: Ssid,
    tries: u8,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Idle,
    Scanning(Join),
    Authenticating(Join, Beacon),
    Associating(Join),
    Joined,
}

/// The policy of one station interface.
#[derive(Debug, Default)]
pub struct Sme {
    state: State,
    actions: Actions,
}

impl Sme {
    /// Takes one input; `results` are those of the last scan.
    pub fn handle(&mut self, input: Input, results: &[Beacon]) {
        self.actions.assert_drained();
        self.state = match (self.state, input) {
            (_, Input::Lost) => State::Idle,
            (State::Idle, Input::Join(id, ssid)) => {
                self.actions.push(Action::Begin(Origin::User(id)));
                self.scan(Join { id, ssid, tries: 1 })
            }
            (busy, Input::Join(id, _)) => {
                self.actions.push(Action::Complete(Origin::User(id), Err(Failure::Busy)));
                busy
            }
            (State::Scanning(join), Input::Outcome(Ok(()))) => {
                match results.iter().find(|found| found.ssid == join.ssid) {
                    Some(found) => {
                        let request = MlmeRequest::Auth(found.bssid, found.channel);
                        self.actions.push(Action::Mlme(request));
                        State::Authenticating(join, *found)
                    }
                    None => self.retry(join, Failure::NotFound),
                }
            }
            (State::Authenticating(join, found), Input::Outcome(Ok(()))) => {
                self.actions.push(Action::Mlme(MlmeRequest::Assoc(found.bssid)));
                State::Associating(join)
            }
            (State::Associating(join), Input::Outcome(Ok(()))) => {
                self.actions.push(Action::Outcome(Origin::User(join.id), Ok(())));
                State::Joined
            }
            (
                State::Scanning(join) | State::Authenticating(join, _) | State::Associating(join),
                Input::Outcome(Err(failure)),
            ) => self.retry(join, failure),
            (state @ (State::Idle | State::Joined), Input::Outcome(_)) => state,
        };
    }

    /// The next action to carry out.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop()
    }

    fn scan(&mut self, join: Join) -> State {
        self.actions.push(Action::Mlme(MlmeRequest::Scan));
        State::Scanning(join)
    }

    fn retry(&mut self, join: Join, failure: Failure) -> State {
        if join.tries < TRIES_MAX && failure != DETACHED {
            return self.scan(Join { tries: join.tries + 1, ..join });
        }
        self.actions.push(Action::Outcome(Origin::User(join.id), Err(failure)));
        State::Idle
    }
}
