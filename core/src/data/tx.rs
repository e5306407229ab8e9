// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the data path knows for sending; all of it under the TX lock.

use heapless::Vec;
use zerocopy::{IntoBytes, little_endian::U16};

use super::{
    keys::TxKey,
    peers::{Path, PeerPath, Peers, Side},
    stats::TxStats,
};
use crate::{
    crypto::ccmp::{self, Ccmp},
    io::{Reject, Rejected, Room, TxFlags, TxInfo, TxQueue},
    os::{Empty, Packet},
    rate::RateControl,
    types::{PeerId, Rate, VapId, Width},
    wire::{
        data::{ETHERNET_LEN, ETHERTYPE_EAPOL, LLC_LEN, MSDU_LEN_MAX, llc_of},
        header::{FrameControl, HEADER_LEN, Header},
    },
};

/// Longest prefix: header with QoS Control, CCMP header, LLC.
const PREFIX_MAX: usize = HEADER_LEN + 2 + ccmp::HEADER_LEN + LLC_LEN;
/// Triples of interface, its queue and the pipe's queue that can wait for room: all there are,
/// with two interfaces.
pub(super) const STOPPED_MAX: usize = 2 * TxQueue::COUNT * 2;
/// All queues have been empty.
const ALL_QUIET: u8 = (1 << TxQueue::COUNT) - 1;
/// Traffic identifiers with sequence numbers of their own.
const TIDS: usize = 8;
/// Where a MIC goes that software computes.
pub(super) const MIC_ROOM: [u8; ccmp::MIC_LEN] = [0; ccmp::MIC_LEN];
/// The priority of EAPOL frames, whatever the stack says: network control.
const EAPOL_PRIORITY: u8 = 7;

/// The way of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) vap: VapId,
    /// The queue that the stack counts it to, and stops if there is no room.
    pub(super) stack_queue: TxQueue,
    /// The queue that it takes.
    pub(super) queue: TxQueue,
}

/// What an Ethernet packet says.
#[derive(Debug)]
pub(super) struct Class {
    ethernet: [u8; ETHERNET_LEN],
    len: usize,
    ethertype: u16,
    priority: u8,
    pub(super) way: Way,
}

impl Class {
    /// `None` if this is no Ethernet frame, or too long for one.
    pub(super) fn of(vap: VapId, packet: &impl Packet) -> Option<Self> {
        let ethernet: [u8; ETHERNET_LEN] = packet.head()?;
        let len = packet.len();
        let [.., t0, t1] = ethernet;
        let ethertype = u16::from_be_bytes([t0, t1]);
        if len - ETHERNET_LEN + LLC_LEN > MSDU_LEN_MAX {
            return None;
        }
        let wish = packet.priority() & 7;
        let priority = if ethertype == ETHERTYPE_EAPOL { EAPOL_PRIORITY } else { wish };
        Some(Self {
            ethernet,
            len,
            ethertype,
            priority,
            way: Way {
                vap,
                stack_queue: TxQueue::from_priority(wish),
                queue: TxQueue::from_priority(priority),
            },
        })
    }

    const fn is_eapol(&self) -> bool {
        self.ethertype == ETHERTYPE_EAPOL
    }
}

/// What goes around a packet.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) info: TxInfo,
    pub(super) prefix: Vec<u8, PREFIX_MAX>,
    /// Encrypts, if software has to.
    pub(super) seal: Option<&'a Ccmp>,
}

/// A peer, seen from the sender.
#[derive(Debug)]
pub(super) struct TxPeer {
    pub(super) path: Path,
    pub(super) is_authorized: bool,
    pub(super) key: TxKey,
    /// While it stands still: which queues have been empty since, by [`bit`].
    pause: Option<u8>,
    sequences: [u16; TIDS],
    rate: RateControl,
    packets: u64,
    bytes: u64,
    retries: u32,
    failed: u32,
}

impl Empty for TxPeer {
    const EMPTY: Self = Self {
        path: Path::NONE,
        is_authorized: false,
        key: TxKey::NONE,
        pause: None,
        sequences: [0; TIDS],
        rate: RateControl::NONE,
        packets: 0,
        bytes: 0,
        retries: 0,
        failed: 0,
    };
}

