// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Join policy above the MLME: which access point, in which order, and how often. No I/O, no clock.

mod body;
#[cfg(test)]
mod tests;

pub use self::body::{JoinBody, LIST_LEN_MAX, LIST_MAX, emit_list};

use heapless::Vec;

use crate::{
    action::{Action, Actions, MlmeRequest, Origin, Proof},
    control::{AssocInfo, AuthInfo, Effort, Failure, JoinInfo},
    scan::ScanResult,
    types::{Channel, Cipher, Instant, MacAddr, RequestId, Ssid, Tuning},
    wire::mgmt::{ALGORITHM_OPEN, REASON_LEAVING},
};

/// What can happen to the policy.
#[derive(Clone, Copy, Debug)]
pub enum Input {
    /// The user wants this network.
    Join(RequestId, JoinInfo, Ssid),
    /// How the last [`Action::Mlme`] ended.
    Outcome(Result<(), Failure>),
    /// How the handshake of [`crate::keys::Supplicant`] ended.
    Secured(Result<(), Failure>),
    /// The link is down.
    Lost,
    /// The user wants no network any more.
    Leave,
    /// [`Sme::deadline`] may have come.
    Deadline,
    /// The chip stops: forget everything.
    Halt,
    /// The machine goes to sleep: what is wanted will be wanted again. Nobody waits any more.
    Sleep,
    /// It woke up.
    Wake,
}

/// Where the policy looks for networks: the strongest one that the closure accepts.
pub type Best<'a> = dyn Fn(&dyn Fn(&ScanResult) -> bool) -> Option<ScanResult> + 'a;

/// Times that a join starts over with a scan before the user is told.
const TRIES_MAX: u8 = 3;
/// Access points that one round passes over because they refused.
const REFUSED_MAX: usize = 4;
/// Time before the next round: doubled with each, up to the longest.
const PAUSE_MIN_US: u64 = 500_000;
const PAUSE_MAX_US: u64 = 30_000_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    /// The network is looked for.
    Scanning,
    Authenticating(MacAddr, Tuning),
    Associating(MacAddr),
    /// The supplicant and the access point agree on keys.
    Securing(MacAddr),
    Joined(MacAddr),
    /// Until the next round.
    Pausing(Instant),
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
struct Wish {
    /// Who waits for the first outcome.
    waiter: Option<RequestId>,
    info: JoinInfo,
    ssid: Ssid,
    tries: u8,
}

/// The policy of one station interface.
#[derive(Debug, Default)]
pub struct Sme {
    state: State,
    wish: Option<Wish>,
    refused: Vec<MacAddr, REFUSED_MAX>,
}

impl Sme {
    /// Takes one input.
    pub fn handle(&mut self, now: Instant, input: Input, best: &Best<'_>, out: &mut Actions) {
        let Some(wish) = self.wish else {
            if let Input::Join(id, info, ssid) = input {
                self.begin(Wish { waiter: Some(id), info, ssid, tries: 1 }, id, best, out);
            }
            return;
        };
        self.state = match (self.state, input) {
            (_, Input::Halt) => {
                self.wish = None;
                State::Idle
            }
            (_, Input::Sleep) => {
                let keeps = |wish: &Wish| wish.info.effort != Effort::Once;
                let asleep = Wish { waiter: None, tries: 1, ..wish };
                self.wish = Some(asleep).filter(keeps);
                State::Idle
            }
            (State::Idle, Input::Wake) => self.scan(out),
            (busy, Input::Join(id, ..)) => {
                out.push(Action::Complete(Origin::User(id), Err(Failure::Busy)));
                busy
            }
            (state, Input::Leave) => self.leave(state, out),
            (State::Scanning, Input::Outcome(Ok(()))) => {
                self.choose(now, wish, Failure::NotFound, best, out)
            }
            (State::Authenticating(bssid, tuning), Input::Outcome(Ok(()))) => {
                let pairwise = wish.info.pairwise;
                let info = AssocInfo { bssid, previous: None, tuning, is_widest: true, pairwise };
                out.push(Action::Mlme(MlmeRequest::Assoc(info)));
                State::Associating(bssid)
            }
            (State::Associating(bssid), Input::Outcome(Ok(()))) if wish.info.has_psk => {
                State::Securing(bssid)
            }
            (State::Associating(bssid), Input::Outcome(Ok(())))
            | (State::Securing(bssid), Input::Secured(Ok(()))) => {
                self.end(Ok(()), out);
                self.refused.clear();
                State::Joined(bssid)
            }
            (State::Securing(bssid) | State::Joined(bssid), Input::Secured(Err(failure))) => {
                let next = self.pause(now, failure, out);
                out.push(Action::Mlme(MlmeRequest::Deauth(bssid, REASON_LEAVING)));
                next
            }
            (
                State::Authenticating(bssid, _) | State::Associating(bssid),
                Input::Outcome(Err(failure)),
            ) => {
                let _ = self.refused.push(bssid); // A full list starts a new round.
                self.next_after(now, wish, failure, best, out)
            }
            (State::Scanning, Input::Outcome(Err(failure))) => self.pause(now, failure, out),
            (State::Joined(_), Input::Lost) => self.lost(now),
            (State::Pausing(until), Input::Deadline) if now >= until => self.scan(out),
            (
                state,
                Input::Outcome(_) | Input::Secured(_) | Input::Lost | Input::Deadline | Input::Wake,
            ) => state,
        };
    }

