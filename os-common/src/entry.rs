// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What every kernel calls, behind the names that [`entries!`](crate::entries) gives them.

use core::{
    ffi::{c_int, c_void},
    ptr::{self, NonNull},
};

use tern_chips::Any;
use tern_core::{
    control::{Failure, RxFilter},
    io::{Reject, Rejected, Room, TxQueue},
    os::{Atomic, Os as _, Sleepable},
};

use crate::{
    alloc::Boxed,
    device::Device,
    ffi::{self, Dev, RawPacket, RawVap, Sent, TernDev, vap_id},
    os::Hooks,
    packet::KernelPacket,
    usb::SLOTS,
};

const QUEUES: [TxQueue; TxQueue::COUNT] =
    [TxQueue::Background, TxQueue::BestEffort, TxQueue::Video, TxQueue::Voice];

/// `tern_probe`.
///
/// # Safety
///
/// As `tern.h` says, of this and of everything below: `rust` is from here, `dev` outlives it.
pub unsafe fn probe<H: Hooks>(
    dev: *mut TernDev,
    vendor: u16,
    product: u16,
    n_out: u32,
    error: *mut c_int,
) -> *mut c_void {
    let made = match Any::for_usb(vendor, product) {
        Some(kind) => Device::<H>::new(Dev(dev), kind, n_out).map_err(Failure::from),
        None => Err(Failure::Unsupported),
    };
    match made {
        Ok(device) => device.into_raw().cast(),
        Err(failure) => {
            // SAFETY: C points to a variable of its own.
            unsafe { *error = H::errno(failure) };
            ptr::null_mut()
        }
    }
}

/// `tern_work`.
///
/// # Safety
///
/// As [`probe`].
pub unsafe fn work<H: Hooks>(rust: *mut c_void) {
    // SAFETY: the caller's promise.
    let device = unsafe { Device::<H>::of(rust) };
    if let Err(failure) = device.work() {
        device.shared.os.log(format_args!("cannot attach: {failure:?}"));
        let dev = device.shared.os.dev;
        // SAFETY: without success there is no address to copy.
        unsafe { ffi::shim_attached(dev.0, H::errno(failure), ptr::null()) };
    }
}

/// `tern_stop`.
///
/// # Safety
///
/// As [`probe`].
pub unsafe fn stop<H: Hooks>(rust: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { Device::<H>::of(rust) }.shared.stop(&mut Sleepable::enter_from_shim());
}

/// `tern_free`.
///
/// # Safety
///
/// As [`probe`]; C has stopped thread, transfers and every caller.
pub unsafe fn free<H: Hooks>(rust: *mut c_void) {
    if let Some(device) = NonNull::new(rust.cast::<Device<H>>()) {
        // SAFETY: the caller's promise.
        drop(unsafe { Boxed::from_raw(device) });
    }
}

/// `tern_received`: one call at a time.
///
/// # Safety
///
/// As [`probe`]; `data` has `len` bytes.
pub unsafe fn received<H: Hooks>(rust: *mut c_void, data: *const u8, len: usize) -> bool {
    // SAFETY: the caller's promise.
    let device = unsafe { Device::<H>::of(rust) };
    let mut cx = Atomic::<0>::enter_from_shim();
    // SAFETY: only this function uses it, one call at a time.
    let carry = unsafe { &mut *device.carry.get() };
    // SAFETY: C lends its buffer.
    let transfer = unsafe { ffi::lent(data, len) };
    device.shared.usb_received(&mut cx, carry, transfer);
    device.shared.data.holds_back(&device.shared.os)
}

/// `tern_tx_done`.
///
/// # Safety
///
/// As [`probe`].
pub unsafe fn tx_done<H: Hooks>(rust: *mut c_void, done: u64) {
    // SAFETY: the caller's promise.
    let device = unsafe { Device::<H>::of(rust) };
    let mut cx = Atomic::<0>::enter_from_shim();
    for queue in QUEUES {
        device.shared.data.pipe.bulk.give_back(queue, done);
        for _ in 0..(done >> (queue as u32 * SLOTS) & ((1 << SLOTS) - 1)).count_ones() {
            device.shared.usb_sent(&mut cx, queue);
        }
    }
}

