// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The C side, as `shim.h` declares it; `tests/names.rs` compares the two.

use core::{
    ffi::{c_char, c_int, c_void},
    slice,
};

use tern_core::types::{MacAddr, VapId};

/// Structures of C that are only pointed to.
macro_rules! opaque {
    ($($name:ident)*) => { $(
        #[repr(C)]
        pub(crate) struct $name {
            _private: [u8; 0],
        }
    )* };
}

opaque! { TernDev SkBuff SeqFile }

/// `tern_vap`.
pub(crate) type RawVap = u32;

pub(crate) const CHANNELS_MAX: usize = 42;
pub(crate) const RATES_MAX: usize = 12;
pub(crate) const CIPHERS_MAX: usize = 8;
pub(crate) const SSIDS_MAX: usize = 8;

/// `enum tern_live`.
#[repr(u32)]
#[derive(Clone, Copy)]
pub(crate) enum Live {
    Packets = 1,
}

/// `enum tern_sent`.
#[repr(u32)]
#[derive(Clone, Copy)]
pub(crate) enum Sent {
    Left = 0,
    Last = 1,
    Full = 2,
    Dropped = 3,
}

/// `struct tern_tuning`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct RawTuning {
    pub(crate) mhz: u32,
    pub(crate) width: i32,
}

/// `struct tern_caps`.
#[repr(C)]
pub(crate) struct Caps {
    pub(crate) mac: [u8; 6],
    pub(crate) rx_chains: u8,
    pub(crate) has_ht: bool,
    pub(crate) ht_cap: u16,
    pub(crate) ht_ampdu: u8,
    pub(crate) n_channels: u8,
    pub(crate) n_rates: u8,
    pub(crate) n_ciphers: u8,
    pub(crate) scan_ssids_max: u8,
    pub(crate) scan_ie_max: u16,
    pub(crate) remain_ms_max: u16,
    pub(crate) rx_stypes: u16,
    pub(crate) channels_mhz: [u16; CHANNELS_MAX],
    pub(crate) rates_half_mbps: [u8; RATES_MAX],
    pub(crate) ciphers: [u32; CIPHERS_MAX],
}

/// `struct tern_scan`.
#[repr(C)]
pub(crate) struct ScanReq {
    pub(crate) n_channels: u32,
    pub(crate) n_ssids: u32,
    pub(crate) channels_mhz: [u16; CHANNELS_MAX],
    pub(crate) ssids: [*const u8; SSIDS_MAX],
    pub(crate) ssid_lens: [usize; SSIDS_MAX],
    pub(crate) ie: *const u8,
    pub(crate) ie_len: usize,
}

/// `struct tern_event`.
#[repr(C)]
pub(crate) struct Told {
    /// `enum tern_told`.
    pub(crate) kind: u32,
    pub(crate) vap: RawVap,
    pub(crate) cookie: u64,
    pub(crate) ms: u32,
    pub(crate) mhz: u32,
    pub(crate) dbm: i32,
    pub(crate) is_ok: bool,
    pub(crate) frame: *const u8,
    pub(crate) len: usize,
}

/// `struct tern_rate`.
#[repr(C)]
#[derive(Default)]
pub(crate) struct RawRate {
    pub(crate) half_mbps: u8,
    pub(crate) is_mcs: bool,
    pub(crate) mcs: u8,
    pub(crate) is_wide: bool,
    pub(crate) has_short_gi: bool,
}

/// `struct tern_station`.
#[repr(C)]
#[derive(Default)]
pub(crate) struct Station {
    pub(crate) signal_dbm: i8,
    pub(crate) average_dbm: i8,
    pub(crate) has_signal: bool,
    pub(crate) is_authorized: bool,
    pub(crate) tx: RawRate,
    pub(crate) rx: RawRate,
    pub(crate) inactive_ms: u32,
    pub(crate) tx_retries: u32,
    pub(crate) tx_failed: u32,
    pub(crate) tx_packets: u64,
    pub(crate) rx_packets: u64,
    pub(crate) tx_bytes: u64,
    pub(crate) rx_bytes: u64,
    pub(crate) rx_dropped: u64,
}

