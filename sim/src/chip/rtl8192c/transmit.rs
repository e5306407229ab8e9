// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Frames that go out: checks, queues, sequence numbers, encryption, rate, beacons.

use super::{
    Refused, Rtl8192c,
    buffers::{Boundaries, PAGE_LEN},
    ccmp,
    filter::address,
    keys::algorithm,
    rates,
    registers::at,
    rf::Tuning,
    tx_descriptor::{
        self, CIPHER_AES, CIPHER_NONE, QUEUE_BEACON, QUEUE_HIGH, QUEUE_MANAGEMENT, TxDescriptor,
    },
};
use crate::air::{Air, Micros, OnAir, Rate};

/// CR: host and TX DMA, protocol, scheduler, MAC transmitter; security engine; reserved pages.
const CR_TX: u16 = 1 << 0 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 6;
const CR_SECURITY: u16 = 1 << 9;
const CR_SOFTWARE_BEACON: u16 = 1 << 8;
/// TDECTRL: the beacon page is filled.
const BEACON_VALID: u32 = 1 << 16;
/// FWHW_TXQ_CTRL: what is in the beacon page is a beacon.
const REAL_BEACON: u32 = 1 << 22;
/// TXDMA_OFFSET_CHK: drop frames whose descriptor has a bad checksum.
const DROP_BAD_CHECKSUM: u32 = 1 << 9;
/// BCN_CTRL: beacon function.
const BEACON_FUNCTION: u8 = 1 << 3;
/// MSR modes of port 0.
const MODE_ADHOC: u8 = 1;
const MODE_AP: u8 = 3;
/// FPGA0_RFMOD: CCK and OFDM on.
const CCK_ON: u32 = 1 << 24;
const OFDM_ON: u32 = 1 << 25;
/// Rows of the AGC table of every chip of the family.
const AGC_ROWS: u32 = 160;
/// Different registers that the RF table of either chain writes at least (of 64; chain B's is short).
const RF_REGISTERS: u32 = 10;
/// When a full buffer whose queue is paused is asked again.
const PAUSED_RETRY_US: Micros = 5_000;
/// Shortest frame: a control frame with one address.
const FRAME_MIN: usize = 10;
/// Longest frame that the descriptor can state and the family can send.
const FRAME_MAX: usize = 4096;

/// A frame in the packet buffer.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    descriptor: TxDescriptor,
    frame: Vec<u8>,
}

impl Waiting {
    fn pages(&self) -> usize {
        (tx_descriptor::LEN + self.frame.len()).div_ceil(PAGE_LEN)
    }

    /// Its bit in TXPAUSE: VO, VI, BE, BK, management, high, beacon.
    fn pause_bit(&self) -> u8 {
        match self.descriptor.queue {
            6 | 7 => 1 << 0,
            4 | 5 => 1 << 1,
            0 | 3 => 1 << 2,
            1 | 2 => 1 << 3,
            QUEUE_HIGH => 1 << 5,
            QUEUE_BEACON => 1 << 6,
            _ => 1 << 4,
        }
    }

    fn is_group(&self) -> bool {
        self.frame[4] & 1 != 0
    }
}

impl Rtl8192c {
    pub(super) fn take_transfer(
        &mut self,
        now: Micros,
        air: &mut Air,
        endpoint: u8,
        transfer: &[u8],
    ) -> Result<(), Refused> {
        self.advance(now);
        let bulk_out = self.model.profile().bulk_out;
        let Some(position) = bulk_out.iter().position(|known| *known == endpoint) else {
            return Err(Refused::Stall);
        };
        self.buffers.room(now, transfer.len().div_ceil(PAGE_LEN)).map_err(Refused::Busy)?;
        let waiting: usize = self.waiting.iter().map(Waiting::pages).sum();
        if waiting + transfer.len().div_ceil(PAGE_LEN) > usize::from(super::buffers::LAST_PAGE) {
            return Err(Refused::Busy(now + PAUSED_RETRY_US));
        }
        if self.may_transmit(now) {
            self.split_transfer(now, air, position, transfer);
            self.send_waiting(now, air);
        }
        Ok(())
    }

