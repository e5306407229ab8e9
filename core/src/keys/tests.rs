// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Every state of the supplicant with every input, whole handshakes, and what attackers send.

use std::{fmt::Write as _, format, string::String, vec, vec::Vec};

use aes::Aes128;
use aes_kw::AesKw;
use hmac::KeyInit;
use proptest::prelude::*;

use super::*;
use crate::{snapshot, wire::eapol::Eapol};

const NOW: Instant = Instant(10_000_000);
const OWN: MacAddr = MacAddr([2, 0, 0, 0, 0, 5]);
const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const PMK: [u8; PMK_LEN] = *b"a pairwise master key, 256 bits!";
const ANONCE: [u8; NONCE_LEN] = [0xaa; NONCE_LEN];
const SNONCE: [u8; NONCE_LEN] = [0x55; NONCE_LEN];
const GTK: [u8; KEY_LEN] = [7; KEY_LEN];

const MESSAGE_1: u16 = 0x008a;
const MESSAGE_3: u16 = 0x13ca;
const GROUP_1: u16 = 0x1382;

fn with(pmk: &[u8; PMK_LEN]) -> With<'_> {
    With { pmk, own: OWN, bssid: AP, chance: &|out| out.fill(0x55) }
}

fn ptk() -> Ptk {
    Ptk::derive(&PMK, &Ends { addrs: [AP, OWN], nonces: [&ANONCE, &SNONCE] })
}

/// What the access point says.
#[derive(Clone)]
struct Said {
    information: u16,
    counter: u64,
    nonce: [u8; NONCE_LEN],
    sequence: [u8; 8],
    /// Plain; wrapped unless this is message 1.
    data: Vec<u8>,
    ptk: Ptk,
}

impl Said {
    fn message_1(counter: u64) -> Self {
        let data = vec![];
        let (information, sequence) = (MESSAGE_1, [0; 8]);
        Self { information, counter, nonce: ANONCE, sequence, data, ptk: Ptk::NONE }
    }

    fn message_3(counter: u64) -> Self {
        let data = [&RSN_ELEMENT[..], &kde(1, &GTK)].concat();
        let sequence = [9, 0, 0, 0, 0, 1, 0, 0];
        Self { information: MESSAGE_3, counter, nonce: ANONCE, sequence, data, ptk: ptk() }
    }

    fn group_1(counter: u64, index: u8, key: u8) -> Self {
        let data = kde(index, &[key; KEY_LEN]);
        let (information, nonce) = (GROUP_1, [0; NONCE_LEN]);
        Self { information, counter, nonce, sequence: [0; 8], data, ptk: ptk() }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut data = self.data.clone();
        if self.information & KeyInformation::ENCRYPTED.bits() != 0 {
            data.push(0xdd);
            data.resize(data.len().next_multiple_of(8).max(16), 0);
            let mut wrapped = vec![0; data.len() + 8];
            AesKw::<Aes128>::new(&self.ptk.kek.into()).wrap_key(&data, &mut wrapped).unwrap();
            data = wrapped;
        }
        let mut header = KeyHeader::new_zeroed();
        header.descriptor = DESCRIPTOR_RSN;
        header.information = U16::new(self.information);
        header.key_len = U16::new(16);
        header.replay_counter.set(self.counter);
        (header.nonce, header.receive_sequence) = (self.nonce, self.sequence);
        header.data_len = U16::new(data.len().try_into().unwrap());
        let len = U16::new((95 + data.len()).try_into().unwrap());
        let eapol = EapolHeader { version: 2, packet_type: TYPE_KEY, len };
        if self.information & KeyInformation::MIC.bits() != 0 {
            header.mic = self.ptk.mic(&[eapol.as_bytes(), header.as_bytes(), &data]);
        }
        [eapol.as_bytes(), header.as_bytes(), &data].concat()
    }
}

fn kde(index: u8, key: &[u8]) -> Vec<u8> {
    let body = [&[0, 0x0f, 0xac, 1, index, 0], key].concat();
    [&[221, body.len().try_into().unwrap()], &body[..]].concat()
}

/// A supplicant and what it wants.
#[derive(Default)]
struct Bench {
    supplicant: Supplicant,
    out: Actions,
}

impl Bench {
    /// Takes an input and says what comes of it, as text.
    fn input(&mut self, input: Input<'_>) -> String {
        self.input_with(input, &PMK)
    }

