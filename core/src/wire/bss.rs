// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a beacon or probe response says of a network.

use super::{
    elements::{Elements, Erp, HtCapability, HtOperation, Rates, Tim, Wmm, id},
    mgmt::{BeaconFixed, Body, Capability, Mgmt},
};
use crate::types::{Channel, MacAddr, Ssid, Tuning, Width};

/// A network, as its access point describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bss {
    /// The access point.
    pub bssid: MacAddr,
    /// The network's name; empty when it is hidden.
    pub ssid: Ssid,
    /// Primary channel, and how wide the network works.
    pub tuning: Tuning,
    /// Time units (1,024 us) from beacon to beacon, at least 1.
    pub beacon_interval_tu: u16,
    /// Beacons from one after which group frames are sent to the next; 0 if not said.
    pub dtim_period: u8,
    /// Capabilities.
    pub capability: Capability,
    /// Legacy rates.
    pub rates: Rates,
    /// Protection from 802.11b stations.
    pub erp: Option<Erp>,
    /// HT.
    pub ht: Option<HtCapability>,
    /// Quality of service.
    pub wmm: Option<Wmm>,
    /// There is an RSN element.
    pub has_rsn: bool,
    /// There is a WPA element.
    pub has_wpa: bool,
}

impl Bss {
    /// Reads a beacon or probe response that came in on `heard_on`. Without a DS parameter or HT
    /// operation element the channel is where it was heard: at 2.4 GHz a receiver also
    /// understands frames from neighbouring channels.
    pub fn parse(frame: &[u8], heard_on: Channel) -> Option<Self> {
        let Mgmt { header, body: Body::Beacon(fixed, elements) } = Mgmt::parse(frame)? else {
            return None;
        };
        let bssid = header.bssid();
        bssid.is_valid_station().then(|| Self::read(bssid, fixed, elements, heard_on))?
    }

    fn read(
        bssid: MacAddr,
        fixed: &BeaconFixed,
        elements: Elements<'_>,
        heard_on: Channel,
    ) -> Option<Self> {
        let operation = elements.body_of(id::HT_OPERATION).and_then(HtOperation::parse);
        let number = match elements.body_of(id::DS) {
            Some([number, ..]) => Some(*number),
            _ => operation.map(|operation| operation.primary),
        };
        let channel = match number {
            Some(number) => Channel::new(heard_on.band(), number)?,
            None => heard_on,
        };
        let width = operation.map_or(Width::Mhz20, |operation| operation.width);
        let wmm = elements.find_vendor(&id::VENDOR_WMM);
        Some(Self {
            bssid,
            ssid: elements.body_of(id::SSID).map_or(Some(Ssid::EMPTY), Ssid::new)?,
            tuning: Tuning { channel, width },
            beacon_interval_tu: fixed.interval.get().max(1),
            dtim_period: elements
                .body_of(id::TIM)
                .and_then(Tim::parse)
                .map_or(0, |t| t.dtim_period),
            capability: Capability::from_bits_retain(fixed.capability.get()),
            rates: Rates::of(elements),
            erp: elements.body_of(id::ERP).and_then(Erp::parse),
            ht: elements.body_of(id::HT_CAPABILITY).and_then(HtCapability::parse),
            wmm: wmm.and_then(Wmm::parse),
            has_rsn: elements.body_of(id::RSN).is_some(),
            has_wpa: elements.find_vendor(&id::VENDOR_WPA).is_some(),
        })
    }

    /// Whether data is encrypted.
    pub const fn is_protected(&self) -> bool {
        self.capability.contains(Capability::PRIVACY) || self.has_rsn || self.has_wpa
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::{
        header::{Header, MgmtSubtype},
        writer::Writer,
    };

    const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

    fn beacon(elements: &[u8]) -> std::vec::Vec<u8> {
        let mut frame = [0; 400];
        let mut writer = Writer::new(&mut frame);
        writer.view(&Header::mgmt(MgmtSubtype::Beacon, MacAddr::BROADCAST, AP, AP));
        writer.bytes(&[0; 8]).u16(100).u16(0x0431).bytes(elements);
        let len = writer.finish().unwrap();
        frame[..len].to_vec()
    }

    fn check(elements: &[u8], expect: impl Fn(Option<Bss>) -> bool) {
        let found = Bss::parse(&beacon(elements), Channel::ghz2(6).unwrap());
        assert!(expect(found), "{elements:?}: {found:?}");
    }

    #[test]
    fn what_a_beacon_says() {
        check(&[0, 4, b't', b'e', b'r', b'n', 3, 1, 11, 1, 2, 0x82, 0x0c], |bss| {
            let bss = bss.unwrap();
            bss.ssid.as_bytes() == b"tern"
                && bss.tuning.channel.number() == 11
                && bss.rates.supported.iter_half_mbps().eq([2, 12])
                && bss.is_protected()
        });
        check(&[0, 0], |bss| bss.unwrap().ssid.is_hidden());
        check(&[], |bss| bss.unwrap().tuning.channel.number() == 6);
        check(&[3, 1, 200], |bss| bss.is_none());
        check(&[0, 33], |bss| bss.unwrap().ssid == Ssid::EMPTY);
    }

    proptest! {
        #[test]
        fn no_beacon_makes_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Bss::parse(&beacon(&bytes), Channel::ghz2(1).unwrap());
            let _ = Bss::parse(&bytes, Channel::ghz2(1).unwrap());
        }
    }
}
