// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The only file to touch to add a device id; every shim makes its own table from it.

use crate::Any;

/// One USB device id.
#[derive(Clone, Copy, Debug)]
pub struct UsbId {
    /// Vendor id.
    pub vendor: u16,
    /// Product id.
    pub product: u16,
    /// Backend.
    pub chip: Any,
}

macro_rules! usb_ids {
    ($($chip:ident { $($vendor:literal : $product:literal $name:literal,)* })*) => {
        /// Every USB device id that the driver answers to.
        pub const USB_IDS: &[UsbId] = &[
            $($(UsbId { vendor: $vendor, product: $product, chip: Any::$chip },)*)*
        ];
    };
}

usb_ids! {
    Rtl8188E {
        0x0bda:0x8179 "Realtek RTL8188EUS",
        0x2357:0x010c "TP-Link TL-WN722N v2",
    }
}
