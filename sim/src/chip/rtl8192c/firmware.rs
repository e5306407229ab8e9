// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The 8051: download window at 0x1000, MCUFWDL 0x080, reset.

use super::Injection;
use crate::{air::Micros, chip::fault::Log};

/// Bytes of the window and of a page.
const PAGE_LEN: usize = 0x1000;
/// Bytes of firmware memory.
const IMAGE_MAX: usize = 0x4000;
/// What the firmware needs from its start to its main loop.
const START_US: Micros = 2_000;
/// A header's signature, shifted right by four.
const SIGNATURES: [u16; 2] = [0x88c, 0x92c];

/// MCUFWDL bits.
pub(super) mod mcufwdl {
    pub(crate) const ENABLE: u32 = 1 << 0;
    pub(crate) const READY: u32 = 1 << 1;
    pub(crate) const CHECKSUM: u32 = 1 << 2;
    pub(crate) const RUNNING: u32 = 1 << 6;
    pub(crate) const IN_RAM: u32 = 1 << 7;
}
use mcufwdl::{CHECKSUM, ENABLE, IN_RAM, READY, RUNNING};

/// What the 8051 does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Idle,
    /// Starting; the main loop runs at that time.
    Starting(Micros),
    Running,
}

/// The 8051 and its memory.
pub(super) struct Firmware {
    image: Vec<u8>,
    written: Vec<bool>,
    stage: Stage,
    checksum_good: bool,
    never_ready: bool,
    bad_checksum: bool,
}

impl Firmware {
    pub(super) fn new(injections: &[Injection]) -> Self {
        Self {
            image: vec![0; IMAGE_MAX],
            written: vec![false; IMAGE_MAX],
            stage: Stage::Idle,
            checksum_good: false,
            never_ready: injections.contains(&Injection::FirmwareNeverReady),
            bad_checksum: injections.contains(&Injection::FirmwareBadChecksum),
        }
    }

    pub(super) fn inject(&mut self, injection: Injection) {
        self.never_ready |= injection == Injection::FirmwareNeverReady;
        self.bad_checksum |= injection == Injection::FirmwareBadChecksum;
    }

    /// Whether the main loop runs.
    pub(super) fn runs(&self) -> bool {
        self.stage == Stage::Running
    }

    /// The code as it was downloaded, up to its last byte.
    pub(super) fn image(&self) -> &[u8] {
        let len = self.written.iter().rposition(|written| *written).map_or(0, |last| last + 1);
        &self.image[..len]
    }

    pub(super) fn next_event(&self) -> Option<Micros> {
        if let Stage::Starting(at) = self.stage { Some(at) } else { None }
    }

    /// Writes into the window.
    pub(super) fn download(
        &mut self,
        now: Micros,
        log: &mut Log,
        control: u32,
        offset: usize,
        data: &[u8],
    ) {
        if control & ENABLE == 0 {
            log.add(now, "firmware-window-closed", || {
                format!(
                    "{} bytes of firmware at +{offset:#x} while MCUFWDL bit 0 is clear",
                    data.len()
                )
            });
            return;
        }
        let at = (control >> 16 & 7) as usize * PAGE_LEN + offset;
        let Some(place) = self.image.get_mut(at..at + data.len()) else {
            log.add(now, "firmware-too-large", || {
                format!(
                    "firmware byte {:#x} is beyond the {IMAGE_MAX:#x} there are",
                    at + data.len()
                )
            });
            return;
        };
        place.copy_from_slice(data);
        self.written[at..at + data.len()].fill(true);
        self.checksum_good = !self.bad_checksum;
    }

    /// MCUFWDL was written; what it reads as now.
    pub(super) fn control(
        &mut self,
        now: Micros,
        log: &mut Log,
        old: u32,
        new: u32,
        is_cpu_on: bool,
    ) -> u32 {
        let begins = new & ENABLE != 0 && old & ENABLE == 0;
        if begins {
            self.image.fill(0);
            self.written.fill(false);
        }
        if begins || new & (ENABLE | CHECKSUM) == ENABLE | CHECKSUM && old & CHECKSUM == 0 {
            self.checksum_good = false;
        }
        let goes = new & READY != 0 && old & READY == 0;
        if goes {
            self.start(now, log, new, is_cpu_on);
        }
        let mut shown = new & !CHECKSUM;
        if self.checksum_good {
            shown |= CHECKSUM;
        }
        shown
    }

