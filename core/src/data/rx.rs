// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the data path knows for receiving; all of it under the RX lock.

use heapless::Deque;
use zerocopy::FromBytes;

use super::Peers;
use crate::{
    io::PeerPath,
    os::{Draft, Empty, Packet},
    types::{Instant, MacAddr, VapId},
    wire::{self, CCMP_HEADER_LEN, CCMP_MIC_LEN, DataHeader, FROM_DS, LLC_SNAP, PROTECTED, RETRY},
};

/// Frames that a block-ack session may run ahead.
const WINDOW: u16 = 8;
/// How long a gap holds up the frames behind it.
const GAP_TIMEOUT_US: u64 = 100_000;
/// Frames that wait to be delivered.
const RELEASE_MAX: usize = 64;
/// An Ethernet header is longer than the LLC header whose place it takes.
const HEADROOM: usize = 14 - (LLC_SNAP.len() + 2);

/// A received MPDU, in a packet of its own: [`HEADROOM`], then what followed the 802.11 header.
pub(super) struct Held<P: Packet> {
    transmitter: MacAddr,
    addresses: [u8; 12],
    sequence: u16,
    is_retry: bool,
    is_protected: bool,
    draft: P::Draft,
}

impl<P: Packet> Held<P> {
    pub(super) fn copy(frame: &[u8]) -> Option<Self> {
        let (header, body) = DataHeader::ref_from_prefix(frame).ok()?;
        let control = header.frame_control.get();
        if control & FROM_DS == 0 {
            return None;
        }
        let mut draft = P::Draft::alloc(HEADROOM + body.len()).ok()?;
        draft.as_mut().get_mut(HEADROOM..HEADROOM + body.len())?.copy_from_slice(body);
        let ([d0, d1, d2, d3, d4, d5], [s0, s1, s2, s3, s4, s5]) =
            (header.receiver, header.far_end);
        Some(Self {
            transmitter: MacAddr(header.transmitter),
            addresses: [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5],
            sequence: header.sequence_control.get() >> 4,
            is_retry: control & RETRY != 0,
            is_protected: control & PROTECTED != 0,
            draft,
        })
    }
}

/// Frames that came before one that is still missing.
struct Reorder<P: Packet> {
    next: u16,
    held: [Option<Held<P>>; WINDOW as usize],
    until: Option<Instant>,
}

impl<P: Packet> Reorder<P> {
    fn place(&mut self, sequence: u16) -> Option<&mut Option<Held<P>>> {
        self.held.get_mut(usize::from(sequence % WINDOW))
    }

    /// Moves the window by one.
    fn step(&mut self) -> Option<Held<P>> {
        let next = self.next;
        self.next = (next + 1) & 0xfff;
        self.place(next)?.take()
    }

    fn has_next(&mut self) -> bool {
        let next = self.next;
        self.place(next).is_some_and(|place| place.is_some())
    }

    fn is_empty(&self) -> bool {
        self.held.iter().all(Option::is_none)
    }

    /// Takes a frame and passes on, in order, all that no longer have to wait.
    fn take(&mut self, now: Instant, held: Held<P>, mut release: impl FnMut(Held<P>)) {
        let sequence = held.sequence;
        let ahead = sequence.wrapping_sub(self.next) & 0xfff;
        if ahead >= 0x800 {
            return; // Before the window: a duplicate, or too late.
        }
        let mut moved = false;
        for _ in 0..ahead.saturating_sub(WINDOW - 1).min(WINDOW) {
            self.step().into_iter().for_each(&mut release);
            moved = true;
        }
        if ahead >= 2 * WINDOW {
            self.next = sequence.wrapping_sub(WINDOW - 1) & 0xfff;
        }
        match self.place(sequence) {
            Some(place @ None) => *place = Some(held),
            _ => return, // A duplicate.
        }
        while self.has_next() {
            self.step().into_iter().for_each(&mut release);
            moved = true;
        }
        self.until = match self.until {
            _ if self.is_empty() => None,
            Some(until) if !moved => Some(until),
            _ => Some(now.after_us(GAP_TIMEOUT_US)),
        };
    }

    /// Gives up on every gap.
    fn flush(&mut self, mut release: impl FnMut(Held<P>)) {
        for _ in 0..WINDOW {
            if self.is_empty() {
                break;
            }
            self.step().into_iter().for_each(&mut release);
        }
        self.until = None;
    }
}

/// A peer, seen from the receiver.
pub(super) struct RxPeer<P: Packet> {
    gate: Gate,
    last_sequence: Option<u16>,
    reorder: Option<Reorder<P>>,
}

