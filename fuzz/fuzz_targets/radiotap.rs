// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Radiotap headers of injected frames.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tern_core::radiotap::TxParams;

fuzz_target!(|header: &[u8]| {
    let _ = TxParams::parse(header);
});
