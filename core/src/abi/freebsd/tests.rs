// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Programs' ways through the requests, the tables, and what must never panic.

use std::{vec, vec::Vec};

use proptest::prelude::*;
use zerocopy::IntoBytes;

use super::*;
use crate::{
    abi::{
        layouts,
        mock::{AP, BASE, Mock, OWN, RSN},
        tables,
    },
    control::{ControlRequest, Effort, JoinInfo, KeyInfo, KeyPlace, Port},
    types::{Channel, Cipher, Tuning, Width},
};

fn station(host: &mut Mock) -> FreeBsd {
    let mut it = FreeBsd::EMPTY;
    let params = layout::CloneParams {
        icp_parent: *b"tern0\0\0\0\0\0\0\0\0\0\0\0",
        icp_opmode: OPMODE_STA,
        ..Default::default()
    };
    it.create(host, params.as_bytes()).unwrap();
    it
}

fn up(host: &mut Mock) -> FreeBsd {
    let mut it = station(host);
    it.up(host).unwrap();
    host.asked.clear();
    it
}

/// Makes a request; the answer is what the structure holds afterwards.
fn ask(
    it: &mut FreeBsd,
    host: &mut Mock,
    command: u64,
    (i_type, i_val, i_len): (u16, i16, u16),
    data: &[u8],
) -> Result<layout::Req, Errno> {
    let i_data = host.poke(0, data);
    let mut req = layout::Req { i_type, i_val, i_len, i_data, ..Default::default() };
    it.ioctl(host, command, req.as_mut_bytes())?;
    Ok(req)
}

fn set(it: &mut FreeBsd, host: &mut Mock, number: u16, value: i16) -> Result<(), Errno> {
    ask(it, host, SET, (number, value, 0), &[]).map(|_| ())
}

fn put(it: &mut FreeBsd, host: &mut Mock, number: u16, data: &[u8]) -> Result<(), Errno> {
    ask(it, host, SET, (number, 0, u16::try_from(data.len()).unwrap()), data).map(|_| ())
}

#[test]
fn a_name_is_joined_when_the_interface_goes_up_and_again_when_it_changes() {
    let mut host = Mock::with_network();
    let mut it = station(&mut host);
    put(&mut it, &mut host, ioc::SSID, b"tern").unwrap();
    assert!(host.asked.is_empty());
    it.up(&mut host).unwrap();
    let join = JoinInfo { effort: Effort::Forever, ..JoinInfo::default() };
    assert_eq!(host.asked[0].0, ControlRequest::Up(Mode::Station, OWN));
    assert_eq!(host.last(), (ControlRequest::Join(join), &b"\x04tern"[..]));
    put(&mut it, &mut host, ioc::SSID, b"other").unwrap();
    let [.., (leave, _), (again, body)] = &host.asked[..] else { panic!() };
    assert_eq!((*leave, *again), (ControlRequest::Leave, ControlRequest::Join(join)));
    assert_eq!(body, b"\x05other");
    it.down(&mut host).unwrap();
    assert_eq!(host.last().0, ControlRequest::Down);
}

fn supplicant_scans(it: &mut FreeBsd, host: &mut Mock) {
    set(it, host, ioc::ROAMING, 2).unwrap();
    set(it, host, ioc::PRIVACY, 1).unwrap();
    set(it, host, ioc::WPA, 3).unwrap();
    it.up(host).unwrap();
    assert!(matches!(host.last().0, ControlRequest::Up(..)), "nothing is joined by itself");
    let scan = layout::ScanReq { sr_flags: 0x52, sr_duration: 0x7fff_ffff, ..Default::default() };
    put(it, host, ioc::SCAN_REQ, scan.as_bytes()).unwrap();
    assert_eq!(host.last(), (ControlRequest::Scan, &[0, 0, 1, 0][..]));
    let found = ask(it, host, GET, (ioc::SCAN_RESULTS, 0, 24 * 1024), &[]).unwrap();
    assert_eq!(found.i_len, 40 + 4 + 40);
    let result = &host.memory[..84];
    assert_eq!(&result[..8], [84, 0, 40, 0, 37, 0, 0x85, 0x09]);
    assert_eq!(i32::from(result[11].cast_signed()) / 2 + i32::from(result[10].cast_signed()), -50);
    assert_eq!(&result[40..44], b"tern");
    assert_eq!(&result[59..81], RSN);
}

