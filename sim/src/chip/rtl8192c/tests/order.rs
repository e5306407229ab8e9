// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a real chip would not forgive is said, and what goes wrong on purpose is seen.

use proptest::prelude::*;

use super::*;

#[test]
fn mac_off() {
    let mut bench = Bench::new(Model::Rtl8188cus);
    bench.w8(0x420, 0x80);
    assert_eq!(bench.codes(), ["mac-off"]);
    assert_eq!(bench.chip.peek(0x420), 0, "and lost");
    bench.bulk_out(2, &transfer(&broadcast(), |_| {})).unwrap();
    assert_eq!(bench.codes(), ["mac-off", "tx-before-enable"]);
}

#[test]
fn locked_power_registers() {
    let mut bench = Bench::new(Model::Rtl8188cus);
    bench.w8(0x01c, 0x0e);
    bench.w16(0x004, 0x0102);
    assert_eq!(bench.codes(), ["power-locked"]);
}

/// A step of the bring-up that is left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Buffers,
    Firmware,
    Radio,
}

fn without(step: Step) -> Bench {
    let mut bench = Bench::new(Model::Rtl8192cu);
    bench.power_on();
    if step != Step::Buffers {
        bench.buffers();
    }
    if step != Step::Firmware {
        bench.firmware();
    }
    if step != Step::Radio {
        bench.radio();
    }
    bench
}

#[test]
fn link_table_and_boundaries() {
    let mut bench = without(Step::Buffers);
    bench.w16(0x10c, 0xf5b0);
    bench.bulk_out(2, &transfer(&broadcast(), |_| {})).unwrap();
    let codes = bench.codes();
    let expected = ["tx-without-pages", "link-table", "boundary", "rx-boundary", "page-size"];
    assert_eq!(codes, expected);
}

#[test]
fn rate_by_a_firmware_that_is_not_there() {
    let mut bench = without(Step::Firmware);
    bench.bulk_out(2, &transfer(&broadcast(), |words| words[4] = 0)).unwrap();
    assert_eq!(bench.codes(), ["tx-rate-without-firmware"]);
}

#[test]
fn radio_off() {
    let mut bench = without(Step::Radio);
    bench.bulk_out(2, &transfer(&broadcast(), |_| {})).unwrap();
    assert_eq!(bench.codes(), ["tx-without-tables", "tx-untuned"]);
    assert_eq!(bench.heard(), []);
}

#[test]
fn descriptors() {
    type Edit = fn(&mut [u32; 8]);
    let cases: [(&str, Edit); 8] = [
        ("tx-flags", |words| words[0] &= !(1 << 31)),
        ("tx-offset", |words| words[0] = words[0] & !(0xff << 16) | 40 << 16),
        ("tx-length", |words| words[0] += 1),
        ("tx-queue", |words| words[1] = 0x0a << 8),
        ("tx-endpoint", |words| words[1] = 0),
        ("tx-rate", |words| words[5] = 40),
        ("tx-width", |words| words[4] |= 1 << 25),
        ("tx-security-off", |words| words[1] |= 3 << 22),
    ];
    for (code, edit) in cases {
        let mut bench = Bench::up(Model::Rtl8192cu);
        if code == "tx-security-off" {
            bench.w8(0x101, 0);
        }
        let mut frame = broadcast();
        if code == "tx-offset" {
            frame.extend([0; 8]);
        }
        let mut bytes = transfer(&frame, edit);
        if code == "tx-offset" {
            bytes.extend([0; 8]);
        }
        bench.bulk_out(2, &bytes).unwrap();
        assert_eq!(bench.codes(), [code]);
    }
    let mut bench = Bench::up(Model::Rtl8188cus);
    bench.bulk_out(2, &transfer(&broadcast(), |words| words[5] = 20)).unwrap();
    assert_eq!(bench.codes(), ["tx-streams"]);
    bench.bulk_out(2, &[0; 10]).unwrap();
    assert_eq!(bench.codes(), ["tx-streams", "tx-short"]);
}

