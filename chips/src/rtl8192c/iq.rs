// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! IQ calibration: how far the two halves of transmitter and receiver are from equal, and what
//! the baseband does against it. The chip sends tones to itself.

use bitfield_struct::bitfield;
use tern_core::{
    chip::{ChipError, RegisterBus},
    os::Sleepable,
};

use super::board::Board;
use crate::{
    access::Access,
    regs::{
        bb::{
            ADDA, CONFIG_ANT, Cck0Afesetting, FPGA0_RFIFACEOE, Fpga0Iqk, Fpga0Rfifaceoe,
            Fpga0Rfifacesw, Fpga0Rfifacesw1, HSSI_PARAM1, HssiParam1, IqkAgcCont, IqkAgcPts,
            IqkAgcRsp, LSSI_PARAM, OFDM0_RXIQIMBALANCE, OFDM0_TXAFE, OFDM0_TXIQIMBALANCE,
            Ofdm0Agcrssitable, Ofdm0Eccathreshold, Ofdm0Rxiqextanta, Ofdm0Trmuxpar,
            Ofdm0Trxpathena, Path, RX_IQK_PI, RX_IQK_TONE, RX_POWER_IQK_AFTER, RX_POWER_IQK_BEFORE,
            RxIqk, TX_IQK_PI, TX_IQK_TONE, TX_POWER_IQK_AFTER, TX_POWER_IQK_BEFORE, TxIqk,
        },
        mac::{BcnCtrl, Txpause},
    },
};

/// Runs, at most; two in a row have to agree.
const RUNS_MAX: usize = 3;
/// Attempts of a run, for each path.
const ATTEMPTS: usize = 2;
/// How far two runs may be apart.
const TOLERANCE: i32 = 5;
/// How long the chip takes.
const MEASURE_US: u32 = 10_000;
const ENTER: Fpga0Iqk = Fpga0Iqk(0x8080_0000);
const LEAVE: Fpga0Iqk = Fpga0Iqk(0);
/// A radio in standby, and receiving again, through the serial port.
const RADIO_STANDBY: u32 = 0x0001_0000;
const RADIO_ON: u32 = 0x0003_2ed3;
/// Tones when no calibration runs.
const TONE_IDLE: u32 = 0x0100_8c00;
/// What the measured values are when nothing was measured.
const BAD_TX: (u16, u16) = (0x142, 0x042);
const BAD_RX: (u16, u16) = (0x132, 0x036);

/// A measured value.
#[bitfield(u32)]
struct Result10 {
    __: u16,
    #[bits(10)]
    value: u16,
    #[bits(6)]
    __: u8,
}

/// What was measured on one path: two numbers of 10 bits, in two's complement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Measured {
    tx: Option<(u16, u16)>,
    rx: Option<(u16, u16)>,
}

/// 10 bits of two's complement.
fn signed(value: u16) -> i32 {
    let value = i32::from(value & 0x3ff);
    if value >= 0x200 { value - 0x400 } else { value }
}

impl Measured {
    /// Whether another run said the same.
    fn agrees(self, other: Self) -> bool {
        let near = |a: u16, b: u16| (signed(a) - signed(b)).abs() <= TOLERANCE;
        let same = |a: Option<(u16, u16)>, b: Option<(u16, u16)>| match (a, b) {
            (Some((ax, ay)), Some((bx, by))) => near(ax, bx) && near(ay, by),
            (None, None) => true,
            _ => false,
        };
        same(self.tx, other.tx) && same(self.rx, other.rx)
    }
}

/// Calibrates. Values that do not settle leave the tables' own in place, which is no error: the
/// signal is then a little less clean.
pub(super) fn run<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    board: &Board,
) -> Result<(), ChipError> {
    let saved = Saved::take(io, cx)?;
    let mut last: Option<[Measured; 2]> = None;
    let mut found = None;
    for _ in 0..RUNS_MAX {
        let now = measure(io, cx, board)?;
        let agrees = |[a, b]: [Measured; 2]| {
            let [now_a, now_b] = now;
            a.agrees(now_a) && b.agrees(now_b)
        };
        if last.is_some_and(agrees) {
            found = Some(now);
            break;
        }
        last = Some(now);
    }
    saved.restore(io, cx, board)?;
    for (path, measured) in board.tx_paths().iter().zip(found.unwrap_or_default()) {
        if let Some(tx) = measured.tx {
            fill_tx(io, cx, *path, tx)?;
        }
        if let Some(rx) = measured.rx {
            fill_rx(io, cx, *path, rx)?;
        }
    }
    Ok(())
}

