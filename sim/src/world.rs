// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! One device, its chip model, and an access point on a bad channel.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::Ordering},
};

use tern_chips::{Any, AnyChip};
use tern_core::{
    chip::RegisterBus,
    control::{ControlRequest, Failure, Notice},
    device::{Next, Shared, Worker},
    io::{RxCarry, UsbPipe},
    os::{Atomic, OsError, Sleepable},
    types::{Channel, Instant, MacAddr, RequestId, Ssid, VapId},
    wire::{Beacon, MGMT_LEN_MAX, Mgmt, Subtype},
};

use crate::{Event, Seed, SimBulk, SimOs, os::assert_unlocked};

/// The shared half of the device under test.
pub type Device = Shared<SimOs, UsbPipe<SimBulk, Any>, Any>;

/// A device with its one interface, and `slots` places in each queue.
pub fn device(slots: usize) -> Result<Device, OsError> {
    let os = SimOs::default();
    *os.vap.lock().unwrap() = Some(World::VAP);
    Shared::new(os, UsbPipe::new(SimBulk::new(slots), Any::Rtl8188E), Any::Rtl8188E)
}

/// A chip seen from the bus: a register file that remembers each write, and can fail.
#[derive(Clone, Debug, Default)]
pub struct SimBus(Arc<Mutex<Registers>>);

#[derive(Debug, Default)]
struct Registers {
    bytes: BTreeMap<u16, u8>,
    writes: Vec<String>,
    transfers_left: Option<u32>,
}

impl SimBus {
    const CR: u16 = 0x100;
    const RF_WRITE: u16 = 0x840;
    const BSSID: u16 = 0x618;

    /// Each write as `address = value`, in order, since the last call.
    pub fn take_writes(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().writes)
    }
    /// Lets `left` transfers through, then none, as when the stick is pulled out.
    pub fn unplug_after(&self, left: u32) {
        self.0.lock().unwrap().transfers_left = Some(left);
    }
    /// Transfers left before the stick is pulled.
    pub fn transfers_left(&self) -> Option<u32> {
        self.0.lock().unwrap().transfers_left
    }
    /// What the radio is tuned to.
    pub fn channel(&self) -> Option<Channel> {
        Channel::new(*self.0.lock().unwrap().bytes.get(&Self::RF_WRITE)?)
    }
    /// The network that the chip belongs to.
    pub fn bssid(&self) -> MacAddr {
        let registers = self.0.lock().unwrap();
        let byte = |at| registers.bytes.get(&(Self::BSSID + at)).copied().unwrap_or(0);
        MacAddr([0, 1, 2, 3, 4, 5].map(byte))
    }
}

