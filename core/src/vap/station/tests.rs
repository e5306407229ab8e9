// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Every state with every input.

use std::{fmt::Write as _, format, string::String, vec, vec::Vec};

use proptest::prelude::*;

use super::*;
use crate::{
    os::OsError,
    snapshot,
    types::{Channel, RequestId},
    wire::{header::Header, writer::Writer},
};

const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);
const OWN: MacAddr = MacAddr([2, 0, 0, 0, 0, 5]);
const NOW: Instant = Instant(10_000_000);
const HERE: Tuning = Tuning::narrow(Channel::ghz2(6).unwrap());

const fn user(slot: u8) -> Origin {
    Origin::User(RequestId { slot, generation: 0 })
}

fn frame(subtype: MgmtSubtype, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 24 + body.len()];
    Writer::new(&mut out).view(&Header::mgmt(subtype, OWN, AP, AP)).bytes(body);
    out
}

fn beacon(elements: &[u8]) -> Vec<u8> {
    let fixed = [0, 0, 0, 0, 0, 0, 0, 0, 100, 0, 0x21, 0x04];
    frame(MgmtSubtype::Beacon, &[&fixed[..], elements].concat())
}

fn exchange(kind: Kind, tries: u8) -> Exchange {
    Exchange { kind, origin: user(1), bssid: AP, tuning: HERE, tries, until: NOW }
}

fn states() -> Vec<(&'static str, State)> {
    let auth = Kind::Auth { algorithm: 0, transaction: 1 };
    let sae = Kind::Auth { algorithm: 3, transaction: 1 };
    let assoc = Kind::Assoc { previous: None, pairwise: None };
    let alive = Alive::new(NOW, 100);
    let lost = alive.suspect(NOW);
    let farewell = Farewell { bssid: AP, subtype: MgmtSubtype::Deauth, reason: 3 };
    let roam = Then::Roam(Exchange { bssid: OTHER, ..exchange(auth, 1) }, farewell);
    vec![
        ("idle", State::Idle),
        ("approaching", State::Approaching(exchange(auth, 1))),
        ("authenticating", State::Asking(exchange(auth, 1))),
        ("authenticating, last try", State::Asking(exchange(auth, TRIES_MAX))),
        ("authenticating, SAE", State::Asking(exchange(sae, 1))),
        ("associating", State::Asking(exchange(assoc, 1))),
        ("associating, last try", State::Asking(exchange(assoc, TRIES_MAX))),
        ("authenticated", State::Authenticated(AP, HERE, true)),
        ("authenticated, half", State::Authenticated(AP, HERE, false)),
        ("binding", State::Binding(exchange(assoc, 1))),
        ("associated", State::Associated(AP, HERE, alive)),
        ("associated, suspicious", State::Associated(AP, HERE, lost)),
        ("adjusting", State::Adjusting(AP, HERE, alive, false)),
        ("following", State::Adjusting(AP, HERE, alive, true)),
        ("leaving", State::Leaving(Then::Done(user(2), farewell), true)),
        ("leaving, sent away", State::Leaving(Then::SentAway, true)),
        (
            "leaving, refused",
            State::Leaving(Then::Fail(user(1), Failure::Refused(1), Proof::Heard), false),
        ),
        ("leaving, roaming", State::Leaving(roam, true)),
        ("releasing", State::Releasing(AP, HERE, None)),
    ]
}

/// Runs `check` with every input.
fn inputs(mut check: impl FnMut(&'static str, Input<'_>)) {
    let auth = AuthInfo { bssid: AP, tuning: HERE, algorithm: 0 };
    let assoc =
        AssocInfo { bssid: AP, previous: None, tuning: HERE, is_widest: false, pairwise: None };
    let deauth = Farewell { bssid: AP, subtype: MgmtSubtype::Deauth, reason: 3 };
    let disassoc = Farewell { subtype: MgmtSubtype::Disassoc, ..deauth };
    let answers = [
        ("beacon", beacon(&[])),
        ("beacon, switch", beacon(&[37, 3, 0, 11, 1])),
        ("auth ok", frame(MgmtSubtype::Auth, &[0, 0, 2, 0, 0, 0])),
        ("auth refused", frame(MgmtSubtype::Auth, &[0, 0, 2, 0, 17, 0])),
        ("SAE commit", frame(MgmtSubtype::Auth, &[3, 0, 1, 0, 126, 0])),
        ("assoc ok", frame(MgmtSubtype::AssocResponse, &[0, 0, 0, 0, 1, 0xc0, 1, 1, 2])),
        ("assoc refused", frame(MgmtSubtype::AssocResponse, &[0, 0, 17, 0, 0, 0])),
        ("deauth", frame(MgmtSubtype::Deauth, &[7, 0])),
        ("disassoc", frame(MgmtSubtype::Disassoc, &[8, 0])),
    ];
    check("Auth", Input::Auth(user(3), auth, 1));
    check("Auth other", Input::Auth(user(3), AuthInfo { bssid: OTHER, ..auth }, 1));
    check("Assoc", Input::Assoc(user(3), assoc));
    check("Assoc other", Input::Assoc(user(3), AssocInfo { bssid: OTHER, ..assoc }));
    check("Deauth", Input::Leave(user(3), deauth));
    check("Disassoc", Input::Leave(user(3), disassoc));
    check("Deauth other", Input::Leave(user(3), Farewell { bssid: OTHER, ..deauth }));
    for (name, frame) in &answers {
        check(name, Input::Frame(frame));
    }
    check("ChipDone ok", Input::ChipDone(Ok(())));
    check("ChipDone failed", Input::ChipDone(Err(OsError::Transfer.into())));
    check("Deadline", Input::Deadline);
    check("BeaconLost", Input::BeaconLost);
    check("Back", Input::Back);
    check("Evicted", Input::Evicted);
    check("Halt", Input::Halt(true));
}