#[test]
fn wpa_supplicant_joins_and_gives_keys() {
    let mut host = Mock::with_network();
    let mut it = station(&mut host);
    for number in [ioc::ROAMING, ioc::PRIVACY, ioc::WPA] {
        ask(&mut it, &mut host, GET, (number, 0, 0), &[]).unwrap();
    }
    let caps = ask(&mut it, &mut host, GET, (ioc::DEVCAPS, 0, 40), &[]);
    assert!(caps.is_ok() && host.memory[3] & 0x20 != 0, "background scans");
    assert_eq!(host.memory[4], 1 << 3, "CCMP");
    assert_eq!(host.memory[16], 1, "one channel fits");
    supplicant_scans(&mut it, &mut host);
    // The association.
    set(&mut it, &mut host, ioc::AUTHMODE, 1).unwrap();
    let len = u16::try_from(RSN.len()).unwrap();
    ask(&mut it, &mut host, SET, (ioc::APPIE, 0xd0, len), &RSN).unwrap();
    set(&mut it, &mut host, ioc::PRIVACY, 1).unwrap();
    set(&mut it, &mut host, ioc::WPA, 2).unwrap();
    let mlme = layout::Mlme { im_op: 1, im_macaddr: AP.0, ..Default::default() };
    put(&mut it, &mut host, ioc::MLME, mlme.as_bytes()).unwrap();
    let join = JoinInfo {
        bssid: Some(AP),
        pairwise: Some(Cipher::Ccmp),
        channel: Channel::ghz2(6),
        effort: Effort::Once,
        ..JoinInfo::default()
    };
    let (request, body) = host.last();
    assert_eq!(
        (request, &body[..5], &body[5..]),
        (ControlRequest::Join(join), &b"\x04tern"[..], &RSN[..])
    );
    // The keys.
    host.joined = Mock::joined().joined;
    let mut key = layout::Key {
        ik_type: 3,
        ik_keyix: 0xffff,
        ik_keylen: 16,
        ik_flags: 3,
        ik_macaddr: AP.0,
        ik_keyrsc: 5,
        ik_keydata: [9; 32],
        ..Default::default()
    };
    put(&mut it, &mut host, ioc::WPAKEY, key.as_bytes()).unwrap();
    let place = KeyPlace { peer: Some(AP), index: 0 };
    let info = KeyInfo { place, cipher: Cipher::Ccmp, receive_pn: 5 };
    let [.., (first, bytes), (second, _)] = &host.asked[..] else { panic!() };
    assert_eq!((*first, &bytes[..]), (ControlRequest::SetKey(info), &[9; 16][..]));
    assert_eq!(*second, ControlRequest::SetPort(AP, Port::Open));
    (key.ik_keyix, key.ik_flags, key.ik_macaddr) = (1, 6, [0xff; 6]);
    put(&mut it, &mut host, ioc::WPAKEY, key.as_bytes()).unwrap();
    let place = KeyPlace { peer: None, index: 1 };
    let info = KeyInfo { place, cipher: Cipher::Ccmp, receive_pn: 5 };
    assert_eq!(host.last().0, ControlRequest::SetKey(info));
    let shown = ask(&mut it, &mut host, GET, (ioc::WPAKEY, 0, 64), key.as_bytes());
    assert!(shown.is_ok() && host.memory[0] == 3 && host.memory[4] == 16);
    assert_eq!(host.memory[32..64], [0; 32], "nobody reads a key");
    // What it asks of the link, and the end.
    let name = ask(&mut it, &mut host, GET, (ioc::SSID, 0, 32), &[]).unwrap();
    assert_eq!((name.i_len, &host.memory[..4]), (4, &b"tern"[..]));
    ask(&mut it, &mut host, GET, (ioc::BSSID, 0, 6), &[]).unwrap();
    assert_eq!(host.memory[..6], AP.0);
    let mlme = layout::Mlme { im_op: 3, im_reason: 3, im_macaddr: AP.0, ..Default::default() };
    put(&mut it, &mut host, ioc::MLME, mlme.as_bytes()).unwrap();
    let [.., (deauth, _), (leave, _)] = &host.asked[..] else { panic!() };
    assert_eq!((*deauth, *leave), (ControlRequest::Deauth(AP, 3), ControlRequest::Leave));
}

