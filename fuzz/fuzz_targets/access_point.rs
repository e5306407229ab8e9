// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The text that describes an access point on the command line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tern_sim::access_point::Config;

fuzz_target!(|text: &str| {
    let _ = Config::parse(text, 1);
});
