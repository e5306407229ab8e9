// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! OpenBSD's 802.11 ioctls, as any program may make them.
#![no_main]

mod ioctl;

use libfuzzer_sys::fuzz_target;
use tern_core::abi::openbsd::{OpenBsd, request};

fuzz_target!(|bytes: &[u8]| ioctl::live::<OpenBsd>(&request::ALL, bytes));
