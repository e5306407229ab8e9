// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! NEWCHIP.

mod backend;

use tern_core::{
    chip::{Bands, ChipInfo, Ciphers, Offloads},
    io::{Framing, RxCarry, RxItem, TxInfo},
};

pub use backend::NewChip;

/// Bytes before each frame that goes out.
const TX_DESCRIPTOR_LEN: u8 = 32;

/// What this chip is.
pub const INFO: ChipInfo = ChipInfo {
    name: "NEWCHIP",
    offloads: Offloads::empty(),
    ciphers: Ciphers::empty(),
    keys_max: 0,
    group_keys: 0,
    peers_max: 1,
    bands: Bands::GHZ2,
    has_40mhz: false,
    tx_descriptor_len: TX_DESCRIPTOR_LEN,
    rx_transfer_len: 16 * 1024,
};

/// How the chip wraps frames.
#[derive(Clone, Copy, Debug)]
pub struct NewChipFraming;

impl Framing for NewChipFraming {
    fn tx_descriptor_len(&self) -> usize {
        TX_DESCRIPTOR_LEN.into()
    }

    fn write_tx_descriptor(&self, _out: &mut [u8], _tx: TxInfo) {}

    fn next_rx<'a>(
        &self,
        _carry: &'a mut RxCarry,
        transfer: &'a [u8],
        at: &mut usize,
    ) -> Option<RxItem<'a>> {
        // Nothing is understood yet; the whole transfer is one bad item.
        if *at >= transfer.len() {
            return None;
        }
        *at = transfer.len();
        Some(RxItem::Bad)
    }
}
