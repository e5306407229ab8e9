// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Transports and framing: who owns a buffer is always in the types.

use heapless::Vec;

use crate::{
    os::{Context, OsError, Packet, Sleepable},
    types::{MacAddr, VapId},
};

/// A hardware queue, in the order of the 802.11 access categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxQueue {
    /// Background.
    Background,
    /// Best effort.
    BestEffort,
    /// Video.
    Video,
    /// Voice, and management frames.
    Voice,
}

impl TxQueue {
    /// How many there are.
    pub const COUNT: usize = 4;

    /// From an 802.1D user priority.
    pub const fn from_priority(priority: u8) -> Self {
        match priority {
            1 | 2 => Self::Background,
            4 | 5 => Self::Video,
            6 | 7 => Self::Voice,
            _ => Self::BestEffort,
        }
    }
}

/// All slots of a queue are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// What a hand-over left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a queue without room has to be stopped"]
pub enum Room {
    /// There are free slots.
    Left,
    /// This was the last one: stop the queue now.
    Last,
}

/// Most bytes that core and chip put before a packet.
pub const HEAD_MAX: usize = 112;

/// A frame on its way out, in pieces that only the bus lays out, in one copy.
#[derive(Debug)]
pub struct TxFrame<'a, P> {
    /// What comes first: 802.11 header, IV and LLC; below [`UsbPipe`] with the descriptor before.
    pub prefix: &'a [u8],
    /// The packet as the stack gave it; its first `skip` bytes are not sent.
    pub packet: P,
    /// Length of the Ethernet header, which `prefix` replaces.
    pub skip: usize,
    /// What comes last: MIC and ICV.
    pub suffix: &'a [u8],
}

impl<P: Packet> TxFrame<'_, P> {
    /// Bytes to send.
    pub fn len(&self) -> usize {
        (self.prefix.len() + self.suffix.len() + self.packet.len()).saturating_sub(self.skip)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Frames out: a place is taken first, then nothing can fail.
pub trait Pipe<P: Packet>: Send + Sync {
    /// A place for one frame. Dropped unused, it is free again.
    type Slot<'a>: Slot<P>
    where
        Self: 'a;
    /// Takes a place; core holds its TX lock meanwhile.
    fn reserve<C: Context>(&self, cx: &mut C, queue: TxQueue) -> Result<Self::Slot<'_>, Full>;
}

/// A place in a [`Pipe`].
pub trait Slot<P: Packet> {
    /// Hands the frame over. One completion follows, later and never from inside this call.
    fn submit<C: Context>(self, cx: &mut C, tx: TxInfo, frame: TxFrame<'_, P>) -> Room;
}

/// Bulk transfers of a USB device; a shim implements it.
pub trait Bulk<P: Packet>: Send + Sync {
    /// A free transfer.
    type Transfer<'a>: Transfer<P>
    where
        Self: 'a;
    /// Takes a free transfer of `queue`.
    fn reserve<C: Context>(&self, cx: &mut C, queue: TxQueue) -> Result<Self::Transfer<'_>, Full>;
    /// Keeps `depth` receive transfers of `len` bytes going.
    fn start_receiving(&self, cx: &mut Sleepable, depth: u8, len: usize) -> Result<(), OsError>;
    /// Cancels everything and returns when no completion can come any more.
    fn stop(&self, cx: &mut Sleepable);
}

/// A free transfer of a [`Bulk`].
pub trait Transfer<P: Packet> {
    /// Starts it. An error of the bus is a completion like any other.
    fn submit<C: Context>(self, cx: &mut C, frame: TxFrame<'_, P>) -> Room;
}

/// The pipe of a USB device: descriptor and frame in one transfer.
#[derive(Debug)]
pub struct UsbPipe<B, F> {
    /// The transfers.
    pub bulk: B,
    framing: F,
}

impl<B, F> UsbPipe<B, F> {
    /// A pipe on `bulk`.
    pub const fn new(bulk: B, framing: F) -> Self {
        Self { bulk, framing }
    }
}

/// A place in a [`UsbPipe`].
#[derive(Debug)]
pub struct UsbSlot<'a, T, F> {
    transfer: T,
    framing: &'a F,
}

impl<P: Packet, B: Bulk<P>, F: Framing> Pipe<P> for UsbPipe<B, F> {
    type Slot<'a>
        = UsbSlot<'a, B::Transfer<'a>, F>
    where
        Self: 'a;

    fn reserve<C: Context>(&self, cx: &mut C, queue: TxQueue) -> Result<Self::Slot<'_>, Full> {
        Ok(UsbSlot { transfer: self.bulk.reserve(cx, queue)?, framing: &self.framing })
    }
}

impl<P: Packet, T: Transfer<P>, F: Framing> Slot<P> for UsbSlot<'_, T, F> {
    fn submit<C: Context>(self, cx: &mut C, tx: TxInfo, frame: TxFrame<'_, P>) -> Room {
        let mut head = [0; HEAD_MAX];
        let split = self.framing.tx_descriptor_len().min(HEAD_MAX);
        let (descriptor, rest) = head.split_at_mut(split);
        self.framing.write_tx_descriptor(descriptor, tx);
        // Longer prefixes do not exist: core's longest and every descriptor length are constants.
        let prefix_len = frame.prefix.len().min(rest.len());
        for (to, from) in rest.iter_mut().zip(frame.prefix) {
            *to = *from;
        }
        let prefix = head.get(..split + prefix_len).unwrap_or_default();
        self.transfer.submit(cx, TxFrame { prefix, ..frame })
    }
}