#[test]
fn ifconfig_finds_channel_6_in_the_list_and_tunes_a_monitor_to_it() {
    let mut host = Mock::new();
    let mut it = up(&mut host);
    it.set_media(&mut host, 0x2080).unwrap();
    let modes: Vec<_> = host.asked.iter().map(|(request, _)| *request).collect();
    assert_eq!(modes, [ControlRequest::Down, ControlRequest::Up(Mode::Monitor, OWN)]);
    ask(&mut it, &mut host, GET, (ioc::CHANINFO, 0, 4096), &[]).unwrap();
    let count = host.memory[0];
    // b, g and HT20 of 13 channels; above and below where there is room.
    assert_eq!(count, 13 * 3 + 9 + 9);
    let entries = host.memory[4..4 + 20 * usize::from(count)].to_vec();
    let sixth: Vec<_> = entries.chunks(20).filter(|entry| entry[6] == 6).collect();
    assert_eq!(sixth.len(), 5);
    let (plain, wide) = (sixth[1].to_vec(), sixth[3].to_vec());
    put(&mut it, &mut host, ioc::CURCHAN, &plain).unwrap();
    let channel = Channel::ghz2(6).unwrap();
    assert_eq!(host.last().0, ControlRequest::SetChannel(Tuning::narrow(channel)));
    put(&mut it, &mut host, ioc::CURCHAN, &wide).unwrap();
    let wide = Tuning { channel, width: Width::Mhz40Above };
    assert_eq!(host.last().0, ControlRequest::SetChannel(wide));
    host.tuning = Some(wide);
    ask(&mut it, &mut host, GET, (ioc::CURCHAN, 0, 20), &[]).unwrap();
    assert_eq!(host.memory[..7], sixth_again(&entries));
    let (active, status) = it.media_status(&mut host);
    assert_eq!((active & 0xff00, status), (0x2000, 3));
}

/// What the list says of channel 6 with the secondary channel above.
fn sixth_again(entries: &[u8]) -> [u8; 7] {
    let entry = entries.chunks(20).filter(|entry| entry[6] == 6).nth(3).unwrap();
    entry[..7].try_into().unwrap()
}

#[test]
fn ifconfig_shows_the_access_point_and_its_traffic() {
    let mut host = Mock::joined();
    let mut it = up(&mut host);
    let everybody = [0xff; 6];
    let info = ask(&mut it, &mut host, GET, (ioc::STA_INFO, 0, 4096), &everybody).unwrap();
    assert_eq!(info.i_len, 232 + 40);
    let (head, _) =
        <layout::StaInfo as zerocopy::FromBytes>::read_from_prefix(&host.memory[8..]).unwrap();
    assert_eq!((head.isi_macaddr, head.isi_associd), (AP.0, 0xc001));
    assert_eq!((head.isi_txrate, head.isi_txmbps, head.isi_rssi), (0x87, 130, 100));
    assert_eq!(head.isi_nrates, 4);
    let stats = IfReqFor(BASE + 0x4000);
    let mut data = stats.bytes();
    it.ioctl(&mut host, GET_STATS, &mut data).unwrap();
    assert_eq!(host.memory[0x4000 + 12], 7, "duplicates");
}

struct IfReqFor(u64);

impl IfReqFor {
    fn bytes(&self) -> Vec<u8> {
        layout::IfReq { ifr_data: self.0, ..Default::default() }.as_bytes().to_vec()
    }
}

