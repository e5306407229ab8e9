// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What SIOCS80211 does.

use super::{
    FreeBsd, channels,
    get::own_ht,
    ioc,
    layout::{self, Req},
    values::VALUES,
};
use crate::{
    abi::{
        Errno, Host,
        net80211::{auth, mlme},
        settings::{self, Roaming},
        user,
    },
    control::ControlRequest,
    radio,
    scan::ScanRequest,
    types::{MacAddr, Mode, Ssid},
    wire::elements::ht::HtInfo,
};

/// Frame types of elements: the first byte of frame control.
mod frame {
    pub(super) const TYPE: u8 = 0x0c;
    pub(super) const ASSOC_REQUEST: u8 = 0x00;
    pub(super) const PROBE_REQUEST: u8 = 0x40;
    /// Beacon and probe response in one: WPA and RSN elements.
    pub(super) const WPA: u8 = 0xd0;
    pub(super) const SUBTYPE: u8 = 0xf0;
}
/// Half dBm that nobody reaches: no limit.
const POWER_MAX: i16 = 100;
/// Policies of MAC access lists: 0 to 2 and 7; 3 and 4 empty and detach the list.
const MACCMD_FLUSH: i16 = 3;
const MACCMD_DETACH: i16 = 4;

/// What follows a change.
enum Then {
    Nothing,
    /// The network is another one now, perhaps.
    Rejoin,
}

impl FreeBsd {
    /// Carries out one request.
    pub(super) fn set<H: Host>(&mut self, host: &mut H, req: &Req) -> Result<(), Errno> {
        match self.change(host, req)? {
            Then::Nothing => {}
            Then::Rejoin => self.settings.rejoin(host),
        }
        Ok(())
    }

    fn change<H: Host>(&mut self, host: &mut H, req: &Req) -> Result<Then, Errno> {
        match req.i_type {
            ioc::SSID => return self.set_ssid(host, req),
            ioc::BSSID => return self.set_bssid(host, req),
            ioc::WEP => return self.set_wep(req.i_val),
            ioc::AUTHMODE => return self.set_auth(req.i_val),
            ioc::WPA => self.set_wpa(req.i_val)?,
            ioc::PRIVACY => self.settings.privacy = req.i_val != 0,
            ioc::COUNTERMEASURES if req.i_val != 0 => return Err(Errno::OpNotSupp), // No TKIP.
            ioc::COUNTERMEASURES => {}
            ioc::ROAMING => self.set_roaming(req.i_val)?,
            ioc::CHANNEL => {
                let tuning = channels::by_number(host, req.i_val)?;
                self.settings.set_tuning(host, tuning)?;
            }
            ioc::CURCHAN => {
                let channel: layout::Channel = user::read_exact(host, req.data(), req.i_len)?;
                let tuning = channels::find(host, &channel)?;
                self.settings.set_tuning(host, tuning)?;
            }
            ioc::CHANLIST => self.set_channels(host, req)?,
            ioc::TXPOWER => self.set_power(host, req.i_val)?,
            ioc::WEPKEY => self.keys.set_wep_key(&self.settings, host, req)?,
            ioc::WEPTXKEY => self.keys.set_default_key(host, req.i_val)?,
            ioc::WPAKEY => self.keys.set_key(&self.settings, host, req)?,
            ioc::DELKEY => self.keys.delete_key(&self.settings, host, req)?,
            ioc::MLME => mlme::mlme(&mut self.settings, host, req)?,
            ioc::SCAN_REQ => self.scan(host, req)?,
            ioc::SCAN_REQ_OLD => self.scan_any(host)?,
            ioc::SCAN_CANCEL => {
                let _ = host.ask(ControlRequest::AbortScan, &[]); // Nothing ran, then.
            }
            ioc::APPIE => self.set_elements(host, req)?,
            ioc::REGDOMAIN => self.set_regdomain(host, req)?,
            ioc::ROAM => self.rates.set_roam(host, req.data(), req.i_len)?,
            ioc::TXPARAMS => self.rates.set_tx(host, req.data(), req.i_len)?,
            ioc::SHORTGI => self.set_short_gi(host, req.i_val)?,
            ioc::HTCONF => self.set_value(ioc::HTCONF, req.i_val & 3)?,
            // What an access point sends is not for a station to say.
            ioc::DTIM_PERIOD | ioc::BEACON_INTERVAL => return Err(Errno::Inval),
            // The access point says what holds.
            ioc::WME_CWMIN..=ioc::WME_ACKPOLICY => return Err(Errno::OpNotSupp),
            ioc::ADDMAC | ioc::DELMAC => {
                let _: [u8; 6] = user::read_exact(host, req.data(), req.i_len)?;
                return Err(Errno::Inval); // No access lists.
            }
            ioc::MACCMD if matches!(req.i_val, MACCMD_FLUSH | MACCMD_DETACH) => {}
            ioc::CHANSWITCH => {
                let _: layout::ChanSwitch = user::read_exact(host, req.data(), req.i_len)?;
                return Err(Errno::OpNotSupp); // For access points.
            }
            ioc::STA_STATS => self.clear_station_stats(host, req)?,
            ioc::STA_TXPOW => self.set_station_power(host, req)?,
            ioc::STA_VLAN => self.set_station_vlan(host, req)?,
            number => self.set_value(number, req.i_val)?,
        }
        Ok(Then::Nothing)
    }

    fn set_value(&mut self, number: u16, value: i16) -> Result<(), Errno> {
        self.values.set(&VALUES, number, value).unwrap_or(Err(Errno::Inval))
    }

