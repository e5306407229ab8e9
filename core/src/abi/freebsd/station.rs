// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The peer of a station, its access point: what is known of it, and what is asked of it.

use zerocopy::{FromZeros, IntoBytes};

use super::{
    FreeBsd, channels, ioc,
    layout::{self, Req, STA_HEAD, StaInfo, StaTxPower, StaVlan, WPA_IE_LEN},
    rates,
};
use crate::{
    abi::{
        Errno, Host,
        net80211::{auth, heard, stats},
        settings::{capability_byte, find_bss_with},
        user::{self, Out},
    },
    io::RxFlags,
    scan::{Joined, KEPT_MAX},
    types::MacAddr,
    wire::elements::{Elements, id},
};

/// `IEEE80211_NODE_*`.
mod state {
    pub(super) const AUTHORIZED: u32 = 1 << 0;
    pub(super) const QOS: u32 = 1 << 1;
    pub(super) const ERP: u32 = 1 << 2;
    pub(super) const HT: u32 = 1 << 6;
    pub(super) const ASSOCIATED: u32 = 1 << 17;
}
/// Set in an association id as it is in frames.
const AID_BITS: u16 = 0xc000;
impl FreeBsd {
    /// The access point, if `addr` is its address. Errors: [`Errno::NoEnt`].
    fn peer<H: Host>(&self, host: &mut H, addr: MacAddr) -> Result<Joined, Errno> {
        self.settings.peer(host, addr).ok_or(Errno::NoEnt)
    }

    /// The address at the start of the user's structure, and the peer that has it.
    fn named_peer<H: Host>(&self, host: &mut H, req: &Req) -> Result<Joined, Errno> {
        let addr = MacAddr(user::read(host, req.data())?);
        self.peer(host, addr)
    }

    pub(super) fn get_stations<H: Host>(&self, host: &mut H, req: &mut Req) -> Result<(), Errno> {
        let room = usize::from(req.i_len).checked_sub(STA_HEAD);
        let room = room.filter(|room| *room >= size_of::<StaInfo>()).ok_or(Errno::Fault)?;
        let addr = MacAddr(user::read(host, req.data())?);
        let joined = if addr == MacAddr::BROADCAST {
            host.joined().filter(|_| self.is_station())
        } else {
            Some(self.peer(host, addr)?)
        };
        let mut out = Out::new(req.data().plus(STA_HEAD), room);
        if let Some(joined) = joined {
            self.station_out(host, &mut out, joined)?;
        }
        req.i_len = u16::try_from(out.written).unwrap_or(0);
        Ok(())
    }

    fn station_out<H: Host>(
        &self,
        host: &mut H,
        out: &mut Out,
        joined: Joined,
    ) -> Result<(), Errno> {
        let mut elements = [0; KEPT_MAX];
        let Some((found, len)) = find_bss_with(host, joined.bssid, &mut elements) else {
            return Ok(());
        };
        let bytes = elements.get(..len).unwrap_or_default();
        let bss = &found.bss;
        let len = size_of::<StaInfo>() + bytes.len();
        let whole = heard::padded(len);
        if !out.fits(whole) {
            return Ok(());
        }
        let has = |is_there: bool, bit: u32| if is_there { bit } else { 0 };
        let short = |len: usize| u16::try_from(len).unwrap_or(u16::MAX);
        let rule = host.rule(bss.tuning.channel);
        let mut info = StaInfo::new_zeroed();
        info.isi_len = short(whole);
        info.isi_ie_off = short(size_of::<StaInfo>());
        info.isi_ie_len = short(bytes.len());
        info.isi_freq = bss.tuning.channel.mhz();
        info.isi_flags = channels::flags_of(bss.tuning, bss.ht.is_some());
        info.isi_state = state::ASSOCIATED
            | has(bss.wmm.is_some(), state::QOS)
            | has(bss.erp.is_some(), state::ERP)
            | has(bss.ht.is_some(), state::HT);
        info.isi_authmode = if self.auth == 0 { auth::OPEN } else { self.auth };
        info.isi_noise = heard::NOISE_DBM;
        info.isi_rssi = heard::rssi(found.signal_dbm);
        info.isi_capinfo = capability_byte(bss.capability);
        info.isi_erp = heard::erp_of(Elements::new(bytes));
        info.isi_macaddr = joined.bssid.0;
        (info.isi_rates, info.isi_nrates) = heard::rates_of(Elements::new(bytes));
        info.isi_associd = joined.aid | AID_BITS;
        info.isi_txpower =
            rule.map_or(0, |rule| u16::from(rule.max_dbm.unsigned_abs())).saturating_mul(2);
        self.traffic(host, joined.bssid, &mut info);
        for part in [info.as_bytes(), bytes, [0; 3].get(..whole - len).unwrap_or_default()] {
            out.put(host, part)?;
        }
        Ok(())
    }

