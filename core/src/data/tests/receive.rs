// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Receiving: order, duplicates, keys, fragments, A-MSDU, delivery.

use core::sync::atomic::Ordering;
use std::{thread, vec, vec::Vec};

use super::mock::*;
use crate::{
    control::Port,
    data::{PeerPath, RxDrops},
    io::{RxFlags, RxFrame},
    os::Sleepable,
    types::{Cipher, Instant, MacAddr, Rate},
    wire::{data::ETHERTYPE_EAPOL, header::FrameControl},
};

const CCMP: Option<Cipher> = Some(Cipher::Ccmp);

fn drops(bench: &Bench) -> RxDrops {
    bench.data.counters(&mut cx()).drops
}

/// A frame whose payload is its own sequence number.
fn numbered(sequence: u16, pn: u64) -> Air {
    Air::sealed(sequence, pn, &sequence.to_le_bytes())
}

fn numbers(bench: &Bench) -> Vec<u16> {
    bench
        .payloads()
        .into_iter()
        .map(|bytes| u16::from_le_bytes(bytes.try_into().unwrap()))
        .collect()
}

#[test]
fn software_and_chip_receive_the_same() {
    let air = [
        Air::sealed(1, 1, b"one"),
        Air { tid: None, ..Air::sealed(9, 2, b"no qos") },
        Air::sealed(2, 3, b"all").group(8),
        Air { tid: Some(6), ..Air::sealed(1, 3, b"voice") },
    ];
    let (software, _) = Bench::open(1, CCMP, false);
    software.hear(&air);
    let (chip, _) = Bench::open(1, CCMP, true);
    for frame in &air {
        chip.receive(&frame.decrypted(), RxFlags::DECRYPTED);
    }
    // A chip that holds the key and still hands a frame over as it was.
    let (lazy, _) = Bench::open(1, CCMP, true);
    lazy.hear(&air);
    let delivered = software.os.delivered();
    assert_eq!(delivered[0], [&OWN.0[..], &FAR.0, &[8, 0], b"one"].concat());
    assert_eq!(delivered[2], [&[0xff; 6][..], &FAR.0, &[8, 0], b"all"].concat());
    assert_eq!(delivered.len(), 4);
    assert_eq!((chip.os.delivered(), lazy.os.delivered()), (delivered.clone(), delivered));
}

#[test]
fn a_chip_is_believed_only_about_keys_that_it_has() {
    let (bench, _) = Bench::open(1, CCMP, false);
    bench.receive(&Air::sealed(1, 1, b"lie").decrypted(), RxFlags::DECRYPTED);
    assert!(bench.payloads().is_empty());
    assert_eq!(drops(&bench).bad_mic, 1);
}

#[test]
fn retransmission_is_no_replay_and_a_replay_is_none_the_less() {
    let (bench, id) = Bench::open(1, CCMP, false);
    assert!(bench.data.start_block_ack(&mut cx(), NOW, id, 0, 10, 64));
    bench.hear(&[
        numbered(10, 1),
        numbered(12, 3),
        numbered(13, 4),
        numbered(12, 9).retry(), // a duplicate inside the window, or a forgery: the first counts
        numbered(11, 2).retry(), // late and with a lower number, but no replay
        numbered(13, 4).retry(), // a duplicate before the window
        numbered(14, 4),         // a replay
        numbered(15, 5),
    ]);
    assert_eq!(numbers(&bench), [10, 11, 12, 13, 15]);
    let drops = drops(&bench);
    assert_eq!((drops.duplicate, drops.late, drops.replay), (1, 1, 1));
}

#[test]
fn without_block_ack_duplicates_go_by_the_retry_bit_in_each_traffic() {
    let (bench, _) = Bench::open(1, CCMP, false);
    let voice = Air { tid: Some(6), ..numbered(1, 4) };
    bench.hear(&[
        numbered(1, 1),
        numbered(1, 1).retry(),
        voice.retry(),
        numbered(2, 2).retry(),
        numbered(3, 3),
    ]);
    assert_eq!(numbers(&bench), [1, 1, 2, 3]);
    assert_eq!(drops(&bench).duplicate, 1);
}

