// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The RTL8192C backend against the register model of its chips (ring 4).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests may panic"
)]

mod stick;

use stick::{Access, CHANNEL_MAX, OWN, PEER, Stick, firmware};
use tern_chips::Any;
use tern_core::{
    chip::{Chip, ChipError, ChipKey, Edca, FirmwareError, Link, PeerInfo},
    control::RxFilter,
    io::{Framing, RxCarry, RxItem, TxFlags, TxInfo, TxQueue},
    os::{OsError, Sleepable},
    types::{Channel, Cipher, Instant, LegacyRates, Mode, Rate, Tuning, Width},
};
use tern_sim::{
    air::{OnAir, Rate as AirRate},
    chip::{Injection, Model, UsbChip},
};

const MODELS: [Model; 2] = [Model::Rtl8188cus, Model::Rtl8192cu];

fn tuning(number: u8) -> Tuning {
    Tuning::narrow(Channel::ghz2(number).unwrap())
}

fn link(aid: u16) -> Link {
    Link {
        bssid: Some(PEER),
        aid,
        basic_rates: LegacyRates::CCK | LegacyRates::OFDM,
        short_slot: true,
        ..Link::none(Mode::Station)
    }
}

fn pairwise(bytes: &[u8]) -> ChipKey<'_> {
    ChipKey { slot: 4, addr: PEER, is_group: false, index: 0, cipher: Cipher::Ccmp, bytes }
}

/// All that a station does with a chip, from nothing to the end.
fn whole_life(stick: &mut Stick) -> Result<(), ChipError> {
    let cx = &mut Sleepable::enter_from_shim();
    let chip = &mut stick.chip;
    let identity = chip.identify(cx)?;
    chip.start(cx, &firmware(), identity.mac)?;
    chip.set_rx_filter(cx, RxFilter::OTHER_BEACONS)?;
    chip.set_scanning(cx, true)?;
    for number in [1, 6, 11] {
        chip.set_channel(cx, tuning(number))?;
    }
    chip.set_scanning(cx, false)?;
    chip.set_link(cx, &link(0))?;
    chip.set_link(cx, &link(1))?;
    let rates = LegacyRates::CCK | LegacyRates::OFDM;
    let width = Width::Mhz20;
    chip.set_peer(cx, &PeerInfo { mac_id: 0, rates, mcs: 0xff, width, short_gi: true })?;
    chip.set_signal(cx, 0, -40)?;
    let edca = Edca { aifsn: 3, ecw_min: 4, ecw_max: 10, txop: 0 };
    chip.set_edca(cx, TxQueue::BestEffort, edca)?;
    chip.set_key(cx, &pairwise(&[7; 16]))?;
    chip.set_led(cx, true)?;
    chip.set_tx_power(cx, Some(15))?;
    chip.tick(cx, Instant(0))?;
    chip.tick(cx, Instant(2_000_000))?;
    chip.clear_key(cx, 4)?;
    chip.set_link(cx, &Link::none(Mode::Station))?;
    chip.stop(cx)
}

#[test]
fn identify_tells_what_it_is_and_leaves_it_off() {
    for (model, name, chains) in
        [(Model::Rtl8188cus, "RTL8188CUS", (1, 1)), (Model::Rtl8192cu, "RTL8192CU", (2, 2))]
    {
        let mut stick = Stick::new(model, &[]);
        let identity = stick.chip.identify(&mut Sleepable::enter_from_shim()).unwrap();
        assert_eq!((identity.name, identity.mac), (name, OWN));
        assert_eq!((identity.tx_chains, identity.rx_chains), chains);
        assert_eq!(identity.firmware, c"rtlwifi/rtl8192cufw_TMSC.bin");
        assert!(stick.is_off());
        stick.is_faultless();
    }
}

