// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What was heard of networks, as `ifconfig scan` shows it.

use super::{
    Name, OpenBsd,
    layout::{NodeReq, NodeReqAll},
    name_bytes, put, take,
    wpa::{
        AKM_8021X, AKM_PSK, AKM_SAE, AKM_SHA256_8021X, AKM_SHA256_PSK, BIP, CCMP, TKIP, USE_GROUP,
        WEP40, WEP104, WPA1, WPA2,
    },
};
use crate::{
    abi::{Errno, Host, UserAddr, settings, user},
    control::ControlRequest,
    scan::{KEPT_MAX, RESULTS_MAX, ScanRequest, ScanResult},
    types::{Band, Channel, MacAddr, Ssid},
    wire::{
        bss::Bss,
        elements::{Elements, Rsn, id},
    },
};

/// `IEEE80211_NODEREQ_AP`, `_AP_BSS`, `_HT`.
const IS_AP: u8 = 0x01;
const IS_OURS: u8 = 0x02;
const IS_HT: u8 = 0x08;
/// `IEEE80211_STA_BSS`; a network that is not ours is `IEEE80211_STA_CACHE`, 0.
const STATE_BSS: u16 = 1;
/// `IEEE80211_CHAN_CCK`, `_OFDM`, `_2GHZ`, `_5GHZ`, `_DYN`.
const CHAN_CCK: u16 = 0x20;
const CHAN_OFDM: u16 = 0x40;
const CHAN_2GHZ: u16 = 0x80;
const CHAN_5GHZ: u16 = 0x100;
const CHAN_DYN: u16 = 0x400;
/// Of a rate: everybody in the network understands it.
const BASIC: u8 = 0x80;
/// The two highest bits of an association id are set on the air (9.4.1.8).
const AID_BITS: u16 = 0xc000;

impl OpenBsd {
    /// One network, by the address in the request. Errors: [`Errno::NoEnt`].
    pub(super) fn get_node<H: Host>(&self, host: &mut H, data: &mut [u8]) -> Result<(), Errno> {
        let asked: NodeReq = take(data)?;
        let mut elements = [0; KEPT_MAX];
        let addr = MacAddr(asked.nr_macaddr);
        let (found, len) =
            settings::find_bss_with(host, addr, &mut elements).ok_or(Errno::NoEnt)?;
        let elements = Elements::new(elements.get(..len).unwrap_or_default());
        put(data, &self.node(host, asked.nr_ifname, &found, elements))
    }

    /// All networks. Who may, starts a scan as well, for the next time. Errors: [`Errno::NetDown`]
    /// while the interface is down, [`Errno::Fault`].
    pub(super) fn get_nodes<H: Host>(&self, host: &mut H, data: &mut [u8]) -> Result<(), Errno> {
        if !self.is_up {
            return Err(Errno::NetDown);
        }
        let mut all: NodeReqAll = take(data)?;
        let mut out = user::Out::new(
            UserAddr(all.na_node),
            usize::try_from(all.na_size).unwrap_or(usize::MAX),
        );
        let result = self.show_nodes(host, all.na_ifname, &mut out);
        let count = out.written / size_of::<NodeReq>();
        all.na_nodes = i32::try_from(count).unwrap_or(i32::MAX);
        put(data, &all)?;
        if self.is_station() && host.is_privileged() {
            self.look_around(host);
        }
        result
    }

    fn show_nodes<H: Host>(
        &self,
        host: &mut H,
        name: Name,
        out: &mut user::Out,
    ) -> Result<(), Errno> {
        let mut elements = [0; KEPT_MAX];
        for index in 0..RESULTS_MAX {
            let Some((found, len)) = host.scan_result(index, &mut elements) else { continue };
            if !out.fits(size_of::<NodeReq>()) {
                break;
            }
            let elements = Elements::new(elements.get(..len).unwrap_or_default());
            let node = self.node(host, name, &found, elements);
            out.put(host, zerocopy::IntoBytes::as_bytes(&node))?;
        }
        Ok(())
    }

