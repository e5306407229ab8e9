// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Sending: headers, numbers, keys, rooms.

use core::sync::atomic::Ordering;
use std::{thread, vec::Vec};

use proptest::prelude::*;

use super::mock::*;
use crate::{
    control::{Failure, Port},
    crypto::ccmp::{self, Ccmp},
    data::{KeyPath, MgmtTx},
    io::{Reject, Room, TxFlags, TxQueue, TxReport},
    os::Draft,
    radiotap::TxParams,
    types::{Cipher, Rate, Width},
    wire::data::{Data, ETHERTYPE_EAPOL, Payload},
};

const CCMP: Option<Cipher> = Some(Cipher::Ccmp);

#[test]
fn packet_is_laid_out_once_and_comes_back_when_there_is_no_room() {
    let bench = Bench::new(2);
    let back = bench.data.transmit(&mut cx(), VAP, packet(0x0800, b"early")).unwrap_err();
    assert_eq!((back.reason, back.value.bytes().len()), (Reject::NoPeer, 19));
    let (bench, _) = Bench::open(2, None, false);
    assert_eq!(bench.transmit(packet(0x0800, b"hello")), Ok(Room::Left));
    assert!(!bench.data.is_stopped(&mut cx(), VAP, TxQueue::BestEffort));
    assert_eq!(bench.transmit(packet(0x0800, b"again")), Ok(Room::Last));
    assert_eq!(bench.transmit(packet(0x0800, b"extra")), Err(Reject::Full));
    assert!(bench.data.is_stopped(&mut cx(), VAP, TxQueue::BestEffort));
    let sent = bench.complete();
    assert!(!bench.data.is_stopped(&mut cx(), VAP, TxQueue::BestEffort));
    assert_eq!(bench.os.ready(), [TxQueue::BestEffort]);
    let (info, bytes) = &sent[0];
    let expected = [
        &[0x88, 0x01, 0, 0][..], // QoS data to the access point
        &AP.0,
        &OWN.0,
        &FAR.0,
        &[0, 0, 0, 0], // sequence and QoS control
        &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0],
        b"hello",
    ];
    assert_eq!(bytes[..], expected.concat());
    assert_eq!((info.flags, info.rate, info.mac_id), (TxFlags::QOS, None, 1));
    assert_eq!(bench.data.counters(&mut cx()).outstanding, 0);
}

