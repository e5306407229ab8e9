// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Frames that come in: filter, decryption, descriptor, aggregation.

use super::{
    Rtl8192c, ccmp,
    fcs::fcs,
    filter::{Filter, address, rcr},
    keys::algorithm,
    rates,
    registers::at,
    rx_descriptor::{self, RxDescriptor},
};
use crate::air::{Air, Heard, Micros, Rate};

/// Bytes of the RX FIFO.
const FIFO_LEN: usize = 0x2800;
/// Packets of one transfer begin at multiples of this.
const ALIGNMENT: usize = 128;
/// Most packets of one transfer.
const AGGREGATE_MAX: usize = 8;
/// CR: host and RX DMA, MAC receiver; security engine.
const CR_RX: u16 = 1 << 1 | 1 << 3 | 1 << 7;
const CR_SECURITY: u16 = 1 << 9;
/// TRXDMA_CTRL: aggregation of received frames.
const AGGREGATE: u16 = 1 << 2;
/// BCN_CTRL: beacons do not set the TSF.
const NO_TSF_UPDATE: u8 = 1 << 4;
/// HSSI_PARAM2: CCK reports of high-power parts.
const CCK_HIGH_POWER: u32 = 1 << 9;
/// MSR modes of port 0 in which beacons set the TSF.
const MODE_ADHOC: u8 = 1;
const MODE_INFRASTRUCTURE: u8 = 2;
/// Driver information in units of eight bytes.
const DRIVER_INFO: u8 = (rx_descriptor::PHY_STATUS_LEN / 8) as u8;

/// A frame in the RX FIFO.
#[derive(Clone, Debug)]
pub(super) struct Packet {
    descriptor: RxDescriptor,
    phy_status: Option<[u8; rx_descriptor::PHY_STATUS_LEN]>,
    frame: Vec<u8>,
}

impl Packet {
    fn len(&self) -> usize {
        rx_descriptor::LEN + self.phy_status.map_or(0, |status| status.len()) + self.frame.len()
    }
}

impl Rtl8192c {
    /// Takes from the air what has arrived by now.
    pub(super) fn hear(&mut self, now: Micros, air: &mut Air) {
        while let Some(heard) = air.receive(now, self.radio) {
            self.synchronize(&heard);
            let is_ready = self.is_on && self.registers.word(at::CR) & CR_RX == CR_RX;
            if !is_ready || !self.filter().keeps(&heard.bytes) {
                continue;
            }
            let Some(packet) = self.packet(now, heard) else { continue };
            if self.received_len + packet.len() > FIFO_LEN {
                self.notes.add(now, "rx-overflow", || "the RX FIFO is full: frame lost".to_owned());
                continue;
            }
            self.received_len += packet.len();
            self.received.push_back(packet);
        }
    }

    fn filter(&self) -> Filter {
        let registers = &self.registers;
        let low = u64::from(registers.dword(at::MAR));
        Filter {
            rcr: registers.dword(at::RCR),
            maps: core::array::from_fn(|i| registers.word(at::RXFLTMAP + 2 * i as u16)),
            multicast: u64::from(registers.dword(at::MAR + 4)) << 32 | low,
            own: registers.six(at::MACID),
            bssid: registers.six(at::BSSID),
        }
    }

    /// Beacons of the own BSS set the TSF.
    fn synchronize(&mut self, heard: &Heard) {
        let mode = self.registers.byte(at::MSR) & 3;
        let may = self.registers.byte(at::BCN_CTRL) & NO_TSF_UPDATE == 0
            && matches!(mode, MODE_ADHOC | MODE_INFRASTRUCTURE);
        let is_ours = heard.bytes.first() == Some(&0x80)
            && address(&heard.bytes, 16) == Some(self.registers.six(at::BSSID));
        if let Some(timestamp) = heard.bytes.get(24..32)
            && may
            && is_ours
        {
            let value = timestamp.try_into().map_or(0, u64::from_le_bytes);
            self.tsf.set(heard.at, value);
            self.reschedule_beacon(heard.at);
        }
    }

