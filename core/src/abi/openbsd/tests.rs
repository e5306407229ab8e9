// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What ifconfig sends, the layouts, the table of errnos, and what must never panic.

use std::{string::ToString, vec, vec::Vec};

use proptest::prelude::*;
use zerocopy::IntoBytes;

use super::{layout::*, request::*, *};
use crate::{
    abi::{
        layouts,
        mock::{AP, BASE, Mock, OWN},
    },
    control::{Effort, JoinInfo},
    sme::JoinBody,
    types::{Channel, Instant, Tuning},
};

const PSK: [u8; 32] = [7; 32];
const LOOK: JoinInfo = JoinInfo {
    bssid: None,
    pairwise: None,
    has_psk: false,
    is_list: true,
    channel: None,
    effort: Effort::Forever,
};

fn made(host: &mut Mock) -> OpenBsd {
    let mut it = OpenBsd::EMPTY;
    it.create(host, &[]).unwrap();
    it
}

fn up(host: &mut Mock) -> OpenBsd {
    let mut it = made(host);
    it.up(host).unwrap();
    host.asked.clear();
    it
}

/// Makes a request; the answer is what the structure holds afterwards.
fn ask<T: IntoBytes + FromBytes + Immutable + Copy>(
    it: &mut OpenBsd,
    host: &mut Mock,
    command: u64,
    mut value: T,
) -> Result<T, Errno> {
    it.ioctl(host, command, value.as_mut_bytes()).map(|()| value)
}

/// The same with what an `ifreq` points at.
fn ask_at<T: IntoBytes + FromBytes + Immutable>(
    it: &mut OpenBsd,
    host: &mut Mock,
    command: u64,
    value: &T,
) -> Result<T, Errno> {
    let ifr_data = host.poke(64, value.as_bytes());
    ask(it, host, command, IfReq { ifr_data, ..IfReq::default() })?;
    Ok(T::read_from_prefix(&host.memory[64..]).unwrap().0)
}

fn nwid(text: &[u8]) -> Nwid {
    let (i_len, i_nwid) = name_bytes(&Ssid::new(text).unwrap());
    Nwid { i_len, i_nwid }
}

fn join(text: &[u8], i_flags: u32) -> Join {
    let Nwid { i_len, i_nwid } = nwid(text);
    Join { i_len, i_nwid, i_flags, ..Join::default() }
}

/// `wpakey`, as ifconfig sends it: the key, what there is of parameters, and WPA switched on.
fn wpakey(it: &mut OpenBsd, host: &mut Mock) {
    let psk = WpaPsk { i_enabled: 1, i_psk: PSK, ..WpaPsk::default() };
    ask(it, host, SIOCS80211WPAPSK, psk).unwrap();
    let wpa = ask(it, host, SIOCG80211WPAPARMS, WpaParams::default()).unwrap();
    ask(it, host, SIOCS80211WPAPARMS, WpaParams { i_enabled: 1, ..wpa }).unwrap();
}

/// The networks of the last join.
fn wanted(host: &Mock) -> (JoinInfo, Vec<u8>, bool) {
    let (ControlRequest::Join(info), body) = host.last() else { panic!("{:?}", host.last()) };
    let body = JoinBody::parse(body, &info).unwrap();
    let heard = Mock::with_network().results[0].0.bss;
    let key = body.find(&heard).flatten().copied();
    assert!(key.is_none_or(|key| key == PSK));
    (info, body.names.to_vec(), key.is_some())
}

