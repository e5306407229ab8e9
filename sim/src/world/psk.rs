// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A user who gives a key and leaves the rest to core: its policy and its own supplicant.

use tern_core::{
    control::{ControlRequest, Effort, Failure, JoinInfo, PMK_LEN},
    sme::{LIST_LEN_MAX, emit_list},
    types::{Cipher, Mode, Ssid},
};

use super::{PSK, SSID, World};
use crate::air::Micros;

/// How long core has to join again by itself: longer than the pause of some rounds.
const BACK_US: Micros = 30_000_000;
/// How long the access point waits for the answers to a new group key.
const REKEY_US: Micros = 4_000_000;

/// The request of somebody who has a key.
fn join(effort: Effort) -> ControlRequest {
    let pairwise = Some(Cipher::Ccmp);
    ControlRequest::Join(JoinInfo { pairwise, has_psk: true, effort, ..JoinInfo::default() })
}

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
        self.leave()?;
        self.check_farewell();
        self.join_one_of_a_list()?;
        self.leave()?;
        if !self.eapol.is_empty() {
            self.complain(format!("the user was shown {} EAPOL frames", self.eapol.len()));
        }
        self.ask(ControlRequest::Down, None)
    }

    /// The link is up when the keys are there, not before.
    pub fn join_with_key(&mut self) -> Result<(), Failure> {
        self.ask(join(Effort::Forever), Some(&join_body(SSID, &PSK)))?;
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

    fn leave(&mut self) -> Result<(), Failure> {
        self.ask(ControlRequest::Leave, None)?;
        self.run_until(100_000, |_| false);
        self.check_agreement(false);
        Ok(())
    }

    /// Of several networks the one that is there is joined, with its own key.
    fn join_one_of_a_list(&mut self) -> Result<(), Failure> {
        let names = [&b"nowhere"[..], SSID].map(|name| Ssid::new(name).expect("short names"));
        let networks = [(names[0], Some(&[1; PMK_LEN])), (names[1], Some(&PSK))];
        let mut body = [0; LIST_LEN_MAX];
        let len = emit_list(&networks, &mut body).expect("there is room for two");
        let info = JoinInfo { is_list: true, ..JoinInfo::default() };
        self.carry_out(ControlRequest::Join(info), Some(&body[..len]))?;
        self.check_agreement(true);
        self.ping(1, 64)
    }

    /// The access point has another key: every round fails, and the user is told why.
    pub fn join_with_wrong_key(&mut self) -> Result<(), Failure> {
        let body = join_body(SSID, &[0x17; 32]);
        self.carry_out(join(Effort::Rounds), Some(&body)).map(drop)
    }
}
