// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! One register access at a time, and what it sets off.

use super::{
    Injection, Rtl8192c, Stall,
    registers::{BB_START, MAC_END, MAC_START, Registers, at},
    rf::{Tuning, TuningRegisters},
};
use crate::{
    air::{Air, Micros},
    chip::register_name,
};

/// Longest block of a vendor request.
const BLOCK_MAX: usize = 254;
/// The firmware window.
const WINDOW: std::ops::Range<u16> = 0x1000..0x2000;
/// SYS_FUNC_EN: 8051 out of reset; baseband out of reset.
const CPU_ENABLE: u32 = 1 << (16 + 10);
const BB_OUT_OF_RESET: u16 = 1 << 1;
/// RF_CTRL: enabled and out of both resets.
const RF_ON: u8 = 0x07;
/// APS_FSMCO: switch the MAC on (clears itself), autoload done, suspend by host.
const MAC_ON: u32 = 1 << 8;
const AUTOLOAD_DONE: u32 = 1 << 1;
const SUSPEND: u32 = 1 << 14;
/// RSV_CTRL value that protects ISO, CLK and power registers.
const LOCKED: u8 = 0x0e;
/// What a self reset of the firmware is asked for with, in HMETFR byte 3.
const SELF_RESET: u8 = 0x20;
/// A vendor request that reads what nobody drives.
const IQK_GOOD: u32 = 0x0100_0000;
/// CR: MAC receiver on.
pub(super) const CR_MAC_RX: u16 = 1 << 7;

/// A dword that a write has touched.
struct Touched {
    address: u16,
    old: u32,
    new: u32,
    /// Which of its bytes were written.
    mask: u8,
}

impl Touched {
    /// Whether the byte at this address was written.
    fn has(&self, address: u16) -> bool {
        self.mask >> (address - self.address) & 1 != 0
    }

    /// The byte at this address.
    fn byte(&self, address: u16) -> u8 {
        self.new.to_le_bytes()[usize::from(address - self.address)]
    }

    /// Bits that were clear and are set now.
    fn rises(&self, bits: u32) -> bool {
        self.new & bits != 0 && self.old & bits == 0
    }

    fn falls(&self, bits: u32) -> bool {
        self.new & bits == 0 && self.old & bits != 0
    }
}

impl Rtl8192c {
    /// What happens by itself as time passes, apart from frames.
    pub(super) fn advance(&mut self, now: Micros) {
        let control = self.registers.dword(at::MCUFWDL);
        let was_running = self.firmware.runs();
        let control = self.firmware.advance(now, control);
        if self.firmware.runs() && !was_running {
            self.mailbox.restart();
            self.registers.set_dword(at::MCUFWDL, control);
        }
        if self.registers.byte(at::C2H_EVT_CLEAR) == 0
            && let Some(event) = self.mailbox.take_event()
        {
            self.registers.set(at::C2H_EVT_MSG, &event);
            self.registers.set_byte(at::C2H_EVT_CLEAR, 0xff);
        }
    }

    pub(super) fn read_registers(
        &mut self,
        now: Micros,
        address: u16,
        out: &mut [u8],
    ) -> Result<(), Stall> {
        if out.is_empty() || out.len() > BLOCK_MAX || usize::from(address) + out.len() > 0x1_0000 {
            return Err(Stall);
        }
        self.advance(now);
        if (at::TSFTR..at::TSFTR + 8).contains(&address) {
            self.registers.set(at::TSFTR, &self.tsf.at(now).to_le_bytes());
        }
        self.registers.copy_to(address, out);
        if !self.is_on {
            Registers::hide_mac(address, out);
        }
        Ok(())
    }

    pub(super) fn write_registers(
        &mut self,
        now: Micros,
        air: &mut Air,
        address: u16,
        data: &[u8],
    ) -> Result<(), Stall> {
        if data.is_empty() || data.len() > BLOCK_MAX || usize::from(address) + data.len() > 0x1_0000
        {
            return Err(Stall);
        }
        self.advance(now);
        if WINDOW.contains(&address) {
            let (control, offset) = (self.registers.dword(at::MCUFWDL), address - WINDOW.start);
            self.firmware.download(now, &mut self.faults, control, usize::from(offset), data);
            return Ok(());
        }
        if !matches!(data.len(), 1 | 2 | 4) {
            self.faults.add(now, "block-write", || {
                format!("block of {} bytes written to {}", data.len(), register_name(address))
            });
        }
        if self.is_dead(now, address) {
            return Ok(());
        }
        let mut done = 0;
        while done < data.len() {
            let at = address + done as u16;
            let here = (4 - usize::from(at % 4)).min(data.len() - done);
            self.write_within_dword(now, air, at, &data[done..done + here]);
            done += here;
        }
        Ok(())
    }

