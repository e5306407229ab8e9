// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Messages of the routing socket: `ifan_what` of RTM_IEEE80211, and what follows.

use zerocopy::IntoBytes;

use super::layout::JoinEvent;
use crate::{
    control::{Notice, Operation},
    types::MacAddr,
};

/// `RTM_IEEE80211_ASSOC`: we belong to a network.
pub(crate) const ASSOC: i32 = 100;
/// `RTM_IEEE80211_DISASSOC`: we do no more.
pub(crate) const DISASSOC: i32 = 102;
/// `RTM_IEEE80211_SCAN`: there are results.
pub(crate) const SCAN: i32 = 105;

/// What a notice is here. A scan that was ended early has results too, and somebody waits.
pub(crate) fn of_notice(notice: &Notice<'_>, tell: &mut dyn FnMut(i32, &[u8])) {
    if let Notice::Outcome { operation: Operation::Scan, .. } = notice {
        tell(SCAN, &[]);
    }
}

/// What a change of the link is.
pub(crate) fn of_link(bssid: Option<MacAddr>, tell: &mut dyn FnMut(i32, &[u8])) {
    match bssid {
        Some(MacAddr(iev_addr)) => tell(ASSOC, JoinEvent { iev_addr }.as_bytes()),
        None => tell(DISASSOC, &[]),
    }
}