    /// Whether everything is on that a frame needs; a frame that comes too early is lost.
    fn may_transmit(&mut self, now: Micros) -> bool {
        let missing = CR_TX & !self.registers.word(at::CR);
        if !self.is_on || missing != 0 {
            self.faults.add(now, "tx-before-enable", || {
                format!("a frame while CR 0x100 lacks bits {missing:#06x}")
            });
            return false;
        }
        let registers = &self.registers;
        let boundaries = Boundaries {
            pages: [
                ("TXPKTBUF_BCNQ_BDNY", registers.byte(at::TXPKTBUF_BCNQ_BDNY)),
                ("TXPKTBUF_MGQ_BDNY", registers.byte(at::TXPKTBUF_MGQ_BDNY)),
                ("TXPKTBUF_WMAC_LBK_BF_HD", registers.byte(at::TXPKTBUF_WMAC_LBK_BF_HD)),
                ("TRXFF_BNDY", registers.byte(at::TRXFF_BNDY)),
                ("TDECTRL+1", registers.byte(at::TDECTRL + 1)),
            ],
            rx: registers.word(at::TRXFF_BNDY + 2),
            page_size: registers.byte(at::PBP),
        };
        self.buffers.check(now, &mut self.faults, &boundaries);
        self.check_tables(now);
        true
    }

    /// Whether the tables were written without which nothing useful leaves the antenna.
    fn check_tables(&mut self, now: Micros) {
        let rf = |chain| self.rf.registers_written(chain);
        let poorest = (0..self.model.profile().chains).map(rf).min().unwrap_or(0);
        if self.agc_rows < AGC_ROWS || poorest < RF_REGISTERS {
            let rows = self.agc_rows;
            self.faults.add(now, "tx-without-tables", || {
                format!(
                    "a frame after {rows} rows of AGC table and {poorest} RF registers of a chain"
                )
            });
        }
    }

    /// Frames of one transfer, each behind its descriptor and at a multiple of eight.
    fn split_transfer(&mut self, now: Micros, air: &mut Air, position: usize, transfer: &[u8]) {
        let mut at = 0;
        let mut left = None;
        loop {
            let Some(bytes) = transfer.get(at..).and_then(<[u8]>::first_chunk) else {
                self.faults.add(now, "tx-short", || {
                    let left = transfer.len().saturating_sub(at);
                    format!("{left} bytes of bulk OUT left, a descriptor has 32")
                });
                return;
            };
            let descriptor = TxDescriptor::parse(bytes);
            let is_good = self.check_checksum(now, bytes);
            let end = at + descriptor.frame_at() + descriptor.len;
            let count = *left.get_or_insert(descriptor.count.max(1));
            let Some(frame) = transfer.get(at + descriptor.frame_at()..end) else {
                self.faults.add(now, "tx-length", || {
                    format!(
                        "descriptor needs {} bytes, transfer has {}",
                        end - at,
                        transfer.len() - at
                    )
                });
                return;
            };
            if is_good && self.check_descriptor(now, position, &descriptor, frame) {
                self.accept(now, air, Waiting { descriptor, frame: frame.to_vec() });
            }
            left = Some(count - 1);
            at = end.next_multiple_of(8);
            if count == 1 {
                break;
            }
        }
    }

    fn check_checksum(&mut self, now: Micros, bytes: &[u8; tx_descriptor::LEN]) -> bool {
        let sum = tx_descriptor::checksum(bytes);
        if sum == 0 {
            return true;
        }
        self.faults
            .add(now, "tx-checksum", || format!("TX descriptor checksum is off by {sum:#06x}"));
        self.registers.dword(at::TXDMA_OFFSET_CHK) & DROP_BAD_CHECKSUM == 0
    }

    /// Says what is wrong with a descriptor; false when the frame cannot be sent.
    fn check_descriptor(
        &mut self,
        now: Micros,
        position: usize,
        descriptor: &TxDescriptor,
        frame: &[u8],
    ) -> bool {
        let faults = &mut self.faults;
        let segments = (descriptor.own, descriptor.first_segment, descriptor.last_segment);
        if segments != (true, true, true) {
            faults.add(now, "tx-flags", || format!("OWN, FSG, LSG are {segments:?}, must be set"));
        }
        if usize::from(descriptor.offset) != tx_descriptor::LEN {
            faults.add(now, "tx-offset", || format!("offset {}, must be 32", descriptor.offset));
        }
        if !(FRAME_MIN..=FRAME_MAX).contains(&frame.len()) {
            faults.add(now, "tx-frame-length", || format!("a frame of {} bytes", frame.len()));
            return false;
        }
        if matches!(descriptor.queue, 8..QUEUE_BEACON | 0x14..) {
            faults
                .add(now, "tx-queue", || format!("queue {:#04x} does not exist", descriptor.queue));
            return false;
        }
        self.check_endpoint(now, position, descriptor.queue);
        true
    }

