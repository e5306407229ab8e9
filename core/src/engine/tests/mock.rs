// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A small operating system, a chip that records its calls, and the air between both.

use std::{
    boxed::Box,
    ffi::CStr,
    fmt, format,
    ops::Range,
    string::{String, ToString},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    vec,
    vec::Vec,
};

use crate::{
    chip::*,
    control::{ControlRequest, Failure, Notice, Operation, RxFilter},
    device::{Next, Shared, Worker},
    io::*,
    os::*,
    types::*,
};

pub(super) const VAP: VapId = VapId { slot: 0, generation: 3 };
pub(super) const OWN: MacAddr = MacAddr([2, 0, 0, 0, 0, 5]);
pub(super) const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

/// A lock that cannot be taken twice.
#[derive(Debug)]
pub(super) struct TestSpin<T>(Mutex<T>);

impl<T: Empty + Send> Spin<T> for TestSpin<T> {
    fn new(_class: LockClass) -> Result<Self, OsError> {
        Ok(Self(Mutex::new(T::EMPTY)))
    }
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.try_lock().expect("taken twice"))
    }
}

#[derive(Clone, Debug)]
pub(super) struct TestPacket(pub(super) Vec<u8>);

impl Packet for TestPacket {
    type Draft = TestDraft;
    fn len(&self) -> usize {
        self.0.len()
    }
    fn head<const N: usize>(&self) -> Option<[u8; N]> {
        self.0.first_chunk().copied()
    }
    fn segments(&self) -> impl Iterator<Item = &[u8]> {
        [&self.0[..]].into_iter()
    }
    fn priority(&self) -> u8 {
        0
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TestDraft(pub(super) Vec<u8>);

impl AsRef<[u8]> for TestDraft {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
impl AsMut<[u8]> for TestDraft {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}
impl Draft for TestDraft {
    type Packet = TestPacket;
    fn alloc(len: usize) -> Result<Self, OsError> {
        Ok(Self(vec![0; len]))
    }
    fn finish(self, range: Range<usize>) -> TestPacket {
        TestPacket(self.0[range].to_vec())
    }
}

/// What core told the rest of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Link(bool),
    Outcome(RequestId, Operation, Result<(), Failure>, Vec<u8>),
    Heard(Vec<u8>),
    Mgmt(Vec<u8>),
    SentAway(Vec<u8>),
    Left(Vec<u8>),
    BeaconLost,
    Capture(Vec<u8>),
    Log(String),
}

#[derive(Debug, Default)]
pub(super) struct TestOs {
    pub(super) now: AtomicU64,
    pub(super) woken: AtomicBool,
    pub(super) deadline: Mutex<Option<Instant>>,
    pub(super) told: Mutex<Vec<Told>>,
    pub(super) no_firmware: AtomicBool,
    pub(super) is_listening: AtomicBool,
}

impl TestOs {
    fn tell(&self, told: Told) {
        self.told.lock().unwrap().push(told);
    }
}

impl Os for TestOs {
    type Packet = TestPacket;
    type Spin<T: Empty + Send> = TestSpin<T>;
    fn now(&self) -> Instant {
        Instant(self.now.load(Ordering::Relaxed))
    }
    fn fill_random(&self, out: &mut [u8]) {
        out.fill(4);
    }
    fn sleep_us(&self, _cx: &mut Sleepable, micros: u32) {
        self.now.fetch_add(micros.into(), Ordering::Relaxed);
    }
    fn wake_worker(&self) {
        self.woken.store(true, Ordering::Relaxed);
    }
    fn set_deadline(&self, at: Option<Instant>) {
        *self.deadline.lock().unwrap() = at;
    }
    fn firmware(
        &self,
        cx: &mut Sleepable,
        _name: &'static CStr,
        user: &mut FirmwareUser<'_>,
    ) -> Result<(), ChipError> {
        if self.no_firmware.load(Ordering::Relaxed) {
            return Err(OsError::NoFirmware.into());
        }
        user(cx, &[1, 2, 3])
    }
    fn log(&self, line: fmt::Arguments<'_>) {
        self.tell(Told::Log(line.to_string()));
    }
    fn deliver<C: Unlocked>(&self, _cx: &mut C, _vap: VapId, _packet: TestPacket) {}
    fn link_changed<C: Unlocked>(&self, _cx: &mut C, _vap: VapId, link: Option<MacAddr>) {
        self.tell(Told::Link(link.is_some()));
    }
    fn transmit_ready<C: Unlocked>(&self, _cx: &mut C, _vap: VapId, _queue: TxQueue) {}
    fn complete<C: Unlocked>(
        &self,
        _cx: &mut C,
        _vap: VapId,
        _id: RequestId,
        _result: Result<(), Failure>,
    ) {
    }
    fn notify<C: Unlocked>(&self, _cx: &mut C, _vap: VapId, notice: Notice<'_>) {
        self.tell(match notice {
            Notice::Outcome { id, operation, result, frame } => {
                Told::Outcome(id, operation, result, frame.to_vec())
            }
            Notice::Heard(heard) => Told::Heard(heard.frame.to_vec()),
            Notice::Mgmt(heard) => Told::Mgmt(heard.frame.to_vec()),
            Notice::SentAway(frame) => Told::SentAway(frame.to_vec()),
            Notice::Left(frame) => Told::Left(frame.to_vec()),
            Notice::BeaconLost => Told::BeaconLost,
            Notice::Signal(_) | Notice::Network(_) => return,
        });
    }
    fn is_listening<C: Unlocked>(&self, _cx: &mut C, _vap: VapId) -> bool {
        self.is_listening.load(Ordering::Relaxed)
    }
    fn capture<C: Unlocked>(&self, _cx: &mut C, _vap: VapId, radiotap: &[u8], frame: &[u8]) {
        assert_eq!(radiotap[2], u8::try_from(radiotap.len()).unwrap());
        self.tell(Told::Capture(frame.to_vec()));
    }
}

/// Keeps what was sent; there is always room.
#[derive(Debug, Default)]
pub(super) struct TestPipe(Mutex<Vec<(TxInfo, Vec<u8>)>>);

pub(super) struct TestSlot<'a>(&'a TestPipe);

impl Pipe<TestPacket> for TestPipe {
    type Slot<'a> = TestSlot<'a>;
    fn reserve<C: Context>(&self, _cx: &mut C, _queue: TxQueue) -> Result<TestSlot<'_>, Full> {
        Ok(TestSlot(self))
    }
}

