// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Every state of the policy with every input, and whole joins.

use std::{fmt::Write as _, string::String};

use proptest::prelude::*;

use super::*;
use crate::{
    control::PMK_LEN,
    os::OsError,
    snapshot,
    types::{Channel, Cipher},
    wire::{bss::Bss, elements::Rates, mgmt::Capability},
};

const NOW: Instant = Instant(10_000_000);
const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const HERE: Tuning = Tuning::narrow(Channel::ghz2(6).unwrap());

const fn id(slot: u8) -> RequestId {
    RequestId { slot, generation: 0 }
}

fn result(last: u8, name: &[u8], signal_dbm: i8, capability: Capability) -> ScanResult {
    let bss = Bss {
        bssid: MacAddr([2, 0, 0, 0, 0, last]),
        ssid: Ssid::new(name).unwrap(),
        tuning: HERE,
        beacon_interval_tu: 100,
        dtim_period: 1,
        capability,
        rates: Rates::default(),
        erp: None,
        ht: None,
        wmm: None,
        has_rsn: false,
        has_wpa: false,
    };
    ScanResult { bss, signal_dbm, heard_at: NOW }
}

fn best_of(
    results: &[ScanResult],
) -> impl Fn(&dyn Fn(&ScanResult) -> bool) -> Option<ScanResult> + '_ {
    |wanted| results.iter().copied().filter(|r| wanted(r)).max_by_key(|r| r.signal_dbm)
}

fn wish(tries: u8) -> Wish {
    let info = JoinInfo::default();
    Wish { waiter: Some(id(1)), info, ssid: Ssid::new(b"tern").unwrap(), tries }
}

#[test]
fn every_state_with_every_input() {
    let states = [
        State::Idle,
        State::Scanning,
        State::Authenticating(AP, HERE),
        State::Associating(AP),
        State::Securing(AP),
        State::Joined(AP),
        State::Pausing(NOW),
    ];
    let join = Input::Join(id(2), JoinInfo::default(), wish(1).ssid);
    let inputs = [
        ("Join", join),
        ("ok", Input::Outcome(Ok(()))),
        ("refused", Input::Outcome(Err(Failure::Refused(1)))),
        ("broken", Input::Outcome(Err(OsError::Transfer.into()))),
        ("secured", Input::Secured(Ok(()))),
        ("not secured", Input::Secured(Err(Failure::WrongKey))),
        ("Lost", Input::Lost),
        ("Leave", Input::Leave),
        ("Deadline", Input::Deadline),
        ("Halt", Input::Halt),
        ("Sleep", Input::Sleep),
        ("Wake", Input::Wake),
    ];
    let results = [result(1, b"tern", -50, Capability::ESS)];
    let best = best_of(&results);
    let mut table = String::new();
    for state in states {
        for tries in [1, TRIES_MAX] {
            let wishes = (state != State::Idle).then(|| wish(tries));
            for (name, input) in inputs {
                let mut sme = Sme { state, wish: wishes, refused: Vec::new() };
                let mut out = Actions::default();
                sme.handle(NOW, input, &best, &mut out);
                let actions = snapshot::drain(&mut out);
                if sme.state != state || actions != "-" {
                    let to = sme.state;
                    writeln!(table, "{state:?} try {tries} + {name} -> {to:?}: {actions}").unwrap();
                }
            }
        }
    }
    snapshot::check("src/sme/table.txt", &table);
}