/// `tern_xmit`.
///
/// # Safety
///
/// As [`probe`]; the packet is given away, except after [`Sent::Full`].
pub unsafe fn xmit<H: Hooks>(
    rust: *mut c_void,
    vap: RawVap,
    packet: *mut RawPacket,
    is_injected: bool,
) -> u32 {
    // SAFETY: the caller's promise.
    let device = unsafe { Device::<H>::of(rust) };
    // SAFETY: the stack gives the packet away.
    let Some(packet) = (unsafe { KernelPacket::from_raw(packet) }) else {
        return Sent::Dropped as u32;
    };
    let mut cx = Atomic::<0>::enter_from_shim();
    let sent = match is_injected {
        false => device.shared.transmit(&mut cx, vap_id(vap), packet),
        true => device.shared.inject(&mut cx, vap_id(vap), packet),
    };
    match sent {
        Ok(Room::Left) => Sent::Left as u32,
        Ok(Room::Last) => Sent::Last as u32,
        Err(Rejected { value, reason: Reject::Full }) => {
            // The stack keeps it.
            value.into_raw();
            Sent::Full as u32
        }
        Err(_) => Sent::Dropped as u32,
    }
}

/// `tern_is_stopped`.
///
/// # Safety
///
/// As [`probe`].
pub unsafe fn is_stopped<H: Hooks>(rust: *mut c_void, vap: RawVap, queue: u16) -> bool {
    // SAFETY: the caller's promise.
    let device = unsafe { Device::<H>::of(rust) };
    let queue = QUEUES.get(usize::from(queue)).copied().unwrap_or(TxQueue::Voice);
    device.shared.data.is_stopped(&mut Atomic::<0>::enter_from_shim(), vap_id(vap), queue)
}

/// `tern_queue`.
pub const fn queue(priority: u8) -> u16 {
    TxQueue::from_priority(priority) as u16
}

/// `tern_rx_mode`.
///
/// # Safety
///
/// As [`probe`].
pub unsafe fn rx_mode<H: Hooks>(
    rust: *mut c_void,
    vap: RawVap,
    is_promiscuous: bool,
    all_multicast: bool,
) {
    // SAFETY: the caller's promise.
    let device = unsafe { Device::<H>::of(rust) };
    let mut filter = RxFilter::empty();
    filter.set(RxFilter::PROMISCUOUS, is_promiscuous);
    filter.set(RxFilter::ALL_MULTICAST, all_multicast);
    device.shared.post_rx_filter(vap_id(vap), filter);
}

/// Functions that C calls by name, each as the function of the same name in a module here.
#[macro_export]
macro_rules! export {
    ($hooks:ty, $module:path: $(
        $name:ident = $to:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?;
    )*) => { $(
        #[unsafe(no_mangle)]
        extern "C" fn $name($($arg: $type),*) $(-> $out)? {
            use $module as module;
            // SAFETY: C keeps what tern.h says of this function.
            unsafe { module::$to::<$hooks>($($arg),*) }
        }
    )* };
}

/// Makes the functions of `tern.h` for a kernel's [`Hooks`].
#[macro_export]
macro_rules! entries {
    ($hooks:ty) => {
        use core::ffi::{c_int, c_void};
        use $crate::ffi::{RawPacket, RawVap, TernDev};

        $crate::export! { $hooks, $crate::entry:
            tern_probe = probe(
                dev: *mut TernDev, vendor: u16, product: u16, n_out: u32, error: *mut c_int
            ) -> *mut c_void;
            tern_free = free(rust: *mut c_void);
            tern_work = work(rust: *mut c_void);
            tern_stop = stop(rust: *mut c_void);
            tern_received = received(rust: *mut c_void, data: *const u8, len: usize) -> bool;
            tern_tx_done = tx_done(rust: *mut c_void, done: u64);
            tern_xmit = xmit(
                rust: *mut c_void, vap: RawVap, packet: *mut RawPacket, is_injected: bool
            ) -> u32;
            tern_is_stopped = is_stopped(rust: *mut c_void, vap: RawVap, queue: u16) -> bool;
            tern_rx_mode = rx_mode(
                rust: *mut c_void, vap: RawVap, is_promiscuous: bool, all_multicast: bool
            );
        }

        #[unsafe(no_mangle)]
        extern "C" fn tern_queue(priority: u8) -> u16 {
            $crate::entry::queue(priority)
        }
    };
}