impl Slot<TestPacket> for TestSlot<'_> {
    fn submit<C: Context>(self, _: &mut C, tx: TxInfo, frame: TxFrame<'_, TestPacket>) -> Room {
        let bytes = [frame.prefix, &frame.packet.0[frame.skip..], frame.suffix].concat();
        self.0.0.lock().unwrap().push((tx, bytes));
        Room::Left
    }
}

/// A transfer is a frame, or 0xff, token and acknowledgement.
#[derive(Debug)]
pub(super) struct TestFraming;

impl Framing for TestFraming {
    fn tx_descriptor_len(&self) -> usize {
        0
    }
    fn write_tx_descriptor(&self, _out: &mut [u8], _tx: TxInfo) {}
    fn next_rx<'a>(
        &self,
        _carry: &'a mut RxCarry,
        transfer: &'a [u8],
        at: &mut usize,
    ) -> Option<RxItem<'a>> {
        if std::mem::replace(at, 1) != 0 {
            return None;
        }
        Some(match transfer {
            [0xff, token, acked] => RxItem::TxReport(TxReport {
                token: Some(*token),
                mac_id: 0,
                acked: *acked != 0,
                retries: 0,
            }),
            bytes => RxItem::Frame(RxFrame {
                bytes,
                signal_dbm: Some(-40),
                rate: Rate::SLOWEST,
                flags: RxFlags::empty(),
                tsf_us: 7,
            }),
        })
    }
}

pub(super) const INFO: ChipInfo = ChipInfo {
    name: "test",
    offloads: Offloads::TX_REPORTS,
    ciphers: Ciphers::CCMP,
    keys_max: 6,
    group_keys: 4,
    peers_max: 4,
    bands: Bands::GHZ2,
    has_40mhz: true,
    tx_descriptor_len: 0,
    rx_transfer_len: 4096,
};

/// What a [`TestChip`] did, and whether the next calls fail.
#[derive(Debug, Default)]
pub(super) struct ChipLog {
    pub(super) calls: Mutex<Vec<String>>,
    pub(super) failing: Mutex<Option<&'static str>>,
}

/// Records every call.
#[derive(Debug)]
pub(super) struct TestChip(Arc<ChipLog>);

