// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The authenticator's side of the 4-way and the group key handshake (802.11-2020 12.7.6, 12.7.7).

use super::{
    AccessPoint, Happening, ccmp,
    eapol::{self, KeyFrame, Ptk, info},
    elements::{self, id},
    management::reason,
};
use crate::{
    Seed,
    air::{Air, Micros},
};

/// How long an answer may take.
const ANSWER_US: Micros = 500_000;
/// How often a message is sent before the station is sent away.
const MESSAGES_MAX: u8 = 6;

/// The group keys: the one in use, and one that is being handed out.
#[derive(Debug)]
pub(super) struct GroupKeys {
    current: (ccmp::Key, [u8; 16]),
    next: Option<(ccmp::Key, [u8; 16])>,
}

impl GroupKeys {
    pub(super) fn new(seed: &mut Seed) -> Self {
        Self { current: fresh(seed, 1), next: None }
    }

    /// Encrypts a group frame.
    pub(super) fn seal(&mut self, header: Vec<u8>, body: &[u8]) -> Vec<u8> {
        self.current.0.seal(header, body)
    }

    /// The key that stations are given now, as key data, and its packet number.
    fn offer(&self) -> (Vec<u8>, [u8; 8]) {
        let (key, bytes) = self.next.as_ref().unwrap_or(&self.current);
        (eapol::gtk_kde(key.key_id(), bytes), key.sent().to_le_bytes())
    }
}

fn fresh(seed: &mut Seed, key_id: u8) -> (ccmp::Key, [u8; 16]) {
    let bytes = random::<16>(seed);
    (ccmp::Key::new(bytes, key_id), bytes)
}

fn random<const N: usize>(seed: &mut Seed) -> [u8; N] {
    std::array::from_fn(|_| (seed.draw() >> 24) as u8)
}

/// Which answer is awaited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Idle,
    Message2,
    Message4,
    Group2,
}

/// A handshake with one station.
#[derive(Clone, Debug, Default)]
pub(super) struct Handshake {
    step: Step,
    anonce: [u8; 32],
    /// Replay counter of the first and of the last frame of this step.
    counters: [u64; 2],
    sent: u8,
    retry_at: Micros,
}

impl Handshake {
    pub(super) fn deadline(&self) -> Option<Micros> {
        if self.step == Step::Idle { None } else { Some(self.retry_at) }
    }

    fn enter(&mut self, step: Step) {
        self.step = step;
        self.sent = 0;
        self.counters[0] = self.counters[1] + 1;
    }
}

impl AccessPoint {
    pub(super) fn start_handshake(&mut self, now: Micros, air: &mut Air, address: [u8; 6]) {
        let anonce = random(&mut self.seed);
        let Some(station) = self.stations.get_mut(&address) else { return };
        station.handshake = Handshake { anonce, ..Handshake::default() };
        station.handshake.enter(Step::Message2);
        self.send_message(now, air, address);
    }

    /// Renews the group key: every station is told, then group frames use it.
    pub fn rekey_group(&mut self, now: Micros, air: &mut Air) {
        let key_id = if self.group.current.0.key_id() == 1 { 2 } else { 1 };
        self.group.next = Some(fresh(&mut self.seed, key_id));
        let open = self.stations.iter().filter(|(_, station)| station.is_open);
        let addresses: Vec<[u8; 6]> = open.map(|(address, _)| *address).collect();
        for address in addresses {
            if let Some(station) = self.stations.get_mut(&address) {
                station.handshake.enter(Step::Group2);
            }
            self.send_message(now, air, address);
        }
        self.finish_group_rekey();
    }

    /// Switches to the new group key when nobody's answer is awaited any more.
    pub(super) fn finish_group_rekey(&mut self) {
        let is_awaited = |station: &super::Station| station.handshake.step == Step::Group2;
        if self.stations.values().any(is_awaited) {
            return;
        }
        if let Some(next) = self.group.next.take() {
            self.group.current = next;
            self.happened(Happening::GroupKeyRenewed);
        }
    }

    /// Sends again what was not answered; gives up when it was sent often enough.
    pub(super) fn retry_handshakes(&mut self, now: Micros, air: &mut Air) {
        let is_due = |station: &super::Station| station.deadline().is_some_and(|at| at <= now);
        let due = self.stations.iter().filter(|(_, station)| is_due(station));
        let due: Vec<([u8; 6], Step, u8)> = due
            .map(|(address, station)| (*address, station.handshake.step, station.handshake.sent))
            .collect();
        for (address, step, sent) in due {
            match step {
                _ if sent < MESSAGES_MAX => self.send_message(now, air, address),
                Step::Group2 => {
                    self.deauthenticate(now, air, address, reason::GROUP_HANDSHAKE_TIMEOUT);
                }
                _ => self.deauthenticate(now, air, address, reason::HANDSHAKE_TIMEOUT),
            }
        }
    }