/// What a frame passes after it was put in order.
#[derive(Debug)]
struct Gate {
    path: PeerPath,
    /// The highest packet number seen.
    pn: u64,
}

impl Gate {
    /// Replay check, decryption, port check, Ethernet header. Frames come here in order, so a
    /// retransmitted one is not taken for a replay.
    fn pass<P: Packet>(&mut self, mut held: Held<P>) -> Option<P> {
        let mut end = held.draft.as_ref().len();
        let mut start = 0;
        if held.is_protected != self.path.protected {
            return None;
        }
        if self.path.protected {
            let pn = wire::ccmp_pn(held.draft.as_ref().get(HEADROOM..)?)?;
            // A cipher checks and decrypts here, in place; only then is the number believed.
            if pn <= self.pn {
                return None;
            }
            self.pn = pn;
            start = CCMP_HEADER_LEN;
            end = end.checked_sub(CCMP_MIC_LEN)?;
        }
        let llc = held.draft.as_ref().get(HEADROOM + start..end)?;
        if !self.path.authorized || llc.len() < LLC_SNAP.len() + 2 || !llc.starts_with(&LLC_SNAP) {
            return None;
        }
        let ethernet = held.draft.as_mut().get_mut(start..)?;
        *ethernet.first_chunk_mut()? = held.addresses;
        Some(held.draft.finish(start..end))
    }
}

impl<P: Packet> RxPeer<P> {
    pub(super) const fn new(path: PeerPath) -> Self {
        Self { gate: Gate { path, pn: 0 }, last_sequence: None, reorder: None }
    }

    pub(super) fn start_block_ack(&mut self, sequence: u16) {
        let held = [const { None }; WINDOW as usize];
        self.reorder = Some(Reorder { next: sequence & 0xfff, held, until: None });
    }
}

pub(super) struct RxState<P: Packet> {
    pub(super) peers: Peers<RxPeer<P>>,
    release: Deque<(VapId, P), RELEASE_MAX>,
    is_draining: bool,
}

impl<P: Packet> Empty for RxState<P> {
    const EMPTY: Self = Self { peers: Peers::EMPTY, release: Deque::new(), is_draining: false };
}

impl<P: Packet> RxState<P> {
    /// Takes a frame; says whether a gap has opened.
    pub(super) fn take(&mut self, now: Instant, held: Held<P>) -> bool {
        let Self { peers, release, .. } = self;
        let from = held.transmitter;
        let Some(peer) = peers.iter_mut().find(|peer| peer.gate.path.addr == from) else {
            return false;
        };
        let RxPeer { gate, last_sequence, reorder } = peer;
        let pass = |held| pass_on(gate, release, held);
        match reorder {
            Some(reorder) => {
                let before = reorder.until;
                reorder.take(now, held, pass);
                before != reorder.until && reorder.until.is_some()
            }
            None => {
                let is_duplicate = held.is_retry && *last_sequence == Some(held.sequence);
                *last_sequence = Some(held.sequence);
                Some(held).filter(|_| !is_duplicate).map(pass);
                false
            }
        }
    }

    /// Gives up on gaps that are due; returns when the next one is.
    pub(super) fn flush(&mut self, now: Instant) -> Option<Instant> {
        let Self { peers, release, .. } = self;
        for peer in peers.iter_mut() {
            let RxPeer { gate, reorder: Some(reorder), .. } = peer else { continue };
            if reorder.until.is_some_and(|until| until <= now) {
                reorder.flush(|held| pass_on(gate, release, held));
            }
        }
        self.peers.iter_mut().filter_map(|peer| peer.reorder.as_ref()?.until).min()
    }

    pub(super) fn begin_drain(&mut self) -> bool {
        let begins = !self.is_draining && !self.release.is_empty();
        self.is_draining |= begins;
        begins
    }

    /// The look at the empty list and the end of draining are one step: nothing is left behind.
    pub(super) fn next_or_end_drain(&mut self) -> Option<(VapId, P)> {
        let next = self.release.pop_front();
        self.is_draining = next.is_some();
        next
    }

    pub(super) const fn end_drain(&mut self) {
        self.is_draining = false;
    }
}

/// A full list drops the newest frame: what waits behind it is not better off.
fn pass_on<P: Packet>(
    gate: &mut Gate,
    release: &mut Deque<(VapId, P), RELEASE_MAX>,
    held: Held<P>,
) {
    if let Some(packet) = gate.pass(held) {
        let _ = release.push_back((gate.path.vap, packet));
    }
}