    /// Whether the queue's frames are expected at this endpoint, by TRXDMA_CTRL 0x10c.
    fn check_endpoint(&mut self, now: Micros, position: usize, queue: u8) {
        let map = self.registers.word(at::TRXDMA_CTRL);
        let shift = match queue {
            6 | 7 => 4,
            4 | 5 => 6,
            0 | 3 => 8,
            1 | 2 => 10,
            QUEUE_MANAGEMENT => 12,
            _ => 14,
        };
        // Codes: 3 high, 2 normal, 1 low; endpoints are in that order.
        let code = map >> shift & 3;
        let expected = match (code, self.model.profile().bulk_out.len()) {
            (3, _) | (_, 1) => 0,
            (2, _) | (1, 2) => 1,
            (1, _) => 2,
            _ => usize::MAX,
        };
        if expected != position {
            self.faults.add(now, "tx-endpoint", || {
                format!(
                    "queue {queue:#04x} at endpoint {position}, TRXDMA_CTRL {map:#06x} says {code}"
                )
            });
        }
    }

    fn accept(&mut self, now: Micros, air: &mut Air, waiting: Waiting) {
        if waiting.descriptor.queue != QUEUE_BEACON {
            self.waiting.push_back(waiting);
            return;
        }
        let decision = self.registers.dword(at::TDECTRL);
        self.registers.set_dword(at::TDECTRL, decision | BEACON_VALID);
        let is_reserved = self.registers.word(at::CR) & CR_SOFTWARE_BEACON != 0
            && self.registers.dword(at::FWHW_TXQ_CTRL) & REAL_BEACON == 0;
        self.beacon = (!is_reserved).then_some(waiting);
        self.reschedule_beacon(now);
        let _ = air;
    }

    /// Sends what waits and whose queue is not paused.
    pub(super) fn send_waiting(&mut self, now: Micros, air: &mut Air) {
        let pause = self.registers.byte(at::TXPAUSE);
        for _ in 0..self.waiting.len() {
            let Some(waiting) = self.waiting.pop_front() else { break };
            if waiting.pause_bit() & pause != 0 {
                self.waiting.push_back(waiting);
            } else {
                self.send(now, air, waiting);
            }
        }
    }

    fn send(&mut self, now: Micros, air: &mut Air, mut waiting: Waiting) {
        let Some(tuning) = self.tuning_for_tx(now) else { return };
        let Some(rate) = self.rate(now, &waiting, tuning) else { return };
        if waiting.descriptor.hardware_sequence {
            self.number(&mut waiting.frame);
        }
        let (pages, is_group) = (waiting.pages(), waiting.is_group());
        let descriptor = waiting.descriptor;
        if descriptor.cipher != CIPHER_NONE {
            self.encrypt(now, &descriptor, &mut waiting.frame);
        }
        let limits = self.registers.word(at::RL);
        let tries = descriptor.retry_limit.unwrap_or((limits >> 8 & 0x3f) as u8) + 1;
        let frame = self.on_air(tuning, rate, waiting.frame);
        let outcome = air.transmit(now, self.radio, frame, tries);
        self.buffers.hold(outcome.done_at, pages);
        if descriptor.report {
            self.mailbox.report(descriptor.macid, outcome.retries, outcome.acked, is_group);
            self.advance(now);
        }
    }

    fn on_air(&self, tuning: Tuning, rate: Rate, bytes: Vec<u8>) -> OnAir {
        let Tuning { channel, width_mhz } = tuning;
        OnAir { channel, width_mhz, rate, power_dbm: self.power_dbm(rate), bytes }
    }

    /// Transmit power in dBm: the index of chain A in halves.
    fn power_dbm(&self, rate: Rate) -> i8 {
        let index = match rate {
            rate if rate.is_cck() => self.registers.byte(at::TXAGC_CCK + 1),
            Rate::Legacy(_) => self.registers.byte(at::TXAGC_OFDM),
            Rate::Ht { .. } => self.registers.byte(at::TXAGC_MCS),
        };
        (index.min(0x3f) / 2) as i8
    }

    fn tuning_for_tx(&mut self, now: Micros) -> Option<Tuning> {
        if self.tuned.is_none() {
            self.faults.add(now, "tx-untuned", || {
                "a frame while receiver, baseband or RF is off, or on no channel".to_owned()
            });
        }
        self.tuned
    }

    /// The rate: the driver's, or the best that the firmware was told the peer can.
    fn rate(&mut self, now: Micros, waiting: &Waiting, tuning: Tuning) -> Option<Rate> {
        let descriptor = &waiting.descriptor;
        let peer = self.mailbox.peer(descriptor.macid);
        let by_firmware = rates::best_of(peer.mask).filter(|_| !descriptor.driver_rate);
        if !descriptor.driver_rate && !self.firmware.runs() {
            self.faults.add(now, "tx-rate-without-firmware", || {
                "the firmware is to choose the rate, but none runs".to_owned()
            });
        }
        let index = by_firmware.unwrap_or(descriptor.rate);
        let short_gi = descriptor.short_gi || by_firmware.is_some() && peer.short_gi;
        let width_mhz = if descriptor.wide { 40 } else { 20 };
        let rate = rates::from_index(index, width_mhz, short_gi);
        let Some(rate) = rate else {
            self.faults.add(now, "tx-rate", || format!("rate {index:#04x} does not exist"));
            return None;
        };
        if self.model.profile().chains == 1 && index > rates::LAST_OF_ONE_STREAM {
            self.faults.add(now, "tx-streams", || {
                format!("rate {index:#04x} has two streams, the chip one chain")
            });
        }
        if width_mhz > tuning.width_mhz {
            self.faults.add(now, "tx-width", || "a 40 MHz frame on a 20 MHz channel".to_owned());
        }
        let (name, needed) = if rate.is_cck() { ("CCK", CCK_ON) } else { ("OFDM", OFDM_ON) };
        if self.registers.dword(at::FPGA0_RFMOD) & needed == 0 {
            self.faults.add(now, "tx-modulation", || {
                format!("a frame at {rate:?} while FPGA0_RFMOD has {name} off")
            });
        }
        Some(rate)
    }