    /// Whether a write to this address does nothing now.
    fn is_dead(&mut self, now: Micros, address: u16) -> bool {
        if !(MAC_START..MAC_END).contains(&address) {
            return false;
        }
        if !self.is_on {
            self.faults.add(now, "mac-off", || {
                format!("{} ({address:#05x}) written while the MAC is off", register_name(address))
            });
            return true;
        }
        let is_bb_off = self.registers.word(at::SYS_FUNC_EN) & BB_OUT_OF_RESET == 0;
        if address >= BB_START && is_bb_off {
            self.notes.add(now, "baseband-off", || {
                format!("{} written while the baseband is in reset: lost", register_name(address))
            });
            return true;
        }
        false
    }

    fn write_within_dword(&mut self, now: Micros, air: &mut Air, at: u16, data: &[u8]) {
        let address = at & !3;
        let old = self.registers.dword(address);
        self.registers.set(at, data);
        let mask = ((1_u8 << data.len()) - 1) << (at - address);
        let touched = Touched { address, old, new: self.registers.dword(address), mask };
        match address {
            0x000..0x100 => self.system_written(now, air, &touched),
            0x100..0x800 => self.mac_written(now, air, &touched),
            0x800..0x1000 => self.baseband_written(now, air, &touched),
            _ => {}
        }
    }

    fn system_written(&mut self, now: Micros, air: &mut Air, touched: &Touched) {
        match touched.address {
            0x000 => {
                self.cpu_written(now, touched);
                self.retune(air);
            }
            at::APS_FSMCO => self.power_written(now, air, touched),
            0x01c => self.retune(air),
            at::EFUSE_CTRL => self.efuse_written(now, touched),
            at::MCUFWDL => {
                let is_cpu_on = self.registers.dword(0) & CPU_ENABLE != 0;
                let shown = self.firmware.control(
                    now,
                    &mut self.faults,
                    touched.old,
                    touched.new,
                    is_cpu_on,
                );
                self.registers.set_dword(at::MCUFWDL, shown);
            }
            // Only what identifies the chip: writes have no effect.
            at::SYS_CFG => self.registers.set_dword(at::SYS_CFG, touched.old),
            0x008 => self.registers.set_byte(at::EEPROM_9346CR, touched.old.to_le_bytes()[2]),
            _ => {}
        }
    }

    fn cpu_written(&mut self, now: Micros, touched: &Touched) {
        let control = self.registers.dword(at::MCUFWDL);
        if touched.falls(CPU_ENABLE) {
            let control = self.firmware.halt(control);
            self.registers.set_dword(at::MCUFWDL, control);
        } else if touched.rises(CPU_ENABLE) {
            self.firmware.release(now, control);
        }
    }

    fn power_written(&mut self, now: Micros, air: &mut Air, touched: &Touched) {
        let is_stuck = self.is_injected(Injection::PowerStuck);
        let mut shown = touched.new | AUTOLOAD_DONE;
        if touched.new & MAC_ON != 0 && !is_stuck {
            shown &= !MAC_ON;
            self.switch_on(now);
        }
        if touched.rises(SUSPEND) {
            self.switch_off(air);
        }
        self.registers.set_dword(at::APS_FSMCO, shown);
    }

    fn switch_on(&mut self, now: Micros) {
        if self.registers.byte(at::RSV_CTRL) == LOCKED {
            self.faults.add(now, "power-locked", || {
                "APS_FSMCO switches the MAC on while RSV_CTRL protects power registers".to_owned()
            });
        }
        if !self.is_on {
            self.is_on = true;
            self.reset_mac();
        }
    }

    fn switch_off(&mut self, air: &mut Air) {
        self.is_on = false;
        self.next_beacon = None;
        self.waiting.clear();
        self.received.clear();
        self.received_len = 0;
        let control = self.firmware.halt(self.registers.dword(at::MCUFWDL));
        self.registers.set_dword(at::MCUFWDL, control);
        self.retune(air);
    }

