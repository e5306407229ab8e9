// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Which networks are joined: the one that the user named (`nwid`), or any of a list (`join`).

use heapless::Vec;
use zeroize::Zeroize;

use super::{OpenBsd, layout::Join, name, name_bytes, wpa::Protection};
use crate::{
    abi::{Errno, Host, UserAddr, user},
    control::{ControlRequest, Effort, JoinInfo, PMK_LEN},
    sme::{LIST_LEN_MAX, LIST_MAX, emit_list},
    types::{Mode, Ssid},
};

/// `IEEE80211_JOIN_*`.
const FOUND: u32 = 0x02;
const DEL: u32 = 0x04;
const NWKEY: u32 = 0x08;
const WPA: u32 = 0x10;
const WPAPSK: u32 = 0x20;
const IEEE8021X: u32 = 0x40;
const DEL_ALL: u32 = 0x100;

/// A network of the list; an empty name is any open network.
#[derive(Debug)]
pub(super) struct Ess {
    pub(super) ssid: Ssid,
    pub(super) protection: Protection,
}

impl OpenBsd {
    /// Puts the radio to what the settings say. Errors: those of the radio.
    pub(super) fn settle<H: Host>(&mut self, host: &mut H) -> Result<(), Errno> {
        if let Some(dbm) = self.power_dbm {
            host.ask(ControlRequest::SetTxPower(Some(dbm)), &[])?;
        }
        match (self.mode, self.channel) {
            (Mode::Station, _) => self.rejoin(host),
            (Mode::Monitor, Some(channel)) => {
                let tuning = crate::types::Tuning::narrow(channel);
                host.ask(ControlRequest::SetChannel(tuning), &[])?;
            }
            (Mode::Monitor, None) => {}
        }
        Ok(())
    }

    /// Leaves, and joins what is wanted now. As on this system, an interface without a network looks
    /// around, so that there are scan results to show. Nobody waits for the outcome.
    pub(super) fn rejoin<H: Host>(&mut self, host: &mut H) {
        if !self.is_up || !self.is_station() {
            return;
        }
        let _ = host.ask(ControlRequest::Leave, &[]); // If not, there was nothing to leave.
        let mut body = [0; LIST_LEN_MAX];
        let len = emit_list(&self.wanted(), &mut body).unwrap_or(0); // There is room.
        let info = JoinInfo {
            bssid: self.bssid,
            channel: self.channel,
            is_list: true,
            effort: Effort::Forever,
            ..JoinInfo::default()
        };
        let _ = host.ask(ControlRequest::Join(info), &[body.get(..len).unwrap_or_default()]);
        body.zeroize();
    }

    /// The networks to choose from, with their keys.
    fn wanted(&self) -> Vec<(Ssid, Option<&[u8; PMK_LEN]>), LIST_MAX> {
        if self.is_auto {
            return joinable(self.list.iter().map(|ess| (ess.ssid, &ess.protection)));
        }
        // There may be a key for it in the list.
        let listed = self.entry(&self.ssid).map(|ess| &ess.protection);
        let own = Some(&self.protection).filter(|own| own.is_wpa);
        let protection = own.or(listed).unwrap_or(&self.protection);
        let named = Some((self.ssid, protection)).filter(|(ssid, _)| *ssid != Ssid::EMPTY);
        joinable(named.into_iter())
    }

    fn entry(&self, ssid: &Ssid) -> Option<&Ess> {
        self.list.iter().find(|ess| ess.ssid == *ssid)
    }

    /// How the network is protected that is joined, or else is to be.
    pub(super) fn current<H: Host>(&self, host: &mut H) -> &Protection {
        let joined = self.joined_bss(host).filter(|_| self.is_auto);
        joined
            .and_then(|joined| self.entry(&joined.bss.ssid))
            .map_or(&self.protection, |ess| &ess.protection)
    }

    /// `nwid`: only this network; the empty name is none.
    pub(super) fn set_nwid<H: Host>(&mut self, host: &mut H, from: UserAddr) -> Result<(), Errno> {
        let nwid: super::layout::Nwid = user::read(host, from)?;
        self.ssid = name(nwid.i_len, &nwid.i_nwid)?;
        self.is_auto = self.ssid == Ssid::EMPTY && !self.list.is_empty();
        self.protection = Protection::NONE;
        self.rejoin(host);
        Ok(())
    }

    /// `join` and `-join`: changes the list.
    pub(super) fn set_join<H: Host>(&mut self, host: &mut H, from: UserAddr) -> Result<(), Errno> {
        if !self.is_station() {
            return Ok(()); // As this system has it.
        }
        let mut join: Join = user::read(host, from)?;
        let result = name(join.i_len, &join.i_nwid).and_then(|ssid| {
            if join.i_flags & DEL != 0 {
                self.remove(&ssid, join.i_flags & DEL_ALL != 0);
                Ok(())
            } else {
                self.add(ssid, &join)
            }
        });
        join.i_wpapsk.i_psk.zeroize();
        result?;
        self.rejoin(host);
        Ok(())
    }

