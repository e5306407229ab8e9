// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! OpenBSD: one interface for each device, an ioctl for each thing, and the key handshake in the kernel.
//!
//! `ioctls.tsv` lists every request and what becomes of it, `errnos.tsv` what malformed ones get.

mod get;
mod join;
pub mod layout;
mod media;
mod nodes;
mod set;
mod stats;
#[cfg(test)]
mod tests;
mod wpa;

use heapless::Vec;
use zerocopy::{FromBytes, Immutable, IntoBytes};

use self::{
    join::Ess,
    layout::{Info, NAME_LEN},
    wpa::Protection,
};
use super::{Errno, Host, Personality, UserAddr, settings};
use crate::{
    control::{ControlRequest, Failure, Notice},
    os::Empty,
    scan::{Joined, ScanResult},
    sme::LIST_MAX,
    types::{Channel, MacAddr, Mode, Ssid},
    wire::mgmt::Capability,
};

/// The requests, by their numbers.
pub mod request {
    #![expect(missing_docs, reason = "the names are those of the system's headers")]
    pub const SIOCS80211NWID: u64 = 0xc020_69e6;
    pub const SIOCG80211NWID: u64 = 0xc020_69e7;
    pub const SIOCS80211NWKEY: u64 = 0x8058_69e8;
    pub const SIOCG80211NWKEY: u64 = 0xc058_69e9;
    pub const SIOCS80211POWER: u64 = 0x8018_69ea;
    pub const SIOCG80211POWER: u64 = 0xc018_69eb;
    pub const SIOCS80211CHANNEL: u64 = 0x8012_69ee;
    pub const SIOCG80211CHANNEL: u64 = 0xc012_69ef;
    pub const SIOCG80211ALLCHANS: u64 = 0xc018_69d7;
    pub const SIOCS80211BSSID: u64 = 0x8016_69f0;
    pub const SIOCG80211BSSID: u64 = 0xc016_69f1;
    pub const SIOCG80211STATS: u64 = 0xc020_69f2;
    pub const SIOCS80211TXPOWER: u64 = 0x8018_69f3;
    pub const SIOCG80211TXPOWER: u64 = 0xc018_69f4;
    pub const SIOCS80211WPAPSK: u64 = 0x8034_69f5;
    pub const SIOCG80211WPAPSK: u64 = 0xc034_69f6;
    pub const SIOCS80211WPAPARMS: u64 = 0x8024_69f7;
    pub const SIOCG80211WPAPARMS: u64 = 0xc024_69f8;
    pub const SIOCS80211KEYAVAIL: u64 = 0x803c_69fb;
    pub const SIOCS80211KEYRUN: u64 = 0x8016_69fc;
    pub const SIOCS80211SCAN: u64 = 0x8020_69d2;
    pub const SIOCG80211NODE: u64 = 0xc098_69d3;
    pub const SIOCS80211NODE: u64 = 0x8098_69d4;
    pub const SIOCS80211DELNODE: u64 = 0x8098_69d5;
    pub const SIOCG80211ALLNODES: u64 = 0xc030_69d6;
    pub const SIOCG80211FLAGS: u64 = 0xc020_69d8;
    pub const SIOCS80211FLAGS: u64 = 0x8020_69d9;
    pub const SIOCG80211JOINALL: u64 = 0xc028_69da;
    pub const SIOCS80211JOIN: u64 = 0xc020_69ff;
    pub const SIOCG80211JOIN: u64 = 0xc020_6900;

