// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Robust security network (IEEE Std 802.11-2020, 9.4.2.24).

use heapless::Vec;

use crate::wire::writer::Writer;

/// Suites of one kind that are kept; more in a frame are skipped.
pub const SUITES_MAX: usize = 4;

/// How a network is protected. Suites are selectors, most significant byte first: 00-0F-AC:4 is
/// 0x000fac04.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rsn {
    /// Cipher of group frames.
    pub group: u32,
    /// Ciphers offered (or chosen) for frames to one station.
    pub pairwise: Vec<u32, SUITES_MAX>,
    /// Ways to authenticate and agree on keys.
    pub akm: Vec<u32, SUITES_MAX>,
    /// RSN capabilities (9.4.2.24.4).
    pub capabilities: u16,
}

impl Rsn {
    /// CCMP-128, what is meant when the element says nothing.
    pub const CCMP: u32 = 0x000f_ac04;
    /// IEEE Std 802.1X.
    pub const AKM_8021X: u32 = 0x000f_ac01;
    /// A shared passphrase.
    pub const AKM_PSK: u32 = 0x000f_ac02;
    /// SAE.
    pub const AKM_SAE: u32 = 0x000f_ac08;
    /// Capability: management frames have to be protected.
    pub const MFP_REQUIRED: u16 = 1 << 6;
    /// Capability: management frames can be protected.
    pub const MFP_CAPABLE: u16 = 1 << 7;

    /// Reads the body of an element. All fields after the version may be missing, from the end.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut rest = body.strip_prefix(&[1, 0])?;
        let group = take_suite(&mut rest).unwrap_or(Self::CCMP);
        let pairwise = take_suites(&mut rest, Self::CCMP)?;
        let akm = take_suites(&mut rest, Self::AKM_8021X)?;
        let capabilities = rest.first_chunk().map_or(0, |bytes| u16::from_le_bytes(*bytes));
        Some(Self { group, pairwise, akm, capabilities })
    }

    /// Writes an element.
    pub fn emit(&self, out: &mut Writer<'_>) {
        let mut body = [0; 2 + 4 + 2 * (2 + 4 * SUITES_MAX) + 2];
        let mut writer = Writer::new(&mut body);
        writer.u16(1).bytes(&self.group.to_be_bytes());
        for suites in [&self.pairwise, &self.akm] {
            writer.u16(u16::try_from(suites.len()).unwrap_or(0));
            for suite in suites {
                writer.bytes(&suite.to_be_bytes());
            }
        }
        let len = writer.u16(self.capabilities).finish().unwrap_or(0);
        out.element(super::id::RSN, body.get(..len).unwrap_or_default());
    }
}

fn take_suite(rest: &mut &[u8]) -> Option<u32> {
    let (suite, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_be_bytes(*suite))
}

/// A count and that many suites; nothing at all means `default`.
fn take_suites(rest: &mut &[u8], default: u32) -> Option<Vec<u32, SUITES_MAX>> {
    let mut suites = Vec::new();
    let Some((count, after)) = rest.split_first_chunk() else {
        *rest = &[];
        let _ = suites.push(default); // One fits.
        return Some(suites);
    };
    *rest = after;
    for _ in 0..u16::from_le_bytes(*count) {
        let suite = take_suite(rest)?;
        let _ = suites.push(suite); // More than fit are skipped.
    }
    Some(suites)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::elements::{Elements, id};

    #[test]
    fn a_wpa2_network() {
        let bytes = [
            48, 20, 1, 0, 0, 0x0f, 0xac, 4, 1, 0, 0, 0x0f, 0xac, 4, 1, 0, 0, 0x0f, 0xac, 2, 0x80, 0,
        ];
        let rsn = Rsn::parse(Elements::new(&bytes).body_of(id::RSN).unwrap()).unwrap();
        assert_eq!(rsn.group, Rsn::CCMP);
        assert_eq!(rsn.pairwise, [Rsn::CCMP]);
        assert_eq!(rsn.akm, [Rsn::AKM_PSK]);
        assert_eq!(rsn.capabilities, Rsn::MFP_CAPABLE);
        let mut out = [0; 22];
        let mut writer = Writer::new(&mut out);
        rsn.emit(&mut writer);
        assert_eq!((writer.finish(), out), (Some(22), bytes));
    }

    #[test]
    fn what_is_missing_has_a_meaning_and_what_is_cut_off_has_none() {
        let rsn = Rsn::parse(&[1, 0]).unwrap();
        assert_eq!((rsn.group, &rsn.pairwise[..]), (Rsn::CCMP, &[Rsn::CCMP][..]));
        assert_eq!(Rsn::parse(&[1, 0, 0, 0x0f, 0xac, 4, 2, 0, 0, 0x0f, 0xac, 4]), None);
        assert_eq!(Rsn::parse(&[2, 0]), None);
    }
}
