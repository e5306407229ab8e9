// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a guest, or who pretends to be one, sends to the emulator.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tern_emu::usbredir::peer::{Event, Peer};
use tern_sim::chip::{Endpoint, UsbIdentity};

fuzz_target!(|stream: &[u8]| {
    let identity = UsbIdentity {
        vendor: 0x0bda,
        product: 0x8176,
        version_bcd: 0x0200,
        strings: ["a".into(), "b".into(), "c".into()],
        endpoints: vec![Endpoint::bulk(0x81), Endpoint::bulk(0x02)],
    };
    let mut peer = Peer::new(identity, true);
    let mut events = Vec::new();
    let _ = peer.input(stream, &mut events);
    for event in events {
        match event {
            Event::Vendor { id, setup, .. } => peer.control_done(id, setup, Ok(&[0; 4])),
            Event::BulkOut { id, endpoint, data } => {
                peer.bulk_out_done(id, endpoint, Ok(data.len()));
            }
            Event::Reset => {}
        }
    }
});
