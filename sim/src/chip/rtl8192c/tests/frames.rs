// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Frames through the model, both ways.

use super::*;

/// 128 bits that are easy to see.
const KEY: [u8; 16] = *b"0123456789abcdef";

impl Bench {
    /// Writes a key into an entry as FreeBSD's driver does: control last.
    fn key(&mut self, entry: u32, address: [u8; 6], control: u32) {
        let [a, b, c, d, e, f] = address;
        let mut words = vec![(1, u32::from_le_bytes([c, d, e, f]))];
        for (at, word) in KEY.chunks(4).enumerate() {
            words.push((2 + at as u32, u32::from_le_bytes(word.try_into().unwrap())));
        }
        words.push((0, u32::from(a) << 16 | u32::from(b) << 24 | control));
        for (word, value) in words {
            self.w32(0x674, value);
            self.w32(0x670, 0x8001_0000 | (entry * 8 + word));
        }
    }
}

/// A data frame with a CCMP header.
fn protected(to_peer: bool) -> Vec<u8> {
    let mut frame = data(to_peer);
    frame[1] |= 0x40;
    frame.splice(26..26, [1, 0, 0, 0x20, 0, 0, 0, 0]);
    frame
}

#[test]
fn out_to_everybody_and_to_one() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    bench.bulk_out(2, &transfer(&broadcast(), |_| {})).unwrap();
    let heard = bench.heard();
    assert_eq!(
        (heard[0].bytes.as_slice(), heard[0].rate),
        (broadcast().as_slice(), Rate::Legacy(2))
    );
    // Data at BE goes to the second of two endpoints; MCS 7; a report is asked for.
    let words = |words: &mut [u32; 8]| {
        words[1] = 3;
        words[2] = 1 << 19;
        words[5] = 19;
    };
    bench.bulk_out(3, &transfer(&data(true), words)).unwrap();
    let heard = bench.heard();
    let mcs_7 = Rate::Ht { mcs: 7, width_mhz: 20, short_gi: false };
    assert_eq!((heard.len(), heard[0].rate), (1, mcs_7));
    assert_eq!(bench.r8(0x1af), 0xff);
    assert_eq!(bench.r8(0x1a0), 0x83);
    assert_eq!(bench.r32(0x1a4) >> 24, 3, "MACID");
    assert_eq!(bench.r32(0x1a8) >> 8 & 0x40, 0x40, "acknowledged");
    bench.w8(0x1af, 0);
    assert_eq!(bench.r8(0x1af), 0);
    assert_eq!(bench.codes(), [""; 0]);
}

#[test]
fn retries_end_and_are_reported() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    bench.air.acknowledge(bench.listener, &[]);
    let words = |words: &mut [u32; 8]| {
        words[1] = 0;
        words[2] = 1 << 19;
        words[5] = 1 << 17 | 3 << 18;
    };
    bench.bulk_out(3, &transfer(&data(true), words)).unwrap();
    assert_eq!(bench.heard().len(), 4);
    assert_eq!(bench.r8(0x1a2), 3);
    assert_eq!(bench.r8(0x1a8), 0x80, "retry over");
}

#[test]
fn the_firmware_chooses_what_it_was_told() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    bench.w16(0x088, 0xf015);
    bench.w32(0x1d0, 0x8000_0f86);
    bench.bulk_out(3, &transfer(&data(true), |words| (words[1], words[4]) = (0, 0))).unwrap();
    assert_eq!(bench.heard()[0].rate, Rate::Ht { mcs: 7, width_mhz: 20, short_gi: false });
    assert_eq!(bench.codes(), [""; 0]);
}

#[test]
fn hardware_sequence_numbers() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    for expected in 0..3_u16 {
        bench.bulk_out(2, &transfer(&broadcast(), |words| words[4] |= 1 << 7)).unwrap();
        let heard = bench.heard();
        assert_eq!(heard[0].bytes[22..24], (expected << 4).to_le_bytes());
    }
}

#[test]
fn several_frames_in_one_transfer() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    let mut bytes = transfer(&broadcast(), |words| words[5] = 2 << 24);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes.extend(transfer(&data(true), |words| words[1] = 7 << 8));
    bench.bulk_out(2, &bytes).unwrap();
    assert_eq!(bench.heard().len(), 2);
    assert_eq!(bench.codes(), [""; 0]);
}

