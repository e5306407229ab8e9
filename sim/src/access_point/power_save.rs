// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Frames for stations that doze (802.11-2020 11.2.3): kept, announced, and sent when asked for.

use super::{
    AccessPoint,
    frame::{Frame, flag, kind},
    station::WAITING_MAX,
};
use crate::air::{Air, Micros};

impl AccessPoint {
    /// A frame of a station says whether it dozes from now on; what waited is sent when it woke up.
    pub(super) fn note_power_state(&mut self, now: Micros, air: &mut Air, frame: &Frame<'_>) {
        let address = frame.addresses[1];
        let Some(station) = self.stations.get_mut(&address) else { return };
        // Only data frames and the end of an association carry a change that counts.
        let counts = frame.is_data() || matches!(frame.kind, kind::DISASSOC | kind::DEAUTH);
        if station.association.is_none() || !counts {
            return;
        }
        station.is_dozing = frame.has(flag::POWER_MANAGEMENT);
        if !station.is_dozing {
            for ethernet in std::mem::take(&mut station.waiting) {
                self.send_data(now, air, address, &ethernet, false);
            }
        }
    }

    /// A station that dozes asks for one frame.
    pub(super) fn on_ps_poll(&mut self, now: Micros, air: &mut Air, bytes: &[u8]) {
        let Some(fixed) = bytes.first_chunk::<16>() else { return };
        if fixed[4..10] != self.config.bssid {
            return;
        }
        let address: [u8; 6] = std::array::from_fn(|index| fixed[10 + index]);
        let Some(station) = self.stations.get_mut(&address) else { return };
        if let Some(ethernet) = station.waiting.pop_front() {
            let has_more = !station.waiting.is_empty();
            self.send_data(now, air, address, &ethernet, has_more);
        }
    }

    pub(super) fn send_or_keep(
        &mut self,
        now: Micros,
        air: &mut Air,
        to: [u8; 6],
        ethernet: &[u8],
    ) {
        match self.stations.get_mut(&to) {
            Some(station) if station.is_dozing => station.keep(ethernet),
            Some(_) => self.send_data(now, air, to, ethernet, false),
            None => (),
        }
    }

    /// Group frames wait for the next beacon while anybody dozes.
    pub(super) fn send_group(&mut self, now: Micros, air: &mut Air, ethernet: &[u8]) {
        if !self.stations.values().any(|station| station.is_dozing) {
            self.send_group_now(now, air, ethernet, false);
        } else if self.group_waiting.len() < WAITING_MAX {
            self.group_waiting.push_back(ethernet.to_vec());
        }
    }

    /// Every beacon is a DTIM: what waited for it follows.
    pub(super) fn flush_group(&mut self, now: Micros, air: &mut Air) {
        while let Some(ethernet) = self.group_waiting.pop_front() {
            let has_more = !self.group_waiting.is_empty();
            self.send_group_now(now, air, &ethernet, has_more);
        }
    }

    /// Body of the TIM element (9.4.2.5): DTIM count 0 of 1.
    pub(super) fn traffic_map(&self) -> Vec<u8> {
        let mut map = vec![0_u8; 1];
        for station in self.stations.values().filter(|station| !station.waiting.is_empty()) {
            let Some(association) = &station.association else { continue };
            let (byte, bit) = (usize::from(association.aid / 8), association.aid % 8);
            map.resize(map.len().max(byte + 1), 0);
            map[byte] |= 1 << bit;
        }
        let control = u8::from(!self.group_waiting.is_empty());
        [vec![0, 1, control], map].concat()
    }
}
