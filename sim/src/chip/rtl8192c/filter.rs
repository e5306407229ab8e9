// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Which received frames the chip keeps: RCR 0x608, RXFLTMAP 0x6a0, MAR 0x620, BSSID 0x618.

/// RCR bits.
pub(super) mod rcr {
    pub(crate) const ALL_PHYSICAL: u32 = 1 << 0;
    pub(crate) const OWN: u32 = 1 << 1;
    pub(crate) const MULTICAST: u32 = 1 << 2;
    pub(crate) const BROADCAST: u32 = 1 << 3;
    pub(crate) const BSSID_DATA: u32 = 1 << 6;
    pub(crate) const BSSID_BEACON: u32 = 1 << 7;
    pub(crate) const ICV_ERROR: u32 = 1 << 9;
    pub(crate) const ALL_DATA: u32 = 1 << 11;
    pub(crate) const ALL_CONTROL: u32 = 1 << 12;
    pub(crate) const ALL_MANAGEMENT: u32 = 1 << 13;
    pub(crate) const PHY_STATUS: u32 = 1 << 28;
    pub(crate) const MIC: u32 = 1 << 30;
    pub(crate) const FCS: u32 = 1 << 31;
}

/// Frame types.
const MANAGEMENT: u8 = 0;
const CONTROL: u8 = 1;
const DATA: u8 = 2;
/// Management subtypes that "BSSID match beacon" is about.
const PROBE_RESPONSE: u8 = 5;
const BEACON: u8 = 8;

/// The registers.
pub(super) struct Filter {
    pub(super) rcr: u32,
    /// Subtypes accepted of management, control and data frames.
    pub(super) maps: [u16; 3],
    pub(super) multicast: u64,
    pub(super) own: [u8; 6],
    pub(super) bssid: [u8; 6],
}

impl Filter {
    /// Whether the chip keeps this frame.
    pub(super) fn keeps(&self, frame: &[u8]) -> bool {
        let [control, flags, ..] = *frame else { return false };
        let Some(receiver) = address(frame, 4) else { return false };
        let (kind, subtype) = (control >> 2 & 3, control >> 4);
        self.keeps_kind(kind, subtype)
            && self.keeps_receiver(receiver)
            && self.keeps_bssid(frame, kind, subtype, flags)
    }

    fn keeps_kind(&self, kind: u8, subtype: u8) -> bool {
        let all = match kind {
            MANAGEMENT => rcr::ALL_MANAGEMENT,
            CONTROL => rcr::ALL_CONTROL,
            DATA => rcr::ALL_DATA,
            _ => return false,
        };
        self.rcr & all != 0 || self.maps[usize::from(kind)] >> subtype & 1 != 0
    }

    fn keeps_receiver(&self, receiver: [u8; 6]) -> bool {
        if receiver == [0xff; 6] {
            return self.rcr & rcr::BROADCAST != 0;
        }
        if receiver[0] & 1 != 0 {
            let hash = multicast_hash(receiver);
            return self.rcr & rcr::MULTICAST != 0 && self.multicast >> hash & 1 != 0;
        }
        self.rcr & rcr::ALL_PHYSICAL != 0 || self.rcr & rcr::OWN != 0 && receiver == self.own
    }

    fn keeps_bssid(&self, frame: &[u8], kind: u8, subtype: u8, flags: u8) -> bool {
        let at = match (kind, flags & 3) {
            (MANAGEMENT, _) | (DATA, 0) => 16,
            (DATA, 1) => 4,
            (DATA, 2) => 10,
            _ => return true,
        };
        let must_match = match kind {
            DATA => self.rcr & rcr::BSSID_DATA != 0,
            _ if subtype == BEACON || subtype == PROBE_RESPONSE => {
                self.rcr & rcr::BSSID_BEACON != 0
            }
            _ => false,
        };
        !must_match || address(frame, at) == Some(self.bssid)
    }
}

/// Six bytes of a frame.
pub(super) fn address(frame: &[u8], at: usize) -> Option<[u8; 6]> {
    frame.get(at..at + 6)?.try_into().ok()
}

