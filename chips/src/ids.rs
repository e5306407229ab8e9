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
    /// Maker and model, or where that is not known, chip.
    pub name: &'static str,
    /// Backend.
    pub chip: Any,
}

macro_rules! usb_ids {
    ($($chip:ident { $($vendor:literal : $product:literal $name:literal,)* })*) => {
        /// Every USB device id that the driver answers to.
        pub const USB_IDS: &[UsbId] = &[
            $($(UsbId {
                vendor: $vendor,
                product: $product,
                name: $name,
                chip: Any::$chip,
            },)*)*
        ];
    };
}

usb_ids! {
    Rtl8192C {
        0x04bb:0x094c "I-O DATA WN-G150UM",
        0x04bb:0x0950 "I-O DATA RTL8192CU",
        0x04f2:0xaff7 "Chicony RTL8188CUS",
        0x04f2:0xaff8 "Chicony RTL8188CUS",
        0x04f2:0xaff9 "Chicony RTL8188CUS",
        0x04f2:0xaffa "Chicony RTL8188CUS",
        0x04f2:0xaffb "Chicony RTL8188CUS",
        0x04f2:0xaffc "Chicony RTL8188CUS",
        0x050d:0x1004 "Belkin F9L1004 v1",
        0x050d:0x1102 "Belkin RTL8188CU",
        0x050d:0x11f2 "Belkin RTL8188CUS",
        0x050d:0x2102 "Belkin RTL8192CU",
        0x050d:0x2103 "Belkin F7D2102",
        0x050d:0x21f2 "Belkin RTL8192CU",
        0x0586:0x341f "ZyXEL RTL8192CU",
        0x06f8:0xe033 "Guillemot (Hercules) HWNUP-150",
        0x06f8:0xe035 "Guillemot (Hercules) RTL8192CU",
        0x0789:0x016d "Logitec RTL8192CU family",
        0x07aa:0x0056 "Corega RTL8192CU",
        0x07b8:0x8178 "AboCom RTL8192CU",
        0x07b8:0x8188 "AboCom RTL8188CU",
        0x07b8:0x8189 "AboCom RTL8188CU",
        0x0846:0x9021 "Netgear RTL8192CU",
        0x0846:0x9041 "Netgear WNA1000M",
        0x0846:0x9042 "Netgear RTL8192CU family",
        0x0846:0x9043 "Netgear RTL8192CU family",
        0x0846:0xf001 "Netgear RTL8192CU family",
        0x0b05:0x17ab "ASUS RTL8192CU",
        0x0b05:0x17ba "ASUS USB-N10 Nano",
        0x0b05:0x17c0 "ASUS RTL8192CU",
        0x0bda:0x018a "Realtek RTL8188CTV",
        0x0bda:0x1e1e "Realtek RTL8192CU family",
        0x0bda:0x2e2e "Realtek RTL8192CU family",
        0x0bda:0x5088 "Realtek RTL8192CU family",
        0x0bda:0x8170 "Realtek RTL8188CE",
        0x0bda:0x8176 "Realtek RTL8188CUS",
        0x0bda:0x8177 "Realtek RTL8191CU",
        0x0bda:0x8178 "Realtek RTL8192CU",
        0x0bda:0x817a "Realtek RTL8188CU",
        0x0bda:0x817b "Realtek RTL8188CU",
        0x0bda:0x817c "Realtek RTL8192CE",
        0x0bda:0x817e "Realtek RTL8188CE",
        0x0bda:0x8186 "Realtek RTL8192CU family",
        0x0bda:0x818a "Realtek RTL8188CUS",
        0x0bda:0x8191 "Realtek RTL8188CU",
        0x0bda:0x819a "Realtek RTL8192CU family",
        0x0bda:0x8754 "Realtek RTL8188CU",
        0x0df6:0x0052 "Sitecom RTL8188CU",
        0x0df6:0x005c "Sitecom RTL8188CU",
        0x0df6:0x0061 "Sitecom RTL8192CU",
        0x0df6:0x0070 "Sitecom RTL8192CU rev 2",
        0x0df6:0x0077 "Sitecom RTL8192CU family",
        0x0e66:0x0019 "Hawking RTL8192CU",
        0x0e66:0x0020 "Hawking RTL8192CU",
        0x0eb0:0x9071 "NovaTech RTL8188CU",
        0x103c:0x1629 "HP RTL8188CU",
        0x1058:0x0631 "Western Digital RTL8192CU family",
        0x13d3:0x3357 "AzureWave RTL8188CU",
        0x13d3:0x3358 "AzureWave RTL8188CE",
        0x13d3:0x3359 "AzureWave RTL8188CE",
        0x2001:0x3307 "D-Link RTL8192CU",
        0x2001:0x3308 "D-Link RTL8188CU",
        0x2001:0x3309 "D-Link RTL8192CU",
        0x2001:0x330a "D-Link RTL8192CU",
        0x2001:0x330b "D-Link RTL8192CU",
        0x2001:0x330d "D-Link DWA-131 rev B",
        0x2019:0x1201 "Planex RTL8188CUS",
        0x2019:0x4902 "Planex RTL8188CU",
        0x2019:0xab2a "Planex RTL8188CU",
        0x2019:0xab2b "Planex RTL8192CU",
        0x2019:0xab2e "Planex RTL8188CU",
        0x2019:0xed17 "Planex RTL8188CU",
        0x20f4:0x624d "TRENDnet RTL8192CU",
        0x20f4:0x648b "TRENDnet RTL8188CU",
        0x20f4:0x648c "TRENDnet TEW-648UBM",
        0x2357:0x0100 "TP-Link RTL8192CU",
        0x4855:0x0090 "Feixun RTL8188CU",
        0x4855:0x0091 "Feixun RTL8192CU",
        0x4856:0x0091 "Feixun (4856) RTL8192CU family",
        0x7392:0x7811 "Edimax EW-7811Un",
        0x7392:0x7822 "Edimax RTL8192CU",
        0x9846:0x9041 "Netgear (9846) RTL8188CU",
        0xcdab:0x8010 "Compare RTL8192CU",
    }
    Rtl8188R {
        0x0bda:0x317f "Realtek RTL8188RU",
        0x0bda:0x817d "Realtek RTL8188RU",
        0x0bda:0x817f "Realtek RTL8188RU",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_there_once() {
        for (at, id) in USB_IDS.iter().enumerate() {
            let same = |other: &&UsbId| (other.vendor, other.product) == (id.vendor, id.product);
            assert_eq!(USB_IDS.iter().position(|other| same(&other)), Some(at), "{}", id.name);
        }
    }

    #[test]
    fn the_reference_sticks_are_known() {
        assert_eq!(Any::for_usb(0x0bda, 0x8176), Some(Any::Rtl8192C));
        assert_eq!(Any::for_usb(0x0bda, 0x8178), Some(Any::Rtl8192C));
        assert_eq!(Any::for_usb(0x0bda, 0x817f), Some(Any::Rtl8188R));
        assert_eq!(Any::for_usb(0x0bda, 0xffff), None);
    }
}
