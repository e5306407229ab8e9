// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Commands to the firmware (H2C, four boxes at 0x1d0) and its events (C2H, one mailbox at 0x1a0).

use std::collections::VecDeque;

use crate::{air::Micros, chip::fault::Log};

/// Commands kept for whoever wants to look.
const LOG_MAX: usize = 256;
/// Events kept for a host that does not fetch them.
const EVENTS_MAX: usize = 32;
/// MACIDs.
const MACIDS: usize = 32;
/// Command ids.
const JOIN_BSS: u8 = 2;
const MACID_CONFIG: u8 = 6;
/// Event id of a TX report.
const TX_REPORT: u8 = 3;

/// A command as the firmware sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// When.
    pub at: Micros,
    /// Its id, without the flag for long ones.
    pub id: u8,
    /// Three or five bytes.
    pub payload: Vec<u8>,
}

/// What MACID_CONFIG said about a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Peer {
    /// Rate numbers it may be sent; zero: not configured.
    pub(super) mask: u32,
    pub(super) short_gi: bool,
}

/// Mailboxes and what the firmware remembers.
pub(super) struct Mailbox {
    next_box: usize,
    commands: VecDeque<Command>,
    peers: [Peer; MACIDS],
    events: VecDeque<Vec<u8>>,
    sequence: u8,
    /// What "join BSS report" said last.
    pub(super) is_joined: bool,
}

impl Mailbox {
    pub(super) fn new() -> Self {
        Self {
            next_box: 0,
            commands: VecDeque::new(),
            peers: [Peer::default(); MACIDS],
            events: VecDeque::new(),
            sequence: 0,
            is_joined: false,
        }
    }

    /// The firmware starts anew: boxes from 0 on.
    pub(super) fn restart(&mut self) {
        let commands = std::mem::take(&mut self.commands);
        *self = Self { commands, ..Self::new() };
    }

    /// A box was written: four bytes, and two of its extension.
    pub(super) fn command(
        &mut self,
        now: Micros,
        log: &mut Log,
        index: usize,
        main: [u8; 4],
        extension: [u8; 2],
    ) {
        if index != self.next_box {
            log.add(now, "h2c-box-order", || {
                format!("H2C box {index} written; the firmware looks at box {}", self.next_box)
            });
        }
        self.next_box = (index + 1) % 4;
        let id = main[0] & 0x7f;
        let mut payload = Vec::with_capacity(5);
        if main[0] & 0x80 != 0 {
            payload.extend(extension);
        }
        payload.extend(&main[1..]);
        self.carry_out(id, &payload);
        if self.commands.len() == LOG_MAX {
            self.commands.pop_front();
        }
        self.commands.push_back(Command { at: now, id, payload });
    }

    fn carry_out(&mut self, id: u8, payload: &[u8]) {
        match (id, payload) {
            (MACID_CONFIG, &[a, b, c, d, argument]) => {
                let mask = u32::from_le_bytes([a, b, c, d]) & 0x0fff_ffff;
                let short_gi = argument & 0x20 != 0;
                if argument & 0x80 != 0 {
                    self.peers[usize::from(argument & 0x1f)] = Peer { mask, short_gi };
                }
            }
            (JOIN_BSS, [joined, ..]) => self.is_joined = joined & 1 != 0,
            _ => {}
        }
    }

    /// The latest commands, oldest first.
    pub(super) fn commands(&self) -> impl Iterator<Item = &Command> {
        self.commands.iter()
    }

    /// What is known of a peer.
    pub(super) fn peer(&self, macid: u8) -> Peer {
        self.peers.get(usize::from(macid)).copied().unwrap_or_default()
    }

    /// Reports what became of a frame.
    pub(super) fn report(&mut self, macid: u8, retries: u8, acked: bool, is_group: bool) {
        let mut payload = [0; 8];
        payload[0] = retries & 0x3f;
        payload[5] = macid & 0x1f;
        payload[6] = if acked { 0 } else { 1 << 7 };
        payload[7] = u8::from(is_group) << 5 | u8::from(acked) << 6;
        let mut event = vec![TX_REPORT | (payload.len() as u8) << 4, self.sequence];
        event.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        if self.events.len() < EVENTS_MAX {
            self.events.push_back(event);
        }
    }

    /// The next event for the mailbox.
    pub(super) fn take_event(&mut self) -> Option<Vec<u8>> {
        self.events.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_commands() {
        let (mut mailbox, mut log) = (Mailbox::new(), Log::default());
        mailbox.command(0, &mut log, 0, 0xa000_0f86_u32.to_le_bytes(), [0xff, 0xff]);
        assert_eq!(mailbox.peer(0), Peer { mask: 0x000f_ffff, short_gi: true });
        mailbox.command(0, &mut log, 1, 0x0000_0102_u32.to_le_bytes(), [0, 0]);
        assert!(mailbox.is_joined);
        mailbox.command(0, &mut log, 2, 0x3c00_0005_u32.to_le_bytes(), [0, 0]);
        let last = mailbox.commands().last().unwrap();
        assert_eq!((last.id, last.payload.as_slice()), (5, &[0, 0, 60][..]));
        assert_eq!(log.entries(), []);
        mailbox.command(0, &mut log, 0, [0; 4], [0, 0]);
        assert_eq!(log.entries()[0].code, "h2c-box-order");
    }

    #[test]
    fn report_layout() {
        let mut mailbox = Mailbox::new();
        mailbox.report(3, 5, true, false);
        mailbox.report(3, 63, false, false);
        assert_eq!(mailbox.take_event().unwrap(), [0x83, 0, 5, 0, 0, 0, 0, 3, 0, 0x40]);
        assert_eq!(mailbox.take_event().unwrap(), [0x83, 1, 63, 0, 0, 0, 0, 3, 0x80, 0]);
        assert_eq!(mailbox.take_event(), None);
    }
}
