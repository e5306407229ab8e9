// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A small operating system, a pipe that keeps what it gets, and an access point's frames.

use std::{
    cell::RefCell,
    collections::VecDeque,
    ffi::CStr,
    fmt,
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    vec,
    vec::Vec,
};

use crate::{
    chip::ChipError,
    control::{Failure, Notice},
    crypto::ccmp::{self, Ccmp},
    data::{DataPath, KeyPath, PeerPath},
    io::{Full, Pipe, Room, RxFlags, RxFrame, Slot, TxFrame, TxInfo, TxQueue},
    os::{
        Atomic, Context, Draft, Empty, FirmwareUser, LockClass, Os, OsError, Packet, Sleepable,
        Spin, Unlocked,
    },
    rate::PeerRates,
    types::{Cipher, Instant, LegacyRates, MacAddr, PeerId, Rate, RequestId, VapId, Width},
    wire::{
        data::{QOS_AMSDU, RFC1042},
        header::FrameControl,
    },
};

pub(super) const VAP: VapId = VapId { slot: 0, generation: 3 };
pub(super) const OWN: MacAddr = MacAddr([2, 0, 0, 0, 0, 5]);
pub(super) const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
pub(super) const FAR: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);
pub(super) const KEY: [u8; 16] = [0x11; 16];
pub(super) const GROUP_KEY: [u8; 16] = [0x22; 16];
pub(super) const NOW: Instant = Instant(1_000_000);

std::thread_local! {
    static HELD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug)]
pub(super) struct MockSpin<T>(u8, Mutex<T>);

impl<T: Empty + Send> Spin<T> for MockSpin<T> {
    fn new(class: LockClass) -> Result<Self, OsError> {
        Ok(Self(class.rank, Mutex::new(T::EMPTY)))
    }
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        HELD.with_borrow_mut(|held| {
            assert!(held.iter().all(|rank| *rank < self.0), "rank {} after {held:?}", self.0);
            held.push(self.0);
        });
        let result = f(&mut self.1.lock().unwrap());
        HELD.with_borrow_mut(Vec::pop);
        result
    }
}

/// A packet in pieces of seven bytes.
#[derive(Clone, Debug)]
pub(super) struct MockPacket {
    pub(super) pieces: Vec<Vec<u8>>,
    pub(super) priority: u8,
}

impl MockPacket {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self { pieces: bytes.chunks(7).map(<[u8]>::to_vec).collect(), priority: 0 }
    }
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.pieces.concat()
    }
}

