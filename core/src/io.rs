// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Transports and framing: who owns a buffer is always in the types.

use bitflags::bitflags;
use heapless::Vec;

use crate::{
    os::{Context, OsError, Packet, Sleepable},
    types::{Rate, Width},
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
    /// What comes last: room for MIC and ICV, which [`TxFrame::seal`] fills in.
    pub suffix: &'a [u8],
    /// Software encryption, done on the laid-out copy, because a packet cannot be written to.
    pub seal: Option<Seal<'a>>,
}

/// Encrypts the laid-out frame in place: it gets what lies from `at` to the end.
#[derive(Clone, Copy)]
pub struct Seal<'a> {
    /// Bytes of a chip's descriptor before the 802.11 frame.
    pub at: usize,
    /// Encrypts a whole 802.11 frame (header, IV, payload, room for the MIC) in place.
    pub encrypt: &'a dyn Fn(&mut [u8]),
}

impl core::fmt::Debug for Seal<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Seal at {}", self.at)
    }
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

    /// Encrypts, where software has to. The pipe calls this once, with all [`TxFrame::len`] bytes
    /// laid out.
    pub fn finish(&self, laid_out: &mut [u8]) {
        if let Some(seal) = self.seal
            && let Some(frame) = laid_out.get_mut(seal.at..)
        {
            (seal.encrypt)(frame);
        }
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
        // In the middle by the line above; said so that no panic can be reached from here.
        let (descriptor, rest) = head.split_at_mut_checked(split).unwrap_or_default();
        self.framing.write_tx_descriptor(descriptor, tx);
        // Longer prefixes do not exist: core's longest and every descriptor length are constants.
        let prefix_len = frame.prefix.len().min(rest.len());
        for (to, from) in rest.iter_mut().zip(frame.prefix) {
            *to = *from;
        }
        let prefix = head.get(..split + prefix_len).unwrap_or_default();
        let seal = frame.seal.map(|seal| Seal { at: split, ..seal });
        self.transfer.submit(cx, TxFrame { prefix, seal, ..frame })
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
    /// The counter of the key is used up, or there is no key.
    NoKey,
    /// The port is closed: only EAPOL frames pass.
    Unauthorized,
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

bitflags! {
    /// How a frame is to be sent.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct TxFlags: u16 {
        /// Address 1 is a group: no acknowledgement, no retries.
        const MULTICAST = 1 << 0;
        /// The frame has a QoS Control field.
        const QOS = 1 << 1;
        /// A management frame.
        const MANAGEMENT = 1 << 2;
        /// The chip encrypts, with the key that its table holds for the receiver.
        const ENCRYPT = 1 << 3;
        /// Say what became of it: a [`TxReport`] with the same token follows, if the chip can.
        const REPORT = 1 << 4;
        /// Do not wait for an acknowledgement and do not send again.
        const NO_ACK = 1 << 5;
        /// May travel in an A-MPDU.
        const AGGREGATE = 1 << 6;
        /// Send CTS to self first (protection of OFDM among CCK stations).
        const CTS_TO_SELF = 1 << 7;
        /// Short preamble, for CCK rates above 1 Mb/s.
        const SHORT_PREAMBLE = 1 << 8;
        /// Short guard interval, for HT rates.
        const SHORT_GI = 1 << 9;
        /// The chip fills in the sequence number.
        const CHIP_SEQUENCE = 1 << 10;
    }
}

/// All that a transmit descriptor depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxInfo {
    /// Bytes of the 802.11 frame, IV included; without the MIC if the chip encrypts, and without
    /// the checksum.
    pub frame_len: u16,
    /// The chip's number for the peer.
    pub mac_id: u8,
    /// Queue.
    pub queue: TxQueue,
    /// Traffic identifier, 0 to 7.
    pub tid: u8,
    /// How.
    pub flags: TxFlags,
    /// The rate; for `None` the firmware chooses.
    pub rate: Option<Rate>,
    /// How wide: of the tuning and the peer.
    pub width: Width,
    /// Times to send at most, if not the chip's default.
    pub tries_max: Option<u8>,
    /// The frame's sequence number.
    pub sequence: u16,
    /// Comes back in the [`TxReport`].
    pub token: u8,
}

impl TxInfo {
    /// A frame of `frame_len` bytes at the slowest rate, with nothing special about it.
    pub const fn plain(frame_len: u16, queue: TxQueue) -> Self {
        Self {
            frame_len,
            mac_id: 0,
            queue,
            tid: 0,
            flags: TxFlags::empty(),
            rate: Some(Rate::SLOWEST),
            width: Width::Mhz20,
            tries_max: None,
            sequence: 0,
            token: 0,
        }
    }
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

bitflags! {
    /// How a frame was received.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct RxFlags: u8 {
        /// The chip has decrypted the payload and found its MIC right. IV and MIC are still there.
        const DECRYPTED = 1 << 0;
        /// The checksum is wrong; only monitors see such frames.
        const BAD_FCS = 1 << 1;
        /// Short guard interval.
        const SHORT_GI = 1 << 2;
        /// 40 MHz wide.
        const WIDE = 1 << 3;
        /// Came in an A-MPDU.
        const AGGREGATED = 1 << 4;
        /// Short preamble.
        const SHORT_PREAMBLE = 1 << 5;
    }
}

/// One received frame, still in the transfer it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RxFrame<'a> {
    /// The 802.11 frame, without its checksum.
    pub bytes: &'a [u8],
    /// Signal strength; `None` if this frame carries no measurement.
    pub signal_dbm: Option<i8>,
    /// Rate.
    pub rate: Rate,
    /// How.
    pub flags: RxFlags,
    /// The low half of the TSF timer at its arrival, in microseconds.
    pub tsf_us: u32,
}

/// What became of a frame that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxReport {
    /// [`TxInfo::token`] of the frame, if the chip repeats it.
    pub token: Option<u8>,
    /// The chip's number for the peer.
    pub mac_id: u8,
    /// Whether the peer acknowledged it.
    pub acked: bool,
    /// Times it was sent again.
    pub retries: u8,
}

/// Most bytes of one receive unit: descriptor, driver information and the longest A-MSDU.
pub const RX_UNIT_MAX: usize = 4096;

/// Bytes of a unit that goes on in the next transfer. The shim keeps one for each receiving
/// endpoint and lends it with every transfer, which also proves that these come one at a time.
#[derive(Debug, Default)]
pub struct RxCarry {
    /// What has come so far.
    pub bytes: Vec<u8, RX_UNIT_MAX>,
}
