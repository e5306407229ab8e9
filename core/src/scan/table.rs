// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What was heard of networks, for as long as it is worth something.

use crate::{
    os::Empty,
    types::{Instant, MacAddr},
    wire::{bss::Bss, elements::Elements, writer::Writer},
};

/// Networks remembered; the one not heard for the longest time makes place for a new one.
pub const RESULTS_MAX: usize = 48;
/// After this long without a word a network is no longer told of.
pub const AGE_MAX_US: u64 = 60_000_000;

/// Bytes of elements remembered for each of them; an element that does not fit is left out.
pub const KEPT_MAX: usize = 512;

/// The network that we belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Its access point.
    pub bssid: MacAddr,
    /// Our association id there.
    pub aid: u16,
    /// Since when.
    pub since: Instant,
}

/// A network, and how it was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanResult {
    /// What it says of itself. A name once learnt stays, when later beacons hide it.
    pub bss: Bss,
    /// How strong, dBm.
    pub signal_dbm: i8,
    /// When last.
    pub heard_at: Instant,
}

/// The elements of a network, as they came.
#[derive(Clone, Copy, Debug)]
struct Kept {
    len: u16,
    bytes: [u8; KEPT_MAX],
}

/// The results, behind their lock, and which of them is ours.
#[derive(Debug)]
pub struct ScanTable {
    results: [Option<ScanResult>; RESULTS_MAX],
    elements: [Kept; RESULTS_MAX],
    joined: Option<Joined>,
}

impl Empty for ScanTable {
    const EMPTY: Self = Self {
        results: [None; RESULTS_MAX],
        elements: [Kept { len: 0, bytes: [0; KEPT_MAX] }; RESULTS_MAX],
        joined: None,
    };
}

impl ScanTable {
    /// Remembers what was heard.
    pub fn insert(&mut self, mut heard: ScanResult, elements: Elements<'_>) {
        let same =
            |place: &Option<ScanResult>| place.is_some_and(|old| old.bss.bssid == heard.bss.bssid);
        let index = self.results.iter().position(same).or_else(|| self.free_place());
        let Some(place) = index.and_then(|index| self.results.get_mut(index)) else { return };
        if let Some(old) = *place
            && old.bss.bssid == heard.bss.bssid
            && heard.bss.ssid.is_hidden()
        {
            heard.bss.ssid = old.bss.ssid;
        }
        *place = Some(heard);
        if let Some(kept) = index.and_then(|index| self.elements.get_mut(index)) {
            kept.keep(elements);
        }
    }

    /// The network that we belong to.
    pub const fn joined(&self) -> Option<Joined> {
        self.joined
    }

    /// We belong to this network from now on.
    pub const fn set_joined(&mut self, joined: Option<Joined>) {
        self.joined = joined;
    }

    /// Copies the elements of result number `index`; says how many bytes.
    pub fn elements(&self, index: usize, out: &mut [u8; KEPT_MAX]) -> usize {
        let Some(kept) = self.elements.get(index) else { return 0 };
        *out = kept.bytes;
        usize::from(kept.len)
    }

    /// A place that is free, or else the one that was not heard for the longest time.
    fn free_place(&self) -> Option<usize> {
        let age = |place: &Option<ScanResult>| place.map(|result| result.heard_at);
        let oldest = self.results.iter().enumerate().min_by_key(|(_, place)| age(place));
        oldest.map(|(index, _)| index)
    }

    /// The network of this access point.
    pub fn find(&self, bssid: MacAddr) -> Option<&ScanResult> {
        self.results.iter().flatten().find(|result| result.bss.bssid == bssid)
    }

    /// The strongest network that `wanted` says yes to.
    pub fn best(&self, wanted: impl Fn(&ScanResult) -> bool) -> Option<&ScanResult> {
        self.results.iter().flatten().filter(|result| wanted(result)).max_by_key(|r| r.signal_dbm)
    }

    /// Result number `index`, if there is one and it is not too old.
    pub fn get(&self, index: usize, now: Instant) -> Option<ScanResult> {
        let result = self.results.get(index).copied().flatten()?;
        (now.since_us(result.heard_at) <= AGE_MAX_US).then_some(result)
    }
}

impl Kept {
    fn keep(&mut self, elements: Elements<'_>) {
        let mut writer = Writer::new(&mut self.bytes);
        let mut len = 0;
        for element in elements {
            if len + 2 + element.body.len() <= KEPT_MAX {
                writer.element(element.id, element.body);
                len += 2 + element.body.len();
            }
        }
        self.len = u16::try_from(len).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    const NONE: Elements<'static> = Elements::new(&[]);
    use crate::{
        types::{Channel, Ssid, Tuning},
        wire::{elements::Rates, mgmt::Capability},
    };

    fn heard(last: u8, name: &[u8], signal_dbm: i8, at: u64) -> ScanResult {
        let bss = Bss {
            bssid: MacAddr([2, 0, 0, 0, 0, last]),
            ssid: Ssid::new(name).unwrap(),
            tuning: Tuning::narrow(Channel::ghz2(1).unwrap()),
            beacon_interval_tu: 100,
            dtim_period: 1,
            capability: Capability::ESS,
            rates: Rates::default(),
            erp: None,
            ht: None,
            wmm: None,
            has_rsn: false,
            has_wpa: false,
        };
        ScanResult { bss, signal_dbm, heard_at: Instant(at) }
    }

    #[test]
    fn a_name_once_learnt_stays() {
        let mut table = ScanTable::EMPTY;
        table.insert(heard(1, b"tern", -40, 1), NONE);
        table.insert(heard(1, b"", -50, 2), NONE);
        let result = table.find(MacAddr([2, 0, 0, 0, 0, 1])).unwrap();
        assert_eq!(result.bss.ssid.as_bytes(), b"tern");
        assert_eq!((result.signal_dbm, result.heard_at), (-50, Instant(2)));
    }

    #[test]
    fn the_oldest_makes_place_and_the_strongest_is_best() {
        let mut table = ScanTable::EMPTY;
        for n in 0..=48 {
            table.insert(heard(n, b"tern", i8::try_from(n).unwrap() - 90, u64::from(n)), NONE);
        }
        assert!(table.find(MacAddr([2, 0, 0, 0, 0, 0])).is_none());
        assert_eq!(table.best(|_| true).unwrap().signal_dbm, -42);
        assert_eq!((0..RESULTS_MAX).filter_map(|n| table.get(n, Instant(48))).count(), 48);
        assert!(table.get(0, Instant(AGE_MAX_US * 2)).is_none());
    }
    #[test]
    fn elements_are_kept_whole_and_what_is_too_long_is_left_out() {
        let mut bytes = std::vec![0, 4, b't', b'e', b'r', b'n'];
        for _ in 0..2 {
            bytes.extend([221, 255]);
            bytes.extend([7; 255]);
        }
        bytes.extend([48, 2, 1, 0]);
        let mut table = ScanTable::EMPTY;
        table.insert(heard(1, b"tern", -40, 1), Elements::new(&bytes));
        let index = (0..RESULTS_MAX).find(|n| table.get(*n, Instant(1)).is_some()).unwrap();
        let mut out = [0; KEPT_MAX];
        let len = table.elements(index, &mut out);
        assert_eq!(len, 6 + 257 + 4);
        assert_eq!(&out[len - 4..len], [48, 2, 1, 0]);
        assert_eq!(table.joined(), None);
    }
}