#[cfg_attr(not(target_os = "none"), allow(dead_code, reason = "no panic handler outside a kernel"))]
unsafe extern "C" {
    pub(crate) fn shim_panic(file: *const u8, file_len: c_int, line: c_int);
    pub(crate) fn shim_count(what: u32, change: i32);
    pub(crate) fn shim_alloc(len: usize, may_sleep: bool) -> *mut c_void;
    pub(crate) fn shim_free(memory: *mut c_void);
    pub(crate) fn shim_log(dev: *mut TernDev, line: *const u8, len: usize);
    pub(crate) fn shim_now_us() -> u64;
    pub(crate) fn shim_random(out: *mut u8, len: usize);
    pub(crate) fn shim_sleep_us(us: u32);
    pub(crate) fn shim_lock_init(lock: *mut c_void, rank: u8, name: *const c_char);
    pub(crate) fn shim_lock(lock: *mut c_void);
    pub(crate) fn shim_unlock(lock: *mut c_void);
    pub(crate) fn shim_worker_wake(dev: *mut TernDev);
    pub(crate) fn shim_worker_wait(dev: *mut TernDev);
    pub(crate) fn shim_deadline(dev: *mut TernDev, at_us: u64, is_set: bool);
    pub(crate) fn shim_attached(dev: *mut TernDev, error: c_int, caps: *const Caps);
    pub(crate) fn shim_answers(dev: *mut TernDev) -> u32;
    pub(crate) fn shim_answer(dev: *mut TernDev);
    pub(crate) fn shim_wait_answer(dev: *mut TernDev, before: u32, can_be_killed: bool) -> c_int;
    pub(crate) fn shim_events_wake(dev: *mut TernDev);
    pub(crate) fn shim_firmware(
        dev: *mut TernDev,
        name: *const c_char,
        len: *mut usize,
    ) -> *const u8;
    pub(crate) fn shim_seq_write(out: *mut SeqFile, text: *const u8, len: usize);

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

    pub(crate) fn shim_skb_new(len: usize) -> *mut SkBuff;
    pub(crate) fn shim_skb_free(skb: *mut SkBuff);
    pub(crate) fn shim_skb_data(skb: *mut SkBuff, len: *mut usize, priority: *mut u8) -> *mut u8;
    pub(crate) fn shim_skb_keep(skb: *mut SkBuff, start: usize, len: usize);
    pub(crate) fn shim_deliver(dev: *mut TernDev, vap: RawVap, skb: *mut SkBuff);
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

    pub(crate) fn shim_reg_channels(dev: *mut TernDev) -> u32;
    pub(crate) fn shim_reg_channel(
        dev: *mut TernDev,
        at: u32,
        flags: *mut u32,
        max_dbm: *mut i32,
    ) -> u32;
    pub(crate) fn shim_event(dev: *mut TernDev, event: *const Told);
}

/// The C side of a device. Valid from `tern_probe` until `tern_free` has returned.
#[derive(Clone, Copy)]
pub(crate) struct Dev(pub(crate) *mut TernDev);

// SAFETY: every function that takes the pointer may be called from any thread.
unsafe impl Send for Dev {}
// SAFETY: as above.
unsafe impl Sync for Dev {}

/// An interface's id in one word.
pub(crate) const fn raw_vap(vap: VapId) -> RawVap {
    vap.slot as u32 | (vap.generation as u32) << 16
}

/// And back.
pub(crate) const fn vap_id(raw: RawVap) -> VapId {
    VapId { slot: raw as u8, generation: (raw >> 16) as u16 }
}

/// Bytes that C lends for a call.
///
/// # Safety
///
/// `bytes` points to `len` readable bytes that nobody changes meanwhile, or is null.
pub(crate) unsafe fn lent<'a>(bytes: *const u8, len: usize) -> &'a [u8] {
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
pub(crate) unsafe fn mac(mac: *const u8) -> Option<MacAddr> {
    // SAFETY: an array of bytes has no alignment, and the caller vouches for the rest.
    unsafe { mac.cast::<[u8; 6]>().as_ref() }.map(|bytes| MacAddr(*bytes))
}
