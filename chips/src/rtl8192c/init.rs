// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! From powered to ready: MAC, buffers, baseband, radios.

use tern_core::{
    chip::{ChipError, RegisterBus},
    os::Sleepable,
    types::MacAddr,
};

use super::{
    board::{Board, Kind},
    power, tables,
};
use crate::{
    access::Access,
    cam, llt,
    regs::{
        bb::{
            Cck0Afesetting, FPGA0_RFIFACEOE, Fpga0Rfifaceoe, Fpga0Rfmod, Fpga0Rfparam, Fpga0Txinfo,
            Fpga1Txinfo, HSSI_PARAM2, HssiParam2, Ofdm0Agcparam1, Ofdm0Agcrssitable,
            Ofdm0Trxpathena, Path, rf as radio,
        },
        mac::{
            Ackto, AfePllCtrl, AfeXtalCtrlHigh, AgglenLmt, BarModeCtrl, BcnCtrl, BcnCtrl1, Bcntcfg,
            DARFRC, Drverlyint, EDCA_PARAM, GpioMuxcfg, Himr, Hisr, HwseqCtrl, Ldohci12Ctrl,
            Ledcfg2, MACID0, MAR, MacSpecSifs, MaxAggrNum, Msr, NavUpper, PaSetting, Pbp, RfCtrl,
            Rl, Rqpn, RqpnNpq, Rrsr, RxDrvinfoSz, RxdmaAggPgTh, RxffBndy, SifsCck, SifsOfdm,
            SpecSifs, Sps0CtrlHigh, SysFuncEn, SysFuncEnLow, TbttProhibit, Tdectrl, TdectrlBcnHead,
            TrxdmaCtrl, TrxffBndy, TxdmaOffsetChk, TxpktbufBcnqBdny, TxpktbufMgqBdny,
            TxpktbufWmacLbkBfHd,
        },
        usb::{
            UsbAggTh, UsbAggTo, UsbDmaAggTo, UsbEpTx, UsbPhyAddr, UsbPhyData, UsbPhyGo,
            UsbSpecialOption,
        },
    },
    rf,
};

/// The last page of the transmit buffer that queues may have; the one behind begins the ring of
/// beacons and reserved frames.
const LAST_QUEUE_PAGE: u8 = 248;
const BOUNDARY: u8 = LAST_QUEUE_PAGE + 1;
const LAST_PAGE: u8 = 255;
/// Pages that all queues share.
const PUBLIC_PAGES: u8 = 231;
/// Last byte of the receive buffer.
const RX_BOUNDARY: RxffBndy = RxffBndy(0x27ff);
/// Pages of 128 bytes, both ways.
const PAGE_SIZES: Pbp = Pbp(0x11);
/// Contention parameters until core knows better, in the order of `EDCA_PARAM`.
const EDCA_DEFAULTS: [u32; 4] = [0x0000_a44f, 0x005e_a42b, 0x005e_a324, 0x002f_a226];
/// Queue maps: all high; high and normal; high and low; one each.
const QMAP_HQ: u16 = 0xfff0;
const QMAP_HQ_NQ: u16 = 0xfaf0;
const QMAP_HQ_LQ: u16 = 0xf5f0;
const QMAP_3EP: u16 = 0xf5b0;

/// The MAC's registers by table. Neighbours that fill a word travel together: a write of 2 or 4
/// bytes is to the chip the same as that many of one.
pub(super) fn mac_table<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
) -> Result<(), ChipError> {
    let mut rest = tables::MAC;
    while let Some((addr, _)) = rest.first().copied() {
        let len = word_len(addr, rest);
        let (word, after) = rest.split_at(len);
        let value = word.iter().rev().fold(0, |value, (_, byte)| value << 8 | u32::from(*byte));
        io.write_at(cx, addr, len, value)?;
        rest = after;
    }
    let byte_at = |addr| {
        let row = tables::MAC.iter().rfind(|(at, _)| *at == addr);
        row.map_or(0, |(_, byte)| *byte)
    };
    io.remember(Rrsr::from_bits(u32::from_le_bytes([byte_at(0x440), byte_at(0x441), 0, 0])));
    io.remember(BcnCtrl::from_bits(byte_at(0x550)));
    io.remember(BcnCtrl1(byte_at(0x551)));
    Ok(())
}

