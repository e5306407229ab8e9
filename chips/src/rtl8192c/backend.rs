// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The backend: what the engine asks for, in the order that the chip wants it.

use tern_core::{
    chip::{
        Chip, ChipError, ChipEvent, ChipInfo, ChipKey, Edca, FirmwareError, Identity, Link,
        PeerInfo, RegisterBus,
    },
    control::RxFilter,
    io::TxQueue,
    os::Sleepable,
    types::{Channel, Instant, MacAddr, Mode, Tuning},
};

use super::{
    INFO,
    board::Board,
    calib, channel, init, iq,
    link::{self, is_associated},
    power,
};
use crate::{
    Endpoints,
    access::Access,
    cam, fw,
    h2c::{Command, Mailboxes},
    regs::mac::{EDCA_PARAM, Ledcfg0, Txpause},
};

/// Most time that the methods may take, microseconds: far more than any chip needs, and not
/// for ever.
const LONG_US: u64 = 60_000_000;
const SHORT_US: u64 = 10_000_000;
/// Between looks at the thermometer.
const TICK_US: u64 = 2_000_000;
/// How far the temperature may drift before calibration is due again.
const DRIFT_MAX: u8 = 2;
/// How far the signal may drift before the firmware is told, dB.
const SIGNAL_STEP: u8 = 3;
/// All queues stand still that send beacons.
const PAUSE_BEACONS: Txpause = Txpause(0x40);
/// What firmware this family takes: signatures 0x88c? and 0x92c?, at most 16 KiB.
const FIRMWARE: fw::Kind = fw::Kind { signatures: &[0x88c, 0x92c], code_max: 0x4000 };

/// How far the chip is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Off,
    /// On the way: the MAC takes no writes yet.
    Rising,
    /// The MAC runs.
    Powered,
    /// The baseband takes radio writes.
    Baseband,
    Ready,
}

/// The thermometer: measurements and looks at them alternate.
#[derive(Clone, Copy, Debug, Default)]
struct Thermometer {
    is_measuring: bool,
    /// What it said when the chip was last calibrated.
    calibrated_at: Option<u8>,
}

/// The backend, with the bus that it alone uses.
#[derive(Debug)]
pub struct Rtl8192C<B> {
    io: Access<B>,
    endpoints: Endpoints,
    board: Option<Board>,
    stage: Stage,
    mailboxes: Mailboxes,
    /// What the radios' registers of channels hold.
    channels: [u32; 2],
    tuning: Option<Tuning>,
    limit_dbm: Option<i8>,
    link: Link,
    filter: RxFilter,
    edca: [Option<Edca>; TxQueue::COUNT],
    is_scanning: bool,
    thermometer: Thermometer,
    /// What the firmware was told last of the access point's signal.
    told_signal: Option<u8>,
}

impl<B: RegisterBus> Rtl8192C<B> {
    /// A chip that nobody has asked anything yet.
    pub const fn new(bus: B, endpoints: Endpoints) -> Self {
        Self {
            io: Access::new(bus),
            endpoints,
            board: None,
            stage: Stage::Off,
            mailboxes: Mailboxes::new(),
            channels: [0; 2],
            tuning: None,
            limit_dbm: None,
            link: Link::none(Mode::Station),
            filter: RxFilter::empty(),
            edca: [None; TxQueue::COUNT],
            is_scanning: false,
            thermometer: Thermometer { is_measuring: false, calibrated_at: None },
            told_signal: None,
        }
    }

    /// A chip that need not be asked.
    #[cfg(test)]
    pub(super) fn with_board(bus: B, endpoints: Endpoints, board: Board) -> Self {
        Self { board: Some(board), ..Self::new(bus, endpoints) }
    }

    /// What is known of the chip; it is asked the first time.
    fn board(&mut self, cx: &mut Sleepable) -> Result<Board, ChipError> {
        if let Some(board) = self.board {
            return Ok(board);
        }
        let board = Board::read(&mut self.io, cx)?;
        self.board = Some(board);
        Ok(board)
    }

    /// The board of a chip that is ready.
    fn ready(&mut self) -> Result<Board, ChipError> {
        self.io.begin(SHORT_US);
        match (self.stage, self.board) {
            (Stage::Ready, Some(board)) => Ok(board),
            _ => Err(ChipError::Unknown("a request to a chip that is off")),
        }
    }

