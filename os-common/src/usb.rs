// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! USB: registers by control transfers, frames by bulk transfers.

use core::{
    slice,
    sync::atomic::{AtomicU32, Ordering},
};

use tern_chips::Any;
use tern_core::{
    chip::RegisterBus,
    io::{Bulk, Full, Room, Transfer, TxFrame, TxQueue},
    os::{Context, OsError, Packet as _, Sleepable},
    types::Instant,
};

use crate::{
    ffi::{self, Dev},
    packet::KernelPacket,
};

/// Transfers of each queue.
pub(crate) const SLOTS: u32 = 12;
/// Longest transfer: descriptor, headers and the longest management frame.
const TX_LEN_MAX: usize = 2560;
/// Times that a control transfer is tried.
const TRIES: u32 = 3;

/// The registers; the worker has the only one.
pub struct UsbRegisters(Dev);

impl UsbRegisters {
    pub(crate) const fn new(dev: Dev) -> Self {
        Self(dev)
    }

    /// Tries a few times, unless the device is gone.
    ///
    /// # Safety
    ///
    /// `data` points to `len` bytes, writable for a read.
    unsafe fn transfer(
        &self,
        is_write: bool,
        addr: u16,
        data: *mut u8,
        len: usize,
    ) -> Result<(), OsError> {
        let len = u16::try_from(len).map_err(|_| OsError::Transfer)?;
        let mut result = Err(OsError::Transfer);
        for _ in 0..TRIES {
            // SAFETY: the caller's promise.
            result =
                ffi::check(unsafe { ffi::shim_usb_control(self.0.0, is_write, addr, data, len) });
            if result != Err(OsError::Transfer) {
                break;
            }
        }
        result
    }
}

impl RegisterBus for UsbRegisters {
    fn read(&mut self, _cx: &mut Sleepable, addr: u16, out: &mut [u8]) -> Result<(), OsError> {
        // SAFETY: the slice is writable.
        unsafe { self.transfer(false, addr, out.as_mut_ptr(), out.len()) }
    }

    fn write(&mut self, _cx: &mut Sleepable, addr: u16, data: &[u8]) -> Result<(), OsError> {
        // SAFETY: a write only reads.
        unsafe { self.transfer(true, addr, data.as_ptr().cast_mut(), data.len()) }
    }

    fn delay_us(&mut self, _cx: &mut Sleepable, micros: u32) {
        // SAFETY: the context says that we may sleep.
        unsafe { ffi::shim_sleep_us(micros) };
    }

    fn now(&self) -> Instant {
        // SAFETY: reads a clock.
        Instant(unsafe { ffi::shim_now_us() })
    }
}

/// The bulk transfers: a few for each queue, allocated once.
pub struct KernelBulk {
    dev: Dev,
    kind: Any,
    out_endpoints: usize,
    /// Free transfers of each queue, a bit for each.
    free: [AtomicU32; TxQueue::COUNT],
}

impl KernelBulk {
    pub(crate) fn new(dev: Dev, kind: Any, out_endpoints: u32) -> Result<Self, OsError> {
        const COUNT: u32 = SLOTS * TxQueue::COUNT as u32;
        // SAFETY: called once, from `tern_probe`.
        ffi::check(unsafe { ffi::shim_tx_setup(dev.0, COUNT, TX_LEN_MAX as u32) })?;
        let free = [const { AtomicU32::new((1 << SLOTS) - 1) }; TxQueue::COUNT];
        Ok(Self { dev, kind, out_endpoints: out_endpoints as usize, free })
    }

    fn free(&self, queue: TxQueue) -> &AtomicU32 {
        let [background, best_effort, video, voice] = &self.free;
        match queue {
            TxQueue::Background => background,
            TxQueue::BestEffort => best_effort,
            TxQueue::Video => video,
            TxQueue::Voice => voice,
        }
    }
}

