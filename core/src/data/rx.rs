// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the data path knows for receiving; all of it under the RX lock.
//!
//! The order of checks is duplicate, reorder, packet number and decryption, fragments, port,
//! A-MSDU: a replay check before the reorder buffer would drop retransmitted frames.

use heapless::Deque;

use super::{
    deliver::{self, Msdu},
    fragments::Fragments,
    keys::{GROUP_KEYS, KeyPath, RxKey},
    peers::{Path, PeerPath, Peers, Side},
    reorder::Reorder,
    stats::{Dropped, RxCounts, RxDrops},
};
use crate::{
    control::Failure,
    crypto::ccmp,
    io::{RxFlags, RxFrame},
    os::{Draft, Empty, Packet},
    types::{Instant, MacAddr, PeerId, VapId},
    wire::{
        data::{BlockAckRequest, Data, ETHERTYPE_EAPOL},
        header::FrameControl,
    },
};

/// Block-ack sessions of one device.
pub const BLOCK_ACKS_MAX: usize = 8;
/// Packets that wait to be delivered.
pub const RELEASE_MAX: usize = 128;
/// EAPOL frames that wait for core's own supplicant; an access point asks one at a time.
pub const EAPOL_MAX: usize = 4;
/// Traffics whose last sequence number is remembered: 16 with QoS, and one without.
const TRAFFICS: usize = 17;
/// Set in a remembered sequence number, so that zero means none.
const SEEN: u32 = 1 << 16;

/// A received frame in a draft of its own, so placed that what follows the LLC header is aligned
/// to 4 bytes.
#[derive(Debug)]
pub(super) struct Held<D> {
    draft: D,
    /// Where the frame starts in it.
    start: usize,
    flags: RxFlags,
}

impl<D: Draft> Held<D> {
    /// The one copy of a frame.
    pub(super) fn copy(frame: &RxFrame<'_>, data: &Data) -> Result<Self, Dropped> {
        let start = (4 - data.len % 4) % 4;
        let len = start + frame.bytes.len();
        let mut draft = D::alloc(len).map_err(|_| Dropped::NoMemory)?;
        let to = draft.as_mut().get_mut(start..len).ok_or(Dropped::NoMemory)?;
        to.copy_from_slice(frame.bytes);
        Ok(Self { draft, start, flags: frame.flags })
    }
}

/// A peer, seen from the receiver.
#[derive(Debug)]
pub(super) struct RxPeer<D> {
    pub(super) path: Path,
    pub(super) is_authorized: bool,
    pub(super) pairwise: RxKey,
    pub(super) group: [RxKey; GROUP_KEYS],
    pub(super) fragments: Fragments<D>,
    last: [u32; TRAFFICS],
    pub(super) stats: RxCounts,
}

impl<D> Empty for RxPeer<D> {
    const EMPTY: Self = Self {
        path: Path::NONE,
        is_authorized: false,
        pairwise: RxKey::NONE,
        group: [const { RxKey::NONE }; GROUP_KEYS],
        fragments: Fragments::NONE,
        last: [0; TRAFFICS],
        stats: RxCounts::NONE,
    };
}

impl<D: Draft> Side for RxPeer<D> {
    fn begin(&mut self, path: &PeerPath) {
        self.end();
        (self.path, self.is_authorized) = (path.into(), path.authorized);
    }

    fn end(&mut self) {
        (self.path, self.is_authorized) = (Path::NONE, false);
        self.pairwise.remove();
        self.group.iter_mut().for_each(RxKey::remove);
        self.fragments.clear();
        (self.last, self.stats) = ([0; TRAFFICS], RxCounts::NONE);
    }
}

impl<D: Draft> RxPeer<D> {
    /// Whether this frame came before: without block ack this shows by the retry bit
    /// (10.3.2.14.3). Group frames are not sent again.
    fn is_duplicate(&mut self, data: &Data) -> bool {
        let traffic = data.qos.map_or(TRAFFICS - 1, |_| usize::from(data.tid()));
        let number = SEEN | u32::from(data.sequence) << 4 | u32::from(data.fragment);
        let Some(last) = self.last.get_mut(traffic) else { return false };
        let is_duplicate = data.has(FrameControl::RETRY) && *last == number;
        *last = number;
        is_duplicate
    }

