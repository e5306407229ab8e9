// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What SIOCG80211 answers.

use zerocopy::IntoBytes;

use super::{
    NetBsd, heard, ioc,
    layout::{self, Req, StaTxPower},
    values::VALUES,
};
use crate::{
    abi::{
        Errno, Host,
        settings::Roaming,
        user::{self, Out},
    },
    io::TxQueue,
    radio::{self, ChannelFlags},
    types::{Band, MacAddr},
    wire::elements::Wmm,
};

/// `IEEE80211_C_*`: CCMP, power, slots, preambles, monitor, WPA, WME, background scans.
const CAPABILITIES: u32 =
    1 << 3 | 1 << 13 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 23 | 1 << 24 | 1 << 26 | 1 << 29;
/// `IEEE80211_CIPHER_AES_CCM` in a set of ciphers.
const CCM_BIT: i16 = 1 << 3;
/// What a channel of 2.4 GHz or 5 GHz is used with (`IEEE80211_CHAN_*`), and that it is passive.
pub(super) const GHZ2: u16 = 0x04e0;
pub(super) const GHZ5: u16 = 0x0140;
const PASSIVE: u16 = 0x0200;
/// No limit.
const POWER_MAX: i16 = 100;

impl NetBsd {
    /// Answers one request.
    pub(super) fn get<H: Host>(&mut self, host: &mut H, req: &mut Req) -> Result<(), Errno> {
        match req.i_type {
            ioc::CHANLIST => self.get_channels(host, req),
            ioc::CHANINFO => get_channel_info(host, req),
            ioc::OPTIE => self.get_elements(host, req),
            ioc::WPAKEY => self.keys.get_key(&self.settings, host, req, Errno::Inval),
            ioc::WPAIE => self.get_wpa_elements(host, req),
            ioc::SCAN_RESULTS => heard::results(host, req),
            ioc::STA_INFO => self.get_stations(host, req),
            ioc::STA_STATS => self.get_station_stats(host, req),
            ioc::STA_TXPOW => {
                let mut power: StaTxPower = user::read_exact(host, req.data(), req.i_len)?;
                self.settings.peer(host, MacAddr(power.it_macaddr)).ok_or(Errno::Inval)?;
                power.it_txpow = u8::try_from(self.power_max(host)).unwrap_or(0);
                user::write(host, &power, req.data())
            }
            ioc::DRIVER_CAPS => {
                let [a, b, c, d] = CAPABILITIES.to_le_bytes();
                req.i_val = i16::from_le_bytes([c, d]);
                req.i_len = u16::from_le_bytes([a, b]);
                Ok(())
            }
            _ => {
                req.i_val = self.get_number(host, req)?;
                Ok(())
            }
        }
    }

    fn get_number<H: Host>(&self, host: &mut H, req: &Req) -> Result<i16, Errno> {
        Ok(match req.i_type {
            ioc::AUTHMODE => self.auth_mode().into(),
            ioc::WPA => self.wpa.into(),
            ioc::PRIVACY => i16::from(self.settings.privacy),
            ioc::COUNTERMEASURES => 0,
            ioc::ROAMING => match self.settings.roaming {
                Roaming::Auto => 1,
                Roaming::Manual => 2,
            },
            ioc::TXPOWER => self.settings.power_dbm.map_or(POWER_MAX, |dbm| i16::from(dbm) * 2),
            ioc::TXPOWMAX => self.power_max(host),
            ioc::UCASTCIPHERS => CCM_BIT,
            ioc::DTIM_PERIOD => {
                let bss = self.settings.own_bss(host);
                bss.map_or(1, |bss| bss.dtim_period.max(1).into())
            }
            ioc::BEACON_INTERVAL => {
                let interval = self.settings.own_bss(host).map_or(100, |b| b.beacon_interval_tu);
                i16::try_from(interval).unwrap_or(i16::MAX)
            }
            ioc::WME_CWMIN..=ioc::WME_ACKPOLICY => self.get_wme(host, req),
            // Only set, in this system.
            ioc::POWERSAVE | ioc::POWERSAVESLEEP => return Err(Errno::Inval),
            number => return self.values.get(&VALUES, number).ok_or(Errno::Inval),
        })
    }

    fn power_max<H: Host>(&self, host: &mut H) -> i16 {
        let here = self.settings.here(host);
        host.rule(here.channel).map_or(0, |rule| i16::from(rule.max_dbm).saturating_mul(2))
    }

    /// One parameter of one access category: what the network says, or else the standard.
    fn get_wme<H: Host>(&self, host: &mut H, req: &Req) -> i16 {
        let queue = match req.i_len & 0x7fff {
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

    fn get_channels<H: Host>(&self, host: &mut H, req: &Req) -> Result<(), Errno> {
        let mut set = [0_u8; 32];
        for channel in radio::channels(host.info()) {
            let number = channel.number();
            if self.is_chosen(channel)
                && host.rule(channel).is_some()
                && let Some(byte) = set.get_mut(usize::from(number / 8))
            {
                *byte |= 1 << (number % 8);
            }
        }
        user::write_some(host, &set, req.data(), req.i_len).map(|_| ())
    }

    fn get_elements<H: Host>(&self, host: &mut H, req: &mut Req) -> Result<(), Errno> {
        let bytes = self.settings.rsn.as_bytes();
        if bytes.is_empty() {
            return Err(Errno::Inval);
        }
        let part = bytes.get(..usize::from(req.i_len)).unwrap_or(bytes);
        req.i_len = u16::try_from(part.len()).unwrap_or(0);
        host.copy_out(part, req.data())
    }
}

fn get_channel_info<H: Host>(host: &mut H, req: &Req) -> Result<(), Errno> {
    let mut out = Out::new(req.data(), req.i_len.into());
    let count =
        radio::channels(host.info()).filter(|channel| host.rule(*channel).is_some()).count();
    out.put(host, &u32::try_from(count).unwrap_or(0).to_ne_bytes())?;
    for channel in radio::channels(host.info()) {
        let Some(rule) = host.rule(channel) else { continue };
        let passive = if rule.flags.contains(ChannelFlags::NO_IR) { PASSIVE } else { 0 };
        let use_ = match channel.band() {
            Band::Ghz2 => GHZ2,
            Band::Ghz5 => GHZ5,
        };
        let entry = layout::Channel { ic_freq: channel.mhz(), ic_flags: use_ | passive };
        out.put(host, entry.as_bytes())?;
    }
    Ok(())
}
