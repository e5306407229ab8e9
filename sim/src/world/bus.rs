// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The bus between the driver and the chip: control transfers that sleep, bulk transfers that come
//! back whenever they like, also while the worker sleeps in a control transfer.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tern_chips::Any;
use tern_core::{
    chip::RegisterBus,
    device::Shared,
    io::{RxCarry, UsbPipe},
    os::{Atomic, OsError, Sleepable},
    types::Instant,
};

use super::ether::Ether;
use crate::{
    air::Micros,
    os::{Sent, SimBulk, SimOs, assert_unlocked},
};

/// The shared half of the device under test.
pub type Device = Shared<SimOs, UsbPipe<SimBulk, Any>, Any>;

/// A transfer out that was started takes up to so long.
const BULK_OUT_US: Micros = 2_000;

/// The wire: what is under way in both directions.
pub struct Wire<'d> {
    /// The driver.
    pub device: &'d Device,
    /// The other side.
    pub ether: Arc<Ether>,
    kind: Any,
    endpoints: Vec<u8>,
    state: Mutex<State>,
}

struct State {
    carry: RxCarry,
    /// With endpoint, and not before a time.
    outgoing: VecDeque<(Sent, u8, Micros)>,
    is_busy: bool,
}

impl std::fmt::Debug for Wire<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl<'d> Wire<'d> {
    /// A wire to a chip of this kind with these bulk OUT endpoints.
    pub fn new(device: &'d Device, ether: Arc<Ether>, kind: Any, endpoints: Vec<u8>) -> Self {
        let state = State { carry: RxCarry::default(), outgoing: VecDeque::new(), is_busy: false };
        Self { device, ether, kind, endpoints, state: Mutex::new(state) }
    }

    /// Completes transfers that are due, as interrupts would.
    pub fn interrupts(&self) {
        {
            let mut state = self.state.lock().unwrap();
            if state.is_busy {
                return;
            }
            state.is_busy = true;
        }
        self.start_sent();
        while let Some(sent) = self.take_done() {
            let queue = sent.queue;
            if self.device.data.pipe.bulk.complete(sent) {
                self.device.usb_sent(&mut Atomic::enter_from_shim(), queue);
            }
        }
        self.receive();
        self.state.lock().unwrap().is_busy = false;
    }

    /// When the next transfer out is due.
    pub fn next_event(&self) -> Option<Micros> {
        self.start_sent();
        self.state.lock().unwrap().outgoing.iter().map(|(.., at)| *at).min()
    }

    /// Nothing is under way any more: the shim has stopped the pipe.
    pub fn cancel(&self) {
        self.state.lock().unwrap().outgoing.clear();
    }

    fn start_sent(&self) {
        let sent = self.device.data.pipe.bulk.take_sent();
        let mut ether = self.ether.lock();
        let mut state = self.state.lock().unwrap();
        for sent in sent {
            let index = self.kind.endpoint(sent.queue, false, self.endpoints.len());
            let at = ether.now + ether.seed.draw() % BULK_OUT_US;
            state.outgoing.push_back((sent, self.endpoints[index], at));
        }
    }

    /// The next transfer out that the device took: in order within an endpoint, any order between.
    fn take_done(&self) -> Option<Sent> {
        let mut ether = self.ether.lock();
        let mut state = self.state.lock().unwrap();
        let mut passed = Vec::new();
        for index in 0..state.outgoing.len() {
            let (sent, endpoint, at) = &mut state.outgoing[index];
            let is_first = !passed.contains(endpoint);
            passed.push(*endpoint);
            if !is_first || (*at > ether.now && !ether.is_unplugged) {
                continue;
            }
            match ether.bulk_out(*endpoint, &sent.bytes) {
                Ok(()) => return state.outgoing.remove(index).map(|(sent, ..)| sent),
                Err(later) => *at = later,
            }
        }
        None
    }

    fn receive(&self) {
        while self.device.data.pipe.bulk.is_receiving() {
            let Some(bytes) = self.ether.lock().bulk_in() else { break };
            let mut carry = std::mem::take(&mut self.state.lock().unwrap().carry);
            self.device.usb_received(&mut Atomic::enter_from_shim(), &mut carry, &bytes);
            self.state.lock().unwrap().carry = carry;
        }
    }

    fn maybe_interrupts(&self) {
        let is_now = self.ether.lock().seed.chance(30);
        if is_now {
            self.interrupts();
        }
    }
}

/// The worker's way to the registers.
#[derive(Clone, Copy, Debug)]
pub struct SimBus<'d>(pub &'d Wire<'d>);

impl RegisterBus for SimBus<'_> {
    fn read(&mut self, _cx: &mut Sleepable, addr: u16, out: &mut [u8]) -> Result<(), OsError> {
        assert_unlocked("a control transfer");
        let result = self.0.ether.lock().read(addr, out);
        self.0.maybe_interrupts();
        result
    }
    fn write(&mut self, _cx: &mut Sleepable, addr: u16, data: &[u8]) -> Result<(), OsError> {
        assert_unlocked("a control transfer");
        let result = self.0.ether.lock().write(addr, data);
        self.0.maybe_interrupts();
        result
    }
    fn delay_us(&mut self, _cx: &mut Sleepable, micros: u32) {
        assert_unlocked("a delay");
        let mut ether = self.0.ether.lock();
        let to = ether.now + Micros::from(micros);
        ether.advance(to);
    }
    fn now(&self) -> Instant {
        Instant(self.0.ether.lock().now)
    }
}
