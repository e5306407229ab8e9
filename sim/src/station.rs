// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A scripted station: joins a network and sends and receives Ethernet frames. It checks the access
//! points of this package, and can stand beside a driver's station.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    Seed,
    access_point::{
        Psk, ccmp, eapol,
        elements::{self, id},
        frame::{self, Frame, flag, kind},
    },
    air::{Air, Micros, OnAir, RadioId, Rate},
    supplicant::{Supplicant, Want},
};

/// How long each answer may take before the request is sent again.
const ANSWER_US: Micros = 200_000;
/// How often each request is sent.
const REQUESTS_MAX: u8 = 10;

/// Which network to join, and how.
#[derive(Clone, Debug)]
pub struct Join {
    /// Name of the network.
    pub ssid: Vec<u8>,
    /// Secret; `None` for an open one.
    pub psk: Option<Psk>,
    /// Channel.
    pub channel: u8,
}

/// How far a station is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Does nothing.
    Idle,
    /// Asks for the network by name.
    Probing,
    /// Sent an authentication request.
    Authenticating,
    /// Sent an association request.
    Associating,
    /// Waits for the handshake.
    Handshake,
    /// Data may flow.
    Open,
    /// No answer came, or one with this status code; or it was sent away with this reason code.
    Failed(Option<u16>),
}

/// A station; see the [module](self).
#[derive(Debug)]
pub struct Station {
    /// Its address.
    pub address: [u8; 6],
    /// How far it is.
    pub progress: Progress,
    /// Names that beacons (`true`) and probe responses (`false`) of each BSS carried.
    pub heard_names: BTreeMap<([u8; 6], bool), Vec<u8>>,
    radio: RadioId,
    seed: Seed,
    join: Option<Join>,
    bssid: [u8; 6],
    has_wmm: bool,
    supplicant: Option<Supplicant>,
    pairwise: Option<ccmp::Key>,
    groups: BTreeMap<u8, ccmp::Key>,
    received: VecDeque<Vec<u8>>,
    requests: u8,
    retry_at: Micros,
    sequence: u16,
    last: Option<u16>,
}

impl Station {
    /// A station that does nothing yet.
    pub fn new(air: &mut Air, seed: u64, address: [u8; 6]) -> Self {
        let radio = air.join("station");
        air.acknowledge(radio, &[address]);
        Self {
            address,
            progress: Progress::Idle,
            heard_names: BTreeMap::new(),
            radio,
            seed: Seed::new(seed),
            join: None,
            bssid: frame::BROADCAST,
            has_wmm: false,
            supplicant: None,
            pairwise: None,
            groups: BTreeMap::new(),
            received: VecDeque::new(),
            requests: 0,
            retry_at: 0,
            sequence: 0,
            last: None,
        }
    }

    /// Begins to join a network.
    pub fn join(&mut self, now: Micros, air: &mut Air, join: Join) {
        air.tune(self.radio, join.channel, 20);
        self.join = Some(join);
        self.enter(now, air, Progress::Probing);
    }

    /// Listens on a channel.
    pub fn listen(&mut self, air: &mut Air, channel: u8) {
        air.tune(self.radio, channel, 20);
    }

    /// When [`Station::poll`] has something to do although nothing is heard.
    pub fn next_event(&self) -> Option<Micros> {
        let waits = matches!(
            self.progress,
            Progress::Probing | Progress::Authenticating | Progress::Associating
        );
        waits.then_some(self.retry_at)
    }

    /// Handles what was heard and what is due.
    pub fn poll(&mut self, now: Micros, air: &mut Air) {
        while let Some(heard) = air.receive(now, self.radio) {
            if let Some(frame) = Frame::parse(&heard.bytes) {
                self.hear(now, air, &frame);
            }
        }
        if self.next_event().is_some_and(|at| at <= now) {
            self.request(now, air);
        }
    }

    /// The next Ethernet frame that was received.
    pub fn take_received(&mut self) -> Option<Vec<u8>> {
        self.received.pop_front()
    }

    /// Sends an Ethernet frame, if data may flow.
    pub fn send(&mut self, now: Micros, air: &mut Air, ethernet: &[u8]) {
        if self.progress == Progress::Open {
            self.send_data(now, air, ethernet);
        }
    }