#[test]
fn structures_are_as_the_headers_have_them() {
    layouts::check!("openbsd",
        "ieee80211_nwid" => Nwid { i_len, i_nwid },
        "ieee80211_nwkey" => Nwkey { i_name, i_wepon, i_defkid, i_key },
        "ieee80211_power" => Power { i_name, i_enabled, i_maxsleep },
        "ieee80211chanreq" => ChanReq { i_name, i_channel },
        "ieee80211_chaninfo" => ChanInfo { ic_freq, ic_flags },
        "ieee80211_chanreq_all" => ChanReqAll { i_name, i_chans },
        "ieee80211_bssid" => Bssid { i_name, i_bssid },
        "ieee80211_txpower" => TxPower { i_name, i_mode, i_val },
        "ieee80211_wpapsk" => WpaPsk { i_name, i_enabled, i_psk },
        "ieee80211_wpaparams" => WpaParams {
            i_name, i_enabled, i_protos, i_akms, i_ciphers, i_groupcipher,
        },
        "ieee80211_join" => Join { i_len, i_nwid, i_flags, i_wpaparams, i_wpapsk, i_nwkey },
        "ieee80211_joinreq_all" => JoinReqAll { ja_ifname, ja_nodes, ja_size, ja_node },
        "ieee80211_nodereq" => NodeReq {
            nr_ifname, nr_macaddr, nr_bssid, nr_nwid_len, nr_nwid, nr_channel, nr_chan_flags,
            nr_nrates, nr_rates, nr_rssi, nr_max_rssi, nr_tstamp, nr_intval, nr_capinfo, nr_erp,
            nr_pwrsave, nr_associd, nr_txseq, nr_rxseq, nr_fails, nr_inact, nr_txrate, nr_state,
            nr_rsnprotos, nr_rsnciphers, nr_rsnakms, nr_flags, nr_htcaps, nr_rxmcs, nr_max_rxrate,
            nr_tx_mcs_set, nr_txmcs, nr_vht_ss, nr_assoc_fail,
        },
        "ieee80211_nodereq_all" => NodeReqAll { na_ifname, na_nodes, na_size, na_node, na_flags },
    );
    // The kernel's alone, in net/if.h.
    assert_eq!((size_of::<IfReq>(), size_of::<Info>()), (32, 52));
    assert_eq!(core::mem::offset_of!(Info, ifie_addr), 44);
}

#[test]
fn the_length_of_each_argument_is_in_its_request() {
    for (command, size) in [
        (SIOCS80211NWID, size_of::<IfReq>()),
        (SIOCG80211NWKEY, size_of::<Nwkey>()),
        (SIOCS80211POWER, size_of::<Power>()),
        (SIOCG80211CHANNEL, size_of::<ChanReq>()),
        (SIOCG80211ALLCHANS, size_of::<ChanReqAll>()),
        (SIOCS80211BSSID, size_of::<Bssid>()),
        (SIOCS80211TXPOWER, size_of::<TxPower>()),
        (SIOCS80211WPAPSK, size_of::<WpaPsk>()),
        (SIOCG80211WPAPARMS, size_of::<WpaParams>()),
        (SIOCG80211NODE, size_of::<NodeReq>()),
        (SIOCG80211ALLNODES, size_of::<NodeReqAll>()),
        (SIOCG80211JOINALL, size_of::<JoinReqAll>()),
        (SIOCS80211FLAGS, size_of::<IfReqFlags>()),
    ] {
        assert_eq!(usize::try_from(command >> 16 & 0x1fff), Ok(size), "{command:#x}");
    }
}

#[test]
fn nwid_wpakey_up() {
    let mut host = Mock::with_network();
    let mut it = made(&mut host);
    assert_eq!(it.address(), OWN);
    ask_at(&mut it, &mut host, SIOCS80211NWID, &nwid(b"tern")).unwrap();
    wpakey(&mut it, &mut host);
    assert!(host.asked.is_empty(), "it is down");
    it.up(&mut host).unwrap();
    assert_eq!(host.asked[0].0, ControlRequest::Up(Mode::Station, OWN));
    assert_eq!(wanted(&host), (LOOK, b"\x04tern".to_vec(), true));
    // Another name forgets the key.
    ask_at(&mut it, &mut host, SIOCS80211NWID, &nwid(b"cafe")).unwrap();
    assert_eq!(wanted(&host), (LOOK, b"\x04cafe".to_vec(), false));
    let [.., (leave, _), _] = &host.asked[..] else { panic!() };
    assert_eq!(*leave, ControlRequest::Leave);
    it.down(&mut host).unwrap();
    assert_eq!(host.last().0, ControlRequest::Down);
}

#[test]
fn without_a_network_it_looks_around() {
    let mut host = Mock::with_network();
    let mut it = made(&mut host);
    it.up(&mut host).unwrap();
    assert_eq!(wanted(&host), (LOOK, vec![0], false));
    // 802.1X is not ours: such a network is not joined, least of all without encryption.
    ask_at(&mut it, &mut host, SIOCS80211NWID, &nwid(b"tern")).unwrap();
    let wpa = WpaParams { i_enabled: 1, i_akms: 2, ..WpaParams::default() };
    ask(&mut it, &mut host, SIOCS80211WPAPARMS, wpa).unwrap();
    assert_eq!(wanted(&host), (LOOK, vec![0], false));
}

