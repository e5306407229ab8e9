// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Registers of the USB side.

use bitfield_struct::bitfield;

use super::{register, values};

/// What the bulk endpoints do.
#[bitfield(u8)]
pub(crate) struct UsbSpecialOption {
    #[bits(3)]
    __: u8,
    pub(crate) agg_en: bool,
    #[bits(4)]
    __: u8,
}
register!(UsbSpecialOption: u8 @ 0xfe55);

/// Which queues have an OUT endpoint.
#[bitfield(u16)]
pub(crate) struct UsbEpTx {
    #[bits(4)]
    pub(crate) high: u8,
    #[bits(4)]
    pub(crate) normal: u8,
    #[bits(4)]
    pub(crate) low: u8,
    #[bits(4)]
    __: u8,
}
register!(UsbEpTx: u16 @ 0xfe66);

values! {
    UsbSuspend: u8 @ 0xfe10;
    /// Window to the registers of the USB transceiver: data, address, go.
    UsbPhyData: u8 @ 0xfe40;
    UsbPhyAddr: u8 @ 0xfe41;
    UsbPhyGo: u8 @ 0xfe42;
    UsbDmaAggTo: u8 @ 0xfe5b;
    UsbAggTo: u8 @ 0xfe5c;
    UsbAggTh: u8 @ 0xfe5d;
}
