// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! User space: finds a network, joins it, does the handshake, and sends pings.

use std::net::Ipv4Addr;

use tern_core::{
    control::{AssocInfo, AuthInfo, ControlRequest, Failure, KeyInfo, KeyPlace, Port},
    io::Reject,
    scan::ScanRequest,
    types::{Channel, Cipher, MacAddr, Mode, Ssid, Tuning},
};

use super::{OWN, PSK, SSID, World};
use crate::{
    Seed,
    access_point::{
        Psk, eapol,
        elements::{self, id},
    },
    air::Micros,
    os::Event,
    ping::{self, End},
    supplicant::{Supplicant, Want},
};

/// How long the handshake may take: longer than the access point tries.
const HANDSHAKE_US: Micros = 5_000_000;
/// How long an answer to a ping may take, and how often it is sent.
const ECHO_US: Micros = 300_000;
const ECHOES_MAX: u16 = 30;
/// Our IP address.
const IP: Ipv4Addr = Ipv4Addr::new(10, 6, 1, 9);

/// A network as a scan found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its BSSID.
    pub bssid: MacAddr,
    /// Its name.
    pub ssid: Vec<u8>,
    /// Where.
    pub tuning: Tuning,
    /// How strong.
    pub signal_dbm: i8,
}

impl World<'_> {
    /// Switches the interface on.
    pub fn up(&mut self, mode: Mode) -> Result<(), Failure> {
        self.ask(ControlRequest::Up(mode, OWN), None)
    }

    /// Scans and says what was found.
    pub fn scan(&mut self, channels: &[u8], ssids: &[&[u8]]) -> Result<Vec<Found>, Failure> {
        let channels: Vec<Channel> = channels.iter().filter_map(|n| Channel::ghz2(*n)).collect();
        let ssids: Vec<Ssid> = ssids.iter().filter_map(|name| Ssid::new(name)).collect();
        let mut body = [0; 512];
        let len = ScanRequest::emit(&mut body, ssids.is_empty(), &channels, &ssids, &[]);
        let body = len.and_then(|len| body.get(..len)).expect("the request fits");
        self.told.clear();
        self.carry_out(ControlRequest::Scan, Some(body))?;
        Ok(self.told.iter().filter_map(found).collect())
    }

    /// Joins the network: scan, authentication, association, handshake; each once more often if it
    /// does not succeed, as user space does.
    pub fn join(&mut self, is_protected: bool) -> Result<(), Failure> {
        let found = self.find()?;
        let mut result = Err(Failure::Timeout);
        for _ in 0..4 {
            result = self.join_once(&found, is_protected);
            match result {
                Ok(()) => break,
                Err(_) if self.is_stopped() => break,
                Err(_) => self.told.clear(),
            }
        }
        result
    }

    fn find(&mut self) -> Result<Found, Failure> {
        for _ in 0..4 {
            let all = self.scan(&[], &[SSID])?;
            let wanted = all.into_iter().find(|found| found.ssid == SSID);
            if let Some(found) = wanted {
                return Ok(found);
            }
        }
        Err(Failure::NotFound)
    }

    fn join_once(&mut self, found: &Found, is_protected: bool) -> Result<(), Failure> {
        let Found { bssid, tuning, .. } = *found;
        let auth = AuthInfo { bssid, tuning, algorithm: 0 };
        self.carry_out(ControlRequest::Auth(auth), None)?;
        let pairwise = is_protected.then_some(Cipher::Ccmp);
        let assoc = AssocInfo { bssid, previous: None, tuning, is_widest: true, pairwise };
        let elements = is_protected.then(Supplicant::element);
        self.eapol.clear();
        self.carry_out(ControlRequest::Assoc(assoc), elements.as_deref())?;
        if is_protected {
            if self.is_data_path_open() {
                self.complain("the port is open before the handshake".to_owned());
            }
            let mut seed = Seed::new(self.now());
            let psk = Psk::Key(PSK);
            self.supplicant = Some(Supplicant::new(&mut seed, &psk, SSID, OWN.0, bssid.0));
            let begun = self.now();
            self.handshake(bssid)?;
            // The access point repeats what is not answered in half a second.
            if self.is_calm() && self.now() - begun > 400_000 {
                self.complain("the first message of the handshake was lost".to_owned());
            }
        }
        Ok(())
    }

    /// Answers the authenticator until the port is open.
    fn handshake(&mut self, bssid: MacAddr) -> Result<(), Failure> {
        let end = self.now() + HANDSHAKE_US;
        while self.now() < end {
            let left = end - self.now();
            let is_news = |world: &mut Self| {
                !world.eapol.is_empty() || world.sent_away() || world.is_stopped()
            };
            if !self.run_until(left, is_news) {
                break;
            }
            if self.sent_away() {
                return Err(Failure::SentAway(0));
            }
            if self.is_stopped() {
                return Err(tern_core::control::DETACHED);
            }
            if self.serve_eapol(bssid)? {
                return self.ask(ControlRequest::SetPort(bssid, Port::Open), None);
            }
        }
        // As wpa_supplicant does: leaves, to begin anew.
        self.ask(ControlRequest::Deauth(bssid, 1), None)?;
        Err(Failure::Timeout)
    }

    fn sent_away(&self) -> bool {
        self.told.iter().any(|event| matches!(event, Event::SentAway(_) | Event::Left(_)))
    }

    /// Hands EAPOL frames to the supplicant and does what it wants; whether the handshake is done.
    pub fn serve_eapol(&mut self, bssid: MacAddr) -> Result<bool, Failure> {
        let mut is_done = false;
        while let Some(bytes) = self.eapol.pop_front() {
            let wants = self.supplicant.as_mut().map(|supplicant| supplicant.on_eapol(&bytes));
            for want in wants.into_iter().flatten() {
                match want {
                    Want::Send(bytes) => self.send_eapol(bssid, &bytes),
                    Want::PairwiseKey(key) => {
                        let place = KeyPlace { peer: Some(bssid), index: 0 };
                        self.set_key(place, 0, &key)?;
                    }
                    Want::GroupKey { key_id, key, rsc } => {
                        self.set_key(KeyPlace { peer: None, index: key_id }, rsc, &key)?;
                    }
                    Want::Done => is_done = true,
                }
            }
        }
        Ok(is_done)
    }

    fn set_key(&mut self, place: KeyPlace, receive_pn: u64, key: &[u8]) -> Result<(), Failure> {
        let info = KeyInfo { place, cipher: Cipher::Ccmp, receive_pn };
        self.ask(ControlRequest::SetKey(info), Some(key))
    }

    fn send_eapol(&mut self, bssid: MacAddr, bytes: &[u8]) {
        let mut ethernet = [bssid.0, OWN.0].concat();
        ethernet.extend(eapol::ETHERTYPE.to_be_bytes());
        ethernet.extend(bytes);
        // One that is not taken is lost, as on the air; the authenticator repeats itself.
        let _: Result<(), Reject> = self.send(&ethernet, 7);
    }

    /// Sends `count` pings of `len` bytes, each until it is answered.
    pub fn ping(&mut self, count: u16, len: usize) -> Result<(), Failure> {
        let own = End { ethernet: OWN.0, ip: IP };
        let ip = self.wire.ether.lock().points[0].config().address.0;
        let arp = ping::arp_request(own, ip);
        let ethernet = self.converse(|_| arp.clone(), |frame| ping::arp_reply(frame, ip))?;
        let to = End { ethernet, ip };
        for number in 0..count {
            let request = |round| ping::echo_request(own, to, number * 100 + round, len);
            let answer = |frame: &[u8]| ping::echo_reply(frame).filter(|got| got / 100 == number);
            self.converse(request, answer)?;
        }
        Ok(())
    }

    /// Sends pings as fast as the driver takes them, so that its queues fill up. On good air all
    /// are answered.
    pub fn burst(&mut self, count: u16) -> Result<(), Failure> {
        let own = End { ethernet: OWN.0, ip: IP };
        let to = self.host();
        self.received.clear();
        for number in 0..count {
            // Every other one fills its slots with a long frame.
            let len = if number % 2 == 0 { 1400 } else { 40 };
            match self.send(&ping::echo_request(own, to, 10_000 + number, len), 0) {
                Ok(()) | Err(Reject::Full) => {}
                Err(_) => return Err(Failure::Down),
            }
        }
        let is_all = |world: &mut Self| world.received.len() >= usize::from(count);
        self.run_until(2_000_000, is_all);
        let answered = self.received.iter().filter_map(|frame| ping::echo_reply(frame));
        let answered: Vec<u16> = answered.filter(|number| *number >= 10_000).collect();
        if self.is_calm() && answered.len() != usize::from(count) {
            self.complain(format!("{} of {count} pings of a burst answered", answered.len()));
        }
        if !answered.is_sorted_by(|a, b| a < b) && self.conditions_keep_order {
            self.complain(format!("pings of a burst answered in the order {answered:?}"));
        }
        Ok(())
    }

    /// Frames to everybody come in, with the group key if there is one.
    pub fn hear_everybody(&mut self) -> Result<(), Failure> {
        for _ in 0..ECHOES_MAX {
            let Self { wire, received, .. } = self;
            received.clear();
            {
                let mut ether = wire.ether.lock();
                let ether = &mut *ether;
                let mut frame = [[0xff; 6], ether.points[0].config().bssid].concat();
                frame.extend(*b"\x08\x00for everybody");
                ether.points[0].send_ethernet(ether.now, &mut ether.air, &frame);
            }
            let is_heard = |frame: &Vec<u8>| frame.ends_with(b"for everybody");
            let has_come = |world: &mut Self| world.received.iter().any(is_heard);
            if self.run_until(ECHO_US, has_come) {
                return Ok(());
            }
            if self.is_stopped() || self.is_calm() {
                break;
            }
        }
        if self.is_calm() {
            self.complain("a frame to everybody did not come".to_owned());
        }
        Err(Failure::Timeout)
    }

    fn host(&self) -> End {
        let ether = self.wire.ether.lock();
        let config = ether.points[0].config();
        End { ethernet: config.bssid, ip: config.address.0 }
    }

    /// Sends one ping, and waits a while.
    pub fn ping_once(&mut self) -> Result<(), Reject> {
        let own = End { ethernet: OWN.0, ip: IP };
        let to = self.host();
        self.send(&ping::echo_request(own, to, 1, 64), 0)?;
        self.run_until(ECHO_US, |_| false);
        Ok(())
    }

    fn converse<T>(
        &mut self,
        question: impl Fn(u16) -> Vec<u8>,
        answer: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<T, Failure> {
        for round in 0..ECHOES_MAX {
            self.received.clear();
            if self.send(&question(round), 0) == Err(Reject::NoPeer) {
                return Err(Failure::Down);
            }
            let mut found = None;
            self.run_until(ECHO_US, |world| {
                found = world.received.iter().find_map(|frame| answer(frame));
                found.is_some() || world.is_stopped()
            });
            if let Some(found) = found {
                return Ok(found);
            }
            if self.is_stopped() {
                break;
            }
        }
        Err(Failure::Timeout)
    }
}

fn found(event: &Event) -> Option<Found> {
    let Event::Heard(tuning, signal_dbm, frame) = event else { return None };
    let bssid = MacAddr(frame.get(16..22)?.try_into().ok()?);
    let ssid = elements::find(frame.get(36..)?, id::SSID)?.to_vec();
    Some(Found { bssid, ssid, tuning: *tuning, signal_dbm: *signal_dbm })
}
