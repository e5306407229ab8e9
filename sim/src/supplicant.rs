// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The supplicant's side of WPA2-PSK, as user space would do it: EAPOL frames in, EAPOL frames and
//! keys out.

use crate::{
    Seed,
    access_point::{
        Psk,
        eapol::{self, KeyFrame, Ptk, info},
        elements,
    },
};

/// What the supplicant wants done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Send this EAPOL frame (from its version on) to the access point.
    Send(Vec<u8>),
    /// Install the pairwise temporal key.
    PairwiseKey([u8; 16]),
    /// Install a group key.
    GroupKey {
        /// 1 to 3.
        key_id: u8,
        /// The key.
        key: [u8; 16],
        /// Packet number that it has reached.
        rsc: u64,
    },
    /// The handshake is complete: data may flow.
    Done,
}

/// A supplicant for one association.
#[derive(Debug)]
pub struct Supplicant {
    pmk: [u8; 32],
    addresses: [[u8; 6]; 2],
    snonce: [u8; 32],
    anonce: Option<[u8; 32]>,
    ptk: Option<Ptk>,
    replay_counter: Option<u64>,
    installed: Option<Ptk>,
    group: Option<[u8; 16]>,
}

impl Supplicant {
    /// A supplicant of the station `own` for the network `ssid` at `bssid`.
    pub fn new(seed: &mut Seed, psk: &Psk, ssid: &[u8], own: [u8; 6], bssid: [u8; 6]) -> Self {
        Self {
            pmk: eapol::pmk(psk, ssid),
            addresses: [own, bssid],
            snonce: std::array::from_fn(|_| (seed.draw() >> 24) as u8),
            anonce: None,
            ptk: None,
            replay_counter: None,
            installed: None,
            group: None,
        }
    }

    /// The RSN element that belongs into the association request.
    pub fn element() -> Vec<u8> {
        elements::rsn()
    }

    /// An EAPOL frame, from its version on.
    pub fn on_eapol(&mut self, bytes: &[u8]) -> Vec<Want> {
        let Some(frame) = KeyFrame::parse(bytes) else { return Vec::new() };
        let is_old = self.replay_counter.is_some_and(|seen| frame.replay_counter <= seen);
        if !frame.has(info::ACK) || is_old {
            return Vec::new();
        }
        if !frame.has(info::MIC) {
            return if frame.has(info::PAIRWISE) { self.on_message_1(&frame) } else { Vec::new() };
        }
        let Some(ptk) = self.ptk.filter(|ptk| eapol::has_valid_mic(bytes, &ptk.kck)) else {
            return Vec::new();
        };
        self.replay_counter = Some(frame.replay_counter);
        let Some(data) = eapol::unwrap(&ptk.kek, &frame.data) else { return Vec::new() };
        if frame.has(info::PAIRWISE) {
            self.on_message_3(&frame, &ptk, &data)
        } else {
            self.on_group_1(&frame, &ptk, &data)
        }
    }

    fn on_message_1(&mut self, frame: &KeyFrame) -> Vec<Want> {
        self.anonce = Some(frame.nonce);
        let ptk = Ptk::derive(&self.pmk, self.addresses, [frame.nonce, self.snonce]);
        self.ptk = Some(ptk);
        let answer = KeyFrame {
            info: info::VERSION_2 | info::PAIRWISE | info::MIC,
            key_len: 0,
            replay_counter: frame.replay_counter,
            nonce: self.snonce,
            rsc: [0; 8],
            data: Self::element(),
        };
        vec![Want::Send(answer.emit(Some(&ptk.kck)))]
    }

    fn answer(frame: &KeyFrame, ptk: &Ptk, pairwise: u16) -> Want {
        let answer = KeyFrame {
            info: info::VERSION_2 | info::MIC | info::SECURE | pairwise,
            key_len: 0,
            replay_counter: frame.replay_counter,
            nonce: [0; 32],
            rsc: [0; 8],
            data: Vec::new(),
        };
        Want::Send(answer.emit(Some(&ptk.kck)))
    }

    /// A key is never installed twice: that would restart its packet numbers.
    fn on_message_3(&mut self, frame: &KeyFrame, ptk: &Ptk, data: &[u8]) -> Vec<Want> {
        let rsn = elements::find(data, elements::id::RSN);
        if self.anonce != Some(frame.nonce) || rsn != Self::element().get(2..) {
            return Vec::new();
        }
        let mut wants = vec![Self::answer(frame, ptk, info::PAIRWISE)];
        if self.installed != Some(*ptk) {
            self.installed = Some(*ptk);
            wants.push(Want::PairwiseKey(ptk.tk));
        }
        wants.extend(self.group_key(frame, data));
        wants.push(Want::Done);
        wants
    }

    fn on_group_1(&mut self, frame: &KeyFrame, ptk: &Ptk, data: &[u8]) -> Vec<Want> {
        if self.installed.is_none() {
            return Vec::new();
        }
        let mut wants: Vec<Want> = self.group_key(frame, data).into_iter().collect();
        wants.push(Self::answer(frame, ptk, 0));
        wants
    }

    fn group_key(&mut self, frame: &KeyFrame, data: &[u8]) -> Option<Want> {
        let (key_id, key) = eapol::find_gtk(data)?;
        if self.group == Some(key) {
            return None;
        }
        self.group = Some(key);
        Some(Want::GroupKey { key_id, key, rsc: u64::from_le_bytes(frame.rsc) })
    }
}
