// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! One device: made at probe, worked for by a thread of its own, freed when nobody can call it.

use core::{cell::UnsafeCell, ffi::c_void};

use tern_chips::{Any, AnyChip, Endpoints};
use tern_core::{
    chip::Identity,
    control::{ControlRequest, Failure},
    device::{Claim, Next, Shared, Worker},
    io::{Bulk as _, RxCarry, UsbPipe},
    os::{Os as _, OsError, Sleepable},
    trace::TracedBus,
    types::{RequestId, VapId},
};

use crate::{
    alloc::Boxed,
    ffi::{self, Dev},
    os::{Hooks, KernelOs},
    packet::KernelDraft,
    usb::{KernelBulk, UsbRegisters},
};

/// Receive transfers under way.
const RX_DEPTH: u8 = 4;

/// The half that the device's thread has.
type KernelWorker<'d, H> = Worker<'d, KernelOs<H>, Pipe, Any, &'d mut Chip<'d, H>>;
type Chip<'d, H> = AnyChip<TracedBus<'d, KernelOs<H>, UsbRegisters>>;
type Pipe = UsbPipe<KernelBulk, Any>;

/// What is not the C side's of a device.
pub struct Device<H: Hooks> {
    /// Core's half that everybody may call.
    pub shared: Shared<KernelOs<H>, Pipe, Any>,
    kind: Any,
    out_endpoints: u32,
    /// Of who hands over what was received. A box of its own, so that it never stands on a stack.
    pub(crate) carry: Boxed<UnsafeCell<RxCarry>>,
}

// SAFETY: the cell says whose it is; everything else can be shared.
unsafe impl<H: Hooks> Sync for Device<H> {}

/// Who waits for an answer: a user who may be killed, or something that has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A signal ends the wait; the request goes on.
    Killable,
    /// Nothing ends it but the answer.
    Always,
}

impl<H: Hooks> Device<H> {
    pub(crate) fn new(dev: Dev, kind: Any, out_endpoints: u32) -> Result<Boxed<Self>, OsError> {
        let os = KernelOs { dev, hooks: H::new(dev)? };
        let bulk = KernelBulk::new(dev, kind, out_endpoints)?;
        let shared = Shared::new(os, UsbPipe::new(bulk, kind), kind, kind.info())?;
        let empty = |carry: *mut UnsafeCell<RxCarry>| {
            // SAFETY: the room is a carry's.
            unsafe { carry.write(UnsafeCell::new(RxCarry::default())) };
        };
        // SAFETY: the carry is written.
        let carry = unsafe { Boxed::in_place(empty) }?;
        Boxed::new(Self { shared, kind, out_endpoints, carry })
    }

    /// The device that C names.
    ///
    /// # Safety
    ///
    /// `rust` is from `tern_probe`, and `tern_free` comes after the reference is gone.
    pub const unsafe fn of<'a>(rust: *mut c_void) -> &'a Self {
        // SAFETY: the caller's promise.
        unsafe { &*rust.cast::<Self>() }
    }

    /// Asks core and waits for the answer.
    pub fn call(
        &self,
        vap: VapId,
        request: ControlRequest,
        body: Option<KernelDraft>,
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
    fn chip(&self) -> Result<Boxed<Chip<'_, H>>, OsError> {
        let os = &self.shared.os;
        let bus = TracedBus::new(UsbRegisters::new(os.dev), os, &self.shared.trace);
        Boxed::new(self.kind.on_bus(bus, Endpoints { out: self.out_endpoints as u8 }))
    }

    /// Asks the chip what it is, and gets the worker, which is in a box for the same reason.
    #[inline(never)]
    fn attach<'d>(
        &'d self,
        cx: &mut Sleepable,
        chip: &'d mut Chip<'d, H>,
    ) -> Result<(Boxed<KernelWorker<'d, H>>, Identity), Failure> {
        let claim = self.shared.claim(cx, chip)?;
        let identity = claim.identity;
        Ok((Self::boxed(claim, chip)?, identity))
    }

    #[inline(never)]
    fn boxed<'d>(
        claim: Claim<'d, KernelOs<H>, Pipe, Any>,
        chip: &'d mut Chip<'d, H>,
    ) -> Result<Boxed<KernelWorker<'d, H>>, OsError> {
        // SAFETY: a worker is written to where it stays.
        unsafe {
            Boxed::in_place(|room: *mut KernelWorker<'d, H>| room.write(claim.into_worker(chip)))
        }
    }

    /// The worker's life. Errors come before it has begun.
    pub(crate) fn work(&self) -> Result<(), Failure> {
        let mut cx = Sleepable::enter_from_shim();
        let (shared, dev) = (&self.shared, self.shared.os.dev);
        let chip = self.chip()?;
        // SAFETY: the box outlives the worker, and nobody else uses what is in it.
        let (mut worker, identity) = self.attach(&mut cx, unsafe { &mut *chip.as_ptr() })?;
        let len = shared.info().rx_transfer_len;
        shared.data.pipe.bulk.start_receiving(&mut cx, RX_DEPTH, len)?;
        shared.os.log(format_args!("{}, address {}", identity.name, identity.mac));
        H::attached(self, &identity);
        // SAFETY: C copies the address.
        unsafe { ffi::shim_attached(dev.0, 0, identity.mac.0.as_ptr()) };
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
}
