// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Core's operating system: a kernel, for one device.

use core::{
    ffi::{CStr, c_int},
    fmt,
};

use tern_core::{
    chip::{ChipError, Identity},
    control::{Failure, Notice},
    io::TxQueue,
    os::{Empty, FirmwareUser, Os, OsError, Sleepable, Unlocked},
    types::{Instant, MacAddr, RequestId, VapId},
};

use crate::{
    device::Device,
    ffi::{self, Dev, raw_vap},
    packet::KernelPacket,
    sync::KernelSpin,
};

/// Longest line of the log.
const LINE_MAX: usize = 240;

/// What a kernel's shim adds to what all have.
pub trait Hooks: Send + Sync + Sized + 'static {
    /// Made with the device, before it is attached.
    fn new(dev: Dev) -> Result<Self, OsError>;
    /// The hardware has been asked what it is; on the worker's thread, before anybody is told.
    fn attached(device: &Device<Self>, identity: &Identity);
    /// [`Os::notify`]: only queues.
    fn notify<C: Unlocked>(os: &KernelOs<Self>, cx: &mut C, vap: VapId, notice: Notice<'_>);
    /// [`Os::link_changed`]: only queues.
    fn link_changed<C: Unlocked>(
        os: &KernelOs<Self>,
        cx: &mut C,
        vap: VapId,
        link: Option<MacAddr>,
    );
    /// What this kernel calls a failure, with the sign that its functions return.
    fn errno(failure: Failure) -> c_int;
}

/// The operating system.
#[derive(Debug)]
pub struct KernelOs<H> {
    /// The C side.
    pub dev: Dev,
    /// What this kernel has besides.
    pub hooks: H,
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

impl<H: Hooks> Os for KernelOs<H> {
    type Packet = KernelPacket;
    type Spin<T: Empty + Send> = KernelSpin<T>;

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
        name: &'static CStr,
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

    fn deliver<C: Unlocked>(&self, _cx: &mut C, vap: VapId, packet: KernelPacket) {
        // SAFETY: the packet changes hands.
        unsafe { ffi::shim_deliver(self.dev.0, raw_vap(vap), packet.into_raw()) };
    }

    fn link_changed<C: Unlocked>(&self, cx: &mut C, vap: VapId, link: Option<MacAddr>) {
        H::link_changed(self, cx, vap, link);
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
        H::notify(self, cx, vap, notice);
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