#[test]
fn a_country_is_a_list_of_channels() {
    let mut host = Mock::new();
    let mut it = station(&mut host);
    let head = layout::RegDomainHead {
        rd: layout::RegDomain { location: b'I', isocc: *b"DE", country: 276, ..Default::default() },
        ic_nchans: 2,
    };
    let channel = |ic_flags, number: u8| layout::Channel {
        ic_flags,
        ic_freq: Channel::ghz2(number).unwrap().mhz(),
        ic_maxregpower: 17,
        ..Default::default()
    };
    let mut bytes = head.as_bytes().to_vec();
    bytes.extend(channel(0x480, 6).as_bytes());
    bytes.extend(channel(0x680, 13).as_bytes());
    put(&mut it, &mut host, ioc::REGDOMAIN, &bytes).unwrap();
    let rule = |number| host.rules.rule(Channel::ghz2(number).unwrap());
    assert_eq!(rule(6).unwrap().max_dbm, 17);
    assert!(
        rule(1).is_none() && rule(13).unwrap().flags.contains(crate::radio::ChannelFlags::NO_IR)
    );
    ask(&mut it, &mut host, GET, (ioc::REGDOMAIN, 0, 12), &[]).unwrap();
    assert_eq!(&host.memory[4..8], b"I\0DE");
    ask(&mut it, &mut host, GET, (ioc::CHANINFO, 0, 4096), &[]).unwrap();
    assert_eq!(host.memory[0], 3 + 3, "what the law allows");
    ask(&mut it, &mut host, GET, (ioc::DEVCAPS, 0, 4096), &[]).unwrap();
    assert_eq!(host.memory[16], 14 * 3 + 9 + 9, "what the radio can do");
    it.up(&mut host).unwrap();
    assert_eq!(put(&mut it, &mut host, ioc::REGDOMAIN, &bytes), Err(Errno::Busy));
}

#[test]
fn clone_parameters_say_what_an_interface_is() {
    let params = |icp_opmode, icp_flags| layout::CloneParams {
        icp_opmode,
        icp_flags,
        icp_macaddr: [2, 0, 0, 0, 0, 9],
        ..Default::default()
    };
    for (opmode, flags, expected) in [
        (1, 0, Ok(OWN)),
        (5, 0, Ok(OWN)),
        (1, 8, Ok(MacAddr([2, 0, 0, 0, 0, 9]))),
        (1, 1, Ok(MacAddr([0x76, 0xda, 0x38, 1, 2, 3]))),
        (4, 0, Err(Errno::OpNotSupp)),
        (7, 0, Err(Errno::Inval)),
        (1, 16, Err(Errno::OpNotSupp)),
    ] {
        let mut it = FreeBsd::EMPTY;
        let made = it.create(&mut Mock::new(), params(opmode, flags).as_bytes());
        assert_eq!(made.map(|()| it.address()), expected, "{opmode} {flags}");
    }
    let mut it = FreeBsd::EMPTY;
    assert_eq!(it.create(&mut Mock::new(), &[0; 5]), Err(Errno::Inval));
}

#[test]
fn events_are_those_that_wpa_supplicant_reads() {
    let mut told = Vec::new();
    let mut tell = |kind: i32, data: &[u8]| told.push((kind, data.to_vec()));
    FreeBsd::link_events(Some(AP), &mut tell);
    FreeBsd::link_events(None, &mut tell);
    let id = crate::types::RequestId { slot: 0, generation: 0 };
    let operation = crate::control::Operation::Scan;
    FreeBsd::events(&Notice::Outcome { id, operation, result: Ok(()), frame: &[] }, &mut tell);
    FreeBsd::events(&Notice::BeaconLost, &mut tell);
    assert_eq!(told, [(100, AP.0.to_vec()), (102, vec![]), (105, vec![])]);
}

#[test]
fn media_words_are_those_of_ifmedia() {
    let mut host = Mock::new();
    let mut it = station(&mut host);
    let words: Vec<_> = (0..).map(|index| it.media(&host, index)).take_while(|w| *w != 0).collect();
    // Any: 13 rates and MCS; b: 4; g: 12; ng: MCS; each and automatic, for two modes.
    assert_eq!(words.len(), 2 * (14 + 5 + 13 + 2));
    assert!([0x80, 0x2080, 0x60098, 0x20085, 0x3208a].iter().all(|word| words.contains(word)));
    assert_eq!(it.set_media(&mut host, 0x280), Err(Errno::NxIo), "no access point");
    for word in words {
        it.set_media(&mut host, word).unwrap();
    }
}