#[test]
fn a_gap_holds_frames_up_for_a_while_or_until_the_window_moves() {
    let (bench, id) = Bench::open(1, CCMP, false);
    bench.data.start_block_ack(&mut cx(), NOW, id, 0, 4094, 8);
    assert!(bench.receive(&numbered(4095, 2).bytes(), RxFlags::empty()));
    bench.receive(&numbered(0, 3).bytes(), RxFlags::empty());
    assert_eq!(numbers(&bench), [0; 0]);
    let due = bench.data.flush_reorder(&mut cx(), NOW).unwrap();
    assert_eq!(bench.data.flush_reorder(&mut cx(), due), None);
    bench.data.drain(&mut Sleepable::enter_from_shim(), &bench.os);
    assert_eq!(numbers(&bench), [4095, 0]);
    bench.hear(&[numbered(9, 12), numbered(1, 4), numbered(1000, 13)]);
    assert_eq!(numbers(&bench), [9]);
    // The access point says that what is missing will not come.
    let mut request = vec![0x84, 0, 0, 0];
    request.extend([OWN.0, AP.0].concat());
    request.extend([4, 0]);
    request.extend((1001_u16 << 4).to_le_bytes());
    bench.receive(&request, RxFlags::empty());
    assert_eq!(numbers(&bench), [1000]);
    assert_eq!(drops(&bench).late, 1);
}

#[test]
fn two_receivers_deliver_in_order() {
    for _ in 0..20 {
        let (bench, id) = Bench::open(1, CCMP, true);
        bench.data.start_block_ack(&mut cx(), NOW, id, 0, 0, 64);
        thread::scope(|scope| {
            for first in 0..2 {
                let bench = &bench;
                scope.spawn(move || {
                    for sequence in (first..400).step_by(2) {
                        let frame = numbered(sequence, u64::from(sequence) + 1);
                        bench.receive(&frame.decrypted(), RxFlags::DECRYPTED);
                    }
                });
            }
        });
        bench.data.drain(&mut cx(), &bench.os);
        let numbers = numbers(&bench);
        // Not all: a receiver that falls behind is late, and a drainer that loses its processor
        // lets the bounded list overflow. What comes is in order, and never twice.
        assert!(numbers.is_sorted_by(|a, b| a < b) && !numbers.is_empty(), "{numbers:?}");
    }
}

#[test]
fn what_is_held_comes_out_under_the_old_key() {
    let (bench, id) = Bench::open(1, CCMP, false);
    bench.data.start_block_ack(&mut cx(), NOW, id, 0, 0, 64);
    bench.hear(&[numbered(0, 100), numbered(2, 102)]);
    bench.key(Some(id), 0, &GROUP_KEY, false);
    let mut new = numbered(3, 1);
    new.key = Some((GROUP_KEY, 0, 1));
    bench.hear(&[new, numbered(4, 103)]);
    assert_eq!(numbers(&bench), [0, 2, 3]);
    assert_eq!(drops(&bench).bad_mic, 1);
}

#[test]
fn a_session_that_ends_gives_back_what_it_holds() {
    let (bench, id) = Bench::open(1, CCMP, false);
    bench.data.start_block_ack(&mut cx(), NOW, id, 0, 0, 64);
    bench.hear(&[numbered(5, 1)]);
    bench.data.stop_block_ack(&mut cx(), NOW, id, 0);
    bench.data.drain(&mut cx(), &bench.os);
    assert_eq!(numbers(&bench), [5]);
    bench.hear(&[numbered(9, 2)]);
    assert_eq!(numbers(&bench), [9]);
    // Sessions are bounded, and those of a peer that is gone are free again.
    let start = |tid| bench.data.start_block_ack(&mut cx(), NOW, id, tid, 0, 64);
    assert_eq!((0..16).filter(|tid| start(*tid)).count(), crate::data::BLOCK_ACKS_MAX);
    bench.data.close(&mut cx(), &bench.os, id);
    assert!(!bench.data.start_block_ack(&mut cx(), NOW, id, 0, 0, 64));
    let id = bench.data.open(&mut cx(), path(None)).unwrap();
    assert!(bench.data.start_block_ack(&mut cx(), NOW, id, 0, 0, 64));
}

/// The fragments of an MSDU, with packet numbers from `pn` on.
pub(super) fn fragments(sequence: u16, pn: u64, pieces: &[&[u8]]) -> Vec<Air> {
    let last = pieces.len() - 1;
    let piece = |(number, body): (usize, &&[u8])| {
        let more = if number == last { 0 } else { FrameControl::MORE_FRAGMENTS };
        Air {
            fragment: number as u8,
            flags: FrameControl::FROM_DS | more,
            key: Some((KEY, 0, pn + number as u64)),
            ..Air::plain(sequence, body)
        }
    };
    pieces.iter().enumerate().map(piece).collect()
}

