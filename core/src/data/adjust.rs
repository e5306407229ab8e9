// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What changes with a peer while it is open: how its network works, block-ack sessions.

use super::DataPath;
use crate::{
    io::Pipe,
    os::{Context, Os},
    rate::PeerRates,
    types::{Instant, PeerId, Width},
};

impl<O: Os, P: Pipe<O::Packet>> DataPath<O, P> {
    /// The network works in another way now: other protection, another width. Keys, numbers and
    /// what rate control has learnt are kept.
    pub fn adjust<C: Context>(&self, cx: &mut C, id: PeerId, rates: PeerRates, width: Width) {
        self.tx.with(cx, |tx, _| {
            if let Some(peer) = tx.peers.get_mut(id) {
                (peer.path.rates, peer.path.width) = (rates, width);
            }
        });
    }

    /// Puts the frames of a peer's traffic in order from `sequence` on; at most `window` of them
    /// (and [`super::WINDOW_MAX`]) are held for a gap. `false` if there is no place or no such peer.
    pub fn start_block_ack<C: Context>(
        &self,
        cx: &mut C,
        now: Instant,
        id: PeerId,
        tid: u8,
        sequence: u16,
        window: u16,
    ) -> bool {
        self.rx.with(cx, |rx, _| rx.start_session(now, id, tid, sequence, window))
    }

    /// Stops putting frames in order; what is held waits for [`DataPath::drain`].
    pub fn stop_block_ack<C: Context>(&self, cx: &mut C, now: Instant, id: PeerId, tid: u8) {
        self.rx.with(cx, |rx, _| rx.end_sessions(now, id, Some(tid)));
    }
}
