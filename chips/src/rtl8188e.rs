// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! RTL8188E: one stream, 2.4 GHz only.

use tern_core::{
    chip::{Chip, ChipEvent, ChipInfo, Offloads, RegisterBus, RegisterBusExt},
    control::RxFilter,
    io::{Framing, RX_UNIT_MAX, RxCarry, RxFrame, RxItem, TxInfo, TxReport},
    os::{OsError, Sleepable},
    types::{Channel, MacAddr},
};

use crate::regs::{RfMode, RfWrite};

/// What this chip is.
pub const INFO: ChipInfo = ChipInfo {
    name: "RTL8188E",
    firmware: "rtlwifi/rtl8188eufw.bin",
    offloads: Offloads::RATE_CONTROL,
};

/// Radio register with the channel and the bandwidth.
const RF_CHANNEL: u8 = 0x18;
const RF_CHANNEL_MASK: u32 = 0x3ff;
const RF_CHANNEL_BANDWIDTH_20MHZ: u32 = 0xc00;
const REG_CR: u16 = 0x0100;
const REG_BSSID: u16 = 0x0618;
const REG_RCR: u16 = 0x0608;
const RCR_OWN: u32 = 0xe;
const RCR_ALL: u32 = 0x1;
const REG_FIRMWARE: u16 = 0x1000;

/// The backend, with the bus that it alone uses.
#[derive(Debug)]
pub struct Rtl8188E<B> {
    bus: B,
    /// The last value of [`RF_CHANNEL`]: reading it back costs two more transfers.
    rf_channel: u32,
    firmware_at: u16,
}

impl<B: RegisterBus> Rtl8188E<B> {
    /// A chip that is still off.
    pub const fn new(bus: B) -> Self {
        Self { bus, rf_channel: 0, firmware_at: REG_FIRMWARE }
    }
}

impl<B: RegisterBus + Send> Chip for Rtl8188E<B> {
    fn info(&self) -> &'static ChipInfo {
        &INFO
    }

    fn start(&mut self, cx: &mut Sleepable) -> Result<(), OsError> {
        (self.rf_channel, self.firmware_at) = (0, REG_FIRMWARE);
        self.bus.write(cx, REG_CR, &[0xff])?;
        self.bus.write(cx, REG_RCR, &RCR_OWN.to_le_bytes())
    }

    fn load_firmware(&mut self, cx: &mut Sleepable, piece: &[u8]) -> Result<(), OsError> {
        self.bus.write(cx, self.firmware_at, piece)?;
        let len = u16::try_from(piece.len()).map_err(|_| OsError::NoFirmware)?;
        self.firmware_at = self.firmware_at.checked_add(len).ok_or(OsError::NoFirmware)?;
        Ok(())
    }

    fn stop(&mut self, cx: &mut Sleepable) -> Result<(), OsError> {
        self.bus.write(cx, REG_CR, &[0])
    }

    fn set_channel(&mut self, cx: &mut Sleepable, channel: Channel) -> Result<(), OsError> {
        self.bus.update(cx, |mode: RfMode| mode.with_wide_40mhz(false))?;
        let value = (self.rf_channel & !RF_CHANNEL_MASK)
            | RF_CHANNEL_BANDWIDTH_20MHZ
            | u32::from(channel.number());
        self.bus.set(cx, RfWrite::new().with_address(RF_CHANNEL).with_data(value))?;
        self.rf_channel = value;
        Ok(())
    }

    fn set_bssid(&mut self, cx: &mut Sleepable, bssid: Option<MacAddr>) -> Result<(), OsError> {
        let MacAddr(bytes) = bssid.unwrap_or(MacAddr([0; 6]));
        self.bus.write(cx, REG_BSSID, &bytes)
    }

    fn set_rx_filter(&mut self, cx: &mut Sleepable, filter: RxFilter) -> Result<(), OsError> {
        let all = if filter.contains(RxFilter::PROMISCUOUS) { RCR_ALL } else { 0 };
        self.bus.write(cx, REG_RCR, &(RCR_OWN | all).to_le_bytes())
    }

    fn on_message(&mut self, _cx: &mut Sleepable, _message: &[u8]) -> Result<ChipEvent, OsError> {
        Ok(ChipEvent::Nothing)
    }
}

