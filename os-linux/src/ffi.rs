// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the C side has besides `tern.h`, as `shim.h` declares it; `tests/names.rs` compares the two.

use tern_common::ffi::{RawVap, TernDev};

tern_common::opaque! {
    /// `struct seq_file`.
    SeqFile
}

pub(crate) const CHANNELS_MAX: usize = 42;
pub(crate) const RATES_MAX: usize = 12;
pub(crate) const CIPHERS_MAX: usize = 8;
pub(crate) const SSIDS_MAX: usize = 8;

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

unsafe extern "C" {
    pub(crate) fn shim_caps(dev: *mut TernDev, caps: *const Caps);
    pub(crate) fn shim_events_wake(dev: *mut TernDev);
    pub(crate) fn shim_seq_write(out: *mut SeqFile, text: *const u8, len: usize);
    pub(crate) fn shim_reg_channels(dev: *mut TernDev) -> u32;
    pub(crate) fn shim_reg_channel(
        dev: *mut TernDev,
        at: u32,
        flags: *mut u32,
        max_dbm: *mut i32,
    ) -> u32;
    pub(crate) fn shim_event(dev: *mut TernDev, event: *const Told);
}
