// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Packets in pieces.

use std::ops::Range;

use tern_core::os::{Draft, OsError, Packet};

use super::ledger::{Alive, Kind};

/// A packet in pieces of odd lengths.
#[derive(Debug)]
pub struct SimPacket {
    pieces: Vec<Vec<u8>>,
    priority: u8,
    _alive: Alive,
}

impl SimPacket {
    /// A packet as another part of the kernel hands it over: an Ethernet frame and its priority.
    pub fn new(bytes: &[u8], priority: u8) -> Self {
        Self::in_pieces(bytes, priority, Alive::given(Kind::Packet))
    }

    fn in_pieces(mut bytes: &[u8], priority: u8, alive: Alive) -> Self {
        let (mut pieces, mut len) = (Vec::new(), 7);
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(bytes.len().min(len));
            pieces.push(piece.to_vec());
            // An empty piece is legal; lengths that grow keep large packets cheap.
            if len == 21 {
                pieces.push(Vec::new());
            }
            (bytes, len) = (rest, len * 3);
        }
        Self { pieces, priority, _alive: alive }
    }

    /// All bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.pieces.concat()
    }
}

impl Packet for SimPacket {
    type Draft = SimDraft;

    fn len(&self) -> usize {
        self.pieces.iter().map(Vec::len).sum()
    }
    fn head<const N: usize>(&self) -> Option<[u8; N]> {
        let head: Vec<u8> = self.pieces.iter().flatten().copied().take(N).collect();
        head.try_into().ok()
    }
    fn segments(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(Vec::as_slice)
    }
    fn priority(&self) -> u8 {
        self.priority
    }
}

/// A packet under construction.
#[derive(Debug)]
pub struct SimDraft {
    bytes: Vec<u8>,
    alive: Alive,
}

impl AsRef<[u8]> for SimDraft {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsMut<[u8]> for SimDraft {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl SimDraft {
    /// A buffer that a shim filled, for the body of a request; like all of core's own memory it is
    /// counted, but it does not fail.
    pub fn given(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), alive: Alive::given(Kind::Packet) }
    }
}

impl Draft for SimDraft {
    type Packet = SimPacket;

    fn alloc(len: usize) -> Result<Self, OsError> {
        let alive = Alive::allocate(Kind::Packet)?;
        Ok(Self { bytes: vec![0; len], alive })
    }
    fn finish(self, range: Range<usize>) -> SimPacket {
        let end = range.end.min(self.bytes.len());
        let bytes = &self.bytes[range.start.min(end)..end];
        SimPacket::in_pieces(bytes, 0, self.alive)
    }
}
