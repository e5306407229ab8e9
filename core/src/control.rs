// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The neutral words between shims and core: requests down, notices up.
//!
//! Requests are small values. What has no fixed size (elements, frames, keys) travels in one
//! [`crate::os::Draft`] beside the request, laid out as each request says.

use bitflags::bitflags;

use crate::{
    chip::ChipError,
    os::OsError,
    types::{Channel, Cipher, MacAddr, Mode, RequestId, Tuning},
    wire::bss::Bss,
};

/// What a user can ask for. "Body" is the draft that comes along; without a remark there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlRequest {
    /// Load firmware and switch the radio on for this interface, in its mode and with its address.
    Up(Mode, MacAddr),
    /// Switch the interface off, and with the last one the radio.
    Down,
    /// The machine goes to sleep.
    Suspend,
    /// The machine woke up: what was up comes up again.
    Resume,
    /// Read the four bytes of registers at this address; [`crate::device::Shared::peeked`] has
    /// them afterwards. The radio is on.
    Peek(u16),
    /// Tune (`ifconfig wlan0 channel 6`).
    SetChannel(Tuning),
    /// Install a key. Body: the key, [`Cipher::key_len`] bytes.
    SetKey(KeyInfo),
    /// Remove a key.
    DeleteKey(KeyPlace),
    /// Send group and WEP frames with this key from now on.
    SetDefaultKey(u8),
    /// Open or close the controlled port of a peer (IEEE Std 802.1X).
    SetPort(MacAddr, Port),
    /// Limit transmit power to this many dBm; `None` is as much as is allowed.
    SetTxPower(Option<i8>),
    /// Send us away from the access point with this reason code, and tell it.
    /// Body (optional): elements to add.
    Deauth(MacAddr, u16),
    /// The same by disassociation: authentication stays.
    Disassoc(MacAddr, u16),
    /// Look for networks. Body: as [`crate::scan::ScanRequest::emit`] writes it.
    Scan,
    /// End a scan early; its outcome is [`Failure::Aborted`].
    AbortScan,
    /// MLME: authenticate with one access point. Body: elements to add (for SAE, algorithm 3,
    /// first the transaction number and status code, 2 bytes each, as in the frame).
    Auth(AuthInfo),
    /// MLME: associate (reassociate, if `previous` says from where) with the access point of the
    /// last [`ControlRequest::Auth`]. Body: elements that the user adds, the RSNE among them.
    Assoc(AssocInfo),
    /// Send a management frame. Body: the frame, its sequence number for core to fill in. The
    /// outcome says whether it was acknowledged ([`Failure::NotAcked`] if not).
    SendMgmt(MgmtInfo),
    /// Stay on a channel for this many milliseconds.
    Remain(Tuning, u16),
    /// End that early; the outcome of [`ControlRequest::Remain`] is then [`Failure::Aborted`].
    AbortRemain,
    /// SME: find a network, authenticate, associate, agree on keys, and try again. Body: SSID (first
    /// byte its length), with [`JoinInfo::has_psk`] the pairwise master key ([`PMK_LEN`] bytes),
    /// then elements to add to the association request.
    Join(JoinInfo),
    /// SME: leave the network and stop trying.
    Leave,
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
        match self.operation() {
            Some(_) => Completion::Accept,
            None => Completion::Finish,
        }
    }

    /// What begins when this is accepted.
    pub const fn operation(self) -> Option<Operation> {
        match self {
            Self::Scan => Some(Operation::Scan),
            Self::Auth(_) => Some(Operation::Auth),
            Self::Assoc(_) => Some(Operation::Assoc),
            Self::SendMgmt(_) => Some(Operation::SendMgmt),
            Self::Remain(..) => Some(Operation::Remain),
            Self::Join(_) => Some(Operation::Join),
            _ => None,
        }
    }
}

/// What goes on after an *accept* request, until its [`Notice::Outcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A scan.
    Scan,
    /// An authentication.
    Auth,
    /// An association.
    Assoc,
    /// A management frame on its way.
    SendMgmt,
    /// A stay on a channel.
    Remain,
    /// A join.
    Join,
}

/// With whom and how to authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthInfo {
    /// The access point.
    pub bssid: MacAddr,
    /// Where it is.
    pub tuning: Tuning,
    /// Algorithm number: 0 open system, 3 SAE (IEEE Std 802.11-2020, 9.4.1.1).
    pub algorithm: u16,
}

/// With whom and how to associate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssocInfo {
    /// The access point.
    pub bssid: MacAddr,
    /// The access point that we come from, for a reassociation.
    pub previous: Option<MacAddr>,
    /// How wide to work; the primary channel is that of the authentication.
    pub tuning: Tuning,
    /// Work as wide as the network and we can, whatever `tuning` says.
    pub is_widest: bool,
    /// What protects frames to this peer; `None` for an open network. With one, only EAPOL
    /// frames pass until [`ControlRequest::SetPort`] opens the port.
    pub pairwise: Option<Cipher>,
}

/// Bytes of a pairwise master key, which is what a passphrase is made into (IEEE Std 802.11-2020,
/// J.4).
pub const PMK_LEN: usize = 32;

