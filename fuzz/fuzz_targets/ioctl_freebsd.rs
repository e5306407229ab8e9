// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! FreeBSD's 802.11 ioctls, as any program may make them.
#![no_main]

mod ioctl;

use libfuzzer_sys::fuzz_target;
use tern_core::abi::freebsd::{self, FreeBsd};

fuzz_target!(|bytes: &[u8]| {
    ioctl::live::<FreeBsd>(&[freebsd::GET, freebsd::SET, freebsd::SET, freebsd::GET_STATS], bytes);
});
