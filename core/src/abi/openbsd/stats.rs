// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `struct ieee80211_stats`: core's counters under this system's names.

use super::{OpenBsd, layout::COUNTERS};
use crate::abi::{Errno, Host, UserAddr, user};

/// A counter of core, and its place among this system's. Places that are not here stay 0: core
/// does not count it, or not by itself.
const PLACES: [(&str, usize); 14] = [
    ("rx_dropped_not_ours", 2),     // is_rx_wrongbss
    ("rx_dropped_duplicate", 3),    // is_rx_dup
    ("rx_dropped_echo", 5),         // is_rx_mcastecho
    ("rx_dropped_unexpected", 7),   // is_rx_nowep
    ("rx_dropped_unprotected", 8),  // is_rx_unencrypted
    ("rx_dropped_no_key", 9),       // is_rx_wepfail
    ("rx_dropped_malformed", 10),   // is_rx_decap
    ("dropped_mgmt_frames", 11),    // is_rx_mgtdiscard
    ("rx_dropped_no_memory", 30),   // is_rx_nombuf
    ("rx_dropped_port_closed", 42), // is_rx_unauth
    ("rx_dropped_replay", 51),      // is_ccmp_replays
    ("rx_dropped_bad_mic", 52),     // is_ccmp_dec_errs
    ("rx_dropped_late", 62),        // is_ht_rx_frame_below_ba_winstart
    ("rx_dropped_overflow", 66),    // is_ht_rx_ba_no_buf
];

impl OpenBsd {
    /// All counters. Errors: [`Errno::Fault`].
    pub(super) fn get_stats<H: Host>(&self, host: &mut H, to: UserAddr) -> Result<(), Errno> {
        let mut stats = [0_u32; COUNTERS];
        host.counters(&mut |name, count| {
            let place = PLACES.iter().find(|(known, _)| *known == name);
            if let Some(counter) = place.and_then(|(_, place)| stats.get_mut(*place)) {
                *counter = u32::try_from(count & u64::from(u32::MAX)).unwrap_or(u32::MAX);
            }
        });
        user::write(host, &stats, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{abi::layouts, data::RxDrops};

    #[test]
    fn every_place_has_a_counter_behind_it() {
        let known: std::vec::Vec<&str> =
            RxDrops::NONE.iter().map(|(name, _)| name).chain(["dropped_mgmt_frames"]).collect();
        for (name, place) in PLACES {
            assert!(known.contains(&name) && place < COUNTERS, "{name}");
        }
        layouts::check_field("openbsd", "ieee80211_stats", "is_rx_nombuf", 30 * 4, 4);
        layouts::check_field("openbsd", "ieee80211_stats", "is_ccmp_dec_errs", 52 * 4, 4);
        layouts::check_field("openbsd", "ieee80211_stats", "is_ht_rx_ba_no_buf", 66 * 4, 4);
        layouts::check_field("openbsd", "ieee80211_stats", "is_vht_nego_no_basic_mcs", 72 * 4, 4);
    }
}
