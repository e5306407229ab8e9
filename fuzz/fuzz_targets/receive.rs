// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Receive transfers, two in a row, as the chip or a broken bus may deliver them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tern_chips::Any;
use tern_core::io::{Framing, RxCarry};

fuzz_target!(|transfers: (&[u8], &[u8])| {
    let mut carry = RxCarry::default();
    for transfer in [transfers.0, transfers.1] {
        let mut at = 0;
        while Any::Rtl8192C.next_rx(&mut carry, transfer, &mut at).is_some() {}
    }
});