    /// All of them.
    pub const ALL: [u64; 30] = [
        SIOCS80211NWID,
        SIOCG80211NWID,
        SIOCS80211NWKEY,
        SIOCG80211NWKEY,
        SIOCS80211POWER,
        SIOCG80211POWER,
        SIOCS80211CHANNEL,
        SIOCG80211CHANNEL,
        SIOCG80211ALLCHANS,
        SIOCS80211BSSID,
        SIOCG80211BSSID,
        SIOCG80211STATS,
        SIOCS80211TXPOWER,
        SIOCG80211TXPOWER,
        SIOCS80211WPAPSK,
        SIOCG80211WPAPSK,
        SIOCS80211WPAPARMS,
        SIOCG80211WPAPARMS,
        SIOCS80211KEYAVAIL,
        SIOCS80211KEYRUN,
        SIOCS80211SCAN,
        SIOCG80211NODE,
        SIOCS80211NODE,
        SIOCS80211DELNODE,
        SIOCG80211ALLNODES,
        SIOCG80211FLAGS,
        SIOCS80211FLAGS,
        SIOCG80211JOINALL,
        SIOCS80211JOIN,
        SIOCG80211JOIN,
    ];
}

/// `RTM_80211INFO`: the routing message that says which network the link is in.
pub const RTM_80211INFO: i32 = 0x15;

/// The listen interval that this system starts with, milliseconds.
const SLEEP_MS: i32 = 100;

/// An OpenBSD interface.
#[derive(Debug)]
pub struct OpenBsd {
    mode: Mode,
    mac: MacAddr,
    is_up: bool,
    /// The network that the user named; empty for none.
    ssid: Ssid,
    /// How it is protected.
    protection: Protection,
    /// Only this access point.
    bssid: Option<MacAddr>,
    /// Only there; for a monitor: there.
    channel: Option<Channel>,
    /// The networks that may be joined.
    list: Vec<Ess, LIST_MAX>,
    /// They are; else the one that the user named is.
    is_auto: bool,
    /// Most power, dBm.
    power_dbm: Option<i8>,
    /// Kept for who asks: the radio does not sleep.
    sleep_ms: i32,
}

impl Empty for OpenBsd {
    const EMPTY: Self = Self {
        mode: Mode::Station,
        mac: MacAddr::ZERO,
        is_up: false,
        ssid: Ssid::EMPTY,
        protection: Protection::NONE,
        bssid: None,
        channel: None,
        list: Vec::new(),
        is_auto: false,
        power_dbm: None,
        sleep_ms: SLEEP_MS,
    };
}

/// An argument. Errors: [`Errno::Inval`] if there are fewer bytes than the request says.
fn take<T: FromBytes>(data: &[u8]) -> Result<T, Errno> {
    T::read_from_prefix(data).map(|(value, _)| value).map_err(|_| Errno::Inval)
}

/// Puts an answer where the argument was.
fn put<T: IntoBytes + Immutable>(data: &mut [u8], value: &T) -> Result<(), Errno> {
    value.write_to_prefix(data).map_err(|_| Errno::Inval)
}

/// The user memory that an `ifreq` points at.
fn pointed(data: &[u8]) -> Result<UserAddr, Errno> {
    take::<layout::IfReq>(data).map(|ifreq| UserAddr(ifreq.ifr_data))
}

/// A name of a network. Errors: [`Errno::Inval`] if it is longer than names are.
fn name(len: u8, bytes: &[u8; 32]) -> Result<Ssid, Errno> {
    bytes.get(..usize::from(len)).and_then(Ssid::new).ok_or(Errno::Inval)
}

/// The same as the structures have it.
fn name_bytes(ssid: &Ssid) -> (u8, [u8; 32]) {
    let mut bytes = [0; 32];
    let mut len = 0;
    for (to, from) in bytes.iter_mut().zip(ssid.as_bytes()) {
        *to = *from;
        len += 1;
    }
    (len, bytes)
}

impl OpenBsd {
    fn is_station(&self) -> bool {
        self.mode == Mode::Station
    }

    /// The network that the station belongs to.
    fn joined<H: Host>(&self, host: &mut H) -> Option<Joined> {
        host.joined().filter(|_| self.is_station() && self.is_up)
    }