#[test]
fn every_request_is_listed_with_what_becomes_of_it() {
    tables::walk_ioctls(include_str!("ioctls.tsv"), &mut |number, is_set, example| {
        let mut host = Mock::joined();
        let mut it = up(&mut host);
        let command = if is_set { SET } else { GET };
        let what = (number, example.val, example.len);
        let data = example.bytes(AP);
        ask(&mut it, &mut host, command, what, &data).map(|_| ())
    });
}

#[test]
fn malformed_requests_get_their_errno() {
    tables::walk_errnos(include_str!("errnos.tsv"), &mut |case| {
        let mut host = if case.has("joined") { Mock::joined() } else { Mock::new() };
        let mut it = station(&mut host);
        if case.has("monitor") {
            it.set_media(&mut host, 0x2080).unwrap();
        }
        if !case.has("down") {
            it.up(&mut host).unwrap();
        }
        host.is_privileged = !case.has("user");
        host.refusal = case.refusal();
        let data = case.example.bytes(AP);
        host.poke(0, &data);
        let i_data = if case.has("fault") { 16 } else { BASE };
        let mut req = layout::Req {
            i_type: case.number,
            i_val: case.example.val,
            i_len: case.example.len,
            i_data,
            ..Default::default()
        };
        let command = match case.command.as_str() {
            "get" => GET,
            "set" => SET,
            "stats" => {
                let mut data = IfReqFor(i_data).bytes();
                return it.ioctl(&mut host, GET_STATS, &mut data);
            }
            other => u64::from_str_radix(other, 16).unwrap(),
        };
        let bytes = req.as_mut_bytes();
        let end = if case.has("short") { 8 } else { bytes.len() };
        it.ioctl(&mut host, command, &mut bytes[..end])
    });
}

