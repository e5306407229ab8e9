// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What an attacker sends: nothing of it is delivered, and nothing panics.

use std::vec::Vec;

use proptest::prelude::*;

use super::{
    mock::*,
    receive::{amsdu, fragments},
};
use crate::{
    io::RxFlags,
    types::{Cipher, MacAddr},
    wire::{data::ETHERTYPE_EAPOL, header::FrameControl},
};

const CCMP: Option<Cipher> = Some(Cipher::Ccmp);

/// An MSDU in two pieces.
fn two_pieces() -> (Vec<u8>, Vec<u8>) {
    let whole = msdu(0x0800, b"in two pieces");
    let (first, second) = whole.split_at(12);
    (first.to_vec(), second.to_vec())
}

fn nothing_comes(what: &str, bench: &Bench, air: &[Air]) {
    bench.hear(air);
    assert!(bench.payloads().is_empty(), "{what}");
}

#[test]
fn fragments_of_two_keys_never_join() {
    let (bench, id) = Bench::open(1, CCMP, false);
    let (first, second) = two_pieces();
    let mut parts = fragments(1, 1, &[&first, &second]);
    bench.hear(&parts[..1]);
    bench.key(Some(id), 0, &GROUP_KEY, false);
    parts[1].key = Some((GROUP_KEY, 0, 2));
    nothing_comes("CVE-2020-24587", &bench, &parts[1..]);
}

#[test]
fn fragments_do_not_outlive_the_connection() {
    let (bench, id) = Bench::open(1, CCMP, false);
    let (first, second) = two_pieces();
    let parts = fragments(1, 1, &[&first, &second]);
    bench.hear(&parts[..1]);
    bench.data.close(&mut cx(), &bench.os, id);
    let id = bench.data.open(&mut cx(), path(CCMP)).unwrap();
    bench.key(Some(id), 0, &KEY, false);
    nothing_comes("CVE-2020-24586", &bench, &parts[1..]);
}

#[test]
fn fragments_with_gaps_or_in_the_clear_never_join() {
    let (first, second) = two_pieces();
    let parts = || fragments(1, 1, &[&first, &second]);
    let (bench, _) = Bench::open(1, CCMP, false);
    let mut gap = parts();
    gap[1].key = Some((KEY, 0, 3));
    nothing_comes("CVE-2020-26146", &bench, &gap);
    for plain in 0..2 {
        let (bench, _) = Bench::open(1, CCMP, false);
        let mut mixed = parts();
        mixed[plain].key = None;
        nothing_comes("CVE-2020-26147", &bench, &mixed);
        assert_eq!(bench.data.counters(&mut cx()).drops.unprotected, 1);
    }
    let mut order = parts();
    order.reverse();
    nothing_comes("the second first", &bench, &order);
    let group = Air { to: MacAddr::BROADCAST, key: Some((GROUP_KEY, 1, 9)), ..parts().remove(0) };
    nothing_comes("CVE-2020-26145", &bench, &[group]);
}

#[test]
fn nothing_comes_in_the_clear() {
    let (bench, id) = Bench::open(1, CCMP, false);
    let ip = msdu(0x0800, b"plain");
    let eapol = msdu(ETHERTYPE_EAPOL, b"plain");
    let body = amsdu(&[(OWN, FAR, &ip)]);
    let attacks = [
        Air::plain(1, &ip),
        Air::plain(2, &eapol),
        Air { to: MacAddr::BROADCAST, ..Air::plain(3, &ip) },
        Air { flags: FrameControl::FROM_DS | FrameControl::MORE_FRAGMENTS, ..Air::plain(4, &ip) },
        Air { is_amsdu: true, body, ..Air::plain(5, &[]) },
    ];
    nothing_comes("with a key (CVE-2020-26140, -26143)", &bench, &attacks);
    bench.data.delete_key(&mut cx(), VAP, Some(id), 0).unwrap();
    // Before the key only whole EAPOL frames to us pass. An A-MSDU that begins like EAPOL does not.
    let like_eapol = Air { is_amsdu: true, ..Air::plain(6, &eapol) };
    let to_all = Air { to: MacAddr::BROADCAST, ..Air::plain(7, &eapol) };
    nothing_comes("without a key (CVE-2020-26144)", &bench, &[like_eapol, to_all]);
    nothing_comes("without a key", &bench, &[attacks[0].clone(), attacks[4].clone()]);
    let body = amsdu(&[(OWN, FAR, &eapol)]);
    let within = Air { is_amsdu: true, body, ..Air::plain(9, &[]) };
    nothing_comes("EAPOL in an A-MSDU", &bench, &[within]);
    bench.hear(&[Air::plain(8, &eapol)]);
    assert_eq!(bench.payloads(), [b"plain"]);
}

#[test]
fn a_flipped_amsdu_bit_is_seen() {
    // The A-MSDU bit is not authenticated: the attacker turns a packet with his payload into an
    // A-MSDU, whose first header is then the LLC header (CVE-2020-24588).
    let (bench, _) = Bench::open(1, CCMP, false);
    let inner = msdu(0x0800, b"injected");
    // After LLC and the first 6 bytes, "length" 4 ends the first subframe.
    let mut payload = Vec::from([0x45, 0, 0, 0, 0, 4]);
    payload.extend([0; 4 + 2]);
    payload.extend(amsdu(&[(OWN, FAR, &inner)]));
    let honest = Air::sealed(1, 1, &payload);
    let mut frame = honest.bytes();
    frame[24] |= 0x80;
    bench.receive(&frame, RxFlags::empty());
    assert!(bench.payloads().is_empty());
    assert_eq!(bench.data.counters(&mut cx()).drops.malformed, 1);
}

