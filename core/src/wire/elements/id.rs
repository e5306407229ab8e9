// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Element identifiers (IEEE Std 802.11-2020, table 9-92).

/// Name of the network.
pub const SSID: u8 = 0;
/// Supported rates and BSS membership selectors, the first eight.
pub const RATES: u8 = 1;
/// Channel number.
pub const DS: u8 = 3;
/// Traffic indication map.
pub const TIM: u8 = 5;
/// Country.
pub const COUNTRY: u8 = 7;
/// Channel switch announcement.
pub const CHANNEL_SWITCH: u8 = 37;
/// ERP.
pub const ERP: u8 = 42;
/// HT capabilities.
pub const HT_CAPABILITY: u8 = 45;
/// RSN.
pub const RSN: u8 = 48;
/// The rest of the rates.
pub const EXTENDED_RATES: u8 = 50;
/// Extended channel switch announcement.
pub const EXTENDED_CHANNEL_SWITCH: u8 = 60;
/// HT operation.
pub const HT_OPERATION: u8 = 61;
/// Extended capabilities.
pub const EXTENDED_CAPABILITIES: u8 = 127;
/// Vendor specific.
pub const VENDOR: u8 = 221;

/// Start of a WPA element: Microsoft, type 1.
pub const VENDOR_WPA: [u8; 4] = [0x00, 0x50, 0xf2, 0x01];
/// Start of a WMM element: Microsoft, type 2.
pub const VENDOR_WMM: [u8; 4] = [0x00, 0x50, 0xf2, 0x02];