    fn input_with(&mut self, input: Input<'_>, pmk: &[u8; PMK_LEN]) -> String {
        self.supplicant.handle(NOW, input, &with(pmk), &mut self.out);
        snapshot::drain(&mut self.out)
    }

    fn hear(&mut self, said: &Said) -> String {
        self.input(Input::Packet(&said.bytes()))
    }

    fn waiting() -> Self {
        let mut bench = Self::default();
        assert_eq!(bench.input(Input::Begin), "-");
        bench
    }

    fn answered() -> Self {
        let mut bench = Self::waiting();
        assert_eq!(bench.hear(&Said::message_1(1)), "Reply(Message2)");
        bench
    }

    fn pairwise() -> Self {
        let mut bench = Self::answered();
        assert!(bench.hear(&Said::message_3(2)).contains("InstallKey"));
        bench
    }

    fn group() -> Self {
        let mut bench = Self::pairwise();
        assert!(bench.input(Input::KeyDone(Ok(()))).contains("InstallKey"));
        bench
    }

    fn done() -> Self {
        let mut bench = Self::group();
        assert_eq!(bench.input(Input::KeyDone(Ok(()))), "Secured(Ok(()))");
        bench
    }

    fn renewing() -> Self {
        let mut bench = Self::done();
        assert!(bench.hear(&Said::group_1(3, 2, 8)).contains("InstallKey"));
        bench
    }

    fn reply(&self, reply: Reply) -> Vec<u8> {
        let mut out = [0; 200];
        let mut writer = Writer::new(&mut out);
        self.supplicant.emit(reply, &mut writer);
        let len = writer.finish().unwrap();
        out[..len].to_vec()
    }
}

/// Brings a supplicant into a state.
type Make = fn() -> Bench;

#[test]
fn every_state_with_every_input() {
    let states: [(&str, Make); 7] = [
        ("idle", Bench::default),
        ("waiting", Bench::waiting),
        ("answered", Bench::answered),
        ("pairwise", Bench::pairwise),
        ("group", Bench::group),
        ("done", Bench::done),
        ("renewing", Bench::renewing),
    ];
    let other_nonce = Said { nonce: [1; NONCE_LEN], ..Said::message_1(9) };
    let other_key = Said { ptk: Ptk::NONE, ..Said::message_3(9) };
    let other_suite = Said { data: kde(1, &GTK), ..Said::message_3(9) };
    let packets = [
        ("message 1", Said::message_1(9)),
        ("message 1, other nonce", other_nonce),
        ("message 3", Said::message_3(9)),
        ("message 3, other key", other_key),
        ("message 3, no RSN element", other_suite),
        ("message 3, replayed", Said::message_3(2)),
        ("group 1", Said::group_1(9, 2, 9)),
        ("group 1, same key", Said::group_1(9, 1, 7)),
        ("group 1, replayed", Said::group_1(2, 2, 9)),
    ];
    let packets: Vec<(&str, Vec<u8>)> =
        packets.iter().map(|(name, said)| (*name, said.bytes())).collect();
    let mut inputs = vec![("Begin", Input::Begin)];
    inputs.extend(packets.iter().map(|(name, bytes)| (*name, Input::Packet(bytes))));
    inputs.extend([
        ("ok", Input::KeyDone(Ok(()))),
        ("broken", Input::KeyDone(Err(Failure::Unsupported))),
        ("Deadline", Input::Deadline),
        ("End", Input::End),
    ]);
    let mut table = String::new();
    for (name, make) in states {
        for (what, input) in &inputs {
            let mut bench = make();
            let before = format!("{:?}", bench.supplicant.state);
            if let State::Waiting(until, _) = &mut bench.supplicant.state {
                *until = NOW; // Of time-outs, too.
            }
            let actions = bench.input(*input);
            let after = format!("{:?}", bench.supplicant.state);
            if before != after || actions != "-" {
                writeln!(table, "{name} + {what} -> {after}: {actions}").unwrap();
            }
        }
    }
    snapshot::check("src/keys/table.txt", &table);
}