    fn start(&mut self, now: Micros, log: &mut Log, control: u32, is_cpu_on: bool) {
        if control & ENABLE != 0 {
            log.add(now, "firmware-window-open", || {
                "MCUFWDL bit 1 set while the download window is still open".to_owned()
            });
        }
        if !is_cpu_on {
            log.add(now, "firmware-cpu-off", || {
                "MCUFWDL bit 1 set while SYS_FUNC_EN holds the 8051 in reset".to_owned()
            });
            return;
        }
        self.check_image(now, log);
        if self.checksum_good && !self.never_ready {
            self.stage = Stage::Starting(now + START_US);
        }
    }

    fn check_image(&self, now: Micros, log: &mut Log) {
        let image = self.image();
        if let Some(hole) = self.written[..image.len()].iter().position(|written| !written) {
            log.add(now, "firmware-hole", || {
                format!("byte {hole:#x} of {:#x} bytes of firmware was never written", image.len())
            });
        }
        if let [low, high, ..] = image
            && SIGNATURES.contains(&(u16::from_le_bytes([*low, *high]) >> 4))
        {
            log.add(now, "firmware-header", || {
                "the header of the firmware file was downloaded as code".to_owned()
            });
        }
    }

    /// Called before each access: what MCUFWDL reads as by now.
    pub(super) fn advance(&mut self, now: Micros, control: u32) -> u32 {
        if let Stage::Starting(at) = self.stage
            && at <= now
        {
            self.stage = Stage::Running;
            return control | RUNNING | IN_RAM;
        }
        control
    }

    /// The 8051 is put into reset; what MCUFWDL reads as then.
    pub(super) fn halt(&mut self, control: u32) -> u32 {
        self.stage = Stage::Idle;
        control & !RUNNING
    }

    /// The 8051 leaves reset: what was downloaded and declared complete starts.
    pub(super) fn release(&mut self, now: Micros, control: u32) {
        let is_complete = control & READY != 0 && self.checksum_good;
        if is_complete && self.stage == Stage::Idle && !self.never_ready {
            self.stage = Stage::Starting(now + START_US);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn downloads_in_either_order() {
        for closes_first in [true, false] {
            let (mut firmware, mut log) = (Firmware::new(&[]), Log::default());
            let mut control = firmware.control(0, &mut log, 0, ENABLE, true);
            control = firmware.control(0, &mut log, control, control | CHECKSUM, true);
            assert_eq!(control & CHECKSUM, 0);
            firmware.download(0, &mut log, control, 0, &[1; 196]);
            firmware.download(0, &mut log, control | 1 << 16, 0, &[2; 10]);
            firmware.download(0, &mut log, control, 196, &vec![3; 4096 - 196]);
            control = firmware.control(0, &mut log, control, control, true);
            if closes_first {
                control = firmware.control(0, &mut log, control, control & !ENABLE, true);
            }
            assert_eq!(control & CHECKSUM, CHECKSUM);
            control = firmware.control(0, &mut log, control, control & !ENABLE, true);
            control = firmware.control(0, &mut log, control, control | READY, true);
            assert_eq!(firmware.advance(START_US - 1, control) & RUNNING, 0);
            assert_eq!(firmware.advance(START_US, control) & RUNNING, RUNNING);
            assert!(firmware.runs());
            assert_eq!(firmware.image().len(), 4096 + 10);
            assert_eq!(log.entries(), []);
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let codes = |log: &Log| -> Vec<&str> { log.entries().iter().map(|f| f.code).collect() };
        let (mut firmware, mut log) = (Firmware::new(&[]), Log::default());
        firmware.download(0, &mut log, 0, 0, &[1]);
        firmware.download(0, &mut log, ENABLE | 7 << 16, 0, &[1]);
        firmware.download(0, &mut log, ENABLE, 0, &[0xc1, 0x88]);
        firmware.download(0, &mut log, ENABLE, 9, &[1]);
        firmware.control(0, &mut log, 0, READY, false);
        firmware.control(0, &mut log, ENABLE, ENABLE | READY, true);
        let expected = [
            "firmware-window-closed",
            "firmware-too-large",
            "firmware-cpu-off",
            "firmware-window-open",
            "firmware-hole",
            "firmware-header",
        ];
        assert_eq!(codes(&log), expected);
    }

    #[test]
    fn injected_failures() {
        for injection in [Injection::FirmwareNeverReady, Injection::FirmwareBadChecksum] {
            let (mut firmware, mut log) = (Firmware::new(&[injection]), Log::default());
            firmware.download(0, &mut log, ENABLE, 0, &[1; 4]);
            let control = firmware.control(0, &mut log, ENABLE, 0, true);
            assert_eq!(control & CHECKSUM == 0, injection == Injection::FirmwareBadChecksum);
            let control = firmware.control(0, &mut log, control, control | READY, true);
            assert_eq!(firmware.advance(1_000_000, control) & RUNNING, 0);
        }
    }
}