    /// What was heard of it.
    fn joined_bss<H: Host>(&self, host: &mut H) -> Option<ScanResult> {
        let joined = self.joined(host)?;
        settings::find_bss(host, joined.bssid)
    }
}

impl Personality for OpenBsd {
    fn create<H: Host>(&mut self, host: &mut H, params: &[u8]) -> Result<(), Errno> {
        if !params.is_empty() {
            return Err(Errno::Inval); // There is nothing to say: the device is the interface.
        }
        *self = Self { mac: host.identity().mac, ..Self::EMPTY };
        Ok(())
    }

    fn address(&self) -> MacAddr {
        self.mac
    }

    fn set_address(&mut self, addr: MacAddr) -> Result<(), Errno> {
        if self.is_up {
            return Err(Errno::Busy);
        }
        if !addr.is_valid_station() {
            return Err(Errno::Inval);
        }
        self.mac = addr;
        Ok(())
    }

    fn ioctl<H: Host>(&mut self, host: &mut H, command: u64, data: &mut [u8]) -> Result<(), Errno> {
        if let Some(result) = self.get(host, command, data) {
            return result;
        }
        self.set(host, command, data)
    }

    fn up<H: Host>(&mut self, host: &mut H) -> Result<(), Errno> {
        host.ask(ControlRequest::Up(self.mode, self.mac), &[])?;
        self.is_up = true;
        let settled = self.settle(host);
        if settled.is_err() {
            let _ = self.down(host); // What failed first is what counts.
        }
        settled
    }

    fn down<H: Host>(&mut self, host: &mut H) -> Result<(), Errno> {
        self.is_up = false;
        match host.ask(ControlRequest::Down, &[]) {
            Ok(()) | Err(Failure::Down) => Ok(()),
            Err(why) => Err(why.into()),
        }
    }

    fn media<H: Host>(&self, _host: &H, index: u32) -> i32 {
        media::word(index)
    }

    fn set_media<H: Host>(&mut self, host: &mut H, word: i32) -> Result<(), Errno> {
        let mode = media::mode_of(word)?;
        if mode == self.mode {
            return Ok(());
        }
        let was_up = self.is_up;
        if was_up {
            self.down(host)?;
        }
        self.mode = mode;
        if was_up { self.up(host) } else { Ok(()) }
    }

    fn media_status<H: Host>(&self, host: &mut H) -> (i32, i32) {
        self.active_media(host)
    }

    /// Nothing: see [`Notice::Network`].
    fn link_events(_bssid: Option<MacAddr>, _tell: &mut dyn FnMut(i32, &[u8])) {}

    /// Which network the link is in; this system tells of nothing else.
    fn events(notice: &Notice<'_>, tell: &mut dyn FnMut(i32, &[u8])) {
        let Notice::Network(bss) = notice else { return };
        /// `IEEE80211_F_SHSLOT`, `_SHPREAMBLE`, `_QOS`, `_RSNON`, `_PSK`, `_HTON`.
        const FLAGS: [u32; 6] = [1 << 17, 1 << 18, 1 << 19, 1 << 21, 1 << 22, 1 << 25];
        let is = [
            bss.capability.contains(Capability::SHORT_SLOT),
            bss.capability.contains(Capability::SHORT_PREAMBLE),
            bss.wmm.is_some(),
            bss.has_rsn,
            bss.has_rsn,
            bss.ht.is_some(),
        ];
        let flags = FLAGS.into_iter().zip(is).filter(|(_, is)| *is);
        let (ifie_nwid_len, ifie_nwid) = name_bytes(&bss.ssid);
        let info = Info {
            ifie_channel: bss.tuning.channel.number(),
            ifie_nwid_len,
            ifie_flags: flags.fold(0, |all, (flag, _)| all | flag),
            ifie_nwid,
            ifie_addr: bss.bssid.0,
            ..Info::default()
        };
        tell(RTM_80211INFO, info.as_bytes());
    }
}

/// The interface name of a request, for its answer.
type Name = [u8; NAME_LEN];
