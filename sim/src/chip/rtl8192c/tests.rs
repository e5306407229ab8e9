// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The whole model, driven by hand: a bring-up in as few steps as the hardware needs, then frames.

mod frames;
mod order;

use super::*;
use crate::{
    air::{Conditions, OnAir, Rate},
    chip::Endpoint,
};

/// Address of the chip in these tests, and of its peer.
const OWN: [u8; 6] = [0x00, 0xe0, 0x4c, 0x00, 0x00, 0x01];
const PEER: [u8; 6] = [0x02, 0, 0, 0, 0, 0x09];
const CHANNEL: u8 = 6;

/// A chip with an air, a clock, and another radio that listens.
struct Bench {
    air: Air,
    chip: Rtl8192c,
    now: Micros,
    listener: RadioId,
}

impl Bench {
    fn new(model: Model) -> Self {
        Self::with(model, &[])
    }

    fn with(model: Model, injections: &[Injection]) -> Self {
        let mut air = Air::new(1, Conditions::default());
        let listener = air.join("listener");
        air.tune(listener, CHANNEL, 20);
        air.acknowledge(listener, &[PEER]);
        let config = Config { model, mac: OWN, injections: injections.to_vec() };
        let chip = Rtl8192c::new(&config, &mut air);
        Self { air, chip, now: 0, listener }
    }

    /// One that is up on channel 6 with firmware.
    fn up(model: Model) -> Self {
        let mut bench = Self::new(model);
        bench.power_on();
        bench.buffers();
        bench.firmware();
        bench.radio();
        bench
    }

    fn write(&mut self, address: u16, data: &[u8]) {
        self.now += 20;
        self.chip.write(self.now, &mut self.air, address, data).unwrap();
    }

    fn w8(&mut self, address: u16, value: u8) {
        self.write(address, &[value]);
    }

    fn w16(&mut self, address: u16, value: u16) {
        self.write(address, &value.to_le_bytes());
    }

    fn w32(&mut self, address: u16, value: u32) {
        self.write(address, &value.to_le_bytes());
    }

    fn r8(&mut self, address: u16) -> u8 {
        let mut out = [0];
        self.now += 20;
        self.chip.read(self.now, address, &mut out).unwrap();
        out[0]
    }

    fn r32(&mut self, address: u16) -> u32 {
        let mut out = [0; 4];
        self.now += 20;
        self.chip.read(self.now, address, &mut out).unwrap();
        u32::from_le_bytes(out)
    }

    fn power_on(&mut self) {
        self.w8(0x01c, 0);
        self.w16(0x004, 0x0102);
        assert_eq!(self.r32(0x004) & 0x100, 0, "the bit clears itself");
        self.w16(0x004, 0x0812);
        self.w16(0x100, 0x06ff);
    }

    fn buffers(&mut self) {
        for page in 0..=255_u32 {
            let next = match page {
                248 => 0xff,
                255 => 249,
                page => page + 1,
            };
            self.w32(0x1e0, 1 << 30 | page << 8 | next);
        }
        self.w8(0x214, 5);
        self.w32(0x200, 0x80e7_0507);
        for boundary in [0x424, 0x425, 0x45d, 0x114, 0x209] {
            self.w8(boundary, 249);
        }
        self.w16(0x116, 0x27ff);
        self.w8(0x104, 0x11);
        let map = if self.chip.model == Model::Rtl8192cu { 0xf5b0 } else { 0xfaf0 };
        self.w16(0x10c, map);
        self.w8(0x60f, 4);
        self.w16(0x42a, 0x3030);
    }

    fn firmware(&mut self) {
        self.w8(0x080, 0x01);
        for page in 0..3_u8 {
            self.w8(0x082, page);
            for block in 0..4096 / 128 {
                self.write(0x1000 + block * 128, &[page; 128]);
            }
        }
        assert_eq!(self.r32(0x080) & 4, 4);
        self.w8(0x080, 0x04);
        self.w8(0x080, 0x06);
        self.now += 10_000;
        assert_eq!(self.r32(0x080) & 0xc0, 0xc0);
    }

