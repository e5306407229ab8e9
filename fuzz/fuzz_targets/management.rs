// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Management frames and their elements, as any neighbour may send them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tern_core::{
    types::Channel,
    wire::{
        bss::Bss,
        elements::{Country, Elements, HtCapability, HtOperation, Rsn, Tim, Wmm},
        mgmt::Mgmt,
    },
};

fuzz_target!(|frame: &[u8]| {
    let _ = Mgmt::parse(frame);
    let _ = Channel::ghz2(6).and_then(|channel| Bss::parse(frame, channel));
    for element in Elements::new(frame) {
        let body = element.body;
        let _ = (HtCapability::parse(body), HtOperation::parse(body), Rsn::parse(body));
        let _ = (Wmm::parse(body), Country::parse(body), Tim::parse(body));
    }
});