/// How many of the first rows make an aligned word: 4, 2 or 1.
fn word_len(addr: u16, rows: &[(u16, u8)]) -> usize {
    let follow = |len: usize| {
        rows.len() >= len && rows.iter().zip(addr..).take(len).all(|((at, _), want)| *at == want)
    };
    match addr % 4 {
        0 if follow(4) => 4,
        0 | 2 if follow(2) => 2,
        _ => 1,
    }
}

/// Which queues have endpoints of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Queues {
    High,
    HighNormal,
    HighLow,
    All,
}

impl Queues {
    fn find<B: RegisterBus>(
        io: &mut Access<B>,
        cx: &mut Sleepable,
        out: u8,
    ) -> Result<Self, ChipError> {
        Ok(match out {
            0 | 1 => Self::High,
            2 => {
                let endpoints: UsbEpTx = io.get(cx)?;
                if endpoints.normal() == 0 && endpoints.low() != 0 {
                    Self::HighLow
                } else {
                    Self::HighNormal
                }
            }
            _ => Self::All,
        })
    }

    const fn map(self) -> u16 {
        match self {
            Self::High => QMAP_HQ,
            Self::HighNormal => QMAP_HQ_NQ,
            Self::HighLow => QMAP_HQ_LQ,
            Self::All => QMAP_3EP,
        }
    }

    /// Pages: high, normal, low. What is not public is shared out, the rest goes to the high queue.
    const fn pages(self) -> (u8, u8, u8) {
        let own = LAST_QUEUE_PAGE - PUBLIC_PAGES;
        match self {
            Self::High => (own, 0, 0),
            Self::HighNormal => (own - own / 2, own / 2, 0),
            Self::HighLow => (own - own / 2, 0, own / 2),
            Self::All => (own - 2 * (own / 3), own / 3, own / 3),
        }
    }
}

/// Buffers, pages and queues.
pub(super) fn buffers<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    out_endpoints: u8,
) -> Result<(), ChipError> {
    llt::init(io, cx, LAST_QUEUE_PAGE, LAST_PAGE)?;
    let queues = Queues::find(io, cx, out_endpoints)?;
    let (high, normal, low) = queues.pages();
    io.set(cx, RqpnNpq(normal))?;
    let pages = Rqpn::new().with_hpq(high).with_lpq(low).with_pubq(PUBLIC_PAGES).with_ld(true);
    io.set(cx, pages)?;
    io.set(cx, TxpktbufBcnqBdny(BOUNDARY))?;
    io.set(cx, TxpktbufMgqBdny(BOUNDARY))?;
    io.set(cx, TxpktbufWmacLbkBfHd(BOUNDARY))?;
    io.set(cx, TrxffBndy(BOUNDARY))?;
    io.set(cx, TdectrlBcnHead(BOUNDARY))?;
    let old: TrxdmaCtrl = io.get(cx)?;
    let mapped = TrxdmaCtrl::from_bits((old.into_bits() & 0x000f) | queues.map());
    io.set(cx, mapped.with_rxdma_agg_en(true))?;
    io.set(cx, RX_BOUNDARY)?;
    io.set(cx, PAGE_SIZES)?;
    io.change(cx, |check: TxdmaOffsetChk| check.with_drop_data_en(true))
}

/// The MAC: address, interrupts, timing, aggregation, beacons.
pub(super) fn mac<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    addr: MacAddr,
) -> Result<(), ChipError> {
    io.set(cx, RxDrvinfoSz(4))?; // 32 bytes of measurements before each frame.
    io.set(cx, Hisr(u32::MAX))?;
    io.set(cx, Himr(u32::MAX))?;
    io.set(cx, Msr(0))?;
    address(io, cx, MACID0, addr)?;
    // Core sorts group addresses itself: the hash lets all through.
    for half in MAR {
        io.write_at(cx, half, 4, u32::MAX)?;
    }
    io.set(cx, Rl(0x3030))?;
    for (register, value) in EDCA_PARAM.into_iter().zip(EDCA_DEFAULTS) {
        io.put_at(cx, register, value)?;
    }
    io.set(cx, SpecSifs(0x100a))?;
    io.set(cx, MacSpecSifs(0x100a))?;
    io.set(cx, SifsCck(0x100a))?;
    io.set(cx, SifsOfdm(0x100a))?;
    io.set(cx, Ackto(0x40))?;
    aggregation(io, cx)?;
    io.set(cx, TbttProhibit(0x6404))?;
    io.set(cx, Drverlyint(5))?;
    io.set(cx, Bcntcfg(0x660f))?;
    io.set(cx, AgglenLmt(0x9999_7631))?;
    io.set(cx, MaxAggrNum(0x0708))?;
    io.set(cx, power::ENGINES.with_mactxen(true).with_macrxen(true))
}

