// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What depends on the network: filter, timing, rates, contention, gain.

use tern_core::{
    chip::{ChipError, Edca, Link, PeerInfo, RegisterBus},
    control::RxFilter,
    os::Sleepable,
    types::{LegacyRates, MacAddr, Mode},
};

use super::{board::Board, init};
use crate::{
    access::Access,
    h2c::Command,
    regs::{
        bb::{OFDM0_AGCCORE1, Ofdm0Agccore1},
        mac::{
            BSSID0, BcnCtrl, BcnInterval, BcnPsrRpt, DualTsfRst, EdcaParam, INIDATA_RATE_SEL,
            InirtsRateSel, Msr, Rcr, Rrsr, Rxfltmap0, Rxfltmap1, Rxfltmap2, Slot, WmacTrxptclCtl,
        },
    },
};

const MSR_NOLINK: Msr = Msr(0);
const MSR_INFRA: Msr = Msr(2);
/// Starts the port's time anew.
const RESET_TSF: DualTsfRst = DualTsfRst(1);
/// Rates that answers may have: not 2 Mb/s, whose signal these chips make badly.
const ANSWER_RATES: u16 = 0x015d;
/// Management frames by subtype: all that are defined, but for those that a station does not
/// answer (requests for association, reassociation and probe requests).
const STATION_MANAGEMENT: u16 = 0x7f6a;
const PROBE_REQUESTS: u16 = 1 << 4;
/// Control frames by subtype: requests for block acknowledgements.
const BLOCK_ACK_REQUESTS: u16 = 1 << 8;
/// Microseconds.
const SHORT_SLOT_US: u8 = 9;
const LONG_SLOT_US: u8 = 20;
const SIFS_US: u8 = 10;
/// Gain that reception starts with.
const GAIN_SCANNING: u8 = 0x20;
const GAIN_LINKED: u8 = 0x32;

/// Whether there is an association.
pub(super) const fn is_associated(link: &Link) -> bool {
    matches!(link.mode, Mode::Station) && link.bssid.is_some() && link.aid != 0
}

/// What to take in: the filter and its maps of management, control and data frames.
fn filters(filter: RxFilter, link: &Link) -> (Rcr, [u16; 3]) {
    let base = Rcr::new()
        .with_am(true)
        .with_ab(true)
        .with_htc_loc_ctrl(true)
        .with_app_physts(true)
        .with_app_icv(true)
        .with_app_mic(true)
        .with_appfcs(true)
        .with_acrc32(filter.contains(RxFilter::BAD_FCS));
    if filter.contains(RxFilter::MONITOR) {
        let all = base.with_aap(true).with_adf(true).with_acf(true).with_amf(true);
        return (all, [0xffff; 3]);
    }
    let promiscuous = filter.contains(RxFilter::PROMISCUOUS);
    let own = base
        .with_apm(true)
        .with_aap(promiscuous)
        .with_cbssid_data(true)
        .with_cbssid_bcn(!filter.contains(RxFilter::OTHER_BEACONS));
    let wants_probes = filter.contains(RxFilter::PROBE_REQUESTS);
    let management = STATION_MANAGEMENT | if wants_probes { PROBE_REQUESTS } else { 0 };
    let control = if is_associated(link) { BLOCK_ACK_REQUESTS } else { 0 };
    // Data from the beginning: the first EAPOL frame follows the association at once.
    let data = if link.bssid.is_some() { 0xffff } else { 0 };
    (own, [management, control, data])
}

/// Sets the filter.
pub(super) fn set_filter<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    filter: RxFilter,
    link: &Link,
) -> Result<(), ChipError> {
    let (what, [management, control, data]) = filters(filter, link);
    io.put(cx, Rxfltmap0(management))?;
    io.put(cx, Rxfltmap1(control))?;
    io.put(cx, Rxfltmap2(data))?;
    io.put(cx, what)
}

/// Network, rates and timing. What the filter and the firmware have to know follows elsewhere.
pub(super) fn set<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    link: &Link,
    before: &Link,
) -> Result<(), ChipError> {
    if link.bssid != before.bssid {
        init::address(io, cx, BSSID0, link.bssid.unwrap_or(MacAddr::ZERO))?;
    }
    rates(io, cx, link)?;
    let linked = is_associated(link);
    if linked {
        io.put(cx, BcnInterval(link.beacon_interval_tu))?;
        io.put(cx, BcnPsrRpt(0xc000 | (link.aid & 0x3fff)))?;
    }
    io.put(cx, if linked { MSR_INFRA } else { MSR_NOLINK })?;
    // The firmware's choice of rates needs the beacon function, also in a station.
    let old: BcnCtrl = io.current(cx)?;
    let timing = old.with_en_bcn(linked).with_dis_tsf_udt(!linked);
    if timing.into_bits() != old.into_bits() {
        io.set(cx, RESET_TSF)?;
    }
    io.put(cx, timing)
}

/// Rates and preambles of answers, length of a slot.
fn rates<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    link: &Link,
) -> Result<(), ChipError> {
    let basic = match link.basic_rates.bits() & ANSWER_RATES {
        0 => ANSWER_RATES,
        rates => rates,
    };
    io.change(cx, |rates: Rrsr| {
        rates.with_rate_bitmap(basic.into()).with_short(link.short_preamble)
    })?;
    let highest = (0..12).rfind(|rate| basic >> rate & 1 != 0).unwrap_or(0);
    io.put(cx, InirtsRateSel(highest))?;
    io.change(cx, |control: WmacTrxptclCtl| control.with_shpre(link.short_preamble))?;
    io.put(cx, Slot(slot_us(link)))
}

