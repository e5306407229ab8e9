// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Members of the family and boards that no model stands for: what they have written, and that
//! they come up, tune and go off.

use std::{vec, vec::Vec};

use tern_core::{
    chip::Chip,
    io::TxQueue,
    os::Sleepable,
    types::{Channel, MacAddr, Tuning},
};

use super::{
    Rtl8192C,
    board::{Kind, tests::board},
    endpoint,
};
use crate::{
    Endpoints,
    tests::{Log, RecordingBus},
};

/// A chip that says yes to every question, started; and all that was written.
fn started(kind: Kind, is_umc_a_cut: bool, out: u8) -> (Rtl8192C<RecordingBus>, Log) {
    let (bus, log) = RecordingBus::new();
    log.answer(0x004, 0x0002); // The efuse is loaded, the MAC on.
    log.answer(0x080, 0x0044); // The checksum is right, the firmware runs.
    log.answer(0x1e0, 0x0000); // The table of pages is idle.
    log.answer(0x8b8, 0xf401);
    let board = super::board::Board { kind, is_umc_a_cut, ..board() };
    let mut chip = Rtl8192C::with_board(bus, Endpoints { out }, board);
    let mut firmware = vec![0; 5_000];
    firmware[..2].copy_from_slice(&[0xc1, 0x88]);
    let cx = &mut Sleepable::enter_from_shim();
    chip.start(cx, &firmware, MacAddr([2, 0, 0, 0, 0, 1])).unwrap();
    (chip, log)
}

fn values(log: &Log, addr: u16) -> Vec<u32> {
    let all = log.writes32().into_iter();
    all.filter(|(at, _)| *at == addr).map(|(_, value)| value).collect()
}

#[test]
fn every_member_lives() {
    for (kind, radio_b) in [
        (Kind::Rtl8188Cus, 0),
        (Kind::Rtl8188CeVau, 0),
        (Kind::Rtl8188Ru, 0),
        (Kind::Rtl8191Cu, 39),
        (Kind::Rtl8192Cu, 39),
    ] {
        let (mut chip, log) = started(kind, false, 2);
        // The baseband's table writes to the port of radio B as well, and so does calibration.
        let port_b = values(&log, 0x844).len();
        assert!(if radio_b > 0 { port_b > radio_b } else { port_b == 1 }, "{kind:?}: {port_b}");
        let cx = &mut Sleepable::enter_from_shim();
        log.clear();
        chip.set_channel(cx, Tuning::narrow(Channel::ghz2(6).unwrap())).unwrap();
        assert_eq!(values(&log, 0x840).last(), Some(&0x0180_7406), "{kind:?}");
        chip.stop(cx).unwrap();
        assert_eq!(log.writes32().last(), Some(&(0x01c, 0x0e)), "{kind:?}: locked");
    }
}

#[test]
fn what_members_have_of_their_own() {
    let has = |log: &Log, row| log.writes32().contains(&row);
    let (_, cus) = started(Kind::Rtl8188Cus, false, 2);
    let (_, ru) = started(Kind::Rtl8188Ru, false, 2);
    assert!(has(&ru, (0x824, 0x0039_0204)) && !has(&cus, (0x824, 0x0039_0204)));
    assert!(has(&ru, (0x87c, 0x00ff_c3f1)), "no leak into its amplifier");
    // One transmitter, two receivers.
    let (_, one_of_two) = started(Kind::Rtl8191Cu, false, 2);
    for row in [
        (0x804, 0x0000_0002),
        (0x90c, 0x8122_1322),
        (0xa04, 0x45ff_000c),
        (0xc04, 0x03a0_5623),
        (0xc70, 0x2c7f_001d),
        (0xe74, 0x081b_25a4),
    ] {
        assert!(has(&one_of_two, row), "{row:x?}");
    }
    let (_, first_cut) = started(Kind::Rtl8188Cus, true, 2);
    let gains = [(0x840, 0x01a3_0255), (0x840, 0x01b5_0a00)];
    assert!(gains.iter().all(|row| has(&first_cut, *row) && !has(&cus, *row)));
}

#[test]
fn queues_by_endpoints() {
    for (out, normal, pages, map) in [
        (1, 0, 0x80e7_0011, 0xfff4),
        (2, 8, 0x80e7_0009, 0xfaf4),
        (3, 5, 0x80e7_0507, 0xf5b4),
        (4, 5, 0x80e7_0507, 0xf5b4),
    ] {
        let (_, log) = started(Kind::Rtl8192Cu, false, out);
        assert_eq!(values(&log, 0x214), [normal], "{out} endpoints");
        assert_eq!(values(&log, 0x200), [pages], "{out} endpoints");
        assert_eq!(values(&log, 0x10c), [map], "{out} endpoints");
    }
}

#[test]
fn every_queue_has_its_endpoint() {
    use TxQueue::{Background, BestEffort, Video, Voice};
    let all = |out| [Voice, Video, BestEffort, Background].map(|q| endpoint(q, false, out));
    assert_eq!(all(1), [0, 0, 0, 0]);
    assert_eq!(all(2), [0, 0, 1, 1]);
    assert_eq!(all(3), [0, 1, 2, 2]);
    assert_eq!(all(4), [0, 1, 2, 2]);
    assert_eq!(endpoint(BestEffort, true, 3), 0);
}
