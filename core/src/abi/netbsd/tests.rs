// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Programs' ways through the ioctls, the tables, and what must never panic.

use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::{
    abi::{
        layouts,
        mock::{AP, BASE, Mock, OWN, RSN},
        tables,
    },
    control::{ControlRequest, Effort, JoinInfo},
    types::{Channel, Cipher, Mode, Tuning},
};

fn station(host: &mut Mock) -> NetBsd {
    let mut it = NetBsd::EMPTY;
    it.create(host, &[]).unwrap();
    it
}

fn up(host: &mut Mock) -> NetBsd {
    let mut it = station(host);
    it.up(host).unwrap();
    host.asked.clear();
    it
}

/// Makes a request; the answer is what the structure holds afterwards.
fn ask(
    it: &mut NetBsd,
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

fn set(it: &mut NetBsd, host: &mut Mock, number: u16, value: i16) {
    ask(it, host, ioc::SET, (number, value, 0), &[]).unwrap();
}

fn put(it: &mut NetBsd, host: &mut Mock, number: u16, data: &[u8]) {
    ask(it, host, ioc::SET, (number, 0, u16::try_from(data.len()).unwrap()), data).unwrap();
}

/// The argument of an ioctl of its own: bytes after the name.
fn argument_of(bytes: &[u8]) -> Vec<u8> {
    let mut argument = std::vec![0; layout::NAME_LEN];
    argument.extend(bytes);
    argument.resize(argument.len().max(layout::IFREQ_LEN), 0);
    argument
}

/// A name, where SIOCS80211NWID wants it.
fn nwid(it: &mut NetBsd, host: &mut Mock, name: &[u8]) {
    let mut bytes = std::vec![u8::try_from(name.len()).unwrap()];
    bytes.extend(name);
    bytes.resize(33, 0);
    let data = host.poke(0, &bytes);
    it.ioctl(host, ioc::SET_NWID, &mut argument_of(&data.to_ne_bytes())).unwrap();
}

#[test]
fn a_name_is_joined_when_the_interface_goes_up() {
    let mut host = Mock::with_network();
    let mut it = station(&mut host);
    nwid(&mut it, &mut host, b"tern");
    it.up(&mut host).unwrap();
    assert_eq!(host.asked[0].0, ControlRequest::Up(Mode::Station, OWN));
    let join = JoinInfo { effort: Effort::Forever, ..JoinInfo::default() };
    assert_eq!(host.last(), (ControlRequest::Join(join), &b"\x04tern"[..]));
    host.joined = Mock::joined().joined;
    let data = BASE + 0x100;
    it.ioctl(&mut host, ioc::GET_NWID, &mut argument_of(&data.to_ne_bytes())).unwrap();
    assert_eq!(host.memory[0x100..0x105], *b"\x04tern");
    let mut bssid = argument_of(&[0; 6]);
    it.ioctl(&mut host, ioc::GET_BSSID, &mut bssid).unwrap();
    assert_eq!(bssid[16..22], AP.0);
    let mut channel = argument_of(&[0; 2]);
    it.ioctl(&mut host, ioc::GET_CHANNEL, &mut channel).unwrap();
    assert_eq!(channel[16..18], [6, 0]);
}

#[test]
fn wpa_supplicant_joins_with_its_element() {
    let mut host = Mock::with_network();
    let mut it = station(&mut host);
    set(&mut it, &mut host, ioc::ROAMING, 2);
    set(&mut it, &mut host, ioc::PRIVACY, 1);
    set(&mut it, &mut host, ioc::WPA, 3);
    it.up(&mut host).unwrap();
    nwid(&mut it, &mut host, b"tern");
    assert!(matches!(host.last().0, ControlRequest::Up(..)), "nothing is joined by itself");
    set(&mut it, &mut host, ioc::SCAN_REQ, 0);
    assert_eq!(host.last(), (ControlRequest::Scan, &b"\x00\x00\x02\x00\x04tern"[..]));
    let found = ask(&mut it, &mut host, ioc::GET, (ioc::SCAN_RESULTS, 0, 24 * 1024), &[]).unwrap();
    assert_eq!(found.i_len, 68); // 40, name, RSN, and rounded up
    assert_eq!(host.memory[..4], [68, 0, 0x85, 0x09]);
    assert_eq!((host.memory[7], host.memory[33], host.memory[34]), (45, 4, 22));
    assert_eq!(&host.memory[40..44], b"tern");
    assert_eq!(host.memory[44..66], RSN);
    put(&mut it, &mut host, ioc::OPTIE, &RSN);
    set(&mut it, &mut host, ioc::PRIVACY, 1);
    set(&mut it, &mut host, ioc::WPA, 2);
    let mut mlme =
        layout::Mlme { im_op: 1, im_ssid_len: 4, im_macaddr: AP.0, ..Default::default() };
    mlme.im_ssid[..4].copy_from_slice(b"tern");
    put(&mut it, &mut host, ioc::MLME, mlme.as_bytes());
    let join = JoinInfo {
        bssid: Some(AP),
        pairwise: Some(Cipher::Ccmp),
        channel: Channel::ghz2(6),
        effort: Effort::Once,
        ..JoinInfo::default()
    };
    assert_eq!(host.last().0, ControlRequest::Join(join));
    assert_eq!(host.last().1[5..], RSN);
}

#[test]
fn a_monitor_is_a_media_option_and_hears_the_channel_that_is_chosen() {
    let mut host = Mock::new();
    let mut it = up(&mut host);
    assert_eq!(it.set_media(&mut host, 0x2080), Err(Errno::NxIo), "FreeBSD's word");
    it.set_media(&mut host, 0x480).unwrap();
    it.ioctl(&mut host, ioc::SET_CHANNEL, &mut argument_of(&[6, 0])).unwrap();
    let channel = Channel::ghz2(6).unwrap();
    assert_eq!(host.last().0, ControlRequest::SetChannel(Tuning::narrow(channel)));
    let (active, status) = it.media_status(&mut host);
    assert_eq!((active & 0xff00, status), (0x400, 3));
    let words: Vec<_> = (0..).map(|n| it.media(&host, n)).take_while(|word| *word != 0).collect();
    assert!(words.contains(&0x30088), "1 Mb/s is 8 here");
}

#[test]
fn ifconfig_shows_the_access_point() {
    let mut host = Mock::joined();
    let mut it = up(&mut host);
    let info = ask(&mut it, &mut host, ioc::GET, (ioc::STA_INFO, 0, 4096), &[]).unwrap();
    assert_eq!(info.i_len, 136); // 114, RSN
    assert_eq!((&host.memory[12..18], host.memory[18]), (&AP.0[..], 4));
    assert_eq!(host.memory[38..40], [1, 0xc0]);
    let room = 100_u64;
    let mut bytes = room.to_ne_bytes().to_vec();
    bytes.extend((BASE + 0x4000).to_ne_bytes());
    host.memory[0x4000..0x4200].fill(0xee);
    it.ioctl(&mut host, ioc::GET_STATS, &mut argument_of(&bytes)).unwrap();
    assert_eq!((host.memory[0x4000 + 12], host.memory[0x4000 + 99]), (7, 0));
    assert_eq!(host.memory[0x4000 + 100], 0xee, "as much as there is room for");
}

#[test]
fn every_request_is_listed_with_what_becomes_of_it() {
    tables::walk_ioctls(include_str!("ioctls.tsv"), &mut |number, is_set, example| {
        let mut host = Mock::joined();
        let mut it = up(&mut host);
        let command = if is_set { ioc::SET } else { ioc::GET };
        let what = (number, example.val, example.len);
        ask(&mut it, &mut host, command, what, &example.bytes(AP)).map(|_| ())
    });
}

#[test]
fn malformed_requests_get_their_errno() {
    tables::walk_errnos(include_str!("errnos.tsv"), &mut |case| {
        let mut host = if case.has("joined") { Mock::joined() } else { Mock::new() };
        let mut it = station(&mut host);
        if case.has("monitor") {
            it.set_media(&mut host, 0x480).unwrap();
        }
        if !case.has("down") {
            it.up(&mut host).unwrap();
        }
        host.is_privileged = !case.has("user");
        host.refusal = case.refusal();
        let bytes = case.example.bytes(AP);
        host.poke(0, &bytes);
        let pointer = if case.has("fault") { 16 } else { BASE };
        let (command, mut argument) = match case.command.as_str() {
            "get" | "set" => {
                let req = layout::Req {
                    i_type: case.number,
                    i_val: case.example.val,
                    i_len: case.example.len,
                    i_data: pointer,
                    ..Default::default()
                };
                let command = if case.command == "get" { ioc::GET } else { ioc::SET };
                (command, req.as_bytes().to_vec())
            }
            "nwid" => (ioc::SET_NWID, argument_of(&pointer.to_ne_bytes())),
            "getnwid" => (ioc::GET_NWID, argument_of(&pointer.to_ne_bytes())),
            "stats" => {
                let mut stats = u64::from(case.example.len).to_ne_bytes().to_vec();
                stats.extend(pointer.to_ne_bytes());
                (ioc::GET_STATS, argument_of(&stats))
            }
            "nwkey" | "getnwkey" => {
                let mut keys = bytes.clone();
                for key in 0..layout::WEP_KEYS {
                    let at = 8 + 16 * key + 8;
                    if keys[at..at + 8] != [0; 8] {
                        keys[at..at + 8].copy_from_slice(&pointer.to_ne_bytes());
                    }
                }
                let is_set = case.command == "nwkey";
                (if is_set { ioc::SET_NWKEY } else { ioc::GET_NWKEY }, argument_of(&keys))
            }
            "power" => (ioc::SET_POWER, argument_of(&bytes)),
            "auth" => (ioc::SET_AUTH, argument_of(&bytes)),
            "channel" => (ioc::SET_CHANNEL, argument_of(&bytes)),
            "bssid" => (ioc::SET_BSSID, argument_of(&bytes)),
            other => (u64::from_str_radix(other, 16).unwrap(), argument_of(&[])),
        };
        if case.has("short") {
            argument.truncate(12);
        }
        it.ioctl(&mut host, command, &mut argument)
    });
}

#[test]
fn structures_are_those_of_the_table() {
    layouts::check!("netbsd",
        "ieee80211req" => layout::Req { i_name, i_type, i_val, i_len, i_data },
        "ieee80211_channel" => layout::Channel { ic_freq, ic_flags },
        "ieee80211req_key" => layout::Key {
            ik_type, ik_pad, ik_keyix, ik_keylen, ik_flags, ik_macaddr, ik_keyrsc, ik_keytsc,
            ik_keydata
        },
        "ieee80211req_del_key" => layout::DelKey { idk_keyix, idk_macaddr },
        "ieee80211req_mlme" => layout::Mlme {
            im_op, im_ssid_len, im_reason, im_macaddr, im_ssid
        },
        "ieee80211req_scan_result" => layout::ScanResult {
            isr_len, isr_freq, isr_flags, isr_noise, isr_rssi, isr_intval, isr_capinfo, isr_erp,
            isr_bssid, isr_nrates, isr_rates, isr_ssid_len, isr_ie_len, isr_pad
        },
        "ieee80211req_sta_info" => layout::StaInfo {
            isi_len, isi_freq, isi_flags, isi_state, isi_authmode, isi_rssi, isi_capinfo, isi_erp,
            isi_macaddr, isi_nrates, isi_rates, isi_txrate, isi_ie_len, isi_associd, isi_txpower,
            isi_vlan, isi_txseqs, isi_rxseqs, isi_inact
        },
        "ieee80211req_sta_txpow" => layout::StaTxPower { it_macaddr, it_txpow },
        "ieee80211_nwid" => layout::NwId { i_len, i_nwid },
        "ieee80211_nwkey" => layout::NwKey { i_name, i_wepon, i_defkid, i_key },
        "ieee80211_power" => layout::Power { i_name, i_enabled, i_maxsleep },
        "ieee80211_auth" => layout::Auth { i_name, i_authtype },
        "ieee80211chanreq" => layout::ChanReq { i_name, i_channel },
        "ieee80211_bssid" => layout::Bssid { i_name, i_bssid },
        "ieee80211_join_event" => layout::JoinEvent { iev_addr },
    );
    for (name, field, offset, len) in [
        ("ieee80211req_chaninfo", "ic_nchans", 0, 4),
        ("ieee80211req_chaninfo", "ic_chans[1].ic_freq", 8, 2),
        ("ieee80211req_chanlist", "ic_channels", 0, 32),
        ("ieee80211_nwkey", "i_key[0].i_keylen", 24, 4),
        ("ieee80211_nwkey", "i_key[0].i_keydat", 32, 8),
        ("ieee80211req_sta_stats", "is_stats", layout::STA_HEAD, layout::NODE_STATS_LEN),
        ("ieee80211req_wpaie", "wpa_ie", 6, layout::WPA_IE_LEN),
        ("ifreq", "ifr_ifru.ifru_data", 16, 8),
        ("ifreq", "ifr_ifru.ifru_b.b_buflen", 16, 4),
        ("ifreq", "ifr_ifru.ifru_b.b_buf", 24, 8),
    ] {
        layouts::check_field("netbsd", name, field, offset, len);
    }
    assert_eq!(core::mem::offset_of!(layout::IfReq, ifr_buf), 24);
    assert_eq!(layouts::size("netbsd", "ifreq"), layout::IFREQ_LEN);
    assert_eq!(layouts::size("netbsd", "ieee80211_stats"), layout::STATS_LEN);
    assert_eq!(layouts::size("netbsd", "ieee80211_nodestats"), layout::NODE_STATS_LEN);
}

proptest! {
    #[test]
    fn no_request_panics(
        steps in prop::collection::vec((0u8..20, 0u16..80, any::<i16>(),
            prop_oneof![Just(6u16), Just(7), Just(32), Just(42), Just(64), any::<u16>()],
            prop::collection::vec(any::<u8>(), 0..200), 0u8..12), 1..20),
    ) {
        let others = [ioc::SET_NWID, ioc::GET_NWID, ioc::SET_NWKEY, ioc::GET_NWKEY, ioc::SET_POWER,
            ioc::GET_POWER, ioc::SET_AUTH, ioc::GET_AUTH, ioc::SET_CHANNEL, ioc::GET_CHANNEL,
            ioc::SET_BSSID, ioc::GET_BSSID, ioc::GET_STATS, ioc::TAKE_STATS];
        let mut host = Mock::joined();
        let mut it = up(&mut host);
        for (kind, number, val, len, data, other) in steps {
            match other {
                0 => { let _ = it.up(&mut host); }
                1 => { let _ = it.down(&mut host); }
                2 => { let _ = it.set_media(&mut host, i32::from(val)); }
                3 => { let _ = it.media_status(&mut host); }
                4 => host.joined = None,
                5 => host.refusal = Some(crate::control::Failure::Busy),
                _ => host.refusal = None,
            }
            match others.get(usize::from(kind)) {
                Some(command) => {
                    let _ = it.ioctl(&mut host, *command, &mut data.clone());
                }
                None => {
                    let command = if kind % 2 == 0 { ioc::SET } else { ioc::GET };
                    let _ = ask(&mut it, &mut host, command, (number, val, len), &data);
                }
            }
        }
    }
}