    /// A wish comes up; a network that was heard is not looked for again if it is tried once.
    fn begin(&mut self, wish: Wish, id: RequestId, best: &Best<'_>, out: &mut Actions) {
        out.push(Action::Begin(Origin::User(id)));
        self.wish = Some(wish);
        self.refused.clear();
        let is_once = wish.info.effort == Effort::Once;
        let known = if is_once { self.find(wish, best) } else { None };
        self.state = match known {
            Some(known) => self.ask(&known, out),
            None => self.scan(out),
        };
    }

    /// The network may come back at once: it went away by itself.
    fn lost(&mut self, now: Instant) -> State {
        match &mut self.wish {
            Some(wish) if wish.info.effort != Effort::Once => {
                wish.tries = 1;
                State::Pausing(now.after_us(PAUSE_MIN_US))
            }
            _ => {
                self.wish = None;
                State::Idle
            }
        }
    }

    /// One access point was asked in vain: the next, unless the fault is ours.
    fn next_after(
        &mut self,
        now: Instant,
        wish: Wish,
        failure: Failure,
        best: &Best<'_>,
        out: &mut Actions,
    ) -> State {
        match failure {
            Failure::Chip(_) | Failure::Down => self.pause(now, failure, out),
            _ => self.choose(now, wish, failure, best, out),
        }
    }

    /// The wish is withdrawn; an access point that knows us is told.
    fn leave(&mut self, state: State, out: &mut Actions) -> State {
        self.end(Err(Failure::Aborted), out);
        self.wish = None;
        match state {
            State::Joined(bssid)
            | State::Securing(bssid)
            | State::Authenticating(bssid, _)
            | State::Associating(bssid) => {
                out.push(Action::Mlme(MlmeRequest::Deauth(bssid, REASON_LEAVING)));
            }
            State::Idle | State::Scanning | State::Pausing(_) => {}
        }
        State::Idle
    }

    /// When to come back with [`Input::Deadline`] if nothing else happens.
    pub const fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Pausing(until) => Some(until),
            _ => None,
        }
    }

    /// The channel that the network has to be on, if that was said.
    pub fn channel(&self) -> Option<Channel> {
        self.wish.and_then(|wish| wish.info.channel)
    }

    /// Whether there is no network to join.
    pub const fn is_idle(&self) -> bool {
        self.wish.is_none()
    }

    /// What is wanted, as it was said; of a list, also how the chosen network is protected.
    pub fn info(&self) -> Option<JoinInfo> {
        self.wish.map(|wish| wish.info)
    }

    /// Whether the supplicant has to do with the association that begins or has begun.
    pub fn is_securing(&self) -> bool {
        self.info().is_some_and(|info| info.has_psk)
            && matches!(self.state, State::Associating(_) | State::Securing(_))
    }

    fn scan(&mut self, out: &mut Actions) -> State {
        self.refused.clear();
        out.push(Action::Mlme(MlmeRequest::Scan));
        State::Scanning
    }

    /// Asks the best access point left of this round; without one, the round has failed as said.
    fn choose(
        &mut self,
        now: Instant,
        wish: Wish,
        failure: Failure,
        best: &Best<'_>,
        out: &mut Actions,
    ) -> State {
        match self.find(wish, best) {
            Some(found) if !self.refused.is_full() => self.ask(&found, out),
            _ => self.pause(now, failure, out),
        }
    }

    /// The best access point that has not refused us.
    fn find(&self, wish: Wish, best: &Best<'_>) -> Option<ScanResult> {
        best(&|result: &ScanResult| {
            let bss = &result.bss;
            let is_it = (wish.ssid == Ssid::EMPTY || bss.ssid == wish.ssid)
                && wish.info.pairwise.is_some() == bss.is_protected()
                && (!wish.info.has_psk || bss.has_rsn);
            // Whether it is in the list, `best` knows.
            (is_it || wish.info.is_list)
                && wish.info.bssid.is_none_or(|wanted| wanted == bss.bssid)
                && wish.info.channel.is_none_or(|wanted| wanted == bss.tuning.channel)
                && !self.refused.contains(&bss.bssid)
        })
    }

    fn ask(&mut self, found: &ScanResult, out: &mut Actions) -> State {
        if let Some(Wish { info, .. }) = self.wish.as_mut().filter(|wish| wish.info.is_list) {
            info.has_psk = found.bss.is_protected();
            info.pairwise = info.has_psk.then_some(Cipher::Ccmp);
        }
        let (bssid, tuning) = (found.bss.bssid, found.bss.tuning);
        let info = AuthInfo { bssid, tuning, algorithm: ALGORITHM_OPEN };
        out.push(Action::Mlme(MlmeRequest::Auth(info)));
        State::Authenticating(bssid, tuning)
    }

    /// A round has failed: the user is told after some of them, and the next one comes later.
    fn pause(&mut self, now: Instant, failure: Failure, out: &mut Actions) -> State {
        let Some(wish) = &mut self.wish else { return State::Idle };
        let is_told = wish.waiter.is_some() && wish.tries >= TRIES_MAX;
        let is_last = match wish.info.effort {
            Effort::Once => true,
            Effort::Rounds => is_told,
            Effort::Forever => false,
        };
        wish.tries = wish.tries.saturating_add(1);
        let shift = u32::from(wish.tries.saturating_sub(2)).min(16);
        if is_told || is_last {
            self.end(Err(failure), out);
        }
        if is_last {
            self.wish = None;
            return State::Idle;
        }
        State::Pausing(now.after_us((PAUSE_MIN_US << shift).min(PAUSE_MAX_US)))
    }

    fn end(&mut self, result: Result<(), Failure>, out: &mut Actions) {
        if let Some(id) = self.wish.as_mut().and_then(|wish| wish.waiter.take()) {
            out.push(Action::Outcome(Origin::User(id), result, Proof::None));
        }
    }
}