    /// The chip's own sequence number.
    fn number(&mut self, frame: &mut [u8]) {
        if let Some(place) = frame.get_mut(22..24) {
            let fragment = place[0] & 0x0f;
            place.copy_from_slice(&(self.sequence << 4 | u16::from(fragment)).to_le_bytes());
            self.sequence = (self.sequence + 1) & 0x0fff;
        }
    }

    fn encrypt(&mut self, now: Micros, descriptor: &TxDescriptor, frame: &mut Vec<u8>) {
        if self.registers.word(at::CR) & CR_SECURITY == 0 {
            self.faults.add(now, "tx-security-off", || {
                "a frame is to be encrypted while CR bit 9 is clear".to_owned()
            });
            return;
        }
        if frame[1] & 0x40 == 0 {
            // Seen from Linux: it names a cipher for frames that its stack wants in the clear.
            self.notes.add(now, "tx-cipher-unprotected", || {
                format!("cipher {} for a frame without the Protected bit", descriptor.cipher)
            });
            return;
        }
        let (Some(parts), Some(to)) = (ccmp::Parts::of(frame), address(frame, 4)) else {
            self.faults.add(now, "tx-cipher-short", || {
                format!("a frame of {} bytes has no room for its cipher's header", frame.len())
            });
            return;
        };
        let config = self.registers.byte(at::SECCFG);
        let Some(key) = self.keys.for_tx(config, to, parts.key_id(frame)) else {
            self.faults.add(now, "tx-no-key", || {
                format!("no key for {to:02x?} with SECCFG {config:#04x}: sent in the clear")
            });
            return;
        };
        let expects_aes = descriptor.cipher == CIPHER_AES;
        if expects_aes != (key.algorithm == algorithm::AES) {
            self.faults.add(now, "tx-cipher", || {
                format!(
                    "cipher {}, but the key's algorithm is {}",
                    descriptor.cipher, key.algorithm
                )
            });
        } else if expects_aes {
            // `Parts` fitted, and CCM takes any length that a frame can have.
            let _ = ccmp::seal(&key.bytes, frame);
        } else {
            self.notes.add(now, "tx-cipher-unmodelled", || {
                "WEP and TKIP are not modelled: sent in the clear".to_owned()
            });
        }
    }

    /// Whether the chip sends beacons, and when the next one is due.
    pub(super) fn reschedule_beacon(&mut self, now: Micros) {
        let mode = self.registers.byte(at::MSR) & 3;
        let control = self.registers.byte(at::BCN_CTRL);
        let beacons = self.is_on
            && self.beacon.is_some()
            && control & BEACON_FUNCTION != 0
            && matches!(mode, MODE_ADHOC | MODE_AP)
            && self.registers.word(at::CR) & CR_TX == CR_TX;
        let interval = self.registers.word(at::BCN_INTERVAL);
        self.next_beacon = beacons.then(|| self.tsf.next_beacon(now, interval));
    }

    /// Sends the beacon when its time has come.
    pub(super) fn send_due_beacon(&mut self, now: Micros, air: &mut Air) {
        if self.next_beacon.is_none_or(|due| due > now) {
            return;
        }
        self.reschedule_beacon(now);
        let (Some(tuning), Some(mut beacon)) = (self.tuned, self.beacon.clone()) else { return };
        if self.registers.byte(at::TXPAUSE) & beacon.pause_bit() != 0 {
            return;
        }
        if beacon.descriptor.hardware_sequence {
            self.number(&mut beacon.frame);
        }
        if let Some(place) = beacon.frame.get_mut(24..32) {
            place.copy_from_slice(&self.tsf.at(now).to_le_bytes());
        }
        let Some(rate) = self.rate(now, &beacon, tuning) else { return };
        let frame = self.on_air(tuning, rate, beacon.frame);
        air.transmit(now, self.radio, frame, 1);
    }
}
