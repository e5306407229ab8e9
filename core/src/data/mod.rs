// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The data path: runs in any context, owns its state under two locks, never sleeps, never talks
//! to registers, and calls the stack only with both locks free.
//!
//! A station's side of it: a peer is the access point of an interface.

mod adjust;
mod deliver;
mod fragments;
mod inject;
mod keys;
mod peers;
mod reorder;
mod rx;
mod stats;
#[cfg(test)]
mod tests;
mod tx;

use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};

#[cfg(test)]
pub(crate) use self::stats::stats_for_tests;
pub use self::{
    keys::KeyPath,
    peers::{PEERS_MAX, PeerPath},
    reorder::WINDOW_MAX,
    rx::{BLOCK_ACKS_MAX, EAPOL_MAX, RELEASE_MAX},
    stats::{Counters, Dropped, PeerStats, RxDrops, RxStats, TxStats},
};
use self::{
    rx::{Held, RxState},
    tx::{Class, TxState, Way},
};
use crate::{
    control::{Failure, Port},
    io::{
        Pipe, Reject, Rejected, Room, RxFlags, RxFrame, Seal, Slot, TxFrame, TxInfo, TxQueue,
        TxReport,
    },
    os::{Context, Draft, Lock, Os, OsError, Packet, Unlocked, rank},
    radiotap::TxParams,
    types::{Instant, MacAddr, PeerId, Rate, VapId, Width},
    wire::{
        data::{BlockAckRequest, Data, ETHERNET_LEN, NO_BODY},
        header::{FrameControl, FrameType},
    },
};

/// Packets that one drainer delivers before it leaves the rest to the worker.
const DRAIN_MAX: usize = 64;

/// A packet under construction, of an operating system.
type DraftOf<O> = <<O as Os>::Packet as Packet>::Draft;

/// How to send a frame that is complete but for its sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MgmtTx {
    /// At which rate.
    pub rate: Rate,
    /// The chip's number for the receiver; 0 is everybody.
    pub mac_id: u8,
    /// Nobody acknowledges it.
    pub no_ack: bool,
    /// Ask for a [`TxReport`] with this token. 0 is what data frames carry.
    pub token: Option<u8>,
    /// Which way.
    pub queue: TxQueue,
}

impl MgmtTx {
    /// A frame at `rate`, with nothing special about it.
    pub const fn plain(rate: Rate) -> Self {
        Self { rate, mac_id: 0, no_ack: false, token: None, queue: TxQueue::Voice }
    }
}

/// One device's data path.
pub struct DataPath<O: Os, P> {
    tx: Lock<O, { rank::TX }, TxState>,
    rx: Lock<O, { rank::RX }, RxState<O::Packet>>,
    /// How many peers are open: without one, received frames are not even copied.
    open: AtomicU8,
    /// More than half of the release list is taken.
    is_crowded: AtomicBool,
    /// Where frames go.
    pub pipe: P,
}

/// What the worker calls.
impl<O: Os, P: Pipe<O::Packet>> DataPath<O, P> {
    /// A data path without peers. Errors: no memory for a lock.
    pub fn new(pipe: P) -> Result<Self, OsError> {
        Ok(Self {
            tx: Lock::<O, _, _>::new(c"tern tx")?,
            rx: Lock::<O, _, _>::new(c"tern rx")?,
            open: AtomicU8::new(0),
            is_crowded: AtomicBool::new(false),
            pipe,
        })
    }

    /// Adds a peer; `None` if there is no place.
    pub fn open<C: Context>(&self, cx: &mut C, path: PeerPath) -> Option<PeerId> {
        let id = self.tx.with(cx, |tx, _| tx.peers.open(&path))?;
        self.rx.with(cx, |rx, _| rx.peers.open_at(id, &path));
        self.open.fetch_add(1, Ordering::Release);
        Some(id)
    }

