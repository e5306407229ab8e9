// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! WPA2 with a shared key, the station's side: the 4-way and the group key handshake (IEEE Std
//! 802.11-2020, 12.7.6 and 12.7.7). No I/O, no clock, no chance of its own.
//!
//! One suite is spoken: CCMP for both keys, AKM 00-0F-AC:2, key descriptor version 2. So nobody can
//! talk us down to another one.

mod data;
mod ptk;
#[cfg(test)]
mod tests;

use core::fmt;

use zerocopy::{FromZeros, IntoBytes, big_endian::U16};
use zeroize::Zeroizing;

use self::data::Gtk;
pub use self::ptk::{Ends, KEY_LEN, NONCE_LEN, Ptk};
use crate::{
    action::{Action, Actions},
    control::{Failure, KeyInfo, KeyPlace, PMK_LEN},
    types::{Cipher, Instant, MacAddr},
    wire::{
        eapol::{
            DESCRIPTOR_RSN, Eapol, EapolHeader, EapolKey, KeyHeader, KeyInformation, TYPE_KEY,
        },
        writer::Writer,
    },
};

pub use self::data::RSN_ELEMENT;

/// Time that the access point has from letting us in to the end of the handshake.
const HANDSHAKE_US: u64 = 5_000_000;
/// Most bytes of wrapped key data; the elements of an access point with every option are half of it.
const DATA_MAX: usize = 512;
/// HMAC-SHA1-128 and AES key wrap (12.7.2, table 12-8).
const VERSION: u16 = 2;
/// The version of EAPOL in our answers: what every authenticator knows.
const EAPOL_VERSION: u8 = 1;

/// What can happen to the supplicant.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// The access point let us in.
    Begin,
    /// An EAPOL packet of it, from its version on.
    Packet(&'a [u8]),
    /// What became of the last [`Action::InstallKey`].
    KeyDone(Result<(), Failure>),
    /// [`Supplicant::deadline`] may have come.
    Deadline,
    /// The link is gone.
    End,
}

/// What the supplicant looks up.
#[derive(Clone, Copy)]
pub struct With<'a> {
    /// The pairwise master key.
    pub pmk: &'a [u8; PMK_LEN],
    /// Our address.
    pub own: MacAddr,
    /// The access point.
    pub bssid: MacAddr,
    /// Fills with cryptographic random bytes.
    pub chance: &'a dyn Fn(&mut [u8]),
}

impl fmt::Debug for With<'_> {
    /// Never shows the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "With({} {})", self.own, self.bssid)
    }
}

/// An answer, for [`Supplicant::emit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The second message of the 4-way handshake: our nonce, and what we asked for.
    Message2,
    /// The fourth: we have the keys.
    Message4,
    /// The second of the group key handshake.
    Group2,
}

/// What follows when the group key is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// The first handshake is done.
    Secured,
    /// A later one is.
    Nothing,
    /// The access point waits for it.
    Reply,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// There is no network.
    #[default]
    Idle,
    /// The first handshake has to be done until then; `true`: its first message was answered.
    Waiting(Instant, bool),
    /// The pairwise key is being installed; then comes the group key.
    Pairwise(Then),
    /// The group key is being installed.
    Group(Then),
    /// The keys are in use; the access point may renew them.
    Done,
}

/// The supplicant of one station interface. Keys are wiped when it ends.
#[derive(Debug)]
pub struct Supplicant {
    state: State,
    nonce: [u8; NONCE_LEN],
    /// A handshake was completed with the nonce: the next one gets another.
    is_nonce_used: bool,
    /// Of the handshake that goes on: what the answer is protected with.
    ptk: Ptk,
    /// What is installed.
    installed: Option<Ptk>,
    /// What was installed last, and what is being installed.
    group: Option<Gtk>,
    next_group: Option<Gtk>,
    /// The replay counter of the last message whose MIC was right.
    seen: Option<u64>,
    /// The replay counter of the message that is answered.
    asked: u64,
}

impl Default for Supplicant {
    fn default() -> Self {
        Self {
            state: State::Idle,
            nonce: [0; NONCE_LEN],
            is_nonce_used: true,
            ptk: Ptk::NONE,
            installed: None,
            group: None,
            next_group: None,
            seen: None,
            asked: 0,
        }
    }
}

