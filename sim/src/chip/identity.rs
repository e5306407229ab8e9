// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a device tells the USB host about itself: descriptors (USB 2.0, chapter 9).

/// Standard descriptor types.
const DEVICE: u8 = 1;
const CONFIGURATION: u8 = 2;
const STRING: u8 = 3;
const INTERFACE: u8 = 4;
const ENDPOINT: u8 = 5;
const DEVICE_QUALIFIER: u8 = 6;
/// English (United States).
const LANGUAGE: u16 = 0x0409;
/// Largest packet of endpoint 0 and of bulk endpoints at high speed.
const CONTROL_PACKET: u8 = 64;
const BULK_PACKET: u16 = 512;
/// Class, subclass and protocol of the interface: vendor specific.
const VENDOR_SPECIFIC: u8 = 0xff;

/// One endpoint of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Number with the direction in bit 7 (set: IN).
    pub address: u8,
    /// 2 bulk, 3 interrupt.
    pub kind: u8,
    /// Largest packet in bytes.
    pub packet_max: u16,
    /// Polling interval of an interrupt endpoint (exponent + 1, in units of 125 us).
    pub interval: u8,
}

impl Endpoint {
    /// A bulk endpoint at high speed.
    pub const fn bulk(address: u8) -> Self {
        Self { address, kind: 2, packet_max: BULK_PACKET, interval: 0 }
    }

    /// An interrupt endpoint at high speed.
    pub const fn interrupt(address: u8) -> Self {
        Self { address, kind: 3, packet_max: 64, interval: 4 }
    }
}

/// What a high-speed device with one configuration and one interface enumerates as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsbIdentity {
    /// idVendor.
    pub vendor: u16,
    /// idProduct.
    pub product: u16,
    /// bcdDevice.
    pub version_bcd: u16,
    /// Manufacturer, product, serial number.
    pub strings: [String; 3],
    /// Endpoints in the order of their descriptors.
    pub endpoints: Vec<Endpoint>,
}

impl UsbIdentity {
    /// The descriptor asked for by GET_DESCRIPTOR with this wValue; `None` for a STALL.
    pub fn descriptor(&self, value: u16) -> Option<Vec<u8>> {
        let [index, kind] = value.to_le_bytes();
        match (kind, index) {
            (DEVICE, 0) => Some(self.device()),
            (DEVICE_QUALIFIER, 0) => {
                // The same device at full speed: as the device descriptor, without identity.
                let mut bytes = vec![10, DEVICE_QUALIFIER, 0x00, 0x02];
                bytes.extend([0, 0, 0, CONTROL_PACKET, 1, 0]);
                Some(bytes)
            }
            (CONFIGURATION, 0) => Some(self.configuration()),
            (STRING, 0) => {
                let mut bytes = vec![4, STRING];
                bytes.extend(LANGUAGE.to_le_bytes());
                Some(bytes)
            }
            (STRING, 1..=3) => string(&self.strings[usize::from(index) - 1]),
            _ => None,
        }
    }

    fn device(&self) -> Vec<u8> {
        let mut bytes = vec![18, DEVICE, 0x00, 0x02, 0, 0, 0, CONTROL_PACKET];
        bytes.extend(self.vendor.to_le_bytes());
        bytes.extend(self.product.to_le_bytes());
        bytes.extend(self.version_bcd.to_le_bytes());
        bytes.extend([1, 2, 3, 1]);
        bytes
    }

    fn configuration(&self) -> Vec<u8> {
        let count = self.endpoints.len() as u8;
        let total = 9 + 9 + 7 * u16::from(count);
        let mut bytes = vec![9, CONFIGURATION];
        bytes.extend(total.to_le_bytes());
        // One interface, configuration 1, bus powered, 500 mA.
        bytes.extend([1, 1, 0, 0x80, 250]);
        bytes.extend([9, INTERFACE, 0, 0, count]);
        bytes.extend([VENDOR_SPECIFIC, VENDOR_SPECIFIC, VENDOR_SPECIFIC, 0]);
        for endpoint in &self.endpoints {
            bytes.extend([7, ENDPOINT, endpoint.address, endpoint.kind]);
            bytes.extend(endpoint.packet_max.to_le_bytes());
            bytes.push(endpoint.interval);
        }
        bytes
    }
}

fn string(text: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![0, STRING];
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    bytes[0] = u8::try_from(bytes.len()).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> UsbIdentity {
        UsbIdentity {
            vendor: 0x0bda,
            product: 0x8176,
            version_bcd: 0x0200,
            strings: ["Realtek".into(), "802.11n".into(), "00e04c000001".into()],
            endpoints: vec![Endpoint::bulk(0x81), Endpoint::bulk(0x02), Endpoint::interrupt(0x84)],
        }
    }

    #[test]
    fn descriptors_state_their_own_length() {
        let identity = identity();
        let device = identity.descriptor(0x0100).unwrap();
        assert_eq!(device.len(), 18);
        assert_eq!(device[8..12], [0xda, 0x0b, 0x76, 0x81]);
        let configuration = identity.descriptor(0x0200).unwrap();
        assert_eq!(configuration.len(), 9 + 9 + 3 * 7);
        assert_eq!(usize::from(configuration[2]), configuration.len());
        assert_eq!(configuration[9 + 4], 3);
        let mut at = 0;
        while at < configuration.len() {
            at += usize::from(configuration[at]);
        }
        assert_eq!(at, configuration.len());
        assert_eq!(identity.descriptor(0x0301).unwrap()[..4], [16, 3, b'R', 0]);
        assert_eq!(identity.descriptor(0x0304), None);
        assert_eq!(identity.descriptor(0x0700), None);
    }
}