#[test]
fn priority_chooses_queue_and_traffic_and_each_has_its_numbers() {
    let (bench, _) = Bench::open(9, None, false);
    for priority in [0, 6, 6, 5, 1, 0] {
        bench.send(MockPacket { priority, ..packet(0x0800, b"x") });
    }
    let sent: Vec<_> = bench.complete().iter().map(|(info, _)| *info).collect();
    let seen: Vec<_> = sent.iter().map(|info| (info.queue, info.tid, info.sequence)).collect();
    use TxQueue::{Background, BestEffort, Video, Voice};
    let expected = [
        (BestEffort, 0, 0),
        (Voice, 6, 0),
        (Voice, 6, 1),
        (Video, 5, 0),
        (Background, 1, 0),
        (BestEffort, 0, 1),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn lengths_and_tunnels() {
    let (bench, _) = Bench::open(9, None, false);
    bench.send(packet(5, &[0x42, 0x42, 3, 1, 2])); // 802.3, with LLC of its own
    bench.send(packet(0x8137, b"ipx"));
    let sent = bench.complete();
    assert_eq!(sent[0].1[26..], [0x42, 0x42, 3, 1, 2]);
    assert_eq!(sent[1].1[26..], *b"\xaa\xaa\x03\0\0\xf8\x81\x37ipx");
    assert_eq!(bench.transmit(packet(0x0800, &[0; 2297])), Err(Reject::Malformed));
    assert_eq!(bench.transmit(MockPacket::new(&[1; 13])), Err(Reject::Malformed));
}

#[test]
fn software_and_chip_send_the_same_frame() {
    let (in_chip, _) = Bench::open(9, CCMP, true);
    let (software, _) = Bench::open(9, CCMP, false);
    for bench in [&in_chip, &software] {
        bench.send(packet(0x0800, b"secret"));
    }
    let (chip, soft) = (in_chip.complete().remove(0), software.complete().remove(0));
    assert!(chip.0.flags.contains(TxFlags::ENCRYPT) && !soft.0.flags.contains(TxFlags::ENCRYPT));
    // What a chip does: MIC behind, then encryption.
    let mut frame = chip.1;
    frame.extend([0; ccmp::MIC_LEN]);
    Ccmp::new(&KEY).seal(&mut frame).unwrap();
    assert_eq!(frame, soft.1);
    assert_eq!(usize::from(chip.0.frame_len) + ccmp::MIC_LEN, usize::from(soft.0.frame_len));
    Ccmp::new(&KEY).open(&mut frame).unwrap();
    assert_eq!(frame[26 + 8 + 8..][..6], *b"secret");
}

#[test]
fn eapol_goes_first_and_in_the_clear_until_there_is_a_key() {
    let bench = Bench::new(9);
    let closed = crate::data::PeerPath { authorized: false, ..path(CCMP) };
    let id = bench.data.open(&mut cx(), closed).unwrap();
    assert_eq!(bench.transmit(packet(0x0800, b"x")), Err(Reject::Unauthorized));
    assert_eq!(bench.transmit(packet(ETHERTYPE_EAPOL, b"m2")), Ok(Room::Left));
    bench.data.set_port(&mut cx(), id, Port::Open);
    assert_eq!(bench.transmit(packet(0x0800, b"x")), Err(Reject::NoKey));
    bench.key(Some(id), 0, &KEY, true);
    bench.send(packet(ETHERTYPE_EAPOL, b"rekey"));
    bench.send(packet(0x0800, b"x"));
    let sent = bench.complete();
    let is_protected = |at: usize| sent[at].1[1] & 0x40 != 0;
    assert_eq!([0, 1, 2].map(is_protected), [false, true, true]);
    for (info, _) in &sent[..2] {
        assert_eq!((info.queue, info.tid, info.rate), (TxQueue::Voice, 7, Some(Rate::Legacy(2))));
    }
    assert_eq!(sent[2].0.rate, None);
}

#[test]
fn a_full_voice_queue_stops_the_queue_that_the_stack_knows() {
    let (bench, _) = Bench::open(1, None, false);
    // The last place: the stack's queue of this packet is another one, which goes on.
    assert_eq!(bench.transmit(packet(ETHERTYPE_EAPOL, b"1")), Ok(Room::Left));
    assert_eq!(bench.transmit(packet(ETHERTYPE_EAPOL, b"2")), Err(Reject::Full));
    assert!(bench.data.is_stopped(&mut cx(), VAP, TxQueue::BestEffort));
    bench.complete();
    assert_eq!(bench.os.ready(), [TxQueue::BestEffort]);
}

#[test]
fn senders_never_swap_numbers() {
    let (bench, _) = Bench::open(usize::MAX, CCMP, false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..300 {
                    bench.send(packet(0x0800, b"x"));
                }
            });
        }
    });
    let sent = bench.complete();
    assert_eq!(sent.len(), 1200);
    for (index, (info, bytes)) in (0_u16..).zip(&sent) {
        assert_eq!(ccmp::parse_header(&bytes[26..]), Some((u64::from(index) + 1, 0)));
        assert_eq!(
            (bytes[22..24].to_vec(), info.sequence),
            ((index << 4).to_le_bytes().to_vec(), index)
        );
    }
}

