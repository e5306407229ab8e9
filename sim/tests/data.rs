// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The data path on an operating system that forgives nothing, with the access point's own cipher
//! as its second opinion.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use std::{collections::VecDeque, sync::Arc, thread};

use tern_chips::Any;
use tern_core::{
    control::Port,
    data::{DataPath, KeyPath, PeerPath},
    io::{Reject, Room, RxFlags, RxFrame, TxQueue, UsbPipe},
    os::{Atomic, Sleepable},
    rate::PeerRates,
    types::{Cipher, Instant, LegacyRates, MacAddr, PeerId, Rate, VapId, Width},
};
use tern_sim::{
    access_point::{
        ccmp,
        frame::{self, Frame, flag, kind},
    },
    os::{Event, Ledger, SimBulk, SimOs, SimPacket, StoppedClock},
};

const VAP: VapId = VapId { slot: 0, generation: 1 };
const OWN: [u8; 6] = [2, 0, 0, 0, 0, 5];
const AP: [u8; 6] = [2, 0, 0, 0, 0, 1];
const FAR: [u8; 6] = [2, 0, 0, 0, 0, 9];
const KEY: [u8; 16] = [3; 16];
/// The descriptor before each frame on USB.
const DESCRIPTOR: usize = 32;

struct Path {
    os: SimOs,
    data: DataPath<SimOs, UsbPipe<SimBulk, Any>>,
}

impl Path {
    fn new(slots: usize) -> Self {
        Arc::new(Ledger::default()).enter();
        let os = SimOs::new(StoppedClock::new(), 1, None);
        os.set_vap(Some(VAP));
        let pipe = UsbPipe::new(SimBulk::new(slots), Any::Rtl8192C);
        Self { data: DataPath::new(pipe).unwrap(), os }
    }

    /// Opens the port to the access point; with `cipher` the key is in software.
    fn open(&self, cipher: Option<Cipher>) -> PeerId {
        let cx = &mut Sleepable::enter_from_shim();
        let rates = PeerRates {
            legacy: LegacyRates::all(),
            basic: LegacyRates::CCK,
            ..PeerRates::default()
        };
        let path = PeerPath {
            vap: VAP,
            own: MacAddr(OWN),
            addr: MacAddr(AP),
            mac_id: 0,
            authorized: cipher.is_none(),
            cipher,
            keeps_eapol: false,
            is_qos: true,
            width: Width::Mhz20,
            rates,
            firmware_rates: true,
        };
        let id = self.data.open(cx, path).unwrap();
        if let Some(cipher) = cipher {
            let peer = Some(id);
            let path = KeyPath { vap: VAP, peer, index: 0, cipher, receive_pn: 0, in_chip: false };
            self.data.set_key(cx, Instant(0), &path, &KEY).unwrap();
            self.data.set_port(cx, id, Port::Open);
        }
        id
    }

    fn transmit(&self, payload: &[u8]) -> Result<Room, Reject> {
        let ethernet = [&FAR[..], &OWN, &[0x08, 0x00], payload].concat();
        let packet = SimPacket::new(&ethernet, 0);
        let sent = self.data.transmit(&mut Atomic::enter_from_shim(), VAP, packet);
        sent.map_err(|back| {
            assert_eq!(back.value.bytes(), ethernet, "a packet comes back as it was");
            back.reason
        })
    }

    /// Completes all transfers: the frames that they carried.
    fn complete(&self) -> Vec<Vec<u8>> {
        let sent: VecDeque<_> = self.data.pipe.bulk.take_sent();
        let mut frames = Vec::new();
        for sent in sent {
            let queue = sent.queue;
            frames.push(sent.bytes[DESCRIPTOR..].to_vec());
            assert!(self.data.pipe.bulk.complete(sent));
            self.data.sent(&mut Atomic::enter_from_shim(), &self.os, queue);
        }
        frames
    }

    fn receive(&self, now: u64, bytes: &[u8]) {
        let cx = &mut Atomic::enter_from_shim();
        let frame = RxFrame {
            bytes,
            signal_dbm: Some(-50),
            rate: Rate::SLOWEST,
            flags: RxFlags::empty(),
            tsf_us: 0,
        };
        self.data.receive(cx, Instant(now), &frame);
        self.data.drain(cx, &self.os);
    }