    fn radio(&mut self) {
        self.w16(0x002, 0x7417);
        self.w8(0x01f, 7);
        self.w32(0x824, 0x0039_0204);
        self.w32(0x800, 0x0300_0000);
        self.w32(0xe00, 0x2828_2828);
        self.w32(0xe08, 0x0000_2c00);
        self.w32(0xe10, 0x2828_2828);
        for row in 0..160 {
            self.w32(0xc78, row);
        }
        for (chain, register) in
            [0, 1].into_iter().flat_map(|chain| (0..12).map(move |r| (chain, r)))
        {
            self.w32(0x840 + 4 * chain, register << 20);
        }
        self.tune(CHANNEL);
        for (at, byte) in OWN.into_iter().enumerate() {
            self.w8(0x610 + at as u16, byte);
        }
        // Own, multicast, broadcast; PHY status, ICV, MIC, FCS.
        self.w32(0x608, 0xf000_000e);
        self.w16(0x6a0, 0xffff);
        self.w16(0x6a4, 0xffff);
    }

    fn tune(&mut self, channel: u8) {
        self.w32(0x840, 0x0180_0c00 & !0xff | u32::from(channel));
    }

    fn bulk_out(&mut self, endpoint: u8, transfer: &[u8]) -> Result<(), Refused> {
        self.chip.bulk_out(self.now, &mut self.air, endpoint, transfer)
    }

    /// Lets time pass and takes one transfer.
    fn bulk_in(&mut self) -> Option<Vec<u8>> {
        self.now += 10_000;
        self.chip.poll(self.now, &mut self.air);
        self.chip.bulk_in(self.now, &mut self.air)
    }

    /// What the listener has heard, after a while.
    fn heard(&mut self) -> Vec<crate::air::Heard> {
        self.now += 50_000;
        std::iter::from_fn(|| self.air.receive(self.now, self.listener)).collect()
    }

    /// The listener sends.
    fn send(&mut self, frame: &[u8], rate: Rate) {
        let on_air = OnAir::new(CHANNEL, rate, frame.to_vec());
        self.air.transmit(self.now, self.listener, on_air, 1);
    }

    fn codes(&self) -> Vec<&'static str> {
        self.chip.faults().iter().map(|fault| fault.code).collect()
    }
}

/// A management frame for everybody.
fn broadcast() -> Vec<u8> {
    let mut frame = vec![0x40, 0, 0, 0];
    frame.extend([0xff; 6]);
    frame.extend(OWN);
    frame.extend([0xff; 6]);
    frame.extend([0, 0, 0, 0]);
    frame
}

/// A data frame to or from the peer.
fn data(to_peer: bool) -> Vec<u8> {
    let mut frame = vec![0x88, if to_peer { 1 } else { 2 }, 0, 0];
    let (to, from) = if to_peer { (PEER, OWN) } else { (OWN, PEER) };
    frame.extend(to);
    frame.extend(from);
    frame.extend(PEER);
    frame.extend([0x10, 0, 0, 0]);
    frame.extend(b"payload of some length");
    frame
}

/// A transfer: descriptor with these words (checksum filled in), then the frame.
fn transfer(frame: &[u8], edit: impl FnOnce(&mut [u32; 8])) -> Vec<u8> {
    let mut words = [0; 8];
    words[0] = frame.len() as u32 | 32 << 16 | 0x8c << 24;
    words[1] = 0x12 << 8;
    words[4] = 1 << 8;
    edit(&mut words);
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let sum = tx_descriptor::checksum(bytes.as_slice().try_into().unwrap());
    bytes[28..30].copy_from_slice(&sum.to_le_bytes());
    bytes.extend(frame);
    bytes
}

#[test]
fn identity_fits_the_registers() {
    for model in MODELS {
        let mut bench = Bench::new(model);
        let identity = bench.chip.identity();
        assert_eq!(bench.r32(0xfe60).to_le_bytes()[..2], identity.vendor.to_le_bytes());
        let is_out = |endpoint: &&Endpoint| endpoint.address & 0x80 == 0;
        let outs = identity.endpoints.iter().filter(is_out).count();
        let nibbles = (0..3).filter(|at| bench.chip.peek(0xfe66) >> (4 * at) & 0xf != 0).count();
        assert_eq!(outs, nibbles);
        assert_eq!(bench.r32(0x0f0) >> 27 & 1 == 1, model == Model::Rtl8192cu);
        assert_eq!(bench.r8(0x100), 0xea, "the MAC is off");
    }
}