#[test]
fn paused_queues_wait_and_the_buffer_fills() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    bench.w8(0x522, 0x3f);
    let mut frame = broadcast();
    frame.resize(1500, 0);
    let bytes = transfer(&frame, |_| {});
    let taken = (0..100).take_while(|_| bench.bulk_out(2, &bytes).is_ok()).count();
    assert_eq!(taken, 248 / 12, "pages of 128 bytes");
    assert!(matches!(bench.bulk_out(2, &bytes), Err(Refused::Busy(at)) if at > bench.now));
    assert_eq!(bench.heard(), []);
    bench.w8(0x522, 0);
    bench.now += 1_000_000;
    assert_eq!(bench.heard().len(), taken);
    assert_eq!(bench.bulk_out(2, &bytes), Ok(()));
}

#[test]
fn in_with_phy_status_and_fcs() {
    let mut bench = Bench::up(Model::Rtl8192cu);
    let frame = data(false);
    bench.send(&frame, Rate::Legacy(12));
    let transfer = bench.bulk_in().unwrap();
    assert_eq!(transfer.len(), 24 + 32 + frame.len() + 4);
    assert_eq!(usize::from(transfer[0]), frame.len() + 4);
    assert_eq!(transfer[12] & 0x3f, 4, "6 Mb/s");
    assert_eq!(i16::from(transfer[24 + 4] >> 1 & 0x7f) - 110, -50);
    assert_eq!(transfer[56..56 + frame.len()], frame);
    assert_eq!(transfer[56 + frame.len()..], fcs::fcs(&frame));
    assert_eq!(bench.bulk_in(), None);
    // Somebody else's, and nobody's.
    let mut other = frame;
    other[9] = 0x77;
    bench.send(&other, Rate::Legacy(12));
    assert_eq!(bench.bulk_in(), None);
    bench.w32(0x608, 0x1000_0001);
    bench.send(&other, Rate::Legacy(12));
    assert_eq!(bench.bulk_in().unwrap().len(), 56 + other.len(), "no FCS asked for");
    assert_eq!(bench.codes(), [""; 0]);
}

#[test]
fn acknowledges_its_own_address_while_it_receives() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    let outcome = |bench: &mut Bench| {
        let frame = OnAir::new(CHANNEL, Rate::LOWEST, data(false));
        bench.air.transmit(bench.now, bench.listener, frame, 1).acked
    };
    assert!(outcome(&mut bench));
    bench.w16(0x100, 0x067f);
    assert!(!outcome(&mut bench));
    bench.w16(0x100, 0x06ff);
    bench.tune(11);
    assert!(!outcome(&mut bench));
}

#[test]
fn aggregation() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    bench.w16(0x10c, 0xfaf4);
    bench.w8(0x280, 48);
    for _ in 0..3 {
        bench.send(&data(false), Rate::Legacy(12));
    }
    let transfer = bench.bulk_in().unwrap();
    let packet = 56 + data(false).len() + 4;
    assert_eq!(transfer.len(), 2 * packet.next_multiple_of(128) + packet);
    assert_eq!((transfer[10], transfer[128 * packet.div_ceil(128) + 10]), (3, 0), "count");
    // A threshold of one page: one at a time.
    bench.w8(0x280, 1);
    bench.send(&data(false), Rate::Legacy(12));
    bench.send(&data(false), Rate::Legacy(12));
    assert_eq!(bench.bulk_in().unwrap().len(), packet);
    assert_eq!(bench.bulk_in().unwrap().len(), packet);
}

