// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What is set: the superuser's alone.

use zeroize::Zeroize;

use super::{
    OpenBsd,
    get::{ANY_CHANNEL, channel_at},
    layout::{Bssid, ChanReq, IfReqFlags, NodeReq, Power, TxPower, WpaParams, WpaPsk},
    pointed, request, take,
};
use crate::{
    abi::{Errno, Host, settings},
    control::ControlRequest,
    types::{MacAddr, Mode, Tuning},
};

/// `IEEE80211_TXPOWER_MIN` and `_MAX`, dBm.
const POWERS: core::ops::RangeInclusive<i16> = -50..=100;

impl OpenBsd {
    /// Carries a request out. Errors: [`Errno::NoTty`] for what is not 802.11, [`Errno::Perm`] for
    /// who may not, before the argument is looked at, and those of each.
    pub(super) fn set<H: Host>(
        &mut self,
        host: &mut H,
        command: u64,
        data: &[u8],
    ) -> Result<(), Errno> {
        match command {
            // It does nothing on this system: SIOCG80211ALLNODES is enough.
            request::SIOCS80211SCAN => return Ok(()),
            request::SIOCS80211NWID
            | request::SIOCS80211JOIN
            | request::SIOCS80211NWKEY
            | request::SIOCS80211WPAPSK
            | request::SIOCS80211WPAPARMS
            | request::SIOCS80211KEYAVAIL
            | request::SIOCS80211KEYRUN
            | request::SIOCS80211POWER
            | request::SIOCS80211CHANNEL
            | request::SIOCS80211BSSID
            | request::SIOCS80211TXPOWER
            | request::SIOCS80211NODE
            | request::SIOCS80211DELNODE
            | request::SIOCS80211FLAGS => {}
            _ => return Err(Errno::NoTty),
        }
        if !host.is_privileged() {
            return Err(Errno::Perm);
        }
        match command {
            request::SIOCS80211NWID => self.set_nwid(host, pointed(data)?),
            request::SIOCS80211JOIN => self.set_join(host, pointed(data)?),
            request::SIOCS80211NWKEY => Err(Errno::NoDev), // There is no WEP.
            request::SIOCS80211WPAPSK => self.set_psk(host, data),
            request::SIOCS80211WPAPARMS => self.set_wpa(host, data),
            request::SIOCS80211POWER => self.set_power(data),
            request::SIOCS80211CHANNEL => self.set_channel(host, data),
            request::SIOCS80211BSSID => self.set_bssid(host, data),
            request::SIOCS80211TXPOWER => self.set_tx_power(host, data),
            request::SIOCS80211DELNODE => self.delete_node(host, data),
            request::SIOCS80211FLAGS => set_flags(data),
            // 802.1X with a program that has the keys, and nodes of the user's own making.
            _ => Err(Errno::OpNotSupp),
        }
    }

    fn set_psk<H: Host>(&mut self, host: &mut H, data: &[u8]) -> Result<(), Errno> {
        let mut psk: WpaPsk = take(data)?;
        self.protection.set_psk((psk.i_enabled != 0).then_some(&psk.i_psk));
        psk.i_psk.zeroize();
        self.rejoin(host);
        Ok(())
    }

    fn set_wpa<H: Host>(&mut self, host: &mut H, data: &[u8]) -> Result<(), Errno> {
        let wpa: WpaParams = take(data)?;
        let was_wpa = self.protection.is_wpa;
        self.protection.set(&wpa);
        if was_wpa || self.protection.is_wpa {
            self.rejoin(host);
        }
        Ok(())
    }

    /// Errors: [`Errno::Inval`]: the radio does not sleep.
    fn set_power(&mut self, data: &[u8]) -> Result<(), Errno> {
        let power: Power = take(data)?;
        self.sleep_ms = power.i_maxsleep;
        if power.i_enabled == 0 { Ok(()) } else { Err(Errno::Inval) }
    }

    /// Errors: [`Errno::Inval`] for a channel that we do not have or may not use, and those of the
    /// radio.
    fn set_channel<H: Host>(&mut self, host: &mut H, data: &[u8]) -> Result<(), Errno> {
        let asked: ChanReq = take(data)?;
        let channel = match asked.i_channel {
            ANY_CHANNEL => None,
            number => {
                let number = u8::try_from(number).map_err(|_| Errno::Inval)?;
                let (channel, _) = channel_at(host, number).ok_or(Errno::Inval)?;
                Some(channel)
            }
        };
        if let (Mode::Monitor, true, Some(channel)) = (self.mode, self.is_up, channel) {
            host.ask(ControlRequest::SetChannel(Tuning::narrow(channel)), &[])?;
        }
        self.channel = channel;
        let here = self.joined_bss(host).map(|joined| joined.bss.tuning.channel);
        if here.is_none() || channel.is_some() && channel != here {
            self.rejoin(host);
        }
        Ok(())
    }

    fn set_bssid<H: Host>(&mut self, host: &mut H, data: &[u8]) -> Result<(), Errno> {
        let asked: Bssid = take(data)?;
        let bssid = Some(MacAddr(asked.i_bssid)).filter(|bssid| *bssid != MacAddr::ZERO);
        self.bssid = bssid;
        let here = self.joined(host).map(|joined| joined.bssid);
        if here.is_none() || bssid.is_some() && bssid != here {
            self.rejoin(host);
        }
        Ok(())
    }

    /// Errors: [`Errno::Inval`] for what is no power, and those of the radio.
    fn set_tx_power<H: Host>(&mut self, host: &mut H, data: &[u8]) -> Result<(), Errno> {
        let asked: TxPower = take(data)?;
        if !POWERS.contains(&asked.i_val) {
            return Err(Errno::Inval);
        }
        let dbm = i8::try_from(asked.i_val).ok();
        if self.is_up {
            host.ask(ControlRequest::SetTxPower(dbm), &[])?;
        }
        self.power_dbm = dbm;
        Ok(())
    }

    /// Stations are sent away by access points; a network that was heard just stays known. Errors:
    /// [`Errno::NoEnt`] for what was not heard, [`Errno::Perm`] for our access point.
    fn delete_node<H: Host>(&self, host: &mut H, data: &[u8]) -> Result<(), Errno> {
        let asked: NodeReq = take(data)?;
        let found = settings::find_bss(host, MacAddr(asked.nr_macaddr)).ok_or(Errno::NoEnt)?;
        match self.joined(host) {
            Some(joined) if joined.bssid == found.bss.bssid => Err(Errno::Perm),
            _ => Ok(()),
        }
    }
}

/// `hidenwid` and `nobridge` are for access points. Errors: [`Errno::Inval`] for these,
/// [`Errno::OpNotSupp`] for `stayauth` and `nomimo`, which core does not do.
fn set_flags(data: &[u8]) -> Result<(), Errno> {
    const ACCESS_POINTS: u16 = 0x3;
    match take::<IfReqFlags>(data)?.ifr_flags {
        0 => Ok(()),
        flags if flags & ACCESS_POINTS != 0 => Err(Errno::Inval),
        _ => Err(Errno::OpNotSupp),
    }
}