#[test]
fn the_strongest_that_fits_is_asked_first_and_who_refuses_is_passed_over() {
    let results = [
        result(1, b"tern", -70, Capability::ESS),
        result(2, b"tern", -50, Capability::ESS),
        result(3, b"tern", -30, Capability::ESS | Capability::PRIVACY),
        result(4, b"other", -20, Capability::ESS),
    ];
    let best = best_of(&results);
    let mut sme = Sme { state: State::Scanning, wish: Some(wish(1)), refused: Vec::new() };
    let mut asked = std::vec::Vec::new();
    let mut input = Input::Outcome(Ok(()));
    for _ in 0..3 {
        let mut out = Actions::default();
        sme.handle(NOW, input, &best, &mut out);
        while let Some(action) = out.pop() {
            if let Action::Mlme(MlmeRequest::Auth(info)) = action {
                asked.push(info.bssid.0[5]);
            }
        }
        input = Input::Outcome(Err(Failure::Refused(17)));
    }
    assert_eq!(asked, [2, 1]);
    assert!(matches!(sme.state, State::Pausing(_)));
}

#[test]
fn with_a_key_the_join_ends_when_the_handshake_does() {
    let best = best_of(&[]);
    let mut secret = wish(1);
    secret.info = JoinInfo { pairwise: Some(Cipher::Ccmp), has_psk: true, ..secret.info };
    let state = State::Associating(AP);
    let mut sme = Sme { state, wish: Some(secret), refused: Vec::new() };
    let mut out = Actions::default();
    assert!(sme.is_securing());
    sme.handle(NOW, Input::Outcome(Ok(())), &best, &mut out);
    assert_eq!((sme.state, out.is_empty(), sme.is_securing()), (State::Securing(AP), true, true));
    sme.handle(NOW, Input::Secured(Ok(())), &best, &mut out);
    assert_eq!((sme.state, sme.is_securing()), (State::Joined(AP), false));
    assert!(matches!(out.pop(), Some(Action::Outcome(_, Ok(()), Proof::None))));
}

#[test]
fn a_body_is_taken_apart_or_refused() {
    let bytes = [&[4][..], b"tern", &[7; PMK_LEN], &[0, 1, 2]].concat();
    let plain = JoinInfo::default();
    let secret = JoinInfo { has_psk: true, ..plain };
    let body = JoinBody::parse(&bytes, &secret).unwrap();
    assert_eq!((body.names, body.key_for(None)), (&b"\x04tern"[..], Some(&[7; PMK_LEN])));
    assert_eq!((body.elements, body.is_list()), (&[0, 1, 2][..], false));
    assert_eq!(JoinBody::parse(&bytes, &plain).unwrap().elements.len(), PMK_LEN + 3);
    assert!((0..5 + PMK_LEN).all(|len| JoinBody::parse(&bytes[..len], &secret).is_none()));
}

#[test]
fn a_list_says_which_network_has_which_key() {
    let list = JoinInfo { is_list: true, ..JoinInfo::default() };
    let names = [&b"home"[..], b"cafe", b""].map(|name| Ssid::new(name).unwrap());
    let networks = [(names[0], Some(&[7; PMK_LEN])), (names[1], None), (names[2], None)];
    let mut out = [0; LIST_LEN_MAX];
    let len = emit_list(&networks, &mut out).unwrap();
    let body = JoinBody::parse(&out[..len], &list).unwrap();
    assert_eq!(body.names, b"\x04home\x04cafe\x00");
    let mut bss = result(1, b"home", -50, Capability::ESS | Capability::PRIVACY).bss;
    assert_eq!(body.find(&bss), None, "no RSN");
    bss.has_rsn = true;
    assert_eq!(body.find(&bss), Some(Some(&[7; PMK_LEN])));
    bss.ssid = names[1];
    assert_eq!(body.find(&bss), None, "protected");
    assert_eq!(body.find(&result(1, b"cafe", -50, Capability::ESS).bss), Some(None));
    assert_eq!(body.find(&result(1, b"any", -50, Capability::ESS).bss), Some(None));
    assert!((0..len).all(|len| JoinBody::parse(&out[..len], &list).is_none()));
    let none = emit_list(&[], &mut out).unwrap();
    let body = JoinBody::parse(&out[..none], &list).unwrap();
    assert_eq!((body.names, body.find(&bss)), (&[0][..], None));
}