    /// Replay check and decryption of a whole frame. Returns where its body lies, and under which
    /// packet number it came.
    fn open(
        &mut self,
        frame: &mut [u8],
        data: &Data,
        flags: RxFlags,
    ) -> Result<(usize, usize, Option<u64>), Dropped> {
        let len = frame.len();
        if !data.has(FrameControl::PROTECTED) {
            // In a protected network only the handshake that makes the key comes in the clear;
            // that it is EAPOL shows later. Neither in parts nor in an A-MSDU (CVE-2020-26140,
            // -26143, -26144, -26145).
            let is_whole = !data.is_fragment() && !data.is_amsdu() && !data.receiver.is_multicast();
            let is_plain = !self.path.is_protected || self.pairwise.index().is_none() && is_whole;
            return is_plain.then_some((data.len, len, None)).ok_or(Dropped::Unprotected);
        }
        if !self.path.is_protected {
            return Err(Dropped::Unexpected);
        }
        let header = frame.get(data.len..).ok_or(Dropped::Malformed)?;
        let (_, index) = ccmp::parse_header(header).ok_or(Dropped::Malformed)?;
        let key = if data.receiver.is_multicast() {
            self.group.get_mut(usize::from(index)).ok_or(Dropped::NoKey)?
        } else {
            &mut self.pairwise
        };
        if key.index() != Some(index) {
            return Err(Dropped::NoKey);
        }
        let pn = key.open(frame, data.tid(), data.len, flags)?;
        Ok((data.len + ccmp::HEADER_LEN, len - ccmp::MIC_LEN, Some(pn)))
    }

    /// Takes a frame that was put in order through all checks, into the release list.
    fn pass<P: Packet<Draft = D>>(
        &mut self,
        release: &mut Release<P>,
        now: Instant,
        held: Held<D>,
    ) -> Result<(), Dropped> {
        let Held { mut draft, start, flags } = held;
        let frame = draft.as_mut().get_mut(start..).ok_or(Dropped::Malformed)?;
        let data = Data::parse(frame).ok_or(Dropped::Malformed)?;
        let bytes = frame.len();
        let (body_start, body_end, pn) = self.open(frame, &data, flags)?;
        let mut msdu = Msdu {
            draft,
            start: start + body_start,
            end: start + body_end,
            destination: data.receiver,
            source: data.far_end,
            is_plain: pn.is_none(),
        };
        self.stats.passed(bytes);
        if data.is_fragment() {
            if data.receiver.is_multicast() || data.is_amsdu() {
                return Err(Dropped::Fragment);
            }
            let body = msdu.body().ok_or(Dropped::Malformed)?;
            let Some(whole) = self.fragments.take(now, &data, pn, body)? else { return Ok(()) };
            msdu = msdu.replaced_by(whole);
        }
        if data.is_amsdu() {
            return deliver::amsdu(self, release, msdu);
        }
        deliver::msdu(self, release, msdu)
    }

    /// Counts a frame that did not pass.
    fn note(&mut self, drops: &mut RxDrops, passed: Result<(), Dropped>) {
        if let Err(why) = passed {
            self.stats.dropped = self.stats.dropped.wrapping_add(1);
            drops.count(why);
        }
    }
}

/// Wipes the key in its place.
fn drop_key(key: &mut RxKey, index: u8) -> Option<()> {
    (key.index() == Some(index)).then(|| key.remove())
}

/// What waits to be delivered, and EAPOL frames that wait for core's own supplicant.
#[derive(Debug)]
pub(super) struct Release<P> {
    packets: Deque<(VapId, P), RELEASE_MAX>,
    eapol: Deque<P, EAPOL_MAX>,
}

impl<P> Release<P> {
    /// A full list drops the newest: what waits behind it is not better off.
    pub(super) fn push(&mut self, path: &Path, ethertype: u16, packet: P) -> Result<(), Dropped> {
        if path.keeps_eapol && ethertype == ETHERTYPE_EAPOL {
            return self.eapol.push_back(packet).map_err(|_| Dropped::Overflow);
        }
        self.packets.push_back((path.vap, packet)).map_err(|_| Dropped::Overflow)
    }
}