    /// Removes a peer with its keys; its id finds nothing from now on. Who waits for room is told
    /// to go on, and then that there is nobody.
    pub fn close<C: Unlocked>(&self, cx: &mut C, os: &O, id: PeerId) {
        let vap = self.tx.with(cx, |tx, _| {
            let vap = tx.peers.get(id)?.path.vap;
            tx.peers.close(id).then_some(vap)
        });
        let Some(vap) = vap else { return };
        self.rx.with(cx, |rx, _| rx.close(id));
        self.open.fetch_sub(1, Ordering::Release);
        self.wake(cx, os, vap);
    }

    /// Opens or closes the controlled port.
    pub fn set_port<C: Context>(&self, cx: &mut C, id: PeerId, port: Port) {
        let is_authorized = port == Port::Open;
        self.tx.with(cx, |tx, _| {
            if let Some(peer) = tx.peers.get_mut(id) {
                peer.is_authorized = is_authorized;
            }
        });
        self.rx.with(cx, |rx, _| {
            if let Some(peer) = rx.peers.get_mut(id) {
                peer.is_authorized = is_authorized;
            }
        });
    }

    /// Installs a key; from now on it is used. Installing the same again keeps its counters. Frames received before, and held back for a gap,
    /// are decrypted with the old one first; their packets wait for [`DataPath::drain`].
    ///
    /// The order for a new pairwise key in the chip: [`DataPath::pause`], wait for
    /// [`DataPath::is_drained`], remove the old key from the chip (frames then come encrypted and
    /// are decrypted here, so that no late frame of the old key can raise the new key's counter),
    /// this call, write the new key into the chip, [`DataPath::resume`].
    ///
    /// Errors: [`Failure::Unsupported`] for the cipher, [`Failure::Invalid`] for index or length,
    /// [`Failure::NotFound`] for the peer.
    pub fn set_key<C: Context>(
        &self,
        cx: &mut C,
        now: Instant,
        path: &KeyPath,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        if usize::from(path.index) >= keys::GROUP_KEYS {
            return Err(Failure::Invalid);
        }
        self.rx.with(cx, |rx, _| rx.set_key(now, path, bytes))?;
        let Some(id) = path.peer else { return Ok(()) };
        self.tx.with(cx, |tx, _| {
            let peer = tx.peers.get_mut(id).ok_or(Failure::NotFound)?;
            peer.key.install(path, bytes)
        })
    }

    /// Removes a key, and wipes it. Errors: [`Failure::NotFound`].
    pub fn delete_key<C: Context>(
        &self,
        cx: &mut C,
        vap: VapId,
        peer: Option<PeerId>,
        index: u8,
    ) -> Result<(), Failure> {
        if let Some(id) = peer {
            self.tx.with(cx, |tx, _| {
                let peer = tx.peers.get_mut(id).filter(|peer| peer.key.index() == Some(index));
                if let Some(peer) = peer {
                    peer.key.remove();
                }
            });
        }
        self.rx.with(cx, |rx, _| rx.delete_key(vap, peer, index)).ok_or(Failure::NotFound)
    }

    /// Says which key group frames are sent with. A station sends none, so this only checks that
    /// there is such a key. Errors: [`Failure::NotFound`].
    pub fn set_default_key<C: Context>(
        &self,
        cx: &mut C,
        vap: VapId,
        index: u8,
    ) -> Result<(), Failure> {
        self.rx
            .with(cx, |rx, _| rx.has_group_key(vap, index))
            .then_some(())
            .ok_or(Failure::NotFound)
    }

    /// Stops sending to a peer: packets for it come back as [`Reject::Full`].
    pub fn pause<C: Context>(&self, cx: &mut C, id: PeerId) {
        self.tx.with(cx, |tx, _| tx.pause(id));
    }

    /// Whether everything that was sent to a paused peer has left the pipe; so for a peer that is
    /// gone.
    pub fn is_drained<C: Context>(&self, cx: &mut C, id: PeerId) -> bool {
        self.tx.with(cx, |tx, _| tx.is_drained(id))
    }

