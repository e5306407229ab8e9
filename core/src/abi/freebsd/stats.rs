// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Statistics: most of net80211's counters count what core does not tell apart; those stay 0.

use super::layout::{NODE_STATS_LEN, STATS_LEN};
use crate::{abi::Host, data::PeerStats};

/// A counter: its field in `struct ieee80211_stats`, where that is, and its name in core.
const INTERFACE: [(&str, usize, &str); 15] = [
    ("is_rx_wrongbss", 8, "rx_dropped_not_ours"),
    ("is_rx_dup", 12, "rx_dropped_duplicate"),
    ("is_rx_mcastecho", 20, "rx_dropped_echo"),
    ("is_rx_noprivacy", 28, "rx_dropped_unexpected"),
    ("is_rx_unencrypted", 32, "rx_dropped_unprotected"),
    ("is_rx_decap", 40, "rx_dropped_malformed"),
    ("is_rx_mgtdiscard", 44, "dropped_mgmt_frames"),
    ("is_rx_nodealloc", 84, "rx_dropped_overflow"),
    ("is_rx_nobuf", 136, "rx_dropped_no_memory"),
    ("is_rx_unauth", 152, "rx_dropped_port_closed"),
    ("is_rx_ccmpreplay", 160, "rx_dropped_replay"),
    ("is_rx_ccmpmic", 168, "rx_dropped_bad_mic"),
    ("is_rx_nocipherctx", 192, "rx_dropped_no_key"),
    ("is_rx_defrag", 356, "rx_dropped_fragment"),
    ("is_ampdu_rx_drop", 412, "rx_dropped_late"),
];

/// The same of `struct ieee80211_nodestats`: 4 bytes, or 8.
const RX_DATA: (&str, usize) = ("ns_rx_data", 0);
const RX_BYTES: (&str, usize) = ("ns_rx_bytes", 24);
const RX_DROP: (&str, usize) = ("ns_rx_drop", 92);
const TX_DATA: (&str, usize) = ("ns_tx_data", 96);
const TX_BYTES: (&str, usize) = ("ns_tx_bytes", 120);

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = out.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len())) {
        place.copy_from_slice(bytes);
    }
}

/// The low half: counters of 32 bits wrap.
fn low(count: u64) -> [u8; 4] {
    u32::try_from(count & u64::from(u32::MAX)).unwrap_or(0).to_ne_bytes()
}

/// `struct ieee80211_stats`.
pub(super) fn of_interface<H: Host>(host: &mut H) -> [u8; STATS_LEN] {
    let mut stats = [0; STATS_LEN];
    host.counters(&mut |name, count| {
        for (_, at, _) in INTERFACE.iter().filter(|(.., core)| *core == name) {
            put(&mut stats, *at, &low(count));
        }
    });
    stats
}

/// `struct ieee80211_nodestats`.
pub(super) fn of_peer(peer: &PeerStats) -> [u8; NODE_STATS_LEN] {
    let mut stats = [0; NODE_STATS_LEN];
    put(&mut stats, RX_DATA.1, &low(peer.rx.packets));
    put(&mut stats, RX_BYTES.1, &peer.rx.bytes.to_ne_bytes());
    put(&mut stats, RX_DROP.1, &peer.rx.dropped.to_ne_bytes());
    put(&mut stats, TX_DATA.1, &low(peer.tx.packets));
    put(&mut stats, TX_BYTES.1, &peer.tx.bytes.to_ne_bytes());
    stats
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::layouts;

    #[test]
    fn counters_are_where_the_table_says() {
        for (field, at, _) in INTERFACE {
            layouts::check_field("freebsd", "ieee80211_stats", field, at, 4);
        }
        for ((field, at), len) in
            [(RX_DATA, 4), (RX_BYTES, 8), (RX_DROP, 4), (TX_DATA, 4), (TX_BYTES, 8)]
        {
            layouts::check_field("freebsd", "ieee80211_nodestats", field, at, len);
        }
    }
}