#[test]
fn forged_frames_do_not_move_the_counter() {
    let (bench, _) = Bench::open(1, CCMP, false);
    let mut forged = Air::sealed(1, 1_000_000, b"forged").bytes();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    bench.receive(&forged, RxFlags::empty());
    bench.hear(&[Air::sealed(2, 1, b"real")]);
    assert_eq!(bench.payloads(), [b"real"]);
    let wrong_id = Air { key: Some((KEY, 2, 9)), ..Air::sealed(3, 2, b"x") };
    nothing_comes("under an identifier without key", &bench, &[wrong_id]);
}

#[test]
fn an_open_network_takes_nothing_encrypted() {
    let (bench, _) = Bench::open(1, None, false);
    nothing_comes("no key was agreed on", &bench, &[Air::sealed(1, 1, b"x")]);
    assert_eq!(bench.data.counters(&mut cx()).drops.unexpected, 1);
}

/// A frame that looks like one of the access point, with anything in it.
fn any_air() -> impl Strategy<Value = Vec<u8>> {
    let head = (any::<u16>(), 0_u8..8, any::<u16>(), prop::option::of(any::<u16>()));
    let body = prop::collection::vec(any::<u8>(), 0..120);
    (head, 0_u8..4, body).prop_map(|((control, to, sequence, qos), lead, body)| {
        let kind = if qos.is_some() { FrameControl::QOS_DATA } else { FrameControl::DATA };
        // Mostly data from the access point to us or to all.
        let control =
            if lead == 0 { control } else { kind | FrameControl::FROM_DS | control & 0xc400 };
        let mut frame = control.to_le_bytes().to_vec();
        frame.extend([0, 0]);
        frame.extend(if to == 0 { [0xff; 6] } else { OWN.0 });
        frame.extend([AP.0, FAR.0].concat());
        frame.extend(sequence.to_le_bytes());
        frame.extend(qos.map(u16::to_le_bytes).into_iter().flatten());
        match lead {
            1 => frame.extend(msdu(0x0800, &[])),
            2 => frame.extend(msdu(ETHERTYPE_EAPOL, &[])),
            _ => {}
        }
        frame.extend(body);
        frame
    })
}

proptest! {
    /// Whatever comes, with or without block ack and in whatever order: a protected peer
    /// delivers nothing that it did not authenticate, and nothing panics.
    #[test]
    fn nothing_unauthenticated_is_delivered(
        frames in prop::collection::vec((any_air(), 0_u8..64), 0..60),
        block_ack in prop::option::of((any::<u16>(), any::<u16>())), in_chip: bool,
    ) {
        let (bench, id) = Bench::open(1, CCMP, in_chip);
        if let Some((sequence, window)) = block_ack {
            bench.data.start_block_ack(&mut cx(), NOW, id, 0, sequence, window);
        }
        for (frame, flags) in frames {
            // The chip is honest: it says so only when it has checked.
            let flags = RxFlags::from_bits_truncate(flags) - RxFlags::DECRYPTED;
            bench.receive(&frame, flags);
        }
        bench.data.flush_reorder(&mut cx(), NOW.after_us(10_000_000));
        bench.data.drain(&mut cx(), &bench.os);
        prop_assert!(bench.os.delivered().is_empty());
    }

    /// The same with a chip that claims to have checked everything, and in an open network: it may
    /// deliver, but only Ethernet frames to us or to all, from others.
    #[test]
    fn whatever_is_delivered_is_ethernet(
        frames in prop::collection::vec(any_air(), 0..60), cipher: bool, session: bool,
    ) {
        let (bench, id) = Bench::open(1, CCMP.filter(|_| cipher), true);
        if session {
            bench.data.start_block_ack(&mut cx(), NOW, id, 0, 0, 64);
        }
        for frame in frames {
            bench.receive(&frame, RxFlags::DECRYPTED);
        }
        for packet in bench.os.delivered() {
            prop_assert!(packet.len() >= 14);
            prop_assert!(packet[0] & 1 == 1 || packet[..6] == OWN.0);
            prop_assert!(packet[6..12] != OWN.0);
        }
    }

    /// Frames with holes, repetitions and swaps: what comes is in order, once, and unchanged.
    #[test]
    fn order_and_content_survive(
        order in prop::collection::vec((0_u16..100, any::<bool>()), 0..200), window in 1_u16..70,
    ) {
        let (bench, id) = Bench::open(1, CCMP, false);
        bench.data.start_block_ack(&mut cx(), NOW, id, 0, 0, window);
        for (sequence, retry) in order {
            let air = Air::sealed(sequence, u64::from(sequence) + 1, &sequence.to_le_bytes());
            let air = if retry { air.retry() } else { air };
            bench.hear(&[air]);
        }
        bench.data.flush_reorder(&mut cx(), NOW.after_us(10_000_000));
        bench.data.drain(&mut cx(), &bench.os);
        let numbers: Vec<u16> = bench
            .payloads()
            .into_iter()
            .map(|bytes| u16::from_le_bytes(bytes.try_into().unwrap()))
            .collect();
        prop_assert!(numbers.is_sorted_by(|a, b| a < b), "{:?}", numbers);
    }
}
