// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What differs between the chips of the family: numbers only.

use std::{fmt, str::FromStr};

use crate::chip::{Endpoint, UsbIdentity};

/// A chip of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Model {
    /// One chain, two bulk OUT endpoints, 0bda:8176.
    Rtl8188cus,
    /// Two chains, three bulk OUT endpoints, 0bda:8178.
    Rtl8192cu,
}

/// All models.
pub const MODELS: [Model; 2] = [Model::Rtl8188cus, Model::Rtl8192cu];

impl Model {
    /// The name that the command line uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rtl8188cus => "rtl8188cus",
            Self::Rtl8192cu => "rtl8192cu",
        }
    }

    pub(super) const fn profile(self) -> &'static Profile {
        match self {
            Self::Rtl8188cus => &RTL8188CUS,
            Self::Rtl8192cu => &RTL8192CU,
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Model {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        MODELS.into_iter().find(|model| model.name() == name).ok_or_else(|| {
            let known: Vec<&str> = MODELS.into_iter().map(Self::name).collect();
            format!("unknown chip {name:?}; known are {}", known.join(", "))
        })
    }
}

/// Numbers of one chip.
pub(super) struct Profile {
    pub(super) vendor: u16,
    pub(super) product: u16,
    pub(super) product_name: &'static str,
    /// RF chains.
    pub(super) chains: usize,
    /// SYS_CFG 0x0f0: bit 27 two chains, bits 15:12 cut (1 = B), bit 19 clear: TSMC.
    pub(super) sys_cfg: u32,
    /// Bulk OUT endpoints in the order high, normal, low queue.
    pub(super) bulk_out: &'static [u8],
    /// 0xfe66: a nonzero nibble for each of the high, normal and low queue that has an endpoint.
    pub(super) queues_with_endpoint: u16,
    /// Raw efuse byte 0x1fa: a clear bit asks for a PA bias write on that chain.
    pub(super) pa_setting: u8,
}

static RTL8188CUS: Profile = Profile {
    vendor: 0x0bda,
    product: 0x8176,
    product_name: "802.11n WLAN Adapter",
    chains: 1,
    sys_cfg: 0x0000_1000,
    bulk_out: &[2, 3],
    queues_with_endpoint: 0x0033,
    pa_setting: 0xfe,
};

static RTL8192CU: Profile = Profile {
    vendor: 0x0bda,
    product: 0x8178,
    product_name: "802.11n WLAN Adapter",
    chains: 2,
    sys_cfg: 0x0800_1000,
    bulk_out: &[2, 3, 5],
    queues_with_endpoint: 0x0333,
    pa_setting: 0xfc,
};

/// The bulk IN endpoint.
pub(super) const BULK_IN: u8 = 0x81;
/// The interrupt IN endpoint, which no driver needs.
const INTERRUPT_IN: u8 = 0x84;

impl Profile {
    pub(super) fn identity(&self, mac: [u8; 6]) -> UsbIdentity {
        let mut endpoints = vec![Endpoint::bulk(BULK_IN)];
        endpoints.extend(self.bulk_out.iter().map(|number| Endpoint::bulk(*number)));
        endpoints.push(Endpoint::interrupt(INTERRUPT_IN));
        let serial: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        UsbIdentity {
            vendor: self.vendor,
            product: self.product,
            version_bcd: 0x0200,
            strings: ["Realtek".to_owned(), self.product_name.to_owned(), serial],
            endpoints,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for model in MODELS {
            assert_eq!(model.name().parse(), Ok(model));
            let nibbles =
                (0..3).filter(|i| model.profile().queues_with_endpoint >> (4 * i) & 15 != 0);
            assert_eq!(nibbles.count(), model.profile().bulk_out.len());
        }
        assert!("rtl9999".parse::<Model>().unwrap_err().contains("rtl8188cus"));
    }
}