#[test]
fn a_whole_handshake() {
    let mut bench = Bench::answered();
    let message_2 = bench.reply(Reply::Message2);
    let key = Eapol::parse(&message_2).unwrap().key().unwrap();
    assert_eq!((key.message(), key.header.information.get()), (Some(2), 0x010a));
    assert_eq!((key.data, key.header.nonce), (&RSN_ELEMENT[..], SNONCE));
    assert!(ptk().has_valid_mic(&message_2));

    assert_eq!(
        bench.hear(&Said::message_3(2)),
        "Reply(Message4), InstallKey(KeyInfo { place: KeyPlace { peer: \
         Some(02:00:00:00:00:01), index: 0 }, cipher: Ccmp, receive_pn: 0 })"
    );
    let message_4 = bench.reply(Reply::Message4);
    let key = Eapol::parse(&message_4).unwrap().key().unwrap();
    assert_eq!((key.message(), key.header.information.get()), (Some(4), 0x030a));
    assert_eq!(key.header.replay_counter.get(), 2);
    assert!(ptk().has_valid_mic(&message_4));
    assert_eq!(bench.supplicant.key(), Some(&ptk().temporal));

    let pn = 0x0100_0000_0009_u64;
    assert_eq!(
        bench.input(Input::KeyDone(Ok(()))),
        format!(
            "InstallKey(KeyInfo {{ place: KeyPlace {{ peer: None, index: 1 }}, cipher: Ccmp, \
             receive_pn: {pn} }})"
        )
    );
    assert_eq!(bench.supplicant.key(), Some(&GTK));
    assert_eq!(bench.input(Input::KeyDone(Ok(()))), "Secured(Ok(()))");
    assert_eq!((bench.supplicant.key(), bench.supplicant.deadline()), (None, None));

    assert!(bench.hear(&Said::group_1(3, 2, 8)).starts_with("InstallKey"));
    assert_eq!(bench.supplicant.key(), Some(&[8; KEY_LEN]));
    assert_eq!(bench.input(Input::KeyDone(Ok(()))), "Reply(Group2)");
    let group_2 = bench.reply(Reply::Group2);
    let key = Eapol::parse(&group_2).unwrap().key().unwrap();
    assert_eq!((key.message(), key.header.information.get()), (None, 0x0302));
    assert!(ptk().has_valid_mic(&group_2));
}

#[test]
fn no_key_is_installed_twice() {
    let mut bench = Bench::done();
    // Our last message was lost: the third comes again, with a higher counter.
    assert_eq!(bench.hear(&Said::message_3(3)), "Reply(Message4)");
    assert_eq!(bench.hear(&Said::message_3(3)), "-");
    assert_eq!(bench.hear(&Said::group_1(4, 1, 7)), "Reply(Group2)");
    assert_eq!(bench.hear(&Said::group_1(4, 3, 1)), "-");
}

#[test]
fn a_forged_first_message_does_no_harm() {
    let mut bench = Bench::answered();
    let forged = Said { nonce: [1; NONCE_LEN], ..Said::message_1(u64::MAX) };
    assert_eq!(bench.hear(&forged), "Reply(Message2)");
    assert!(bench.hear(&Said::message_3(2)).contains("InstallKey"));
}

#[test]
fn the_nonce_is_another_one_after_each_handshake() {
    let mut bench = Bench::done();
    let chances = core::cell::Cell::new(0);
    let chance = |out: &mut [u8]| {
        chances.set(chances.get() + 1);
        out.fill(0x56);
    };
    let with = With { chance: &chance, ..with(&PMK) };
    for counter in [3, 4] {
        let bytes = Said::message_1(counter).bytes();
        bench.supplicant.handle(NOW, Input::Packet(&bytes), &with, &mut bench.out);
        assert_eq!(snapshot::drain(&mut bench.out), "Reply(Message2)");
    }
    assert_eq!((chances.get(), bench.supplicant.nonce), (1, [0x56; NONCE_LEN]));
    let ends = Ends { addrs: [AP, OWN], nonces: [&ANONCE, &[0x56; NONCE_LEN]] };
    let renewed = Said { ptk: Ptk::derive(&PMK, &ends), ..Said::message_3(5) };
    assert!(bench.hear(&renewed).contains("InstallKey"));
    // The old group key is still the one: it stays as it is.
    assert_eq!(bench.input(Input::KeyDone(Ok(()))), "-");
    assert_eq!(bench.supplicant.state, State::Done);
}

