// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The body of a scan request: what is read is within its limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tern_core::scan::ScanRequest;

fuzz_target!(|body: &[u8]| {
    let _ = ScanRequest::parse(body);
});