impl TestChip {
    fn call(&self, what: &'static str, how: String) -> Result<(), ChipError> {
        self.0.calls.lock().unwrap().push(format!("{what} {how}").trim_end().to_string());
        match *self.0.failing.lock().unwrap() {
            Some(failing) if failing == what => Err(ChipError::Timeout(what)),
            _ => Ok(()),
        }
    }
}

impl Chip for TestChip {
    fn info(&self) -> &'static ChipInfo {
        &INFO
    }
    fn identify(&mut self, _cx: &mut Sleepable) -> Result<Identity, ChipError> {
        self.call("identify", String::new())?;
        let mac = MacAddr([2, 0, 0, 0, 0, 4]);
        Ok(Identity { name: "TEST", firmware: c"test.bin", mac, tx_chains: 1, rx_chains: 1 })
    }
    fn start(
        &mut self,
        _cx: &mut Sleepable,
        firmware: &[u8],
        mac: MacAddr,
    ) -> Result<(), ChipError> {
        self.call("start", format!("{} {mac}", firmware.len()))
    }
    fn stop(&mut self, _cx: &mut Sleepable) -> Result<(), ChipError> {
        self.call("stop", String::new())
    }
    fn set_channel(&mut self, _cx: &mut Sleepable, tuning: Tuning) -> Result<(), ChipError> {
        self.call("set_channel", format!("{:?} {:?}", tuning.channel, tuning.width))
    }
    fn set_link(&mut self, _cx: &mut Sleepable, link: &Link) -> Result<(), ChipError> {
        self.call("set_link", format!("{:?} {}", link.bssid, link.aid))
    }
    fn set_scanning(&mut self, _cx: &mut Sleepable, scanning: bool) -> Result<(), ChipError> {
        self.call("set_scanning", scanning.to_string())
    }
    fn set_rx_filter(&mut self, _cx: &mut Sleepable, filter: RxFilter) -> Result<(), ChipError> {
        self.call("set_rx_filter", format!("{:#x}", filter.bits()))
    }
    fn set_edca(
        &mut self,
        _cx: &mut Sleepable,
        queue: TxQueue,
        edca: Edca,
    ) -> Result<(), ChipError> {
        self.call("set_edca", format!("{queue:?} {}", edca.aifsn))
    }
    fn set_peer(&mut self, _cx: &mut Sleepable, peer: &PeerInfo) -> Result<(), ChipError> {
        self.call("set_peer", format!("{} {:#x} {:#x}", peer.mac_id, peer.rates, peer.mcs))
    }
    fn set_signal(&mut self, _: &mut Sleepable, _mac_id: u8, _dbm: i8) -> Result<(), ChipError> {
        Ok(())
    }
    fn set_key(&mut self, _cx: &mut Sleepable, key: &ChipKey<'_>) -> Result<(), ChipError> {
        self.call("set_key", format!("{} {} {}", key.slot, key.index, key.is_group))
    }
    fn clear_key(&mut self, _cx: &mut Sleepable, slot: u8) -> Result<(), ChipError> {
        self.call("clear_key", slot.to_string())
    }
    fn set_tx_power(&mut self, _cx: &mut Sleepable, limit: Option<i8>) -> Result<(), ChipError> {
        self.call("set_tx_power", format!("{limit:?}"))
    }
    fn set_led(&mut self, _cx: &mut Sleepable, on: bool) -> Result<(), ChipError> {
        self.call("set_led", on.to_string())
    }
    fn peek(&mut self, _cx: &mut Sleepable, addr: u16) -> Result<u32, ChipError> {
        self.call("peek", addr.to_string()).map(|()| 7)
    }
    fn on_message(&mut self, _: &mut Sleepable, message: &[u8]) -> Result<ChipEvent, ChipError> {
        Ok(if message == [1] { ChipEvent::BeaconLost } else { ChipEvent::Nothing })
    }
    fn tick(&mut self, _cx: &mut Sleepable, now: Instant) -> Result<Option<Instant>, ChipError> {
        Ok(Some(now.after_us(10_000_000)))
    }
}

type TestShared = Shared<TestOs, TestPipe, TestFraming>;
type TestWorker = Worker<'static, TestOs, TestPipe, TestFraming, TestChip>;

/// Answers a frame that it hears.
pub(super) type Answerer = Box<dyn FnMut(&[u8]) -> Vec<Vec<u8>>>;

