// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Core's operating system: Linux, for one device.

use core::fmt;

use tern_core::{
    chip::ChipError,
    control::{Failure, Notice},
    io::TxQueue,
    os::{Empty, FirmwareUser, Lock, Os, OsError, Sleepable, Unlocked},
    types::{Instant, RequestId, VapId},
};

use crate::{
    events::{EVENTS_RANK, EventQueue, Kind},
    ffi::{self, Dev, raw_vap},
    packet::Skb,
    sync::LinuxSpin,
};

/// Longest line of the log.
const LINE_MAX: usize = 240;

/// The operating system.
pub(crate) struct LinuxOs {
    pub(crate) dev: Dev,
    pub(crate) events: Lock<Self, EVENTS_RANK, EventQueue>,
}

impl LinuxOs {
    pub(crate) fn new(dev: Dev) -> Result<Self, OsError> {
        Ok(Self { dev, events: Lock::<Self, EVENTS_RANK, _>::new(c"tern events")? })
    }

    /// Queues an event for the work item that has cfg80211's locks.
    pub(crate) fn queue<C: Unlocked>(&self, cx: &mut C, vap: VapId, kind: Kind, frame: &[u8]) {
        self.events.with(cx, |events, _| events.push(vap, kind, frame));
        // SAFETY: the C side outlives this.
        unsafe { ffi::shim_events_wake(self.dev.0) };
    }
}

/// A line of text on the stack; what is too much is cut off.
struct Line {
    bytes: [u8; LINE_MAX],
    len: usize,
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (to, from) in self.bytes.iter_mut().skip(self.len).zip(text.bytes()) {
            *to = from;
            self.len += 1;
        }
        Ok(())
    }
}

impl Os for LinuxOs {
    type Packet = Skb;
    type Spin<T: Empty + Send> = LinuxSpin<T>;

    fn now(&self) -> Instant {
        // SAFETY: reads a clock.
        Instant(unsafe { ffi::shim_now_us() })
    }

    fn fill_random(&self, out: &mut [u8]) {
        // SAFETY: writes within the slice.
        unsafe { ffi::shim_random(out.as_mut_ptr(), out.len()) };
    }

    fn sleep_us(&self, _cx: &mut Sleepable, micros: u32) {
        // SAFETY: the context says that we may sleep.
        unsafe { ffi::shim_sleep_us(micros) };
    }

    fn wake_worker(&self) {
        // SAFETY: the C side outlives this.
        unsafe { ffi::shim_worker_wake(self.dev.0) };
    }

    fn set_deadline(&self, at: Option<Instant>) {
        // SAFETY: the C side outlives this.
        unsafe { ffi::shim_deadline(self.dev.0, at.unwrap_or_default().0, at.is_some()) };
    }

    fn firmware(
        &self,
        cx: &mut Sleepable,
        name: &'static core::ffi::CStr,
        user: &mut FirmwareUser<'_>,
    ) -> Result<(), ChipError> {
        let mut len = 0;
        // SAFETY: the worker alone asks for firmware, and the name lives for ever.
        let image = unsafe { ffi::shim_firmware(self.dev.0, name.as_ptr(), &raw mut len) };
        if image.is_null() {
            return Err(OsError::NoFirmware.into());
        }
        // SAFETY: the image is kept until the next call or until the device is freed.
        user(cx, unsafe { ffi::lent(image, len) })
    }

    fn log(&self, line: fmt::Arguments<'_>) {
        let mut text = Line { bytes: [0; LINE_MAX], len: 0 };
        // Writing to a `Line` cannot fail.
        let _ = fmt::write(&mut text, line);
        // SAFETY: reads `len` bytes.
        unsafe { ffi::shim_log(self.dev.0, text.bytes.as_ptr(), text.len) };
    }

    fn deliver<C: Unlocked>(&self, _cx: &mut C, vap: VapId, packet: Skb) {
        // SAFETY: the skb changes hands.
        unsafe { ffi::shim_deliver(self.dev.0, raw_vap(vap), packet.into_raw()) };
    }

    fn link_changed<C: Unlocked>(&self, cx: &mut C, vap: VapId, up: bool) {
        self.queue(cx, vap, Kind::link(up), &[]);
    }

    fn transmit_ready<C: Unlocked>(&self, _cx: &mut C, vap: VapId, queue: TxQueue) {
        // SAFETY: the C side outlives this.
        unsafe { ffi::shim_tx_ready(self.dev.0, raw_vap(vap), queue as u16) };
    }

    fn complete<C: Unlocked>(
        &self,
        _cx: &mut C,
        _vap: VapId,
        _id: RequestId,
        _result: Result<(), Failure>,
    ) {
        // SAFETY: the C side outlives this.
        unsafe { ffi::shim_answer(self.dev.0) };
    }

    fn notify<C: Unlocked>(&self, cx: &mut C, vap: VapId, notice: Notice<'_>) {
        if let Some((kind, frame)) = Kind::of(notice) {
            self.queue(cx, vap, kind, frame);
        }
    }

    fn is_listening<C: Unlocked>(&self, _cx: &mut C, vap: VapId) -> bool {
        // SAFETY: the C side outlives this.
        unsafe { ffi::shim_is_listening(self.dev.0, raw_vap(vap)) }
    }

    fn capture<C: Unlocked>(&self, _cx: &mut C, vap: VapId, radiotap: &[u8], frame: &[u8]) {
        // SAFETY: both are read within their lengths.
        unsafe {
            ffi::shim_capture(
                self.dev.0,
                raw_vap(vap),
                radiotap.as_ptr(),
                radiotap.len(),
                frame.as_ptr(),
                frame.len(),
            );
        }
    }
}
