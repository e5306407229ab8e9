// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! One device: made at probe, worked for by a thread of its own, freed when nobody can call it.

use core::{
    cell::UnsafeCell,
    ffi::{c_int, c_void},
    ptr::{self, NonNull},
};

use tern_chips::{Any, AnyChip, Endpoints};
use tern_core::{
    chip::{ChipError, Identity},
    control::{ControlRequest, Failure},
    device::{Claim, Next, Shared, Worker},
    inbox::FrameKinds,
    io::{Bulk as _, RxCarry, UsbPipe},
    os::{Os as _, OsError, Sleepable},
    radio::{self, own_ht},
    scan,
    trace::TracedBus,
    types::{LEGACY_RATES, RequestId, VapId},
};

use crate::{
    alloc::Boxed,
    events::FRAME_MAX,
    ffi::{self, Caps, Dev, TernDev},
    os::LinuxOs,
    packet::SkbDraft,
    usb::{LinuxBulk, UsbRegisters},
};

/// Receive transfers under way.
const RX_DEPTH: u8 = 4;
/// Longest stay on a channel that a user may ask for.
const REMAIN_MS_MAX: u16 = 5000;
/// Management frames that a user may ask for.
const RX_FRAMES: FrameKinds =
    FrameKinds::PROBE_REQUEST.union(FrameKinds::AUTH).union(FrameKinds::ACTION);

/// The half that the device's thread has.
type LinuxWorker<'d> = Worker<'d, LinuxOs, Pipe, Any, &'d mut Chip<'d>>;
type Chip<'d> = AnyChip<TracedBus<'d, LinuxOs, UsbRegisters>>;
type Pipe = UsbPipe<LinuxBulk, Any>;

/// What is not the C side's of a device.
pub(crate) struct Device {
    pub(crate) shared: Shared<LinuxOs, Pipe, Any>,
    kind: Any,
    out_endpoints: u32,
    /// The tasklet's. Boxes of their own, so that they never stand on a stack.
    pub(crate) carry: Boxed<UnsafeCell<RxCarry>>,
    /// Of who holds the wiphy's mutex.
    pub(crate) scratch: Boxed<UnsafeCell<[u8; FRAME_MAX]>>,
}

// SAFETY: the two cells say whose they are; everything else can be shared.
unsafe impl Sync for Device {}

/// Who waits for an answer: a user who may be killed, or something that has to end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    Killable,
    Always,
}

impl Device {
    fn new(dev: Dev, kind: Any, out_endpoints: u32) -> Result<Boxed<Self>, OsError> {
        let os = LinuxOs::new(dev)?;
        let bulk = LinuxBulk::new(dev, kind, out_endpoints)?;
        let shared = Shared::new(os, UsbPipe::new(bulk, kind), kind, kind.info())?;
        // SAFETY: the carry is written; the buffer is bytes, which are zero.
        let (carry, scratch) = unsafe {
            let empty = |carry: *mut UnsafeCell<RxCarry>| {
                carry.write(UnsafeCell::new(RxCarry::default()));
            };
            (Boxed::in_place(empty)?, Boxed::in_place(|_| ())?)
        };
        Boxed::new(Self { shared, kind, out_endpoints, carry, scratch })
    }

    /// The device that C names.
    ///
    /// # Safety
    ///
    /// `rust` is from `tern_probe`, and `tern_free` comes after the reference is gone.
    pub(crate) unsafe fn of<'a>(rust: *mut c_void) -> &'a Self {
        // SAFETY: the caller's promise.
        unsafe { &*rust.cast::<Self>() }
    }