#[test]
fn checksums() {
    let mut bytes = transfer(&broadcast(), |_| {});
    bytes[28] ^= 1;
    let mut bench = Bench::up(Model::Rtl8188cus);
    bench.bulk_out(2, &bytes).unwrap();
    assert_eq!((bench.codes().as_slice(), bench.heard().len()), (&["tx-checksum"][..], 1));
    bench.w8(0x20d, 2);
    bench.bulk_out(2, &bytes).unwrap();
    assert_eq!(bench.heard().len(), 0, "dropped on request");
}

#[test]
fn modulation_off() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    bench.w32(0x800, 0x0200_0000);
    bench.bulk_out(2, &transfer(&broadcast(), |_| {})).unwrap();
    assert_eq!(bench.codes(), ["tx-modulation"]);
}

#[test]
fn baseband_in_reset_loses_writes() {
    let mut bench = Bench::new(Model::Rtl8188cus);
    bench.power_on();
    // The 8051 and the digital core stay on; the baseband is in reset.
    bench.w16(0x002, 0x5414);
    bench.w32(0x800, 0x0300_0000);
    assert_eq!(bench.chip.peek(0x800), 0);
    bench.w16(0x002, 0x7417);
    bench.w32(0x840, 0x0180_0c06);
    let notes: Vec<&str> = bench.chip.notes().iter().map(|note| note.code).collect();
    assert_eq!(notes, ["baseband-off", "rf-off"]);
    assert_eq!(bench.codes(), [""; 0]);
}

#[test]
fn rf_by_parts() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    bench.w16(0x840, 0x0c06);
    assert_eq!(bench.codes(), ["rf-narrow"]);
}

#[test]
fn stuck_on_purpose() {
    let mut bench = Bench::with(Model::Rtl8188cus, &[Injection::PowerStuck]);
    bench.w16(0x004, 0x0102);
    assert_eq!(bench.r32(0x004) & 0x100, 0x100);
    let mut bench = Bench::up(Model::Rtl8188cus);
    bench.chip.inject(Injection::MailboxStuck);
    bench.w32(0x1d0, 2);
    assert_eq!(bench.r8(0x1cc), 1);
    for index in 1..4 {
        bench.w32(0x1d0 + 4 * index, 2);
    }
    bench.w32(0x1d0, 2);
    assert_eq!(bench.codes(), ["h2c-overrun"]);
    let mut bench = Bench::with(Model::Rtl8188cus, &[Injection::AutoloadFailed]);
    assert_eq!(bench.r8(0x00a), 0);
    let mut bench = Bench::with(Model::Rtl8188cus, &[Injection::FirmwareStale]);
    assert_eq!(bench.r32(0x080), 0xc6);
    bench.power_on();
    bench.w32(0x1d0, 2);
    assert_eq!(bench.codes(), ["h2c-without-firmware"], "ready bits alone are no firmware");
}

proptest! {
    /// Nothing that a driver does makes the model panic.
    #[test]
    fn any_driver(
        steps in proptest::collection::vec(
            (0_u8..6, any::<u16>(), proptest::collection::vec(any::<u8>(), 0..80)),
            0..200,
        ),
        is_up in any::<bool>(),
    ) {
        let mut bench =
            if is_up { Bench::up(Model::Rtl8192cu) } else { Bench::new(Model::Rtl8192cu) };
        for (kind, word, bytes) in steps {
            bench.now += u64::from(word);
            let (now, air) = (bench.now, &mut bench.air);
            match kind {
                0 | 1 => drop(bench.chip.write(now, air, word & 0xfff, &bytes)),
                2 => drop(bench.chip.read(now, word, &mut vec![0; bytes.len()])),
                3 => drop(bench.chip.bulk_out(now, air, 2 + (word % 3) as u8, &bytes)),
                4 => drop(bench.bulk_in()),
                _ => {
                    let mut frame = data(false);
                    frame.truncate(usize::from(word % 50));
                    frame.extend(bytes);
                    bench.send(&frame, Rate::LOWEST);
                }
            }
        }
    }

    /// The same for transfers that look right at first.
    #[test]
    fn any_descriptor(words in any::<[u32; 8]>(), frame in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut bench = Bench::up(Model::Rtl8192cu);
        let bytes = transfer(&frame, |place| {
            for (place, word) in place.iter_mut().zip(words) {
                *place ^= word & 0x0fff_0fff;
            }
        });
        let _ = bench.bulk_out(2, &bytes);
        bench.bulk_in();
    }
}