    /// Says that it dozes, or that it is awake again.
    pub fn doze(&mut self, now: Micros, air: &mut Air, is_dozing: bool) {
        let flags = flag::TO_DS | if is_dozing { flag::POWER_MANAGEMENT } else { 0 };
        let header = self.header(kind::NULL, flags, self.bssid);
        self.transmit(now, air, header);
    }

    /// Asks for one frame that was kept.
    pub fn ps_poll(&mut self, now: Micros, air: &mut Air) {
        let poll =
            [&[kind::PS_POLL, flag::POWER_MANAGEMENT, 1, 0xc0][..], &self.bssid, &self.address];
        self.transmit(now, air, poll.concat());
    }

    /// Sends any frame as it is.
    pub fn transmit(&mut self, now: Micros, air: &mut Air, bytes: Vec<u8>) {
        let channel = self.join.as_ref().map_or(6, |join| join.channel);
        let rate = if channel <= 14 { Rate::LOWEST } else { Rate::Legacy(12) };
        air.transmit(now, self.radio, OnAir::new(channel, rate, bytes), 7);
    }

    /// A header to the access point.
    pub fn header(&mut self, kind: u8, flags: u8, third: [u8; 6]) -> Vec<u8> {
        self.sequence = (self.sequence + 1) & 0x0fff;
        let qos = if kind & 0x8c == 0x88 { Some(0) } else { None };
        let addresses = [self.bssid, self.address, third];
        frame::header(kind, flags, addresses, self.sequence, qos)
    }

    fn enter(&mut self, now: Micros, air: &mut Air, progress: Progress) {
        self.progress = progress;
        self.requests = 0;
        if self.next_event().is_some() {
            self.request(now, air);
        }
    }

    fn request(&mut self, now: Micros, air: &mut Air) {
        if self.requests == REQUESTS_MAX {
            self.progress = Progress::Failed(None);
            return;
        }
        self.requests += 1;
        self.retry_at = now + ANSWER_US;
        let Some(Join { ssid, psk, channel }) = self.join.clone() else { return };
        let mut body = Vec::new();
        let kind = match self.progress {
            Progress::Probing => {
                self.bssid = frame::BROADCAST;
                kind::PROBE_REQUEST
            }
            Progress::Authenticating => kind::AUTH,
            _ => kind::ASSOC_REQUEST,
        };
        match kind {
            kind::AUTH => body.extend([0, 0, 1, 0, 0, 0]),
            _ => {
                if kind == kind::ASSOC_REQUEST {
                    // ESS, listen interval.
                    body.extend([1, 0, 10, 0]);
                }
                elements::put(&mut body, id::SSID, &ssid);
                elements::put_rates(&mut body, elements::rates(channel));
            }
        }
        if kind == kind::ASSOC_REQUEST {
            if psk.is_some() {
                body.extend(Supplicant::element());
            }
            if self.has_wmm {
                elements::put(&mut body, id::VENDOR, &[0x00, 0x50, 0xf2, 2, 0, 1, 0]);
                elements::put(&mut body, id::HT_CAPABILITIES, &elements::ht_capabilities());
            }
        }
        let mut bytes = self.header(kind, 0, self.bssid);
        bytes.extend(body);
        self.transmit(now, air, bytes);
    }

    fn hear(&mut self, now: Micros, air: &mut Air, frame: &Frame<'_>) {
        let [receiver, transmitter, _] = frame.addresses;
        let is_for_me = receiver == self.address;
        if !is_for_me && receiver[0] & 1 == 0 || transmitter == self.address {
            return;
        }
        if is_for_me {
            let is_same = self.last == Some(frame.sequence_control);
            self.last = Some(frame.sequence_control);
            if is_same && frame.has(flag::RETRY) {
                return;
            }
        }
        match frame.kind {
            kind::BEACON | kind::PROBE_RESPONSE => self.on_description(now, air, frame),
            _ if transmitter != self.bssid => (),
            kind::AUTH => self.on_auth(now, air, frame.body),
            kind::ASSOC_RESPONSE => self.on_assoc(now, air, frame.body),
            kind::DEAUTH | kind::DISASSOC => {
                let reason = frame.body.first_chunk().map(|reason| u16::from_le_bytes(*reason));
                self.progress = Progress::Failed(reason);
            }
            kind::DATA | kind::QOS_DATA => self.on_data(now, air, frame),
            _ => (),
        }
    }

