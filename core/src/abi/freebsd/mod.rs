// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! FreeBSD: interfaces by cloning, requests as numbers in one ioctl, as net80211 answers them.
//!
//! `ioctls.tsv` lists every request and what becomes of it, `errnos.tsv` what malformed ones get.

mod channels;
mod get;
mod ioc;
pub mod layout;
mod rates;
mod regdomain;
mod scan;
mod set;
mod station;
#[cfg(test)]
mod tests;
mod values;

use self::{layout::CloneParams, rates::Rates, values::VALUES};
use super::{
    Errno, Host, Personality, UserAddr,
    net80211::{events, keys::Keys, media::Words, stats, values::Values},
    settings::Settings,
    user,
};
use crate::{
    control::Notice,
    os::Empty,
    types::{MacAddr, Mode},
};

/// `SIOCS80211`.
pub const SET: u64 = 0x8020_69ea;
/// `SIOCG80211`.
pub const GET: u64 = 0xc020_69eb;
/// `SIOCG80211STATS`.
pub const GET_STATS: u64 = 0xc020_69ec;

/// `IEEE80211_M_STA` and `IEEE80211_M_MONITOR`; the modes beyond are no modes.
const OPMODE_STA: u16 = 1;
const OPMODE_MONITOR: u16 = 5;
const OPMODE_LAST: u16 = 6;
/// `IEEE80211_CLONE_BSSID`, `_MACADDR`, `_TDMA`.
const CLONE_BSSID: u16 = 1 << 0;
const CLONE_MACADDR: u16 = 1 << 3;
const CLONE_TDMA: u16 = 1 << 4;
/// Of an address: nobody's but ours.
const LOCAL: u8 = 1 << 1;

/// FreeBSD's media words.
const WORDS: Words = Words { monitor: 0x2000, cck: &[5, 6, 7, 8] };

/// A FreeBSD interface.
#[derive(Debug)]
pub struct FreeBsd {
    settings: Settings,
    /// Parameters without a place of their own.
    values: Values<{ VALUES.len() }>,
    rates: Rates,
    keys: Keys,
    /// Bit 0 WPA, bit 1 RSN.
    wpa: u8,
    /// `IEEE80211_AUTH_*`; 0 is open.
    auth: u8,
    /// Channels of scans: bit n is channel n. All zero is all channels.
    channels: [u8; 32],
    regdomain: layout::RegDomain,
    /// The device's name.
    parent: [u8; layout::NAME_LEN],
    /// The media word that the user chose, without its mode.
    media: i32,
}

impl Empty for FreeBsd {
    const EMPTY: Self = Self {
        settings: Settings::EMPTY,
        values: Values::EMPTY,
        rates: Rates::EMPTY,
        keys: Keys::EMPTY,
        wpa: 0,
        auth: 0,
        channels: [0; 32],
        regdomain: layout::RegDomain {
            regdomain: 0,
            country: 0,
            location: 0,
            ecm: 0,
            isocc: [0; 2],
            pad: [0; 2],
        },
        parent: [0; layout::NAME_LEN],
        media: 0,
    };
}

impl FreeBsd {
    fn is_station(&self) -> bool {
        self.settings.mode == Mode::Station
    }
}

impl Personality for FreeBsd {
    fn create<H: Host>(&mut self, host: &mut H, params: &[u8]) -> Result<(), Errno> {
        let own = host.identity().mac;
        self.rates = Rates::START;
        self.regdomain.location = b' ';
        if params.is_empty() {
            self.settings.mac = own;
            return Ok(());
        }
        let (params, _) =
            zerocopy::FromBytes::read_from_prefix(params).map_err(|_| Errno::Inval)?;
        let CloneParams { icp_parent, icp_opmode, icp_flags, icp_macaddr, .. } = params;
        self.settings.mode = match icp_opmode {
            OPMODE_STA => Mode::Station,
            OPMODE_MONITOR => Mode::Monitor,
            0..=OPMODE_LAST => return Err(Errno::OpNotSupp),
            _ => return Err(Errno::Inval),
        };
        if icp_flags & CLONE_TDMA != 0 {
            return Err(Errno::OpNotSupp);
        }
        self.parent = icp_parent;
        let mac = if icp_flags & CLONE_MACADDR != 0 {
            MacAddr(icp_macaddr)
        } else if icp_flags & CLONE_BSSID != 0 {
            let [first, rest @ ..] = own.0;
            let [b, c, d, e, f] = rest;
            MacAddr([first | LOCAL, b, c, d, e, f])
        } else {
            own
        };
        self.settings.set_mac(mac)
    }

    fn address(&self) -> MacAddr {
        self.settings.mac
    }

    fn set_address(&mut self, addr: MacAddr) -> Result<(), Errno> {
        self.settings.set_mac(addr)
    }

    fn ioctl<H: Host>(&mut self, host: &mut H, command: u64, data: &mut [u8]) -> Result<(), Errno> {
        // Some kernels extend the sign.
        let command = command & u64::from(u32::MAX);
        match command {
            SET | GET => {
                let (req, _) = <layout::Req as zerocopy::FromBytes>::mut_from_prefix(data)
                    .map_err(|_| Errno::Inval)?;
                if command == GET {
                    return self.get(host, req);
                }
                if !host.is_privileged() {
                    return Err(Errno::Perm);
                }
                self.set(host, req)
            }
            GET_STATS => {
                let (req, _) = <layout::IfReq as zerocopy::FromBytes>::read_from_prefix(data)
                    .map_err(|_| Errno::Inval)?;
                let stats: [u8; layout::STATS_LEN] = stats::of_interface(host, &stats::FREEBSD);
                user::write(host, &stats, UserAddr(req.ifr_data))
            }
            _ => Err(Errno::NoTty),
        }
    }

    fn up<H: Host>(&mut self, host: &mut H) -> Result<(), Errno> {
        self.settings.up(host)
    }

    fn down<H: Host>(&mut self, host: &mut H) -> Result<(), Errno> {
        self.settings.down(host)
    }

    fn media<H: Host>(&self, host: &H, index: u32) -> i32 {
        WORDS.word(host.info(), index)
    }

    fn set_media<H: Host>(&mut self, host: &mut H, word: i32) -> Result<(), Errno> {
        let mode = WORDS.mode_of(host.info(), word)?;
        self.settings.set_mode(host, mode)?;
        self.media = word;
        Ok(())
    }

    fn media_status<H: Host>(&self, host: &mut H) -> (i32, i32) {
        WORDS.status(&self.settings, host)
    }

    fn events(notice: &Notice<'_>, tell: &mut dyn FnMut(i32, &[u8])) {
        events::of_notice(notice, tell);
    }

    fn link_events(bssid: Option<MacAddr>, tell: &mut dyn FnMut(i32, &[u8])) {
        events::of_link(bssid, tell);
    }
}