#[test]
fn a_key_is_changed_while_the_queue_stands_still() {
    let (bench, id) = Bench::open(9, CCMP, true);
    bench.send(packet(0x0800, b"old"));
    bench.data.pause(&mut cx(), id);
    assert!(!bench.data.is_drained(&mut cx(), id));
    assert_eq!(bench.transmit(packet(0x0800, b"wait")), Err(Reject::Full));
    let old = bench.complete();
    // The queue has room, but the peer stands still: nobody is told to go on yet.
    assert_eq!((old.len(), bench.os.ready().len()), (1, 0));
    assert!(bench.data.is_drained(&mut cx(), id) && bench.os.is_woken.load(Ordering::Relaxed));
    bench.key(Some(id), 0, &GROUP_KEY, false);
    bench.data.resume(&mut cx(), &bench.os, id);
    assert_eq!(bench.os.ready(), [TxQueue::BestEffort]);
    bench.send(packet(0x0800, b"new"));
    let mut new = bench.complete().remove(0).1;
    assert_eq!(ccmp::parse_header(&new[26..]), Some((1, 0)));
    Ccmp::new(&GROUP_KEY).open(&mut new).unwrap();
}

#[test]
fn keys_change_under_traffic_and_no_number_is_used_twice() {
    let (bench, id) = Bench::open(usize::MAX, CCMP, true);
    let keys: [[u8; 16]; 5] = [1, 2, 3, 4, 5].map(|byte| [byte; 16]);
    bench.key(Some(id), 0, &[0; 16], false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..400 {
                    let _ = bench.transmit(packet(0x0800, b"x"));
                }
            });
        }
        for key in &keys {
            bench.data.pause(&mut cx(), id);
            bench.key(Some(id), 0, key, false);
            bench.data.resume(&mut cx(), &bench.os, id);
            thread::yield_now();
        }
    });
    let (mut generation, mut last) = (0, 0);
    let all: Vec<_> = [[0; 16]].into_iter().chain(keys).collect();
    for (_, bytes) in bench.complete() {
        let (pn, _) = ccmp::parse_header(&bytes[26..]).unwrap();
        while Ccmp::new(&all[generation]).open(&mut bytes.clone()).is_err() {
            (generation, last) = (generation + 1, 0);
        }
        assert_eq!(pn, last + 1);
        last = pn;
    }
}

#[test]
fn the_same_key_again_does_not_start_anew() {
    let (bench, id) = Bench::open(9, CCMP, true);
    bench.send(packet(0x0800, b"1"));
    bench.hear(&[Air::sealed(1, 5, b"in")]);
    bench.key(Some(id), 0, &KEY, false);
    bench.send(packet(0x0800, b"2"));
    bench.hear(&[Air::sealed(2, 5, b"replay"), Air::sealed(3, 6, b"in")]);
    let pn = |bytes: &[u8]| ccmp::parse_header(&bytes[26..]).unwrap().0;
    let sent: Vec<_> =
        bench.complete().iter().map(|(info, bytes)| (pn(bytes), info.flags)).collect();
    // The chip no longer has it, and so it is software's turn.
    assert_eq!(sent, [(1, TxFlags::QOS | TxFlags::ENCRYPT), (2, TxFlags::QOS)]);
    assert_eq!(bench.payloads(), [b"in", b"in"]);
    bench.key(Some(id), 0, &GROUP_KEY, false);
    bench.send(packet(0x0800, b"3"));
    assert_eq!(pn(&bench.complete()[0].1), 1);
}

#[test]
fn keys_that_cannot_be_are_refused() {
    let (bench, id) = Bench::open(1, CCMP, false);
    let good = KeyPath {
        vap: VAP,
        peer: Some(id),
        index: 0,
        cipher: Cipher::Ccmp,
        receive_pn: 0,
        in_chip: false,
    };
    let set = |key: KeyPath, bytes: &[u8]| bench.data.set_key(&mut cx(), NOW, &key, bytes);
    assert_eq!(set(good, &[0; 15]), Err(Failure::Invalid));
    assert_eq!(set(KeyPath { index: 4, ..good }, &KEY), Err(Failure::Invalid));
    let tkip = KeyPath { cipher: Cipher::Tkip, ..good };
    assert_eq!(set(tkip, &[0; 32]), Err(Failure::Unsupported));
    bench.data.close(&mut cx(), &bench.os, id);
    assert_eq!(set(good, &KEY), Err(Failure::NotFound));
    assert_eq!(set(KeyPath { peer: None, ..good }, &KEY), Err(Failure::NotFound));
    assert_eq!(bench.data.delete_key(&mut cx(), VAP, None, 1), Err(Failure::NotFound));
}

