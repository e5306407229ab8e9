// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A user who gives a key and leaves the rest to core: its policy and its own supplicant.

use tern_core::{
    control::{ControlRequest, Effort, Failure, JoinInfo},
    types::{Cipher, Mode},
};

use super::{PSK, SSID, World};
use crate::air::Micros;

/// How long core has to join again by itself: longer than the pause of some rounds.
const BACK_US: Micros = 30_000_000;
/// How long the access point waits for the answers to a new group key.
const REKEY_US: Micros = 4_000_000;

/// The request of somebody who waits for the network, however long.
const JOIN: ControlRequest = ControlRequest::Join(JoinInfo {
    bssid: None,
    pairwise: Some(Cipher::Ccmp),
    has_psk: true,
    channel: None,
    effort: Effort::Forever,
});

/// Body of a join: length and name, the key, no elements.
fn join_body(ssid: &[u8], key: &[u8; 32]) -> Vec<u8> {
    [&[ssid.len() as u8][..], ssid, key].concat()
}

impl World<'_> {
    pub(super) fn play_psk(&mut self) -> Result<(), Failure> {
        self.up(Mode::Station)?;
        self.join_with_key()?;
        self.ping(2, 64)?;
        self.burst(20)?;
        self.hear_everybody()?;
        self.begin_group_rekey();
        self.run_until(REKEY_US, |_| false);
        self.hear_everybody()?;
        self.ping(1, 1400)?;
        self.be_sent_away()?;
        if !self.run_until(BACK_US, |world| world.is_up) {
            if self.is_calm() {
                self.complain("the link did not come back".to_owned());
            }
            return Err(Failure::Timeout);
        }
        self.check_agreement(true);
        self.ping(1, 64)?;
        self.ask(ControlRequest::Leave, None)?;
        self.run_until(100_000, |_| false);
        self.check_agreement(false);
        self.check_farewell();
        if !self.eapol.is_empty() {
            self.complain(format!("the user was shown {} EAPOL frames", self.eapol.len()));
        }
        self.ask(ControlRequest::Down, None)
    }

    /// The link is up when the keys are there, not before.
    fn join_with_key(&mut self) -> Result<(), Failure> {
        self.ask(JOIN, Some(&join_body(SSID, &PSK)))?;
        let begun = self.now();
        if !self.run_until(BACK_US, |world| world.is_up) {
            if self.is_calm() {
                self.complain("core did not join".to_owned());
            }
            return Err(Failure::Timeout);
        }
        self.check_agreement(true);
        // A scan of all channels, and no time-out of the access point.
        if self.is_calm() && self.now() - begun > 3_000_000 {
            self.complain(format!("the join took {} us", self.now() - begun));
        }
        Ok(())
    }

    /// The access point has another key: every round fails, and the user is told why.
    pub fn join_with_wrong_key(&mut self) -> Result<(), Failure> {
        let join = JoinInfo {
            bssid: None,
            pairwise: Some(Cipher::Ccmp),
            has_psk: true,
            ..JoinInfo::default()
        };
        let body = join_body(SSID, &[0x17; 32]);
        self.carry_out(ControlRequest::Join(join), Some(&body)).map(drop)
    }
}