    fn efuse_written(&mut self, now: Micros, touched: &Touched) {
        // A request is complete with its top byte.
        if !touched.has(at::EFUSE_CTRL + 3) || touched.new >> 31 != 0 {
            return;
        }
        if self.registers.byte(at::EFUSE_ACCESS) != 0x69 {
            self.notes
                .add(now, "efuse-access", || "efuse read without 0x69 in EFUSE_ACCESS".to_owned());
        }
        self.registers.set_dword(at::EFUSE_CTRL, self.efuse.answer(touched.new));
    }

    fn mac_written(&mut self, now: Micros, air: &mut Air, touched: &Touched) {
        match touched.address {
            0x100 | at::MACID | 0x614 | 0x700 | 0x704 => {
                self.retune(air);
                self.reschedule_beacon(now);
            }
            0x1ac if touched.has(at::C2H_EVT_CLEAR) => self.advance(now),
            at::HMETFR => self.reset_request_written(touched),
            0x1d0..=0x1dc if touched.has(touched.address + 3) => self.mailbox_written(now, touched),
            at::LLT_INIT => {
                let shown = self.buffers.link_port(touched.new);
                self.registers.set_dword(at::LLT_INIT, shown);
            }
            at::RQPN if touched.new >> 31 != 0 => {
                let normal = self.registers.byte(at::RQPN_NPQ);
                self.buffers.load(now, &mut self.faults, touched.new, normal);
                self.registers.set_dword(at::RQPN, touched.new & !(1 << 31));
            }
            // The valid bit is cleared by any write to its byte.
            at::TDECTRL if touched.has(at::TDECTRL + 2) => {
                self.registers.set_dword(at::TDECTRL, touched.new & !(1 << 16));
            }
            0x520 if touched.has(at::TXPAUSE) => self.send_waiting(now, air),
            at::BCN_CTRL => {
                if touched.has(at::DUAL_TSF_RST) && touched.byte(at::DUAL_TSF_RST) & 1 != 0 {
                    self.tsf.set(now, 0);
                    self.registers.set_byte(at::DUAL_TSF_RST, 0);
                }
                self.reschedule_beacon(now);
            }
            at::BCN_INTERVAL => self.reschedule_beacon(now),
            at::TSFTR | 0x564 => self.tsf_written(now, touched),
            at::APSD_CTRL => {
                // Bit 7 (is off) follows bit 6 (off).
                let byte = touched.byte(at::APSD_CTRL);
                self.registers.set_byte(at::APSD_CTRL, byte & 0x7f | (byte & 0x40) << 1);
            }
            at::TCR if touched.rises(1) => {
                self.tsf.set(now, 0);
                self.reschedule_beacon(now);
            }
            at::CAMCMD => {
                let data = self.registers.dword(at::CAMWRITE);
                let (read, shown) = self.keys.command(now, &mut self.faults, touched.new, data);
                if let Some(read) = read {
                    self.registers.set_dword(at::CAMREAD, read);
                }
                self.registers.set_dword(at::CAMCMD, shown);
            }
            _ => {}
        }
    }

    fn reset_request_written(&mut self, touched: &Touched) {
        let is_asked = touched.has(at::HMETFR + 3) && touched.byte(at::HMETFR + 3) == SELF_RESET;
        if is_asked && self.firmware.runs() {
            let control = self.firmware.halt(self.registers.dword(at::MCUFWDL));
            self.registers.set_dword(at::MCUFWDL, control);
            let system = self.registers.dword(0);
            self.registers.set_dword(0, system & !CPU_ENABLE);
        }
        // The busy bits are the firmware's.
        self.registers.set_byte(at::HMETFR, touched.old.to_le_bytes()[0]);
    }

    fn mailbox_written(&mut self, now: Micros, touched: &Touched) {
        let index = (touched.address - at::HMEBOX) / 4;
        if !self.firmware.runs() {
            self.faults.add(now, "h2c-without-firmware", || {
                format!("H2C box {index} written while no firmware runs")
            });
            return;
        }
        if self.registers.byte(at::HMETFR) >> index & 1 != 0 {
            self.faults.add(now, "h2c-overrun", || {
                format!("H2C box {index} written while the firmware has not taken the last one")
            });
        }
        let extension = self.registers.word(at::HMEBOX_EXT + 2 * index).to_le_bytes();
        let main = touched.new.to_le_bytes();
        self.mailbox.command(now, &mut self.faults, usize::from(index), main, extension);
        if self.is_injected(Injection::MailboxStuck) {
            let busy = self.registers.byte(at::HMETFR);
            self.registers.set_byte(at::HMETFR, busy | 1 << index);
        }
    }