#[test]
fn a_monitor_is_tuned() {
    let mut host = Mock::new();
    let mut it = made(&mut host);
    assert_eq!([0, 1, 2].map(|index| it.media(&host, index)), [0x400, 0x10_0400, 0]);
    it.set_media(&mut host, 0x10_0400).unwrap();
    let to_6 = ChanReq { i_channel: 6, ..ChanReq::default() };
    ask(&mut it, &mut host, SIOCS80211CHANNEL, to_6).unwrap();
    it.up(&mut host).unwrap();
    let tune = |number| ControlRequest::SetChannel(Tuning::narrow(Channel::ghz2(number).unwrap()));
    let asked: Vec<ControlRequest> = host.asked.iter().map(|(request, _)| *request).collect();
    assert_eq!(asked, [ControlRequest::Up(Mode::Monitor, OWN), tune(6)]);
    let to_11 = ChanReq { i_channel: 11, ..to_6 };
    ask(&mut it, &mut host, SIOCS80211CHANNEL, to_11).unwrap();
    assert_eq!(host.last().0, tune(11));
    host.tuning = Channel::ghz2(11).map(Tuning::narrow);
    assert_eq!(ask(&mut it, &mut host, SIOCG80211CHANNEL, to_6).unwrap().i_channel, 11);
    assert_eq!(it.media_status(&mut host), (0x10_0400, 3));
    // Back to a station, which is up as before.
    it.set_media(&mut host, 0x400).unwrap();
    assert_eq!(wanted(&host).0, JoinInfo { channel: Channel::ghz2(11), ..LOOK });
    assert_eq!(it.set_media(&mut host, 0x402), Err(Errno::NxIo));
}

#[test]
fn ifconfig_shows_the_network_and_no_key() {
    let mut host = Mock::joined();
    let mut it = up(&mut host);
    ask_at(&mut it, &mut host, SIOCS80211NWID, &nwid(b"tern")).unwrap();
    wpakey(&mut it, &mut host);
    let shown = ask_at(&mut it, &mut host, SIOCG80211NWID, &nwid(b"")).unwrap();
    assert_eq!(shown.as_bytes(), nwid(b"tern").as_bytes());
    let psk = WpaPsk { i_psk: [1; 32], ..WpaPsk::default() };
    let psk = ask(&mut it, &mut host, SIOCG80211WPAPSK, psk).unwrap();
    assert_eq!((psk.i_enabled, psk.i_psk), (2, [0; 32]));
    let wpa = ask(&mut it, &mut host, SIOCG80211WPAPARMS, WpaParams::default()).unwrap();
    let WpaParams { i_enabled, i_protos, i_akms, i_ciphers, i_groupcipher, .. } = wpa;
    assert_eq!((i_enabled, i_protos, i_akms, i_ciphers, i_groupcipher), (1, 2, 1, 8, 8));
    let channel = ask(&mut it, &mut host, SIOCG80211CHANNEL, ChanReq::default()).unwrap();
    assert_eq!(channel.i_channel, 6);
    let bssid = ask(&mut it, &mut host, SIOCG80211BSSID, Bssid::default()).unwrap();
    assert_eq!(bssid.i_bssid, AP.0);
    let node = NodeReq {
        nr_macaddr: AP.0,
        nr_ifname: *b"tern0\0\0\0\0\0\0\0\0\0\0\0",
        ..NodeReq::default()
    };
    let node = ask(&mut it, &mut host, SIOCG80211NODE, node).unwrap();
    assert_eq!((node.nr_rssi, node.nr_max_rssi, node.nr_flags), (-50, 0, 3));
    assert_eq!((node.nr_associd, node.nr_state, &node.nr_ifname[..5]), (0xc001, 1, &b"tern0"[..]));
    assert_eq!(
        ask_at(&mut it, &mut host, SIOCG80211JOIN, &Join::default()).err(),
        Some(Errno::NoEnt)
    );
    let power = ask(&mut it, &mut host, SIOCG80211POWER, Power::default()).unwrap();
    assert_eq!((power.i_enabled, power.i_maxsleep), (0, 100));
    assert_eq!(it.media_status(&mut host), (0x400 | 26, 3));
}

