// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! USB: the stick's control requests and bulk transfers, on the models of `sim`.

use std::collections::VecDeque;

use tern_sim::{
    air::Micros,
    chip::{Config, Rtl8192c, UsbChip as _, UsbIdentity},
};

use super::State;

/// A transfer out takes up to so long, drawn anew for each.
const OUT_US: Micros = 2_000;
/// bRequest of register accesses.
const REGISTERS: u8 = 5;
const GET_DESCRIPTOR: u8 = 6;
/// Accesses that are kept for comparison.
const LOG_MAX: usize = 200_000;

/// The numbers of `enum rig_usb_status`.
pub(crate) const OK: u32 = 0;
pub(crate) const STALLED: u32 = 1;
pub(crate) const GONE: u32 = 2;
pub(crate) const CANCELLED: u32 = 3;

/// A stick, which can be plugged in again.
#[derive(Clone, Debug)]
pub struct Stick {
    /// What chip it is.
    pub config: Config,
    /// What it enumerates as.
    pub identity: UsbIdentity,
}

/// One register access as the model saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// When.
    pub at: Micros,
    /// Whether it wrote.
    pub is_write: bool,
    /// The register.
    pub address: u16,
    /// The bytes.
    pub data: Vec<u8>,
}

/// A transfer under way.
#[derive(Clone, Debug)]
struct Transfer {
    key: usize,
    endpoint: u8,
    data: usize,
    len: usize,
    not_before: Micros,
}

/// A transfer that has come back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    pub(crate) key: usize,
    pub(crate) len: usize,
    pub(crate) status: u32,
}

/// The bus.
pub(crate) struct Bus {
    stick: Stick,
    is_plugged: bool,
    under_way: Vec<Transfer>,
    done: VecDeque<Done>,
    log: VecDeque<Access>,
    pub(crate) count: u64,
    /// A driver may have the stick.
    is_taken: bool,
    /// Somebody attaches, detaches, suspends or resumes.
    pub(crate) is_exploring: bool,
}

/// Who lets go of a stick that is gone sleeps on this address.
static UNPLUGGED: u8 = 0;

/// Who waits for the bus sleeps on this one.
static EXPLORED: u8 = 0;

pub(crate) fn explore_channel() -> usize {
    &raw const EXPLORED as usize
}

pub(crate) fn unplug_channel() -> usize {
    &raw const UNPLUGGED as usize
}

impl Bus {
    pub(crate) fn new(stick: Stick) -> Self {
        Self {
            stick,
            is_plugged: false,
            under_way: Vec::new(),
            done: VecDeque::new(),
            log: VecDeque::new(),
            count: 0,
            is_taken: false,
            is_exploring: false,
        }
    }

    pub(crate) fn has_done(&self) -> bool {
        !self.done.is_empty()
    }

    /// The stick is gone, and its driver has not been told.
    pub(crate) fn is_to_let_go(&self) -> bool {
        !self.is_plugged && self.is_taken
    }

    pub(crate) fn take_done(&mut self) -> Option<Done> {
        self.done.pop_front()
    }
}

impl State {
    pub(crate) fn is_plugged(&self) -> bool {
        self.bus.is_plugged && !self.ether.lock().is_unplugged
    }

    /// Pulls the stick out.
    pub fn pull_out(&mut self) {
        let mut ether = self.ether.lock();
        if !ether.is_unplugged {
            let inner = &mut *ether;
            inner.is_unplugged = true;
            inner.chip.unplug(&mut inner.air);
        }
        drop(ether);
        self.bus.is_plugged = false;
        self.poll_bus();
    }

    /// Plugs the stick in: a chip that had no power.
    pub fn plug_in(&mut self) {
        let mut ether = self.ether.lock();
        let inner = &mut *ether;
        if inner.is_unplugged {
            inner.chip = Rtl8192c::new(&self.bus.stick.config, &mut inner.air);
            inner.is_unplugged = false;
            inner.unplug_at = None;
        }
        drop(ether);
        self.bus.is_plugged = true;
        self.bus.is_taken = true;
    }

    /// The driver of the stick that is gone has let go of it.
    pub fn has_let_go(&mut self) {
        self.bus.is_taken = false;
        self.wake(super::user::events_channel(), u32::MAX);
    }

    /// Whether it has.
    pub fn is_let_go(&self) -> bool {
        !self.bus.is_taken
    }

    /// Register accesses since the last time.
    pub fn take_accesses(&mut self) -> Vec<Access> {
        self.bus.log.drain(..).collect()
    }

    /// A control request; status and bytes that were moved.
    pub(crate) fn control(&mut self, setup: (u8, u8, u16, u16), data: &mut [u8]) -> (u32, usize) {
        let (request_type, request, value, index) = setup;
        self.bus.count += 1;
        if !self.is_plugged() {
            return (GONE, 0);
        }
        let is_in = request_type & 0x80 != 0;
        if request_type & 0x60 == 0 {
            return self.standard(request_type, request, value, data);
        }
        if request_type & 0x7f != 0x40 || request != REGISTERS || index != 0 {
            self.fault(&format!(
                "control request {request_type:#04x} {request} with wIndex {index} is none of the chip's"
            ));
            return (STALLED, 0);
        }
        let mut ether = self.ether.lock();
        let result = if is_in { ether.read(value, data) } else { ether.write(value, data) };
        let at = ether.now;
        let is_gone = ether.is_unplugged;
        drop(ether);
        if is_gone {
            return (GONE, 0);
        }
        if result.is_err() {
            return (STALLED, 0);
        }
        if self.bus.log.len() < LOG_MAX {
            let data = data.to_vec();
            self.bus.log.push_back(Access { at, is_write: !is_in, address: value, data });
        }
        (OK, data.len())
    }

