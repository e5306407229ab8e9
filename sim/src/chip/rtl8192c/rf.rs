// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The RF chips behind their serial interface, and what calibration answers.

use super::efuse::THERMAL;

/// Registers of one RF chip (addresses have six bits).
const REGISTERS: usize = 64;
/// Data has twenty bits.
const DATA: u32 = 0x000f_ffff;
/// RF_CHNLBW.
const CHANNEL: usize = 0x18;
/// Bit of RF_CHNLBW that starts an LC calibration and clears itself.
const LC_CALIBRATION: u32 = 1 << 15;
/// The thermal meter; 0x60 starts it.
const THERMAL_METER: usize = 0x24;
const THERMAL_START: u32 = 0x60;

/// Two RF chips.
pub(super) struct Rf {
    chains: [[u32; REGISTERS]; 2],
    /// Registers written so far, a bit for each.
    written: [u64; 2],
    /// LC calibrations done.
    pub(super) lc_calibrations: u32,
}

impl Rf {
    pub(super) fn new() -> Self {
        Self { chains: [[0; REGISTERS]; 2], written: [0; 2], lc_calibrations: 0 }
    }

    /// A word written to LSSI_PARAM: address in bits 25:20, data in 19:0.
    pub(super) fn write(&mut self, chain: usize, word: u32) {
        let address = (word >> 20 & 0x3f) as usize;
        self.written[chain] |= 1 << address;
        let mut data = word & DATA;
        if address == CHANNEL && data & LC_CALIBRATION != 0 {
            data &= !LC_CALIBRATION;
            self.lc_calibrations += 1;
        }
        if address == THERMAL_METER && data & THERMAL_START == THERMAL_START {
            data = data & !0x1f | u32::from(THERMAL);
        }
        self.chains[chain][address] = data;
    }

    /// What a read with this HSSI_PARAM2 word (address in bits 30:23) returns.
    pub(super) fn read(&self, chain: usize, word: u32) -> u32 {
        self.chains[chain][(word >> 23 & 0x3f) as usize]
    }

    /// How many different registers of a chain were written.
    pub(super) fn registers_written(&self, chain: usize) -> u32 {
        self.written[chain].count_ones()
    }

    /// RF_CHNLBW of chain A.
    pub(super) fn channel_register(&self) -> u32 {
        self.chains[0][CHANNEL]
    }
}

/// What the baseband is set to, as far as the air can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Number of the primary channel.
    pub channel: u8,
    /// 20 or 40.
    pub width_mhz: u8,
}

/// Registers that say what the channel is.
pub(super) struct TuningRegisters {
    pub(super) rf_channel: u32,
    /// 0x800: bit 0 is 40 MHz.
    pub(super) rf_mode: u32,
    /// 0xd00: bits 11:10 are 1 when the primary channel is the lower one, 2 when it is the upper one.
    pub(super) ofdm1: u32,
}

impl Tuning {
    /// `None` when the RF chip is set to no channel.
    pub(super) fn of(registers: &TuningRegisters) -> Option<Self> {
        let centre = (registers.rf_channel & 0x3ff) as u16;
        let is_wide = registers.rf_mode & 1 != 0;
        let primary = match (is_wide, registers.ofdm1 >> 10 & 3) {
            (true, 1) => centre.checked_sub(2)?,
            (true, 2) => centre + 2,
            _ => centre,
        };
        let channel = u8::try_from(primary).ok().filter(|channel| (1..=14).contains(channel))?;
        Some(Self { channel, width_mhz: if is_wide { 40 } else { 20 } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_words() {
        let mut rf = Rf::new();
        rf.write(0, 0x0180_fc06);
        assert_eq!(rf.channel_register(), 0x07c06, "LC calibration bit clears itself");
        assert_eq!(rf.lc_calibrations, 1);
        assert_eq!(rf.read(0, 0x8c39_0204), 0x07c06);
        assert_eq!(rf.read(1, 0x8c39_0204), 0);
        rf.write(0, 0x24 << 20 | 0x60);
        assert_eq!(rf.read(0, 0x24 << 23) & 0x1f, u32::from(THERMAL));
    }

    #[test]
    fn tuning() {
        let tuned = |rf_channel, rf_mode, ofdm1| {
            Tuning::of(&TuningRegisters { rf_channel, rf_mode, ofdm1 })
        };
        assert_eq!(tuned(0xc06, 0, 0), Some(Tuning { channel: 6, width_mhz: 20 }));
        assert_eq!(tuned(0x806, 1, 0x400), Some(Tuning { channel: 4, width_mhz: 40 }));
        assert_eq!(tuned(0x806, 1, 0x800), Some(Tuning { channel: 8, width_mhz: 40 }));
        assert_eq!(tuned(0, 0, 0), None);
        assert_eq!(tuned(0xf, 0, 0), None);
    }
}
