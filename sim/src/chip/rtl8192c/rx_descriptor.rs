// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The 24-byte RX descriptor and the PHY status behind it.

/// Bytes of a descriptor, and of a PHY status.
pub(super) const LEN: usize = 24;
pub(super) const PHY_STATUS_LEN: usize = 32;

/// What a descriptor says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RxDescriptor {
    /// Bytes of the frame, with FCS if that is appended.
    pub(super) len: usize,
    pub(super) icv_error: bool,
    pub(super) has_phy_status: bool,
    /// 0 none, 1 WEP40, 2 and 3 TKIP, 4 AES, 5 WEP104.
    pub(super) security: u8,
    /// Protected, and not decrypted.
    pub(super) needs_decrypt: bool,
    pub(super) address_1_matches: bool,
    pub(super) rate: u8,
    pub(super) ht: bool,
    pub(super) short: bool,
    pub(super) wide: bool,
    pub(super) tsf_low: u32,
}

impl RxDescriptor {
    /// The bytes, for `frame`, as the first of `count` in a transfer (0: not the first).
    pub(super) fn bytes(&self, frame: &[u8], count: u8) -> [u8; LEN] {
        let header = |at: usize| frame.get(at).copied().unwrap_or(0);
        let is_qos = header(0) & 0x8c == 0x88;
        let qos_at = if header(1) & 3 == 3 { 30 } else { 24 };
        let is_group = header(4) & 1 != 0;
        let is_broadcast = frame.get(4..10) == Some(&[0xff; 6]);
        let bit = |value: bool, at: u32| u32::from(value) << at;
        let mut words = [0_u32; LEN / 4];
        words[0] = self.len as u32 & 0x3fff
            | bit(self.icv_error, 15)
            | if self.has_phy_status { (PHY_STATUS_LEN as u32 / 8) << 16 } else { 0 }
            | u32::from(self.security & 7) << 20
            | bit(is_qos, 23)
            | bit(self.has_phy_status, 26)
            | bit(self.needs_decrypt, 27)
            | 3 << 28;
        words[1] = if is_qos { u32::from(header(qos_at) & 0xf) << 5 } else { 0 }
            | bit(is_qos && header(qos_at) & 0x80 != 0, 13)
            | bit(self.address_1_matches, 16)
            | bit(header(1) & 0x10 != 0, 25)
            | bit(header(1) & 0x20 != 0, 26)
            | bit(header(1) & 0x04 != 0, 27)
            | u32::from(header(0) >> 2 & 3) << 28
            | bit(is_group && !is_broadcast, 30)
            | bit(is_broadcast, 31);
        let sequence = u32::from(u16::from_le_bytes([header(22), header(23)]));
        words[2] = sequence >> 4 | (sequence & 0xf) << 12 | u32::from(count) << 16;
        words[3] =
            u32::from(self.rate & 0x3f) | bit(self.ht, 6) | bit(self.short, 8) | bit(self.wide, 9);
        words[5] = self.tsf_low;
        let mut bytes = [0; LEN];
        for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
}

/// A PHY status that drivers compute `dbm` from.
pub(super) fn phy_status(dbm: i8, is_cck: bool, is_cck_high_power: bool) -> [u8; PHY_STATUS_LEN] {
    let mut status = [0; PHY_STATUS_LEN];
    let dbm = i32::from(dbm).clamp(-110, 16);
    if is_cck {
        // Signal quality: small is good.
        status[4] = 10;
        status[5] = cck_report(dbm, is_cck_high_power);
        return status;
    }
    let half = ((dbm + 110) / 2) as u8;
    status[0..4].fill(half & 0x3f);
    status[4] = ((dbm + 110) * 2) as u8;
    // EVM of both streams: -28 dB; SNR of all paths: 25 dB in halves.
    status[13..15].fill((-28_i8) as u8);
    status[15..19].fill(50);
    status
}

/// The AGC report of a CCK frame: two bits of gain base, and how far below that in steps of 2 dB.
fn cck_report(dbm: i32, is_high_power: bool) -> u8 {
    const BASE: [i32; 4] = [16, -12, -26, -46];
    // The highest base that is not below the signal leaves the least to subtract.
    let at = BASE.iter().rposition(|base| *base >= dbm).unwrap_or(0);
    let below = (BASE[at] - dbm).clamp(0, 62) as u8;
    let at = at as u8;
    if is_high_power { at << 5 | below >> 1 & 0x1f } else { at << 6 | below & 0x3e }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a driver computes (the inverse).
    fn driver_dbm(report: u8, is_high_power: bool) -> i32 {
        let base = [16, -12, -26, -46];
        if is_high_power {
            base[usize::from(report >> 5 & 3)] - i32::from(report & 0x1f) * 2
        } else {
            base[usize::from(report >> 6)] - i32::from(report & 0x3e)
        }
    }

    #[test]
    fn published_reports() {
        assert_eq!(driver_dbm(0x9a, false), -52);
        assert_eq!(driver_dbm(0x9a, true), -36);
    }

    #[test]
    fn signal_comes_back() {
        for dbm in -100..=10_i8 {
            for is_high_power in [false, true] {
                let status = phy_status(dbm, true, is_high_power);
                let got = driver_dbm(status[5], is_high_power);
                assert!((got - i32::from(dbm)).abs() <= 1, "{dbm} became {got}");
            }
            let status = phy_status(dbm, false, false);
            assert_eq!(i32::from(status[4] >> 1 & 0x7f) - 110, i32::from(dbm));
        }
        assert_eq!(phy_status(-50, false, false)[4], 0x78);
        assert_eq!(phy_status(-30, false, false)[4], 0xa0);
    }

    #[test]
    fn descriptor_fields() {
        let mut frame = vec![0x88, 0x42, 0, 0];
        frame.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 3]);
        frame.extend([0x34, 0x12, 5, 0]);
        let descriptor = RxDescriptor {
            len: frame.len() + 4,
            has_phy_status: true,
            security: 4,
            rate: 19,
            ht: true,
            tsf_low: 0x0102_0304,
            ..RxDescriptor::default()
        };
        let bytes = descriptor.bytes(&frame, 1);
        let word = |at: usize| u32::from_le_bytes(bytes[4 * at..4 * at + 4].try_into().unwrap());
        assert_eq!(word(0) & 0x3fff, 30);
        assert_eq!(word(0) >> 16 & 0xf, 4);
        assert_eq!(word(0) >> 20 & 7, 4);
        assert_eq!(word(0) >> 26 & 3, 1, "PHY status, decrypted");
        assert_eq!(word(1) >> 5 & 0xf, 5);
        assert_eq!(word(2), 1 << 16 | 4 << 12 | 0x123);
        assert_eq!(word(3), 1 << 6 | 19);
        assert_eq!(word(5), 0x0102_0304);
    }
}