/// Which way a buffer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Memory to device.
    ToDevice,
    /// Device to memory.
    FromDevice,
}

/// Registers of a PCI device, from any context: interrupt acknowledge, ring kick.
pub trait Mmio: Send + Sync {
    /// Reads a register.
    fn read32(&self, addr: u16) -> u32;
    /// Writes a register, after all stores to shared memory that came before.
    fn write32(&self, addr: u16, value: u32);
}

/// Memory that processor and device share; every access is volatile. Freed when dropped.
pub trait Coherent: Send {
    /// Where the device sees it; below 4 GiB.
    fn bus_addr(&self) -> u32;
    /// Reads word `index`, after which younger loads see what the device wrote before it.
    fn load(&self, index: usize) -> Option<u32>;
    /// Writes word `index`, after all older stores.
    fn store(&mut self, index: usize, value: u32) -> Option<()>;
}

/// Bus addresses for a PCI device; `RingPipe<Dma>` comes with the first PCI chip.
pub trait Dma<P: Packet>: Send + Sync {
    /// Ring memory.
    type Coherent: Coherent;
    /// A packet that the device owns: its bytes cannot be reached until [`Dma::unmap`].
    type Mapped: Send;
    /// Allocates shared memory, all zero.
    fn alloc(&self, cx: &mut Sleepable, words: usize) -> Result<Self::Coherent, OsError>;
    /// Gives a packet to the device and says where it sees it; a failed call gives it back.
    fn map(&self, packet: P, direction: Direction) -> Result<(Self::Mapped, u32), Rejected<P>>;
    /// Takes it back.
    fn unmap(&self, mapped: Self::Mapped) -> P;
}

/// What an operation that did not start gives back.
#[derive(Debug)]
pub struct Rejected<T> {
    /// The thing itself, still the caller's.
    pub value: T,
    /// Why.
    pub reason: Reject,
}

/// Why a packet was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// No slot: stop the queue; `transmit_ready` follows.
    Full,
    /// No open peer on this interface.
    NoPeer,
    /// Not an Ethernet frame, or too long for one.
    Malformed,
    /// The counter of the key is used up.
    NoKey,
}

/// How a chip wraps frames: pure functions on bytes, so they run in any context and under a fuzzer.
pub trait Framing: Send + Sync {
    /// Bytes that the chip wants before each frame.
    fn tx_descriptor_len(&self) -> usize;

    /// Writes the descriptor; `out` has that length and is zero.
    fn write_tx_descriptor(&self, out: &mut [u8], tx: TxInfo);

    /// Takes the next item of a receive transfer, from `at` on; `None` when there is no more.
    /// A unit cut off by the end of the transfer waits in `carry` for the next one.
    fn next_rx<'a>(
        &self,
        carry: &'a mut RxCarry,
        transfer: &'a [u8],
        at: &mut usize,
    ) -> Option<RxItem<'a>>;
}

/// All that a transmit descriptor depends on.
#[derive(Clone, Copy, Debug)]
pub struct TxInfo {
    /// Bytes of the 802.11 frame.
    pub frame_len: u16,
    /// The chip's number for the peer.
    pub mac_id: u8,
    /// Queue.
    pub queue: TxQueue,
}

/// What comes out of a receive transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RxItem<'a> {
    /// A frame.
    Frame(RxFrame<'a>),
    /// What became of a frame that was sent.
    TxReport(TxReport),
    /// Words from the firmware, for [`crate::chip::Chip::on_message`].
    Message(&'a [u8]),
    /// Nonsense; the rest of the transfer is lost.
    Bad,
}

/// One received frame, still in the transfer it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RxFrame<'a> {
    /// The 802.11 frame, without its checksum.
    pub bytes: &'a [u8],
    /// Signal strength.
    pub signal_dbm: i8,
}

/// What became of a frame that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxReport {
    /// The chip's number for the peer.
    pub mac_id: u8,
    /// Whether the peer acknowledged it.
    pub acked: bool,
    /// Times it was sent again.
    pub retries: u8,
}

/// Most bytes of one receive unit.
pub const RX_UNIT_MAX: usize = 4096;

/// Bytes of a unit that goes on in the next transfer. The shim keeps one for each receiving
/// endpoint and lends it with every transfer, which also proves that these come one at a time.
#[derive(Debug, Default)]
pub struct RxCarry {
    /// What has come so far.
    pub bytes: Vec<u8, RX_UNIT_MAX>,
}

/// What the data path needs to know of a peer when the worker adds it.
#[derive(Clone, Copy, Debug)]
pub struct PeerPath {
    /// The interface it belongs to.
    pub vap: VapId,
    /// Its address.
    pub addr: MacAddr,
    /// The chip's number for it.
    pub mac_id: u8,
    /// Whether the controlled port is open.
    pub authorized: bool,
    /// Whether frames are encrypted.
    pub protected: bool,
}
