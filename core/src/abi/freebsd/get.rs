// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What SIOCG80211 answers.

use super::{
    FreeBsd,
    channels::{self, Of},
    ioc,
    layout::{self, DevCapsHead, Req},
    values::VALUES,
};
use crate::{
    abi::{
        Errno, Host,
        net80211::auth,
        settings::Roaming,
        user::{self, Out},
    },
    io::TxQueue,
    radio,
    types::Mode,
    wire::elements::{Wmm, ht::HtInfo},
};

/// General capabilities (`IEEE80211_C_*`).
mod cap {
    pub(super) const STA: u32 = 1 << 0;
    pub(super) const TXPMGT: u32 = 1 << 13;
    pub(super) const SHSLOT: u32 = 1 << 14;
    pub(super) const SHPREAMBLE: u32 = 1 << 15;
    pub(super) const MONITOR: u32 = 1 << 16;
    pub(super) const WPA1: u32 = 1 << 23;
    pub(super) const WPA2: u32 = 1 << 24;
    pub(super) const WME: u32 = 1 << 26;
    pub(super) const BGSCAN: u32 = 1 << 29;
    pub(super) const ALL: u32 =
        STA | TXPMGT | SHSLOT | SHPREAMBLE | MONITOR | WPA1 | WPA2 | WME | BGSCAN;
}
/// `IEEE80211_CRYPTO_AES_CCM`.
const CRYPTO_CCM: u32 = 1 << 3;
/// `IEEE80211_HTC_AMPDU` and `_HT`, above the bits that the standard has.
const HTC_AMPDU: u32 = 1 << 16;
const HTC_HT: u32 = 1 << 18;

/// `IEEE80211_WEP_OFF`, `_ON`, `_MIXED`.
const WEP_OFF: i16 = 0;
const WEP_ON: i16 = 1;
const WEP_MIXED: i16 = 2;
/// `IEEE80211_ROAMING_AUTO`, `_MANUAL`.
const ROAMING_AUTO: i16 = 1;
const ROAMING_MANUAL: i16 = 2;
/// Of HTCONF: 20 MHz, 40 MHz.
const HT20: i16 = 1;
const HT40: i16 = 2;
/// Most channels of one answer.
const CHANNELS_MAX: usize = 2048;
/// Of WME parameters: those of the network, not ours.
const WME_BSS: u16 = 0x8000;

/// What the chip says of HT, in the bits of the standard.
pub(super) fn own_ht<H: Host>(host: &H) -> u16 {
    radio::own_ht(host.info(), &host.identity()).info.bits()
}

impl FreeBsd {
    /// Answers one request.
    pub(super) fn get<H: Host>(&mut self, host: &mut H, req: &mut Req) -> Result<(), Errno> {
        match req.i_type {
            ioc::SSID => self.get_ssid(host, req),
            ioc::BSSID => self.get_bssid(host, req),
            ioc::IC_NAME => self.get_name(host, req),
            ioc::CHANLIST => self.get_channels(host, req),
            ioc::CHANINFO => get_channel_info(host, req),
            ioc::CURCHAN => self.get_current(host, req),
            ioc::DEVCAPS => get_capabilities(host, req),
            ioc::REGDOMAIN => self.get_regdomain(host, req),
            ioc::ROAM => self.rates.get_roam(host, req.data(), req.i_len),
            ioc::TXPARAMS => self.rates.get_tx(host, req.data(), req.i_len),
            ioc::APPIE => self.get_elements(host, req),
            ioc::WPAKEY => self.keys.get_key(&self.settings, host, req, Errno::NoEnt),
            ioc::WEPKEY => self.keys.get_wep_key(host, req),
            ioc::SCAN_RESULTS => super::scan::results(host, req),
            ioc::STA_INFO => self.get_stations(host, req),
            ioc::STA_STATS => self.get_station_stats(host, req),
            ioc::STA_TXPOW => self.get_station_power(host, req),
            ioc::STA_VLAN => self.get_station_vlan(host, req),
            ioc::WPAIE | ioc::WPAIE2 => self.get_wpa_elements(host, req),
            _ => {
                req.i_val = self.get_number(host, req)?;
                Ok(())
            }
        }
    }

