// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! High throughput (IEEE Std 802.11-2020, 9.4.2.55 and 9.4.2.56).

use bitflags::bitflags;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned, little_endian as le};

use crate::{types::Width, wire::writer::Writer};

bitflags! {
    /// HT Capability Information (9.4.2.55.2), as far as it matters here; other bits are kept.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct HtInfo: u16 {
        /// Works 40 MHz wide too.
        const WIDE = 1 << 1;
        /// SM power save is off (both bits).
        const SM_POWER_SAVE_OFF = 3 << 2;
        /// Short guard interval at 20 MHz.
        const SHORT_GI_20 = 1 << 5;
        /// Short guard interval at 40 MHz.
        const SHORT_GI_40 = 1 << 6;
        /// A-MSDUs of up to 7,935 bytes instead of 3,839.
        const LONG_AMSDU = 1 << 11;
        /// DSSS and CCK at 40 MHz.
        const DSSS_40 = 1 << 12;
        /// Others must not work 40 MHz wide here.
        const INTOLERANT_40 = 1 << 14;
        /// Every other bit.
        const _ = !0;
    }
}

/// The element as it lies in a frame.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
struct View {
    info: le::U16,
    ampdu: u8,
    rx_mcs: le::U32,
    rx_mcs_rest: [u8; 6],
    rx_highest_mbps: le::U16,
    tx_mcs: u8,
    reserved: [u8; 3],
    extended: le::U16,
    beamforming: le::U32,
    antenna_selection: u8,
}

const _: () = assert!(size_of::<View>() == 26);

/// What an HT station can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HtCapability {
    /// Features.
    pub info: HtInfo,
    /// A-MPDU parameters: bits 0 and 1 longest length (2^(13 + n) - 1), 2 to 4 densest start.
    pub ampdu: u8,
    /// Modulation and coding schemes that it receives; bit n is MCS n.
    pub rx_mcs: u32,
}

impl HtCapability {
    /// What of it holds for who works this wide. To claim 40 MHz and listen at 20 would lose
    /// what an access point then sends 40 MHz wide.
    #[must_use]
    pub fn at(self, width: Width) -> Self {
        let wide = HtInfo::WIDE | HtInfo::SHORT_GI_40 | HtInfo::DSSS_40;
        match width {
            Width::Mhz20 => Self { info: self.info - wide, ..self },
            Width::Mhz40Above | Width::Mhz40Below => self,
        }
    }

    /// Reads the body of an element.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let (view, _) = View::ref_from_prefix(body).ok()?;
        Some(Self {
            info: HtInfo::from_bits_retain(view.info.get()),
            ampdu: view.ampdu,
            rx_mcs: view.rx_mcs.get(),
        })
    }

    /// Writes an element. The transmit set is said to equal the receive set.
    pub fn emit(self, out: &mut Writer<'_>) {
        let view = View {
            info: le::U16::new(self.info.bits()),
            ampdu: self.ampdu,
            rx_mcs: le::U32::new(self.rx_mcs),
            rx_mcs_rest: [0; 6],
            rx_highest_mbps: le::U16::ZERO,
            tx_mcs: 1,
            reserved: [0; 3],
            extended: le::U16::ZERO,
            beamforming: le::U32::ZERO,
            antenna_selection: 0,
        };
        out.element(super::id::HT_CAPABILITY, view.as_bytes());
    }
}

/// How an HT network works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HtOperation {
    /// Number of the primary channel.
    pub primary: u8,
    /// How wide, as far as members can.
    pub width: Width,
    /// Protection of HT frames: 0 none, 1 nonmember, 2 20 MHz, 3 non-HT mixed.
    pub protection: u8,
}

impl HtOperation {
    /// Reads the body of an element.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let [primary, bits, protection, ..] = *body else { return None };
        let width = match (bits & 3, bits & 4 != 0) {
            (1, true) => Width::Mhz40Above,
            (3, true) => Width::Mhz40Below,
            _ => Width::Mhz20,
        };
        (body.len() >= 22).then_some(Self { primary, width, protection: protection & 3 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::elements::{Elements, id};

    #[test]
    fn capabilities_come_back() {
        let ht = HtCapability {
            info: HtInfo::WIDE | HtInfo::SHORT_GI_20 | HtInfo::SM_POWER_SAVE_OFF,
            ampdu: 0x1b,
            rx_mcs: 0xffff,
        };
        let mut out = [0; 28];
        let mut writer = Writer::new(&mut out);
        ht.emit(&mut writer);
        assert_eq!(writer.finish(), Some(28));
        let body = Elements::new(&out).body_of(id::HT_CAPABILITY).unwrap();
        assert_eq!(HtCapability::parse(body), Some(ht));
        assert_eq!(HtCapability::parse(&body[..25]), None);
    }

    #[test]
    fn the_secondary_channel_counts_only_if_the_network_is_wide() {
        let mut body = [0; 22];
        body[..3].copy_from_slice(&[6, 0b0000_0101, 3]);
        let wide = HtOperation { primary: 6, width: Width::Mhz40Above, protection: 3 };
        assert_eq!(HtOperation::parse(&body), Some(wide));
        body[1] = 0b0000_0001;
        assert_eq!(HtOperation::parse(&body).unwrap().width, Width::Mhz20);
        body[1] = 0b0000_0111;
        assert_eq!(HtOperation::parse(&body).unwrap().width, Width::Mhz40Below);
    }
}
