// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The data path, its framing, and the inbox.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use std::{sync::atomic::Ordering, thread};

use tern_chips::Any;
use tern_core::{
    inbox::{FRAMES_MAX, FRAMES_RESERVED, FrameFilter, Inbox},
    io::{Framing, PeerPath, Reject, Room, RxCarry, RxItem, TxQueue},
    os::{Atomic, Empty, Packet, Sleepable},
    types::PeerId,
    wire::{self, MGMT_LEN_MAX, Mgmt, Subtype},
};
use tern_sim::{Device, Event, Seed, SimPacket, World, device, rx_unit};

/// Opens the port to the access point.
fn open(device: &Device, protected: bool) -> PeerId {
    let (vap, addr) = (World::VAP, World::AP);
    let path = PeerPath { vap, addr, mac_id: 1, authorized: true, protected };
    device.data.open(&mut Sleepable::enter_from_shim(), path).unwrap()
}

fn packet(payload: &[u8]) -> SimPacket {
    let ethernet: &[u8] = &[2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 5, 0x08, 0x00];
    SimPacket::new(&[ethernet, payload].concat())
}

/// A protected frame from the access point, in a receive transfer.
fn frame(sequence: u16, pn: u64, is_retry: bool) -> Vec<u8> {
    let control = wire::QOS_DATA | wire::FROM_DS | wire::PROTECTED;
    let control = control | if is_retry { wire::RETRY } else { 0 };
    let mut frame = control.to_le_bytes().to_vec();
    frame.extend([0, 0, 2, 0, 0, 0, 0, 5]);
    frame.extend(World::AP.0);
    frame.extend([2, 0, 0, 0, 0, 9]);
    frame.extend((sequence << 4).to_le_bytes());
    frame.extend([0, 0]);
    frame.extend(wire::ccmp_header(pn));
    frame.extend(wire::LLC_SNAP);
    frame.extend([0x08, 0x00]);
    frame.extend(sequence.to_le_bytes());
    frame.extend([0xee; 8]);
    rx_unit(0, &frame)
}

/// The sequence numbers that were delivered, as [`frame`] writes them into the payload.
fn delivered(device: &Device) -> Vec<u16> {
    let number = |bytes: Vec<u8>| {
        assert_eq!(bytes[..14], [2, 0, 0, 0, 0, 5, 2, 0, 0, 0, 0, 9, 0x08, 0x00]);
        u16::from_le_bytes(bytes[14..].try_into().unwrap())
    };
    device.os.delivered().into_iter().map(number).collect()
}

fn receive(device: &Device, transfer: &[u8]) {
    device.usb_received(&mut Atomic::enter_from_shim(), &mut RxCarry::default(), transfer);
}

#[test]
fn packet_is_laid_out_once_and_comes_back_when_there_is_no_room() {
    let device = device(2).unwrap();
    let cx = &mut Atomic::enter_from_shim();
    let back = device.transmit(cx, World::VAP, packet(b"early")).unwrap_err();
    assert_eq!((back.reason, device.data.pipe.bulk.taken()), (Reject::NoPeer, 0));
    open(&device, true);
    assert_eq!(device.transmit(cx, World::VAP, packet(b"hello")).unwrap(), Room::Left);
    assert!(!device.data.is_stopped(cx, World::VAP, TxQueue::BestEffort));
    assert_eq!(device.transmit(cx, World::VAP, packet(b"again")).unwrap(), Room::Last);
    let back = device.transmit(cx, World::VAP, packet(b"extra")).unwrap_err();
    assert_eq!((back.reason, back.value.len()), (Reject::Full, 19));
    assert!(device.data.is_stopped(cx, World::VAP, TxQueue::BestEffort));
    let sent = device.data.pipe.bulk.complete_all();
    device.usb_sent(cx, TxQueue::BestEffort);
    assert!(!device.data.is_stopped(cx, World::VAP, TxQueue::BestEffort));
    assert_eq!(device.os.events(), [Event::Ready(TxQueue::BestEffort)]);
    let bytes = &sent[0].1;
    assert_eq!(usize::from(u16::from_le_bytes([bytes[0], bytes[1]])), bytes.len() - 32);
    assert_eq!(bytes.len(), 32 + 26 + 8 + 8 + 5 + 8);
    assert_eq!(&bytes[32 + 26 + 8 + 6..][..7], b"\x08\x00hello");
}

#[test]
fn two_senders_never_swap_numbers() {
    let device = device(usize::MAX).unwrap();
    open(&device, true);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    let cx = &mut Atomic::enter_from_shim();
                    assert_eq!(device.transmit(cx, World::VAP, packet(b"x")).unwrap(), Room::Left);
                }
            });
        }
    });
    let sent = device.data.pipe.bulk.complete_all();
    assert_eq!(sent.len(), 8_000);
    for (index, (_, bytes)) in (0_u16..).zip(&sent) {
        assert_eq!(wire::ccmp_pn(&bytes[32 + 26..]), Some(u64::from(index) + 1));
        assert_eq!(bytes[32 + 22..][..2], (index << 4).to_le_bytes());
    }
}