#[test]
fn fragments_are_put_together() {
    for in_chip in [false, true] {
        let (bench, _) = Bench::open(1, CCMP, in_chip);
        let whole = msdu(0x0800, b"a whole packet in three");
        let (first, rest) = whole.split_at(11);
        let (second, third) = rest.split_at(9);
        for frame in fragments(7, 1, &[first, second, third]) {
            match in_chip {
                true => bench.receive(&frame.decrypted(), RxFlags::DECRYPTED),
                false => bench.receive(&frame.bytes(), RxFlags::empty()),
            };
        }
        assert_eq!(bench.payloads(), [b"a whole packet in three"]);
    }
}

#[test]
fn fragments_of_several_packets_may_mix_and_old_ones_are_forgotten() {
    let (bench, _) = Bench::open(1, None, false);
    let parts = |sequence, tid| {
        let whole = msdu(0x0800, &[sequence as u8; 20]);
        let (first, second) = whole.split_at(14);
        fragments(sequence, 1, &[first, second])
            .into_iter()
            .map(move |air| Air { key: None, tid: Some(tid), ..air })
            .collect::<Vec<_>>()
    };
    let all: Vec<_> = [(1, 0), (2, 1), (3, 2), (4, 3)].map(|(s, tid)| parts(s, tid)).into();
    bench.hear(&all.iter().map(|parts| parts[0].clone()).collect::<Vec<_>>());
    // There are three places: the oldest had to go.
    bench.hear(&all.iter().map(|parts| parts[1].clone()).collect::<Vec<_>>());
    assert_eq!(bench.payloads(), [[2; 20], [3; 20], [4; 20]]);
    assert_eq!(drops(&bench).fragment, 1);
    let late = parts(5, 0);
    bench.hear(&late[..1]);
    let due = bench.data.flush_reorder(&mut cx(), NOW).unwrap();
    assert_eq!(bench.data.flush_reorder(&mut cx(), due), None);
    bench.hear(&late[1..]);
    assert!(bench.payloads().is_empty());
    // Nor does the worker have to come in time.
    bench.hear(&late[..1]);
    bench.receive_at(due, &late[1].bytes(), RxFlags::empty());
    assert!(bench.payloads().is_empty());
    assert_eq!(drops(&bench).fragment, 3);
}

#[test]
fn fragments_come_one_after_the_other() {
    let (bench, _) = Bench::open(1, None, false);
    let whole = msdu(0x0800, b"in three");
    let parts = fragments(7, 1, &[&whole[..9], &whole[9..12], &whole[12..]]);
    let plain: Vec<_> = parts.into_iter().map(|air| Air { key: None, ..air }).collect();
    bench.hear(&[plain[0].clone(), plain[2].clone(), plain[1].clone()]);
    assert!(bench.payloads().is_empty());
    bench.hear(&plain);
    assert_eq!(bench.payloads(), [b"in three"]);
}