impl Side for TxPeer {
    fn begin(&mut self, path: &PeerPath) {
        self.end();
        (self.path, self.is_authorized) = (path.into(), path.authorized);
        self.rate = RateControl::new(path.rates);
    }

    fn end(&mut self) {
        self.key.remove();
        (self.path, self.is_authorized, self.pause) = (Path::NONE, false, None);
        self.sequences = [0; TIDS];
        (self.packets, self.bytes, self.retries, self.failed) = (0, 0, 0, 0);
    }
}

impl TxPeer {
    pub(super) fn stats(&self) -> TxStats {
        TxStats {
            packets: self.packets,
            bytes: self.bytes,
            retries: self.retries,
            failed: self.failed,
            rate: (!self.path.firmware_rates).then_some(self.rate.rate()),
            width: self.path.width,
            authorized: self.is_authorized,
        }
    }

    pub(super) fn report(&mut self, acked: bool, retries: u8) {
        self.retries = self.retries.wrapping_add(retries.into());
        self.failed = self.failed.wrapping_add(u32::from(!acked));
        self.rate.report(acked, retries);
    }

    pub(super) fn resume(&mut self) {
        self.pause = None;
    }

    /// Whether this packet may go now, and the identifier of the key if it is to be encrypted.
    fn check(&self, class: &Class) -> Result<Option<u8>, Reject> {
        if self.pause.is_some() {
            return Err(Reject::Full);
        }
        if !self.is_authorized && !class.is_eapol() {
            return Err(Reject::Unauthorized);
        }
        match (self.key.index(), self.path.is_protected) {
            (None, false) => Ok(None),
            // The handshake that makes the key.
            (None, true) if class.is_eapol() => Ok(None),
            (None, true) => Err(Reject::NoKey),
            (Some(_), _) if self.key.pn >= ccmp::PN_MAX => Err(Reject::NoKey),
            (index, _) => Ok(index),
        }
    }

    /// Rate, and the flags that come with it.
    fn pace(&self, class: &Class) -> (Option<Rate>, TxFlags, Width) {
        let rates = &self.path.rates;
        let rate = match (class.is_eapol(), self.path.firmware_rates) {
            (true, _) => Some(rates.robust()),
            (false, true) => None,
            (false, false) => Some(self.rate.rate()),
        };
        let is_ht = matches!(rate, None | Some(Rate::Mcs(_)));
        let mut flags = TxFlags::empty();
        flags.set(TxFlags::SHORT_GI, rates.short_gi && is_ht);
        flags.set(TxFlags::SHORT_PREAMBLE, rates.short_preamble);
        flags.set(TxFlags::CTS_TO_SELF, rates.protect_ofdm && !rate.is_some_and(Rate::is_cck));
        flags.set(TxFlags::REPORT, !self.path.firmware_rates);
        (rate, flags, if is_ht { self.path.width } else { Width::Mhz20 })
    }
}

#[derive(Debug)]
pub(super) struct TxState {
    pub(super) peers: Peers<TxPeer>,
    /// Who waits for room.
    stopped: Vec<Way, STOPPED_MAX>,
    /// Frames that the pipe has not given back yet.
    outstanding: [u32; TxQueue::COUNT],
    /// Management frames, and data without QoS (10.3.2.14.2, SNS1).
    sequence: u16,
    /// The worker found no room for a frame of its own.
    pub(super) worker_waits: bool,
    pub(super) submitted: u32,
    pub(super) refused: u32,
}

impl Empty for TxState {
    const EMPTY: Self = Self {
        peers: Peers::EMPTY,
        stopped: Vec::new(),
        outstanding: [0; TxQueue::COUNT],
        sequence: 0,
        worker_waits: false,
        submitted: 0,
        refused: 0,
    };
}

const fn place(queue: TxQueue) -> usize {
    match queue {
        TxQueue::Background => 0,
        TxQueue::BestEffort => 1,
        TxQueue::Video => 2,
        TxQueue::Voice => 3,
    }
}