    fn tsf_written(&mut self, now: Micros, touched: &Touched) {
        let mut bytes = self.tsf.at(now).to_le_bytes();
        let half = usize::from(touched.address - at::TSFTR);
        bytes[half..half + 4].copy_from_slice(&touched.new.to_le_bytes());
        self.tsf.set(now, u64::from_le_bytes(bytes));
        self.reschedule_beacon(now);
    }

    fn baseband_written(&mut self, now: Micros, air: &mut Air, touched: &Touched) {
        match touched.address {
            at::LSSI_PARAM | 0x844 => {
                self.rf_written(now, touched);
                self.retune(air);
            }
            // Path A's edge bit reads when it rises; that it is set again, with another address, ends
            // every read.
            at::HSSI_PARAM2 | 0x82c
                if touched.rises(1 << 31)
                    || touched.address != at::HSSI_PARAM2 && touched.new >> 31 != 0 =>
            {
                let chain = (touched.address - at::HSSI_PARAM2) / 8;
                let data = self.rf.read(usize::from(chain), touched.new);
                self.registers.set_dword(at::LSSI_READBACK + 4 * chain, data);
                self.registers.set_dword(at::HSPI_READBACK + 4 * chain, data);
            }
            at::IQK_AGC_PTS if touched.new == 0xf800_0000 && touched.old >> 24 == 0xf9 => {
                self.answer_iqk(0);
            }
            at::IQK_AGC_CONT if touched.new == 0 && touched.old == 2 => self.answer_iqk(1),
            at::OFDM0_AGCRSSITABLE => self.agc_rows = self.agc_rows.saturating_add(1),
            at::FPGA0_RFMOD | at::OFDM1_LSTF => self.retune(air),
            _ => {}
        }
    }

    fn rf_written(&mut self, now: Micros, touched: &Touched) {
        let chain = usize::from((touched.address - at::LSSI_PARAM) / 4);
        if touched.mask != 0xf {
            self.faults.add(now, "rf-narrow", || {
                format!("LSSI_PARAM of chain {chain} written by parts: each is an RF write")
            });
        }
        if chain >= self.model.profile().chains {
            self.notes.add(now, "rf-no-chain", || {
                format!("RF register written on chain {chain}, which this chip does not have")
            });
        }
        if self.registers.byte(at::RF_CTRL) & RF_ON != RF_ON {
            self.notes.add(now, "rf-off", || {
                "RF register written while RF_CTRL holds the RF in reset: lost".to_owned()
            });
            return;
        }
        self.rf.write(chain, touched.new);
    }

    fn answer_iqk(&mut self, chain: u16) {
        for (at, value) in [(0, IQK_GOOD), (8, 0), (16, IQK_GOOD), (24, 0)] {
            self.registers.set_dword(at::IQK_RESULTS + 0x20 * chain + at, value);
        }
    }

    /// Tells the air what the radio listens to, and for whom it acknowledges.
    pub(super) fn retune(&mut self, air: &mut Air) {
        let registers = &self.registers;
        let hears = self.is_on
            && registers.word(at::CR) & CR_MAC_RX != 0
            && registers.word(at::SYS_FUNC_EN) & BB_OUT_OF_RESET != 0
            && registers.byte(at::RF_CTRL) & RF_ON == RF_ON;
        let tuned = hears.then(|| self.selected_channel()).flatten();
        if tuned != self.tuned {
            match tuned {
                Some(Tuning { channel, width_mhz }) => air.tune(self.radio, channel, width_mhz),
                None => air.deafen(self.radio),
            }
            self.tuned = tuned;
        }
        if tuned.is_some() {
            air.acknowledge(self.radio, &[registers.six(at::MACID), registers.six(0x700)]);
        } else {
            air.acknowledge(self.radio, &[]);
        }
    }

    /// The channel that RF and baseband are set to, whether they run or not.
    pub(super) fn selected_channel(&self) -> Option<Tuning> {
        Tuning::of(&TuningRegisters {
            rf_channel: self.rf.channel_register(),
            rf_mode: self.registers.dword(at::FPGA0_RFMOD),
            ofdm1: self.registers.dword(at::OFDM1_LSTF),
        })
    }
}