    /// Sends the message whose answer is awaited.
    fn send_message(&mut self, now: Micros, air: &mut Air, address: [u8; 6]) {
        let (gtk, rsc) = self.group.offer();
        let Some(station) = self.stations.get_mut(&address) else { return };
        let handshake = &mut station.handshake;
        handshake.counters[1] += 1;
        handshake.sent += 1;
        handshake.retry_at = now + ANSWER_US;
        let mut frame = KeyFrame {
            info: info::VERSION_2 | info::ACK,
            key_len: 16,
            replay_counter: handshake.counters[1],
            nonce: handshake.anonce,
            rsc,
            data: Vec::new(),
        };
        let protected = info::MIC | info::SECURE | info::ENCRYPTED;
        match (handshake.step, station.ptk) {
            (Step::Message2, _) => {
                frame.info |= info::PAIRWISE;
                frame.rsc = [0; 8];
            }
            (Step::Message4, Some(ptk)) => {
                frame.info |= info::PAIRWISE | info::INSTALL | protected;
                frame.data = eapol::wrap(&ptk.kek, &[elements::rsn(), gtk].concat());
            }
            (Step::Group2, Some(ptk)) => {
                frame.info |= protected;
                frame.nonce = [0; 32];
                frame.key_len = 0;
                frame.data = eapol::wrap(&ptk.kek, &gtk);
            }
            (Step::Idle | Step::Message4 | Step::Group2, _) => return,
        }
        let kck = if frame.has(info::MIC) { station.ptk.map(|ptk| ptk.kck) } else { None };
        let mut ethernet = [address, self.config.bssid].concat();
        ethernet.extend(eapol::ETHERTYPE.to_be_bytes());
        ethernet.extend(frame.emit(kck.as_ref()));
        self.send_data(now, air, address, &ethernet, false);
    }

    pub(super) fn on_eapol(&mut self, now: Micros, air: &mut Air, address: [u8; 6], bytes: &[u8]) {
        let Some(frame) = KeyFrame::parse(bytes) else { return };
        let Some(station) = self.stations.get(&address) else { return };
        let [first, last] = station.handshake.counters;
        let is_answer = frame.has(info::MIC)
            && frame.info & (info::ACK | info::REQUEST | info::ERROR) == 0
            && (first..=last).contains(&frame.replay_counter);
        if !is_answer {
            return;
        }
        match (station.handshake.step, frame.has(info::PAIRWISE), frame.has(info::SECURE)) {
            (Step::Message2, true, _) => self.on_message_2(now, air, address, &frame, bytes),
            (Step::Message4, true, true) => self.on_message_4(address, bytes),
            (Step::Group2, false, true) => self.on_group_2(address, bytes),
            _ => (),
        }
    }

    fn on_message_2(
        &mut self,
        now: Micros,
        air: &mut Air,
        address: [u8; 6],
        frame: &KeyFrame,
        bytes: &[u8],
    ) {
        let (Some(pmk), Some(station)) = (self.pmk, self.stations.get_mut(&address)) else {
            return;
        };
        let nonces = [station.handshake.anonce, frame.nonce];
        let ptk = Ptk::derive(&pmk, [address, self.config.bssid], nonces);
        if !eapol::has_valid_mic(bytes, &ptk.kck) {
            self.happened(Happening::WrongMic(address));
            return;
        }
        let mut rsn = Vec::new();
        if let Some(body) = elements::find(&frame.data, id::RSN) {
            elements::put(&mut rsn, id::RSN, body);
        }
        if station.association.as_ref().is_none_or(|association| association.rsn != rsn) {
            self.deauthenticate(now, air, address, reason::ELEMENT_DIFFERS);
            return;
        }
        station.ptk = Some(ptk);
        station.receive_key = Some(ccmp::Key::new(ptk.tk, 0));
        station.handshake.enter(Step::Message4);
        self.send_message(now, air, address);
    }

    fn has_valid_mic(&mut self, address: [u8; 6], bytes: &[u8]) -> bool {
        let ptk = self.stations.get(&address).and_then(|station| station.ptk);
        let is_valid = ptk.is_some_and(|ptk| eapol::has_valid_mic(bytes, &ptk.kck));
        if !is_valid {
            self.happened(Happening::WrongMic(address));
        }
        is_valid
    }

    fn on_message_4(&mut self, address: [u8; 6], bytes: &[u8]) {
        if !self.has_valid_mic(address, bytes) {
            return;
        }
        let Some(station) = self.stations.get_mut(&address) else { return };
        let Some(ptk) = station.ptk else { return };
        station.send_key = Some(ccmp::Key::new(ptk.tk, 0));
        station.is_open = true;
        station.handshake.step = Step::Idle;
        self.happened(Happening::Open(address));
    }

    fn on_group_2(&mut self, address: [u8; 6], bytes: &[u8]) {
        if !self.has_valid_mic(address, bytes) {
            return;
        }
        if let Some(station) = self.stations.get_mut(&address) {
            station.handshake.step = Step::Idle;
        }
        self.finish_group_rekey();
    }
}
