// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Every counter of a device under one roof, for debugfs and sysctl.

use crate::{
    device::Shared,
    io::Pipe,
    os::{Context, Os},
};

/// Shows every counter with its name.
pub(crate) fn show<O: Os, P: Pipe<O::Packet>, F, C: Context>(
    shared: &Shared<O, P, F>,
    cx: &mut C,
    show: &mut dyn FnMut(&'static str, u64),
) {
    shared.trace.counters(cx, show);
    let drops = shared.inbox.with(cx, |inbox, _| inbox.drops());
    show("dropped_mgmt_frames", drops.frames.into());
    show("dropped_tx_reports", drops.reports.into());
    show("dropped_messages", drops.messages.into());
    let data = shared.data.counters(cx);
    for (name, count) in data.drops.iter() {
        show(name, count.into());
    }
    show("rx_delivered", data.delivered.into());
    show("tx_submitted", data.submitted.into());
    show("tx_refused", data.refused.into());
    show("tx_outstanding", data.outstanding.into());
}