#[test]
fn another_key_ends_in_a_clear_failure() {
    let wrong = [1; PMK_LEN];
    let mut bench = Bench::default();
    bench.input(Input::Begin);
    assert_eq!(
        bench.input_with(Input::Packet(&Said::message_1(1).bytes()), &wrong),
        "Reply(Message2)"
    );
    assert!(!ptk().has_valid_mic(&bench.reply(Reply::Message2)));
    assert_eq!(bench.input_with(Input::Packet(&Said::message_3(2).bytes()), &wrong), "-");
    assert_eq!(bench.input(Input::End), "Secured(Err(WrongKey))");
    let mut silent = Bench::waiting();
    silent.supplicant.handle(
        silent.supplicant.deadline().unwrap(),
        Input::Deadline,
        &with(&PMK),
        &mut silent.out,
    );
    assert_eq!(snapshot::drain(&mut silent.out), "Secured(Err(Timeout))");
}

#[test]
fn nothing_but_the_right_bits_is_answered() {
    // Without ACK, with an error, with a request, with another version, unprotected in part.
    for (said, flip) in [
        (Said::message_1(1), 1 << 7),
        (Said::message_1(1), 1 << 10),
        (Said::message_1(1), 1 << 11),
        (Said::message_1(1), 1),
        (Said::message_3(2), 1 << 7),
        (Said::message_3(2), 1 << 9),
        (Said::message_3(2), 1 << 12),
        (Said::message_3(2), 1),
    ] {
        let mut bench = Bench::answered();
        let said = Said { information: said.information ^ flip, ..said };
        assert_eq!(bench.hear(&said), "-", "{flip:#x}");
    }
    for (index, key) in [(0, &GTK[..]), (1, &GTK[1..]), (1, &[7; 32])] {
        let mut bench = Bench::answered();
        let data = [&RSN_ELEMENT[..], &kde(index, key)].concat();
        assert_eq!(bench.hear(&Said { data, ..Said::message_3(2) }), "-");
    }
}

#[test]
fn a_frame_that_was_changed_on_its_way_is_nothing() {
    let good = Said::message_3(2).bytes();
    for at in 0..good.len() {
        let mut bench = Bench::answered();
        let mut bad = good.clone();
        bad[at] ^= 4;
        let actions = bench.input(Input::Packet(&bad));
        assert!(actions == "-" || actions == "Reply(Message2)", "byte {at}: {actions}");
    }
    for len in 0..good.len() {
        assert_eq!(Bench::answered().input(Input::Packet(&good[..len])), "-");
    }
}

proptest! {
    #[test]
    fn nothing_panics_and_the_end_is_told_once(
        steps in prop::collection::vec((0_u8..12, any::<u64>()), 0..60),
        noise in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut bench = Bench::default();
        let (mut begun, mut ended, mut installing) = (0, 0, false);
        for (step, number) in steps {
            let counter = number % 8;
            let mut bytes = match step {
                0 | 1 => Said::message_1(counter).bytes(),
                2..4 => Said::message_3(counter).bytes(),
                4 => Said::group_1(counter, 1 + (number >> 8) as u8 % 3, counter as u8).bytes(),
                _ => noise.clone(),
            };
            if step == 3 {
                let at = (number >> 16) as usize % bytes.len();
                bytes[at] ^= 1 << (number >> 32 & 7);
            }
            let input = match step {
                6 => Input::Begin,
                7 | 8 if installing => Input::KeyDone(Ok(())),
                9 if installing => Input::KeyDone(Err(Failure::Down)),
                10 => Input::End,
                11 => Input::Deadline,
                _ => Input::Packet(&bytes),
            };
            if matches!(input, Input::Begin) {
                // A new association comes after the end of the old one.
                bench.supplicant.handle(NOW, Input::End, &with(&PMK), &mut bench.out);
                installing = false;
            }
            bench.supplicant.handle(NOW, input, &with(&PMK), &mut bench.out);
            begun += usize::from(matches!(input, Input::Begin));
            installing &= !matches!(input, Input::KeyDone(_));
            while let Some(action) = bench.out.pop() {
                ended += usize::from(matches!(action, Action::Secured(_)));
                if let Action::InstallKey(_) = action {
                    installing = true;
                    prop_assert!(bench.supplicant.key().is_some());
                }
            }
            installing &= bench.supplicant.key().is_some();
        }
        // A failure to install a later key is an end, too.
        prop_assert!(ended <= 2 * begun);
    }
}
