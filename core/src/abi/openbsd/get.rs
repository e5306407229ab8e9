// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What is asked for. Keys are never shown.

use super::{
    OpenBsd,
    layout::{
        Bssid, CHANNELS, ChanInfo, ChanReq, ChanReqAll, IfReqFlags, Nwid, Nwkey, Power, TxPower,
        WpaParams, WpaPsk,
    },
    name_bytes, pointed, put, request, take,
};
use crate::{
    abi::{Errno, Host, UserAddr, user},
    radio::{self, ChannelFlags},
    types::{Band, Channel, Mode},
};

/// `IEEE80211_CHAN_ANY`.
pub(super) const ANY_CHANNEL: u16 = 0xffff;
/// `IEEE80211_CHANINFO_2GHZ`, `_5GHZ`, `_PASSIVE`.
const INFO_2GHZ: u16 = 0x80;
const INFO_5GHZ: u16 = 0x100;
const INFO_PASSIVE: u16 = 0x200;
/// `i_enabled` of a key that there is and is not shown.
const HIDDEN: i32 = 2;
/// `IEEE80211_TXPOWER_MAX`: what is shown without a limit, dBm.
const POWER_MAX: i16 = 100;

impl OpenBsd {
    /// Answers a request; `None` if it asks for nothing.
    pub(super) fn get<H: Host>(
        &self,
        host: &mut H,
        command: u64,
        data: &mut [u8],
    ) -> Option<Result<(), Errno>> {
        Some(match command {
            request::SIOCG80211NWID => pointed(data).and_then(|to| self.get_nwid(host, to)),
            request::SIOCG80211JOIN => pointed(data).and_then(|to| self.get_join(host, to)),
            request::SIOCG80211JOINALL => self.get_joins(host, data),
            request::SIOCG80211NWKEY => get_nwkey(data),
            request::SIOCG80211WPAPSK => self.get_psk(host, data),
            request::SIOCG80211WPAPARMS => self.get_wpa(host, data),
            request::SIOCG80211POWER => self.get_power(data),
            request::SIOCG80211CHANNEL => self.get_channel(host, data),
            request::SIOCG80211ALLCHANS => get_channels(host, data),
            request::SIOCG80211BSSID => self.get_bssid(host, data),
            request::SIOCG80211TXPOWER => self.get_tx_power(data),
            request::SIOCG80211STATS => pointed(data).and_then(|to| self.get_stats(host, to)),
            request::SIOCG80211NODE => self.get_node(host, data),
            request::SIOCG80211ALLNODES => self.get_nodes(host, data),
            request::SIOCG80211FLAGS => get_flags(data),
            _ => return None,
        })
    }

    fn get_nwid<H: Host>(&self, host: &mut H, to: UserAddr) -> Result<(), Errno> {
        let ssid = self.joined_bss(host).map_or(self.ssid, |joined| joined.bss.ssid);
        let (i_len, i_nwid) = name_bytes(&ssid);
        user::write(host, &Nwid { i_len, i_nwid }, to)
    }

    fn get_psk<H: Host>(&self, host: &mut H, data: &mut [u8]) -> Result<(), Errno> {
        let mut psk: WpaPsk = take(data)?;
        let has_psk = self.current(host).has_psk();
        psk.i_enabled = if has_psk { HIDDEN } else { 0 };
        psk.i_psk = [0; 32];
        put(data, &psk)
    }

    fn get_wpa<H: Host>(&self, host: &mut H, data: &mut [u8]) -> Result<(), Errno> {
        let mut wpa: WpaParams = take(data)?;
        self.current(host).show(&mut wpa);
        put(data, &wpa)
    }

    fn get_power(&self, data: &mut [u8]) -> Result<(), Errno> {
        let power: Power = take(data)?;
        put(data, &Power { i_enabled: 0, i_maxsleep: self.sleep_ms, ..power })
    }

    /// Where the network is; without one, where it is to be. A monitor is where the radio is.
    fn get_channel<H: Host>(&self, host: &mut H, data: &mut [u8]) -> Result<(), Errno> {
        let asked: ChanReq = take(data)?;
        let here = match self.mode {
            Mode::Station => self.joined_bss(host).map(|joined| joined.bss.tuning),
            Mode::Monitor => host.tuning().filter(|_| self.is_up),
        };
        let channel = here.map(|here| here.channel).or(self.channel);
        let i_channel = channel.map_or(ANY_CHANNEL, |channel| channel.number().into());
        put(data, &ChanReq { i_channel, ..asked })
    }

    fn get_bssid<H: Host>(&self, host: &mut H, data: &mut [u8]) -> Result<(), Errno> {
        let asked: Bssid = take(data)?;
        let bssid = self.joined(host).map(|joined| joined.bssid).or(self.bssid);
        put(data, &Bssid { i_bssid: bssid.unwrap_or_default().0, ..asked })
    }

    fn get_tx_power(&self, data: &mut [u8]) -> Result<(), Errno> {
        let asked: TxPower = take(data)?;
        put(data, &TxPower { i_val: self.power_dbm.map_or(POWER_MAX, i16::from), ..asked })
    }
}

/// There is no WEP. Errors: [`Errno::Perm`] for who wants to see keys.
fn get_nwkey(data: &mut [u8]) -> Result<(), Errno> {
    let nwkey: Nwkey = take(data)?;
    put(data, &Nwkey { i_wepon: 0, i_defkid: 1, ..nwkey })?;
    let wants_keys = nwkey.i_key.iter().any(|key| key.i_keydat != 0);
    if wants_keys { Err(Errno::Perm) } else { Ok(()) }
}

/// None of the flags is for stations.
fn get_flags(data: &mut [u8]) -> Result<(), Errno> {
    let asked: IfReqFlags = take(data)?;
    put(data, &IfReqFlags { ifr_flags: 0, ..asked })
}

/// The channel with this number that the radio has and the law allows, and whether it may send there
/// first.
pub(super) fn channel_at<H: Host>(host: &mut H, number: u8) -> Option<(Channel, bool)> {
    let channel = radio::channels(host.info()).find(|channel| channel.number() == number)?;
    let rule = host.rule(channel)?;
    Some((channel, !rule.flags.contains(ChannelFlags::NO_IR)))
}

fn get_channels<H: Host>(host: &mut H, data: &[u8]) -> Result<(), Errno> {
    let all: ChanReqAll = take(data)?;
    for number in 0..=CHANNELS {
        let info =
            channel_at(host, number).map_or_else(ChanInfo::default, |(channel, is_first)| {
                let band = match channel.band() {
                    Band::Ghz2 => INFO_2GHZ,
                    Band::Ghz5 => INFO_5GHZ,
                };
                let ic_flags = band | if is_first { 0 } else { INFO_PASSIVE };
                ChanInfo { ic_freq: channel.mhz(), ic_flags }
            });
        let at = UserAddr(all.i_chans).plus(usize::from(number) * size_of::<ChanInfo>());
        user::write(host, &info, at)?;
    }
    Ok(())
}