#[test]
fn a_whole_life_is_without_fault() {
    for model in MODELS {
        let mut stick = Stick::new(model, &[]);
        whole_life(&mut stick).unwrap();
        stick.is_faultless();
        assert!(stick.is_off());
        // Where power went off, registers hold something else than where none ever was.
        let lives = [(); 2].map(|()| {
            stick.take_writes();
            whole_life(&mut stick).unwrap();
            stick.take_writes()
        });
        stick.is_faultless();
        let [second, third] = lives;
        assert!(second == third, "{model}: one life is like the other");
    }
}

#[test]
fn start_downloads_the_firmware_and_the_tables_as_they_are() {
    // Checksums of the published tables (FNV-1a of address and value of each row), computed from
    // their source and not from this driver's copies.
    const MAC: (usize, u64) = (86, 3656830163513866224);
    const AGC: (usize, u64) = (160, 14683869303872336489);
    for (model, bb, rf_a, rf_b) in [
        (Model::Rtl8188cus, 12535163368423267836, 6485215728670288671, None),
        (Model::Rtl8192cu, 1510114671470671165, 15675811126361396747, Some(3624282736413434604)),
    ] {
        let mut stick = Stick::started(model);
        assert_eq!(stick.with_model(|chip| chip.firmware_image().to_vec()), firmware()[32..]);
        let writes = stick.take_writes();
        let bytes = stick::as_bytes(&writes);
        let first = |addr, rows: &[(u16, u32)]| rows.iter().position(|row| row.0 == addr).unwrap();
        let mac = &bytes[first(0x420, &bytes)..][..MAC.0];
        assert_eq!(stick::checksum(mac), MAC.1, "{model}: MAC");
        let words: Vec<_> = writes.iter().map(|it| (it.addr, it.value)).collect();
        let begin = words.iter().position(|row| *row == (0x024, 0x0011_800d)).unwrap();
        assert_eq!(stick::checksum(&words[begin..][..187]), bb, "{model}: baseband");
        let agc = &words[begin + 187..][..AGC.0];
        assert_eq!(stick::checksum(agc), AGC.1, "{model}: gain");
        let radio = |port, count| -> Vec<_> {
            let rest = words[begin + 187 + AGC.0..].iter().filter(|row| row.0 == port);
            let split = |(_, word): &(u16, u32)| ((word >> 20) as u16, word & 0xf_ffff);
            rest.take(count).map(split).collect()
        };
        assert_eq!(stick::checksum(&radio(0x840, 137)), rf_a, "{model}: radio A");
        if let Some(rf_b) = rf_b {
            assert_eq!(stick::checksum(&radio(0x844, 39)), rf_b, "{model}: radio B");
        }
        assert_eq!(stick.with_model(|chip| chip.lc_calibrations()), 2, "table and calibration");
        stick.is_faultless();
    }
}

#[test]
fn every_channel_arrives() {
    for model in MODELS {
        let mut stick = Stick::started(model);
        let cx = &mut Sleepable::enter_from_shim();
        for number in (1..=CHANNEL_MAX).chain([6]) {
            stick.chip.set_channel(cx, tuning(number)).unwrap();
            let now = stick.with_model(|chip| chip.tuning()).unwrap();
            assert_eq!((now.channel, now.width_mhz), (number, 20));
        }
        for (width, numbers) in [(Width::Mhz40Above, 1..=11), (Width::Mhz40Below, 3..=13)] {
            for number in numbers {
                let channel = Channel::ghz2(number).unwrap();
                stick.chip.set_channel(cx, Tuning { channel, width }).unwrap();
                let now = stick.with_model(|chip| chip.tuning()).unwrap();
                assert_eq!((now.channel, now.width_mhz), (number, 40), "{model} {width:?}");
            }
        }
        stick.chip.set_channel(cx, tuning(13)).unwrap();
        assert_eq!(stick.with_model(|chip| chip.tuning()).unwrap().width_mhz, 20);
        let far = Channel::new(tern_core::types::Band::Ghz5, 36).unwrap();
        let refused = stick.chip.set_channel(cx, Tuning::narrow(far));
        assert_eq!(refused, Err(ChipError::Unsupported));
        stick.is_faultless();
    }
}

