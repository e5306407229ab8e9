// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The data path: runs in any context, owns its state under two locks, never sleeps, never talks
//! to registers, and calls the stack only with both locks free.

mod rx;
mod tx;

use crate::{
    data::{
        rx::{Held, RxPeer, RxState},
        tx::{TxPeer, TxState},
    },
    io::{PeerPath, Pipe, Reject, Rejected, Room, Slot, TxFrame, TxInfo, TxQueue},
    os::{Context, Draft, Empty, Lock, Os, OsError, Packet, Unlocked, rank},
    types::{Instant, PeerId, VapId},
};

/// Peers of one device.
pub const PEERS_MAX: usize = 8;
/// Frames that one drainer delivers before it leaves the rest to the worker.
const DRAIN_MAX: usize = 64;

/// One side of what is known of each peer.
#[derive(Debug)]
struct Peers<T>([(u16, Option<T>); PEERS_MAX]);

impl<T> Empty for Peers<T> {
    const EMPTY: Self = Self([const { (0, None) }; PEERS_MAX]);
}

impl<T> Peers<T> {
    fn insert(&mut self, peer: T) -> Option<PeerId> {
        let (slot, (generation, place)) =
            (0..).zip(&mut self.0).find(|(_, (_, place))| place.is_none())?;
        *place = Some(peer);
        Some(PeerId { slot, generation: *generation })
    }

    /// Puts the other side of a peer at the place that the first side was given.
    fn put(&mut self, id: PeerId, peer: T) {
        if let Some(place) = self.0.get_mut(usize::from(id.slot)) {
            *place = (id.generation, Some(peer));
        }
    }

    fn remove(&mut self, id: PeerId) {
        if let Some((generation, place)) = self.0.get_mut(usize::from(id.slot))
            && *generation == id.generation
        {
            (*generation, *place) = (id.generation.wrapping_add(1), None);
        }
    }

    fn get_mut(&mut self, id: PeerId) -> Option<&mut T> {
        let (generation, peer) = self.0.get_mut(usize::from(id.slot))?;
        (*generation == id.generation).then_some(peer.as_mut()).flatten()
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().filter_map(|(_, peer)| peer.as_mut())
    }
}

/// One device's data path.
pub struct DataPath<O: Os, P> {
    tx: Lock<O, { rank::TX }, TxState>,
    rx: Lock<O, { rank::RX }, RxState<O::Packet>>,
    /// Where frames go.
    pub pipe: P,
}

impl<O: Os, P: Pipe<O::Packet>> DataPath<O, P> {
    /// A data path without peers.
    pub fn new(pipe: P) -> Result<Self, OsError> {
        Ok(Self {
            tx: Lock::<O, _, _>::new(c"tern tx")?,
            rx: Lock::<O, _, _>::new(c"tern rx")?,
            pipe,
        })
    }

    /// Adds a peer; the worker calls this.
    pub fn open<C: Context>(&self, cx: &mut C, path: PeerPath) -> Option<PeerId> {
        let id = self.tx.with(cx, |tx, _| tx.peers.insert(TxPeer::new(path)))?;
        self.rx.with(cx, |rx, _| rx.peers.put(id, RxPeer::new(path)));
        Some(id)
    }

    /// Removes a peer; its id finds nothing from now on.
    pub fn close<C: Context>(&self, cx: &mut C, id: PeerId) {
        self.tx.with(cx, |tx, _| tx.peers.remove(id));
        self.rx.with(cx, |rx, _| rx.peers.remove(id));
    }

    /// Puts the frames of a peer in order from `sequence` on.
    pub fn start_block_ack<C: Context>(&self, cx: &mut C, id: PeerId, sequence: u16) {
        self.rx.with(cx, |rx, _| {
            if let Some(peer) = rx.peers.get_mut(id) {
                peer.start_block_ack(sequence);
            }
        });
    }

    /// Whether this interface may send data: what the worker opened and not yet closed.
    pub fn is_open<C: Context>(&self, cx: &mut C, vap: VapId) -> bool {
        self.tx.with(cx, |tx, _| tx.peer_of(vap).is_some())
    }