    fn bring_up(
        &mut self,
        cx: &mut Sleepable,
        code: &[u8],
        mac: MacAddr,
        board: &Board,
    ) -> Result<(), ChipError> {
        self.stage = Stage::Rising;
        power::on(&mut self.io, cx)?;
        self.stage = Stage::Powered;
        fw::load(&mut self.io, cx, code)?;
        init::mac_table(&mut self.io, cx)?;
        init::buffers(&mut self.io, cx, self.endpoints.out)?;
        init::mac(&mut self.io, cx, mac)?;
        link::set_filter(&mut self.io, cx, self.filter, &self.link)?;
        init::baseband(&mut self.io, cx, board.kind)?;
        self.stage = Stage::Baseband;
        self.channels = init::radios(&mut self.io, cx, board)?;
        if let Some(first) = Channel::ghz2(1) {
            self.tune(cx, board, Tuning::narrow(first))?;
        }
        init::finish(&mut self.io, cx, board)?;
        self.calibrate(cx, board)?;
        self.stage = Stage::Ready;
        Ok(())
    }

    fn tune(&mut self, cx: &mut Sleepable, board: &Board, tuning: Tuning) -> Result<(), ChipError> {
        let (channels, limit) = (&mut self.channels, self.limit_dbm);
        channel::set(&mut self.io, cx, board, channels, tuning, limit)?;
        self.tuning = Some(tuning);
        Ok(())
    }

    fn calibrate(&mut self, cx: &mut Sleepable, board: &Board) -> Result<(), ChipError> {
        iq::run(&mut self.io, cx, board)?;
        let [channel, _] = self.channels;
        calib::lc(&mut self.io, cx, board, channel)
    }

    fn power_off(&mut self, cx: &mut Sleepable) -> Result<(), ChipError> {
        let (mac, baseband) = (self.stage >= Stage::Powered, self.stage >= Stage::Baseband);
        power::off(&mut self.io, cx, mac, baseband)?;
        self.stage = Stage::Off;
        self.io.forget();
        Ok(())
    }

    fn write_edca(&mut self, cx: &mut Sleepable) -> Result<(), ChipError> {
        for (register, edca) in EDCA_PARAM.into_iter().zip(self.edca) {
            if let Some(edca) = edca {
                self.io.put_at(cx, register, link::edca(edca, &self.link))?;
            }
        }
        Ok(())
    }
}

