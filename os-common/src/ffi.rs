// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The C side, as `tern.h` and `tern_bsd.h` declare it; `tests/names.rs` compares the two.

use core::{
    ffi::{c_char, c_int, c_void},
    slice,
};

use tern_core::{
    os::OsError,
    types::{MacAddr, VapId},
};

/// Structures of C that are only pointed to.
#[macro_export]
macro_rules! opaque {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        #[repr(C)]
        pub struct $name {
            _private: [u8; 0],
        }
    )* };
}

opaque! {
    /// `struct tern_dev`.
    TernDev
    /// `struct tern_packet`.
    RawPacket
}

/// `tern_vap`.
pub type RawVap = u32;

/// `enum tern_live`.
#[repr(u32)]
#[derive(Clone, Copy, Debug)]
pub enum Live {
    /// Packets that are ours.
    Packets = 1,
}

/// `enum tern_sent`.
#[repr(u32)]
#[derive(Clone, Copy, Debug)]
pub enum Sent {
    /// It went, and there is room.
    Left = 0,
    /// It went, and was the last.
    Last = 1,
    /// No room: it is still the caller's.
    Full = 2,
    /// It is gone.
    Dropped = 3,
}

/// What an `enum tern_error` means.
pub const fn check(error: c_int) -> Result<(), OsError> {
    match error {
        0 => Ok(()),
        1 => Err(OsError::NoMemory),
        2 => Err(OsError::Detached),
        _ => Err(OsError::Transfer),
    }
}

#[cfg_attr(not(target_os = "none"), allow(dead_code, reason = "no panic handler outside a kernel"))]
unsafe extern "C" {
    pub(crate) fn shim_panic(file: *const u8, file_len: c_int, line: c_int);
    pub(crate) fn shim_count(what: u32, change: i32);
    pub(crate) fn shim_alloc(len: usize) -> *mut c_void;
    pub(crate) fn shim_free(memory: *mut c_void);
    pub(crate) fn shim_log(dev: *mut TernDev, line: *const u8, len: usize);
    pub(crate) fn shim_now_us() -> u64;
    pub(crate) fn shim_random(out: *mut u8, len: usize);
    pub(crate) fn shim_sleep_us(us: u32);
    pub(crate) fn shim_lock_init(lock: *mut c_void, rank: u8, name: *const c_char);
    pub(crate) fn shim_lock_destroy(lock: *mut c_void);
    pub(crate) fn shim_lock(lock: *mut c_void);
    pub(crate) fn shim_unlock(lock: *mut c_void);

    pub(crate) fn shim_worker_wake(dev: *mut TernDev);
    pub(crate) fn shim_worker_wait(dev: *mut TernDev);
    pub(crate) fn shim_deadline(dev: *mut TernDev, at_us: u64, is_set: bool);
    pub(crate) fn shim_attached(dev: *mut TernDev, error: c_int, mac: *const u8);
    pub(crate) fn shim_answers(dev: *mut TernDev) -> u32;
    pub(crate) fn shim_answer(dev: *mut TernDev);
    pub(crate) fn shim_wait_answer(dev: *mut TernDev, before: u32, can_be_killed: bool) -> c_int;
    pub(crate) fn shim_firmware(
        dev: *mut TernDev,
        name: *const c_char,
        len: *mut usize,
    ) -> *const u8;

    pub(crate) fn shim_usb_control(
        dev: *mut TernDev,
        is_write: bool,
        addr: u16,
        data: *mut u8,
        len: u16,
    ) -> c_int;
    pub(crate) fn shim_tx_setup(dev: *mut TernDev, count: u32, len: u32) -> c_int;
    pub(crate) fn shim_tx_buffer(dev: *mut TernDev, index: u32) -> *mut u8;
    pub(crate) fn shim_tx_submit(dev: *mut TernDev, index: u32, endpoint: u32, len: u32);
    pub(crate) fn shim_rx_start(dev: *mut TernDev, depth: u32, len: u32) -> c_int;
    pub(crate) fn shim_usb_stop(dev: *mut TernDev);
    pub(crate) fn shim_rx_resume(dev: *mut TernDev);

    pub(crate) fn shim_packet_new(len: usize) -> *mut RawPacket;
    pub(crate) fn shim_packet_free(packet: *mut RawPacket);
    pub(crate) fn shim_packet_len(packet: *mut RawPacket, priority: *mut u8) -> usize;
    pub(crate) fn shim_packet_piece(
        packet: *mut RawPacket,
        at: *mut *mut c_void,
        len: *mut usize,
    ) -> *mut u8;
    pub(crate) fn shim_packet_keep(packet: *mut RawPacket, start: usize, len: usize);

    pub(crate) fn shim_deliver(dev: *mut TernDev, vap: RawVap, packet: *mut RawPacket);
    pub(crate) fn shim_is_listening(dev: *mut TernDev, vap: RawVap) -> bool;
    pub(crate) fn shim_capture(
        dev: *mut TernDev,
        vap: RawVap,
        radiotap: *const u8,
        radiotap_len: usize,
        frame: *const u8,
        frame_len: usize,
    );
    pub(crate) fn shim_tx_ready(dev: *mut TernDev, vap: RawVap, queue: u16);
}

/// The C side of a device. Valid from `tern_probe` until `tern_free` has returned.
#[derive(Clone, Copy, Debug)]
pub struct Dev(pub *mut TernDev);

// SAFETY: every function that takes the pointer may be called from any thread.
unsafe impl Send for Dev {}
// SAFETY: as above.
unsafe impl Sync for Dev {}

/// An interface's id in one word.
pub const fn raw_vap(vap: VapId) -> RawVap {
    vap.slot as u32 | (vap.generation as u32) << 16
}

/// And back.
pub const fn vap_id(raw: RawVap) -> VapId {
    VapId { slot: raw as u8, generation: (raw >> 16) as u16 }
}

/// Bytes that C lends for a call.
///
/// # Safety
///
/// `bytes` points to `len` readable bytes that nobody changes meanwhile, or is null.
pub const unsafe fn lent<'a>(bytes: *const u8, len: usize) -> &'a [u8] {
    if bytes.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: the caller says so, and it is not null.
    unsafe { slice::from_raw_parts(bytes, len) }
}

/// An address that C lends for a call; `None` for null.
///
/// # Safety
///
/// `mac` points to six readable bytes, or is null.
pub unsafe fn mac(mac: *const u8) -> Option<MacAddr> {
    // SAFETY: an array of bytes has no alignment, and the caller vouches for the rest.
    unsafe { mac.cast::<[u8; 6]>().as_ref() }.map(|bytes| MacAddr(*bytes))
}