    /// Goes on sending to a peer, and tells those who wait.
    pub fn resume<C: Unlocked>(&self, cx: &mut C, os: &O, id: PeerId) {
        let vap = self.tx.with(cx, |tx, _| {
            let peer = tx.peers.get_mut(id)?;
            peer.resume();
            Some(peer.path.vap)
        });
        if let Some(vap) = vap {
            self.wake(cx, os, vap);
        }
    }

    /// Tells an interface that all its queues may have room.
    fn wake<C: Unlocked>(&self, cx: &mut C, os: &O, vap: VapId) {
        for _ in 0..tx::STOPPED_MAX {
            let Some(queue) = self.tx.with(cx, |tx, _| tx.take_stopped_of(vap)) else { return };
            os.transmit_ready(cx, vap, queue);
        }
    }

    /// Sends a frame that is complete but for its sequence number. Without room it is back, and
    /// the worker is woken when there is some.
    pub fn send_mgmt<C: Unlocked>(
        &self,
        cx: &mut C,
        mut draft: DraftOf<O>,
        how: MgmtTx,
    ) -> Result<(), Rejected<DraftOf<O>>> {
        let len = draft.as_ref().len();
        let info = inject::mgmt_info(draft.as_ref(), how);
        self.tx.with(cx, |tx, cx| {
            let Some(info) = info else {
                return Err(Rejected { value: draft, reason: Reject::Malformed });
            };
            let Ok(slot) = self.pipe.reserve(cx, how.queue) else {
                tx.worker_waits = true;
                return Err(Rejected { value: draft, reason: Reject::Full });
            };
            let info = TxInfo { sequence: tx.number(draft.as_mut()), ..info };
            let packet = draft.finish(0..len);
            let frame = TxFrame { prefix: &[], packet, skip: 0, suffix: &[], seal: None };
            // Data that finds no place after this says so itself: the room needs no note.
            let _ = slot.submit(cx, info, frame);
            tx.count(how.queue);
            Ok(())
        })
    }

    /// Gives up on gaps and fragments that are too old; returns when to come back. Packets wait
    /// for [`DataPath::drain`].
    pub fn flush_reorder<C: Context>(&self, cx: &mut C, now: Instant) -> Option<Instant> {
        self.rx.with(cx, |rx, _| rx.flush(now))
    }

    /// The next EAPOL frame, with its Ethernet header, of a peer that
    /// [keeps them](PeerPath::keeps_eapol).
    pub fn take_eapol<C: Context>(&self, cx: &mut C) -> Option<O::Packet> {
        self.rx.with(cx, |rx, _| rx.take_eapol())
    }

    /// Takes note of a frame that is no data: its signal and its time count.
    pub fn heard<C: Context>(&self, cx: &mut C, now: Instant, from: MacAddr, signal: Option<i8>) {
        if self.open.load(Ordering::Acquire) != 0 {
            self.rx.with(cx, |rx, _| rx.heard(now, from, signal));
        }
    }
}

/// What every context calls.
impl<O: Os, P: Pipe<O::Packet>> DataPath<O, P> {
    /// Whether this interface may send data: there is a peer, and its port is open.
    pub fn is_open<C: Context>(&self, cx: &mut C, vap: VapId) -> bool {
        self.tx.with(cx, |tx, _| tx.peer_of(vap).is_some_and(|(_, peer)| peer.is_authorized))
    }