#[test]
fn scan_shows_every_network_that_fits() {
    let mut host = Mock::with_network();
    let mut it = up(&mut host);
    ask(&mut it, &mut host, SIOCS80211SCAN, IfReq::default()).unwrap();
    let second = {
        let mut second = host.results[0].clone();
        second.0.bss.bssid = OWN;
        second
    };
    host.results.push(second);
    let size = u64::try_from(size_of::<NodeReq>()).unwrap();
    let all = NodeReqAll { na_size: 2 * size - 1, na_node: BASE + 256, ..NodeReqAll::default() };
    let shown = ask(&mut it, &mut host, SIOCG80211ALLNODES, all).unwrap();
    assert_eq!(shown.na_nodes, 1);
    assert_eq!(host.last().0, ControlRequest::Scan);
    let node = NodeReq::read_from_prefix(&host.memory[256..]).unwrap().0;
    assert_eq!((node.nr_bssid, node.nr_channel, node.nr_nwid_len), (AP.0, 6, 4));
    assert_eq!((node.nr_nrates, &node.nr_rates[..4]), (4, &[0x82, 0x84, 12, 18][..]));
    assert_eq!((node.nr_capinfo, node.nr_intval), (0x0411, 100));
    assert_eq!((node.nr_rsnprotos, node.nr_rsnciphers, node.nr_rsnakms), (2, 8, 1));
    assert_eq!((node.nr_flags, node.nr_state), (1, 0));
    let all = NodeReqAll { na_size: 512 * size, ..all };
    assert_eq!(ask(&mut it, &mut host, SIOCG80211ALLNODES, all).unwrap().na_nodes, 2);
    host.asked.clear();
    host.is_privileged = false;
    assert_eq!(ask(&mut it, &mut host, SIOCG80211ALLNODES, all).unwrap().na_nodes, 2);
    assert!(host.asked.is_empty());
    let nowhere = NodeReqAll { na_node: 8, ..all };
    assert_eq!(ask(&mut it, &mut host, SIOCG80211ALLNODES, nowhere).err(), Some(Errno::Fault));
}

#[test]
fn the_join_list_is_kept_and_joined_from() {
    let mut host = Mock::with_network();
    let mut it = up(&mut host);
    let mut secret = join(b"tern", 0x30);
    secret.i_wpaparams.i_enabled = 1;
    (secret.i_wpapsk.i_enabled, secret.i_wpapsk.i_psk) = (1, PSK);
    ask_at(&mut it, &mut host, SIOCS80211JOIN, &secret).unwrap();
    assert_eq!(wanted(&host), (LOOK, b"\x04tern".to_vec(), true));
    ask_at(&mut it, &mut host, SIOCS80211JOIN, &join(b"", 0x80)).unwrap();
    assert_eq!(wanted(&host), (LOOK, b"\x04tern\x00".to_vec(), true));

    let size = u64::try_from(size_of::<Join>()).unwrap();
    let all = JoinReqAll { ja_size: 100 * size, ja_node: BASE + 512, ..JoinReqAll::default() };
    assert_eq!(ask(&mut it, &mut host, SIOCG80211JOINALL, all).unwrap().ja_nodes, 2);
    let shown = Join::read_from_prefix(&host.memory[512..]).unwrap().0;
    assert_eq!((shown.i_len, shown.i_flags, shown.i_wpapsk.i_psk), (4, 0x30, [0; 32]));
    assert_eq!((shown.i_wpaparams.i_protos, shown.i_wpaparams.i_ciphers), (2, 8));
    let short = JoinReqAll { ja_size: 2 * size, ..all };
    assert_eq!(ask(&mut it, &mut host, SIOCG80211JOINALL, short).err(), Some(Errno::TooBig));

    host.joined = Some(Joined { bssid: AP, aid: 1, since: Instant(0) });
    let found = ask_at(&mut it, &mut host, SIOCG80211JOIN, &Join::default()).unwrap();
    assert_eq!((found.i_len, found.i_flags), (4, 2));
    let psk = ask(&mut it, &mut host, SIOCG80211WPAPSK, WpaPsk::default()).unwrap();
    assert_eq!(psk.i_enabled, 2);
    host.joined = None;

    // `nwid` is the one network then, with the key that the list has for it.
    ask_at(&mut it, &mut host, SIOCS80211NWID, &nwid(b"tern")).unwrap();
    assert_eq!(wanted(&host), (LOOK, b"\x04tern".to_vec(), true));
    ask_at(&mut it, &mut host, SIOCS80211NWID, &nwid(b"")).unwrap();
    assert_eq!(wanted(&host), (LOOK, b"\x04tern\x00".to_vec(), true));
    ask_at(&mut it, &mut host, SIOCS80211JOIN, &join(b"tern", 4)).unwrap();
    assert_eq!(wanted(&host), (LOOK, vec![0], false));
    ask_at(&mut it, &mut host, SIOCS80211JOIN, &join(b"", 0x104)).unwrap();
    assert_eq!(ask(&mut it, &mut host, SIOCG80211JOINALL, all).unwrap().ja_nodes, 0);
    for number in 0..LIST_MAX {
        ask_at(&mut it, &mut host, SIOCS80211JOIN, &join(number.to_string().as_bytes(), 0))
            .unwrap();
    }
    let full = ask_at(&mut it, &mut host, SIOCS80211JOIN, &join(b"more", 0));
    assert_eq!(full.err(), Some(Errno::NoSpc));
}