#[test]
fn structures_are_those_of_the_table() {
    layouts::check!("freebsd",
        "ieee80211req" => layout::Req { i_name, i_type, i_val, i_len, i_data },
        "ieee80211_channel" => layout::Channel {
            ic_flags, ic_freq, ic_ieee, ic_maxregpower, ic_maxpower, ic_minpower, ic_state,
            ic_extieee, ic_maxantgain, ic_pad, ic_devdata, ic_vht_ch_freq1, ic_vht_ch_freq2, ic_freq2
        },
        "ieee80211req_key" => layout::Key {
            ik_type, ik_pad, ik_keyix, ik_keylen, ik_flags, ik_macaddr, ik_keyrsc, ik_keytsc,
            ik_keydata
        },
        "ieee80211req_del_key" => layout::DelKey { idk_keyix, idk_macaddr },
        "ieee80211req_mlme" => layout::Mlme {
            im_op, im_ssid_len, im_reason, im_macaddr, im_ssid
        },
        "ieee80211_scan_req" => layout::ScanReq {
            sr_flags, sr_duration, sr_mindwell, sr_maxdwell, sr_nssid, sr_ssid
        },
        "ieee80211req_scan_result" => layout::ScanResult {
            isr_len, isr_ie_off, isr_ie_len, isr_freq, isr_flags, isr_noise, isr_rssi, isr_intval,
            isr_capinfo, isr_erp, isr_bssid, isr_nrates, isr_rates, isr_ssid_len, isr_meshid_len
        },
        "ieee80211_mimo_info" => layout::MimoInfo { ch, evm },
        "ieee80211req_sta_info" => layout::StaInfo {
            isi_len, isi_ie_off, isi_ie_len, isi_freq, isi_flags, isi_state, isi_authmode, isi_rssi,
            isi_noise, isi_capinfo, isi_erp, isi_macaddr, isi_nrates, isi_rates, isi_txrate,
            isi_associd, isi_txpower, isi_vlan, isi_txseqs, isi_rxseqs, isi_inact, isi_txmbps,
            isi_pad, isi_jointime, isi_mimo, isi_peerid, isi_localid, isi_peerstate
        },
        "ieee80211req_sta_txpow" => layout::StaTxPower { it_macaddr, it_txpow },
        "ieee80211req_sta_vlan" => layout::StaVlan { sv_macaddr, sv_vlan },
        "ieee80211_roamparam" => layout::RoamParam { rssi, rate, pad },
        "ieee80211_txparam" => layout::TxParam { ucastrate, mgmtrate, mcastrate, maxretry },
        "ieee80211_regdomain" => layout::RegDomain {
            regdomain, country, location, ecm, isocc, pad
        },
        "ieee80211_chanswitch_req" => layout::ChanSwitch { csa_chan, csa_mode, csa_count },
        "ieee80211_clone_params" => layout::CloneParams {
            icp_parent, icp_opmode, icp_flags, icp_bssid, icp_macaddr
        },
        "ieee80211_join_event" => layout::JoinEvent { iev_addr },
    );
    for (name, field, offset, len) in [
        ("ieee80211_devcaps_req", "dc_drivercaps", 0, 4),
        ("ieee80211_devcaps_req", "dc_cryptocaps", 4, 4),
        ("ieee80211_devcaps_req", "dc_htcaps", 8, 4),
        ("ieee80211_devcaps_req", "dc_vhtcaps", 12, 4),
        ("ieee80211_devcaps_req", "dc_chaninfo", 16, 24),
        ("ieee80211req_chaninfo", "ic_nchans", 0, 4),
        ("ieee80211req_chaninfo", "ic_chans", 4, 20),
        ("ieee80211_regdomain_req", "rd", 0, size_of::<layout::RegDomain>()),
        ("ieee80211_regdomain_req", "chaninfo", 12, 24),
        ("ieee80211req_sta_req", "info", layout::STA_HEAD, size_of::<layout::StaInfo>()),
        ("ieee80211req_sta_stats", "is_stats", layout::STA_HEAD, layout::NODE_STATS_LEN),
        ("ieee80211req_wpaie2", "wpa_ie", 6, layout::WPA_IE_LEN),
        ("ieee80211req_wpaie2", "rsn_ie", 262, layout::WPA_IE_LEN),
        ("ieee80211_roamparams_req", "params", 0, 4 * layout::MODES),
        ("ieee80211_txparams_req", "params", 0, 4 * layout::MODES),
        ("ieee80211_scan_req", "sr_ssid[0].len", 20, 4),
        ("ieee80211_scan_req", "sr_ssid[0].ssid", 24, 32),
    ] {
        layouts::check_field("freebsd", name, field, offset, len);
    }
    assert_eq!(layouts::size("freebsd", "ieee80211_stats"), layout::STATS_LEN);
    assert_eq!(layouts::size("freebsd", "ieee80211_nodestats"), layout::NODE_STATS_LEN);
}

#[test]
fn command_numbers_follow_from_the_structures() {
    let number = |inout: u64, len: usize, nr: u64| {
        inout << 29 | u64::try_from(len).unwrap() << 16 | u64::from(b'i') << 8 | nr
    };
    assert_eq!(SET, number(4, size_of::<layout::Req>(), 234));
    assert_eq!(GET, number(6, size_of::<layout::Req>(), 235));
    assert_eq!(GET_STATS, number(6, size_of::<layout::IfReq>(), 236));
}

proptest! {
    #[test]
    fn no_request_panics(
        steps in prop::collection::vec((any::<bool>(), 0u16..220, any::<i16>(),
            prop_oneof![Just(6u16), Just(7), Just(20), Just(42), Just(64), Just(128), any::<u16>()],
            prop::collection::vec(any::<u8>(), 0..200), 0u8..12), 1..20),
    ) {
        let mut host = Mock::joined();
        let mut it = up(&mut host);
        for (is_set, number, val, len, data, other) in steps {
            match other {
                0 => { let _ = it.up(&mut host); }
                1 => { let _ = it.down(&mut host); }
                2 => { let _ = it.set_media(&mut host, i32::from(val)); }
                3 => { let _ = it.media_status(&mut host); }
                4 => host.joined = None,
                5 => host.refusal = Some(crate::control::Failure::Busy),
                _ => host.refusal = None,
            }
            let command = if is_set { SET } else { GET };
            let _ = ask(&mut it, &mut host, command, (number, val, len), &data);
        }
    }
}