#[test]
fn retransmission_is_no_replay_and_a_replay_is_none_the_less() {
    let device = device(2).unwrap();
    let peer = open(&device, true);
    device.data.start_block_ack(&mut Sleepable::enter_from_shim(), peer, 10);
    for (sequence, pn, is_retry) in [
        (10, 1, false),
        (12, 3, false),
        (13, 4, false),
        (12, 9, true), // a duplicate inside the window, or a forgery: the first one counts
        (11, 2, true), // late and with a lower number, but no replay
        (13, 4, true), // a duplicate before the window
        (14, 4, false), // a replay
        (15, 5, false),
    ] {
        receive(&device, &frame(sequence, pn, is_retry));
    }
    assert_eq!(delivered(&device), [10, 11, 12, 13, 15]);
}

#[test]
fn without_block_ack_duplicates_go_by_the_retry_bit() {
    let device = device(2).unwrap();
    open(&device, true);
    for (sequence, pn, is_retry) in [(1, 1, false), (1, 1, true), (2, 2, true), (3, 3, false)] {
        receive(&device, &frame(sequence, pn, is_retry));
    }
    assert_eq!(delivered(&device), [1, 2, 3]);
}

#[test]
fn a_gap_holds_frames_up_for_a_while_or_until_the_window_moves() {
    let device = device(2).unwrap();
    let peer = open(&device, true);
    let mut world = World::new(&device, 0, 0);
    device.data.start_block_ack(&mut Sleepable::enter_from_shim(), peer, 4094);
    world.receive(&[frame(4095, 2, false), frame(0, 3, false)].concat());
    assert_eq!(delivered(&device), []);
    world.run();
    assert_eq!(delivered(&device), [4095, 0]);
    world.receive(&frame(9, 12, false));
    world.receive(&frame(1, 4, false)); // too late: the window has moved past it
    world.receive(&frame(1000, 13, false));
    assert_eq!(delivered(&device), [4095, 0, 9]);
    world.run();
    assert_eq!(delivered(&device), [4095, 0, 9, 1000]);
}

#[test]
fn two_receivers_deliver_in_order() {
    for _ in 0..20 {
        let device = device(2).unwrap();
        let peer = open(&device, true);
        device.data.start_block_ack(&mut Sleepable::enter_from_shim(), peer, 0);
        thread::scope(|scope| {
            for first in 0..2 {
                let device = &device;
                scope.spawn(move || {
                    for sequence in (first..400).step_by(2) {
                        receive(device, &frame(sequence, u64::from(sequence) + 1, false));
                    }
                });
            }
        });
        let numbers = delivered(&device);
        // Not all: a receiver that falls behind is late, and a drainer that loses its processor
        // lets the bounded list overflow. What comes is in order, and never twice.
        assert!(numbers.is_sorted_by(|a, b| a < b) && !numbers.is_empty(), "{numbers:?}");
    }
}

#[test]
fn raw_frames_are_shown_only_to_who_listens() {
    let device = device(2).unwrap();
    let mut world = World::new(&device, 0, 0);
    world.ask(tern_core::control::ControlRequest::Up);
    let beacon = World::beacon().emit();
    for is_listening in [false, true] {
        device.os.is_listening.store(is_listening, Ordering::Relaxed);
        world.receive(&rx_unit(0, &beacon));
        let captured = device.os.events().contains(&Event::Capture(beacon.to_vec()));
        assert_eq!(captured, is_listening);
    }
}

#[test]
fn a_unit_may_span_transfers_anywhere() {
    let units = [rx_unit(0, &[7; 90]), rx_unit(1, &[1, 0x43, 2]), rx_unit(3, &[9; 60])].concat();
    let items = |transfers: &[&[u8]]| {
        let (mut carry, mut items) = (RxCarry::default(), Vec::new());
        for transfer in transfers {
            let mut at = 0;
            while let Some(item) = Any::Rtl8188E.next_rx(&mut carry, transfer, &mut at) {
                assert_ne!(item, RxItem::Bad);
                items.push(format!("{item:?}"));
            }
        }
        items
    };
    let whole = items(&[&units]);
    assert_eq!(whole.len(), 3);
    // Transfers end at multiples of the padding, so never inside one: 27 is the shortest unit.
    for cut in (0..units.len()).filter(|cut| cut % 128 < 27) {
        assert_eq!(items(&[&units[..cut], &units[cut..]]), whole, "cut at {cut}");
    }
}

#[test]
fn receive_parser_survives_any_bytes() {
    let mut seed = Seed::new(1);
    let mut carry = RxCarry::default();
    for _ in 0..100_000 {
        let len = (seed.draw() % 200) as usize;
        let bytes: Vec<u8> = (0..len).map(|_| (seed.draw() >> 32) as u8).collect();
        let (mut at, mut items) = (0, 0);
        while Any::Rtl8188E.next_rx(&mut carry, &bytes, &mut at).is_some() {
            items += 1;
            assert!(items <= 2 + len / 24, "no progress");
        }
    }
}

#[test]
fn a_flood_of_beacons_keeps_nothing_else_out() {
    let mut inbox = Inbox::EMPTY;
    let beacon = World::beacon().emit();
    let mut deauth = [0; MGMT_LEN_MAX];
    Mgmt { subtype: Subtype::Deauth, bssid: World::AP, code: 1 }.emit(&mut deauth);
    assert!(!inbox.push_frame(&beacon) && !inbox.push_frame(&deauth), "nobody is interested");
    inbox.set_filter(FrameFilter { scanning: true, bssid: Some(World::AP) });
    let kept = (0..100).filter(|_| inbox.push_frame(&beacon)).count();
    assert_eq!(kept, FRAMES_MAX - FRAMES_RESERVED);
    assert!(inbox.push_frame(&deauth));
}
