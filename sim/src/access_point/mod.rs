// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Access points made of software: participants on the [air](crate::air) with a radio each.
//!
//! An [`AccessPoint`] beacons, answers probes, authenticates (open system), associates, runs the
//! WPA2-PSK handshake as authenticator, encrypts with CCMP, keeps frames for stations that doze, and
//! has a small [IP host](crate::host) behind it. Its frames are built with code of its own, so that
//! it is a second opinion on the driver's. It is a function of what it hears, the time it is given,
//! and one seed. Whatever it hears, it does not panic.

mod authenticator;
pub mod ccmp;
mod config;
mod data;
pub mod eapol;
pub mod elements;
pub mod frame;
mod management;
mod power_save;
mod station;

use std::collections::{BTreeMap, VecDeque};

pub use config::{Config, ConfigError, Psk};

use self::{
    frame::{Frame, flag, kind},
    station::Station,
};
use crate::{
    Seed,
    air::{Air, Heard, Micros, OnAir, RadioId, Rate, TxOutcome},
    host::Host,
};

/// Time between beacons: 100 TU.
pub const BEACON_INTERVAL_US: Micros = 102_400;
/// Stations that one access point serves.
pub const STATIONS_MAX: usize = 32;
/// Tries of a unicast frame.
const TRIES_MAX: u8 = 7;
/// Happenings kept for one who does not fetch them; the oldest go first.
const HAPPENINGS_MAX: usize = 1024;

/// What an access point does wrong, on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Answers authentication with this status code.
    pub refuse_authentication: Option<u16>,
    /// Answers association with this status code.
    pub refuse_association: Option<u16>,
    /// Sends no beacons (but answers probes).
    pub is_beaconless: bool,
    /// Sends nothing at all and acknowledges nothing, as if out of range.
    pub is_silent: bool,
}

/// Something a user of the access point may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The station was authenticated.
    Authenticated([u8; 6]),
    /// The station was associated.
    Associated([u8; 6]),
    /// Data may flow: after association, or after the 4-way handshake.
    Open([u8; 6]),
    /// The station was refused with this status code.
    Refused([u8; 6], u16),
    /// The access point sent the station away with this reason code.
    SentAway([u8; 6], u16),
    /// The station left with this reason code.
    Left([u8; 6], u16),
    /// A message of the handshake had a wrong MIC: most likely another passphrase.
    WrongMic([u8; 6]),
    /// A frame was not decrypted: wrong key, or a replay.
    NotDecrypted([u8; 6]),
    /// The group key was renewed: every station has the new one.
    GroupKeyRenewed,
}

/// An access point; see the [module](self).
#[derive(Debug)]
pub struct AccessPoint {
    config: Config,
    /// What it does wrong from now on.
    pub faults: Faults,
    radio: RadioId,
    seed: Seed,
    pmk: Option<[u8; 32]>,
    group: authenticator::GroupKeys,
    sequence: u16,
    beacon_at: Micros,
    stations: BTreeMap<[u8; 6], Station>,
    /// Group frames (LLC and payload with their source) that wait for a beacon.
    group_waiting: VecDeque<Vec<u8>>,
    host: Host,
    happenings: VecDeque<Happening>,
}

impl AccessPoint {
    /// Joins the air with a radio of its own. Its nonces and keys come from `seed`.
    pub fn new(air: &mut Air, seed: u64, config: Config) -> Self {
        let name = format!("access point {}", String::from_utf8_lossy(&config.ssid));
        let radio = air.join(&name);
        air.tune(radio, config.channel, 20);
        air.acknowledge(radio, &[config.bssid]);
        if let Some(dbm) = config.signal_dbm {
            air.set_signal(radio, dbm);
        }
        let mut seed = Seed::new(seed ^ u64::from(config.bssid[5]) << 32);
        let pmk = config.psk.as_ref().map(|psk| eapol::pmk(psk, &config.ssid));
        Self {
            group: authenticator::GroupKeys::new(&mut seed),
            host: Host::new(config.bssid, config.address),
            faults: config.faults,
            radio,
            seed,
            pmk,
            sequence: 0,
            beacon_at: 0,
            stations: BTreeMap::new(),
            group_waiting: VecDeque::new(),
            happenings: VecDeque::new(),
            config,
        }
    }