#[test]
fn channels_are_told_by_number() {
    let mut host = Mock::new();
    let mut it = made(&mut host);
    let all = ChanReqAll { i_chans: BASE, ..ChanReqAll::default() };
    ask(&mut it, &mut host, SIOCG80211ALLCHANS, all).unwrap();
    let at = |number: usize| ChanInfo::read_from_prefix(&host.memory[4 * number..]).unwrap().0;
    assert_eq!((at(0).ic_freq, at(1).ic_freq, at(1).ic_flags), (0, 2412, 0x80));
    assert_eq!((at(12).ic_freq, at(12).ic_flags, at(14).ic_freq), (2467, 0x280, 0));
}

#[test]
fn counters_have_their_places() {
    let mut host = Mock::new();
    let mut it = made(&mut host);
    let stats = ask_at(&mut it, &mut host, SIOCG80211STATS, &[0_u32; COUNTERS]).unwrap();
    assert_eq!((stats[3], stats.iter().sum::<u32>()), (7, 7));
}

#[test]
fn the_routing_message_says_which_network() {
    let found = Mock::with_network().results[0].0;
    let mut told = Vec::new();
    let mut tell = |kind, bytes: &[u8]| told.push((kind, bytes.to_vec()));
    OpenBsd::events(&Notice::Network(&found.bss), &mut tell);
    OpenBsd::events(&Notice::BeaconLost, &mut tell);
    let [(RTM_80211INFO, bytes)] = &told[..] else { panic!("{told:?}") };
    let info = Info::read_from_bytes(bytes).unwrap();
    assert_eq!((info.ifie_channel, info.ifie_nwid_len, info.ifie_addr), (6, 4, AP.0));
    assert_eq!(&info.ifie_nwid[..5], b"tern\0");
    assert_eq!(info.ifie_flags, 1 << 21 | 1 << 22 | 1 << 17);
}

#[test]
fn a_radio_that_fails_leaves_the_interface_down() {
    let mut host = Mock::new();
    host.refusal = Some(Failure::Timeout);
    let mut it = made(&mut host);
    assert_eq!(it.up(&mut host), Err(Errno::TimedOut));
    assert_eq!(it.set_address(AP), Ok(()));
    host.refusal = None;
    it.up(&mut host).unwrap();
    assert_eq!(it.set_address(OWN), Err(Errno::Busy));
}