#[test]
fn key_table_both_ways() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    bench.key(4, PEER, 0x8010);
    bench.w8(0x680, 0xcf);
    let mut sealed = protected(true);
    ccmp::seal(&KEY, &mut sealed).unwrap();
    bench.bulk_out(3, &transfer(&protected(true), |words| words[1] = 3 << 22)).unwrap();
    assert_eq!(bench.heard()[0].bytes, sealed);

    let (clear, mut sealed) = (protected(false), protected(false));
    ccmp::seal(&KEY, &mut sealed).unwrap();
    bench.send(&sealed, Rate::Legacy(12));
    let transfer = bench.bulk_in().unwrap();
    assert_eq!(transfer[2] >> 4 & 7, 4, "decrypted as AES");
    assert_eq!(transfer[3] & 8, 0, "nothing left to decrypt");
    assert_eq!(transfer[56..56 + clear.len()], clear);
    assert_eq!(transfer.len(), 56 + clear.len() + 8 + 4, "MIC and FCS stay");
    // A wrong MIC is dropped, unless such frames are asked for.
    sealed[50] ^= 1;
    bench.send(&sealed, Rate::Legacy(12));
    assert_eq!(bench.bulk_in(), None);
    bench.w32(0x608, 0xf000_020e);
    bench.send(&sealed, Rate::Legacy(12));
    let transfer = bench.bulk_in().unwrap();
    assert_eq!((transfer[1] & 0x80, transfer[3] & 8), (0x80, 8), "ICV error");
    assert_eq!(bench.codes(), [""; 0]);
    // Without the key the frame goes up as it came, and out in the clear with a fault.
    bench.w32(0x670, 0xc000_0000);
    bench.send(&sealed, Rate::Legacy(12));
    assert_eq!(bench.bulk_in().unwrap()[3] & 8, 8);
    let words = |words: &mut [u32; 8]| words[1] = 3 << 22;
    bench.bulk_out(3, &super::transfer(&protected(true), words)).unwrap();
    assert_eq!(bench.codes(), ["tx-no-key"]);
}

#[test]
fn beacons() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    let mut beacon = vec![0x80, 0, 0, 0];
    beacon.extend([0xff; 6]);
    beacon.extend(OWN);
    beacon.extend(OWN);
    beacon.extend([0; 2 + 8]);
    beacon.extend([100, 0, 0, 0]);
    bench.w8(0x20a, 0);
    bench.bulk_out(2, &transfer(&beacon, |words| words[1] = 0x10 << 8)).unwrap();
    assert_eq!(bench.r32(0x208) >> 16 & 1, 1, "valid");
    assert_eq!(bench.heard(), [], "not yet");
    bench.w16(0x554, 100);
    bench.w8(0x102, 3);
    bench.w8(0x550, 0x1a);
    bench.w8(0x553, 1);
    let start = bench.now;
    while let Some(due) = bench.chip.next_event(&bench.air).filter(|due| *due < start + 1_050_000) {
        bench.now = due;
        bench.chip.poll(due, &mut bench.air);
    }
    let heard = bench.heard();
    assert_eq!(heard.len(), 10);
    let stamps: Vec<u64> = heard
        .iter()
        .map(|heard| u64::from_le_bytes(heard.bytes[24..32].try_into().unwrap()))
        .collect();
    assert!(stamps.iter().zip(1..).all(|(stamp, at)| *stamp == at * 102_400), "{stamps:?}");
    bench.w8(0x522, 0x40);
    bench.now += 300_000;
    bench.chip.poll(bench.now, &mut bench.air);
    assert_eq!(bench.heard(), [], "paused");
    bench.w8(0x20a, 0);
    assert_eq!(bench.r32(0x208) >> 16 & 1, 0, "any write to its byte clears it");
    assert_eq!(bench.codes(), [""; 0]);
}

#[test]
fn beacons_of_the_own_network_set_the_timer() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    for (at, byte) in PEER.into_iter().enumerate() {
        bench.w8(0x618 + at as u16, byte);
    }
    bench.w8(0x102, 2);
    let mut beacon = vec![0x80, 0, 0, 0];
    beacon.extend([0xff; 6]);
    beacon.extend(PEER);
    beacon.extend(PEER);
    beacon.extend([0; 2]);
    beacon.extend((1_u64 << 33).to_le_bytes());
    beacon.extend([100, 0, 0, 0]);
    bench.w8(0x550, 0x10);
    bench.send(&beacon, Rate::LOWEST);
    assert!(bench.bulk_in().is_some());
    assert_eq!(bench.r32(0x564), 0, "updates disabled");
    bench.w8(0x550, 0);
    bench.send(&beacon, Rate::LOWEST);
    assert!(bench.bulk_in().is_some());
    assert_eq!(bench.r32(0x564), 2);
}

#[test]
fn unplugged_it_is_off_the_air() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    bench.chip.unplug(&mut bench.air);
    bench.send(&data(false), Rate::Legacy(12));
    assert_eq!(bench.bulk_in(), None);
}