/// Several frames in one USB transfer.
fn aggregation<B: RegisterBus>(io: &mut Access<B>, cx: &mut Sleepable) -> Result<(), ChipError> {
    io.change(cx, |control: Tdectrl| control.with_blk_desc_num(6).with_bcn_head(BOUNDARY))?;
    io.change(cx, |option: UsbSpecialOption| option.with_agg_en(true))?;
    io.set(cx, RxdmaAggPgTh(48))?;
    io.set(cx, UsbDmaAggTo(4))?;
    io.set(cx, UsbAggTh(8))?;
    io.set(cx, UsbAggTo(6))
}

/// Writes an address of 6 bytes.
pub(super) fn address<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    at: [u16; 2],
    MacAddr([a, b, c, d, e, f]): MacAddr,
) -> Result<(), ChipError> {
    let [low, high] = at;
    io.write_at(cx, low, 4, u32::from_le_bytes([a, b, c, d]))?;
    io.write_at(cx, high, 2, u32::from_le_bytes([e, f, 0, 0]))
}

/// Baseband: supplies, tables, gain control.
pub(super) fn baseband<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    kind: Kind,
) -> Result<(), ChipError> {
    let func: SysFuncEn = io.get(cx)?;
    io.set(cx, func.with_bb_rstb(true).with_bb_glb_rst(true).with_dio_rf(true))?;
    io.set(cx, AfePllCtrl(0xdb83))?;
    io.set(cx, RfCtrl(7))?;
    io.set(cx, SysFuncEnLow(0x17))?;
    io.set(cx, Ldohci12Ctrl(0x0f))?;
    io.set(cx, Sps0CtrlHigh(0xe9))?;
    io.set(cx, AfeXtalCtrlHigh(0x80))?;
    let table = tables::bb(kind);
    for (addr, value) in table {
        io.write_at(cx, *addr, 4, *value)?;
    }
    io.holds(table);
    if kind == Kind::Rtl8191Cu {
        one_transmitter(io, cx)?;
    }
    for value in tables::agc(kind) {
        io.set(cx, Ofdm0Agcrssitable(*value))?;
    }
    Ok(())
}

/// RTL8191CU: the tables are of two transmitters; one is not there.
fn one_transmitter<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
) -> Result<(), ChipError> {
    const ANALOGUE: [u16; 5] = [0x0e74, 0x0e78, 0x0e7c, 0x0e80, 0x0e88];
    io.change(cx, |Fpga0Txinfo(old)| Fpga0Txinfo((old & !0x3) | 0x2))?;
    io.change(cx, |Fpga1Txinfo(old)| Fpga1Txinfo((old & !0x0030_0033) | 0x0020_0022))?;
    io.change(cx, |Cck0Afesetting(old)| Cck0Afesetting((old & !0xff00_0000) | 0x4500_0000))?;
    io.change(cx, |Ofdm0Trxpathena(old)| Ofdm0Trxpathena((old & !0xff) | 0x23))?;
    io.change(cx, |Ofdm0Agcparam1(old)| Ofdm0Agcparam1((old & !0x30) | 0x10))?;
    for addr in ANALOGUE {
        io.change_at(cx, addr, |old: u32| (old & !0x0c00_0000) | 0x0800_0000)?;
    }
    Ok(())
}

/// Radios, and what they hold then in their register of channels.
pub(super) fn radios<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    board: &Board,
) -> Result<[u32; 2], ChipError> {
    let mut channel = [0; 2];
    for (path, place) in board.rx_paths().iter().zip(&mut channel) {
        radio_table(io, cx, *path, tables::rf(board.kind, *path))?;
        *place = rf::read(io, cx, *path, radio::CHNLBW)?;
    }
    if board.is_umc_a_cut {
        rf::write(io, cx, Path::A, radio::RX_G1, 0x30255)?;
        rf::write(io, cx, Path::A, radio::RX_G2, 0x50a00)?;
    }
    io.change(cx, |mode: Fpga0Rfmod| mode.with_cck_en(true).with_ofdm_en(true))?;
    Ok(channel)
}