    fn traffic<H: Host>(&self, host: &mut H, bssid: MacAddr, info: &mut StaInfo) {
        let Some(stats) = host.peer_stats(bssid) else { return };
        // Of the guard interval only the other direction is known.
        let is_short = stats.rx.flags.contains(RxFlags::SHORT_GI);
        if let Some(rate) = stats.tx.rate {
            (info.isi_txrate, info.isi_txmbps) = rates::describe(rate, stats.tx.width, is_short);
        }
        if stats.tx.authorized {
            info.isi_state |= state::AUTHORIZED;
        }
        if let Some(dbm) = stats.rx.average_dbm() {
            info.isi_rssi = heard::rssi(dbm);
        }
        let quiet = host.now().since_us(stats.rx.last) / 1_000_000;
        info.isi_inact = u16::try_from(quiet).unwrap_or(u16::MAX);
    }

    pub(super) fn get_station_stats<H: Host>(
        &self,
        host: &mut H,
        req: &mut Req,
    ) -> Result<(), Errno> {
        let room = usize::from(req.i_len).checked_sub(STA_HEAD).ok_or(Errno::Inval)?;
        let joined = self.named_peer(host, req)?;
        let peer = host.peer_stats(joined.bssid).ok_or(Errno::NoEnt)?;
        let mut out = Out::new(req.data().plus(STA_HEAD), room);
        let stats: [u8; layout::NODE_STATS_LEN] = stats::of_peer(&peer, stats::NODE_FREEBSD);
        out.put(host, &stats)?;
        req.i_len = u16::try_from(STA_HEAD + out.written).unwrap_or(0);
        Ok(())
    }

    /// The counters of a peer belong to the data path, which goes on counting.
    pub(super) fn clear_station_stats<H: Host>(
        &self,
        host: &mut H,
        req: &Req,
    ) -> Result<(), Errno> {
        if req.i_len < 6 {
            return Err(Errno::Inval);
        }
        self.named_peer(host, req)?;
        Err(Errno::OpNotSupp)
    }

    pub(super) fn get_station_power<H: Host>(&self, host: &mut H, req: &Req) -> Result<(), Errno> {
        let mut power: StaTxPower = user::read_exact(host, req.data(), req.i_len)?;
        self.peer(host, MacAddr(power.it_macaddr))?;
        let here = self.settings.here(host);
        let law = host.rule(here.channel).map_or(0, |rule| rule.max_dbm.max(0));
        let limit = self.settings.power_dbm.map_or(law, |limit| limit.clamp(0, law));
        power.it_txpow = limit.unsigned_abs().saturating_mul(2);
        user::write(host, &power, req.data())
    }

    /// There is one peer, and one limit for all.
    pub(super) fn set_station_power<H: Host>(&self, host: &mut H, req: &Req) -> Result<(), Errno> {
        let power: StaTxPower = user::read_exact(host, req.data(), req.i_len)?;
        self.peer(host, MacAddr(power.it_macaddr))?;
        Err(Errno::OpNotSupp)
    }

    fn vlan_peer<H: Host>(&self, host: &mut H, req: &Req) -> Result<StaVlan, Errno> {
        let vlan: StaVlan = user::read_exact(host, req.data(), req.i_len)?;
        if MacAddr(vlan.sv_macaddr) != MacAddr::ZERO {
            self.peer(host, MacAddr(vlan.sv_macaddr))?;
        }
        Ok(vlan)
    }

    /// VLANs of stations are an access point's.
    pub(super) fn get_station_vlan<H: Host>(&self, host: &mut H, req: &Req) -> Result<(), Errno> {
        let vlan = self.vlan_peer(host, req)?;
        user::write(host, &StaVlan { sv_vlan: 0, ..vlan }, req.data())
    }

    pub(super) fn set_station_vlan<H: Host>(&self, host: &mut H, req: &Req) -> Result<(), Errno> {
        self.vlan_peer(host, req)?;
        Err(Errno::OpNotSupp)
    }

    /// The WPA and RSN elements of the access point: both, or the better one.
    pub(super) fn get_wpa_elements<H: Host>(
        &self,
        host: &mut H,
        req: &mut Req,
    ) -> Result<(), Errno> {
        const ADDR: usize = 6;
        if usize::from(req.i_len) < ADDR {
            return Err(Errno::Inval);
        }
        let joined = self.named_peer(host, req)?;
        let mut elements = [0; KEPT_MAX];
        let len = find_bss_with(host, joined.bssid, &mut elements).map_or(0, |(_, len)| len);
        let list = || Elements::new(elements.get(..len).unwrap_or_default());
        let wpa = list().find(|e| e.id == id::VENDOR && e.body.starts_with(&id::VENDOR_WPA));
        let rsn = list().find(|e| e.id == id::RSN);
        let is_both = req.i_type == ioc::WPAIE2;
        let shown = if is_both { [wpa, rsn] } else { [rsn.or(wpa), None] };
        let count = if is_both { 2 } else { 1 };
        let mut out = Out::new(req.data(), req.i_len.into());
        out.put(host, &joined.bssid.0)?;
        for element in shown.iter().take(count) {
            let mut bytes = [0; WPA_IE_LEN];
            if let Some(element) = element {
                let mut writer = crate::wire::writer::Writer::new(&mut bytes);
                writer.element(element.id, element.body);
            }
            out.put(host, &bytes)?;
        }
        req.i_len = u16::try_from(out.written).unwrap_or(0);
        Ok(())
    }
}
