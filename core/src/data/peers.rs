// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Peers by their number; either side of the data path has such a table, under its own lock.

use core::sync::atomic::Ordering;

use super::DataPath;
use crate::{
    os::{Empty, Os},
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
    /// Its EAPOL frames are for core's own supplicant: they wait for [`DataPath::take_eapol`].
    pub keeps_eapol: bool,
    /// It understands QoS frames.
    pub is_qos: bool,
    /// How wide frames may be.
    pub width: Width,
    /// What it understands.
    pub rates: PeerRates,
    /// The firmware chooses rates; otherwise [`crate::rate::RateControl`] does, from reports.
    pub firmware_rates: bool,
}

/// What both sides keep of a [`PeerPath`]: all zero for nobody, so that empty tables are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path {
    pub(super) vap: VapId,
    pub(super) own: MacAddr,
    pub(super) addr: MacAddr,
    pub(super) mac_id: u8,
    pub(super) is_protected: bool,
    pub(super) keeps_eapol: bool,
    pub(super) is_qos: bool,
    pub(super) firmware_rates: bool,
    pub(super) width: Width,
    pub(super) rates: PeerRates,
}

impl Path {
    /// Nobody.
    pub(super) const NONE: Self = Self {
        vap: VapId { slot: 0, generation: 0 },
        own: MacAddr::ZERO,
        addr: MacAddr::ZERO,
        mac_id: 0,
        is_protected: false,
        keeps_eapol: false,
        is_qos: false,
        firmware_rates: false,
        width: Width::Mhz20,
        rates: PeerRates::NONE,
    };
}

impl From<&PeerPath> for Path {
    fn from(path: &PeerPath) -> Self {
        Self {
            vap: path.vap,
            own: path.own,
            addr: path.addr,
            mac_id: path.mac_id,
            is_protected: path.cipher.is_some(),
            keeps_eapol: path.keeps_eapol,
            is_qos: path.is_qos,
            firmware_rates: path.firmware_rates,
            width: path.width,
            rates: path.rates,
        }
    }
}

/// One side of a peer. It is filled in and emptied in place: with its keys it is too long for a
/// kernel's stack.
pub(super) trait Side: Empty {
    /// Begins with a new peer.
    fn begin(&mut self, path: &PeerPath);
    /// Forgets the peer; keys are wiped.
    fn end(&mut self);
}

#[derive(Debug)]
struct Place<T> {
    generation: u16,
    is_open: bool,
    peer: T,
}

impl<O: Os, P> DataPath<O, P> {
    /// Whether there is any peer; without one, received frames are nobody's.
    pub fn has_peers(&self) -> bool {
        self.open.load(Ordering::Acquire) != 0
    }
}

/// One side of what is known of each peer.
#[derive(Debug)]
pub(super) struct Peers<T>([Place<T>; PEERS_MAX]);

impl<T: Empty> Empty for Peers<T> {
    const EMPTY: Self =
        Self([const { Place { generation: 0, is_open: false, peer: T::EMPTY } }; PEERS_MAX]);
}

impl<T: Side> Peers<T> {
    pub(super) fn open(&mut self, path: &PeerPath) -> Option<PeerId> {
        let (slot, place) = (0..).zip(&mut self.0).find(|(_, place)| !place.is_open)?;
        place.is_open = true;
        place.peer.begin(path);
        Some(PeerId { slot, generation: place.generation })
    }

    /// Opens the other side of a peer at the place that the first side was given.
    pub(super) fn open_at(&mut self, id: PeerId, path: &PeerPath) {
        if let Some(place) = self.0.get_mut(usize::from(id.slot)) {
            (place.generation, place.is_open) = (id.generation, true);
            place.peer.begin(path);
        }
    }

    /// Says whether there was such a peer.
    pub(super) fn close(&mut self, id: PeerId) -> bool {
        let place = self.0.get_mut(usize::from(id.slot));
        let Some(place) = place.filter(|place| place.is_open && place.generation == id.generation)
        else {
            return false;
        };
        place.generation = id.generation.wrapping_add(1);
        place.is_open = false;
        place.peer.end();
        true
    }

    pub(super) fn get(&self, id: PeerId) -> Option<&T> {
        let place = self.0.get(usize::from(id.slot))?;
        (place.is_open && place.generation == id.generation).then_some(&place.peer)
    }

    pub(super) fn get_mut(&mut self, id: PeerId) -> Option<&mut T> {
        let place = self.0.get_mut(usize::from(id.slot))?;
        (place.is_open && place.generation == id.generation).then_some(&mut place.peer)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (PeerId, &T)> {
        (0..)
            .zip(&self.0)
            .filter(|(_, place)| place.is_open)
            .map(|(slot, place)| (PeerId { slot, generation: place.generation }, &place.peer))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (PeerId, &mut T)> {
        (0..)
            .zip(&mut self.0)
            .filter(|(_, place)| place.is_open)
            .map(|(slot, place)| (PeerId { slot, generation: place.generation }, &mut place.peer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Named(u8);

    impl Empty for Named {
        const EMPTY: Self = Self(0);
    }

    impl Side for Named {
        fn begin(&mut self, path: &PeerPath) {
            self.0 = path.mac_id;
        }
        fn end(&mut self) {
            self.0 = 0;
        }
    }

    #[test]
    fn a_stale_id_finds_nothing() {
        let path = PeerPath {
            vap: Path::NONE.vap,
            own: MacAddr::ZERO,
            addr: MacAddr::ZERO,
            mac_id: 7,
            authorized: false,
            cipher: None,
            keeps_eapol: false,
            is_qos: false,
            width: Width::Mhz20,
            rates: PeerRates::NONE,
            firmware_rates: false,
        };
        let mut peers = Peers::<Named>::EMPTY;
        let first = peers.open(&path).unwrap();
        assert_eq!((peers.close(first), peers.close(first)), (true, false));
        let second = peers.open(&path).unwrap();
        assert_eq!((first.slot, peers.get(first).is_none()), (second.slot, true));
        assert!(peers.get_mut(first).is_none());
        assert_eq!(peers.get_mut(second).map(|named| named.0), Some(7));
        assert_eq!((1..PEERS_MAX).filter_map(|_| peers.open(&path)).count(), PEERS_MAX - 1);
        assert_eq!((peers.open(&path), peers.iter().count()), (None, PEERS_MAX));
    }
}