impl KernelBulk {
    /// Transfers have come back: bit `queue * SLOTS + slot` of `done` for each.
    pub(crate) fn give_back(&self, queue: TxQueue, done: u64) {
        let mine = (done >> (queue as u32 * SLOTS)) as u32 & ((1 << SLOTS) - 1);
        self.free(queue).fetch_or(mine, Ordering::Release);
    }
}

impl Bulk<KernelPacket> for KernelBulk {
    type Transfer<'a> = KernelTransfer<'a>;

    fn reserve<C: Context>(&self, _cx: &mut C, queue: TxQueue) -> Result<KernelTransfer<'_>, Full> {
        let take = |free: u32| (free != 0).then(|| free & (free - 1));
        let free = self.free(queue).fetch_update(Ordering::Acquire, Ordering::Relaxed, take);
        let slot = free.map_err(|_| Full)?.trailing_zeros();
        Ok(KernelTransfer { bulk: self, queue, slot, is_started: false })
    }

    fn start_receiving(&self, _cx: &mut Sleepable, depth: u8, len: usize) -> Result<(), OsError> {
        let len = u32::try_from(len).map_err(|_| OsError::NoMemory)?;
        // SAFETY: the C side outlives this.
        ffi::check(unsafe { ffi::shim_rx_start(self.dev.0, depth.into(), len) })
    }

    fn stop(&self, _cx: &mut Sleepable) {
        // SAFETY: the C side outlives this.
        unsafe { ffi::shim_usb_stop(self.dev.0) };
    }
}

/// A free transfer; dropped unused, it is free again.
pub struct KernelTransfer<'a> {
    bulk: &'a KernelBulk,
    queue: TxQueue,
    slot: u32,
    is_started: bool,
}

impl KernelTransfer<'_> {
    const fn index(&self) -> u32 {
        self.queue as u32 * SLOTS + self.slot
    }
}

impl Drop for KernelTransfer<'_> {
    fn drop(&mut self) {
        if !self.is_started {
            self.bulk.free(self.queue).fetch_or(1 << self.slot, Ordering::Release);
        }
    }
}

/// Copies as much of `from` as there is room for, and says how much of the room is left.
fn lay<'a>(room: &'a mut [u8], from: &[u8]) -> &'a mut [u8] {
    let len = from.len().min(room.len());
    let (Some((to, rest)), Some(from)) = (room.split_at_mut_checked(len), from.get(..len)) else {
        return &mut [];
    };
    to.copy_from_slice(from);
    rest
}

impl Transfer<KernelPacket> for KernelTransfer<'_> {
    fn submit<C: Context>(mut self, _cx: &mut C, frame: TxFrame<'_, KernelPacket>) -> Room {
        let bulk = self.bulk;
        // SAFETY: the transfer is ours, and so is its buffer of that size.
        let buffer = unsafe {
            let buffer = ffi::shim_tx_buffer(bulk.dev.0, self.index());
            slice::from_raw_parts_mut(buffer, TX_LEN_MAX)
        };
        // What is too long is an error of the bus: a transfer of no bytes.
        let len = if frame.len() <= TX_LEN_MAX { frame.len() } else { 0 };
        if let Some(laid_out) = buffer.get_mut(..len) {
            let mut rest = lay(laid_out, frame.prefix);
            let mut skip = frame.skip;
            for segment in frame.packet.segments() {
                rest = lay(rest, segment.get(skip..).unwrap_or_default());
                skip = skip.saturating_sub(segment.len());
            }
            lay(rest, frame.suffix);
            frame.finish(laid_out);
        }
        let endpoint = bulk.kind.endpoint(self.queue, false, bulk.out_endpoints);
        self.is_started = true;
        // SAFETY: the transfer is ours until its completion; the endpoint is one of those there.
        unsafe { ffi::shim_tx_submit(bulk.dev.0, self.index(), endpoint as u32, len as u32) };
        match bulk.free(self.queue).load(Ordering::Relaxed) {
            0 => Room::Last,
            _ => Room::Left,
        }
    }
}