#[test]
fn what_a_channel_change_writes() {
    let mut stick = Stick::started(Model::Rtl8188cus);
    let cx = &mut Sleepable::enter_from_shim();
    stick.chip.set_channel(cx, tuning(1)).unwrap();
    stick.take_writes();
    stick.reset_transfers();
    let mut change = |stick: &mut Stick, tuning| {
        stick.chip.set_channel(cx, tuning).unwrap();
        stick.take_writes().iter().map(|it| (it.addr, it.value)).collect::<Vec<_>>()
    };
    assert_eq!(change(&mut stick, tuning(2)), [(0x840, 0x0180_7402)], "of one group");
    assert_eq!(change(&mut stick, tuning(6)), [(0x840, 0x0180_7406)], "of like power");
    let wide = Tuning { width: Width::Mhz40Above, ..tuning(6) };
    let expect = [
        (0x603, 0x00),
        (0x440, 0x0020_015d),
        (0x800, 0x8304_0001),
        (0x900, 0x0000_0001),
        (0xd00, 0x0008_0740),
        (0x884, 0x0000_00d5),
        (0x818, 0x0a20_0385),
        (0x840, 0x0180_7008),
    ];
    let expect: Vec<_> = expect.into_iter().filter(|row| row.0 != 0xd00).collect();
    assert_eq!(change(&mut stick, wide), expect, "HT40 power is the same here");
    assert_eq!(stick.transfers(), 1 + 1 + 7, "nothing is read");
}

#[test]
fn what_a_scan_writes() {
    let mut stick = Stick::started(Model::Rtl8188cus);
    let cx = &mut Sleepable::enter_from_shim();
    stick.take_writes();
    stick.reset_transfers();
    stick.chip.set_rx_filter(cx, RxFilter::OTHER_BEACONS).unwrap();
    stick.chip.set_scanning(cx, true).unwrap();
    for number in 1..=11 {
        stick.chip.set_channel(cx, tuning(number)).unwrap();
    }
    stick.chip.set_scanning(cx, false).unwrap();
    stick.chip.set_rx_filter(cx, RxFilter::empty()).unwrap();
    let mut expect = vec![(0x608, 0xf000_404e), (0x522, 0x40), (0xc50, 0x6954_3420)];
    expect.extend((1..=11).map(|number| (0x840, 0x0180_7400 | number)));
    expect.extend([(0x522, 0x00), (0xc50, 0x6954_3432), (0x608, 0xf000_40ce)]);
    let writes: Vec<_> = stick.take_writes().iter().map(|it| (it.addr, it.value)).collect();
    assert_eq!(writes, expect);
    assert_eq!(stick.transfers(), expect.len(), "nothing is read");
}

#[test]
fn keys_messages_and_network_arrive() {
    let mut stick = Stick::started(Model::Rtl8192cu);
    let cx = &mut Sleepable::enter_from_shim();
    stick.chip.set_link(cx, &link(5)).unwrap();
    stick.chip.set_key(cx, &pairwise(&[7; 16])).unwrap();
    let group = ChipKey { slot: 1, index: 1, is_group: true, ..pairwise(&[8; 16]) };
    stick.chip.set_key(cx, &group).unwrap();
    assert_eq!(stick.with_model(|chip| chip.key_addresses()), [PEER.0]);
    let wrong = ChipKey { slot: 0, ..pairwise(&[7; 16]) };
    assert_eq!(stick.chip.set_key(cx, &wrong), Err(ChipError::Unsupported));
    stick.chip.clear_key(cx, 4).unwrap();
    assert_eq!(stick.with_model(|chip| chip.key_addresses()), [[0; 6]; 0]);
    let rates = LegacyRates::CCK | LegacyRates::OFDM;
    let peer = PeerInfo { mac_id: 2, rates, mcs: 0xffff, width: Width::Mhz20, short_gi: true };
    stick.chip.set_peer(cx, &peer).unwrap();
    for dbm in [-40, -42, -43] {
        stick.chip.set_signal(cx, 0, dbm).unwrap();
    }
    stick.chip.set_link(cx, &Link::none(Mode::Station)).unwrap();
    let commands: Vec<_> =
        stick.with_model(|chip| chip.commands().map(|it| (it.id, it.payload.clone())).collect());
    let config = vec![0xff, 0xff, 0xff, 0x0f, 0xa2];
    let signals = [(5, vec![0, 0, 60]), (5, vec![0, 0, 57])];
    let [first, last] = signals;
    assert_eq!(commands, [(2, vec![1, 0, 0]), (6, config), first, last, (2, vec![0, 0, 0])]);
    stick.is_faultless();
}