#[test]
fn efuse_by_bytes_and_by_words() {
    let mut bench = Bench::new(Model::Rtl8188cus);
    bench.w8(0x0cf, 0x69);
    bench.w32(0x030, 0);
    assert_eq!(bench.r32(0x030), 1 << 31 | 0x0e, "header of the first section");
    for (at, expected) in [(1, 0x29), (2, 0x81)] {
        bench.w8(0x031, at);
        bench.w8(0x032, 0);
        let top = bench.r8(0x033);
        bench.w8(0x033, top & 0x7f);
        assert_eq!(bench.r8(0x033) & 0x80, 0x80);
        assert_eq!(bench.r8(0x030), expected);
    }
    assert!(bench.chip.notes().is_empty());
}

#[test]
fn up_down_up() {
    let mut bench = Bench::up(Model::Rtl8192cu);
    assert_eq!(bench.chip.tuning(), Some(Tuning { channel: CHANNEL, width_mhz: 20 }));
    assert_eq!(bench.chip.firmware_image().len(), 3 * 4096);
    bench.w16(0x004, 0x4802);
    bench.w8(0x01c, 0x0e);
    assert_eq!(bench.chip.tuning(), None);
    assert_eq!(bench.r8(0x200), 0xea);
    bench.power_on();
    assert_eq!(bench.r32(0x200), 0, "registers start anew");
    bench.buffers();
    bench.firmware();
    bench.radio();
    assert_eq!(bench.codes(), [""; 0]);
    bench.bulk_out(2, &transfer(&broadcast(), |_| {})).unwrap();
    assert_eq!(bench.heard().len(), 1);
    assert_eq!(bench.codes(), [""; 0]);
}

#[test]
fn self_reset_of_the_firmware() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    bench.w8(0x1cf, 0x20);
    assert_eq!(bench.r8(0x003) & 4, 0);
    bench.w32(0x1d0, 2);
    assert_eq!(bench.codes(), ["h2c-without-firmware"]);
}

#[test]
fn rf_registers_and_calibration() {
    let mut bench = Bench::up(Model::Rtl8192cu);
    bench.w32(0x840, 0x0a << 20 | 0x1_2345);
    bench.w32(0x844, 0x0a << 20 | 0x5_4321);
    for (chain, value) in [(0, 0x1_2345), (1, 0x5_4321)] {
        bench.w32(0x824, 0x0039_0204);
        bench.w32(0x824 + 8 * chain, 0x8000_0000 | 0x0a << 23);
        assert_eq!(bench.r32(0x8a0 + 4 * chain), value);
        assert_eq!(bench.r32(0x8b8 + 4 * chain), value);
    }
    bench.w32(0x840, 0x0180_8c06);
    assert_eq!(bench.chip.lc_calibrations(), 1);
    assert_eq!(bench.r32(0xe94), 0);
    bench.w32(0xe48, 0xf900_0000);
    bench.w32(0xe48, 0xf800_0000);
    assert_eq!((bench.r32(0xe94), bench.r32(0xeac)), (0x0100_0000, 0));
    assert_eq!(bench.r32(0xeb4), 0);
    bench.w32(0xe60, 2);
    bench.w32(0xe60, 0);
    assert_eq!(bench.r32(0xeb4), 0x0100_0000);
    assert_eq!(bench.codes(), [""; 0]);
}

#[test]
fn timer() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    let (before, at) = (bench.r32(0x560), bench.now);
    bench.now += 1_000;
    let after = bench.r32(0x560);
    assert_eq!(u64::from(after - before), bench.now - at);
    bench.w32(0x564, 7);
    bench.w32(0x560, 100);
    assert_eq!(bench.r32(0x560), 120);
    assert_eq!(bench.r32(0x564), 7);
    bench.w8(0x553, 1);
    assert!(bench.r32(0x560) < 100);
}

#[test]
fn impossible_requests_are_stalls() {
    let mut bench = Bench::up(Model::Rtl8188cus);
    let mut out = [0; 300];
    assert_eq!(bench.chip.read(0, 0, &mut out), Err(Stall));
    assert_eq!(bench.chip.read(0, 0xffff, &mut out[..2]), Err(Stall));
    assert_eq!(bench.chip.write(0, &mut bench.air, 0xfffe, &[0; 4]), Err(Stall));
    assert_eq!(bench.chip.write(0, &mut bench.air, 0, &[]), Err(Stall));
    assert_eq!(bench.bulk_out(9, &[]), Err(Refused::Stall));
}