/// `errnos.tsv`: circumstances of a request, and what it answers.
#[test]
fn every_malformed_request_gets_the_errno_of_this_system() {
    let errnos = [
        ("ok", Ok(())),
        ("EPERM", Err(Errno::Perm)),
        ("ENOENT", Err(Errno::NoEnt)),
        ("E2BIG", Err(Errno::TooBig)),
        ("EFAULT", Err(Errno::Fault)),
        ("ENODEV", Err(Errno::NoDev)),
        ("EINVAL", Err(Errno::Inval)),
        ("ENOTTY", Err(Errno::NoTty)),
        ("ENOSPC", Err(Errno::NoSpc)),
        ("EOPNOTSUPP", Err(Errno::OpNotSupp)),
        ("ENETDOWN", Err(Errno::NetDown)),
    ];
    let rows = include_str!("errnos.tsv").lines().filter(|row| !row.starts_with('#'));
    let mut count = 0;
    for row in rows {
        let [command, name, circumstances, bytes, expected, _why] =
            row.split('\t').collect::<Vec<_>>()[..]
        else {
            panic!("six columns: {row}");
        };
        let command = u64::from_str_radix(command, 16).unwrap();
        let has = |what: &str| circumstances.split(' ').any(|it| it == what);
        let mut host = if has("joined") { Mock::joined() } else { Mock::with_network() };
        let mut it = if has("down") { made(&mut host) } else { up(&mut host) };
        if has("monitor") {
            it.set_media(&mut host, 0x10_0400).unwrap();
        }
        host.is_privileged = !has("user");
        let mut data = vec![0; usize::try_from(command >> 16 & 0x1fff).unwrap()];
        let pointed = has("at").then(|| host.poke(0, &[0; 512]));
        // Words of `bytes`: an offset, and what is there, in hexadecimal.
        for word in bytes.split(' ').filter(|word| !word.is_empty()) {
            let (at, hex) = word.split_once('=').unwrap();
            let at: usize = at.parse().unwrap();
            let value: Vec<u8> = (0..hex.len() / 2)
                .map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap())
                .collect();
            if pointed.is_some() {
                host.poke(at, &value);
            } else {
                data[at..at + value.len()].copy_from_slice(&value);
            }
        }
        if let Some(pointed) = pointed {
            data[16..24].copy_from_slice(&pointed.to_le_bytes());
        }
        if has("short") {
            data.truncate(data.len() - 1);
        }
        let answer = it.ioctl(&mut host, command, &mut data);
        let expected = errnos.iter().find(|(known, _)| *known == expected).expect(row).1;
        assert_eq!(answer, expected, "{name} {circumstances} {bytes}");
        count += 1;
    }
    assert!(count > 60, "{count} rows");
}

/// `ioctls.tsv` lists what there is, and each is either done or says why not.
#[test]
fn every_request_is_in_the_list() {
    let rows: Vec<Vec<&str>> = include_str!("ioctls.tsv")
        .lines()
        .filter(|row| !row.starts_with('#'))
        .map(|row| row.split('\t').collect())
        .collect();
    for row in &rows {
        let [command, name, state, why] = row[..] else { panic!("four columns: {row:?}") };
        assert!(state == "done" || state == "not" && !why.is_empty(), "{name}");
        let command = u64::from_str_radix(command, 16).unwrap();
        let mut host = Mock::joined();
        let mut data = vec![0; 256];
        if !name.ends_with("FLAGS") {
            data[16..24].copy_from_slice(&BASE.to_le_bytes());
        }
        let answer = up(&mut host).ioctl(&mut host, command, &mut data);
        assert_ne!(answer, Err(Errno::NoTty), "{name}");
        assert_eq!(
            state == "not",
            matches!(answer, Err(Errno::OpNotSupp | Errno::NoDev)),
            "{name}"
        );
    }
    assert_eq!(rows.len(), 30);
}

proptest! {
    #[test]
    fn no_request_panics(
        requests in prop::collection::vec(
            (any::<u8>(), any::<bool>(), prop::collection::vec(any::<u8>(), 0..256)), 0..20),
        memory in prop::collection::vec(any::<u8>(), 512),
    ) {
        let mut host = Mock::joined();
        host.poke(0, &memory);
        let mut it = up(&mut host);
        for (number, is_near, mut data) in requests {
            let commands = include_str!("ioctls.tsv").lines().filter(|row| !row.starts_with('#'));
            let commands: Vec<&str> = commands.collect();
            let row = commands[usize::from(number) % commands.len()];
            let command = u64::from_str_radix(row.split('\t').next().unwrap(), 16).unwrap();
            if is_near && data.len() > 40 {
                data[16..24].copy_from_slice(&(BASE + 8).to_le_bytes());
                data[32..40].copy_from_slice(&(BASE + 8).to_le_bytes());
            }
            let _ = it.ioctl(&mut host, command, &mut data);
            let _ = it.set_media(&mut host, i32::from(number) << 16 | 0x400);
        }
    }
}
