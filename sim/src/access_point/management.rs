// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Beacons, probes, authentication and association (802.11-2020 11.1 and 11.3).

use super::{
    AccessPoint, BEACON_INTERVAL_US, Happening, STATIONS_MAX,
    elements::{self, id},
    frame::{self, Frame, kind},
    station::Association,
};
use crate::air::{Air, Micros};

/// Status codes (table 9-50).
mod status {
    pub(super) const SUCCESS: u16 = 0;
    pub(super) const UNSPECIFIED: u16 = 1;
    pub(super) const CAPABILITIES: u16 = 10;
    pub(super) const UNKNOWN_ALGORITHM: u16 = 13;
    pub(super) const SEQUENCE: u16 = 14;
    pub(super) const TOO_MANY: u16 = 17;
    pub(super) const RATES: u16 = 18;
    pub(super) const INVALID_ELEMENT: u16 = 40;
    pub(super) const DECLINED: u16 = 37;
}

/// Reason codes (table 9-49).
pub(super) mod reason {
    pub(in super::super) const CLASS_2: u16 = 6;
    pub(in super::super) const CLASS_3: u16 = 7;
    pub(in super::super) const HANDSHAKE_TIMEOUT: u16 = 15;
    pub(in super::super) const GROUP_HANDSHAKE_TIMEOUT: u16 = 16;
    pub(in super::super) const ELEMENT_DIFFERS: u16 = 17;
}

/// ESS, privacy, short preamble, short slot time (9.4.1.4).
const ESS: u16 = 1;
const PRIVACY: u16 = 1 << 4;
const SHORT_SLOT: u16 = 1 << 10;

impl AccessPoint {
    fn capabilities(&self) -> u16 {
        let privacy = if self.pmk.is_some() { PRIVACY } else { 0 };
        let short_slot = if self.config.channel <= 14 { SHORT_SLOT } else { 0 };
        ESS | privacy | short_slot
    }

    fn management(&mut self, kind: u8, to: [u8; 6], body: &[u8]) -> Vec<u8> {
        let sequence = self.next_sequence();
        let bssid = self.config.bssid;
        let mut bytes = frame::header(kind, 0, [to, bssid, bssid], sequence, None);
        bytes.extend(body);
        bytes
    }

    fn send(&mut self, now: Micros, air: &mut Air, kind: u8, to: [u8; 6], body: &[u8]) {
        let bytes = self.management(kind, to, body);
        let rate = self.basic_rate();
        self.transmit(now, air, rate, bytes);
    }

    /// Sends a beacon and what group frames waited for it.
    pub(super) fn beacon(&mut self, now: Micros, air: &mut Air) {
        let late = (now - self.beacon_at) / BEACON_INTERVAL_US;
        self.beacon_at += (late + 1) * BEACON_INTERVAL_US;
        if self.faults.is_beaconless {
            return;
        }
        let body = self.description(now, true);
        self.send(now, air, kind::BEACON, frame::BROADCAST, &body);
        self.flush_group(now, air);
    }

    /// Body of a beacon or a probe response.
    fn description(&self, now: Micros, is_beacon: bool) -> Vec<u8> {
        let channel = self.config.channel;
        let mut body = now.to_le_bytes().to_vec();
        body.extend(100_u16.to_le_bytes());
        body.extend(self.capabilities().to_le_bytes());
        let is_named = !(is_beacon && self.config.is_hidden);
        elements::put(&mut body, id::SSID, if is_named { &self.config.ssid } else { b"" });
        let (first, more) = elements::rates(channel).split_at(8);
        elements::put(&mut body, id::RATES, first);
        if channel <= 14 {
            elements::put(&mut body, id::DS, &[channel]);
        }
        if is_beacon {
            elements::put(&mut body, id::TIM, &self.traffic_map());
        }
        if channel <= 14 {
            elements::put(&mut body, id::ERP, &[0]);
            elements::put(&mut body, id::EXTENDED_RATES, more);
        }
        if self.pmk.is_some() {
            body.extend(elements::rsn());
        }
        self.put_ht_and_wmm(&mut body, self.config.has_ht, self.config.has_wmm);
        body
    }

    fn put_ht_and_wmm(&self, body: &mut Vec<u8>, has_ht: bool, has_wmm: bool) {
        if has_ht {
            elements::put(body, id::HT_CAPABILITIES, &elements::ht_capabilities());
            elements::put(body, id::HT_OPERATION, &elements::ht_operation(self.config.channel));
        }
        if has_wmm {
            elements::put(body, id::VENDOR, &elements::wmm_parameters());
        }
    }