    fn remove(&mut self, ssid: &Ssid, all: bool) {
        if self.ssid == *ssid || all && self.entry(&self.ssid).is_some() {
            (self.ssid, self.protection) = (Ssid::EMPTY, Protection::NONE);
        }
        if all {
            self.list.clear();
        } else if let Some(index) = self.list.iter().position(|ess| ess.ssid == *ssid) {
            self.list.remove(index);
        }
        self.is_auto &= !self.list.is_empty();
    }

    /// Errors: [`Errno::Inval`] for WPA and WEP at once, [`Errno::NoDev`] for WEP, which we do not
    /// have, [`Errno::NoSpc`] for more than [`LIST_MAX`].
    fn add(&mut self, ssid: Ssid, join: &Join) -> Result<(), Errno> {
        let index = self.list.iter().position(|ess| ess.ssid == ssid);
        if index.is_none() && join.i_flags & (WPA | NWKEY) == WPA | NWKEY {
            return Err(Errno::Inval);
        }
        if join.i_flags & (WPA | NWKEY) == NWKEY && join.i_nwkey.i_wepon != 0 {
            return Err(Errno::NoDev);
        }
        if index.is_none() {
            let ess = Ess { ssid, protection: Protection::NONE };
            self.list.push(ess).map_err(|_| Errno::NoSpc)?;
        }
        let index = index.unwrap_or(self.list.len().saturating_sub(1));
        let Some(ess) = self.list.get_mut(index) else { return Err(Errno::NoSpc) };
        if join.i_flags & WPA != 0 {
            ess.protection.set(&join.i_wpaparams);
            if !ess.protection.is_wpa {
                ess.protection.set_psk(None);
            } else if join.i_flags & WPAPSK != 0 {
                ess.protection.set_psk(Some(&join.i_wpapsk.i_psk));
            }
        }
        self.is_auto = true;
        Ok(())
    }

    /// The entry of the list that is joined. Errors: [`Errno::NoEnt`].
    pub(super) fn get_join<H: Host>(&self, host: &mut H, to: UserAddr) -> Result<(), Errno> {
        let ssid = self.joined_bss(host).map_or(self.ssid, |joined| joined.bss.ssid);
        let ess = self.entry(&ssid).ok_or(Errno::NoEnt)?;
        let (i_len, i_nwid) = name_bytes(&ess.ssid);
        let i_flags = if self.is_auto { FOUND } else { 0 };
        user::write(host, &Join { i_len, i_nwid, i_flags, ..Join::default() }, to)
    }

    /// The whole list. Errors: [`Errno::TooBig`] if there is no room for it.
    pub(super) fn get_joins<H: Host>(&self, host: &mut H, data: &mut [u8]) -> Result<(), Errno> {
        let mut all: super::layout::JoinReqAll = super::take(data)?;
        let size = size_of::<Join>();
        let mut result = Ok(());
        all.ja_nodes = 0;
        for (index, ess) in self.list.iter().enumerate() {
            // As this system counts: there is to be more room than needed.
            if u64::try_from((index + 1) * size).is_ok_and(|needed| needed >= all.ja_size) {
                result = Err(Errno::TooBig);
                break;
            }
            let to = UserAddr(all.ja_node).plus(index * size);
            result = user::write(host, &ess.show(), to);
            if result.is_err() {
                break;
            }
            all.ja_nodes += 1;
        }
        super::put(data, &all)?;
        result
    }
}

/// Those that core speaks the language of.
fn joinable<'a>(
    networks: impl Iterator<Item = (Ssid, &'a Protection)>,
) -> Vec<(Ssid, Option<&'a [u8; PMK_LEN]>), LIST_MAX> {
    let mut known = Vec::new();
    for (ssid, protection) in networks {
        if let Ok(key) = protection.key() {
            let _ = known.push((ssid, key)); // The list is as long.
        }
    }
    known
}

impl Ess {
    /// As the list is shown: without the key.
    fn show(&self) -> Join {
        let (i_len, i_nwid) = name_bytes(&self.ssid);
        let mut join = Join { i_len, i_nwid, ..Join::default() };
        let protection = &self.protection;
        let with_8021x = super::wpa::AKM_8021X | super::wpa::AKM_SHA256_8021X;
        for (flag, is) in [
            (WPA, protection.is_wpa),
            (WPAPSK, protection.has_psk()),
            (IEEE8021X, protection.akms & with_8021x != 0),
        ] {
            join.i_flags |= if is { flag } else { 0 };
        }
        protection.show(&mut join.i_wpaparams);
        join
    }
}