/// Which network to join.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JoinInfo {
    /// Only this access point.
    pub bssid: Option<MacAddr>,
    /// What protects frames; `None` for an open network.
    pub pairwise: Option<Cipher>,
    /// Core's own supplicant does the handshake of WPA2, with the key in the body and [`Cipher::Ccmp`]
    /// as `pairwise`: it takes the network's EAPOL frames, installs the keys, and only then is the
    /// link up and the join done. Without it, the user does all of that.
    pub has_psk: bool,
    /// Any of several networks, and never the same one for good: the body is as
    /// [`crate::sme::emit_list`] writes it, and says for each network whether it is open or has a key. No
    /// networks at all: only look around, so that scan results stay fresh.
    pub is_list: bool,
    /// Only on this channel.
    pub channel: Option<Channel>,
    /// How often.
    pub effort: Effort,
}

/// How much is done for a join.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// A few rounds; once joined, a lost network is looked for until it is back.
    #[default]
    Rounds,
    /// Once: a network that was heard is not looked for again, the first failure is the outcome,
    /// and after a loss nothing follows. For users with a policy of their own.
    Once,
    /// Until it works; the outcome tells of the first rounds.
    Forever,
}

/// How to send a management frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MgmtInfo {
    /// Where; `None` is wherever the radio is.
    pub tuning: Option<Tuning>,
    /// How long to stay there for an answer, milliseconds.
    pub wait_ms: u16,
    /// No acknowledgement is expected.
    pub no_ack: bool,
}

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPlace {
    /// The peer of a pairwise key; `None` for a group key.
    pub peer: Option<MacAddr>,
    /// Key identifier, 0 to 3 (4 and 5 for BIP).
    pub index: u8,
}

/// A key to install.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Which.
    pub place: KeyPlace,
    /// For what.
    pub cipher: Cipher,
    /// The last packet number received with it, so that older frames are replays.
    pub receive_pn: u64,
}

/// The controlled port of IEEE Std 802.1X.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// EAPOL only.
    Closed,
    /// Everything.
    Open,
}

bitflags! {
    /// What the radio takes in besides its own frames; posted, never waited for.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct RxFilter: u8 {
        /// All frames of our network.
        const PROMISCUOUS = 1 << 0;
        /// All multicast frames.
        const ALL_MULTICAST = 1 << 1;
        /// Beacons and probe responses of other networks: while scanning.
        const OTHER_BEACONS = 1 << 2;
        /// Everything on the channel, control frames too: for monitors.
        const MONITOR = 1 << 3;
        /// Frames with a wrong checksum too.
        const BAD_FCS = 1 << 4;
        /// Probe requests.
        const PROBE_REQUESTS = 1 << 5;
    }
}

/// What happened, for the user. Frames are whole 802.11 frames without checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice<'a> {
    /// How an accepted request ended; exactly one for each.
    Outcome {
        /// Which request.
        id: RequestId,
        /// What it began.
        operation: Operation,
        /// How it went.
        result: Result<(), Failure>,
        /// Auth and Assoc: the answer, also one that refuses; SendMgmt: the frame sent. Else empty.
        frame: &'a [u8],
    },
    /// A beacon or probe response of any network.
    Heard(Heard<'a>),
    /// A management frame of a registered kind ([`crate::device::Shared::register_frames`]).
    Mgmt(Heard<'a>),
    /// The access point sent us away: a deauthentication or disassociation frame.
    SentAway(&'a [u8]),
    /// We left: the frame that we sent, on request or because the beacons had stopped.
    Left(&'a [u8]),
    /// No beacons for too long; [`Notice::Left`] follows.
    BeaconLost,
    /// The link is up, in this network; told after [`crate::os::Os::link_changed`].
    Network(&'a Bss),
    /// The signal of our network crossed a threshold of interest, in dBm.
    Signal(i8),
}

/// A management frame with its circumstances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard<'a> {
    /// Where.
    pub tuning: Tuning,
    /// How strong, dBm.
    pub signal_dbm: i8,
    /// The frame.
    pub frame: &'a [u8],
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Something else is going on.
    Busy,
    /// The interface is down, or went down meanwhile.
    Down,
    /// No such network, peer or key.
    NotFound,
    /// No answer.
    Timeout,
    /// The access point's status code.
    Refused(u16),
    /// The access point sent us away with this reason code.
    SentAway(u16),
    /// Somebody ended it.
    Aborted,
    /// The access point and we do not have the same key: most likely a wrong passphrase.
    WrongKey,
    /// The frame left, and nobody acknowledged it.
    NotAcked,
    /// What was asked makes no sense.
    Invalid,
    /// This chip or mode cannot do it.
    Unsupported,
    /// The regulatory domain does not allow it.
    Forbidden,
    /// Hardware, or the system below it.
    Chip(ChipError),
}

impl From<OsError> for Failure {
    fn from(error: OsError) -> Self {
        Self::Chip(ChipError::Os(error))
    }
}

impl From<ChipError> for Failure {
    fn from(error: ChipError) -> Self {
        Self::Chip(error)
    }
}

/// The answer to everything once the device is gone.
pub const DETACHED: Failure = Failure::Chip(ChipError::Os(OsError::Detached));