    pub(super) fn on_management(&mut self, now: Micros, air: &mut Air, frame: &Frame<'_>) {
        let station = frame.addresses[1];
        if frame.kind != kind::PROBE_REQUEST && frame.addresses[2] != self.config.bssid {
            return;
        }
        match frame.kind {
            kind::PROBE_REQUEST => self.on_probe(now, air, frame),
            kind::AUTH => self.on_auth(now, air, station, frame.body),
            kind::ASSOC_REQUEST => self.on_assoc(now, air, station, frame.body, 4),
            kind::REASSOC_REQUEST => self.on_assoc(now, air, station, frame.body, 10),
            kind::DISASSOC => {
                if let Some(station) = self.stations.get_mut(&station) {
                    station.reset();
                }
                self.left(station, frame.body);
            }
            kind::DEAUTH => {
                self.stations.remove(&station);
                self.left(station, frame.body);
            }
            kind::ACTION => self.on_action(now, air, station, frame.body),
            _ => (),
        }
        self.finish_group_rekey();
    }

    fn left(&mut self, station: [u8; 6], body: &[u8]) {
        let reason = body.first_chunk().map_or(0, |reason| u16::from_le_bytes(*reason));
        self.happened(Happening::Left(station, reason));
    }

    fn on_probe(&mut self, now: Micros, air: &mut Air, frame: &Frame<'_>) {
        let Some(asked) = elements::find(frame.body, id::SSID) else { return };
        let is_asked = asked == self.config.ssid || asked.is_empty() && !self.config.is_hidden;
        // A probe may be heard beside its channel; the DS element says where it was meant.
        let channel = elements::find(frame.body, id::DS).and_then(|body| body.first());
        if is_asked && channel.is_none_or(|channel| *channel == self.config.channel) {
            let body = self.description(now, false);
            self.send(now, air, kind::PROBE_RESPONSE, frame.addresses[1], &body);
        }
    }

    fn on_auth(&mut self, now: Micros, air: &mut Air, station: [u8; 6], body: &[u8]) {
        let Some(&[alg0, alg1, seq0, seq1]) = body.first_chunk() else { return };
        let algorithm = u16::from_le_bytes([alg0, alg1]);
        let sequence = u16::from_le_bytes([seq0, seq1]);
        let is_full = self.stations.len() >= STATIONS_MAX && !self.stations.contains_key(&station);
        let status = match (self.faults.refuse_authentication, algorithm, sequence) {
            (Some(status), _, _) => status,
            (None, 0, 1) if is_full => status::TOO_MANY,
            (None, 0, 1) => status::SUCCESS,
            (None, 0, _) => status::SEQUENCE,
            (None, _, _) => status::UNKNOWN_ALGORITHM,
        };
        if status == status::SUCCESS {
            self.stations.entry(station).or_default().reset();
            self.happened(Happening::Authenticated(station));
        } else {
            self.happened(Happening::Refused(station, status));
        }
        let answer = [algorithm, sequence.saturating_add(1), status].map(u16::to_le_bytes);
        self.send(now, air, kind::AUTH, station, &answer.concat());
    }

    fn on_assoc(
        &mut self,
        now: Micros,
        air: &mut Air,
        address: [u8; 6],
        body: &[u8],
        fixed_len: usize,
    ) {
        if !self.stations.contains_key(&address) {
            self.deauthenticate(now, air, address, reason::CLASS_2);
            return;
        }
        let Some((fixed, offered)) = body.split_at_checked(fixed_len) else { return };
        let result = self.agree(address, u16::from_le_bytes([fixed[0], fixed[1]]), offered);
        let (status, aid) = match &result {
            Ok(association) => (status::SUCCESS, association.aid | 0xc000),
            Err(status) => (*status, 0),
        };
        let mut answer = self.capabilities().to_le_bytes().to_vec();
        answer.extend(status.to_le_bytes());
        answer.extend(aid.to_le_bytes());
        elements::put_rates(&mut answer, elements::rates(self.config.channel));
        if let Ok(association) = &result {
            self.put_ht_and_wmm(&mut answer, association.has_ht, association.has_wmm);
        }
        let is_first = fixed_len == 4;
        let kind = if is_first { kind::ASSOC_RESPONSE } else { kind::REASSOC_RESPONSE };
        self.send(now, air, kind, address, &answer);
        match result {
            Ok(association) => self.associated(now, air, address, association),
            Err(status) => self.happened(Happening::Refused(address, status)),
        }
    }

