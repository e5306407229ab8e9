// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Network interfaces: up. The rest is what all kernels have.

use core::ffi::{c_int, c_void};

use tern_common::{
    device::Wait,
    ffi::{self, RawVap, vap_id},
};
use tern_core::{
    control::{ControlRequest, Failure},
    types::Mode,
};

use crate::hooks::{Device, result};

/// Switches an interface on.
#[unsafe(no_mangle)]
extern "C" fn tern_up(rust: *mut c_void, vap: RawVap, is_monitor: bool, mac: *const u8) -> c_int {
    // SAFETY: C passes what `tern_probe` gave it, and an address.
    let (device, mac) = unsafe { (Device::of(rust), ffi::mac(mac)) };
    let mode = if is_monitor { Mode::Monitor } else { Mode::Station };
    let up = mac.ok_or(Failure::Invalid).and_then(|mac| {
        device.call(vap_id(vap), ControlRequest::Up(mode, mac), None, Wait::Killable)
    });
    result(up)
}