const fn bit(queue: TxQueue) -> u8 {
    match queue {
        TxQueue::Background => 1,
        TxQueue::BestEffort => 2,
        TxQueue::Video => 4,
        TxQueue::Voice => 8,
    }
}

const fn next(sequence: u16) -> u16 {
    (sequence + 1) & 0x0fff
}

impl TxState {
    /// The peer that this interface sends to: of a station the access point.
    pub(super) fn peer_of(&self, vap: VapId) -> Option<(PeerId, &TxPeer)> {
        self.peers.iter().find(|(_, peer)| peer.path.vap == vap)
    }

    /// Checks the state, takes the next numbers, and builds what goes around the packet. After an
    /// error no number is used up.
    pub(super) fn plan(&mut self, class: &Class) -> Result<Plan<'_>, Reject> {
        let Self { peers, sequence, .. } = self;
        let mut all = peers.iter_mut();
        let (_, peer) =
            all.find(|(_, peer)| peer.path.vap == class.way.vap).ok_or(Reject::NoPeer)?;
        let key_index = peer.check(class)?;
        let tid = if peer.path.is_qos { class.priority } else { 0 };
        let own_sequence = peer.sequences.get_mut(usize::from(tid)).ok_or(Reject::Malformed)?;
        let sequence = if peer.path.is_qos { own_sequence } else { sequence };
        let number = *sequence;

        let mut prefix = Vec::new();
        let header = data_header(&peer.path, class, key_index.is_some(), number);
        let mut put = |bytes: &[u8]| prefix.extend_from_slice(bytes).map_err(|_| Reject::Malformed);
        put(header.as_bytes())?;
        if peer.path.is_qos {
            put(&[tid, 0])?;
        }
        let pn = peer.key.pn + 1;
        if let Some(index) = key_index {
            put(&ccmp::header(pn, index))?;
        }
        put(&llc_of(class.ethertype))?;

        // Nothing fails any more but the sum, so the numbers may be used up.
        let seals = key_index.is_some() && peer.key.software().is_some();
        let len = prefix.len() + class.len - ETHERNET_LEN + if seals { ccmp::MIC_LEN } else { 0 };
        let frame_len = u16::try_from(len).map_err(|_| Reject::Malformed)?;
        *sequence = next(number);
        if key_index.is_some() {
            peer.key.pn = pn;
        }
        peer.packets = peer.packets.wrapping_add(1);
        peer.bytes = peer.bytes.wrapping_add(frame_len.into());

