// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Every counter of a device under one roof, for debugfs and sysctl.

use crate::{
    device::Shared,
    os::{Context, Os},
};

/// Shows every counter with its name.
pub(crate) fn show<O: Os, P, F, C: Context>(
    shared: &Shared<O, P, F>,
    cx: &mut C,
    show: &mut dyn FnMut(&'static str, u64),
) {
    shared.trace.counters(cx, show);
    let drops = shared.inbox.with(cx, |inbox, _| inbox.drops());
    show("dropped_mgmt_frames", drops.frames.into());
    show("dropped_tx_reports", drops.reports.into());
    show("dropped_messages", drops.messages.into());
}
