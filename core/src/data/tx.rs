// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the data path knows for sending; all of it under the TX lock.

use heapless::Vec;
use zerocopy::{IntoBytes, little_endian::U16};

use super::Peers;
use crate::{
    io::{PeerPath, Reject, TxInfo, TxQueue},
    os::{Empty, Packet},
    types::VapId,
    wire::{self, CCMP_HEADER_LEN, CCMP_MIC_LEN, DataHeader, LLC_SNAP, PROTECTED, QOS_DATA, TO_DS},
};

pub(super) const ETHERNET_LEN: usize = 14;
const PREFIX_MAX: usize = size_of::<DataHeader>() + CCMP_HEADER_LEN + LLC_SNAP.len() + 2;
const PN_MAX: u64 = (1 << 48) - 1;
/// Pairs of interface and queue that can wait for room.
pub(super) const STOPPED_MAX: usize = 4 * TxQueue::COUNT;
/// Stands for a computed check: the sketch has no cipher.
const MIC: &[u8] = &[0xee; CCMP_MIC_LEN];

/// A peer, seen from the sender.
#[derive(Debug)]
pub(super) struct TxPeer {
    path: PeerPath,
    sequence: u16,
    /// The last packet number used.
    pn: u64,
}

impl TxPeer {
    pub(super) const fn new(path: PeerPath) -> Self {
        Self { path, sequence: 0, pn: 0 }
    }
}

#[derive(Debug)]
pub(super) struct TxState {
    pub(super) peers: Peers<TxPeer>,
    stopped: Vec<(VapId, TxQueue), STOPPED_MAX>,
    management_sequence: u16,
}

impl Empty for TxState {
    const EMPTY: Self = Self { peers: Peers::EMPTY, stopped: Vec::new(), management_sequence: 0 };
}

impl TxState {
    /// The access point of a station interface, if its port is open.
    pub(super) fn peer_of(&mut self, vap: VapId) -> Option<&mut TxPeer> {
        self.peers.iter_mut().find(|peer| peer.path.vap == vap && peer.path.authorized)
    }

    /// Checks the state, takes the next numbers, and builds what goes around the packet.
    pub(super) fn encapsulate(
        &mut self,
        vap: VapId,
        queue: TxQueue,
        packet: &impl Packet,
    ) -> Result<(TxInfo, Vec<u8, PREFIX_MAX>, &'static [u8]), Reject> {
        let ethernet: [u8; ETHERNET_LEN] = packet.head().ok_or(Reject::Malformed)?;
        let peer = self.peer_of(vap).ok_or(Reject::NoPeer)?;
        let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, ethertype @ ..] = ethernet;
        let suffix = if peer.path.protected { MIC } else { &[] };
        let header = DataHeader {
            frame_control: U16::new(
                QOS_DATA | TO_DS | if peer.path.protected { PROTECTED } else { 0 },
            ),
            duration: U16::ZERO,
            receiver: peer.path.addr.0,
            transmitter: [s0, s1, s2, s3, s4, s5],
            far_end: [d0, d1, d2, d3, d4, d5],
            sequence_control: U16::new(peer.sequence << 4),
            qos: U16::ZERO,
        };
        let pn = if peer.path.protected { peer.pn + 1 } else { 0 };
        if pn > PN_MAX {
            return Err(Reject::NoKey);
        }
        let ccmp = wire::ccmp_header(pn);
        let iv: &[u8] = if peer.path.protected { &ccmp } else { &[] };
        let mut prefix = Vec::new();
        for piece in [header.as_bytes(), iv, &LLC_SNAP, &ethertype] {
            prefix.extend_from_slice(piece).map_err(|_| Reject::Malformed)?;
        }
        let len = prefix.len() + packet.len() - ETHERNET_LEN + suffix.len();
        let frame_len = u16::try_from(len).map_err(|_| Reject::Malformed)?;
        // Nothing fails any more, so the numbers may be used up.
        (peer.sequence, peer.pn) = ((peer.sequence + 1) & 0xfff, pn);
        Ok((TxInfo { frame_len, mac_id: peer.path.mac_id, queue }, prefix, suffix))
    }

    pub(super) fn number_management(&mut self, frame: &mut [u8]) {
        if let Some(control) = frame.get_mut(22..24) {
            control.copy_from_slice(&(self.management_sequence << 4).to_le_bytes());
            self.management_sequence = (self.management_sequence + 1) & 0xfff;
        }
    }

    pub(super) fn note_stopped(&mut self, vap: VapId, queue: TxQueue) {
        if !self.is_stopped(vap, queue) {
            // Interfaces and queues are few: there is a place for every pair.
            let _ = self.stopped.push((vap, queue));
        }
    }

    pub(super) fn is_stopped(&self, vap: VapId, queue: TxQueue) -> bool {
        self.stopped.contains(&(vap, queue))
    }

    pub(super) fn take_stopped(&mut self, queue: TxQueue) -> Option<VapId> {
        let index = self.stopped.iter().position(|(_, stopped)| *stopped == queue)?;
        Some(self.stopped.swap_remove(index).0)
    }
}