    /// Sends an Ethernet packet. On success the packet belongs to the bus, on failure it is back.
    pub fn transmit<C: Unlocked>(
        &self,
        cx: &mut C,
        vap: VapId,
        packet: O::Packet,
    ) -> Result<Room, Rejected<O::Packet>> {
        let queue = TxQueue::from_priority(packet.priority());
        // From the check of the peer to the hand-over nobody else gets a number: numbers go out
        // in the order in which they were given.
        self.tx.with(cx, |tx, cx| {
            let Ok(slot) = self.pipe.reserve(cx, queue) else {
                tx.note_stopped(vap, queue);
                return Err(Rejected { value: packet, reason: Reject::Full });
            };
            let sent = tx.encapsulate(vap, queue, &packet);
            let (info, prefix, suffix) = match sent {
                Ok(parts) => parts,
                Err(reason) => return Err(Rejected { value: packet, reason }),
            };
            let frame = TxFrame { prefix: &prefix, packet, skip: tx::ETHERNET_LEN, suffix };
            let room = slot.submit(cx, info, frame);
            if room == Room::Last {
                tx.note_stopped(vap, queue);
            }
            Ok(room)
        })
    }

    /// Sends a management frame; the worker calls this.
    pub fn send_mgmt<C: Unlocked>(&self, cx: &mut C, bytes: &[u8]) -> Result<(), OsError> {
        let mut draft = <O::Packet as Packet>::Draft::alloc(bytes.len())?;
        let to = draft.as_mut().get_mut(..bytes.len()).ok_or(OsError::NoMemory)?;
        to.copy_from_slice(bytes);
        let frame_len = u16::try_from(bytes.len()).map_err(|_| OsError::Transfer)?;
        self.tx.with(cx, |tx, cx| {
            let slot = self.pipe.reserve(cx, TxQueue::Voice).map_err(|_| OsError::NoMemory)?;
            tx.number_management(draft.as_mut());
            let packet = draft.finish(0..bytes.len());
            let info = TxInfo { frame_len, mac_id: 0, queue: TxQueue::Voice };
            // Data that finds no slot after this says so itself: the room needs no note.
            let _ = slot.submit(cx, info, TxFrame { prefix: &[], packet, skip: 0, suffix: &[] });
            Ok(())
        })
    }

    /// Frames of `queue` have left: tells every interface that was stopped for it.
    pub fn sent<C: Unlocked>(&self, cx: &mut C, os: &O, queue: TxQueue) {
        for _ in 0..tx::STOPPED_MAX {
            let Some(vap) = self.tx.with(cx, |tx, _| tx.take_stopped(queue)) else { return };
            os.transmit_ready(cx, vap, queue);
        }
    }

    /// Whether `transmit_ready` is still to come. Who stops a queue asks this afterwards: the
    /// completion may have been faster.
    pub fn is_stopped<C: Context>(&self, cx: &mut C, vap: VapId, queue: TxQueue) -> bool {
        self.tx.with(cx, |tx, _| tx.is_stopped(vap, queue))
    }

    /// Takes in one data frame; what it releases waits for [`DataPath::drain`]. Says whether the
    /// worker has to watch over a gap.
    pub fn receive<C: Unlocked>(&self, cx: &mut C, now: Instant, frame: &[u8]) -> bool {
        // The one copy is made before the lock is taken; frames then move as packets.
        let Some(held) = Held::copy(frame) else { return false };
        self.rx.with(cx, |rx, _| rx.take(now, held))
    }

    /// Delivers what was released, in order. There is one drainer at a time; the others leave
    /// their frames to it.
    pub fn drain<C: Unlocked>(&self, cx: &mut C, os: &O) {
        if !self.rx.with(cx, |rx, _| rx.begin_drain()) {
            return;
        }
        for _ in 0..DRAIN_MAX {
            let Some((vap, packet)) = self.rx.with(cx, |rx, _| rx.next_or_end_drain()) else {
                return;
            };
            os.deliver(cx, vap, packet);
        }
        self.rx.with(cx, |rx, _| rx.end_drain());
        os.wake_worker();
    }

    /// Gives up on gaps that are too old; returns when to come back.
    pub fn flush_reorder<C: Unlocked>(&self, cx: &mut C, now: Instant) -> Option<Instant> {
        self.rx.with(cx, |rx, _| rx.flush(now))
    }
}
