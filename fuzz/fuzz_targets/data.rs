// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Data frames, the subframes of an A-MSDU, CCMP headers, and EAPOL.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tern_core::{
    crypto::ccmp,
    wire::{
        data::{BlockAckRequest, Data, Subframes},
        eapol::Eapol,
    },
};

fuzz_target!(|frame: &[u8]| {
    let _ = (Data::parse(frame), BlockAckRequest::parse(frame), ccmp::parse_header(frame));
    let _ = Eapol::parse(frame).and_then(|eapol| eapol.key());
    let subframes = Subframes::new(frame);
    let len: usize = subframes.clone().map(|(_, msdu)| msdu.len()).sum();
    assert!(len <= frame.len() && (!subframes.is_well_formed() || subframes.count() > 0));
});