    /// Sends an Ethernet packet. On success the packet belongs to the bus, on failure it is back.
    /// After [`Room::Last`] and [`Reject::Full`] the stack stops the queue of the packet's
    /// priority, then asks [`DataPath::is_stopped`].
    pub fn transmit<C: Unlocked>(
        &self,
        cx: &mut C,
        vap: VapId,
        packet: O::Packet,
    ) -> Result<Room, Rejected<O::Packet>> {
        let Some(class) = Class::of(vap, &packet) else {
            return Err(Rejected { value: packet, reason: Reject::Malformed });
        };
        // From the check of the peer to the hand-over nobody else gets a number: numbers go out
        // in the order in which they were given.
        self.tx.with(cx, |tx, cx| {
            let Ok(slot) = self.pipe.reserve(cx, class.way.queue) else {
                return Err(tx.refuse(class.way, packet, Reject::Full));
            };
            let plan = match tx.plan(&class) {
                Ok(plan) => plan,
                Err(reason) => return Err(tx.refuse(class.way, packet, reason)),
            };
            let encrypt = |frame: &mut [u8]| {
                if let Some(key) = plan.seal {
                    // What cannot be encrypted is wiped: it does not leave in the clear.
                    let _ = key.seal(frame);
                }
            };
            let seal = plan.seal.map(|_| Seal { at: 0, encrypt: &encrypt });
            let suffix: &[u8] = if plan.seal.is_some() { &tx::MIC_ROOM } else { &[] };
            let frame = TxFrame { prefix: &plan.prefix, packet, skip: ETHERNET_LEN, suffix, seal };
            let room = slot.submit(cx, plan.info, frame);
            Ok(tx.submitted(class.way, room))
        })
    }

    /// Sends a whole 802.11 frame as it is, for a monitor: numbers and protection are the user's.
    /// `params` was read from the radiotap header before it, and `width` is that of the tuning.
    /// Success and failure are as in [`DataPath::transmit`].
    pub fn inject<C: Unlocked>(
        &self,
        cx: &mut C,
        vap: VapId,
        params: &TxParams,
        width: Width,
        packet: O::Packet,
    ) -> Result<Room, Rejected<O::Packet>> {
        let Some(info) = inject::info(params, width, &packet) else {
            return Err(Rejected { value: packet, reason: Reject::Malformed });
        };
        let stack_queue = TxQueue::from_priority(packet.priority());
        let way = Way { vap, stack_queue, queue: info.queue };
        self.tx.with(cx, |tx, cx| {
            let Ok(slot) = self.pipe.reserve(cx, way.queue) else {
                return Err(tx.refuse(way, packet, Reject::Full));
            };
            let skip = params.header_len;
            let frame = TxFrame { prefix: &[], packet, skip, suffix: &[], seal: None };
            let room = slot.submit(cx, info, frame);
            Ok(tx.submitted(way, room))
        })
    }

    /// Whether `transmit_ready` is still to come. Who stops a queue asks this afterwards: the
    /// completion may have been faster.
    pub fn is_stopped<C: Context>(&self, cx: &mut C, vap: VapId, queue: TxQueue) -> bool {
        self.tx.with(cx, |tx, _| tx.is_stopped(vap, queue))
    }

    /// A frame of `queue` has come back from the pipe, whatever became of it: exactly one call
    /// for each that was handed over. Tells every interface that waits for room.
    pub fn sent<C: Unlocked>(&self, cx: &mut C, os: &O, queue: TxQueue) {
        let wakes = self.tx.with(cx, |tx, _| tx.completed(queue));
        if wakes {
            os.wake_worker();
        }
        for _ in 0..tx::STOPPED_MAX {
            let next = self.tx.with(cx, |tx, _| tx.take_stopped(queue));
            let Some((vap, queue)) = next else { return };
            os.transmit_ready(cx, vap, queue);
        }
    }

    /// What became of a data frame: feeds rate control and statistics.
    pub fn on_tx_report<C: Context>(&self, cx: &mut C, report: &TxReport) {
        self.tx.with(cx, |tx, _| {
            let mut peers = tx.peers.iter_mut();
            if let Some((_, peer)) = peers.find(|(_, peer)| peer.path.mac_id == report.mac_id) {
                peer.report(report.acked, report.retries);
            }
        });
    }