/// The bit of MAR that stands for a group address.
pub(super) fn multicast_hash(address: [u8; 6]) -> u8 {
    const WINDOWS: u64 = 0x0000_4d10_1df4_81b4;
    let mut hash = 0x27;
    for (at, byte) in address.into_iter().enumerate() {
        for bit in 0..8 {
            let index = at * 8 + bit;
            // The group bit itself, bit 0 of byte 0, does not count.
            if index > 0 && byte >> bit & 1 != 0 {
                hash ^= WINDOWS >> (index - 1) & 0x3f;
            }
        }
    }
    hash as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_hashes() {
        for (address, hash) in [
            ([0x01, 0x00, 0x5e, 0x00, 0x00, 0x01], 31),
            ([0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb], 15),
            ([0x33, 0x33, 0x00, 0x00, 0x00, 0x01], 62),
            ([0x33, 0x33, 0xff, 0x12, 0x34, 0x56], 2),
            ([0x01, 0x80, 0xc2, 0x00, 0x00, 0x00], 25),
            ([0xff; 6], 63),
        ] {
            assert_eq!(multicast_hash(address), hash, "{address:02x?}");
        }
    }

    const OWN: [u8; 6] = [2, 0, 0, 0, 0, 1];
    const BSSID: [u8; 6] = [2, 0, 0, 0, 0, 9];
    const OTHER: [u8; 6] = [2, 0, 0, 0, 0, 7];

    fn frame(control: u8, flags: u8, addresses: [[u8; 6]; 3]) -> Vec<u8> {
        let mut bytes = vec![control, flags, 0, 0];
        addresses.iter().for_each(|address| bytes.extend(address));
        bytes.extend([0, 0]);
        bytes
    }

    fn station() -> Filter {
        Filter {
            rcr: rcr::OWN | rcr::MULTICAST | rcr::BROADCAST | rcr::BSSID_DATA | rcr::BSSID_BEACON,
            maps: [0x7f7f, 0, 0xffff],
            multicast: 1 << 31,
            own: OWN,
            bssid: BSSID,
        }
    }

    #[test]
    fn station_filter() {
        let filter = station();
        let beacon = |bssid| frame(0x80, 0, [[0xff; 6], bssid, bssid]);
        assert!(filter.keeps(&beacon(BSSID)));
        assert!(!filter.keeps(&beacon(OTHER)));
        let scanning = Filter { rcr: filter.rcr & !rcr::BSSID_BEACON, ..station() };
        assert!(scanning.keeps(&beacon(OTHER)));
        assert!(filter.keeps(&frame(0x88, 2, [OWN, BSSID, OTHER])));
        assert!(!filter.keeps(&frame(0x88, 2, [OTHER, BSSID, OTHER])));
        assert!(!filter.keeps(&frame(0x08, 2, [[0xff; 6], OTHER, OTHER])));
        let group = [0x01, 0x00, 0x5e, 0x00, 0x00, 0x01];
        assert!(filter.keeps(&frame(0x08, 2, [group, BSSID, OTHER])));
        let group = [0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb];
        assert!(!filter.keeps(&frame(0x08, 2, [group, BSSID, OTHER])));
        assert!(!filter.keeps(&frame(0xb4, 0, [OWN, BSSID, OTHER])), "control frames");
        assert!(!filter.keeps(&[0x80]));
    }

    #[test]
    fn monitor_keeps_all() {
        let filter = Filter {
            rcr: rcr::ALL_PHYSICAL
                | rcr::MULTICAST
                | rcr::BROADCAST
                | rcr::ALL_DATA
                | rcr::ALL_CONTROL
                | rcr::ALL_MANAGEMENT,
            maps: [0; 3],
            multicast: u64::MAX,
            ..station()
        };
        assert!(filter.keeps(&frame(0xb4, 0, [OTHER, BSSID, OTHER])));
        assert!(filter.keeps(&frame(0x88, 1, [OTHER, BSSID, OTHER])));
    }
}