#[test]
fn frames_go_out_and_come_in() {
    for model in MODELS {
        let mut stick = Stick::started(model);
        let cx = &mut Sleepable::enter_from_shim();
        stick.chip.set_channel(cx, tuning(6)).unwrap();
        stick.chip.set_rx_filter(cx, RxFilter::OTHER_BEACONS).unwrap();
        let other = stick.with_air(|air| {
            let other = air.join("other");
            air.tune(other, 6, 20);
            other
        });
        let mut probe = vec![0x40, 0, 0, 0];
        probe.extend([0xff; 6].iter().chain(&OWN.0).chain(&[0xff; 6]));
        probe.extend([0, 0, 0, 0, 1, 4, 2, 4, 11, 22]);
        let tx = TxInfo {
            flags: TxFlags::MANAGEMENT | TxFlags::MULTICAST | TxFlags::CHIP_SEQUENCE,
            ..TxInfo::plain(probe.len() as u16, TxQueue::Voice)
        };
        stick.send(tx, &probe);
        let heard = stick.with_air(|air| {
            let at = air.next_event_of(other).unwrap();
            air.receive(at, other).unwrap()
        });
        assert_eq!((heard.bytes.len(), heard.rate), (probe.len(), AirRate::Legacy(2)));
        let mut beacon = vec![0x80, 0, 0, 0];
        beacon.extend([0xff; 6].iter().chain(&PEER.0).chain(&PEER.0).chain(&[0; 14]));
        for (rate, expect) in [(2, Rate::Legacy(2)), (12, Rate::Legacy(12))] {
            let frame = OnAir::new(6, AirRate::Legacy(rate), beacon.clone());
            let now = stick.now();
            stick.with_air(|air| {
                air.set_signal(other, -60);
                air.transmit(now, other, frame, 1)
            });
            let transfer = stick.receive();
            let (mut carry, mut at) = (RxCarry::default(), 0);
            let item = Any::Rtl8192C.next_rx(&mut carry, &transfer, &mut at);
            let Some(RxItem::Frame(frame)) = item else { panic!("{item:?}") };
            assert_eq!((frame.bytes, frame.rate), (&beacon[..], expect));
            let signal = frame.signal_dbm.unwrap();
            assert!((-61..=-59).contains(&signal), "{model} at {expect:?}: {signal} dBm");
            assert_eq!(Any::Rtl8192C.next_rx(&mut carry, &transfer, &mut at), None);
        }
        stick.is_faultless();
    }
}

#[test]
fn every_failure_has_its_name() {
    let wrong = |result: &[u8], error: ChipError, injections: &[Injection]| {
        let mut stick = Stick::new(Model::Rtl8188cus, injections);
        let cx = &mut Sleepable::enter_from_shim();
        assert_eq!(stick.chip.start(cx, result, OWN), Err(error));
        assert!(stick.is_off(), "{error}");
        stick.is_faultless();
        let again = stick.chip.set_channel(cx, tuning(1));
        assert!(again.is_err(), "a chip that is off");
        stick.chip.stop(cx).unwrap();
    };
    let image = firmware();
    let missing = FirmwareError::Missing("rtlwifi/rtl8192cufw_TMSC.bin");
    wrong(&[], missing.into(), &[]);
    wrong(&image[..32], FirmwareError::BadLength(32).into(), &[]);
    wrong(&[0; 64], FirmwareError::BadSignature(0).into(), &[]);
    wrong(&image, FirmwareError::Checksum.into(), &[Injection::FirmwareBadChecksum]);
    wrong(&image, FirmwareError::NotReady.into(), &[Injection::FirmwareNeverReady]);
    let power = ChipError::Timeout("the MAC to power on");
    wrong(&image, power, &[Injection::PowerStuck]);
    let mut stick = Stick::new(Model::Rtl8188cus, &[Injection::EfuseCorrupt]);
    let result = stick.chip.identify(&mut Sleepable::enter_from_shim());
    assert!(matches!(result, Err(ChipError::Unknown(_))), "{result:?}");
}

