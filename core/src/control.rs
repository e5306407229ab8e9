// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The neutral words between shims and core: requests down, notices up.

use bitflags::bitflags;

use crate::{
    os::OsError,
    types::{Channel, MacAddr, RequestId, Ssid},
};

/// What a user can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlRequest {
    /// Load firmware and switch the radio on for this interface.
    Up,
    /// Switch the radio off.
    Down,
    /// The machine goes to sleep.
    Suspend,
    /// The machine woke up: what was up comes up again.
    Resume,
    /// Tune (`ifconfig wlan0 channel 6`).
    SetChannel(Channel),
    /// Look for networks.
    Scan,
    /// MLME: authenticate with one access point.
    Auth(MacAddr, Channel),
    /// MLME: associate with the access point of the last [`ControlRequest::Auth`].
    Assoc(MacAddr),
    /// SME: find this network, authenticate, associate, and try again.
    Join(Ssid),
}

/// When the caller that waits for a request goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// When the work has started; exactly one [`Notice::Outcome`] follows.
    Accept,
    /// When the work is done.
    Finish,
}

impl ControlRequest {
    /// When the caller goes on.
    pub const fn completion(self) -> Completion {
        match self {
            Self::Up | Self::Down | Self::Suspend | Self::Resume | Self::SetChannel(_) => {
                Completion::Finish
            }
            Self::Scan | Self::Auth(..) | Self::Assoc(_) | Self::Join(_) => Completion::Accept,
        }
    }
}

bitflags! {
    /// What the radio takes in besides its own frames; posted, never waited for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RxFilter: u8 {
        /// All frames.
        const PROMISCUOUS = 1;
        /// All multicast frames.
        const ALL_MULTICAST = 2;
    }
}

/// What happened, for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// How an accepted request ended.
    Outcome(RequestId, Result<(), Failure>),
    /// The access point sent us away.
    Deauthenticated(MacAddr, u16),
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Something else is going on.
    Busy,
    /// The interface is down, or went down meanwhile.
    Down,
    /// No such network.
    NotFound,
    /// No answer.
    Timeout,
    /// The access point's status code.
    Refused(u16),
    /// System or hardware.
    Os(OsError),
}

impl From<OsError> for Failure {
    fn from(error: OsError) -> Self {
        Self::Os(error)
    }
}

/// The answer to everything once the device is gone.
pub const DETACHED: Failure = Failure::Os(OsError::Detached);
