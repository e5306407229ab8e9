// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Statistics: most of net80211's counters count what core does not tell apart; those stay 0.

use crate::{abi::Host, data::PeerStats};

/// A counter: its field in `struct ieee80211_stats`, where that is, and its name in core.
pub(crate) type Counter = (&'static str, usize, &'static str);

/// Those that every system has.
pub(crate) const COMMON: [Counter; 13] = [
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
];

/// FreeBSD's besides.
pub(crate) const FREEBSD: [Counter; 2] =
    [("is_rx_defrag", 356, "rx_dropped_fragment"), ("is_ampdu_rx_drop", 412, "rx_dropped_late")];

/// Where `struct ieee80211_nodestats` has what is known of a peer: 4 bytes, of bytes 8.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeFields {
    pub(crate) rx_data: usize,
    pub(crate) rx_bytes: usize,
    pub(crate) tx_data: usize,
    pub(crate) tx_bytes: usize,
}

/// FreeBSD's, and NetBSD's.
pub(crate) const NODE_FREEBSD: NodeFields =
    NodeFields { rx_data: 0, rx_bytes: 24, tx_data: 96, tx_bytes: 120 };
pub(crate) const NODE_NETBSD: NodeFields =
    NodeFields { rx_data: 0, rx_bytes: 24, tx_data: 88, tx_bytes: 104 };

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = out.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len())) {
        place.copy_from_slice(bytes);
    }
}

/// The low half: counters of 32 bits wrap.
fn low(count: u64) -> [u8; 4] {
    u32::try_from(count & u64::from(u32::MAX)).unwrap_or(0).to_ne_bytes()
}

/// `struct ieee80211_stats`, with `more` counters besides the common ones.
pub(crate) fn of_interface<H: Host, const N: usize>(host: &mut H, more: &[Counter]) -> [u8; N] {
    let mut stats = [0; N];
    host.counters(&mut |name, count| {
        for (_, at, _) in COMMON.iter().chain(more).filter(|(.., core)| *core == name) {
            put(&mut stats, *at, &low(count));
        }
    });
    stats
}

/// `struct ieee80211_nodestats`.
pub(crate) fn of_peer<const N: usize>(peer: &PeerStats, fields: NodeFields) -> [u8; N] {
    let mut stats = [0; N];
    put(&mut stats, fields.rx_data, &low(peer.rx.packets));
    put(&mut stats, fields.rx_bytes, &peer.rx.bytes.to_ne_bytes());
    put(&mut stats, fields.tx_data, &low(peer.tx.packets));
    put(&mut stats, fields.tx_bytes, &peer.tx.bytes.to_ne_bytes());
    stats
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::layouts;

    #[test]
    fn counters_are_where_the_tables_say() {
        for system in ["freebsd", "netbsd"] {
            for (field, at, _) in COMMON {
                layouts::check_field(system, "ieee80211_stats", field, at, 4);
            }
        }
        for (field, at, _) in FREEBSD {
            layouts::check_field("freebsd", "ieee80211_stats", field, at, 4);
        }
        for (system, fields) in [("freebsd", NODE_FREEBSD), ("netbsd", NODE_NETBSD)] {
            let check = |field, at, len| {
                layouts::check_field(system, "ieee80211_nodestats", field, at, len);
            };
            check("ns_rx_data", fields.rx_data, 4);
            check("ns_rx_bytes", fields.rx_bytes, 8);
            check("ns_tx_data", fields.tx_data, 4);
            check("ns_tx_bytes", fields.tx_bytes, 8);
        }
    }
}