    /// Takes in one data frame, or a block-ack request; what it releases waits for
    /// [`DataPath::drain`]. Says whether the worker has something new to wait for
    /// ([`DataPath::flush_reorder`]) or to take ([`DataPath::take_eapol`]).
    pub fn receive<C: Unlocked>(&self, cx: &mut C, now: Instant, frame: &RxFrame<'_>) -> bool {
        if self.open.load(Ordering::Acquire) == 0 || frame.flags.contains(RxFlags::BAD_FCS) {
            return false;
        }
        if let Some(request) = BlockAckRequest::parse(frame.bytes) {
            return self.rx.with(cx, |rx, _| rx.advance(now, &request) || rx.has_eapol());
        }
        // Other control frames mean nothing here.
        let control = FrameControl::of(frame.bytes);
        if control.is_some_and(|control| control.frame_type() != FrameType::Data) {
            return false;
        }
        // The one copy is made before the lock is taken; frames then move as drafts.
        match admit(frame).and_then(|data| Ok((data, Held::copy(frame, &data)?))) {
            Ok((data, held)) => self.rx.with(cx, |rx, _| {
                let waits = rx.take(now, &data, frame, held) || rx.has_eapol();
                self.is_crowded.store(rx.is_crowded(), Ordering::Relaxed);
                waits
            }),
            Err(why) => {
                self.rx.with(cx, |rx, _| {
                    rx.drops.count(why);
                    if let (Dropped::Null, Some(data)) = (why, Data::parse(frame.bytes)) {
                        rx.heard(now, data.transmitter, frame.signal_dbm);
                    }
                });
                false
            }
        }
    }

    /// Delivers what was released, in order. There is one drainer at a time; the others leave
    /// their frames to it, and it leaves what is beyond its budget to the worker.
    pub fn drain<C: Unlocked>(&self, cx: &mut C, os: &O) {
        if !self.rx.with(cx, |rx, _| rx.begin_drain()) {
            return;
        }
        for _ in 0..DRAIN_MAX {
            let next = self.rx.with(cx, |rx, _| {
                let next = rx.next_or_end_drain();
                self.is_crowded.store(rx.is_crowded(), Ordering::Relaxed);
                next
            });
            let Some((vap, packet)) = next else { return };
            os.deliver(cx, vap, packet);
        }
        self.rx.with(cx, |rx, _| rx.end_drain());
        os.wake_worker();
    }

    /// Whether so much waits to be delivered that [`DataPath::drain`] should not wait for the end
    /// of a transfer.
    pub fn is_crowded(&self) -> bool {
        self.is_crowded.load(Ordering::Relaxed)
    }

    /// The same for who takes in transfers: whether to wait with the next one until the worker
    /// has run, which then will be soon.
    pub fn holds_back(&self, os: &O) -> bool {
        let holds_back = self.is_crowded();
        if holds_back {
            os.wake_worker();
        }
        holds_back
    }

    /// What is known of the traffic with `addr`.
    pub fn peer_stats<C: Context>(
        &self,
        cx: &mut C,
        vap: VapId,
        addr: MacAddr,
    ) -> Option<PeerStats> {
        let (id, tx) = self.tx.with(cx, |tx, _| {
            let mut peers = tx.peers.iter();
            let (id, peer) =
                peers.find(|(_, peer)| (peer.path.vap, peer.path.addr) == (vap, addr))?;
            Some((id, peer.stats()))
        })?;
        let rx = self.rx.with(cx, |rx, _| rx.peers.get(id).map(|peer| peer.stats.show()))?;
        Some(PeerStats { rx, tx })
    }

    /// What the device's data path has counted.
    pub fn counters<C: Context>(&self, cx: &mut C) -> Counters {
        let mut counters = self.tx.with(cx, |tx, _| Counters {
            submitted: tx.submitted,
            refused: tx.refused,
            outstanding: tx.outstanding(),
            ..Counters::default()
        });
        self.rx.with(cx, |rx, _| {
            (counters.drops, counters.delivered) = (rx.drops, rx.delivered);
        });
        counters
    }
}

/// The header of a data frame that a station takes in.
fn admit(frame: &RxFrame<'_>) -> Result<Data, Dropped> {
    let data = Data::parse(frame.bytes).ok_or(Dropped::Malformed)?;
    if data.has(FrameControl::TO_DS) || !data.has(FrameControl::FROM_DS) {
        return Err(Dropped::NotOurs);
    }
    if data.has(NO_BODY) { Err(Dropped::Null) } else { Ok(data) }
}
