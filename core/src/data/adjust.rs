// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A network that changes while we belong to it.

use super::DataPath;
use crate::{
    io::Pipe,
    os::{Context, Os},
    rate::PeerRates,
    types::{PeerId, Width},
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
}