/// What the calibration changes and the chip has to have again; all of it from memory.
struct Saved {
    adda: [u32; ADDA.len()],
    faces: [u32; FPGA0_RFIFACEOE.len()],
    parallel: [u32; HSSI_PARAM1.len()],
    antennas: [u32; CONFIG_ANT.len()],
    afe: Cck0Afesetting,
    paths: Ofdm0Trxpathena,
    mux: Ofdm0Trmuxpar,
    switch: (Fpga0Rfifacesw, Fpga0Rfifacesw1),
    beacons: BcnCtrl,
}

impl Saved {
    fn take<B: RegisterBus>(io: &mut Access<B>, cx: &mut Sleepable) -> Result<Self, ChipError> {
        Ok(Self {
            adda: all(io, cx, ADDA)?,
            faces: all(io, cx, FPGA0_RFIFACEOE)?,
            parallel: all(io, cx, HSSI_PARAM1)?,
            antennas: all(io, cx, CONFIG_ANT)?,
            afe: io.current(cx)?,
            paths: io.current(cx)?,
            mux: io.current(cx)?,
            switch: (io.current(cx)?, io.current(cx)?),
            beacons: io.current(cx)?,
        })
    }

    fn restore<B: RegisterBus>(
        &self,
        io: &mut Access<B>,
        cx: &mut Sleepable,
        board: &Board,
    ) -> Result<(), ChipError> {
        io.set(cx, LEAVE)?;
        put_all(io, cx, ADDA, self.adda)?;
        io.set(cx, Txpause(0))?;
        io.put(cx, self.beacons)?;
        io.put(cx, self.afe)?;
        io.put(cx, self.paths)?;
        io.put(cx, self.mux)?;
        io.put(cx, self.switch.0)?;
        io.put(cx, self.switch.1)?;
        put_all(io, cx, FPGA0_RFIFACEOE, self.faces)?;
        put_all(io, cx, HSSI_PARAM1, self.parallel)?;
        put_all(io, cx, CONFIG_ANT, self.antennas)?;
        for path in board.tx_paths() {
            io.write_at(cx, path.of(LSSI_PARAM), 4, RADIO_ON)?;
        }
        io.put_at(cx, Path::A.of(TX_IQK_TONE), TONE_IDLE)?;
        io.put_at(cx, Path::A.of(RX_IQK_TONE), TONE_IDLE)
    }
}

fn all<B: RegisterBus, const N: usize>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    addrs: [u16; N],
) -> Result<[u32; N], ChipError> {
    let mut values = [0; N];
    for (value, addr) in values.iter_mut().zip(addrs) {
        *value = io.current_at(cx, addr)?;
    }
    Ok(values)
}

fn put_all<B: RegisterBus, const N: usize>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    addrs: [u16; N],
    values: [u32; N],
) -> Result<(), ChipError> {
    for (addr, value) in addrs.into_iter().zip(values) {
        io.put_at(cx, addr, value)?;
    }
    Ok(())
}

/// One run over all transmitting paths.
fn measure<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    board: &Board,
) -> Result<[Measured; 2], ChipError> {
    let has_two = board.tx_paths().len() > 1;
    converters(io, cx, Path::A, has_two)?;
    prepare(io, cx, board)?;
    let mut results = [Measured::default(); 2];
    for (path, result) in board.tx_paths().iter().zip(&mut results) {
        if *path == Path::B {
            io.set(cx, LEAVE)?;
            io.write_at(cx, Path::A.of(LSSI_PARAM), 4, RADIO_STANDBY)?;
            io.set(cx, ENTER)?;
            converters(io, cx, Path::B, has_two)?;
        }
        *result = attempts(io, cx, *path, has_two)?;
    }
    io.set(cx, LEAVE)?;
    Ok(results)
}

/// Switches the converters on that a path needs.
fn converters<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    path: Path,
    has_two: bool,
) -> Result<(), ChipError> {
    let (first, others) = match (has_two, path) {
        (false, _) => (0x0b1b_25a0, 0x0bdb_25a0),
        (true, Path::A) => (0x04db_25a4, 0x04db_25a4),
        (true, Path::B) => (0x0b1b_25a4, 0x0b1b_25a4),
    };
    for (place, addr) in ADDA.into_iter().enumerate() {
        io.put_at(cx, addr, if place == 0 { first } else { others })?;
    }
    Ok(())
}