    /// Lets gaps be given up.
    fn pass(&self, now: u64) {
        let cx = &mut Sleepable::enter_from_shim();
        self.data.flush_reorder(cx, Instant(now));
        self.data.drain(cx, &self.os);
    }

    /// The sequence numbers that were delivered, as [`frame`] writes them into the payload.
    fn delivered(&self) -> Vec<u16> {
        let number = |event| match event {
            Event::Deliver(bytes) => {
                assert_eq!(bytes[..14], [&OWN[..], &FAR, &[0x08, 0x00]].concat());
                Some(u16::from_le_bytes(bytes[14..16].try_into().unwrap()))
            }
            _ => None,
        };
        self.os.take_events().into_iter().filter_map(number).collect()
    }
}

/// A frame from the access point with its sequence number as payload, protected with packet number
/// `pn`.
fn frame(sequence: u16, pn: u64, is_retry: bool) -> Vec<u8> {
    let flags = flag::FROM_DS | if is_retry { flag::RETRY } else { 0 };
    let header = frame::header(kind::QOS_DATA, flags, [OWN, AP, FAR], sequence, Some(0));
    let mut body = frame::SNAP.to_vec();
    body.extend([0x08, 0x00]);
    body.extend(sequence.to_le_bytes());
    let mut key = ccmp::Key::new(KEY, 0);
    // Sealing counts up to the number that is wanted.
    (1..pn).for_each(|_| drop(key.seal(header.clone(), &[])));
    key.seal(header, &body)
}

#[test]
fn packet_is_laid_out_once_and_comes_back_when_there_is_no_room() {
    let path = Path::new(2);
    let cx = &mut Atomic::enter_from_shim();
    assert_eq!(path.transmit(b"early"), Err(Reject::NoPeer));
    assert_eq!(path.data.pipe.bulk.taken(), 0);
    path.open(Some(Cipher::Ccmp));
    assert_eq!(path.transmit(b"hello"), Ok(Room::Left));
    assert!(!path.data.is_stopped(cx, VAP, TxQueue::BestEffort));
    assert_eq!(path.transmit(b"again"), Ok(Room::Last));
    assert_eq!(path.transmit(b"extra"), Err(Reject::Full));
    assert!(path.data.is_stopped(cx, VAP, TxQueue::BestEffort));
    assert_eq!(path.os.ledger().packets(), 2);
    let sent = path.complete();
    assert_eq!(path.os.ledger().packets(), 0);
    assert!(!path.data.is_stopped(cx, VAP, TxQueue::BestEffort));
    assert_eq!(path.os.take_events(), [Event::Ready(TxQueue::BestEffort)]);
    let key = ccmp::Key::new(KEY, 0);
    for (pn, (bytes, payload)) in (1..).zip(sent.iter().zip([b"hello", b"again"])) {
        let frame = Frame::parse(bytes).unwrap();
        assert_eq!(frame.addresses, [AP, OWN, FAR]);
        let (number, body) = key.open(&frame).expect("the access point can read it");
        assert_eq!(number, pn);
        assert_eq!(body, [&frame::SNAP[..], &[0x08, 0x00], payload].concat());
    }
}

#[test]
fn two_senders_never_swap_numbers() {
    let path = Path::new(usize::MAX);
    path.open(Some(Cipher::Ccmp));
    thread::scope(|scope| {
        for _ in 0..4 {
            let path = &path;
            scope.spawn(move || {
                path.os.ledger().enter();
                (0..500).for_each(|_| assert_eq!(path.transmit(b"x"), Ok(Room::Left)));
            });
        }
    });
    let sent = path.complete();
    assert_eq!(sent.len(), 2_000);
    let first = Frame::parse(&sent[0]).unwrap().sequence_control >> 4;
    for (index, bytes) in (0_u16..).zip(&sent) {
        let frame = Frame::parse(bytes).unwrap();
        assert_eq!(ccmp::packet_number(&frame), Some((u64::from(index) + 1, 0)));
        assert_eq!(frame.sequence_control >> 4, (first + index) & 0x0fff);
    }
}