impl Packet for MockPacket {
    type Draft = MockDraft;
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

#[derive(Debug)]
pub(super) struct MockDraft(Vec<u8>);

impl AsRef<[u8]> for MockDraft {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
impl AsMut<[u8]> for MockDraft {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}
impl Draft for MockDraft {
    type Packet = MockPacket;
    fn alloc(len: usize) -> Result<Self, OsError> {
        Ok(Self(vec![0; len]))
    }
    fn finish(self, range: Range<usize>) -> MockPacket {
        MockPacket::new(&self.0[range])
    }
}

#[derive(Debug, Default)]
pub(super) struct MockOs {
    delivered: Mutex<Vec<Vec<u8>>>,
    ready: Mutex<Vec<TxQueue>>,
    pub(super) is_woken: AtomicBool,
}

impl MockOs {
    pub(super) fn delivered(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.delivered.lock().unwrap())
    }
    pub(super) fn ready(&self) -> Vec<TxQueue> {
        std::mem::take(&mut self.ready.lock().unwrap())
    }
}

fn assert_unlocked() {
    HELD.with_borrow(|held| assert!(held.is_empty(), "called out under {held:?}"));
}

impl Os for MockOs {
    type Packet = MockPacket;
    type Spin<T: Empty + Send> = MockSpin<T>;
    fn now(&self) -> Instant {
        NOW
    }
    fn fill_random(&self, out: &mut [u8]) {
        out.fill(4);
    }
    fn sleep_us(&self, _cx: &mut Sleepable, _micros: u32) {}
    fn wake_worker(&self) {
        self.is_woken.store(true, Ordering::Relaxed);
    }
    fn set_deadline(&self, _at: Option<Instant>) {}
    fn firmware(
        &self,
        _cx: &mut Sleepable,
        _name: &'static CStr,
        _user: &mut FirmwareUser<'_>,
    ) -> Result<(), ChipError> {
        Err(ChipError::Os(OsError::NoFirmware))
    }
    fn log(&self, _line: fmt::Arguments<'_>) {}
    fn deliver<C: Unlocked>(&self, _cx: &mut C, vap: VapId, packet: MockPacket) {
        assert_unlocked();
        assert_eq!(vap, VAP);
        self.delivered.lock().unwrap().push(packet.bytes());
    }
    fn link_changed<C: Unlocked>(&self, _cx: &mut C, _vap: VapId, _link: Option<MacAddr>) {}
    fn transmit_ready<C: Unlocked>(&self, _cx: &mut C, _vap: VapId, queue: TxQueue) {
        assert_unlocked();
        self.ready.lock().unwrap().push(queue);
    }
    fn complete<C: Unlocked>(
        &self,
        _cx: &mut C,
        _vap: VapId,
        _id: RequestId,
        _result: Result<(), Failure>,
    ) {
    }
    fn notify<C: Unlocked>(&self, _cx: &mut C, _vap: VapId, _notice: Notice<'_>) {}
    fn is_listening<C: Unlocked>(&self, _cx: &mut C, _vap: VapId) -> bool {
        false
    }
    fn capture<C: Unlocked>(&self, _cx: &mut C, _vap: VapId, _radiotap: &[u8], _frame: &[u8]) {}
}

/// Keeps what was handed over until the test completes it.
#[derive(Debug, Default)]
pub(super) struct MockPipe {
    slots: usize,
    sent: Mutex<VecDeque<(TxInfo, Vec<u8>)>>,
    taken: [AtomicUsize; 4],
}

pub(super) struct MockSlot<'a>(&'a MockPipe, TxQueue, bool);

impl Drop for MockSlot<'_> {
    fn drop(&mut self) {
        if !self.2 {
            self.0.taken[self.1 as usize].fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Pipe<MockPacket> for MockPipe {
    type Slot<'a> = MockSlot<'a>;
    fn reserve<C: Context>(&self, _cx: &mut C, queue: TxQueue) -> Result<MockSlot<'_>, Full> {
        let taken = &self.taken[queue as usize];
        if taken.load(Ordering::Relaxed) >= self.slots {
            return Err(Full);
        }
        taken.fetch_add(1, Ordering::Relaxed);
        Ok(MockSlot(self, queue, false))
    }
}

impl Slot<MockPacket> for MockSlot<'_> {
    fn submit<C: Context>(
        mut self,
        _cx: &mut C,
        tx: TxInfo,
        frame: TxFrame<'_, MockPacket>,
    ) -> Room {
        let body = frame.packet.bytes();
        let mut bytes = [frame.prefix, &body[frame.skip..], frame.suffix].concat();
        assert_eq!(bytes.len(), frame.len());
        assert_eq!((bytes.len(), self.1), (usize::from(tx.frame_len), tx.queue));
        frame.finish(&mut bytes);
        self.2 = true;
        self.0.sent.lock().unwrap().push_back((tx, bytes));
        let is_last = self.0.taken[self.1 as usize].load(Ordering::Relaxed) >= self.0.slots;
        if is_last { Room::Last } else { Room::Left }
    }
}

pub(super) type Path = DataPath<MockOs, MockPipe>;

/// A data path with its world.
pub(super) struct Bench {
    pub(super) os: MockOs,
    pub(super) data: Path,
}

pub(super) fn cx() -> Atomic<0> {
    Atomic::enter_from_shim()
}

pub(super) fn path(cipher: Option<Cipher>) -> PeerPath {
    let legacy = LegacyRates::CCK | LegacyRates::OFDM;
    PeerPath {
        vap: VAP,
        own: OWN,
        addr: AP,
        mac_id: 1,
        authorized: true,
        cipher,
        keeps_eapol: false,
        is_qos: true,
        width: Width::Mhz20,
        rates: PeerRates { legacy, basic: LegacyRates::CCK, ..PeerRates::default() },
        firmware_rates: true,
    }
}

impl Bench {
    pub(super) fn new(slots: usize) -> Self {
        let pipe = MockPipe { slots, ..MockPipe::default() };
        Self { os: MockOs::default(), data: DataPath::new(pipe).unwrap() }
    }

    /// With an open peer, and in a protected network both keys, in the chip or not.
    pub(super) fn open(slots: usize, cipher: Option<Cipher>, in_chip: bool) -> (Self, PeerId) {
        let bench = Self::new(slots);
        let id = bench.data.open(&mut cx(), path(cipher)).unwrap();
        if cipher.is_some() {
            bench.key(Some(id), 0, &KEY, in_chip);
            bench.key(None, 1, &GROUP_KEY, in_chip);
        }
        (bench, id)
    }

    pub(super) fn key(&self, peer: Option<PeerId>, index: u8, bytes: &[u8], in_chip: bool) {
        let cipher = Cipher::Ccmp;
        let key = KeyPath { vap: VAP, peer, index, cipher, receive_pn: 0, in_chip };
        self.data.set_key(&mut cx(), NOW, &key, bytes).unwrap();
    }

    pub(super) fn transmit(&self, packet: MockPacket) -> Result<Room, crate::io::Reject> {
        self.data.transmit(&mut cx(), VAP, packet).map_err(|back| back.reason)
    }