    fn standard(
        &mut self,
        request_type: u8,
        request: u8,
        value: u16,
        data: &mut [u8],
    ) -> (u32, usize) {
        if request_type == 0x80 && request == GET_DESCRIPTOR {
            let Some(bytes) = self.bus.stick.identity.descriptor(value) else {
                return (STALLED, 0);
            };
            let len = bytes.len().min(data.len());
            data[..len].copy_from_slice(&bytes[..len]);
            return (OK, len);
        }
        // SET_CONFIGURATION, SET_INTERFACE, CLEAR_FEATURE: there is one of each, and no halt stays.
        if matches!(request, 1 | 3 | 9 | 11) && request_type & 0x80 == 0 {
            return (OK, 0);
        }
        self.fault(&format!("standard request {request_type:#04x} {request}"));
        (STALLED, 0)
    }

    pub(crate) fn start_transfer(&mut self, key: usize, endpoint: u8, data: usize, len: usize) {
        self.bus.count += 1;
        if self.is_transfer_busy(key) {
            return self.fault("a transfer is started while it is under way");
        }
        let known = self.bus.stick.identity.endpoints.iter();
        if !known.clone().any(|known| known.address == endpoint && known.kind == 2) {
            return self.fault(&format!("no bulk endpoint {endpoint:#04x}"));
        }
        let is_in = endpoint & 0x80 != 0;
        let is_mine = if is_in { self.is_writable(data, len) } else { self.is_readable(data, len) };
        if !is_mine {
            let place = self.describe(data);
            self.fault(&format!("a transfer of {len} bytes from or to {place}"));
        }
        let mut ether = self.ether.lock();
        let late = if is_in { 0 } else { ether.seed.draw() % OUT_US };
        let not_before = ether.now + late;
        drop(ether);
        self.bus.under_way.push(Transfer { key, endpoint, data, len, not_before });
    }

    pub(crate) fn cancel_transfer(&mut self, key: usize) {
        let is_it = |transfer: &Transfer| transfer.key == key;
        if let Some(at) = self.bus.under_way.iter().position(is_it) {
            self.bus.under_way.remove(at);
            self.bus.done.push_back(Done { key, len: 0, status: CANCELLED });
        }
    }

    pub(crate) fn is_transfer_busy(&self, key: usize) -> bool {
        self.bus.under_way.iter().any(|transfer| transfer.key == key)
            || self.bus.done.iter().any(|done| done.key == key)
    }

    pub(crate) fn no_transfer_within(&mut self, from: usize, to: usize) {
        let inside = |at: usize| (from..to).contains(&at);
        let is_it = |transfer: &Transfer| inside(transfer.data) || inside(transfer.key);
        if let Some(at) = self.bus.under_way.iter().position(is_it) {
            self.bus.under_way.remove(at);
            self.fault("memory of a transfer that is under way is freed");
        }
    }

    pub(crate) fn report_transfers(&mut self) {
        let count = self.bus.under_way.len() + self.bus.done.len();
        if count > 0 {
            self.fault_at_end(&format!("{count} transfers are still under way"));
        }
    }

    /// Carries out what is due.
    pub(crate) fn poll_bus(&mut self) {
        if !self.is_plugged() {
            self.bus.is_plugged = false;
            if self.bus.is_to_let_go() {
                self.wake(unplug_channel(), 1);
            }
            for Transfer { key, .. } in std::mem::take(&mut self.bus.under_way) {
                self.bus.done.push_back(Done { key, len: 0, status: GONE });
            }
            return;
        }
        self.send();
        self.receive();
    }

    /// In order within an endpoint, in any order between them.
    fn send(&mut self) {
        let mut passed = Vec::new();
        let mut at = 0;
        while at < self.bus.under_way.len() {
            let Transfer { key, endpoint, data, len, not_before } = self.bus.under_way[at];
            at += 1;
            if endpoint & 0x80 != 0 || passed.contains(&endpoint) {
                continue;
            }
            let mut ether = self.ether.lock();
            if not_before > ether.now {
                passed.push(endpoint);
                continue;
            }
            // SAFETY: checked when the transfer was started; freeing it meanwhile is a fault.
            let bytes = unsafe { std::slice::from_raw_parts(data as *const u8, len) };
            let result = ether.bulk_out(endpoint, bytes);
            let is_gone = ether.is_unplugged;
            drop(ether);
            if let Err(later) = result {
                self.bus.under_way[at - 1].not_before = later;
                passed.push(endpoint);
                continue;
            }
            at -= 1;
            self.bus.under_way.remove(at);
            let (len, status) = if is_gone { (0, GONE) } else { (len, OK) };
            self.bus.done.push_back(Done { key, len, status });
        }
    }

    fn receive(&mut self) {
        let is_in = |transfer: &Transfer| transfer.endpoint & 0x80 != 0;
        while let Some(at) = self.bus.under_way.iter().position(is_in) {
            let Some(bytes) = self.ether.lock().bulk_in() else { return };
            let Transfer { key, data, len, .. } = self.bus.under_way.remove(at);
            if bytes.len() > len {
                self.fault(&format!(
                    "{} bytes come in, and the transfer has room for {len}",
                    bytes.len()
                ));
            }
            let len = len.min(bytes.len());
            // SAFETY: checked when the transfer was started; freeing it meanwhile is a fault.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), data as *mut u8, len) };
            self.bus.done.push_back(Done { key, len, status: OK });
        }
    }

    /// When a transfer out is due.
    pub(crate) fn next_transfer(&self) -> Option<Micros> {
        let out = self.bus.under_way.iter().filter(|transfer| transfer.endpoint & 0x80 == 0);
        out.map(|transfer| transfer.not_before).min()
    }
}