        let (rate, mut flags, width) = peer.pace(class);
        flags.set(TxFlags::QOS, peer.path.is_qos);
        flags.set(TxFlags::ENCRYPT, key_index.is_some() && !seals);
        let info = TxInfo {
            mac_id: peer.path.mac_id,
            tid,
            flags,
            rate,
            width,
            sequence: number,
            ..TxInfo::plain(frame_len, class.way.queue)
        };
        let seal = peer.key.software().filter(|_| seals);
        Ok(Plan { info, prefix, seal })
    }

    /// Writes the next sequence number of management frames into a frame, and returns it.
    pub(super) fn number(&mut self, frame: &mut [u8]) -> u16 {
        let number = self.sequence;
        if let Some(control) = frame.get_mut(22..24) {
            control.copy_from_slice(&(number << 4).to_le_bytes());
            self.sequence = next(number);
        }
        number
    }

    /// A packet was handed over, and left this room.
    pub(super) fn submitted(&mut self, way: Way, room: Room) -> Room {
        self.count(way.queue);
        match room {
            // The stack stops the queue that it knows. If that is another one, there is no need
            // to: the next packet for this one comes back.
            Room::Last if way.queue == way.stack_queue => {
                self.note_stopped(way);
                Room::Last
            }
            Room::Last | Room::Left => Room::Left,
        }
    }

    pub(super) fn count(&mut self, queue: TxQueue) {
        self.submitted = self.submitted.wrapping_add(1);
        if let Some(count) = self.outstanding.get_mut(place(queue)) {
            *count = count.saturating_add(1);
        }
    }

    /// A packet goes back.
    pub(super) fn refuse<P>(&mut self, way: Way, packet: P, reason: Reject) -> Rejected<P> {
        if reason == Reject::Full {
            self.refused = self.refused.wrapping_add(1);
            self.note_stopped(way);
        }
        Rejected { value: packet, reason }
    }

    /// A frame has come back from the pipe. Says whether the worker waits for this.
    pub(super) fn completed(&mut self, queue: TxQueue) -> bool {
        if let Some(count) = self.outstanding.get_mut(place(queue)) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.note_quiet(queue);
            }
        }
        let is_pausing = self.peers.iter().any(|(_, peer)| peer.pause.is_some());
        core::mem::take(&mut self.worker_waits) || is_pausing
    }

    fn note_quiet(&mut self, queue: TxQueue) {
        for pause in self.peers.iter_mut().filter_map(|(_, peer)| peer.pause.as_mut()) {
            *pause |= bit(queue);
        }
    }

    pub(super) fn outstanding(&self) -> u32 {
        self.outstanding.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Stops a peer's queues. Frames on their way are waited for by queue, because the pipe does
    /// not say whose a frame was: the queue has to be empty once.
    pub(super) fn pause(&mut self, id: PeerId) {
        let quiet = (0..).zip(self.outstanding).filter(|(_, count)| *count == 0);
        let quiet = quiet.fold(0, |quiet, (queue, _): (u8, _)| quiet | 1 << queue);
        if let Some(peer) = self.peers.get_mut(id) {
            peer.pause = peer.pause.or(Some(quiet));
        }
    }

    pub(super) fn is_drained(&self, id: PeerId) -> bool {
        let pause = self.peers.get(id).map(|peer| peer.pause);
        pause.is_none_or(|pause| pause.is_some_and(|quiet| quiet == ALL_QUIET))
    }

    fn note_stopped(&mut self, way: Way) {
        if self.stopped.contains(&way) {
            return;
        }
        if let Err(way) = self.stopped.push(way) {
            // Interfaces and queues are few, so some entry is of an interface that is gone.
            self.stopped.retain(|old| old.vap.slot != way.vap.slot || old.vap == way.vap);
            let _ = self.stopped.push(way);
        }
    }

    pub(super) fn is_stopped(&self, vap: VapId, queue: TxQueue) -> bool {
        self.stopped.iter().any(|stopped| (stopped.vap, stopped.stack_queue) == (vap, queue))
    }

    /// Somebody who may go on now that `queue` has room. While a peer stands still, who sends to
    /// it goes on waiting.
    pub(super) fn take_stopped(&mut self, queue: TxQueue) -> Option<(VapId, TxQueue)> {
        let may_go = |stopped: &Way| {
            let mut peers = self.peers.iter().filter(|(_, peer)| peer.path.vap == stopped.vap);
            stopped.queue == queue && !peers.any(|(_, peer)| peer.pause.is_some())
        };
        let index = self.stopped.iter().position(may_go)?;
        let stopped = self.stopped.swap_remove(index);
        Some((stopped.vap, stopped.stack_queue))
    }

    /// Somebody of this interface who waits.
    pub(super) fn take_stopped_of(&mut self, vap: VapId) -> Option<TxQueue> {
        let index = self.stopped.iter().position(|stopped| stopped.vap == vap)?;
        Some(self.stopped.swap_remove(index).stack_queue)
    }
}

/// From a station to its access point (table 9-30).
fn data_header(path: &Path, class: &Class, is_protected: bool, number: u16) -> Header {
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, ..] = class.ethernet;
    let kind = if path.is_qos { FrameControl::QOS_DATA } else { FrameControl::DATA };
    let protected = if is_protected { FrameControl::PROTECTED } else { 0 };
    Header {
        frame_control: U16::new(kind | FrameControl::TO_DS | protected),
        duration: U16::ZERO,
        addr1: path.addr.0,
        addr2: [s0, s1, s2, s3, s4, s5],
        addr3: [d0, d1, d2, d3, d4, d5],
        sequence_control: U16::new(number << 4),
    }
}