#[test]
fn firmware_of_an_earlier_boot_is_replaced() {
    let mut stick = Stick::new(Model::Rtl8192cu, &[Injection::FirmwareStale]);
    stick.chip.start(&mut Sleepable::enter_from_shim(), &firmware(), OWN).unwrap();
    stick.is_faultless();
}

#[test]
fn a_deaf_firmware_is_named() {
    let mut stick = Stick::new(Model::Rtl8188cus, &[Injection::MailboxStuck]);
    let cx = &mut Sleepable::enter_from_shim();
    stick.chip.start(cx, &firmware(), OWN).unwrap();
    let rates = LegacyRates::CCK;
    let peer = PeerInfo { mac_id: 0, rates, mcs: 0, width: Width::Mhz20, short_gi: false };
    let results: Vec<_> = (0..5).map(|_| stick.chip.set_peer(cx, &peer)).collect();
    let stuck = Err(ChipError::Timeout("the firmware to empty its mailbox"));
    assert_eq!(results, [Ok(()), Ok(()), Ok(()), Ok(()), stuck]);
}

#[test]
fn a_chip_that_was_left_on_is_switched_off_by_identify() {
    let mut stick = Stick::started(Model::Rtl8188cus);
    stick.forget_driver();
    assert!(!stick.is_off());
    stick.chip.identify(&mut Sleepable::enter_from_shim()).unwrap();
    assert!(stick.is_off());
    stick.chip.start(&mut Sleepable::enter_from_shim(), &firmware(), OWN).unwrap();
    stick.is_faultless();
}

#[test]
fn unplugged_at_every_transfer_every_call_ends() {
    for model in MODELS {
        let mut stick = Stick::new(model, &[]);
        whole_life(&mut stick).unwrap();
        let total = stick.transfers();
        for at in 0..total {
            let mut stick = Stick::new(model, &[]);
            stick.unplug_at(at);
            let result = whole_life(&mut stick);
            assert_eq!(result, Err(ChipError::Os(OsError::Detached)), "{model} at {at}");
            let cx = &mut Sleepable::enter_from_shim();
            assert!(stick.chip.set_channel(cx, tuning(6)).is_err());
            let _ = stick.chip.stop(cx);
            let after = stick.transfers() - at;
            assert!(after < 10, "{model} at {at}: {after} transfers to a device that is gone");
        }
    }
}

#[test]
fn transfers_that_a_user_waits_for() {
    for (model, start_max) in [(Model::Rtl8188cus, 1_350), (Model::Rtl8192cu, 1_500)] {
        let mut stick = Stick::new(model, &[]);
        let cx = &mut Sleepable::enter_from_shim();
        stick.chip.identify(cx).unwrap();
        let identify = stick.transfers();
        stick.chip.start(cx, &firmware(), OWN).unwrap();
        let start = stick.transfers() - identify;
        println!("{model}: identify {identify}, start {start} transfers");
        assert!(identify < 220 && start < start_max, "{model}: {identify}, {start}");
    }
}

#[test]
fn accesses_are_seen() {
    let mut stick = Stick::new(Model::Rtl8188cus, &[]);
    let cx = &mut Sleepable::enter_from_shim();
    stick.chip.identify(cx).unwrap();
    assert_eq!(stick.take_writes()[0], Access { addr: 0x0cf, len: 1, value: 0x69 });
    assert!(stick.with_model(|chip| chip.faults().is_empty()));
}