impl Supplicant {
    /// Takes one input.
    pub fn handle(&mut self, now: Instant, input: Input<'_>, with: &With<'_>, out: &mut Actions) {
        self.state = match (self.state, input) {
            (_, Input::Begin) => {
                self.forget();
                State::Waiting(now.after_us(HANDSHAKE_US), false)
            }
            (State::Waiting(..) | State::Done, Input::Packet(bytes)) => {
                self.packet(bytes, with, out).unwrap_or(self.state)
            }
            (State::Pairwise(then), Input::KeyDone(Ok(()))) => {
                self.installed = Some(self.ptk.clone());
                self.install_group(then, out)
            }
            (State::Group(then), Input::KeyDone(Ok(()))) => {
                self.group = self.next_group.take();
                finish(then, out)
            }
            (State::Pairwise(_) | State::Group(_), Input::KeyDone(Err(why))) => self.fail(why, out),
            (State::Waiting(until, has_answered), Input::Deadline) if now >= until => {
                self.fail(reason(has_answered), out)
            }
            (State::Waiting(_, has_answered), Input::End) => self.fail(reason(has_answered), out),
            (State::Pairwise(Then::Secured) | State::Group(Then::Secured), Input::End) => {
                self.fail(Failure::Aborted, out)
            }
            (_, Input::End) => {
                self.forget();
                State::Idle
            }
            (state, Input::Packet(_) | Input::KeyDone(_) | Input::Deadline) => state,
        };
    }

