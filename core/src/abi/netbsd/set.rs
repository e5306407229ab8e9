// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What SIOCS80211 does.

use super::{
    NetBsd, ioc,
    layout::{Req, StaTxPower},
    values::VALUES,
};
use crate::{
    abi::{
        Errno, Host,
        net80211::{auth, mlme},
        settings::{self, Roaming},
        user,
    },
    control::Failure,
    radio,
    scan::CHANNELS_MAX,
    types::{Channel, MacAddr, Mode, Ssid},
};

/// Most bytes of elements (`IEEE80211_MAX_OPT_IE`).
const OPTIE_MAX: u16 = 256;
/// `IEEE80211_CIPHER_AES_CCM` in a set of ciphers.
const CCM_BIT: i16 = 1 << 3;
/// Half dBm that nobody reaches.
const POWER_MAX: i16 = 100;
/// `IEEE80211_MACCMD_FLUSH`, `_DETACH`.
const MACCMD_FLUSH: i16 = 3;
const MACCMD_DETACH: i16 = 4;

impl NetBsd {
    /// Carries out one request; the network is joined again where that makes a difference.
    pub(super) fn set<H: Host>(&mut self, host: &mut H, req: &Req) -> Result<(), Errno> {
        self.change(host, req)?;
        let is_other = [ioc::SSID, ioc::WEP, ioc::AUTHMODE, ioc::BSSID, ioc::WPA, ioc::CHANLIST];
        if is_other.contains(&req.i_type) {
            self.settings.rejoin(host);
        }
        Ok(())
    }

    fn change<H: Host>(&mut self, host: &mut H, req: &Req) -> Result<(), Errno> {
        let value = req.i_val;
        match req.i_type {
            ioc::SSID => self.set_ssid(host, req),
            ioc::BSSID => {
                if self.settings.mode != Mode::Station {
                    return Err(Errno::Inval);
                }
                let bssid = MacAddr(user::read_exact(host, req.data(), req.i_len)?);
                self.choose_bssid(bssid);
                Ok(())
            }
            ioc::WEP => {
                if let 0..=2 = value {
                    self.settings.privacy = value != 0;
                    self.set_value(ioc::DROPUNENCRYPTED, i16::from(value == 1))?;
                }
                Ok(())
            }
            ioc::AUTHMODE => self.set_auth(value),
            ioc::WPA if value > 3 => Err(Errno::Inval),
            ioc::WPA => {
                self.wpa = u8::try_from(value).unwrap_or(0);
                Ok(())
            }
            ioc::PRIVACY => {
                self.settings.privacy = value != 0;
                Ok(())
            }
            ioc::COUNTERMEASURES if value != 0 => Err(Errno::Inval), // No TKIP.
            ioc::COUNTERMEASURES => Ok(()),
            ioc::ROAMING => self.set_roaming(value),
            ioc::CHANNEL => {
                let number = if value == 0 { -1 } else { value };
                let tuning = self.find_channel(host, number.cast_unsigned())?;
                self.settings.set_tuning(host, tuning)
            }
            ioc::CHANLIST => self.set_channels(host, req),
            ioc::TXPOWER => self.set_power(host, value),
            ioc::WEPKEY => self.keys.set_wep_key(&self.settings, host, req),
            ioc::WEPTXKEY => self.keys.set_default_key(host, value),
            ioc::WPAKEY => self.keys.set_key(&self.settings, host, req),
            ioc::DELKEY => self.keys.delete_key(&self.settings, host, req),
            ioc::MLME => match mlme::mlme(&mut self.settings, host, req) {
                Err(Errno::Fault) => Err(Errno::Fault),
                other => other.map_err(|_| Errno::Inval),
            },
            ioc::OPTIE => self.set_elements(host, req),
            ioc::SCAN_REQ => self.scan(host),
            ioc::UCASTCIPHERS if value & CCM_BIT == 0 => Err(Errno::Inval),
            ioc::UCASTCIPHERS => Ok(()),
            ioc::MCAST_RATE => self.set_value(ioc::MCAST_RATE, value & 0x7f),
            ioc::ADDMAC | ioc::DELMAC => {
                let _: [u8; 6] = user::read_exact(host, req.data(), req.i_len)?;
                Err(Errno::Inval) // No access lists.
            }
            ioc::MACCMD if matches!(value, MACCMD_FLUSH | MACCMD_DETACH) => Ok(()),
            ioc::STA_TXPOW => {
                let power: StaTxPower = user::read_exact(host, req.data(), req.i_len)?;
                self.settings.peer(host, MacAddr(power.it_macaddr)).ok_or(Errno::Inval)?;
                Err(Errno::Inval) // There is one limit for all.
            }
            number => self.set_value(number, value),
        }
    }