#[test]
fn a_join_once_asks_who_was_heard_and_gives_up_at_the_first_refusal() {
    let results = [result(1, b"tern", -50, Capability::ESS)];
    let best = best_of(&results);
    let info = JoinInfo { effort: Effort::Once, ..JoinInfo::default() };
    let (mut sme, mut out) = (Sme::default(), Actions::default());
    sme.handle(NOW, Input::Join(id(1), info, wish(1).ssid), &best, &mut out);
    assert!(matches!(out.pop(), Some(Action::Begin(_))));
    assert!(matches!(out.pop(), Some(Action::Mlme(MlmeRequest::Auth(_)))));
    sme.handle(NOW, Input::Outcome(Err(Failure::Refused(17))), &best, &mut out);
    assert!(matches!(out.pop(), Some(Action::Outcome(_, Err(Failure::Refused(17)), _))));
    assert!(sme.is_idle() && sme.deadline().is_none());
    let other = JoinInfo { channel: Channel::ghz2(1), ..info };
    sme.handle(NOW, Input::Join(id(1), other, wish(1).ssid), &best, &mut out);
    assert!(matches!(out.pop(), Some(Action::Begin(_))));
    assert!(matches!(out.pop(), Some(Action::Mlme(MlmeRequest::Scan))));
    sme.handle(NOW, Input::Outcome(Ok(())), &best, &mut out);
    assert!(matches!(out.pop(), Some(Action::Outcome(_, Err(Failure::NotFound), _))));
    let info = JoinInfo { effort: Effort::Once, ..JoinInfo::default() };
    let joined = Wish { waiter: None, info, ..wish(1) };
    sme = Sme { state: State::Joined(AP), wish: Some(joined), refused: Vec::new() };
    sme.handle(NOW, Input::Lost, &best, &mut out);
    assert!(sme.is_idle() && out.pop().is_none());
}

#[test]
fn who_tries_forever_is_told_of_the_first_rounds_and_goes_on() {
    let best = best_of(&[]);
    let info = JoinInfo { effort: Effort::Forever, ..JoinInfo::default() };
    let (mut sme, mut out) = (Sme::default(), Actions::default());
    sme.handle(NOW, Input::Join(id(1), info, wish(1).ssid), &best, &mut out);
    let (mut told, mut now) = (0, NOW);
    for _ in 0..10 {
        while let Some(action) = out.pop() {
            told += u32::from(matches!(action, Action::Outcome(..)));
        }
        sme.handle(now, Input::Outcome(Ok(())), &best, &mut out);
        now = now.after_us(PAUSE_MAX_US);
        sme.handle(now, Input::Deadline, &best, &mut out);
        assert_eq!(sme.state, State::Scanning);
    }
    assert_eq!(told, 1);
}

proptest! {
    #[test]
    fn the_user_is_told_once(steps in prop::collection::vec(0u8..7, 0..100)) {
        let results = [result(1, b"tern", -50, Capability::ESS)];
        let best = best_of(&results);
        let (mut sme, mut out) = (Sme::default(), Actions::default());
        let (mut begun, mut ended, mut now) = (0, 0, NOW);
        for step in steps {
            now = now.after_us(1_000_000);
            let input = match step {
                0 => Input::Join(id(1), wish(1).info, wish(1).ssid),
                1 | 2 => Input::Outcome(Ok(())),
                3 => Input::Outcome(Err(Failure::Timeout)),
                4 => Input::Lost,
                5 => Input::Leave,
                _ => Input::Deadline,
            };
            sme.handle(now, input, &best, &mut out);
            while let Some(action) = out.pop() {
                match action {
                    Action::Begin(_) => begun += 1,
                    Action::Outcome(..) => ended += 1,
                    _ => {}
                }
            }
            let waits = usize::from(sme.wish.is_some_and(|wish| wish.waiter.is_some()));
            prop_assert_eq!(begun, ended + waits);
        }
    }
}