/// How the chip wraps frames on USB.
#[derive(Clone, Copy, Debug, Default)]
pub struct Framing8188E;

const TX_DESCRIPTOR_LEN: u8 = 32;
const RX_DESCRIPTOR_LEN: usize = 24;
const RX_ALIGNMENT: usize = 128;

/// Where the parts of a receive unit lie; needs no more than the descriptor.
struct RxUnit {
    kind: u32,
    payload: usize,
    end: usize,
}

impl RxUnit {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
        let (word0, word3) = (word(0)?, word(12)?);
        let len = usize::try_from(word0 & 0x3fff).ok()?;
        let info_len = 8 * usize::try_from(word0 >> 16 & 0xf).ok()?;
        let payload = RX_DESCRIPTOR_LEN + info_len;
        Some(Self { kind: word3 >> 14 & 3, payload, end: payload + len })
    }

    fn item<'a>(&self, bytes: &'a [u8]) -> RxItem<'a> {
        let Some(payload) = bytes.get(self.payload..self.end) else { return RxItem::Bad };
        match (self.kind, payload) {
            (0, bytes) => RxItem::Frame(RxFrame { bytes, signal_dbm: 0 }),
            (1, [_, state, retries, ..]) => RxItem::TxReport(TxReport {
                mac_id: state & 0x3f,
                acked: state & 0x40 != 0,
                retries: retries & 0x3f,
            }),
            (2 | 3, bytes) => RxItem::Message(bytes),
            _ => RxItem::Bad,
        }
    }
}

impl Framing for Framing8188E {
    fn tx_descriptor_len(&self) -> usize {
        TX_DESCRIPTOR_LEN.into()
    }

    fn write_tx_descriptor(&self, out: &mut [u8], tx: TxInfo) {
        let word0 = u32::from(tx.frame_len) | u32::from(TX_DESCRIPTOR_LEN) << 16;
        let word1 = u32::from(tx.mac_id);
        for (word, bytes) in [word0, word1].into_iter().zip(out.chunks_exact_mut(4)) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
    }

    fn next_rx<'a>(
        &self,
        carry: &'a mut RxCarry,
        transfer: &'a [u8],
        at: &mut usize,
    ) -> Option<RxItem<'a>> {
        if *at == 0 && !carry.bytes.is_empty() {
            return finish_carried(carry, transfer, at);
        }
        if *at != 0 {
            carry.bytes.clear(); // What it held went out with the item before.
        }
        let rest = transfer.get(*at..).filter(|rest| !rest.is_empty())?;
        let unit = RxUnit::parse(rest);
        let end = unit.as_ref().map_or(RX_DESCRIPTOR_LEN, |unit| unit.end);
        if end > RX_UNIT_MAX {
            *at = transfer.len();
            return Some(RxItem::Bad);
        }
        let Some(unit) = unit.filter(|unit| unit.end <= rest.len()) else {
            *at = transfer.len();
            let _ = carry.bytes.extend_from_slice(rest); // Shorter than RX_UNIT_MAX.
            return None;
        };
        *at += unit.end.next_multiple_of(RX_ALIGNMENT);
        Some(unit.item(rest))
    }
}

/// Completes the unit that the transfer before began.
fn finish_carried<'a>(
    carry: &'a mut RxCarry,
    transfer: &'a [u8],
    at: &mut usize,
) -> Option<RxItem<'a>> {
    let before = carry.bytes.len();
    let room = RX_UNIT_MAX - before;
    let _ = carry.bytes.extend_from_slice(transfer.get(..room).unwrap_or(transfer));
    let unit = RxUnit::parse(&carry.bytes)?;
    if unit.end > carry.bytes.len() {
        *at = transfer.len();
        if unit.end > RX_UNIT_MAX {
            carry.bytes.clear();
            return Some(RxItem::Bad);
        }
        return None;
    }
    *at = unit.end.next_multiple_of(RX_ALIGNMENT).saturating_sub(before);
    Some(unit.item(&carry.bytes))
}
