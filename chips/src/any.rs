// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! One type for every chip: shims name nothing else.

use tern_core::{
    chip::{
        Chip, ChipError, ChipEvent, ChipInfo, ChipKey, Edca, Identity, Link, PeerInfo, RegisterBus,
    },
    control::RxFilter,
    io::{Framing, RxCarry, RxItem, TxInfo, TxQueue},
    os::Sleepable,
    types::{Instant, MacAddr, Tuning},
};

use crate::{
    ids::USB_IDS,
    rtl8192c::{self, Framing8192C, Rtl8192C},
};

/// A kind of chip, and how it wraps frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Any {
    /// RTL8188CU, RTL8188CUS, RTL8191CU and RTL8192CU.
    Rtl8192C,
    /// RTL8188RU: the same with an amplifier, so it measures 802.11b frames on another scale.
    Rtl8188R,
}

/// What a chip has to know of the USB device around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Bulk OUT endpoints of the interface, at least 1.
    pub out: u8,
}

impl Any {
    /// The kind of a USB device, if this is a driver for it.
    pub fn for_usb(vendor: u16, product: u16) -> Option<Self> {
        let id = USB_IDS.iter().find(|id| (id.vendor, id.product) == (vendor, product))?;
        Some(id.chip)
    }

    /// What is known of the chip without asking it.
    pub const fn info(self) -> &'static ChipInfo {
        match self {
            Self::Rtl8192C | Self::Rtl8188R => &rtl8192c::INFO,
        }
    }

    /// Which of a device's bulk OUT endpoints a frame goes to: an index into them, in the order
    /// of the interface descriptor. `out_endpoints` is how many there are.
    pub const fn endpoint(
        self,
        queue: TxQueue,
        is_management: bool,
        out_endpoints: usize,
    ) -> usize {
        match self {
            Self::Rtl8192C | Self::Rtl8188R => {
                rtl8192c::endpoint(queue, is_management, out_endpoints)
            }
        }
    }

    /// The backend, on its bus.
    pub fn on_bus<B: RegisterBus>(self, bus: B, endpoints: Endpoints) -> AnyChip<B> {
        match self {
            Self::Rtl8192C | Self::Rtl8188R => AnyChip::Rtl8192C(Rtl8192C::new(bus, endpoints)),
        }
    }

    /// The one place that knows which framing belongs to which chip.
    const fn framing(self) -> &'static dyn Framing {
        match self {
            Self::Rtl8192C => &Framing8192C { high_power: false },
            Self::Rtl8188R => &Framing8192C { high_power: true },
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
    /// RTL8188C, RTL8191C and RTL8192C.
    Rtl8192C(Rtl8192C<B>),
}

/// Hands each method of [`Chip`] to the backend.
macro_rules! forward {
    ($($method:ident($($arg:ident: $kind:ty),*) -> $result:ty;)*) => {
        impl<B: RegisterBus + Send> Chip for AnyChip<B> {
            fn info(&self) -> &'static ChipInfo {
                match self {
                    Self::Rtl8192C(chip) => chip.info(),
                }
            }
            // A frame of its own for each: together they would be too much for a kernel's stack.
            $(#[inline(never)]
            fn $method(
                &mut self,
                cx: &mut Sleepable,
                $($arg: $kind),*
            ) -> Result<$result, ChipError> {
                match self {
                    Self::Rtl8192C(chip) => chip.$method(cx, $($arg),*),
                }
            })*
        }
    };
}

forward! {
    identify() -> Identity;
    start(firmware: &[u8], mac: MacAddr) -> ();
    stop() -> ();
    set_channel(tuning: Tuning) -> ();
    set_link(link: &Link) -> ();
    set_scanning(scanning: bool) -> ();
    set_rx_filter(filter: RxFilter) -> ();
    set_edca(queue: TxQueue, edca: Edca) -> ();
    set_peer(peer: &PeerInfo) -> ();
    set_signal(mac_id: u8, dbm: i8) -> ();
    set_key(key: &ChipKey<'_>) -> ();
    clear_key(slot: u8) -> ();
    set_tx_power(limit: Option<i8>) -> ();
    set_led(on: bool) -> ();
    peek(addr: u16) -> u32;
    on_message(message: &[u8]) -> ChipEvent;
    tick(now: Instant) -> Option<Instant>;
}