#[test]
fn every_state_with_every_input() {
    let mut table = String::new();
    for (from, state) in states() {
        inputs(|name, input| {
            let mut station = Station { state, ..Station::default() };
            let mut out = Actions::default();
            station.handle(NOW, input, &mut out);
            let to = if station.state == state { "=" } else { station.state_name() };
            let actions = snapshot::drain(&mut out);
            if (to, &actions[..]) != ("=", "-") {
                writeln!(table, "{from} + {name} -> {to}: {actions}").unwrap();
            }
        });
    }
    snapshot::check("src/vap/station/table.txt", &table);
}

/// A request is answered at once, or a machine that waits for something has it.
#[test]
fn no_request_is_forgotten() {
    for (from, state) in states() {
        inputs(|name, input| {
            let asked = matches!(input, Input::Auth(..) | Input::Assoc(..) | Input::Leave(..));
            if !asked {
                return;
            }
            let mut station = Station { state, ..Station::default() };
            let mut out = Actions::default();
            station.handle(NOW, input, &mut out);
            let mut text = String::new();
            while let Some(action) = out.pop() {
                text += &format!("{action:?}");
            }
            let held = format!("{:?}", station.state);
            let id = format!("{:?}", user(3));
            assert!(text.contains(&id) || held.contains(&id), "{from} + {name}: {text} {held}");
        });
    }
}

/// Plays the engine: every chip command succeeds or fails as told. Counts answers.
fn run(steps: &[(u8, bool)]) {
    let frames: Vec<Vec<u8>> = {
        let mut frames = Vec::new();
        inputs(|_, input| {
            if let Input::Frame(bytes) = input {
                frames.push(bytes.to_vec());
            }
        });
        frames
    };
    let mut station = Station::default();
    let mut out = Actions::default();
    let mut now = NOW;
    let (mut open, mut link, mut peer) = (Vec::<Origin>::new(), false, false);
    for (n, (step, chip_works)) in (0..).zip(steps) {
        now = now.after_us(50_000);
        let id = Origin::User(RequestId { slot: 0, generation: n });
        let auth = AuthInfo { bssid: AP, tuning: HERE, algorithm: 0 };
        let assoc =
            AssocInfo { bssid: AP, previous: None, tuning: HERE, is_widest: false, pairwise: None };
        let leave = Farewell { bssid: AP, subtype: MgmtSubtype::Deauth, reason: 3 };
        let input = match step % 16 {
            0 | 1 => Input::Auth(id, auth, 1),
            2 | 3 => Input::Assoc(id, assoc),
            4 => Input::Leave(id, leave),
            5 => Input::Leave(id, Farewell { subtype: MgmtSubtype::Disassoc, ..leave }),
            6 => Input::Deadline,
            7 => Input::BeaconLost,
            other => Input::Frame(&frames[usize::from(other) - 8]),
        };
        if matches!(input, Input::Auth(..) | Input::Assoc(..) | Input::Leave(..)) {
            open.push(id);
        }
        station.handle(now, input, &mut out);
        while let Some(action) = out.pop() {
            match action {
                Action::Chip(_) => {
                    let done = if *chip_works { Ok(()) } else { Err(OsError::Transfer.into()) };
                    station.handle(now, Input::ChipDone(done), &mut out);
                }
                Action::Complete(of, _) | Action::Outcome(of, ..) => {
                    let index = open.iter().position(|open| *open == of);
                    open.remove(index.expect("answered twice, or never asked"));
                }
                Action::OpenPeer => assert!(!std::mem::replace(&mut peer, true)),
                Action::ClosePeer => assert!(std::mem::replace(&mut peer, false)),
                Action::Link(up) => {
                    assert_ne!(std::mem::replace(&mut link, up), up);
                    assert_eq!(peer, up, "the data path opens first and closes first");
                }
                _ => {}
            }
        }
        assert_eq!(link, station.is_associated());
        assert_eq!(open.is_empty(), !station.is_busy(), "{:?}", station.state);
        assert_eq!(station.deadline().is_some(), station.is_busy() || link);
    }
}

proptest! {
    #[test]
    fn every_request_is_answered_once_and_the_link_is_what_was_told(
        steps in prop::collection::vec((any::<u8>(), prop::bool::weighted(0.9)), 0..60)) {
        run(&steps);
    }

    #[test]
    fn no_frame_panics(bytes in prop::collection::vec(any::<u8>(), 0..100), kind in 0u8..16) {
        for (_, state) in states() {
            let mut station = Station { state, ..Station::default() };
            let mut hostile = frame(MgmtSubtype::new(kind).unwrap_or(MgmtSubtype::Auth), &bytes);
            station.handle(NOW, Input::Frame(&hostile), &mut Actions::default());
            hostile.truncate(bytes.len());
            station.handle(NOW, Input::Frame(&hostile), &mut Actions::default());
        }
    }
}
