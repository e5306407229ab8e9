// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! RTL8188CUS and RTL8192CU.
//!
//! One access at a time goes through [`access`]; frames go out through [`transmit`] and come in
//! through [`receive`]. The parts that need no other are in files of their own.

mod access;
mod buffers;
mod ccmp;
mod clock;
mod efuse;
mod fcs;
mod filter;
mod firmware;
mod h2c;
mod keys;
mod profile;
mod rates;
mod receive;
mod registers;
mod rf;
mod rx_descriptor;
#[cfg(test)]
mod tests;
mod transmit;
mod tx_descriptor;

use std::{collections::VecDeque, str::FromStr};

pub use h2c::Command;
pub use profile::{MODELS, Model};
pub use rf::Tuning;

use super::{Fault, Log, Refused, Stall, UsbChip, UsbIdentity};
use crate::air::{Air, Micros, RadioId};
use registers::{Registers, at};
use transmit::Waiting;

/// What goes wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Injection {
    /// The firmware starts and never reports its main loop.
    FirmwareNeverReady,
    /// The checksum of what was downloaded is never good.
    FirmwareBadChecksum,
    /// After a warm reboot: an older firmware still shows its ready bits.
    FirmwareStale,
    /// The firmware never empties its mailboxes.
    MailboxStuck,
    /// The efuse holds no valid map.
    EfuseCorrupt,
    /// The chip reports that it could not load its efuse.
    AutoloadFailed,
    /// The MAC never says that it is on.
    PowerStuck,
}

/// Injections by the names of the command line.
pub const INJECTIONS: [(&str, Injection); 7] = [
    ("firmware-never-ready", Injection::FirmwareNeverReady),
    ("firmware-bad-checksum", Injection::FirmwareBadChecksum),
    ("firmware-stale", Injection::FirmwareStale),
    ("mailbox-stuck", Injection::MailboxStuck),
    ("efuse-corrupt", Injection::EfuseCorrupt),
    ("autoload-failed", Injection::AutoloadFailed),
    ("power-stuck", Injection::PowerStuck),
];

impl FromStr for Injection {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        INJECTIONS.iter().find(|(known, _)| *known == name).map(|(_, found)| *found).ok_or_else(
            || {
                let known: Vec<&str> = INJECTIONS.iter().map(|(name, _)| *name).collect();
                format!("unknown fault {name:?}; known are {}", known.join(", "))
            },
        )
    }
}

/// A chip to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Which one.
    pub model: Model,
    /// MAC address in the efuse.
    pub mac: [u8; 6],
    /// What goes wrong from the start.
    pub injections: Vec<Injection>,
}

/// The model.
pub struct Rtl8192c {
    model: Model,
    mac: [u8; 6],
    radio: RadioId,
    registers: Registers,
    faults: Log,
    notes: Log,
    injections: Vec<Injection>,
    is_on: bool,
    efuse: efuse::Efuse,
    firmware: firmware::Firmware,
    buffers: buffers::Buffers,
    rf: rf::Rf,
    keys: keys::Keys,
    mailbox: h2c::Mailbox,
    tsf: clock::Tsf,
    beacon: Option<Waiting>,
    next_beacon: Option<Micros>,
    sequence: u16,
    waiting: VecDeque<Waiting>,
    received: VecDeque<receive::Packet>,
    received_len: usize,
    tuned: Option<Tuning>,
    /// Rows of the AGC table written since the MAC was switched on.
    agc_rows: u32,
}

impl Rtl8192c {
    /// A chip that was just plugged in, on this air.
    pub fn new(config: &Config, air: &mut Air) -> Self {
        let profile = config.model.profile();
        let map = efuse::map(profile.vendor, profile.product, config.mac, profile.product_name);
        let [.., a, b, c] = config.mac;
        let radio = air.join(&format!("{} {a:02x}:{b:02x}:{c:02x}", config.model));
        let mut chip = Self {
            model: config.model,
            mac: config.mac,
            radio,
            registers: Registers::new(),
            faults: Log::default(),
            notes: Log::default(),
            injections: Vec::new(),
            is_on: false,
            efuse: efuse::Efuse::new(&map, profile.pa_setting),
            firmware: firmware::Firmware::new(&[]),
            buffers: buffers::Buffers::new(),
            rf: rf::Rf::new(),
            keys: keys::Keys::new(),
            mailbox: h2c::Mailbox::new(),
            tsf: clock::Tsf::default(),
            beacon: None,
            next_beacon: None,
            sequence: 0,
            waiting: VecDeque::new(),
            received: VecDeque::new(),
            received_len: 0,
            tuned: None,
            agc_rows: 0,
        };
        chip.reset_system();
        config.injections.iter().for_each(|injection| chip.inject(*injection));
        chip
    }