#[derive(Debug)]
pub(super) struct RxState<P: Packet> {
    pub(super) peers: Peers<RxPeer<P::Draft>>,
    sessions: [Reorder<Held<P::Draft>>; BLOCK_ACKS_MAX],
    release: Release<P>,
    is_draining: bool,
    pub(super) drops: RxDrops,
    pub(super) delivered: u32,
}

impl<P: Packet> Empty for RxState<P> {
    const EMPTY: Self = Self {
        peers: Peers::EMPTY,
        sessions: [const { Reorder::NONE }; BLOCK_ACKS_MAX],
        release: Release { packets: Deque::new(), eapol: Deque::new() },
        is_draining: false,
        drops: RxDrops::NONE,
        delivered: 0,
    };
}

impl<P: Packet> RxState<P> {
    /// The peer that is the access point of this interface.
    pub(super) fn peer_of(&mut self, vap: VapId) -> Option<(PeerId, &mut RxPeer<P::Draft>)> {
        self.peers.iter_mut().find(|(_, peer)| peer.path.vap == vap)
    }

    fn peer_from(&mut self, from: MacAddr, to: MacAddr) -> Option<PeerId> {
        let is_for = |path: &Path| path.addr == from && (to.is_multicast() || to == path.own);
        self.peers.iter().find(|(_, peer)| is_for(&peer.path)).map(|(id, _)| id)
    }

    /// Removes a peer with all that is held of it.
    pub(super) fn close(&mut self, id: PeerId) {
        for session in self.sessions.iter_mut().filter(|session| session.is_of(id, None)) {
            session.end();
        }
        self.peers.close(id);
        self.release.eapol.clear(); // There is one supplicant: they were for this peer.
    }

    /// Whether there are EAPOL frames for core's own supplicant.
    pub(super) fn has_eapol(&self) -> bool {
        !self.release.eapol.is_empty()
    }

    /// The next of them.
    pub(super) fn take_eapol(&mut self) -> Option<P> {
        self.release.eapol.pop_front()
    }

    /// Installs a key of the network, or of a peer; what came before is decrypted with the old.
    pub(super) fn set_key(
        &mut self,
        now: Instant,
        path: &KeyPath,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        let Some(id) = path.peer else {
            let (_, peer) = self.peer_of(path.vap).ok_or(Failure::NotFound)?;
            let place = peer.group.get_mut(usize::from(path.index)).ok_or(Failure::Invalid)?;
            return place.install(path, bytes);
        };
        self.flush_peer(now, id);
        let peer = self.peers.get_mut(id).ok_or(Failure::NotFound)?;
        peer.pairwise.install(path, bytes)
    }

    pub(super) fn delete_key(&mut self, vap: VapId, id: Option<PeerId>, index: u8) -> Option<()> {
        match id {
            Some(id) => {
                let peer = self.peers.get_mut(id)?;
                peer.fragments.clear();
                drop_key(&mut peer.pairwise, index)
            }
            None => drop_key(self.peer_of(vap)?.1.group.get_mut(usize::from(index))?, index),
        }
    }

    pub(super) fn has_group_key(&mut self, vap: VapId, index: u8) -> bool {
        let peer = self.peer_of(vap);
        peer.and_then(|(_, peer)| peer.group.get(usize::from(index))?.index()).is_some()
    }

    /// Takes note of any frame from `from`.
    pub(super) fn heard(&mut self, now: Instant, from: MacAddr, signal_dbm: Option<i8>) {
        for (_, peer) in self.peers.iter_mut().filter(|(_, peer)| peer.path.addr == from) {
            peer.stats.heard(now, signal_dbm);
        }
    }

    /// Takes a frame; says whether there is something new to wait for.
    pub(super) fn take(
        &mut self,
        now: Instant,
        data: &Data,
        frame: &RxFrame<'_>,
        held: Held<P::Draft>,
    ) -> bool {
        let Some(id) = self.peer_from(data.transmitter, data.receiver) else {
            self.drops.count(Dropped::NotOurs);
            return false;
        };
        let Self { peers, sessions, release, drops, .. } = self;
        let Some(peer) = peers.get_mut(id) else { return false };
        peer.stats.data(now, frame);
        let is_group = data.receiver.is_multicast();
        let session = sessions.iter_mut().find(|session| session.is_of(id, Some(data.tid())));
        if let (Some(session), Some(_), false, false) =
            (session, data.qos, is_group, data.is_fragment())
        {
            let before = session.until;
            let taken = session.take(now, data.sequence, held, |held| {
                let passed = peer.pass(release, now, held);
                peer.note(drops, passed);
            });
            let opened = session.until.is_some() && session.until != before;
            peer.note(drops, taken);
            return opened;
        }
        let passed = if !is_group && peer.is_duplicate(data) {
            Err(Dropped::Duplicate)
        } else {
            peer.pass(release, now, held)
        };
        peer.note(drops, passed);
        data.has(FrameControl::MORE_FRAGMENTS)
    }