    /// Leaves the air for good.
    pub fn leave(self, air: &mut Air) {
        air.leave(self.radio);
    }

    /// What it was made from.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The host behind it.
    pub fn host(&mut self) -> &mut Host {
        &mut self.host
    }

    /// What has happened since the last call.
    pub fn take_happenings(&mut self) -> Vec<Happening> {
        self.happenings.drain(..).collect()
    }

    /// Whether data flows to and from this station.
    pub fn is_open(&self, station: [u8; 6]) -> bool {
        self.stations.get(&station).is_some_and(|station| station.is_open)
    }

    /// Whether this station is associated.
    pub fn is_associated(&self, station: [u8; 6]) -> bool {
        self.stations.get(&station).is_some_and(|station| station.association.is_some())
    }

    /// Handles what was heard and whatever is due. Call it whenever `air` or this has an event due.
    pub fn poll(&mut self, now: Micros, air: &mut Air) {
        while let Some(heard) = air.receive(now, self.radio) {
            if !self.faults.is_silent {
                self.hear(now, air, &heard);
            }
        }
        let acknowledged = [self.config.bssid];
        air.acknowledge(self.radio, if self.faults.is_silent { &[] } else { &acknowledged });
        if self.beacon_at <= now {
            self.beacon(now, air);
        }
        self.retry_handshakes(now, air);
        self.host.poll(now);
        while let Some(ethernet) = self.host.take_sent() {
            self.forward(now, air, None, &ethernet);
        }
    }

    /// When [`AccessPoint::poll`] has something to do although nothing is heard.
    pub fn next_event(&self) -> Option<Micros> {
        let handshakes = self.stations.values().filter_map(Station::deadline);
        handshakes.chain([self.beacon_at]).chain(self.host.next_event()).min()
    }

    /// Takes an Ethernet frame to its destination in the network, as if the host had sent it.
    pub fn send_ethernet(&mut self, now: Micros, air: &mut Air, ethernet: &[u8]) {
        self.forward(now, air, None, ethernet);
    }

    fn happened(&mut self, happening: Happening) {
        if self.happenings.len() == HAPPENINGS_MAX {
            self.happenings.pop_front();
        }
        self.happenings.push_back(happening);
    }

    fn hear(&mut self, now: Micros, air: &mut Air, heard: &Heard) {
        if heard.bytes.first() == Some(&kind::PS_POLL) {
            self.on_ps_poll(now, air, &heard.bytes);
            return;
        }
        let Some(frame) = Frame::parse(&heard.bytes) else { return };
        let [receiver, transmitter, _] = frame.addresses;
        let is_mine = receiver == self.config.bssid
            || frame.kind == kind::PROBE_REQUEST && receiver == frame::BROADCAST;
        if !is_mine || transmitter[0] & 1 != 0 || transmitter == self.config.bssid {
            return;
        }
        let station = self.stations.get_mut(&transmitter);
        if station.is_some_and(|station| station.is_duplicate(&frame)) {
            return;
        }
        if frame.kind != kind::PROBE_REQUEST && !frame.has(flag::MORE_FRAGMENTS) {
            self.note_power_state(now, air, &frame);
        }
        if frame.is_data() {
            self.on_data(now, air, &frame);
        } else {
            self.on_management(now, air, &frame);
        }
    }

    /// The next sequence number.
    fn next_sequence(&mut self) -> u16 {
        self.sequence = (self.sequence + 1) & 0x0fff;
        self.sequence
    }

    fn transmit(&mut self, now: Micros, air: &mut Air, rate: Rate, bytes: Vec<u8>) -> TxOutcome {
        if self.faults.is_silent {
            return TxOutcome { acked: false, retries: 0, done_at: now };
        }
        let frame = OnAir::new(self.config.channel, rate, bytes);
        air.transmit(now, self.radio, frame, TRIES_MAX)
    }

    /// The rate that every station of the band can receive.
    fn basic_rate(&self) -> Rate {
        if self.config.channel <= 14 { Rate::LOWEST } else { Rate::Legacy(12) }
    }
}