#[test]
fn without_its_key_a_protected_peer_gets_nothing() {
    let (bench, id) = Bench::open(9, CCMP, false);
    assert_eq!(bench.data.delete_key(&mut cx(), VAP, Some(id), 0), Ok(()));
    assert_eq!(bench.transmit(packet(0x0800, b"x")), Err(Reject::NoKey));
    assert_eq!(bench.data.delete_key(&mut cx(), VAP, Some(id), 0), Err(Failure::NotFound));
    bench.data.close(&mut cx(), &bench.os, id);
    assert_eq!(bench.transmit(packet(0x0800, b"x")), Err(Reject::NoPeer));
}

#[test]
fn who_waits_is_woken_when_the_peer_goes() {
    let (bench, id) = Bench::open(1, None, false);
    bench.data.pause(&mut cx(), id);
    assert_eq!(bench.transmit(packet(0x0800, b"x")), Err(Reject::Full));
    bench.data.close(&mut cx(), &bench.os, id);
    assert_eq!(bench.os.ready(), [TxQueue::BestEffort]);
    assert!(bench.data.is_drained(&mut cx(), id));
}

#[test]
fn management_frames_get_numbers_and_come_back_without_room() {
    let bench = Bench::new(1);
    let deauth = |to: u8| {
        let mut draft = MockDraft::alloc(26).unwrap();
        draft.as_mut()[0] = 0xc0;
        draft.as_mut()[4] = to;
        draft
    };
    let how = MgmtTx { token: Some(7), no_ack: true, ..MgmtTx::plain(Rate::Legacy(12)) };
    for number in 0..2 {
        bench.data.send_mgmt(&mut cx(), deauth(number), how).unwrap();
        let back = bench.data.send_mgmt(&mut cx(), deauth(0), how).unwrap_err();
        assert_eq!((back.reason, back.value.as_ref().len()), (Reject::Full, 26));
        let sent = bench.complete();
        assert!(bench.os.is_woken.swap(false, Ordering::Relaxed));
        let (info, bytes) = &sent[0];
        assert_eq!(bytes[22..24], [number << 4, 0]);
        assert_eq!((info.sequence, info.token, info.rate), (number.into(), 7, Some(how.rate)));
        let group = if number & 1 != 0 { TxFlags::MULTICAST } else { TxFlags::empty() };
        let expected = TxFlags::MANAGEMENT | TxFlags::REPORT | TxFlags::NO_ACK | group;
        assert_eq!(info.flags, expected);
    }
    let short = MockDraft::alloc(9).unwrap();
    let back = bench.data.send_mgmt(&mut cx(), short, how).unwrap_err();
    assert_eq!(back.reason, Reject::Malformed);
}

#[test]
fn injected_frames_leave_as_they_are() {
    let bench = Bench::new(1);
    let radiotap = [0, 0, 9, 0, 4, 0, 0, 0, 24];
    let mut frame = Air::plain(77, b"raw").bytes();
    frame[4] |= 1;
    let packet = MockPacket::new(&[&radiotap[..], &frame].concat());
    let params = TxParams::of(&packet).unwrap();
    let inject = |packet| bench.data.inject(&mut cx(), VAP, &params, Width::Mhz20, packet);
    assert_eq!(inject(packet.clone()).unwrap(), Room::Last);
    assert_eq!(inject(packet).unwrap_err().reason, Reject::Full);
    let (info, bytes) = bench.complete().remove(0);
    assert_eq!((bytes, info.sequence, info.rate), (frame, 77, Some(Rate::Legacy(24))));
    assert_eq!(info.flags, TxFlags::MULTICAST | TxFlags::QOS);
    let short = inject(MockPacket::new(&[0; 15])).unwrap_err();
    assert_eq!(short.reason, Reject::Malformed);
}