const fn slot_us(link: &Link) -> u8 {
    if link.short_slot { SHORT_SLOT_US } else { LONG_SLOT_US }
}

/// Contention parameters as the chip takes them: the time before contention in microseconds.
pub(super) fn edca(edca: Edca, link: &Link) -> u32 {
    EdcaParam::new()
        .with_aifs(edca.aifsn.saturating_mul(slot_us(link)).saturating_add(SIFS_US))
        .with_ecwmin(edca.ecw_min & 0x0f)
        .with_ecwmax(edca.ecw_max & 0x0f)
        .with_txop(edca.txop)
        .into_bits()
}

/// Gain while listening for anybody, or to one network.
pub(super) fn set_gain<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    board: &Board,
    scanning: bool,
) -> Result<(), ChipError> {
    let gain = if scanning { GAIN_SCANNING } else { GAIN_LINKED };
    for path in board.rx_paths() {
        io.change_at(cx, path.of(OFDM0_AGCCORE1), |core: Ofdm0Agccore1| core.with_gain(gain))?;
    }
    Ok(())
}

/// The message that tells the firmware which rates to try with a peer.
pub(super) fn peer_rates(peer: &PeerInfo) -> Command {
    let rates = u32::from(peer.rates.bits() & 0x0fff) | (peer.mcs & 0xffff) << 12;
    let has = |family: LegacyRates| peer.rates.intersects(family);
    let raid = match (has(LegacyRates::CCK), has(LegacyRates::OFDM), peer.mcs != 0) {
        (true, true, true) => 0,
        (false, true, true) => 1,
        (true, false, true) => 2,
        (false, false, true) => 3,
        (true, true, false) => 4,
        (false, true, false) => 5,
        (_, false, false) => 6,
    };
    Command::MacIdConfig { mac_id: peer.mac_id, rates, raid, short_gi: peer.short_gi }
}

/// Where and with what a peer's first frames are sent: its highest rate.
pub(super) fn first_rate(peer: &PeerInfo) -> (u16, u8) {
    let Command::MacIdConfig { mac_id, rates, short_gi, .. } = peer_rates(peer) else {
        return (INIDATA_RATE_SEL, 0);
    };
    let highest = (0..28_u8).rfind(|rate| rates >> rate & 1 != 0).unwrap_or(0);
    let gi = if short_gi && highest >= 12 { 1 << 6 } else { 0 };
    (INIDATA_RATE_SEL + u16::from(mac_id & 0x1f), highest | gi)
}

#[cfg(test)]
mod tests {
    use tern_core::types::Width;

    use super::*;

    fn link(aid: u16, short_slot: bool) -> Link {
        let bssid = (aid != 0).then_some(MacAddr([2; 6]));
        Link { bssid, aid, short_slot, ..Link::none(Mode::Station) }
    }

    #[test]
    fn contention_parameters() {
        let of = |aifsn, ecw_min, ecw_max, txop| {
            edca(Edca { aifsn, ecw_min, ecw_max, txop }, &link(1, true))
        };
        assert_eq!(of(2, 2, 3, 47), 0x002f_321c);
        assert_eq!(of(2, 3, 4, 94), 0x005e_431c);
        assert_eq!(of(3, 4, 10, 0), 0x0000_a425);
        assert_eq!(of(7, 4, 10, 0), 0x0000_a449);
        let long = edca(Edca { aifsn: 2, ecw_min: 2, ecw_max: 3, txop: 0 }, &link(1, false));
        assert_eq!(long & 0xff, 50);
    }

    #[test]
    fn filters_of_every_situation() {
        let of = |filter, aid| {
            let (rcr, maps) = filters(filter, &link(aid, true));
            (rcr.into_bits(), maps)
        };
        assert_eq!(of(RxFilter::empty(), 0), (0xf000_40ce, [0x7f6a, 0, 0]));
        assert_eq!(of(RxFilter::empty(), 1), (0xf000_40ce, [0x7f6a, 0x0100, 0xffff]));
        let joining = Link { aid: 0, ..link(1, true) };
        assert_eq!(filters(RxFilter::empty(), &joining).1, [0x7f6a, 0, 0xffff]);
        assert_eq!(of(RxFilter::OTHER_BEACONS, 0).0, 0xf000_404e);
        assert_eq!(of(RxFilter::PROMISCUOUS, 1).0, 0xf000_40cf);
        assert_eq!(of(RxFilter::PROBE_REQUESTS, 0).1[0], 0x7f7a);
        let all = RxFilter::MONITOR | RxFilter::BAD_FCS;
        assert_eq!(of(all, 0), (0xf000_790d, [0xffff; 3]));
    }

    #[test]
    fn rates_of_peers() {
        let peer = PeerInfo {
            mac_id: 0,
            rates: LegacyRates::CCK | LegacyRates::OFDM,
            mcs: 0xff,
            width: Width::Mhz20,
            short_gi: true,
        };
        let expect =
            Command::MacIdConfig { mac_id: 0, rates: 0x000f_ffff, raid: 0, short_gi: true };
        assert_eq!(peer_rates(&peer), expect);
        assert_eq!(first_rate(&peer), (0x0484, 19 | 1 << 6));
        let old = PeerInfo { rates: LegacyRates::CCK, mcs: 0, mac_id: 2, ..peer };
        assert_eq!(first_rate(&old), (0x0486, 3));
        assert!(matches!(peer_rates(&old), Command::MacIdConfig { raid: 6, rates: 0x0f, .. }));
    }
}