    /// Moves a window, as its sender asks; says whether there is something to wait for.
    pub(super) fn advance(&mut self, now: Instant, request: &BlockAckRequest) -> bool {
        let Some(id) = self.peer_from(request.transmitter, request.receiver) else { return false };
        let Self { peers, sessions, release, drops, .. } = self;
        let Some(peer) = peers.get_mut(id) else { return false };
        let session = sessions.iter_mut().find(|session| session.is_of(id, Some(request.tid)));
        let Some(session) = session else { return false };
        session.advance(now, request.sequence, |held| {
            let passed = peer.pass(release, now, held);
            peer.note(drops, passed);
        });
        session.until.is_some()
    }

    /// Begins a session; `false` if there is no place for it, or no such peer.
    pub(super) fn start_session(
        &mut self,
        now: Instant,
        id: PeerId,
        tid: u8,
        sequence: u16,
        window: u16,
    ) -> bool {
        self.end_sessions(now, id, Some(tid));
        if self.peers.get(id).is_none() {
            return false;
        }
        let free = self.sessions.iter_mut().find(|session| session.is_free());
        free.map(|session| session.begin(id, tid, sequence, window)).is_some()
    }

    /// Ends sessions of a peer (all, or that of `tid`); what they hold is passed on.
    pub(super) fn end_sessions(&mut self, now: Instant, id: PeerId, tid: Option<u8>) {
        self.flush_sessions(now, |session| session.is_of(id, tid));
        for session in self.sessions.iter_mut().filter(|session| session.is_of(id, tid)) {
            session.end();
        }
    }

    /// Gives up on gaps of the sessions that `which` says.
    fn flush_sessions(&mut self, now: Instant, which: impl Fn(&Reorder<Held<P::Draft>>) -> bool) {
        let Self { peers, sessions, release, drops, .. } = self;
        for session in sessions.iter_mut().filter(|session| which(session)) {
            let Some(peer) = session.owner().and_then(|id| peers.get_mut(id)) else { continue };
            session.flush(|held| {
                let passed = peer.pass(release, now, held);
                peer.note(drops, passed);
            });
        }
    }

    /// The keys of a peer change: what is held came under the old ones.
    pub(super) fn flush_peer(&mut self, now: Instant, id: PeerId) {
        self.flush_sessions(now, |session| session.is_of(id, None));
        if let Some(peer) = self.peers.get_mut(id) {
            peer.fragments.clear();
        }
    }

    /// Gives up on what is too old; returns when to come back.
    pub(super) fn flush(&mut self, now: Instant) -> Option<Instant> {
        self.flush_sessions(now, |session| session.until.is_some_and(|until| until <= now));
        let gaps = self.sessions.iter().filter_map(|session| session.until).min();
        let parts = self.peers.iter_mut().filter_map(|(_, peer)| peer.fragments.expire(now)).min();
        [gaps, parts].into_iter().flatten().min()
    }

    pub(super) fn begin_drain(&mut self) -> bool {
        let begins = !self.is_draining && !self.release.packets.is_empty();
        self.is_draining |= begins;
        begins
    }

    /// The look at the empty list and the end of draining are one step: nothing is left behind.
    pub(super) fn next_or_end_drain(&mut self) -> Option<(VapId, P)> {
        let next = self.release.packets.pop_front();
        self.is_draining = next.is_some();
        self.delivered = self.delivered.wrapping_add(u32::from(next.is_some()));
        next
    }

    pub(super) const fn end_drain(&mut self) {
        self.is_draining = false;
    }

    /// Whether more than half of the release list is taken.
    pub(super) fn is_crowded(&self) -> bool {
        self.release.packets.len() > RELEASE_MAX / 2
    }
}