    /// Asks for a scan; that the radio is busy is no error: it looks around then, or has to work.
    fn look_around<H: Host>(&self, host: &mut H) {
        let mut body = [0; ScanRequest::len_max(0, 1, 0)];
        let len = ScanRequest::emit(&mut body, false, &[], &[Ssid::EMPTY], &[]).unwrap_or(0);
        let _ = host.ask(ControlRequest::Scan, &[body.get(..len).unwrap_or_default()]);
    }

    fn node<H: Host>(
        &self,
        host: &mut H,
        nr_ifname: Name,
        found: &ScanResult,
        elements: Elements<'_>,
    ) -> NodeReq {
        let bss = &found.bss;
        let joined = self.joined(host).filter(|joined| joined.bssid == bss.bssid);
        let (nr_nwid_len, nr_nwid) = name_bytes(&bss.ssid);
        let (nr_nrates, nr_rates) = rates(bss);
        let mut node = NodeReq {
            nr_ifname,
            nr_macaddr: bss.bssid.0,
            nr_bssid: bss.bssid.0,
            nr_nwid_len,
            nr_nwid,
            nr_channel: bss.tuning.channel.number().into(),
            nr_chan_flags: channel_flags(bss.tuning.channel),
            nr_nrates,
            nr_rates,
            nr_rssi: found.signal_dbm,
            nr_intval: bss.beacon_interval_tu,
            nr_capinfo: bss.capability.bits(),
            nr_erp: elements.body_of(id::ERP).and_then(<[u8]>::first).copied().unwrap_or(0),
            nr_flags: IS_AP,
            ..NodeReq::default()
        };
        if let Some(joined) = joined {
            (node.nr_state, node.nr_associd) = (STATE_BSS, joined.aid | AID_BITS);
            node.nr_flags |= IS_OURS | if bss.ht.is_some() { IS_HT } else { 0 };
        }
        if let Some(ht) = &bss.ht {
            node.nr_htcaps = ht.info.bits();
            for (to, from) in node.nr_rxmcs.iter_mut().zip(ht.rx_mcs.to_le_bytes()) {
                *to = from;
            }
        }
        protect(&mut node, elements);
        node
    }
}

fn rates(bss: &Bss) -> (u8, [u8; super::layout::RATES_MAX]) {
    let mut rates = [0; super::layout::RATES_MAX];
    let mut count = 0;
    for (to, rate) in rates.iter_mut().zip(bss.rates.supported.iter_half_mbps()) {
        let is_basic = bss.rates.basic.iter_half_mbps().any(|basic| basic == rate);
        *to = rate | if is_basic { BASIC } else { 0 };
        count += 1;
    }
    (count, rates)
}

/// The attributes of a channel.
pub(super) const fn channel_flags(channel: Channel) -> u16 {
    match channel.band() {
        Band::Ghz2 => CHAN_2GHZ | CHAN_CCK | CHAN_OFDM | CHAN_DYN,
        Band::Ghz5 => CHAN_5GHZ | CHAN_OFDM,
    }
}

/// What the network's RSN and WPA elements offer.
fn protect(node: &mut NodeReq, elements: Elements<'_>) {
    let rsn = elements.body_of(id::RSN).and_then(Rsn::parse);
    let wpa = elements.find_vendor(&id::VENDOR_WPA).and_then(Rsn::parse);
    for (proto, offered) in [(WPA2, rsn), (WPA1, wpa)] {
        let Some(offered) = offered else { continue };
        node.nr_rsnprotos |= proto;
        for suite in &offered.pairwise {
            node.nr_rsnciphers |= cipher_bit(*suite);
        }
        for suite in &offered.akm {
            node.nr_rsnakms |= akm_bit(*suite);
        }
    }
}

/// The bit of a cipher suite; WPA's have the same numbers as RSN's.
const fn cipher_bit(suite: u32) -> u32 {
    match suite & 0xff {
        0 => USE_GROUP,
        1 => WEP40,
        2 => TKIP,
        4 => CCMP,
        5 => WEP104,
        6 => BIP,
        _ => 0,
    }
}

const fn akm_bit(suite: u32) -> u32 {
    match suite & 0xff {
        1 => AKM_8021X,
        2 => AKM_PSK,
        5 => AKM_SHA256_8021X,
        6 => AKM_SHA256_PSK,
        8 => AKM_SAE,
        _ => 0,
    }
}