fn radio_table<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    path: Path,
    table: &[(u8, u32)],
) -> Result<(), ChipError> {
    let lines = path.of(FPGA0_RFIFACEOE);
    io.change_at(cx, lines, |lines: Fpga0Rfifaceoe| lines.with_env_output(true))?;
    io.change_at(cx, lines, |lines: Fpga0Rfifaceoe| lines.with_env_high(true))?;
    let serial = path.of(HSSI_PARAM2);
    io.change_at(cx, serial, |serial: HssiParam2| serial.with_addr_length(false))?;
    io.change_at(cx, serial, |serial: HssiParam2| serial.with_data_length(false))?;
    for (addr, value) in table {
        if *addr == tables::RF_DELAY {
            io.delay_us(cx, *value);
        } else {
            rf::write(io, cx, path, *addr, *value)?;
        }
    }
    Ok(())
}

/// What comes when the radios work: keys, antenna, retries, the USB transceiver.
pub(super) fn finish<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    board: &Board,
) -> Result<(), ChipError> {
    cam::init(io, cx)?;
    if let ([_], [_]) = (board.tx_paths(), board.rx_paths()) {
        io.change(cx, |light: Ledcfg2| light.with_antenna_select(true))?;
        io.change(cx, |switch: Fpga0Rfparam| switch.with_antenna_select(true))?;
        io.change(cx, |light: Ledcfg2| light.with_antenna_select(false))?;
    }
    io.set(cx, HwseqCtrl(0xff))?;
    io.set(cx, BarModeCtrl(0x0201_ffff))?;
    io.set(cx, NavUpper(0))?;
    io.change(cx, |pins: GpioMuxcfg| pins.with_enbt(false))?;
    for (register, value) in DARFRC.into_iter().zip([0x0403_0201, 0x0807_0605].iter().cycle()) {
        io.write_at(cx, register, 4, *value)?;
    }
    io.set(cx, UsbPhyData(0xe0))?;
    io.set(cx, UsbPhyAddr(0x8d))?;
    io.set(cx, UsbPhyGo(0x80))?;
    amplifiers(io, cx, board)
}

/// Bias of the power amplifiers, as the maker measured it.
fn amplifiers<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    board: &Board,
) -> Result<(), ChipError> {
    for (bit, path) in board.rx_paths().iter().enumerate() {
        if board.pa_setting >> bit & 1 == 0 {
            for value in [0x0f406, 0x4f406, 0x8f406, 0xcf406] {
                rf::write(io, cx, *path, radio::IPA, value)?;
            }
        }
    }
    if board.pa_setting >> 4 & 1 == 0 {
        io.change(cx, |PaSetting(old)| PaSetting((old & 0x0f) | 0x90))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::tests::RecordingBus;

    #[test]
    fn pages_of_queues() {
        assert_eq!(Queues::All.pages(), (7, 5, 5));
        assert_eq!(Queues::HighNormal.pages(), (9, 8, 0));
        assert_eq!(Queues::HighLow.pages(), (9, 0, 8));
        assert_eq!(Queues::High.pages(), (17, 0, 0));
        let (hpq, _, lpq) = Queues::All.pages();
        let pages = Rqpn::new().with_hpq(hpq).with_lpq(lpq).with_pubq(PUBLIC_PAGES).with_ld(true);
        assert_eq!(pages.into_bits(), 0x80e7_0507);
    }

    #[test]
    fn words_of_the_mac_table_hold_its_bytes() {
        let (bus, log) = RecordingBus::new();
        let mut io = Access::new(bus);
        io.begin(1_000_000);
        mac_table(&mut io, &mut Sleepable::enter_from_shim()).unwrap();
        let writes = log.writes32();
        assert!(writes.len() < 50, "{}", writes.len());
        assert!(writes.contains(&(0x430, 0x0100_0000)) && writes.contains(&(0x63c, 0x0e0a_0e0a)));
        let mut bytes = Vec::new();
        for (addr, len, value) in log.accesses() {
            bytes.extend((addr..).zip(value.to_le_bytes()).take(len));
        }
        assert_eq!(bytes, tables::MAC);
    }
}