    /// When to come back with [`Input::Deadline`] if nothing else happens.
    pub const fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Waiting(until, _) => Some(until),
            _ => None,
        }
    }

    /// The key that [`Action::InstallKey`] speaks of.
    pub fn key(&self) -> Option<&[u8; KEY_LEN]> {
        match self.state {
            State::Pairwise(_) => Some(&self.ptk.temporal),
            State::Group(_) => self.next_group.as_ref().map(|group| &group.key),
            State::Idle | State::Waiting(..) | State::Done => None,
        }
    }

    /// Writes an answer, from the version of EAPOL on.
    pub fn emit(&self, reply: Reply, out: &mut Writer<'_>) {
        let (information, key, data): (_, _, &[u8]) = match reply {
            Reply::Message2 => (KeyInformation::PAIRWISE, Some(&self.ptk), &RSN_ELEMENT),
            Reply::Message4 => {
                (KeyInformation::PAIRWISE | KeyInformation::SECURE, Some(&self.ptk), &[])
            }
            Reply::Group2 => (KeyInformation::SECURE, self.installed.as_ref(), &[]),
        };
        let Some(key) = key else { return };
        let information = information | KeyInformation::MIC;
        let data_len = u16::try_from(data.len()).unwrap_or(0);
        let mut header = KeyHeader::new_zeroed();
        header.descriptor = DESCRIPTOR_RSN;
        header.information = U16::new(information.bits() | VERSION);
        header.replay_counter.set(self.asked);
        header.data_len.set(data_len);
        if reply == Reply::Message2 {
            header.nonce = self.nonce;
        }
        let len = U16::new(u16::try_from(size_of::<KeyHeader>()).unwrap_or(0) + data_len);
        let eapol = EapolHeader { version: EAPOL_VERSION, packet_type: TYPE_KEY, len };
        header.mic = key.mic(&[eapol.as_bytes(), header.as_bytes(), data]);
        out.view(&eapol).view(&header).bytes(data);
    }

    /// A packet of the access point; `None` if nothing comes of it.
    fn packet(&mut self, bytes: &[u8], with: &With<'_>, out: &mut Actions) -> Option<State> {
        let eapol = Eapol::parse(bytes)?;
        let packet = bytes.get(..size_of::<EapolHeader>() + eapol.body.len())?;
        let key = eapol.key()?;
        let information = key.information();
        let counter = key.header.replay_counter.get();
        let is_question = information.contains(KeyInformation::ACK)
            && !information.intersects(KeyInformation::REQUEST | KeyInformation::ERROR)
            && information.bits() & KeyInformation::VERSION.bits() == VERSION;
        if !is_question || self.seen.is_some_and(|seen| counter <= seen) {
            return None;
        }
        let is_pairwise = information.contains(KeyInformation::PAIRWISE);
        match (is_pairwise, information.contains(KeyInformation::MIC)) {
            (true, false) => Some(self.message_1(&key, with, out)),
            (true, true) => self.message_3(packet, &key, with, out),
            (false, true) => self.group_1(packet, &key, out),
            (false, false) => None,
        }
    }

    /// Anybody can send this one: it changes nothing but the answer.
    fn message_1(&mut self, key: &EapolKey<'_>, with: &With<'_>, out: &mut Actions) -> State {
        if self.is_nonce_used {
            (with.chance)(&mut self.nonce);
            self.is_nonce_used = false;
        }
        self.ptk = self.derive(key, with);
        self.asked = key.header.replay_counter.get();
        out.push(Action::Reply(Reply::Message2));
        match self.state {
            State::Waiting(until, _) => State::Waiting(until, true),
            state => state,
        }
    }

    /// The key is derived anew from the nonce that comes with it: a forged first message in between
    /// does no harm.
    fn message_3(
        &mut self,
        packet: &[u8],
        key: &EapolKey<'_>,
        with: &With<'_>,
        out: &mut Actions,
    ) -> Option<State> {
        let ptk = self.derive(key, with);
        let mut room = Zeroizing::new([0; DATA_MAX]);
        let plain = self.open(&ptk, packet, key, &mut *room)?;
        let needed = KeyInformation::INSTALL;
        let is_ours = key.information().contains(needed)
            && usize::from(key.header.key_len.get()) == KEY_LEN
            && data::offers_ours(plain);
        if !is_ours {
            // The network is not the one that we asked for (12.7.6.4).
            return Some(self.fail(Failure::Unsupported, out));
        }
        self.next_group = Some(Gtk::find(plain, key.header)?);
        let is_installed = self.installed.as_ref().is_some_and(|old| old.is_same(&ptk));
        self.ptk = ptk;
        self.is_nonce_used = true;
        out.push(Action::Reply(Reply::Message4));
        let is_first = matches!(self.state, State::Waiting(..));
        let then = if is_first { Then::Secured } else { Then::Nothing };
        if is_installed {
            // Sent again, because our answer was lost: a key is never installed twice, which would
            // start its packet numbers anew (CVE-2017-13077).
            return Some(self.install_group(then, out));
        }
        let place = KeyPlace { peer: Some(with.bssid), index: 0 };
        out.push(Action::InstallKey(KeyInfo { place, cipher: Cipher::Ccmp, receive_pn: 0 }));
        Some(State::Pairwise(then))
    }

    fn group_1(&mut self, packet: &[u8], key: &EapolKey<'_>, out: &mut Actions) -> Option<State> {
        let ptk = self.installed.clone()?;
        let mut room = Zeroizing::new([0; DATA_MAX]);
        let plain = self.open(&ptk, packet, key, &mut *room)?;
        self.next_group = Some(Gtk::find(plain, key.header)?);
        Some(self.install_group(Then::Reply, out))
    }

    fn derive(&self, key: &EapolKey<'_>, with: &With<'_>) -> Ptk {
        let nonces = [&key.header.nonce, &self.nonce];
        Ptk::derive(with.pmk, &Ends { addrs: [with.own, with.bssid], nonces })
    }

    /// Checks a message that has to be protected, takes note of its replay counter, and unwraps its
    /// key data.
    fn open<'r>(
        &mut self,
        ptk: &Ptk,
        packet: &[u8],
        key: &EapolKey<'_>,
        room: &'r mut [u8],
    ) -> Option<&'r [u8]> {
        let needed = KeyInformation::SECURE | KeyInformation::ENCRYPTED;
        if !key.information().contains(needed) || !ptk.has_valid_mic(packet) {
            return None;
        }
        self.asked = key.header.replay_counter.get();
        self.seen = Some(self.asked);
        ptk.unwrap(key.data, room)
    }

    /// Installs the next group key, unless it is there already.
    fn install_group(&mut self, then: Then, out: &mut Actions) -> State {
        let is_installed = match (&self.group, &self.next_group) {
            (Some(old), Some(new)) => old.is_same(new),
            _ => false,
        };
        let Some(next) = self.next_group.as_ref().filter(|_| !is_installed) else {
            self.next_group = None;
            return finish(then, out);
        };
        let place = KeyPlace { peer: None, index: next.index };
        let receive_pn = next.receive_pn;
        out.push(Action::InstallKey(KeyInfo { place, cipher: Cipher::Ccmp, receive_pn }));
        State::Group(then)
    }

    fn fail(&mut self, why: Failure, out: &mut Actions) -> State {
        self.forget();
        out.push(Action::Secured(Err(why)));
        State::Idle
    }

    /// Dropping the keys wipes them.
    fn forget(&mut self) {
        *self = Self::default();
    }
}

fn finish(then: Then, out: &mut Actions) -> State {
    match then {
        Then::Secured => out.push(Action::Secured(Ok(()))),
        Then::Reply => out.push(Action::Reply(Reply::Group2)),
        Then::Nothing => {}
    }
    State::Done
}

/// Why there was no third message: an access point whose key is another one refuses our answer to
/// the first, silently or by sending us away.
const fn reason(has_answered: bool) -> Failure {
    if has_answered { Failure::WrongKey } else { Failure::Timeout }
}
