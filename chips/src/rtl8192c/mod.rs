// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! RTL8192C: RTL8188CU, RTL8188CUS, RTL8188RU, RTL8191CU and RTL8192CU. 2.4 GHz, 802.11n, one or
//! two streams, USB 2.0.

mod backend;
mod board;
mod calib;
mod channel;
pub mod desc;
mod init;
mod iq;
mod link;
mod power;
pub mod rx;
mod tables;
#[cfg(test)]
mod tests;
mod tx_power;

use tern_core::{
    chip::{Bands, ChipInfo, Ciphers, Offloads},
    io::{Framing, RxCarry, RxItem, TxInfo, TxQueue},
};

pub use backend::Rtl8192C;

/// What these chips are. The firmware picks rates from a mask (`Chip::set_peer`). It could report
/// on single frames through a mailbox that would have to be polled; nobody here does.
pub const INFO: ChipInfo = ChipInfo {
    name: "RTL8192C",
    offloads: Offloads::RATE_CONTROL,
    ciphers: Ciphers::CCMP,
    keys_max: 32,
    group_keys: 4,
    peers_max: 32,
    bands: Bands::GHZ2,
    has_40mhz: true,
    tx_descriptor_len: desc::TX_DESCRIPTOR_LEN,
    rx_transfer_len: 16 * 1024,
};

/// Which of the bulk OUT endpoints a frame goes to: the first leads to the high queue, the second
/// to the normal one, the third to the low one; `init` tells the chip the same.
pub const fn endpoint(queue: TxQueue, is_management: bool, out_endpoints: usize) -> usize {
    match (queue, out_endpoints) {
        _ if is_management => 0,
        (TxQueue::Voice, _) | (_, 0 | 1) => 0,
        (TxQueue::Video, 2) => 0,
        (TxQueue::Video, _) | (_, 2) => 1,
        (TxQueue::BestEffort | TxQueue::Background, _) => 2,
    }
}

/// How the chip wraps frames on USB.
#[derive(Clone, Copy, Debug)]
pub struct Framing8192C {
    /// The board has an amplifier (RTL8188RU): reports of 802.11b frames have another scale.
    pub high_power: bool,
}

impl Framing for Framing8192C {
    fn tx_descriptor_len(&self) -> usize {
        desc::TX_DESCRIPTOR_LEN.into()
    }

    fn write_tx_descriptor(&self, out: &mut [u8], tx: TxInfo) {
        desc::write_tx(out, &tx);
    }

    fn next_rx<'a>(
        &self,
        carry: &'a mut RxCarry,
        transfer: &'a [u8],
        at: &mut usize,
    ) -> Option<RxItem<'a>> {
        rx::next(carry, transfer, at, self.high_power)
    }
}