    fn on_description(&mut self, now: Micros, air: &mut Air, frame: &Frame<'_>) {
        let Some(elements) = frame.body.get(12..) else { return };
        let name = elements::find(elements, id::SSID).unwrap_or_default().to_vec();
        let bssid = frame.addresses[1];
        self.heard_names.insert((bssid, frame.kind == kind::BEACON), name.clone());
        let is_wanted = self.join.as_ref().is_some_and(|join| join.ssid == name);
        if is_wanted && self.progress == Progress::Probing {
            self.bssid = bssid;
            self.has_wmm = elements::has_wmm(elements);
            self.enter(now, air, Progress::Authenticating);
        }
    }

    fn on_auth(&mut self, now: Micros, air: &mut Air, body: &[u8]) {
        if self.progress != Progress::Authenticating {
            return;
        }
        match body {
            [0, 0, 2, 0, 0, 0, ..] => self.enter(now, air, Progress::Associating),
            [_, _, _, _, low, high, ..] => {
                self.progress = Progress::Failed(Some(u16::from_le_bytes([*low, *high])));
            }
            _ => (),
        }
    }

    fn on_assoc(&mut self, now: Micros, air: &mut Air, body: &[u8]) {
        if self.progress != Progress::Associating {
            return;
        }
        let &[_, _, low, high, ..] = body else { return };
        let Some(join) = &self.join else { return };
        if [low, high] != [0, 0] {
            self.progress = Progress::Failed(Some(u16::from_le_bytes([low, high])));
            return;
        }
        self.pairwise = None;
        self.groups.clear();
        let (own, bssid) = (self.address, self.bssid);
        let supplicant = |psk| Supplicant::new(&mut self.seed, psk, &join.ssid, own, bssid);
        self.supplicant = join.psk.as_ref().map(supplicant);
        let is_open = self.supplicant.is_none();
        self.enter(now, air, if is_open { Progress::Open } else { Progress::Handshake });
    }

    fn on_data(&mut self, now: Micros, air: &mut Air, frame: &Frame<'_>) {
        let [destination, _, source] = frame.addresses;
        if source == self.address || !frame.has(flag::FROM_DS) {
            return;
        }
        let body = if frame.has(flag::PROTECTED) {
            let Some((_, key_id)) = ccmp::packet_number(frame) else { return };
            let is_group = destination[0] & 1 != 0;
            let key = if is_group { self.groups.get(&key_id) } else { self.pairwise.as_ref() };
            let Some((_, body)) = key.and_then(|key| key.open(frame)) else { return };
            body
        } else {
            frame.body.to_vec()
        };
        let Some(ethernet) = frame::to_ethernet(destination, source, &body) else { return };
        if ethernet.get(12..14) != Some(&eapol::ETHERTYPE.to_be_bytes()) {
            let must_protect = self.supplicant.is_some();
            if self.progress == Progress::Open && must_protect == frame.has(flag::PROTECTED) {
                self.received.push_back(ethernet);
            }
            return;
        }
        let wants = self.supplicant.as_mut().map(|supplicant| supplicant.on_eapol(&ethernet[14..]));
        for want in wants.into_iter().flatten() {
            match want {
                Want::Send(bytes) => {
                    let mut ethernet = [self.bssid, self.address].concat();
                    ethernet.extend(eapol::ETHERTYPE.to_be_bytes());
                    ethernet.extend(bytes);
                    self.send_data(now, air, &ethernet);
                }
                Want::PairwiseKey(key) => self.pairwise = Some(ccmp::Key::new(key, 0)),
                Want::GroupKey { key_id, key, .. } => {
                    self.groups.insert(key_id, ccmp::Key::new(key, key_id));
                }
                Want::Done => self.progress = Progress::Open,
            }
        }
    }

    fn send_data(&mut self, now: Micros, air: &mut Air, ethernet: &[u8]) {
        let Some((destination, _, body)) = frame::from_ethernet(ethernet) else { return };
        let kind = if self.has_wmm { kind::QOS_DATA } else { kind::DATA };
        let header = self.header(kind, flag::TO_DS, destination);
        let bytes = match &mut self.pairwise {
            Some(key) => key.seal(header, &body),
            None => [header, body].concat(),
        };
        self.transmit(now, air, bytes);
    }
}