    /// Makes something go wrong from now on.
    pub fn inject(&mut self, injection: Injection) {
        self.injections.push(injection);
        self.firmware.inject(injection);
        match injection {
            Injection::FirmwareStale => self.registers.set_dword(at::MCUFWDL, 0xc6),
            Injection::EfuseCorrupt => self.efuse.corrupt(),
            Injection::AutoloadFailed => self.registers.set_byte(at::EEPROM_9346CR, 0),
            _ => {}
        }
    }

    fn is_injected(&self, injection: Injection) -> bool {
        self.injections.contains(&injection)
    }

    /// Registers that answer while the MAC is off.
    fn reset_system(&mut self) {
        let profile = self.model.profile();
        let registers = &mut self.registers;
        // Digital core on, 8051 out of reset, autoload done, efuse loaded.
        registers.set_word(at::SYS_FUNC_EN, 0x5414);
        registers.set_dword(at::APS_FSMCO, 0x0002_0002);
        registers.set_byte(at::EEPROM_9346CR, 0x20);
        registers.set_byte(at::LDOV12D_CTRL, 0x01);
        registers.set_byte(at::GPIO_IO_SEL, 0x08);
        registers.set_dword(at::SYS_CFG, profile.sys_cfg);
        registers.set_word(at::USB_EP, profile.queues_with_endpoint);
        registers.set_word(at::USB_VID, profile.vendor);
        registers.set_word(at::USB_VID + 2, profile.product);
        registers.set(at::USB_MAC_ADDR, &self.mac);
    }

    /// The MAC was switched on.
    fn reset_mac(&mut self) {
        let registers = &mut self.registers;
        registers.clear_mac();
        registers.set_word(at::TXPKT_EMPTY, 0x0030);
        registers.set_dword(at::RXPKT_NUM, 1 << 17);
        registers.set_word(at::RL, 0x0707);
        registers.set_word(at::BCN_INTERVAL, 100);
        self.buffers = buffers::Buffers::new();
        self.rf = rf::Rf::new();
        self.agc_rows = 0;
        self.beacon = None;
        self.next_beacon = None;
        self.waiting.clear();
        self.received.clear();
        self.received_len = 0;
    }

    /// H2C commands so far, oldest first.
    pub fn commands(&self) -> impl Iterator<Item = &Command> {
        self.mailbox.commands()
    }

    /// The firmware as it was downloaded.
    pub fn firmware_image(&self) -> &[u8] {
        self.firmware.image()
    }

    /// What it is tuned to; `None` while it hears nothing.
    pub fn tuning(&self) -> Option<Tuning> {
        self.tuned
    }

    /// The value of a register as the chip keeps it, whatever the power state.
    pub fn peek(&self, address: u16) -> u32 {
        self.registers.dword(address.min(0xfffc))
    }

    /// Whether its MAC is switched on.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Whose pairwise keys are in the key table.
    pub fn key_addresses(&self) -> Vec<[u8; 6]> {
        self.keys.addresses()
    }

    /// LC calibrations since the MAC was switched on.
    pub fn lc_calibrations(&self) -> u32 {
        self.rf.lc_calibrations
    }
}

impl UsbChip for Rtl8192c {
    fn identity(&self) -> UsbIdentity {
        self.model.profile().identity(self.mac)
    }

    fn radio(&self) -> RadioId {
        self.radio
    }

    fn read(&mut self, now: Micros, addr: u16, out: &mut [u8]) -> Result<(), Stall> {
        self.read_registers(now, addr, out)
    }

    fn write(&mut self, now: Micros, air: &mut Air, addr: u16, data: &[u8]) -> Result<(), Stall> {
        self.write_registers(now, air, addr, data)
    }

    fn bulk_out(
        &mut self,
        now: Micros,
        air: &mut Air,
        endpoint: u8,
        transfer: &[u8],
    ) -> Result<(), Refused> {
        self.take_transfer(now, air, endpoint, transfer)
    }

    fn bulk_in(&mut self, now: Micros, air: &mut Air) -> Option<Vec<u8>> {
        self.hear(now, air);
        self.give_transfer()
    }

    fn poll(&mut self, now: Micros, air: &mut Air) {
        self.advance(now);
        self.send_due_beacon(now, air);
        self.hear(now, air);
        self.send_waiting(now, air);
    }

    fn next_event(&self, air: &Air) -> Option<Micros> {
        let heard = air.next_event_of(self.radio);
        [heard, self.next_beacon, self.firmware.next_event()].into_iter().flatten().min()
    }

    fn faults(&self) -> &[Fault] {
        self.faults.entries()
    }

    fn notes(&self) -> &[Fault] {
        self.notes.entries()
    }

    fn unplug(&mut self, air: &mut Air) {
        air.leave(self.radio);
        self.tuned = None;
    }
}