    fn set_ssid<H: Host>(&mut self, host: &mut H, req: &Req) -> Result<Then, Errno> {
        let mut bytes = [0; Ssid::LEN_MAX];
        let name = bytes.get_mut(..usize::from(req.i_len)).filter(|_| req.i_val == 0);
        let name = name.ok_or(Errno::Inval)?;
        host.copy_in(req.data(), name)?;
        self.settings.ssid = Ssid::new(name).ok_or(Errno::Inval)?;
        Ok(Then::Rejoin)
    }

    fn set_bssid<H: Host>(&mut self, host: &mut H, req: &Req) -> Result<Then, Errno> {
        let bssid = MacAddr(user::read_exact(host, req.data(), req.i_len)?);
        self.settings.bssid = Some(bssid).filter(|bssid| *bssid != MacAddr::ZERO);
        Ok(Then::Rejoin)
    }

    /// 0 off, 1 on, 2 unencrypted frames as well. Nothing else changes anything.
    fn set_wep(&mut self, value: i16) -> Result<Then, Errno> {
        if let 0..=2 = value {
            self.settings.privacy = value != 0;
            self.set_value(ioc::DROPUNENCRYPTED, i16::from(value == 1))?;
        }
        Ok(Then::Rejoin)
    }

    fn set_auth(&mut self, value: i16) -> Result<Then, Errno> {
        let mode = u8::try_from(value).map_err(|_| Errno::Inval)?;
        match mode {
            auth::OPEN => (self.wpa, self.settings.privacy) = (0, false),
            auth::SHARED | auth::IEEE8021X => (self.wpa, self.settings.privacy) = (0, true),
            auth::AUTO => self.wpa = 0,
            auth::WPA => self.settings.privacy = true,
            _ => return Err(Errno::Inval),
        }
        self.auth = if mode == auth::WPA { auth::IEEE8021X } else { mode };
        Ok(Then::Rejoin)
    }

    fn set_wpa(&mut self, value: i16) -> Result<(), Errno> {
        self.wpa = match u8::try_from(value) {
            Ok(wpa @ 0..=3) => wpa,
            Ok(_) => return Err(Errno::Inval),
            Err(_) if value > 0 => return Err(Errno::Inval),
            Err(_) => return Err(Errno::OpNotSupp),
        };
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
        if !(0..=POWER_MAX).contains(&half_dbm) {
            return Err(Errno::Inval);
        }
        let limit = i8::try_from(half_dbm / 2).ok().filter(|_| half_dbm != POWER_MAX);
        self.settings.set_power(host, limit)
    }

    fn set_short_gi<H: Host>(&mut self, host: &mut H, value: i16) -> Result<(), Errno> {
        let both = HtInfo::SHORT_GI_20 | HtInfo::SHORT_GI_40;
        let own = i16::try_from(own_ht(host) & both.bits()).unwrap_or(0);
        let mask = i16::try_from(both.bits()).unwrap_or(0);
        if value != 0 && (value ^ own) & mask != 0 {
            return Err(Errno::Inval);
        }
        self.set_value(ioc::SHORTGI, value & mask)
    }

    /// The set of channels that the user chose; `None` is all.
    pub(super) fn chosen_channels(&self) -> Option<&[u8; 32]> {
        Some(&self.channels).filter(|set| set.iter().any(|byte| *byte != 0))
    }

    fn set_channels<H: Host>(&mut self, host: &mut H, req: &Req) -> Result<(), Errno> {
        let mut set = [0; 32];
        let len = usize::from(req.i_len).min(set.len()); // Higher numbers are nobody's.
        host.copy_in(req.data(), set.get_mut(..len).unwrap_or_default())?;
        let mut is_any = false;
        for channel in radio::channels(host.info()) {
            is_any |= settings::is_in(&set, channel) && host.rule(channel).is_some();
        }
        if !is_any {
            return Err(Errno::Inval);
        }
        self.channels = set;
        Ok(())
    }

    /// Where elements for this kind of frame are kept, and how many there may be.
    fn elements_for(&mut self, frame: i16) -> Result<(&mut settings::Blob, usize), Errno> {
        let [first, _] = frame.to_le_bytes();
        if first & frame::TYPE != 0 {
            return Err(Errno::Inval);
        }
        let settings = &mut self.settings;
        match first & frame::SUBTYPE {
            frame::WPA => Ok((&mut settings.rsn, settings::ELEMENTS_MAX)),
            frame::ASSOC_REQUEST if settings.mode == Mode::Station => {
                Ok((&mut settings.assoc, settings::ELEMENTS_MAX))
            }
            frame::PROBE_REQUEST => Ok((&mut settings.probe, ScanRequest::ELEMENTS_MAX)),
            _ => Err(Errno::Inval),
        }
    }

    fn set_elements<H: Host>(&mut self, host: &mut H, req: &Req) -> Result<(), Errno> {
        let (blob, most) = self.elements_for(req.i_val)?;
        if req.i_len == 1 || usize::from(req.i_len) > most {
            return Err(Errno::Inval);
        }
        blob.replace(req.i_len, |bytes| host.copy_in(req.data(), bytes))
    }

    pub(super) fn get_elements<H: Host>(
        &mut self,
        host: &mut H,
        req: &mut Req,
    ) -> Result<(), Errno> {
        let (blob, _) = self.elements_for(req.i_val)?;
        let bytes = blob.as_bytes();
        if bytes.is_empty() {
            return Err(Errno::Inval);
        }
        let part = bytes.get(..usize::from(req.i_len)).unwrap_or(bytes);
        req.i_len = u16::try_from(part.len()).unwrap_or(0);
        host.copy_out(part, req.data())
    }
}