    /// Asks core and waits for the answer.
    pub(crate) fn call(
        &self,
        vap: VapId,
        request: ControlRequest,
        body: Option<SkbDraft>,
        wait: Wait,
    ) -> Result<RequestId, Failure> {
        let mut cx = Sleepable::enter_from_shim();
        let dev = self.shared.os.dev.0;
        let id = self.shared.request(&mut cx, vap, request, body)?;
        loop {
            // SAFETY: the C side outlives this.
            let before = unsafe { ffi::shim_answers(dev) };
            if let Some(result) = self.shared.collect(&mut cx, id) {
                return result.map(|()| id);
            }
            // SAFETY: we may sleep; the callers hold no lock that the worker takes.
            if unsafe { ffi::shim_wait_answer(dev, before, wait == Wait::Killable) } != 0 {
                self.shared.abandon(&mut cx, id);
                return Err(Failure::Aborted);
            }
        }
    }

    /// The chip, in a box: it is too large for a stack.
    #[inline(never)]
    fn chip(&self) -> Result<Boxed<Chip<'_>>, OsError> {
        let os = &self.shared.os;
        let bus = TracedBus::new(UsbRegisters::new(os.dev), os, &self.shared.trace);
        Boxed::new(self.kind.on_bus(bus, Endpoints { out: self.out_endpoints as u8 }))
    }

    /// Asks the chip what it is, and gets the worker, which is in a box for the same reason.
    #[inline(never)]
    fn attach<'d>(
        &'d self,
        cx: &mut Sleepable,
        chip: &'d mut Chip<'d>,
    ) -> Result<(Boxed<LinuxWorker<'d>>, Identity), Failure> {
        let claim = self.shared.claim(cx, chip)?;
        let identity = claim.identity;
        Ok((Self::boxed(claim, chip)?, identity))
    }

    #[inline(never)]
    fn boxed<'d>(
        claim: Claim<'d, LinuxOs, Pipe, Any>,
        chip: &'d mut Chip<'d>,
    ) -> Result<Boxed<LinuxWorker<'d>>, OsError> {
        // SAFETY: a worker is written to where it stays.
        unsafe { Boxed::in_place(|room: *mut LinuxWorker<'d>| room.write(claim.into_worker(chip))) }
    }

    /// The worker's life. Errors come before it has begun.
    fn work(&self) -> Result<(), Failure> {
        let mut cx = Sleepable::enter_from_shim();
        let (shared, dev) = (&self.shared, self.shared.os.dev);
        let chip = self.chip()?;
        // SAFETY: the box outlives the worker, and nobody else uses what is in it.
        let (mut worker, identity) = self.attach(&mut cx, unsafe { &mut *chip.as_ptr() })?;
        let len = shared.info().rx_transfer_len;
        shared.data.pipe.bulk.start_receiving(&mut cx, RX_DEPTH, len)?;
        shared.os.log(format_args!("{}, address {}", identity.name, identity.mac));
        let caps = self.caps(&identity);
        // SAFETY: C copies the capabilities.
        unsafe { ffi::shim_attached(dev.0, 0, &raw const caps) };
        loop {
            let next = worker.run(&mut cx);
            // SAFETY: the C side outlives this.
            unsafe { ffi::shim_rx_resume(dev.0) };
            match next {
                // SAFETY: the worker's thread may sleep.
                Next::Sleep => unsafe { ffi::shim_worker_wait(dev.0) },
                Next::Again => {}
                Next::Stopped => return Ok(()),
            }
        }
    }

    /// What cfg80211 is told of the device.
    fn caps(&self, identity: &Identity) -> Caps {
        let ht = own_ht(self.shared.info(), identity);
        let mut caps = Caps {
            mac: identity.mac.0,
            rx_chains: identity.rx_chains,
            has_ht: true,
            ht_cap: ht.info.bits(),
            ht_ampdu: ht.ampdu,
            n_channels: 0,
            n_rates: LEGACY_RATES.len() as u8,
            n_ciphers: radio::CIPHERS.len() as u8,
            scan_ssids_max: scan::SSIDS_MAX as u8,
            scan_ie_max: scan::ELEMENTS_MAX as u16,
            remain_ms_max: REMAIN_MS_MAX,
            rx_stypes: RX_FRAMES.bits(),
            channels_mhz: [0; ffi::CHANNELS_MAX],
            rates_half_mbps: LEGACY_RATES,
            ciphers: core::array::from_fn(|n| radio::CIPHERS.get(n).map_or(0, |it| it.suite())),
        };
        let channels = radio::channels(self.shared.info());
        for (to, channel) in caps.channels_mhz.iter_mut().zip(channels) {
            *to = channel.mhz();
            caps.n_channels += 1;
        }
        caps
    }
}

