// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What was heard of networks, and of our access point.

use heapless::Vec;
use zerocopy::{FromZeros, IntoBytes};

use super::{
    NetBsd, get,
    layout::{self, Req, STA_HEAD, StaInfo, WPA_IE_LEN},
};
use crate::{
    abi::{
        Errno, Host,
        net80211::{
            heard::{NOISE_DBM, erp_of, padded, rates_of},
            stats,
        },
        settings::{capability_byte, find_bss_with},
        user::{self, Out},
    },
    scan::{Joined, KEPT_MAX, RESULTS_MAX, ScanResult},
    types::{Band, MacAddr, Rate},
    wire::elements::{Element, Elements, id},
};

/// `IEEE80211_NODE_AUTH`, `_QOS`, `_ERP`.
const NODE_AUTHORIZED: u16 = 1 << 0;
const NODE_QOS: u16 = 1 << 1;
const NODE_ERP: u16 = 1 << 2;
/// Set in an association id as it is in frames.
const AID_BITS: u16 = 0xc000;
/// A buffer below this is none (three words of the kernel's own).
const ROOM_MIN: u16 = 24;
/// Most bytes of elements of one network: their length is one byte.
const ELEMENTS_MAX: usize = 255;

type Kept = Vec<u8, ELEMENTS_MAX>;

fn rssi(dbm: i8) -> u8 {
    u8::try_from(i16::from(dbm).saturating_sub(NOISE_DBM.into()).max(0)).unwrap_or(0)
}

fn push(kept: &mut Kept, element: &Element<'_>) -> bool {
    let len = u8::try_from(element.body.len()).unwrap_or(u8::MAX);
    let fits = kept.len() + 2 + element.body.len() <= ELEMENTS_MAX;
    if fits {
        // They fit.
        let _ = kept.extend_from_slice(&[element.id, len]);
        let _ = kept.extend_from_slice(element.body);
    }
    fits
}

/// The elements that this system shows: RSN or else WPA, and WMM; none if they are too long.
fn shown(bytes: &[u8]) -> Kept {
    let mut kept = Kept::new();
    let starts = |e: &Element<'_>, with: &[u8]| e.id == id::VENDOR && e.body.starts_with(with);
    let rsn = Elements::new(bytes).find(|e| e.id == id::RSN);
    let wpa = Elements::new(bytes).find(|e| starts(e, &id::VENDOR_WPA));
    let wmm = Elements::new(bytes).find(|e| starts(e, &id::VENDOR_WMM));
    for element in [rsn.or(wpa), wmm].iter().flatten() {
        if !push(&mut kept, element) {
            kept.clear();
        }
    }
    kept
}

const fn flags_of(band: Band) -> u16 {
    match band {
        Band::Ghz2 => get::GHZ2,
        Band::Ghz5 => get::GHZ5,
    }
}

/// Copies out every network until one does not fit.
pub(super) fn results<H: Host>(host: &mut H, req: &mut Req) -> Result<(), Errno> {
    let mut out = Out::new(req.data(), req.i_len.into());
    let mut elements = [0; KEPT_MAX];
    for index in 0..RESULTS_MAX {
        if let Some((result, len)) = host.scan_result(index, &mut elements) {
            let bytes = elements.get(..len).unwrap_or_default();
            if !result_out(host, &mut out, &result, bytes)? {
                break;
            }
        }
    }
    req.i_len = u16::try_from(out.written).unwrap_or(0);
    Ok(())
}

fn result_out<H: Host>(
    host: &mut H,
    out: &mut Out,
    result: &ScanResult,
    bytes: &[u8],
) -> Result<bool, Errno> {
    let bss = &result.bss;
    let (name, kept) = (bss.ssid.as_bytes(), shown(bytes));
    let len = size_of::<layout::ScanResult>() + name.len() + kept.len();
    let whole = padded(len);
    if !out.fits(whole) {
        return Ok(false);
    }
    let (isr_rates, isr_nrates) = rates_of(Elements::new(bytes));
    let [interval, _] = bss.beacon_interval_tu.to_le_bytes();
    let head = layout::ScanResult {
        isr_len: u16::try_from(whole).unwrap_or(u16::MAX),
        isr_freq: bss.tuning.channel.mhz(),
        isr_flags: flags_of(bss.tuning.channel.band()),
        isr_noise: 0,
        isr_rssi: rssi(result.signal_dbm),
        isr_intval: interval,
        isr_capinfo: capability_byte(bss.capability),
        isr_erp: erp_of(Elements::new(bytes)),
        isr_bssid: bss.bssid.0,
        isr_nrates,
        isr_rates,
        isr_ssid_len: u8::try_from(name.len()).unwrap_or(0),
        isr_ie_len: u8::try_from(kept.len()).unwrap_or(0),
        isr_pad: [0; 5],
    };
    for part in [head.as_bytes(), name, &kept, [0; 3].get(..whole - len).unwrap_or_default()] {
        out.put(host, part)?;
    }
    Ok(true)
}

