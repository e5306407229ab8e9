// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The settings that have ioctls of their own.

use super::{
    NetBsd, ioc,
    layout::{Auth, Bssid, ChanReq, IfReq, NwId, NwKey, Power},
    values::VALUES,
};
use crate::{
    abi::{Errno, Host, UserAddr, net80211::auth, user},
    radio,
    types::{MacAddr, Mode, Ssid, Tuning},
};

/// Any channel (`IEEE80211_CHAN_ANY`).
const ANY: u16 = 0xffff;
/// `IEEE80211_NWKEY_OPEN`, `_WEP`.
const OPEN: i32 = 0;
const WEP: i32 = 1;
/// Bytes of the shortest WEP key (`IEEE80211_WEP_KEYLEN`), and of the kernel's buffer for one.
const WEP_MIN: usize = 5;
const WEP_MAX: usize = 32;

impl NetBsd {
    pub(super) fn set_nwid<H: Host>(&mut self, host: &mut H, req: &IfReq) -> Result<(), Errno> {
        let nwid: NwId = user::read(host, UserAddr(req.ifr_data))?;
        let name = nwid.i_nwid.get(..usize::from(nwid.i_len)).ok_or(Errno::Inval)?;
        self.settings.ssid = Ssid::new(name).ok_or(Errno::Inval)?;
        self.settings.rejoin(host);
        Ok(())
    }

    pub(super) fn get_nwid<H: Host>(&self, host: &mut H, req: &IfReq) -> Result<(), Errno> {
        let ssid = self.settings.own_bss(host).map_or(self.settings.ssid, |bss| bss.ssid);
        let mut nwid = NwId::default();
        let name = ssid.as_bytes();
        nwid.i_len = u8::try_from(name.len()).unwrap_or(0);
        for (place, byte) in nwid.i_nwid.iter_mut().zip(name) {
            *place = *byte;
        }
        user::write(host, &nwid, UserAddr(req.ifr_data))
    }

    /// WEP is not to be had: keys are looked at, and refused. Without keys it is said that data is
    /// not encrypted.
    pub(super) fn set_nwkey<H: Host>(&mut self, host: &mut H, req: &NwKey) -> Result<(), Errno> {
        let index = req.i_defkid.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        let default = index.and_then(|index| req.i_key.get(index)).ok_or(Errno::Inval)?;
        if matches!(default.i_keylen, 0 | -1) && req.i_wepon != OPEN {
            return Err(Errno::Inval);
        }
        for key in &req.i_key {
            let len = usize::try_from(key.i_keylen).map_err(|_| Errno::Inval)?;
            if len != 0 && !(WEP_MIN..=WEP_MAX).contains(&len) {
                return Err(Errno::Inval);
            }
        }
        for key in &req.i_key {
            let mut bytes = [0; WEP_MAX];
            let len = usize::try_from(key.i_keylen).map_err(|_| Errno::Inval)?;
            let given = bytes.get_mut(..len).filter(|_| len != 0);
            if let Some(given) = given {
                host.copy_in(UserAddr(key.i_keydat), given)?;
            }
        }
        if req.i_key.iter().any(|key| key.i_keylen != 0) {
            return Err(Errno::Inval);
        }
        self.settings.privacy = req.i_wepon != OPEN;
        self.settings.rejoin(host);
        Ok(())
    }

    pub(super) fn get_nwkey<H: Host>(&self, host: &mut H, req: &mut NwKey) -> Result<(), Errno> {
        req.i_wepon = if self.settings.privacy { WEP } else { OPEN };
        req.i_defkid = i32::from(self.keys.default_key()).saturating_add(1);
        let is_wanted = req.i_key.iter().any(|key| key.i_keydat != 0);
        if is_wanted && !host.is_privileged() {
            return Err(Errno::Perm);
        }
        for key in req.i_key.iter_mut().filter(|key| key.i_keydat != 0) {
            key.i_keylen = 0;
        }
        Ok(())
    }

    pub(super) fn get_power(&self, req: &mut Power) -> Result<(), Errno> {
        req.i_enabled = 0;
        req.i_maxsleep = self.values.get(&VALUES, ioc::POWERSAVESLEEP).unwrap_or(0).into();
        Ok(())
    }

    pub(super) fn set_power_saving(&mut self, req: &Power) -> Result<(), Errno> {
        let millis = i16::try_from(req.i_maxsleep.clamp(0, i16::MAX.into())).unwrap_or(0);
        self.set_value(ioc::POWERSAVESLEEP, millis)?;
        if req.i_enabled != 0 {
            return Err(Errno::Inval); // Core never sleeps.
        }
        Ok(())
    }

    pub(super) fn get_auth(&self, req: &mut Auth) -> Result<(), Errno> {
        req.i_authtype = self.auth_mode().into();
        Ok(())
    }

    pub(super) fn set_auth_ioctl<H: Host>(
        &mut self,
        host: &mut H,
        req: &Auth,
    ) -> Result<(), Errno> {
        self.set_auth(i16::try_from(req.i_authtype).map_err(|_| Errno::Inval)?)?;
        self.settings.rejoin(host);
        Ok(())
    }

    /// What is asked for while there is no network, else where the radio is.
    pub(super) fn get_channel<H: Host>(
        &self,
        host: &mut H,
        req: &mut ChanReq,
    ) -> Result<(), Errno> {
        let is_waiting = self.settings.mode == Mode::Station && host.joined().is_none();
        let wanted = self.settings.tuning;
        req.i_channel = match wanted {
            None if is_waiting => ANY,
            Some(tuning) if is_waiting => tuning.channel.number().into(),
            _ => self.settings.here(host).channel.number().into(),
        };
        Ok(())
    }

    pub(super) fn set_channel<H: Host>(
        &mut self,
        host: &mut H,
        req: &ChanReq,
    ) -> Result<(), Errno> {
        let tuning = self.find_channel(host, req.i_channel)?;
        self.settings.set_tuning(host, tuning)
    }

    /// The channel with this number; `None` is any. Errors: [`Errno::Inval`] if it is not ours, not
    /// allowed or not chosen.
    pub(super) fn find_channel<H: Host>(
        &self,
        host: &mut H,
        number: u16,
    ) -> Result<Option<Tuning>, Errno> {
        if number == ANY {
            return Ok(None);
        }
        let channel = radio::channels(host.info())
            .find(|channel| u16::from(channel.number()) == number)
            .filter(|channel| self.is_chosen(*channel) && host.rule(*channel).is_some());
        Ok(Some(Tuning::narrow(channel.ok_or(Errno::Inval)?)))
    }

    pub(super) fn get_bssid<H: Host>(&self, host: &mut H, req: &mut Bssid) -> Result<(), Errno> {
        let joined = host.joined().filter(|_| self.settings.mode == Mode::Station);
        let bssid = joined.map(|joined| joined.bssid).or(self.settings.bssid);
        req.i_bssid = bssid.unwrap_or_default().0;
        Ok(())
    }

    pub(super) fn set_bssid_ioctl<H: Host>(
        &mut self,
        host: &mut H,
        req: &Bssid,
    ) -> Result<(), Errno> {
        self.choose_bssid(MacAddr(req.i_bssid));
        self.settings.rejoin(host);
        Ok(())
    }

    pub(super) fn choose_bssid(&mut self, bssid: MacAddr) {
        self.settings.bssid = Some(bssid).filter(|bssid| *bssid != MacAddr::ZERO);
    }

    pub(super) const fn auth_mode(&self) -> u8 {
        match (self.wpa, self.auth) {
            (0, 0) => auth::OPEN,
            (0, mode) => mode,
            _ => auth::WPA,
        }
    }
}
