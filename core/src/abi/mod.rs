// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Each BSD's 802.11 ioctls: bytes to requests, and answers to bytes.
//!
//! A [`Personality`] is one system's idea of an interface: what it remembers between ioctls and how
//! it understands them. It is a value behind the shim's sleepable lock of that interface; all that
//! it needs of the outside is a [`Host`]. Nothing here knows how a kernel copies memory or waits.

pub mod freebsd;
#[cfg(test)]
mod layouts;
#[cfg(test)]
mod million;
#[cfg(test)]
mod mock;
pub mod net80211;
pub mod netbsd;
pub mod openbsd;
pub mod settings;
#[cfg(test)]
mod tables;
pub mod user;

use crate::{
    chip::{ChipError, ChipInfo, Identity},
    control::{ControlRequest, Failure, Notice},
    data::PeerStats,
    os::{Empty, OsError},
    radio::{ChannelRule, Regulatory},
    scan::{Joined, KEPT_MAX, ScanResult},
    types::{Channel, Instant, MacAddr, Tuning},
};

/// An address in the memory of the process that made the ioctl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserAddr(pub u64);

/// Why an ioctl failed; the numbers are those that the three systems share since 4.4BSD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Errno {
    /// Not the superuser.
    Perm = 1,
    /// No such thing.
    NoEnt = 2,
    /// A signal came first.
    Intr = 4,
    /// The hardware failed.
    Io = 5,
    /// The device is gone.
    NxIo = 6,
    /// More bytes than there is room for.
    TooBig = 7,
    /// Out of memory.
    NoMem = 12,
    /// Not allowed.
    Access = 13,
    /// A bad address.
    Fault = 14,
    /// Something else is going on.
    Busy = 16,
    /// It is there already.
    Exist = 17,
    /// No such device.
    NoDev = 19,
    /// What was asked makes no sense.
    Inval = 22,
    /// Not an ioctl of ours: the network stack's own handler is to have it.
    NoTty = 25,
    /// There is no room.
    NoSpc = 28,
    /// It has begun already.
    InProgress = 36,
    /// We cannot do it.
    OpNotSupp = 45,
    /// That address is not known here.
    AddrNotAvail = 49,
    /// The interface is down.
    NetDown = 50,
    /// A queue is full.
    NoBufs = 55,
    /// No answer.
    TimedOut = 60,
}

impl From<Failure> for Errno {
    /// What an ioctl says that waited for core, unless its system says something else there.
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Busy => Self::Busy,
            Failure::Down => Self::NetDown,
            Failure::NotFound => Self::NoEnt,
            Failure::Timeout => Self::TimedOut,
            Failure::Aborted => Self::Intr,
            Failure::Invalid => Self::Inval,
            Failure::Unsupported => Self::OpNotSupp,
            Failure::Forbidden => Self::Perm,
            Failure::WrongKey => Self::Access,
            Failure::Chip(ChipError::Os(OsError::NoMemory)) => Self::NoMem,
            Failure::Chip(ChipError::Os(OsError::Detached)) => Self::NxIo,
            Failure::Chip(ChipError::Os(OsError::Full)) => Self::NoBufs,
            Failure::Chip(ChipError::Os(OsError::NoFirmware) | ChipError::Firmware(_)) => {
                Self::NoEnt
            }
            Failure::Chip(ChipError::Unsupported) => Self::OpNotSupp,
            Failure::Refused(_) | Failure::SentAway(_) | Failure::NotAcked | Failure::Chip(_) => {
                Self::Io
            }
        }
    }
}

/// What an ioctl may use of its interface and device. The shim is behind it; calls may sleep.
pub trait Host {
    /// Asks core and waits as the request says; the parts of `body` follow one another.
    fn ask(&mut self, request: ControlRequest, body: &[&[u8]]) -> Result<(), Failure>;
    /// Copies from the caller's memory. Errors: [`Errno::Fault`].
    fn copy_in(&mut self, from: UserAddr, to: &mut [u8]) -> Result<(), Errno>;
    /// Copies to the caller's memory. Errors: [`Errno::Fault`].
    fn copy_out(&mut self, from: &[u8], to: UserAddr) -> Result<(), Errno>;
    /// Whether the caller may change the network.
    fn is_privileged(&mut self) -> bool;
    /// The chip's kind.
    fn info(&self) -> &'static ChipInfo;
    /// What this chip said of itself.
    fn identity(&self) -> Identity;
    /// Where the radio is; `None` while it is off or on its way.
    fn tuning(&self) -> Option<Tuning>;
    /// The time now.
    fn now(&self) -> Instant;
    /// Place `index` (below [`crate::scan::RESULTS_MAX`]) of the networks that were heard, and how
    /// many bytes of elements were copied: see [`crate::device::Shared::scan_result`].
    fn scan_result(
        &mut self,
        index: usize,
        elements: &mut [u8; KEPT_MAX],
    ) -> Option<(ScanResult, usize)>;
    /// The network that this interface belongs to.
    fn joined(&mut self) -> Option<Joined>;
    /// What the law allows on a channel; `None` is nothing.
    fn rule(&mut self, channel: Channel) -> Option<ChannelRule>;
    /// Says what the law is.
    fn set_rules(&mut self, rules: &Regulatory);
    /// Shows every counter of the device with its name.
    fn counters(&mut self, show: &mut dyn FnMut(&'static str, u64));
    /// What is known of the traffic with a peer.
    fn peer_stats(&mut self, addr: MacAddr) -> Option<PeerStats>;
}

/// One system's idea of an interface.
pub trait Personality: Empty + Send {
    /// A new interface: `params` are the system's clone parameters, empty for the defaults. The
    /// address that it gets is [`Personality::address`].
    fn create<H: Host>(&mut self, host: &mut H, params: &[u8]) -> Result<(), Errno>;
    /// The interface's address.
    fn address(&self) -> MacAddr;
    /// The user changed the address. Errors: [`Errno::Busy`] while the interface is up.
    fn set_address(&mut self, addr: MacAddr) -> Result<(), Errno>;
    /// An ioctl: `data` is its argument in kernel memory, as that kernel's ioctl(2) copies it in
    /// and out. Errors: that system's errno; [`Errno::NoTty`] for what is not 802.11.
    fn ioctl<H: Host>(&mut self, host: &mut H, command: u64, data: &mut [u8]) -> Result<(), Errno>;
    /// The interface is switched on: the radio, and the join that the user has asked for.
    fn up<H: Host>(&mut self, host: &mut H) -> Result<(), Errno>;
    /// It is switched off.
    fn down<H: Host>(&mut self, host: &mut H) -> Result<(), Errno>;
    /// The `index`-th media word of ifmedia(4) that can be chosen; 0 after the last.
    fn media<H: Host>(&self, host: &H, index: u32) -> i32;
    /// The user chose a media word.
    fn set_media<H: Host>(&mut self, host: &mut H, word: i32) -> Result<(), Errno>;
    /// The active media word and the status (`IFM_AVALID`, `IFM_ACTIVE`).
    fn media_status<H: Host>(&self, host: &mut H) -> (i32, i32);
    /// The routing messages that a notice is to this system: kind and payload. Pure: called from
    /// the worker, which must not wait for whoever holds the interface's lock.
    fn events(notice: &Notice<'_>, tell: &mut dyn FnMut(i32, &[u8]));
    /// The link went up (with the access point's address) or down: likewise.
    fn link_events(bssid: Option<MacAddr>, tell: &mut dyn FnMut(i32, &[u8]));
}