#[test]
fn retransmission_is_no_replay_and_a_replay_is_none_the_less() {
    let path = Path::new(2);
    let peer = path.open(Some(Cipher::Ccmp));
    let cx = &mut Sleepable::enter_from_shim();
    assert!(path.data.start_block_ack(cx, Instant(0), peer, 0, 10, 64));
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
        path.receive(0, &frame(sequence, pn, is_retry));
    }
    assert_eq!(path.delivered(), [10, 11, 12, 13, 15]);
}

#[test]
fn a_changed_frame_is_not_delivered() {
    let good = frame(1, 1, false);
    for bit in 0..good.len() * 8 {
        let path = Path::new(2);
        path.open(Some(Cipher::Ccmp));
        let mut changed = good.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        path.receive(0, &changed);
        // What may change on the way: retry, power management and more data, the duration, and the
        // number of the sequence; QoS control but for its traffic identifier; and the two bits of
        // the subtype that contention-free periods had, and what is reserved in the CCMP header.
        let may_change = match bit / 8 {
            0 => matches!(bit % 8, 4 | 5),
            1 => matches!(bit % 8, 3..=5),
            22 => bit % 8 >= 4,
            24 => bit % 8 >= 4,
            29 => bit % 8 <= 4,
            2 | 3 | 23 | 25 | 28 => true,
            _ => false,
        };
        assert!(path.delivered().is_empty() || may_change, "bit {} of byte {}", bit % 8, bit / 8);
        assert_eq!(path.os.ledger().packets(), 0);
    }
}

#[test]
fn without_block_ack_duplicates_go_by_the_retry_bit() {
    let path = Path::new(2);
    path.open(Some(Cipher::Ccmp));
    for (sequence, pn, is_retry) in [(1, 1, false), (1, 1, true), (2, 2, true), (3, 3, false)] {
        path.receive(0, &frame(sequence, pn, is_retry));
    }
    assert_eq!(path.delivered(), [1, 2, 3]);
}

#[test]
fn a_gap_holds_frames_up_for_a_while_or_until_the_window_moves() {
    let path = Path::new(2);
    let peer = path.open(Some(Cipher::Ccmp));
    let cx = &mut Sleepable::enter_from_shim();
    assert!(path.data.start_block_ack(cx, Instant(0), peer, 0, 4094, 64));
    path.receive(0, &frame(4095, 2, false));
    path.receive(0, &frame(0, 3, false));
    assert_eq!(path.delivered(), []);
    path.pass(1_000_000);
    assert_eq!(path.delivered(), [4095, 0]);
    path.receive(1_000_000, &frame(9, 12, false));
    path.receive(1_000_000, &frame(1, 4, false));
    path.receive(1_000_000, &frame(1000, 13, false));
    assert_eq!(path.delivered(), [1, 9]);
    path.pass(2_000_000);
    assert_eq!(path.delivered(), [1000]);
    assert_eq!(path.os.ledger().packets(), 0);
}

#[test]
fn two_receivers_deliver_in_order() {
    let frames: Vec<Vec<u8>> = (0..400).map(|n| frame(n, u64::from(n) + 1, false)).collect();
    for _ in 0..10 {
        let path = Path::new(2);
        let peer = path.open(Some(Cipher::Ccmp));
        let cx = &mut Sleepable::enter_from_shim();
        assert!(path.data.start_block_ack(cx, Instant(0), peer, 0, 0, 64));
        thread::scope(|scope| {
            for first in 0..2 {
                let (path, frames) = (&path, &frames);
                scope.spawn(move || {
                    path.os.ledger().enter();
                    frames.iter().skip(first).step_by(2).for_each(|frame| path.receive(0, frame));
                });
            }
        });
        path.pass(1_000_000);
        // Not all: a receiver that falls behind is late. What comes is in order, and never twice.
        let numbers = path.delivered();
        assert!(numbers.is_sorted_by(|a, b| a < b) && !numbers.is_empty(), "{numbers:?}");
    }
}