impl<B: RegisterBus + Send> Chip for Rtl8192C<B> {
    fn info(&self) -> &'static ChipInfo {
        &INFO
    }

    fn identify(&mut self, cx: &mut Sleepable) -> Result<Identity, ChipError> {
        self.io.begin(SHORT_US);
        if self.stage == Stage::Off && power::is_on(&mut self.io, cx)? {
            self.stage = Stage::Powered; // Somebody before us left it so.
        }
        if self.stage != Stage::Off {
            self.power_off(cx)?;
        }
        self.board = None;
        Ok(self.board(cx)?.identity())
    }

    fn start(
        &mut self,
        cx: &mut Sleepable,
        firmware: &[u8],
        mac: MacAddr,
    ) -> Result<(), ChipError> {
        self.io.begin(LONG_US);
        if self.stage != Stage::Off {
            self.power_off(cx)?;
        }
        let board = self.board(cx)?;
        if firmware.is_empty() {
            return Err(FirmwareError::Missing(board.firmware.name).into());
        }
        let code = fw::code(firmware, FIRMWARE)?;
        self.io.forget();
        (self.mailboxes, self.thermometer) = (Mailboxes::new(), Thermometer::default());
        (self.link, self.filter) = (Link::none(Mode::Station), RxFilter::empty());
        (self.edca, self.is_scanning) = ([None; TxQueue::COUNT], false);
        (self.told_signal, self.tuning, self.limit_dbm) = (None, None, None);
        let result = self.bring_up(cx, code, mac, &board);
        if result.is_err() {
            self.io.begin(SHORT_US);
            let _ = self.power_off(cx); // The first error is the one to tell.
        }
        result
    }

    fn stop(&mut self, cx: &mut Sleepable) -> Result<(), ChipError> {
        self.io.begin(SHORT_US);
        if self.stage == Stage::Off {
            return Ok(());
        }
        self.power_off(cx)
    }

    fn set_channel(&mut self, cx: &mut Sleepable, tuning: Tuning) -> Result<(), ChipError> {
        let board = self.ready()?;
        self.tune(cx, &board, tuning)
    }

    fn set_link(&mut self, cx: &mut Sleepable, link: &Link) -> Result<(), ChipError> {
        let board = self.ready()?;
        let before = core::mem::replace(&mut self.link, *link);
        link::set(&mut self.io, cx, link, &before)?;
        link::set_filter(&mut self.io, cx, self.filter, link)?;
        if link.short_slot != before.short_slot {
            self.write_edca(cx)?;
        }
        self.told_signal = None;
        let joined = is_associated(link);
        if joined == is_associated(&before) {
            return Ok(());
        }
        link::set_gain(&mut self.io, cx, &board, self.is_scanning)?;
        self.mailboxes.send(&mut self.io, cx, Command::JoinBss(joined))
    }

    fn set_scanning(&mut self, cx: &mut Sleepable, scanning: bool) -> Result<(), ChipError> {
        let board = self.ready()?;
        self.is_scanning = scanning;
        self.io.put(cx, if scanning { PAUSE_BEACONS } else { Txpause(0) })?;
        link::set_gain(&mut self.io, cx, &board, scanning)
    }

    fn set_rx_filter(&mut self, cx: &mut Sleepable, filter: RxFilter) -> Result<(), ChipError> {
        self.ready()?;
        self.filter = filter;
        link::set_filter(&mut self.io, cx, filter, &self.link)
    }

    fn set_edca(
        &mut self,
        cx: &mut Sleepable,
        queue: TxQueue,
        edca: Edca,
    ) -> Result<(), ChipError> {
        self.ready()?;
        let [background, best_effort, video, voice] = &mut self.edca;
        *match queue {
            TxQueue::Background => background,
            TxQueue::BestEffort => best_effort,
            TxQueue::Video => video,
            TxQueue::Voice => voice,
        } = Some(edca);
        self.write_edca(cx)
    }

    fn set_peer(&mut self, cx: &mut Sleepable, peer: &PeerInfo) -> Result<(), ChipError> {
        self.ready()?;
        if peer.mac_id >= INFO.peers_max {
            return Err(ChipError::Unsupported);
        }
        let (register, rate) = link::first_rate(peer);
        self.io.write_at(cx, register, 1, rate.into())?;
        self.mailboxes.send(&mut self.io, cx, link::peer_rates(peer))
    }

    fn set_signal(&mut self, cx: &mut Sleepable, mac_id: u8, dbm: i8) -> Result<(), ChipError> {
        self.ready()?;
        let percent = u8::try_from(100 + i16::from(dbm).clamp(-100, 0)).unwrap_or(0);
        if self.told_signal.is_some_and(|told| told.abs_diff(percent) < SIGNAL_STEP) {
            return Ok(());
        }
        self.mailboxes.send(&mut self.io, cx, Command::Rssi { mac_id, percent })?;
        self.told_signal = Some(percent);
        Ok(())
    }

    fn set_key(&mut self, cx: &mut Sleepable, key: &ChipKey<'_>) -> Result<(), ChipError> {
        self.ready()?;
        // The engine does not find pairwise keys in the places of group keys.
        let is_free = key.slot < INFO.keys_max && key.is_group == (key.slot < INFO.group_keys);
        if !is_free {
            return Err(ChipError::Unsupported);
        }
        cam::set(&mut self.io, cx, key)
    }

    fn clear_key(&mut self, cx: &mut Sleepable, slot: u8) -> Result<(), ChipError> {
        self.ready()?;
        if slot >= INFO.keys_max {
            return Err(ChipError::Unsupported);
        }
        cam::clear(&mut self.io, cx, slot)
    }

    fn set_tx_power(&mut self, cx: &mut Sleepable, limit: Option<i8>) -> Result<(), ChipError> {
        let board = self.ready()?;
        self.limit_dbm = limit;
        match self.tuning {
            Some(tuning) => self.tune(cx, &board, tuning),
            None => Ok(()),
        }
    }

    fn set_led(&mut self, cx: &mut Sleepable, on: bool) -> Result<(), ChipError> {
        self.ready()?;
        self.io.change(cx, |light: Ledcfg0| light.with_mode(0).with_high(false).with_dis(!on))
    }

    fn peek(&mut self, cx: &mut Sleepable, addr: u16) -> Result<u32, ChipError> {
        self.ready()?;
        self.io.read_at(cx, addr, 4)
    }

    fn on_message(&mut self, _cx: &mut Sleepable, _message: &[u8]) -> Result<ChipEvent, ChipError> {
        Ok(ChipEvent::Nothing) // This family's firmware does not speak through the frames' pipe.
    }

    fn tick(&mut self, cx: &mut Sleepable, now: Instant) -> Result<Option<Instant>, ChipError> {
        let board = self.ready()?;
        let next = Some(now.after_us(TICK_US));
        if !is_associated(&self.link) || self.is_scanning {
            return Ok(next);
        }
        if !self.thermometer.is_measuring {
            calib::start_thermometer(&mut self.io, cx)?;
            self.thermometer.is_measuring = true;
            return Ok(next);
        }
        self.thermometer.is_measuring = false;
        let Some(warmth) = calib::read_thermometer(&mut self.io, cx)? else { return Ok(next) };
        let before = self.thermometer.calibrated_at.or(board.rom.thermal);
        if before.is_none_or(|before| before.abs_diff(warmth) > DRIFT_MAX) {
            self.calibrate(cx, &board)?;
            self.thermometer.calibrated_at = Some(warmth);
        }
        Ok(next)
    }
}