    /// What is one number, in `i_val`.
    fn get_number<H: Host>(&self, host: &mut H, req: &Req) -> Result<i16, Errno> {
        let flag = |is_on: bool| i16::from(is_on);
        let stored = |number| self.values.get(&VALUES, number).unwrap_or(0);
        Ok(match req.i_type {
            ioc::NUMSSIDS => 1,
            ioc::NUMWEPKEYS => 4,
            ioc::WEPTXKEY => self.keys.default_key(),
            ioc::WEP => match (self.settings.privacy, stored(ioc::DROPUNENCRYPTED) != 0) {
                (false, _) => WEP_OFF,
                (true, true) => WEP_ON,
                (true, false) => WEP_MIXED,
            },
            ioc::AUTHMODE if self.wpa != 0 => auth::WPA.into(),
            ioc::AUTHMODE if self.auth == 0 => auth::OPEN.into(),
            ioc::AUTHMODE => self.auth.into(),
            ioc::WPA => self.wpa.into(),
            ioc::PRIVACY => flag(self.settings.privacy),
            ioc::COUNTERMEASURES => 0,
            ioc::ROAMING => match self.settings.roaming {
                Roaming::Auto => ROAMING_AUTO,
                Roaming::Manual => ROAMING_MANUAL,
            },
            ioc::CHANNEL => self.settings.here(host).channel.number().into(),
            ioc::TXPOWER => self.power_limit(host),
            ioc::TXPOWMAX => self.power_max(host),
            ioc::DTIM_PERIOD => {
                self.settings.own_bss(host).map_or(1, |bss| bss.dtim_period.max(1).into())
            }
            ioc::BEACON_INTERVAL => {
                let interval =
                    self.settings.own_bss(host).map_or(100, |bss| bss.beacon_interval_tu);
                i16::try_from(interval).unwrap_or(i16::MAX)
            }
            ioc::HTCONF if host.info().has_40mhz => stored(ioc::HTCONF) & (HT20 | HT40),
            ioc::HTCONF => stored(ioc::HTCONF) & HT20,
            ioc::SHORTGI => {
                let both = HtInfo::SHORT_GI_20 | HtInfo::SHORT_GI_40;
                let own = own_ht(host) & both.bits();
                stored(ioc::SHORTGI) & i16::try_from(own).unwrap_or(0)
            }
            ioc::WME_CWMIN..=ioc::WME_ACKPOLICY => self.get_wme(host, req),
            // The module with access lists is for access points, and not there.
            ioc::MACCMD => return Err(Errno::Inval),
            number => return self.values.get(&VALUES, number).ok_or(Errno::Inval),
        })
    }

    fn get_ssid<H: Host>(&self, host: &mut H, req: &mut Req) -> Result<(), Errno> {
        let ssid = self.settings.own_bss(host).map_or(self.settings.ssid, |bss| bss.ssid);
        req.i_len = u16::try_from(ssid.as_bytes().len()).unwrap_or(0);
        host.copy_out(ssid.as_bytes(), req.data())
    }

    fn get_bssid<H: Host>(&self, host: &mut H, req: &Req) -> Result<(), Errno> {
        if req.i_len != 6 {
            return Err(Errno::Inval);
        }
        let joined = host.joined().filter(|_| self.is_station()).map(|joined| joined.bssid);
        let bssid = joined.or(self.settings.bssid).unwrap_or_default();
        host.copy_out(&bssid.0, req.data())
    }

    fn get_name<H: Host>(&self, host: &mut H, req: &mut Req) -> Result<(), Errno> {
        let mut name = [0; layout::NAME_LEN + 1];
        let known = self.parent.iter().take_while(|byte| **byte != 0);
        let len = name.iter_mut().zip(known).map(|(place, byte)| *place = *byte).count();
        let with_end = name.get(..len.saturating_add(1)).unwrap_or_default();
        let len = u16::try_from(with_end.len()).unwrap_or(0);
        if len > req.i_len {
            return Err(Errno::Inval);
        }
        req.i_len = len;
        host.copy_out(with_end, req.data())
    }

    fn get_channels<H: Host>(&self, host: &mut H, req: &mut Req) -> Result<(), Errno> {
        /// Bytes of the set, as net80211 has it (`IEEE80211_CHAN_BYTES`).
        const LEN: usize = 128;
        let mut set = [0; LEN];
        let chosen = self.chosen_channels();
        for channel in radio::channels(host.info()) {
            if host.rule(channel).is_some()
                && chosen.is_none_or(|set| crate::abi::settings::is_in(set, channel))
            {
                let number = channel.number();
                if let Some(byte) = set.get_mut(usize::from(number / 8)) {
                    *byte |= 1 << (number % 8);
                }
            }
        }
        req.i_len = user::write_some(host, &set, req.data(), req.i_len)?;
        Ok(())
    }

