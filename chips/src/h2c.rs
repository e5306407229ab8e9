// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Mailboxes to the firmware, the four of the first generation.

use tern_core::{
    chip::{ChipError, RegisterBus},
    os::Sleepable,
};

use crate::{
    access::Access,
    regs::mac::{HMEBOX, HMEBOX_EXT, Hmetfr},
};

const BUSY_TRIES: u16 = 100;
const BUSY_INTERVAL_US: u32 = 2_000;

/// A message to the firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Associated, or not any more.
    JoinBss(bool),
    /// How well a peer is heard, 0 to 100.
    Rssi {
        /// The peer.
        mac_id: u8,
        /// Above -100 dBm.
        percent: u8,
    },
    /// Which rates to try with a peer.
    MacIdConfig {
        /// The peer.
        mac_id: u8,
        /// Bit n is the rate with index n; 28 bits.
        rates: u32,
        /// Rate adaptation group.
        raid: u8,
        /// Short guard intervals.
        short_gi: bool,
    },
}

impl Command {
    /// The main word, and the other one, if the message is longer than 3 bytes.
    const fn words(self) -> (u32, Option<u16>) {
        match self {
            Self::JoinBss(joined) => {
                (u32::from_le_bytes([2, if joined { 1 } else { 0 }, 0, 0]), None)
            }
            Self::Rssi { mac_id, percent } => {
                (u32::from_le_bytes([5, mac_id & 0x1f, 0, percent]), None)
            }
            Self::MacIdConfig { mac_id, rates, raid, short_gi } => {
                let mask = (rates & 0x0fff_ffff).to_le_bytes();
                let [a, b, c, d] = mask;
                let how = (mac_id & 0x1f) | 0x80 | if short_gi { 0x20 } else { 0 };
                let main = u32::from_le_bytes([0x80 | 6, c, d | raid << 4, how]);
                (main, Some(u16::from_le_bytes([a, b])))
            }
        }
    }
}

/// The mailboxes: which comes next.
#[derive(Debug, Default)]
pub(crate) struct Mailboxes {
    next: usize,
}

impl Mailboxes {
    /// As the firmware begins.
    pub(crate) const fn new() -> Self {
        Self { next: 0 }
    }

    /// Sends a message: waits until its box is empty, and writes the main word last.
    pub(crate) fn send<B: RegisterBus>(
        &mut self,
        io: &mut Access<B>,
        cx: &mut Sleepable,
        command: Command,
    ) -> Result<(), ChipError> {
        let at = self.next % HMEBOX.len();
        let (Some(main_at), Some(more_at)) = (HMEBOX.get(at), HMEBOX_EXT.get(at)) else {
            return Err(ChipError::Unsupported); // Cannot be: `at` is below their length.
        };
        let what = "the firmware to empty its mailbox";
        io.poll(cx, BUSY_TRIES, BUSY_INTERVAL_US, what, |busy: &Hmetfr| busy.0 >> at & 1 == 0)?;
        let (main, more) = command.words();
        if let Some(more) = more {
            io.write_at(cx, *more_at, 2, more.into())?;
        }
        io.write_at(cx, *main_at, 4, main)?;
        self.next = (at + 1) % HMEBOX.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        let config = Command::MacIdConfig { mac_id: 0, rates: 0xf_ffff, raid: 0, short_gi: true };
        assert_eq!(config.words(), (0xa000_0f86, Some(0xffff)));
        let config =
            Command::MacIdConfig { mac_id: 3, rates: 0x0abc_d123, raid: 4, short_gi: false };
        assert_eq!(config.words(), (0x834a_bc86, Some(0xd123)));
        assert_eq!(Command::Rssi { mac_id: 0, percent: 60 }.words(), (0x3c00_0005, None));
        assert_eq!(Command::JoinBss(true).words(), (0x0000_0102, None));
        assert_eq!(Command::JoinBss(false).words(), (0x0000_0002, None));
    }
}