    fn associated(
        &mut self,
        now: Micros,
        air: &mut Air,
        address: [u8; 6],
        association: Association,
    ) {
        let Some(station) = self.stations.get_mut(&address) else { return };
        station.association = Some(association);
        station.forget_keys();
        station.waiting.clear();
        station.is_open = self.pmk.is_none();
        self.happened(Happening::Associated(address));
        if self.pmk.is_none() {
            self.happened(Happening::Open(address));
        } else {
            self.start_handshake(now, air, address);
        }
    }

    /// Checks an association request; the status code if it does not fit.
    fn agree(
        &self,
        address: [u8; 6],
        capabilities: u16,
        offered: &[u8],
    ) -> Result<Association, u16> {
        if let Some(status) = self.faults.refuse_association {
            return Err(status);
        }
        if elements::find(offered, id::SSID) != Some(&self.config.ssid) {
            return Err(status::UNSPECIFIED);
        }
        let wants_privacy = self.pmk.is_some();
        if capabilities & ESS == 0 {
            return Err(status::CAPABILITIES);
        }
        let rates = [id::RATES, id::EXTENDED_RATES].map(|id| elements::find(offered, id));
        let rates: Vec<u8> = rates.into_iter().flatten().flatten().map(|rate| rate & 127).collect();
        let mut basic = elements::rates(self.config.channel).iter().filter(|rate| **rate > 127);
        if !basic.all(|rate| rates.contains(&(rate & 127))) {
            return Err(status::RATES);
        }
        let rsn = elements::find(offered, id::RSN);
        match (wants_privacy, rsn) {
            (true, Some(rsn)) => elements::check_rsn(rsn)?,
            (true, None) => return Err(status::INVALID_ELEMENT),
            (false, _) => (),
        }
        let mut element = Vec::new();
        if let Some(rsn) = rsn {
            elements::put(&mut element, id::RSN, rsn);
        }
        let has_wmm = self.config.has_wmm && elements::has_wmm(offered);
        Ok(Association {
            aid: self.association_id(address),
            has_wmm,
            has_ht: self.config.has_ht
                && has_wmm
                && elements::find(offered, id::HT_CAPABILITIES).is_some(),
            has_ofdm: rates.contains(&108),
            rsn: element,
        })
    }

    /// The station's own id if it has one, else the lowest that is free.
    fn association_id(&self, address: [u8; 6]) -> u16 {
        let id = |address: &[u8; 6]| {
            let association = self.stations.get(address)?.association.as_ref()?;
            Some(association.aid)
        };
        let taken: Vec<u16> = self.stations.keys().filter_map(id).collect();
        id(&address).or_else(|| (1..).find(|aid| !taken.contains(aid))).unwrap_or(1)
    }

    /// Declines block acknowledgement (9.6.4): whoever asks goes on without.
    fn on_action(&mut self, now: Micros, air: &mut Air, station: [u8; 6], body: &[u8]) {
        const BLOCK_ACK: u8 = 3;
        const ADD_REQUEST: u8 = 0;
        const ADD_RESPONSE: u8 = 1;
        let Some(&[BLOCK_ACK, ADD_REQUEST, token, params0, params1, timeout0, timeout1]) =
            body.first_chunk()
        else {
            return;
        };
        let [status0, status1] = status::DECLINED.to_le_bytes();
        let answer = [
            BLOCK_ACK,
            ADD_RESPONSE,
            token,
            status0,
            status1,
            params0,
            params1,
            timeout0,
            timeout1,
        ];
        if self.is_associated(station) {
            self.send(now, air, kind::ACTION, station, &answer);
        }
    }

    /// Sends a station away; from then on it is not even authenticated.
    pub fn deauthenticate(&mut self, now: Micros, air: &mut Air, station: [u8; 6], reason: u16) {
        self.stations.remove(&station);
        self.send(now, air, kind::DEAUTH, station, &reason.to_le_bytes());
        self.happened(Happening::SentAway(station, reason));
        self.finish_group_rekey();
    }

    /// Ends a station's association; it stays authenticated.
    pub fn disassociate(&mut self, now: Micros, air: &mut Air, station: [u8; 6], reason: u16) {
        if let Some(station) = self.stations.get_mut(&station) {
            station.reset();
        }
        self.send(now, air, kind::DISASSOC, station, &reason.to_le_bytes());
        self.happened(Happening::SentAway(station, reason));
        self.finish_group_rekey();
    }
}