pub(super) fn amsdu(subframes: &[(MacAddr, MacAddr, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (to, from, msdu) in subframes {
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend([to.0, from.0].concat());
        body.extend((msdu.len() as u16).to_be_bytes());
        body.extend(*msdu);
    }
    body
}

#[test]
fn an_amsdu_is_split() {
    let (bench, _) = Bench::open(1, CCMP, false);
    let (one, two) = (msdu(0x0800, b"one"), msdu(0x86dd, b"number two"));
    let strange = msdu(0x0800, b"for somebody else");
    let body = amsdu(&[(OWN, FAR, &one), (AP, FAR, &strange), (MacAddr::BROADCAST, FAR, &two)]);
    bench.hear(&[Air { is_amsdu: true, body, ..Air::sealed(1, 1, b"") }]);
    let expected = [
        [&OWN.0[..], &FAR.0, &[8, 0], b"one"].concat(),
        [&[0xff; 6][..], &FAR.0, &[0x86, 0xdd], b"number two"].concat(),
    ];
    assert_eq!(bench.os.delivered(), expected);
    assert_eq!(drops(&bench).not_ours, 1);
}

#[test]
fn a_closed_port_lets_only_eapol_pass() {
    let bench = Bench::new(1);
    let id = bench.data.open(&mut cx(), PeerPath { authorized: false, ..path(CCMP) }).unwrap();
    let eapol = |sequence, payload| Air::plain(sequence, &msdu(ETHERTYPE_EAPOL, payload));
    bench.hear(&[eapol(1, b"m1"), Air::plain(2, &msdu(0x0800, b"ip")), eapol(3, b"m3")]);
    assert_eq!(bench.payloads(), [b"m1", b"m3"]);
    bench.key(Some(id), 0, &KEY, false);
    bench.hear(&[eapol(4, b"plain, with a key"), Air::sealed(5, 1, b"early")]);
    assert!(bench.payloads().is_empty());
    bench.data.set_port(&mut cx(), id, Port::Open);
    bench.hear(&[Air::sealed(6, 2, b"ip")]);
    assert_eq!(bench.payloads(), [b"ip"]);
    let drops = drops(&bench);
    assert_eq!((drops.unprotected, drops.port_closed), (2, 1));
}

#[test]
fn our_own_frames_and_those_of_others_are_dropped() {
    let (bench, _) = Bench::open(1, CCMP, false);
    let echo = Air { from: OWN, ..Air::sealed(1, 1, b"echo") }.group(1);
    let other = Air { to: FAR, ..Air::sealed(2, 1, b"other") };
    let uplink = Air { flags: FrameControl::TO_DS, ..Air::sealed(3, 2, b"up") };
    bench.hear(&[echo, other, uplink]);
    let mut null = Air::plain(4, b"").bytes();
    null[0] |= 0x40;
    bench.receive(&null, RxFlags::empty());
    bench.receive(&Air::sealed(5, 9, b"x").bytes(), RxFlags::BAD_FCS);
    assert!(bench.payloads().is_empty());
    let drops = drops(&bench);
    assert_eq!((drops.echo, drops.not_ours, drops.null), (1, 2, 1));
}

#[test]
fn keys_of_groups_change_by_their_identifier() {
    let (bench, _) = Bench::open(1, CCMP, false);
    bench.hear(&[Air::sealed(1, 0, b"old").group(50)]);
    bench.key(None, 2, &[0x33; 16], false);
    let new = Air { key: Some(([0x33; 16], 2, 1)), ..Air::sealed(2, 0, b"new").group(0) };
    bench.hear(&[new.clone(), Air::sealed(3, 0, b"still").group(51), new]);
    assert_eq!(bench.payloads(), [&b"old"[..], b"new", b"still"]);
    assert_eq!(drops(&bench).replay, 1);
    assert!(bench.data.set_default_key(&mut cx(), VAP, 2).is_ok());
    assert!(bench.data.set_default_key(&mut cx(), VAP, 3).is_err());
    bench.data.delete_key(&mut cx(), VAP, None, 1).unwrap();
    bench.hear(&[Air::sealed(4, 0, b"gone").group(52)]);
    assert_eq!((bench.payloads().len(), drops(&bench).no_key), (0, 1));
}

#[test]
fn a_drainer_has_a_budget_and_the_worker_does_the_rest() {
    let (bench, id) = Bench::open(1, None, false);
    bench.data.start_block_ack(&mut cx(), NOW, id, 0, 0, 64);
    let hear = |sequence: u16| {
        let bytes = Air::plain(sequence, &msdu(0x0800, &sequence.to_le_bytes())).bytes();
        let rate = Rate::Mcs(7);
        let flags = RxFlags::empty();
        let frame = RxFrame { bytes: &bytes, signal_dbm: None, rate, flags, tsf_us: 0 };
        bench.data.receive(&mut cx(), NOW, &frame);
    };
    (1..64).for_each(hear);
    (64..72).for_each(hear); // the window moves
    assert!(bench.data.holds_back(&bench.os) && bench.os.is_woken.swap(false, Ordering::Relaxed));
    bench.data.drain(&mut cx(), &bench.os);
    assert!(bench.os.is_woken.load(Ordering::Relaxed) && !bench.data.is_crowded());
    assert_eq!(numbers(&bench).len(), 64);
    bench.data.drain(&mut Sleepable::enter_from_shim(), &bench.os);
    assert_eq!(numbers(&bench).len(), 7);
    let stats = bench.data.peer_stats(&mut cx(), VAP, AP).unwrap().rx;
    assert_eq!((stats.packets, stats.rate, stats.signal_dbm), (71, Some(Rate::Mcs(7)), None));
}

#[test]
fn every_frame_of_the_peer_counts_as_a_sign_of_life() {
    let (bench, _) = Bench::open(1, None, false);
    bench.data.heard(&mut cx(), Instant(5), AP, Some(-70));
    bench.data.heard(&mut cx(), Instant(6), FAR, Some(-10));
    let stats = bench.data.peer_stats(&mut cx(), VAP, AP).unwrap().rx;
    assert_eq!((stats.last, stats.signal_dbm, stats.packets), (Instant(5), Some(-70), 0));
}
