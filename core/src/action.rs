// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the state machines want done. They share one vocabulary, so that the engine has one place
//! where each thing is done.

use heapless::Deque;

use crate::{
    control::{Failure, Notice},
    types::{Channel, MacAddr, RequestId},
    wire::Mgmt,
};

/// Who asked a machine to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A user.
    User(RequestId),
    /// [`crate::sme::Sme`].
    Sme,
}

/// What a machine wants done, in order. After [`Action::Chip`] and [`Action::Mlme`] a machine
/// waits for what comes back, so they are always the last of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Carry out, then answer this machine with exactly one `ChipDone`.
    Chip(ChipCommand),
    /// Send a management frame.
    Send(Mgmt),
    /// An *accept* request has started.
    Begin(Origin),
    /// A *finish* request is done, or any request was refused.
    Complete(Origin, Result<(), Failure>),
    /// A begun request has ended.
    Outcome(Origin, Result<(), Failure>),
    /// Pass on what nobody asked for.
    Tell(Notice),
    /// Let data flow to and from this peer, then tell the stack that the link is up.
    LinkUp(MacAddr),
    /// No more data to this peer.
    ClosePeer,
    /// Tell the stack that the link is down.
    LinkDown,
    /// SME only: ask the MLME.
    Mlme(MlmeRequest),
}

/// A change to the hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChipCommand {
    /// Tune.
    SetChannel(Channel),
    /// Belong to a network.
    SetBssid(Option<MacAddr>),
}

/// What the SME asks of the MLME.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MlmeRequest {
    /// Scan.
    Scan,
    /// Authenticate.
    Auth(MacAddr, Channel),
    /// Associate.
    Assoc(MacAddr),
}

/// No input of any machine leads to more actions than this.
const ACTIONS_MAX: usize = 4;

/// The actions that wait to be carried out.
#[derive(Debug, Default)]
pub(crate) struct Actions(Deque<Action, ACTIONS_MAX>);

impl Actions {
    pub(crate) fn push(&mut self, action: Action) {
        let pushed = self.0.push_back(action);
        debug_assert!(pushed.is_ok(), "ACTIONS_MAX bounds every arm of every `handle`");
    }

    pub(crate) fn pop(&mut self) -> Option<Action> {
        self.0.pop_front()
    }

    /// Every `handle` calls this first.
    pub(crate) fn assert_drained(&self) {
        debug_assert!(self.0.is_empty(), "drain the actions before the next input");
    }
}