    fn get_current<H: Host>(&self, host: &mut H, req: &Req) -> Result<(), Errno> {
        if usize::from(req.i_len) != size_of::<layout::Channel>() {
            return Err(Errno::Inval);
        }
        let has_ht = self
            .settings
            .own_bss(host)
            .map_or(self.settings.mode == Mode::Station, |bss| bss.ht.is_some());
        let here = self.settings.here(host);
        let channel = channels::describe(host, here, has_ht);
        user::write(host, &channel, req.data())
    }

    fn get_regdomain<H: Host>(&self, host: &mut H, req: &Req) -> Result<(), Errno> {
        if usize::from(req.i_len) != size_of::<layout::RegDomain>() {
            return Err(Errno::Inval);
        }
        user::write(host, &self.regdomain, req.data())
    }

    /// The limit in half dBm: the law's and the user's.
    fn power_limit<H: Host>(&self, host: &mut H) -> i16 {
        let law = self.power_max(host);
        self.settings.power_dbm.map_or(law, |limit| law.min(i16::from(limit).saturating_mul(2)))
    }

    fn power_max<H: Host>(&self, host: &mut H) -> i16 {
        let here = self.settings.here(host);
        host.rule(here.channel).map_or(0, |rule| i16::from(rule.max_dbm).saturating_mul(2))
    }

    /// One parameter of one access category: what the network says, or else the standard.
    fn get_wme<H: Host>(&self, host: &mut H, req: &Req) -> i16 {
        let queue = match req.i_len & !WME_BSS {
            1 => TxQueue::Background,
            2 => TxQueue::Video,
            3 => TxQueue::Voice,
            _ => TxQueue::BestEffort,
        };
        let wmm = self.settings.own_bss(host).and_then(|bss| bss.wmm).unwrap_or(Wmm::DEFAULT);
        let edca = wmm.of(queue);
        match req.i_type {
            ioc::WME_CWMIN => edca.ecw_min.into(),
            ioc::WME_CWMAX => edca.ecw_max.into(),
            ioc::WME_AIFS => edca.aifsn.into(),
            ioc::WME_TXOPLIMIT => i16::try_from(edca.txop).unwrap_or(i16::MAX),
            ioc::WME_ACM => i16::from(wmm.is_closed(queue)),
            _ => 1, // Every frame is acknowledged.
        }
    }
}

fn get_channel_info<H: Host>(host: &mut H, req: &Req) -> Result<(), Errno> {
    let mut out = Out::new(req.data(), req.i_len.into());
    let count = channels::count(host, Of::Law);
    out.put(host, &count.to_ne_bytes())?;
    channels::each(host, Of::Law, &mut |host, channel| {
        out.put(host, zerocopy::IntoBytes::as_bytes(channel))
    })
}

fn get_capabilities<H: Host>(host: &mut H, req: &Req) -> Result<(), Errno> {
    let channel_len = size_of::<layout::Channel>();
    let room = usize::from(req.i_len).checked_sub(size_of::<DevCapsHead>()).ok_or(Errno::Inval)?;
    let most = (room / channel_len).min(CHANNELS_MAX);
    if most == 0 {
        return Err(Errno::Inval);
    }
    let ht = u32::from(own_ht(host)) | HTC_AMPDU | HTC_HT;
    let count = channels::count(host, Of::Radio).min(u32::try_from(most).unwrap_or(u32::MAX));
    let head = DevCapsHead {
        dc_drivercaps: cap::ALL,
        dc_cryptocaps: CRYPTO_CCM,
        dc_htcaps: ht,
        dc_vhtcaps: 0,
        ic_nchans: count,
    };
    let mut out = Out::new(req.data(), size_of::<DevCapsHead>() + most * channel_len);
    out.put(host, zerocopy::IntoBytes::as_bytes(&head))?;
    channels::each(host, Of::Radio, &mut |host, channel| {
        out.put(host, zerocopy::IntoBytes::as_bytes(channel))
    })
}
