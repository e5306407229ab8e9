// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Peers by their number; either side of the data path has such a table, under its own lock.

use crate::{
    os::Empty,
    rate::PeerRates,
    types::{Cipher, MacAddr, PeerId, VapId, Width},
};

/// Peers of one device.
pub const PEERS_MAX: usize = 8;

/// What the data path has to know of a peer when it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerPath {
    /// The interface it belongs to.
    pub vap: VapId,
    /// The address of that interface.
    pub own: MacAddr,
    /// The peer's address: of a station interface the access point's.
    pub addr: MacAddr,
    /// The chip's number for it.
    pub mac_id: u8,
    /// Whether the controlled port is open from the start, as in an open network.
    pub authorized: bool,
    /// What protects frames to and from it; `None` for an open network. With one, nothing but
    /// EAPOL passes without a key.
    pub cipher: Option<Cipher>,
    /// It understands QoS frames.
    pub is_qos: bool,
    /// How wide frames may be.
    pub width: Width,
    /// What it understands.
    pub rates: PeerRates,
    /// The firmware chooses rates; otherwise [`crate::rate::RateControl`] does, from reports.
    pub firmware_rates: bool,
}

/// One side of what is known of each peer.
#[derive(Debug)]
pub(super) struct Peers<T>([(u16, Option<T>); PEERS_MAX]);

impl<T> Empty for Peers<T> {
    const EMPTY: Self = Self([const { (0, None) }; PEERS_MAX]);
}

impl<T> Peers<T> {
    pub(super) fn insert(&mut self, peer: T) -> Option<PeerId> {
        let (slot, (generation, place)) =
            (0..).zip(&mut self.0).find(|(_, (_, place))| place.is_none())?;
        *place = Some(peer);
        Some(PeerId { slot, generation: *generation })
    }

    /// Puts the other side of a peer at the place that the first side was given.
    pub(super) fn put(&mut self, id: PeerId, peer: T) {
        if let Some(place) = self.0.get_mut(usize::from(id.slot)) {
            *place = (id.generation, Some(peer));
        }
    }

    pub(super) fn remove(&mut self, id: PeerId) -> Option<T> {
        let (generation, place) = self.0.get_mut(usize::from(id.slot))?;
        if *generation != id.generation || place.is_none() {
            return None;
        }
        *generation = id.generation.wrapping_add(1);
        place.take()
    }

    pub(super) fn get(&self, id: PeerId) -> Option<&T> {
        let (generation, peer) = self.0.get(usize::from(id.slot))?;
        (*generation == id.generation).then_some(peer.as_ref()).flatten()
    }

    pub(super) fn get_mut(&mut self, id: PeerId) -> Option<&mut T> {
        let (generation, peer) = self.0.get_mut(usize::from(id.slot))?;
        (*generation == id.generation).then_some(peer.as_mut()).flatten()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (PeerId, &T)> {
        (0..).zip(&self.0).filter_map(|(slot, (generation, peer))| {
            Some((PeerId { slot, generation: *generation }, peer.as_ref()?))
        })
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (PeerId, &mut T)> {
        (0..).zip(&mut self.0).filter_map(|(slot, (generation, peer))| {
            Some((PeerId { slot, generation: *generation }, peer.as_mut()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_id_finds_nothing() {
        let mut peers = Peers::EMPTY;
        let first = peers.insert('a').unwrap();
        assert_eq!(peers.remove(first), Some('a'));
        assert_eq!(peers.remove(first), None);
        let second = peers.insert('b').unwrap();
        assert_eq!((first.slot, peers.get(first)), (second.slot, None));
        assert_eq!(peers.get_mut(second), Some(&mut 'b'));
        assert_eq!((1..PEERS_MAX).filter_map(|_| peers.insert('c')).count(), PEERS_MAX - 1);
        assert_eq!(peers.insert('d'), None);
    }
}