#[test]
fn reports_feed_rate_and_statistics() {
    let bench = Bench::new(99);
    let path = crate::data::PeerPath { firmware_rates: false, ..path(None) };
    bench.data.open(&mut cx(), path).unwrap();
    let stats = || bench.data.peer_stats(&mut cx(), VAP, AP).unwrap().tx;
    let before = stats().rate.unwrap();
    for _ in 0..20 {
        bench.send(packet(0x0800, b"x"));
        bench.complete().iter().for_each(|(info, _)| {
            assert!(info.flags.contains(TxFlags::REPORT) && info.rate.is_some());
            let report = TxReport { token: Some(0), mac_id: 1, acked: false, retries: 3 };
            bench.data.on_tx_report(&mut cx(), &report);
        });
    }
    let stats = stats();
    assert_ne!(stats.rate, Some(before));
    assert_eq!((stats.packets, stats.retries, stats.failed), (20, 60, 20));
    assert_eq!(bench.data.peer_stats(&mut cx(), VAP, FAR), None);
}

#[test]
fn without_qos_there_is_one_numbering() {
    let bench = Bench::new(9);
    let path = crate::data::PeerPath { is_qos: false, ..path(None) };
    bench.data.open(&mut cx(), path).unwrap();
    for priority in [0, 6] {
        bench.send(MockPacket { priority, ..packet(0x0800, b"x") });
    }
    let draft = MockDraft::alloc(24).unwrap();
    bench.data.send_mgmt(&mut cx(), draft, MgmtTx::plain(Rate::SLOWEST)).unwrap();
    let sent = bench.complete();
    let numbers: Vec<_> = sent.iter().map(|(info, _)| info.sequence).collect();
    assert_eq!(numbers, [0, 1, 2]);
    let data = Data::parse(&sent[1].1).unwrap();
    assert_eq!((data.len, data.qos, sent[1].0.queue), (24, None, TxQueue::Voice));
}

proptest! {
    /// Any packet is refused, or arrives as it was.
    #[test]
    fn what_is_sent_arrives(
        bytes in prop::collection::vec(any::<u8>(), 0..120), priority in any::<u8>(),
        ip: bool, is_qos: bool, protected: bool,
    ) {
        let mut bytes = bytes;
        if let Some(ethertype) = bytes.get_mut(12..14).filter(|_| ip) {
            ethertype.copy_from_slice(&[8, 0]);
        }
        let cipher = CCMP.filter(|_| protected);
        let bench = Bench::new(9);
        let id = bench.data.open(&mut cx(), crate::data::PeerPath { is_qos, ..path(cipher) }).unwrap();
        if protected {
            bench.key(Some(id), 0, &KEY, false);
        }
        let sent = bench.transmit(MockPacket { priority, ..MockPacket::new(&bytes) });
        prop_assert_eq!(sent, if bytes.len() < 14 { Err(Reject::Malformed) } else { Ok(Room::Left) });
        for (info, mut frame) in bench.complete() {
            let data = Data::parse(&frame).unwrap();
            prop_assert_eq!((data.receiver, data.qos.is_some()), (AP, is_qos));
            prop_assert!(info.tid < 8);
            let (mut start, mut end) = (data.len, frame.len());
            if protected {
                Ccmp::new(&KEY).open(&mut frame).unwrap();
                (start, end) = (start + ccmp::HEADER_LEN, end - ccmp::MIC_LEN);
            }
            let msdu = &frame[start..end];
            prop_assert_eq!([data.far_end.0, data.transmitter.0].concat(), &bytes[..12]);
            let ethertype = u16::from_be_bytes([bytes[12], bytes[13]]);
            let skip = if ethertype < 0x600 { 0 } else { 8 };
            prop_assert_eq!(&msdu[skip..], &bytes[14..]);
            if skip != 0 {
                prop_assert_eq!(Payload::parse(msdu), Some(Payload { ethertype, skip }));
            }
        }
    }
}