    fn packet(&mut self, now: Micros, heard: Heard) -> Option<Packet> {
        let rate = rates::to_index(heard.rate)?;
        let control = self.registers.dword(at::RCR);
        let (wide, short) = match heard.rate {
            Rate::Ht { width_mhz, short_gi, .. } => (width_mhz == 40, short_gi),
            Rate::Legacy(_) => (false, false),
        };
        let mut descriptor = RxDescriptor {
            rate,
            wide,
            short,
            ht: matches!(heard.rate, Rate::Ht { .. }),
            address_1_matches: address(&heard.bytes, 4) == Some(self.registers.six(at::MACID)),
            has_phy_status: control & rcr::PHY_STATUS != 0,
            tsf_low: self.tsf.at(heard.at) as u32,
            ..RxDescriptor::default()
        };
        let mut frame = heard.bytes;
        let check = fcs(&frame);
        self.decrypt(now, &mut descriptor, &mut frame);
        if descriptor.icv_error && control & rcr::ICV_ERROR == 0 {
            return None;
        }
        let is_decrypted = descriptor.security == algorithm::AES && !descriptor.needs_decrypt;
        if is_decrypted && control & rcr::MIC == 0 {
            frame.truncate(frame.len() - ccmp::MIC_LEN);
        }
        if control & rcr::FCS != 0 {
            frame.extend(check);
        }
        descriptor.len = frame.len();
        self.check_driver_info(now, &descriptor);
        let is_high_power = self.registers.dword(at::HSSI_PARAM2) & CCK_HIGH_POWER != 0;
        let is_cck = heard.rate.is_cck();
        let phy_status = descriptor
            .has_phy_status
            .then(|| rx_descriptor::phy_status(heard.signal_dbm, is_cck, is_high_power));
        Some(Packet { descriptor, phy_status, frame })
    }

    fn check_driver_info(&mut self, now: Micros, descriptor: &RxDescriptor) {
        let size = self.registers.byte(at::RX_DRVINFO_SZ);
        if descriptor.has_phy_status && size != DRIVER_INFO {
            self.faults.add(now, "rx-driver-info", || {
                format!("RX_DRVINFO_SZ 0x60f is {size}, must be {DRIVER_INFO} with PHY status")
            });
        }
    }

    /// Decrypts a protected frame if the key table has its key.
    fn decrypt(&mut self, now: Micros, descriptor: &mut RxDescriptor, frame: &mut [u8]) {
        if frame[1] & 0x40 == 0 {
            return;
        }
        descriptor.needs_decrypt = true;
        let engine = self.registers.word(at::CR) & CR_SECURITY != 0;
        let parts = ccmp::Parts::of(frame).filter(|_| engine);
        let (Some(parts), Some(from)) = (parts, address(frame, 10)) else { return };
        // The engine is for data frames.
        if frame[0] >> 2 & 3 != 2 {
            return;
        }
        let is_group = frame[4] & 1 != 0;
        let config = self.registers.byte(at::SECCFG);
        let Some(key) = self.keys.for_rx(config, from, is_group, parts.key_id(frame)) else {
            return;
        };
        match key.algorithm {
            algorithm::AES => {
                let Some(is_good) = ccmp::open(&key.bytes, frame) else { return };
                descriptor.security = algorithm::AES;
                descriptor.needs_decrypt = !is_good;
                descriptor.icv_error = !is_good;
            }
            algorithm::WEP40 | algorithm::WEP104 | algorithm::TKIP => {
                self.notes.add(now, "rx-cipher-unmodelled", || {
                    "WEP and TKIP are not modelled: handed up as it was received".to_owned()
                });
            }
            _ => {}
        }
    }

    /// The next transfer: one packet, or several when aggregation is on.
    pub(super) fn give_transfer(&mut self) -> Option<Vec<u8>> {
        let aggregates = self.registers.word(at::TRXDMA_CTRL) & AGGREGATE != 0;
        let threshold = usize::from(self.registers.byte(at::RXDMA_AGG_PG_TH)).max(1) * ALIGNMENT;
        let mut count = 0;
        let mut total = 0;
        for packet in &self.received {
            let with_it = usize::next_multiple_of(total, ALIGNMENT) + packet.len();
            let is_full = count == AGGREGATE_MAX || with_it > threshold || !aggregates;
            if count > 0 && is_full {
                break;
            }
            total = with_it;
            count += 1;
        }
        let mut transfer = Vec::with_capacity(total);
        for (at, packet) in self.received.drain(..count).enumerate() {
            self.received_len -= packet.len();
            // The last packet is not padded: drivers take the length of the transfer for its own.
            transfer.resize(transfer.len().next_multiple_of(ALIGNMENT), 0);
            let announced = if at == 0 { count as u8 } else { 0 };
            transfer.extend(packet.descriptor.bytes(&packet.frame, announced));
            transfer.extend(packet.phy_status.iter().flatten());
            transfer.extend(packet.frame);
        }
        (count > 0).then_some(transfer)
    }
}