impl NetBsd {
    /// The address at the start of the user's structure, and the peer that has it.
    fn named_peer<H: Host>(&self, host: &mut H, req: &Req) -> Result<Joined, Errno> {
        let addr = MacAddr(user::read(host, req.data())?);
        self.settings.peer(host, addr).ok_or(Errno::Inval)
    }

    pub(super) fn get_station_stats<H: Host>(
        &self,
        host: &mut H,
        req: &mut Req,
    ) -> Result<(), Errno> {
        let room = usize::from(req.i_len).checked_sub(STA_HEAD).ok_or(Errno::Inval)?;
        let joined = self.named_peer(host, req)?;
        let peer = host.peer_stats(joined.bssid).ok_or(Errno::Inval)?;
        let stats: [u8; layout::NODE_STATS_LEN] = stats::of_peer(&peer, stats::NODE_NETBSD);
        let mut out = Out::new(req.data().plus(STA_HEAD), room);
        out.put(host, &stats)?;
        req.i_len = u16::try_from(STA_HEAD + out.written).unwrap_or(0);
        Ok(())
    }

    pub(super) fn get_wpa_elements<H: Host>(
        &self,
        host: &mut H,
        req: &mut Req,
    ) -> Result<(), Errno> {
        if req.i_len < 6 {
            return Err(Errno::Inval);
        }
        let joined = self.named_peer(host, req)?;
        let mut elements = [0; KEPT_MAX];
        let len = find_bss_with(host, joined.bssid, &mut elements).map_or(0, |(_, len)| len);
        let list = || Elements::new(elements.get(..len).unwrap_or_default());
        let wpa = || list().find(|e| e.id == id::VENDOR && e.body.starts_with(&id::VENDOR_WPA));
        let mut kept = Kept::new();
        if let Some(element) = list().find(|e| e.id == id::RSN).or_else(wpa) {
            push(&mut kept, &element);
        }
        let mut out = Out::new(req.data(), req.i_len.into());
        out.put(host, &joined.bssid.0)?;
        out.put(host, &kept)?;
        out.put(host, [0; WPA_IE_LEN].get(kept.len()..).unwrap_or_default())?;
        req.i_len = u16::try_from(out.written).unwrap_or(0);
        Ok(())
    }

    /// All stations, which is the access point or nobody; no address is asked for.
    pub(super) fn get_stations<H: Host>(&self, host: &mut H, req: &mut Req) -> Result<(), Errno> {
        if req.i_len < ROOM_MIN {
            return Err(Errno::Fault);
        }
        let mut out = Out::new(req.data(), req.i_len.into());
        if let Some(joined) = host.joined()
            && let Some(joined) = self.settings.peer(host, joined.bssid)
        {
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
        let (bss, kept) = (&found.bss, shown(bytes));
        let len = size_of::<StaInfo>() + kept.len();
        let whole = padded(len);
        if !out.fits(whole) {
            return Ok(());
        }
        let has = |is_there: bool, bit: u16| if is_there { bit } else { 0 };
        let mut info = StaInfo::new_zeroed();
        info.isi_len = u16::try_from(whole).unwrap_or(u16::MAX);
        info.isi_freq = bss.tuning.channel.mhz();
        info.isi_flags = flags_of(bss.tuning.channel.band());
        info.isi_state = has(bss.wmm.is_some(), NODE_QOS) | has(bss.erp.is_some(), NODE_ERP);
        info.isi_authmode = if self.auth == 0 { 1 } else { self.auth };
        info.isi_rssi = rssi(found.signal_dbm);
        info.isi_capinfo = capability_byte(bss.capability);
        info.isi_erp = erp_of(Elements::new(bytes));
        info.isi_macaddr = joined.bssid.0;
        (info.isi_rates, info.isi_nrates) = rates_of(Elements::new(bytes));
        info.isi_ie_len = u16::try_from(kept.len()).unwrap_or(0);
        info.isi_associd = joined.aid | AID_BITS;
        let rule = host.rule(bss.tuning.channel);
        info.isi_txpower =
            rule.map_or(0, |r| u16::from(r.max_dbm.unsigned_abs())).saturating_mul(2);
        if let Some(stats) = host.peer_stats(joined.bssid) {
            info.isi_state |= has(stats.tx.authorized, NODE_AUTHORIZED);
            info.isi_txrate = index_of(stats.tx.rate, &info);
            let quiet = host.now().since_us(stats.rx.last) / 1_000_000;
            info.isi_inact = u16::try_from(quiet).unwrap_or(u16::MAX);
        }
        for part in [info.as_bytes(), &kept, [0; 3].get(..whole - len).unwrap_or_default()] {
            out.put(host, part)?;
        }
        Ok(())
    }
}

/// Where a rate is in the list; the last for those that are not (HT).
fn index_of(rate: Option<Rate>, info: &StaInfo) -> u8 {
    let known = info.isi_rates.get(..usize::from(info.isi_nrates)).unwrap_or_default();
    let last = info.isi_nrates.saturating_sub(1);
    let Some(Rate::Legacy(wanted)) = rate else { return last };
    let index = known.iter().position(|rate| rate & 0x7f == wanted);
    index.and_then(|index| u8::try_from(index).ok()).unwrap_or(last)
}
