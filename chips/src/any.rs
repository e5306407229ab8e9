// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! One type for every chip: shims name nothing else.

use tern_core::{
    chip::{Chip, ChipEvent, ChipInfo, RegisterBus},
    control::RxFilter,
    io::{Framing, RxCarry, RxItem, TxInfo},
    os::{OsError, Sleepable},
    types::{Channel, MacAddr},
};

use crate::{
    ids::USB_IDS,
    rtl8188e::{Framing8188E, Rtl8188E},
};

/// A kind of chip, and how it wraps frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Any {
    /// RTL8188EU and RTL8188EUS.
    Rtl8188E,
}

impl Any {
    /// The kind of a USB device, if this is a driver for it.
    pub fn for_usb(vendor: u16, product: u16) -> Option<Self> {
        let id = USB_IDS.iter().find(|id| (id.vendor, id.product) == (vendor, product))?;
        Some(id.chip)
    }

    /// The backend, on its bus.
    pub const fn on_bus<B: RegisterBus>(self, bus: B) -> AnyChip<B> {
        match self {
            Self::Rtl8188E => AnyChip::Rtl8188E(Rtl8188E::new(bus)),
        }
    }

    /// The one place that knows which framing belongs to which chip.
    fn framing(&self) -> &'static dyn Framing {
        match self {
            Self::Rtl8188E => &Framing8188E,
        }
    }
}

impl Framing for Any {
    fn tx_descriptor_len(&self) -> usize {
        self.framing().tx_descriptor_len()
    }
    fn write_tx_descriptor(&self, out: &mut [u8], tx: TxInfo) {
        self.framing().write_tx_descriptor(out, tx);
    }
    fn next_rx<'a>(
        &self,
        carry: &'a mut RxCarry,
        transfer: &'a [u8],
        at: &mut usize,
    ) -> Option<RxItem<'a>> {
        self.framing().next_rx(carry, transfer, at)
    }
}

/// A backend of any kind.
#[derive(Debug)]
pub enum AnyChip<B> {
    /// RTL8188EU and RTL8188EUS.
    Rtl8188E(Rtl8188E<B>),
}

impl<B: RegisterBus> AnyChip<B> {
    fn chip(&mut self) -> &mut dyn Chip
    where
        B: Send,
    {
        match self {
            Self::Rtl8188E(chip) => chip,
        }
    }
}

impl<B: RegisterBus + Send> Chip for AnyChip<B> {
    fn info(&self) -> &'static ChipInfo {
        match self {
            Self::Rtl8188E(chip) => chip.info(),
        }
    }
    fn start(&mut self, cx: &mut Sleepable) -> Result<(), OsError> {
        self.chip().start(cx)
    }
    fn load_firmware(&mut self, cx: &mut Sleepable, piece: &[u8]) -> Result<(), OsError> {
        self.chip().load_firmware(cx, piece)
    }
    fn stop(&mut self, cx: &mut Sleepable) -> Result<(), OsError> {
        self.chip().stop(cx)
    }
    fn set_channel(&mut self, cx: &mut Sleepable, channel: Channel) -> Result<(), OsError> {
        self.chip().set_channel(cx, channel)
    }
    fn set_bssid(&mut self, cx: &mut Sleepable, bssid: Option<MacAddr>) -> Result<(), OsError> {
        self.chip().set_bssid(cx, bssid)
    }
    fn set_rx_filter(&mut self, cx: &mut Sleepable, filter: RxFilter) -> Result<(), OsError> {
        self.chip().set_rx_filter(cx, filter)
    }
    fn on_message(&mut self, cx: &mut Sleepable, message: &[u8]) -> Result<ChipEvent, OsError> {
        self.chip().on_message(cx, message)
    }
}