fn prepare<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    board: &Board,
) -> Result<(), ChipError> {
    for path in board.tx_paths() {
        io.change_at(cx, path.of(HSSI_PARAM1), |interface: HssiParam1| interface.with_pi(true))?;
    }
    io.change(cx, |Cck0Afesetting(old)| Cck0Afesetting(old | 0x0f00_0000))?;
    io.put(cx, Ofdm0Trxpathena(0x03a0_5600))?;
    io.put(cx, Ofdm0Trmuxpar(0x0008_00e4))?;
    io.put(cx, Fpga0Rfifacesw1(0x2220_4000))?;
    io.change(cx, |switch: Fpga0Rfifacesw| switch.with_pa_enable_a(true).with_pa_enable_b(true))?;
    for lines in FPGA0_RFIFACEOE {
        io.change_at(cx, lines, |lines: Fpga0Rfifaceoe| lines.with_pa_enable(false))?;
    }
    if let [_, _, ..] = board.tx_paths() {
        for radio in LSSI_PARAM {
            io.write_at(cx, radio, 4, RADIO_STANDBY)?;
        }
    }
    io.put(cx, Txpause(0x3f))?;
    io.change(cx, |beacons: BcnCtrl| beacons.with_en_bcn(false))?;
    for path in board.tx_paths() {
        io.put_at(cx, path.of(CONFIG_ANT), 0x0008_0000)?;
    }
    io.set(cx, ENTER)?;
    io.put(cx, TxIqk(0x0100_7c00))?;
    io.put(cx, RxIqk(0x0100_4800))
}

/// The best of the attempts: the first in which both directions could be measured.
fn attempts<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    path: Path,
    has_two: bool,
) -> Result<Measured, ChipError> {
    let mut best = Measured::default();
    for _ in 0..ATTEMPTS {
        let now = match path {
            Path::A => attempt_a(io, cx, has_two)?,
            Path::B => attempt_b(io, cx)?,
        };
        best = Measured { tx: now.tx.or(best.tx), rx: now.rx.or(best.rx) };
        if now.tx.is_some() && now.rx.is_some() {
            return Ok(now);
        }
    }
    Ok(best)
}

fn attempt_a<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    has_two: bool,
) -> Result<Measured, ChipError> {
    io.put_at(cx, Path::A.of(TX_IQK_TONE), 0x1000_8c1f)?;
    io.put_at(cx, Path::A.of(RX_IQK_TONE), 0x1000_8c1f)?;
    io.put_at(cx, Path::A.of(TX_IQK_PI), 0x8214_0102)?;
    let rx = if has_two { 0x2816_0202 } else { 0x2816_0502 };
    io.put_at(cx, Path::A.of(RX_IQK_PI), rx)?;
    if has_two {
        io.put_at(cx, Path::B.of(TX_IQK_TONE), 0x1000_8c22)?;
        io.put_at(cx, Path::B.of(RX_IQK_TONE), 0x1000_8c22)?;
        io.put_at(cx, Path::B.of(TX_IQK_PI), 0x8214_0102)?;
        io.put_at(cx, Path::B.of(RX_IQK_PI), rx)?;
    }
    io.put(cx, IqkAgcRsp(0x0010_28d1))?;
    io.set(cx, IqkAgcPts(0xf900_0000))?;
    io.set(cx, IqkAgcPts(0xf800_0000))?;
    results(io, cx, Path::A, (28, 27))
}

fn attempt_b<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
) -> Result<Measured, ChipError> {
    io.set(cx, IqkAgcCont(2))?;
    io.set(cx, IqkAgcCont(0))?;
    results(io, cx, Path::B, (31, 30))
}

/// Reads what came out. The bits of `failed` (transmitter, receiver) tell what did not work; they
/// are path A's last register for both paths.
fn results<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    path: Path,
    failed: (u32, u32),
) -> Result<Measured, ChipError> {
    io.delay_us(cx, MEASURE_US);
    let status = io.read_at(cx, Path::A.of(RX_POWER_IQK_AFTER), 4)?;
    let mut pair = |before: [u16; 2], after: [u16; 2], bad: (u16, u16)| {
        let before = Result10::from_bits(io.read_at(cx, path.of(before), 4)?).value();
        let after = Result10::from_bits(io.read_at(cx, path.of(after), 4)?).value();
        Ok::<_, ChipError>(Some((before, after)).filter(|_| before != bad.0 && after != bad.1))
    };
    let mut measured = Measured::default();
    if status >> failed.0 & 1 == 0 {
        measured.tx = pair(TX_POWER_IQK_BEFORE, TX_POWER_IQK_AFTER, BAD_TX)?;
    }
    if measured.tx.is_some() && status >> failed.1 & 1 == 0 {
        measured.rx = pair(RX_POWER_IQK_BEFORE, RX_POWER_IQK_AFTER, BAD_RX)?;
    }
    Ok(measured)
}

/// The correction of a transmitter.
#[bitfield(u32)]
struct TxIqImbalance {
    #[bits(10)]
    x: u16,
    #[bits(6)]
    __: u8,
    #[bits(6)]
    y_low: u8,
    #[bits(10)]
    gain: u16,
}