    /// Sends, where there must be room.
    pub(super) fn send(&self, packet: MockPacket) {
        let _ = self.transmit(packet).unwrap();
    }

    /// Completes everything that was sent.
    pub(super) fn complete(&self) -> Vec<(TxInfo, Vec<u8>)> {
        let sent: Vec<_> = self.data.pipe.sent.lock().unwrap().drain(..).collect();
        for (info, _) in &sent {
            self.data.pipe.taken[info.queue as usize].fetch_sub(1, Ordering::Relaxed);
            self.data.sent(&mut cx(), &self.os, info.queue);
        }
        sent
    }

    pub(super) fn receive(&self, bytes: &[u8], flags: RxFlags) -> bool {
        self.receive_at(NOW, bytes, flags)
    }

    pub(super) fn receive_at(&self, now: Instant, bytes: &[u8], flags: RxFlags) -> bool {
        let rate = Rate::Legacy(108);
        let frame = RxFrame { bytes, signal_dbm: Some(-50), rate, flags, tsf_us: 0 };
        let waits = self.data.receive(&mut cx(), now, &frame);
        self.data.drain(&mut cx(), &self.os);
        waits
    }

    /// Takes frames as they come over the air, without help from a chip.
    pub(super) fn hear(&self, frames: &[Air]) {
        for frame in frames {
            self.receive(&frame.bytes(), RxFlags::empty());
        }
    }

    /// The payloads delivered, without their Ethernet headers.
    pub(super) fn payloads(&self) -> Vec<Vec<u8>> {
        self.os.delivered().into_iter().map(|bytes| bytes[14..].to_vec()).collect()
    }
}

/// An Ethernet packet from us.
pub(super) fn packet(ethertype: u16, payload: &[u8]) -> MockPacket {
    MockPacket::new(&[&FAR.0[..], &OWN.0, &ethertype.to_be_bytes(), payload].concat())
}

/// A frame of the access point.
#[derive(Clone, Debug)]
pub(super) struct Air {
    pub(super) to: MacAddr,
    pub(super) from: MacAddr,
    pub(super) sequence: u16,
    pub(super) fragment: u8,
    pub(super) tid: Option<u8>,
    pub(super) flags: u16,
    pub(super) is_amsdu: bool,
    /// Key, its identifier, packet number.
    pub(super) key: Option<([u8; 16], u8, u64)>,
    pub(super) body: Vec<u8>,
}

impl Air {
    pub(super) fn plain(sequence: u16, body: &[u8]) -> Self {
        Self {
            to: OWN,
            from: FAR,
            sequence,
            fragment: 0,
            tid: Some(0),
            flags: FrameControl::FROM_DS,
            is_amsdu: false,
            key: None,
            body: body.to_vec(),
        }
    }

    /// An encrypted frame with an IPv4 packet.
    pub(super) fn sealed(sequence: u16, pn: u64, payload: &[u8]) -> Self {
        Self { key: Some((KEY, 0, pn)), ..Self::plain(sequence, &msdu(0x0800, payload)) }
    }

    pub(super) fn retry(self) -> Self {
        Self { flags: self.flags | FrameControl::RETRY, ..self }
    }

    pub(super) fn group(self, pn: u64) -> Self {
        let key = self.key.map(|_| (GROUP_KEY, 1, pn));
        Self { to: MacAddr::BROADCAST, tid: None, key, ..self }
    }

    fn header(&self) -> Vec<u8> {
        let kind = if self.tid.is_some() { FrameControl::QOS_DATA } else { FrameControl::DATA };
        let protected = if self.key.is_some() { FrameControl::PROTECTED } else { 0 };
        let mut frame = (kind | self.flags | protected).to_le_bytes().to_vec();
        frame.extend([0, 0]);
        frame.extend([self.to.0, AP.0, self.from.0].concat());
        frame.extend((self.sequence << 4 | u16::from(self.fragment)).to_le_bytes());
        if let Some(tid) = self.tid {
            let amsdu = if self.is_amsdu { QOS_AMSDU } else { 0 };
            frame.extend((u16::from(tid) | amsdu).to_le_bytes());
        }
        frame
    }

    /// As it goes over the air.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut frame = self.decrypted();
        if let Some((key, ..)) = self.key {
            Ccmp::new(&key).seal(&mut frame).unwrap();
        }
        frame
    }

    /// As a chip hands it over that has decrypted it: IV and (nonsense of) a MIC are there.
    pub(super) fn decrypted(&self) -> Vec<u8> {
        let mut frame = self.header();
        if let Some((_, index, pn)) = self.key {
            frame.extend(ccmp::header(pn, index));
        }
        frame.extend(&self.body);
        if self.key.is_some() {
            frame.extend([0xee; ccmp::MIC_LEN]);
        }
        frame
    }
}

/// LLC, type and payload.
pub(super) fn msdu(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&RFC1042[..], &ethertype.to_be_bytes(), payload].concat()
}
