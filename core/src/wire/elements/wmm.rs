// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! WMM: quality of service as the Wi-Fi Alliance has it (WMM specification 1.2, 2.2; the values
//! are those of IEEE Std 802.11-2020, 9.4.2.28).

use super::id;
use crate::{chip::Edca, io::TxQueue, wire::writer::Writer};

/// What follows the vendor prefix of an information element: subtype 0, version 1.
const INFO: [u8; 2] = [0, 1];
/// Of a parameter element: subtype 1, version 1.
const PARAMETERS: [u8; 2] = [1, 1];

/// WMM information: the network (or station) knows quality of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WmmInfo;

impl WmmInfo {
    /// Reads what follows [`id::VENDOR_WMM`].
    pub fn parse(body: &[u8]) -> Option<Self> {
        (body.starts_with(&INFO) || body.starts_with(&PARAMETERS)).then_some(Self)
    }

    /// Writes an element, as a station sends it.
    pub fn emit(self, out: &mut Writer<'_>) {
        let [a, b, c, d] = id::VENDOR_WMM;
        out.element(id::VENDOR, &[a, b, c, d, 0, 1, 0]);
    }
}

/// WMM parameters of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wmm {
    /// Counts changes.
    pub version: u8,
    /// For each queue, in the order of [`TxQueue`].
    pub edca: [Edca; TxQueue::COUNT],
    /// Queues (bit n is the n-th) that may be used only after admission.
    pub needs_admission: u8,
}

impl Wmm {
    /// What stations do in a network that says nothing (IEEE Std 802.11-2020, table 9-155).
    pub const DEFAULT: Self = Self {
        version: 0,
        edca: [
            Edca { aifsn: 7, ecw_min: 4, ecw_max: 10, txop: 0 },
            Edca { aifsn: 3, ecw_min: 4, ecw_max: 10, txop: 0 },
            Edca { aifsn: 2, ecw_min: 3, ecw_max: 4, txop: 94 },
            Edca { aifsn: 2, ecw_min: 2, ecw_max: 3, txop: 47 },
        ],
        needs_admission: 0,
    };

    /// The parameters of a queue.
    pub const fn of(&self, queue: TxQueue) -> Edca {
        let [background, best_effort, video, voice] = self.edca;
        match queue {
            TxQueue::Background => background,
            TxQueue::BestEffort => best_effort,
            TxQueue::Video => video,
            TxQueue::Voice => voice,
        }
    }

    /// Whether a queue may be used only after admission.
    pub const fn is_closed(&self, queue: TxQueue) -> bool {
        let bit = match queue {
            TxQueue::Background => 0,
            TxQueue::BestEffort => 1,
            TxQueue::Video => 2,
            TxQueue::Voice => 3,
        };
        self.needs_admission >> bit & 1 != 0
    }

    /// Reads what follows [`id::VENDOR_WMM`].
    pub fn parse(body: &[u8]) -> Option<Self> {
        let [qos, _reserved, records @ ..] = body.strip_prefix(&PARAMETERS)? else { return None };
        let (best_effort, rest) = records.split_first_chunk::<4>()?;
        let (background, rest) = rest.split_first_chunk::<4>()?;
        let (video, rest) = rest.split_first_chunk::<4>()?;
        let (voice, _) = rest.split_first_chunk::<4>()?;
        let records = [background, best_effort, video, voice];
        let mut needs_admission = 0;
        for (bit, [aci_aifsn, ..]) in (0..).zip(records) {
            needs_admission |= (aci_aifsn >> 4 & 1) << bit;
        }
        Some(Self { version: qos & 0x0f, edca: records.map(record), needs_admission })
    }
}

fn record(&[aci_aifsn, ecw, txop_low, txop_high]: &[u8; 4]) -> Edca {
    Edca {
        aifsn: (aci_aifsn & 0x0f).max(2),
        ecw_min: ecw & 0x0f,
        ecw_max: (ecw >> 4).max(ecw & 0x0f),
        txop: u16::from_le_bytes([txop_low, txop_high]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::elements::Elements;

    /// What hostapd sends by default.
    const HOSTAPD: [u8; 26] = [
        221, 24, 0, 0x50, 0xf2, 2, 1, 1, 1, 0, 0x03, 0xa4, 0, 0, 0x27, 0xa4, 0, 0, 0x42, 0x43,
        0x5e, 0, 0x62, 0x32, 0x2f, 0,
    ];

    #[test]
    fn queues_come_in_our_order() {
        let body = Elements::new(&HOSTAPD).find_vendor(&id::VENDOR_WMM).unwrap();
        let wmm = Wmm::parse(body).unwrap();
        assert_eq!(wmm.version, 1);
        let [background, best_effort, video, voice] = wmm.edca;
        assert_eq!(best_effort, Edca { aifsn: 3, ecw_min: 4, ecw_max: 10, txop: 0 });
        assert_eq!(background, Edca { aifsn: 7, ecw_min: 4, ecw_max: 10, txop: 0 });
        assert_eq!(video, Edca { aifsn: 2, ecw_min: 3, ecw_max: 4, txop: 94 });
        assert_eq!(voice, Edca { aifsn: 2, ecw_min: 2, ecw_max: 3, txop: 47 });
        assert_eq!(wmm.needs_admission, 0);
        assert_eq!(WmmInfo::parse(body), Some(WmmInfo));
        assert_eq!(Wmm::parse(&body[..17]), None);
    }
}