/// Its upper bits, in another register.
#[bitfield(u32)]
struct TxAfe {
    #[bits(28)]
    __: u32,
    #[bits(4)]
    y_high: u8,
}

/// The correction of a receiver.
#[bitfield(u32)]
struct RxIqImbalance {
    #[bits(10)]
    x: u16,
    #[bits(6)]
    y_low: u8,
    __: u16,
}

/// The correction of a transmitter: what was measured, scaled by the gain that the register has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TxCorrection {
    x: u16,
    /// Rounding bits, which other registers hold.
    x_half: bool,
    y: u16,
    y_half: bool,
}

impl TxCorrection {
    fn of((x, y): (u16, u16), gain: u16) -> Self {
        let scale = |value: u16| {
            let product = signed(value) * i32::from(gain);
            let [low, high, ..] = (product >> 8).to_le_bytes();
            (u16::from_le_bytes([low, high]) & 0x3ff, product >> 7 & 1 != 0)
        };
        let ((x, x_half), (y, y_half)) = (scale(x), scale(y));
        Self { x, x_half, y, y_half }
    }
}

fn fill_tx<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    path: Path,
    measured: (u16, u16),
) -> Result<(), ChipError> {
    let imbalance = path.of(OFDM0_TXIQIMBALANCE);
    let gain = TxIqImbalance::from_bits(io.current_at(cx, imbalance)?).gain();
    let it = TxCorrection::of(measured, gain);
    let (y_low, y_high) = split(it.y);
    io.change_at(cx, imbalance, |old: TxIqImbalance| old.with_x(it.x).with_y_low(y_low))?;
    io.change_at(cx, path.of(OFDM0_TXAFE), |old: TxAfe| old.with_y_high(y_high))?;
    let (x_bit, y_bit) = path.of([(31, 29), (27, 25)]);
    let bit = |at: u32, is_set: bool| u32::from(is_set) << at;
    let halves = bit(x_bit, it.x_half) | bit(y_bit, it.y_half);
    let mask = 1 << x_bit | 1 << y_bit;
    io.change(cx, |Ofdm0Eccathreshold(old)| Ofdm0Eccathreshold((old & !mask) | halves))
}

fn fill_rx<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    path: Path,
    (x, y): (u16, u16),
) -> Result<(), ChipError> {
    let (y_low, y_high) = split(y);
    let imbalance = path.of(OFDM0_RXIQIMBALANCE);
    io.change_at(cx, imbalance, |old: RxIqImbalance| old.with_x(x & 0x3ff).with_y_low(y_low))?;
    let high = u32::from(y_high);
    match path {
        Path::A => io
            .change(cx, |Ofdm0Rxiqextanta(old)| Ofdm0Rxiqextanta((old & 0x0fff_ffff) | high << 28)),
        Path::B => {
            io.change(cx, |Ofdm0Agcrssitable(old)| Ofdm0Agcrssitable((old & !0xf000) | high << 12))
        }
    }
}

/// The low 6 and the high 4 of 10 bits.
fn split(value: u16) -> (u8, u8) {
    let [low, _] = value.to_le_bytes();
    let [high, _] = (value >> 6 & 0x0f).to_le_bytes();
    (low & 0x3f, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_ten_bits() {
        assert_eq!([0, 1, 0x1ff, 0x200, 0x3ff].map(signed), [0, 1, 511, -512, -1]);
        assert_eq!(split(0x3ff), (0x3f, 0x0f));
        assert_eq!(split(0x041), (0x01, 0x01));
    }

    #[test]
    fn corrections_are_scaled_by_the_gain() {
        let neutral = TxCorrection::of((0x100, 0), 0x100);
        assert_eq!(neutral, TxCorrection { x: 0x100, x_half: false, y: 0, y_half: false });
        let it = TxCorrection::of((0x101, 0x3ff), 0x102);
        // 257 * 258 = 0x10302; -1 * 258 = -258, of which 8 bits less is -2.
        assert_eq!(it, TxCorrection { x: 0x103, x_half: false, y: 0x3fe, y_half: true });
    }

    #[test]
    fn runs_agree_when_they_are_near() {
        let run = |x, y| Measured { tx: Some((x, y)), rx: Some((0x100, 0)) };
        assert!(run(0x100, 0x3ff).agrees(run(0x105, 0x002)));
        assert!(!run(0x100, 0).agrees(run(0x106, 0)));
        assert!(!run(0x100, 0).agrees(Measured::default()));
        assert!(Measured::default().agrees(Measured::default()));
    }
}
