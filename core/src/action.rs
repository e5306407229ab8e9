// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the state machines want done. They share one vocabulary, so that the engine has one place
//! where each thing is done.

use heapless::Deque;

use crate::{
    control::{AssocInfo, AuthInfo, Failure, KeyInfo},
    keys::Reply,
    types::{MacAddr, RequestId, Tuning},
    wire::header::MgmtSubtype,
};

/// Who asked a machine to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A user.
    User(RequestId),
    /// [`crate::sme::Sme`].
    Sme,
}

/// What a machine wants done, in order. After [`Action::Chip`], [`Action::Mlme`] and
/// [`Action::InstallKey`] a machine waits for what comes back, so they are always the last of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Carry out, then answer this machine with exactly one `ChipDone`.
    Chip(ChipCommand),
    /// Send a frame.
    Send(Frame),
    /// An *accept* request has started.
    Begin(Origin),
    /// A *finish* request is done, or any request was refused.
    Complete(Origin, Result<(), Failure>),
    /// A begun request has ended.
    Outcome(Origin, Result<(), Failure>, Proof),
    /// Pass on what nobody asked for.
    Tell(News),
    /// Let data flow to and from the access point.
    OpenPeer,
    /// No more data to it.
    ClosePeer,
    /// Tell the stack that the link is up or down.
    Link(bool),
    /// Off-channel machine: send the management frames that wait for this channel, or say why not.
    SendWaiting(Result<(), Failure>),
    /// SME only: ask the MLME.
    Mlme(MlmeRequest),
    /// Supplicant only: send this answer.
    Reply(Reply),
    /// Supplicant only: install its key.
    InstallKey(KeyInfo),
    /// Supplicant only: its first handshake is done, or the network is of no use.
    Secured(Result<(), Failure>),
}

impl Action {
    /// For the event ring.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Chip(command) => command.name(),
            Self::Send(_) => "send",
            Self::Begin(_) => "begin",
            Self::Complete(..) => "complete",
            Self::Outcome(..) => "outcome",
            Self::Tell(_) => "tell",
            Self::OpenPeer => "open_peer",
            Self::ClosePeer => "close_peer",
            Self::Link(true) => "link_up",
            Self::Link(false) => "link_down",
            Self::SendWaiting(_) => "send_waiting",
            Self::Mlme(_) => "mlme",
            Self::Reply(_) => "reply",
            Self::InstallKey(_) => "install_key",
            Self::Secured(Ok(())) => "secured",
            Self::Secured(Err(_)) => "not_secured",
        }
    }
}

/// A change to the hardware; what it needs to know besides, the engine asks of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChipCommand {
    /// Station: tune to the access point and take its frames in.
    Approach,
    /// Station: belong to its network.
    Bind,
    /// Station: follow it to another channel.
    Follow(Tuning),
    /// Station: its slots or preambles are other ones now.
    Relink,
    /// Station: keep taking its frames in, and no more.
    Release,
    /// Station: belong to no network.
    Unbind,
    /// Scanner: prepare.
    ScanBegin,
    /// Scanner and off-channel machine: leave home for this channel.
    Visit(Tuning),
    /// Both: go back, for a while.
    GoHome,
    /// Scanner: go back for good.
    ScanEnd,
}

impl ChipCommand {
    /// For the event ring.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approach => "approach",
            Self::Bind => "bind",
            Self::Follow(_) => "follow",
            Self::Relink => "relink",
            Self::Release => "release",
            Self::Unbind => "unbind",
            Self::ScanBegin => "scan_begin",
            Self::Visit(_) => "visit",
            Self::GoHome => "go_home",
            Self::ScanEnd => "scan_end",
        }
    }
}

/// A frame that the engine builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Authentication, as the station's exchange says.
    Auth,
    /// Association or reassociation request, likewise.
    Assoc,
    /// Deauthentication or disassociation.
    Farewell(Farewell),
    /// A probe request to the access point, to hear whether it is still there.
    ProbeOwn,
    /// A probe request with the n-th name of the scan.
    Probe(u8),
}

/// How we leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// Whom.
    pub bssid: MacAddr,
    /// [`MgmtSubtype::Deauth`] or [`MgmtSubtype::Disassoc`].
    pub subtype: MgmtSubtype,
    /// Reason code (IEEE Std 802.11-2020, table 9-49).
    pub reason: u16,
}

/// Which frame comes with an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// None.
    None,
    /// The one that is being handled.
    Heard,
}

/// News for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The access point sent us away, with the frame that is being handled.
    SentAway,
    /// We left.
    Left(Farewell),
    /// The beacons stopped.
    BeaconLost,
}

/// What the SME asks of the MLME.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MlmeRequest {
    /// Scan for the network's name.
    Scan,
    /// Authenticate.
    Auth(AuthInfo),
    /// Associate.
    Assoc(AssocInfo),
    /// Leave.
    Deauth(MacAddr, u16),
}

/// All machines together have no more actions than this at a time.
const ACTIONS_MAX: usize = 16;

/// The actions that wait to be carried out.
#[derive(Debug, Default)]
pub struct Actions(Deque<Action, ACTIONS_MAX>);

impl Actions {
    /// Adds one at the end.
    pub fn push(&mut self, action: Action) {
        let pushed = self.0.push_back(action);
        debug_assert!(pushed.is_ok(), "ACTIONS_MAX bounds every arm of every `handle`");
    }

    /// Takes the first.
    pub fn pop(&mut self) -> Option<Action> {
        self.0.pop_front()
    }

    /// Whether all are carried out. Every machine is handed an empty list.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