/// A device, and who hears it.
pub(super) struct World {
    pub(super) shared: &'static TestShared,
    pub(super) worker: TestWorker,
    pub(super) chip: Arc<ChipLog>,
    pub(super) peer: Answerer,
    /// Every frame that was sent.
    pub(super) sent: Vec<Vec<u8>>,
    carry: RxCarry,
}

impl World {
    /// A device that is attached and off; nobody hears it.
    pub(super) fn new() -> Self {
        let shared = Shared::new(TestOs::default(), TestPipe::default(), TestFraming, &INFO);
        let shared: &'static TestShared = Box::leak(Box::new(shared.unwrap()));
        shared.os.now.store(1_000_000, Ordering::Relaxed);
        let chip = Arc::new(ChipLog::default());
        let mut cx = Sleepable::enter_from_shim();
        let (worker, _) = shared.attach(&mut cx, TestChip(chip.clone())).unwrap();
        let peer: Answerer = Box::new(|_| Vec::new());
        Self { shared, worker, chip, peer, sent: Vec::new(), carry: RxCarry::default() }
    }

    /// A station that is up.
    pub(super) fn station() -> Self {
        let mut world = Self::new();
        assert_eq!(world.ask(ControlRequest::Up(Mode::Station, OWN), &[]), Ok(()));
        world
    }

    /// Lets a transfer come in.
    pub(super) fn hear(&mut self, transfer: &[u8]) {
        let mut cx = Atomic::enter_from_shim();
        self.shared.usb_received(&mut cx, &mut self.carry, transfer);
    }

    /// Runs worker and air until nothing is left to do at this time.
    pub(super) fn settle(&mut self) -> Next {
        for _ in 0..10_000 {
            self.shared.os.woken.store(false, Ordering::Relaxed);
            let next = self.worker.run(&mut Sleepable::enter_from_shim());
            let sent: Vec<_> = self.shared.data.pipe.0.lock().unwrap().drain(..).collect();
            let is_quiet = sent.is_empty();
            for (tx, bytes) in sent {
                self.shared.usb_sent(&mut Atomic::enter_from_shim(), tx.queue);
                let answers = (self.peer)(&bytes);
                self.sent.push(bytes);
                if tx.flags.contains(TxFlags::REPORT) {
                    self.hear(&[0xff, tx.token, u8::from(!answers.is_empty())]);
                }
                for answer in answers {
                    self.hear(&answer);
                }
            }
            if next == Next::Stopped {
                return next;
            }
            if is_quiet && next == Next::Sleep && !self.shared.os.woken.load(Ordering::Relaxed) {
                return next;
            }
        }
        panic!("the worker never rests");
    }

    /// Lets time pass, deadline by deadline.
    pub(super) fn pass(&mut self, micros: u64) {
        let end = self.shared.os.now().after_us(micros);
        self.settle();
        loop {
            let deadline = *self.shared.os.deadline.lock().unwrap();
            let Some(at) = deadline.filter(|at| *at <= end) else { break };
            let now = at.max(self.shared.os.now());
            self.shared.os.now.store(now.0, Ordering::Relaxed);
            self.settle();
        }
        self.shared.os.now.store(end.0, Ordering::Relaxed);
        self.settle();
    }

    /// Makes a request, and lets the device work on it.
    pub(super) fn request(&mut self, request: ControlRequest, body: &[u8]) -> RequestId {
        let body = Some(TestDraft(body.to_vec()));
        let mut cx = Sleepable::enter_from_shim();
        let id = self.shared.request(&mut cx, VAP, request, body).unwrap();
        self.settle();
        id
    }

    /// Makes a request, and returns how it went.
    pub(super) fn ask(&mut self, request: ControlRequest, body: &[u8]) -> Result<(), Failure> {
        let id = self.request(request, body);
        let mut cx = Sleepable::enter_from_shim();
        self.shared.collect(&mut cx, id).unwrap_or_else(|| panic!("{request:?}: no answer"))
    }

    /// Everything told since the last call, without the log.
    pub(super) fn told(&mut self) -> Vec<Told> {
        let told = std::mem::take(&mut *self.shared.os.told.lock().unwrap());
        told.into_iter().filter(|told| !matches!(told, Told::Log(_))).collect()
    }

    /// The calls of the chip since the last call of this.
    pub(super) fn calls(&mut self) -> Vec<String> {
        std::mem::take(&mut *self.chip.calls.lock().unwrap())
    }
}