/// What C is told of a failure.
pub(crate) const fn errno(failure: Failure) -> c_int {
    match failure {
        Failure::Busy => -16,         // EBUSY
        Failure::Down => -100,        // ENETDOWN
        Failure::NotFound => -2,      // ENOENT
        Failure::Timeout => -110,     // ETIMEDOUT
        Failure::Refused(_) => -111,  // ECONNREFUSED
        Failure::SentAway(_) => -104, // ECONNRESET
        Failure::Aborted => -4,       // EINTR
        Failure::WrongKey => -129,    // EKEYREJECTED
        Failure::NotAcked => -70,     // ECOMM
        Failure::Invalid => -22,      // EINVAL
        Failure::Unsupported => -95,  // EOPNOTSUPP
        Failure::Forbidden => -13,    // EACCES
        Failure::Chip(ChipError::Os(error)) => match error {
            OsError::NoMemory => -12,  // ENOMEM
            OsError::NoFirmware => -2, // ENOENT
            OsError::Detached => -19,  // ENODEV
            OsError::Transfer => -5,   // EIO
            OsError::Full => -105,     // ENOBUFS
        },
        Failure::Chip(ChipError::Timeout(_)) => -110, // ETIMEDOUT
        Failure::Chip(ChipError::Firmware(_)) => -2,  // ENOENT
        Failure::Chip(ChipError::Unknown(_)) => -19,  // ENODEV
        Failure::Chip(ChipError::Unsupported) => -95, // EOPNOTSUPP
    }
}

/// 0 or a negative errno.
pub(crate) fn result<T>(result: Result<T, Failure>) -> c_int {
    result.map_or_else(errno, |_| 0)
}

/// Makes a device for a USB id; null and an errno without.
#[unsafe(no_mangle)]
extern "C" fn tern_probe(
    dev: *mut TernDev,
    vendor: u16,
    product: u16,
    n_out: u32,
    error: *mut c_int,
) -> *mut c_void {
    let made = match Any::for_usb(vendor, product) {
        Some(kind) => Device::new(Dev(dev), kind, n_out).map_err(Failure::from),
        None => Err(Failure::Unsupported),
    };
    match made {
        Ok(device) => device.into_raw().cast(),
        Err(failure) => {
            // SAFETY: C points to a variable of its own.
            unsafe { *error = errno(failure) };
            ptr::null_mut()
        }
    }
}

/// The thread of the device; returns when the device has stopped, or could not be attached.
#[unsafe(no_mangle)]
extern "C" fn tern_work(rust: *mut c_void) {
    // SAFETY: C passes what `tern_probe` gave it.
    let device = unsafe { Device::of(rust) };
    if let Err(failure) = device.work() {
        device.shared.os.log(format_args!("cannot attach: {failure:?}"));
        // SAFETY: without capabilities there are none to copy.
        unsafe { ffi::shim_attached(device.shared.os.dev.0, errno(failure), ptr::null()) };
    }
}

/// Ends everything; the thread returns soon after.
#[unsafe(no_mangle)]
extern "C" fn tern_stop(rust: *mut c_void) {
    // SAFETY: C passes what `tern_probe` gave it.
    unsafe { Device::of(rust) }.shared.stop(&mut Sleepable::enter_from_shim());
}

/// Frees a device that nobody can reach any more.
#[unsafe(no_mangle)]
extern "C" fn tern_free(rust: *mut c_void) {
    if let Some(device) = NonNull::new(rust.cast::<Device>()) {
        // SAFETY: from `tern_probe`; C has stopped thread, transfers and every caller.
        drop(unsafe { Boxed::from_raw(device) });
    }
}