    pub(super) fn set_value(&mut self, number: u16, value: i16) -> Result<(), Errno> {
        let set = self.values.set(&VALUES, number, value).unwrap_or(Err(Errno::Inval));
        set.map_err(|_| Errno::Inval)
    }

    fn set_ssid<H: Host>(&mut self, host: &mut H, req: &Req) -> Result<(), Errno> {
        let mut bytes = [0; Ssid::LEN_MAX];
        let name = bytes.get_mut(..usize::from(req.i_len)).filter(|_| req.i_val == 0);
        let name = name.ok_or(Errno::Inval)?;
        host.copy_in(req.data(), name)?;
        self.settings.ssid = Ssid::new(name).ok_or(Errno::Inval)?;
        Ok(())
    }

    pub(super) fn set_auth(&mut self, value: i16) -> Result<(), Errno> {
        let mode = u8::try_from(value).map_err(|_| Errno::Inval)?;
        match mode {
            auth::OPEN => (self.wpa, self.settings.privacy) = (0, false),
            auth::SHARED | auth::IEEE8021X => (self.wpa, self.settings.privacy) = (0, true),
            auth::AUTO => self.wpa = 0,
            auth::WPA => self.settings.privacy = true,
            _ => return Err(Errno::Inval),
        }
        self.auth = if mode == auth::WPA { auth::IEEE8021X } else { mode };
        Ok(())
    }

    fn set_roaming(&mut self, value: i16) -> Result<(), Errno> {
        self.settings.roaming = match value {
            0 | 1 => Roaming::Auto, // No hardware roams by itself.
            2 => Roaming::Manual,
            _ => return Err(Errno::Inval),
        };
        Ok(())
    }

    fn set_power<H: Host>(&mut self, host: &mut H, half_dbm: i16) -> Result<(), Errno> {
        if !(1..POWER_MAX).contains(&half_dbm) {
            return Err(Errno::Inval);
        }
        self.settings.set_power(host, i8::try_from(half_dbm / 2).ok())
    }

    /// Whether scans and wishes include a channel.
    pub(super) fn is_chosen(&self, channel: Channel) -> bool {
        self.channels.iter().all(|byte| *byte == 0) || settings::is_in(&self.channels, channel)
    }

    fn set_channels<H: Host>(&mut self, host: &mut H, req: &Req) -> Result<(), Errno> {
        let set: [u8; 32] = user::read_exact(host, req.data(), req.i_len)?;
        let is_there = radio::channels(host.info())
            .any(|channel| settings::is_in(&set, channel) && host.rule(channel).is_some());
        if !is_there {
            return Err(Errno::Inval);
        }
        self.channels = set;
        Ok(())
    }

    /// The WPA or RSN element of the supplicant.
    fn set_elements<H: Host>(&mut self, host: &mut H, req: &Req) -> Result<(), Errno> {
        if self.settings.mode != Mode::Station || req.i_len > OPTIE_MAX {
            return Err(Errno::Inval);
        }
        self.settings.rsn.replace(req.i_len, |bytes| host.copy_in(req.data(), bytes))
    }

    fn scan<H: Host>(&mut self, host: &mut H) -> Result<(), Errno> {
        if !self.settings.is_up {
            return Err(Errno::Inval);
        }
        let mut some = heapless::Vec::<Channel, CHANNELS_MAX>::new();
        if self.channels.iter().any(|byte| *byte != 0) {
            some.extend(
                radio::channels(host.info()).filter(|c| self.is_chosen(*c)).take(CHANNELS_MAX),
            );
        }
        let named = [Ssid::EMPTY, self.settings.ssid];
        let names = if self.settings.ssid.is_hidden() { &[][..] } else { &named };
        match self.settings.scan(host, false, &some, names) {
            Ok(()) | Err(Failure::Busy) => Ok(()), // One runs already.
            Err(Failure::Down) => Err(Errno::Inval),
            Err(why) => Err(why.into()),
        }
    }
}
