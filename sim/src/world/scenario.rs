// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the user does in each scenario, as long as the driver lets it.

use tern_core::{
    control::{ControlRequest, DETACHED, Failure},
    types::{Channel, MacAddr, Mode, Tuning},
};

use super::{Options, Scenario, World};
use crate::os::Event;

/// How long the monitor listens: some beacons of its channel.
const LISTEN_US: u64 = 500_000;

impl World<'_> {
    /// Carries the scenario out, and checks on the way that all tell the same story.
    pub fn play(&mut self, options: &Options) -> Result<(), Failure> {
        match options.scenario {
            Scenario::Open => self.play_join(false),
            Scenario::Wpa2 | Scenario::Unplug => self.play_join(true),
            Scenario::Psk => self.play_psk(),
            Scenario::Scan => self.play_scan(),
            Scenario::Monitor => self.play_monitor(),
            Scenario::Requests => self.play_requests(),
        }
    }

    fn play_join(&mut self, is_protected: bool) -> Result<(), Failure> {
        self.up(Mode::Station)?;
        self.check_agreement(false);
        self.join(is_protected)?;
        self.check_agreement(true);
        self.ping(3, 64)?;
        self.ping(2, 1400)?;
        self.burst(40)?;
        self.hear_everybody()?;
        let bssid = MacAddr(self.wire.ether.lock().points[0].config().bssid);
        if is_protected {
            self.renew_group_key(bssid)?;
            self.hear_everybody()?;
            self.ping(1, 64)?;
        }
        self.ask(ControlRequest::Deauth(bssid, 3), None)?;
        self.check_agreement(false);
        // The frame may still be on its way through the bus.
        self.run_until(100_000, |_| false);
        self.check_farewell();
        self.join(is_protected)?;
        self.ping(1, 64)?;
        self.be_sent_away()?;
        self.check_agreement(false);
        self.ask(ControlRequest::Down, None)
    }

    /// The access point renews its group key; group frames still come.
    fn renew_group_key(&mut self, bssid: MacAddr) -> Result<(), Failure> {
        self.begin_group_rekey();
        self.run_until(1_000_000, |world| !world.eapol.is_empty());
        self.serve_eapol(bssid).map(drop)
    }

    pub(super) fn begin_group_rekey(&mut self) {
        let mut ether = self.wire.ether.lock();
        let ether = &mut *ether;
        ether.points[0].rekey_group(ether.now, &mut ether.air);
    }

    /// The access point sends us away; the user is told once.
    pub(super) fn be_sent_away(&mut self) -> Result<(), Failure> {
        self.told.clear();
        for _ in 0..10 {
            {
                let mut ether = self.wire.ether.lock();
                let ether = &mut *ether;
                let own = super::OWN.0;
                ether.points[0].deauthenticate(ether.now, &mut ether.air, own, 4);
            }
            let is_told = |world: &mut Self| {
                world.told.iter().any(|event| matches!(event, Event::SentAway(_) | Event::Left(_)))
            };
            if self.run_until(1_000_000, is_told) {
                self.run_until(100_000, |_| false);
                let told = self.told.iter();
                let count = told.filter(|event| matches!(event, Event::SentAway(_))).count();
                if count > 1 {
                    self.complain(format!("told {count} times that we were sent away"));
                }
                return Ok(());
            }
            if self.is_stopped() {
                return Err(DETACHED);
            }
        }
        self.complain("never told that we were sent away".to_owned());
        Err(Failure::Timeout)
    }

    fn play_scan(&mut self) -> Result<(), Failure> {
        self.up(Mode::Station)?;
        let passive = self.scan(&[], &[])?;
        let active = self.scan(&[1, 6, 11], &[b"", b"hidden"])?;
        let names = |found: &[super::join::Found]| -> Vec<Vec<u8>> {
            found.iter().map(|found| found.ssid.clone()).collect()
        };
        for (what, names, wanted) in [
            ("passive", names(&passive), &[&b"tern"[..], b"other", b""][..]),
            ("active", names(&active), &[b"tern", b"other", b"hidden"]),
        ] {
            let missing = wanted.iter().find(|name| !names.iter().any(|found| found == *name));
            if let Some(missing) = missing.filter(|_| self.is_calm()) {
                let missing = String::from_utf8_lossy(missing).into_owned();
                self.complain(format!("{what} scan: {missing:?} was not found"));
            }
        }
        self.ask(ControlRequest::Down, None)
    }

    fn play_monitor(&mut self) -> Result<(), Failure> {
        self.up(Mode::Monitor)?;
        self.wire.device.os.set_listening(true);
        let channel = Channel::ghz2(6).expect("there is a channel 6");
        self.ask(ControlRequest::SetChannel(Tuning::narrow(channel)), None)?;
        self.told.clear();
        self.run_until(LISTEN_US, |_| false);
        let frames: Vec<&[u8]> = self.told.iter().filter_map(captured).collect();
        let bssid = self.wire.ether.lock().points[0].config().bssid;
        let is_beacon = |frame: &&&[u8]| frame[0] == 0x80 && frame[10..16] == bssid;
        let beacons = frames.iter().filter(is_beacon).count();
        if beacons < 3 && self.is_calm() {
            let seen = frames.len();
            self.complain(format!("{beacons} beacons among {seen} captured frames"));
        }
        self.ask(ControlRequest::Down, None)
    }
}

fn captured(event: &Event) -> Option<&[u8]> {
    match event {
        Event::Capture(radiotap, frame) if radiotap.len() >= 8 && frame.len() >= 24 => Some(frame),
        _ => None,
    }
}
