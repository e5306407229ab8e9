// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Tern for Linux: what the kernel calls, and how core's wishes become kernel calls.
//!
//! `shim.c` holds what only C can say (module glue, macros, struct members); the functions here
//! that it calls are listed in `exports.txt`, the kernel's functions that the module calls in
//! `symbols.txt`.
#![no_std]

#[cfg(target_os = "none")]
mod panic;

use core::ffi::c_int;

/// Called once when the module is loaded. Returns 0 or a negative errno.
#[unsafe(no_mangle)]
pub extern "C" fn tern_init() -> c_int {
    0
}

/// Called once when the module is unloaded.
#[unsafe(no_mangle)]
pub extern "C" fn tern_exit() {}
