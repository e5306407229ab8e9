// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The panic handler: a Rust panic is a kernel panic.
//!
//! `shim_panic` returns in its type: with a function known not to return, the compiler would
//! let the code end at the call, and objtool takes that for falling into the next function.

use core::ffi::c_int;
use core::panic::PanicInfo;

use crate::ffi;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let (file, line) = match info.location() {
        Some(at) => (at.file(), at.line()),
        None => ("unknown file", 0),
    };
    // SAFETY: the shim only reads `file_len` bytes of `file`, which lives for ever.
    unsafe { ffi::shim_panic(file.as_ptr(), file.len() as c_int, line as c_int) };
    // SAFETY: an undefined instruction traps; it touches neither memory nor stack.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        core::arch::asm!("ud2", options(noreturn))
    }
    // SAFETY: likewise.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        core::arch::asm!("udf #0", options(noreturn))
    }
}