impl Registers {
    fn count(&mut self) -> Result<(), OsError> {
        assert_unlocked();
        match &mut self.transfers_left {
            Some(0) => Err(OsError::Detached),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl RegisterBus for SimBus {
    fn read(&mut self, _cx: &mut Sleepable, addr: u16, out: &mut [u8]) -> Result<(), OsError> {
        let mut registers = self.0.lock().unwrap();
        registers.count()?;
        for (at, byte) in (addr..).zip(out) {
            *byte = registers.bytes.get(&at).copied().unwrap_or(0);
        }
        Ok(())
    }
    fn write(&mut self, _cx: &mut Sleepable, addr: u16, data: &[u8]) -> Result<(), OsError> {
        let mut registers = self.0.lock().unwrap();
        registers.count()?;
        let is_on = registers.bytes.get(&Self::CR).is_some_and(|byte| *byte != 0);
        assert!(is_on || addr == Self::CR, "{addr:04x} written before power-on");
        registers.bytes.extend((addr..).zip(data.iter().copied()));
        let value: String = data.iter().rev().map(|byte| format!("{byte:02x}")).collect();
        registers.writes.push(format!("{addr:04x} = {value}"));
        Ok(())
    }
    fn delay_us(&mut self, _cx: &mut Sleepable, _micros: u32) {
        assert_unlocked();
    }
}

/// The air: one access point, and a channel that loses, delays, reorders and repeats frames.
#[derive(Debug)]
pub struct Air {
    seed: Seed,
    trouble_percent: u64,
    in_flight: Vec<(u64, Vec<u8>)>,
}

impl Air {
    /// The access point heard a frame; its answer comes at some time, perhaps.
    fn hear(&mut self, now_us: u64, frame: &[u8]) {
        let Some(request) = Mgmt::parse(frame) else { return };
        let answer = |subtype| {
            let mut answer = [0; MGMT_LEN_MAX];
            Mgmt { subtype, bssid: World::AP, code: 0 }.emit(&mut answer);
            answer.to_vec()
        };
        let answer = match request.subtype {
            Subtype::ProbeRequest => World::beacon().emit().to_vec(),
            Subtype::Auth => answer(Subtype::Auth),
            Subtype::AssocRequest => answer(Subtype::AssocResponse),
            other => panic!("a station never sends {other:?} here"),
        };
        if self.seed.chance(self.trouble_percent) {
            return;
        }
        for _ in 0..1 + u64::from(self.seed.chance(self.trouble_percent)) {
            let is_late = self.seed.chance(self.trouble_percent);
            let delay = self.seed.draw() % if is_late { 250_000 } else { 5_000 };
            self.in_flight.push((now_us + delay, answer.clone()));
        }
    }
}

/// The worker moves into a thread of its own; the shared half is called from all of them.
const _: fn() = || {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    is_send::<Worker<'_, SimOs, UsbPipe<SimBulk, Any>, Any, AnyChip<SimBus>>>();
    is_sync::<Device>();
};

/// One device in its world.
pub struct World<'d> {
    /// The half that tests may call as they like.
    pub device: &'d Device,
    /// The chip's side of the bus.
    pub bus: SimBus,
    /// The air.
    pub air: Air,
    /// Ids of all requests made, in order.
    pub requests: Vec<RequestId>,
    /// Whether the worker has ended.
    pub is_stopped: bool,
    worker: Worker<'d, SimOs, UsbPipe<SimBulk, Any>, Any, AnyChip<SimBus>>,
    carry: RxCarry,
}

impl<'d> World<'d> {
    /// The one interface.
    pub const VAP: VapId = VapId { slot: 0, generation: 1 };
    /// The one access point.
    pub const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
    /// Its channel.
    pub const SIX: Channel = Channel::new(6).unwrap();

    /// What the access point says of itself.
    pub fn beacon() -> Beacon {
        Beacon { bssid: Self::AP, ssid: Ssid::new(b"tern").unwrap(), channel: Self::SIX }
    }

    /// A world for `seed`; `trouble_percent` of all frames are lost, late, or come twice.
    pub fn new(device: &'d Device, seed: u64, trouble_percent: u64) -> Self {
        let bus = SimBus::default();
        let chip = Any::for_usb(0x0bda, 0x8179).unwrap().on_bus(bus.clone());
        let worker = device.attach(&mut Sleepable::enter_from_shim(), chip).unwrap();
        let air = Air { seed: Seed::new(seed), trouble_percent, in_flight: Vec::new() };
        let (requests, carry) = (Vec::new(), RxCarry::default());
        Self { device, bus, air, requests, is_stopped: false, worker, carry }
    }

    /// Makes a request and lets the worker run; the answer, or `None` if none has come.
    pub fn ask(&mut self, request: ControlRequest) -> Option<Result<(), Failure>> {
        let id = self.post(request).unwrap();
        self.work();
        self.device.collect(&mut Sleepable::enter_from_shim(), id)
    }

    /// Makes a request and leaves it there.
    pub fn post(&mut self, request: ControlRequest) -> Result<RequestId, Failure> {
        let id = self.device.request(&mut Sleepable::enter_from_shim(), Self::VAP, request)?;
        self.requests.push(id);
        Ok(id)
    }

    /// Lets the worker run until it sleeps, and the air have what was sent.
    pub fn work(&mut self) {
        while !self.is_stopped {
            let next = self.worker.run(&mut Sleepable::enter_from_shim());
            self.is_stopped = next == Next::Stopped;
            for (queue, bytes) in self.device.data.pipe.bulk.complete_all() {
                self.device.usb_sent(&mut Atomic::enter_from_shim(), queue);
                if self.bus.channel() == Some(Self::SIX) {
                    self.air.hear(self.now_us(), &bytes[32..]);
                }
            }
            let is_woken = self.device.os.is_woken.swap(false, Ordering::AcqRel);
            if next == Next::Sleep && !is_woken {
                break;
            }
        }
    }

    /// Lets the next thing happen; `false` when there is none.
    pub fn step(&mut self) -> bool {
        self.work();
        let frame_at = self.air.in_flight.iter().map(|(at, _)| *at).min();
        let deadline = self.device.os.deadline.lock().unwrap().map(|Instant(at)| at);
        let Some(next) = [frame_at, deadline].into_iter().flatten().min() else { return false };
        self.device.os.now_us.fetch_max(next, Ordering::Relaxed);
        if let Some(index) = self.air.in_flight.iter().position(|(at, _)| *at <= next) {
            let (_, frame) = self.air.in_flight.swap_remove(index);
            if self.bus.channel() == Some(Self::SIX) {
                self.receive(&rx_unit(0, &frame));
            }
        }
        self.work();
        true
    }

    /// Lets time pass until nothing is left to happen.
    pub fn run(&mut self) {
        for _ in 0..10_000 {
            if !self.step() {
                return;
            }
        }
        panic!("the device never comes to rest");
    }

    /// A receive transfer comes in.
    pub fn receive(&mut self, transfer: &[u8]) {
        self.device.usb_received(&mut Atomic::enter_from_shim(), &mut self.carry, transfer);
    }

    /// The shim ends the device.
    pub fn stop(&mut self) {
        self.device.stop(&mut Sleepable::enter_from_shim());
        self.work();
        assert!(self.is_stopped);
    }

    /// Results that waiters of `id` were given.
    pub fn answers(&self, id: RequestId) -> Vec<Result<(), Failure>> {
        let mine = |event| match event {
            Event::Complete(other, result) if other == id => Some(result),
            _ => None,
        };
        self.device.os.events().into_iter().filter_map(mine).collect()
    }

    /// Outcomes of `id` that the user was told.
    pub fn outcomes(&self, id: RequestId) -> Vec<Result<(), Failure>> {
        let mine = |event| match event {
            Event::Notice(Notice::Outcome(other, result)) if other == id => Some(result),
            _ => None,
        };
        self.device.os.events().into_iter().filter_map(mine).collect()
    }

    /// Whether data may flow, as the data path sees it.
    pub fn is_open(&self) -> bool {
        self.device.data.is_open(&mut Sleepable::enter_from_shim(), Self::VAP)
    }

    fn now_us(&self) -> u64 {
        self.device.os.now_us.load(Ordering::Relaxed)
    }
}

/// A receive unit as the RTL8188E makes it; `kind` 0 is a frame.
pub fn rx_unit(kind: u32, payload: &[u8]) -> Vec<u8> {
    let mut unit = vec![0; 24];
    unit[..4].copy_from_slice(&u32::try_from(payload.len()).unwrap().to_le_bytes());
    unit[12..16].copy_from_slice(&(kind << 14).to_le_bytes());
    unit.extend(payload);
    unit.resize(unit.len().next_multiple_of(128), 0);
    unit
}
