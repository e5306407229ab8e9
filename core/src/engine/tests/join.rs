// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Joining and leaving.

use super::{
    ap,
    mock::{AP, Told, World},
};
use crate::{
    control::*,
    types::{Channel, Tuning, Width},
    wire::{
        elements::{Elements, HtCapability, ht::HtInfo, id},
        header::MgmtSubtype,
        mgmt::{Body, Mgmt},
    },
};

fn tuning() -> Tuning {
    Tuning::narrow(Channel::ghz2(6).unwrap())
}

const ASSOC: AssocInfo = AssocInfo {
    bssid: AP,
    previous: None,
    tuning: Tuning::narrow(Channel::ghz2(6).unwrap()),
    is_widest: false,
    pairwise: None,
};

fn auth_info() -> AuthInfo {
    AuthInfo { bssid: AP, tuning: tuning(), algorithm: 0 }
}

/// A station that is associated with an open network.
pub(super) fn joined() -> World {
    let mut world = World::station();
    world.peer = ap::open();
    assert_eq!(world.ask(ControlRequest::Auth(auth_info()), &[]), Ok(()));
    assert_eq!(world.ask(ControlRequest::Assoc(ASSOC), b"\x00\x04tern"), Ok(()));
    world.settle();
    world
}

#[test]
fn an_open_network_is_joined_and_left() {
    let mut world = World::station();
    world.peer = ap::open();
    world.calls();
    let auth = world.request(ControlRequest::Auth(auth_info()), &[]);
    let outcome = Told::Outcome(auth, Operation::Auth, Ok(()), ap::auth(0, 2, 0));
    assert_eq!(world.told(), [outcome]);
    assert_eq!(world.calls(), ["set_channel 6 Mhz20", "set_link Some(02:00:00:00:00:01) 0"]);

    let assoc = world.request(ControlRequest::Assoc(ASSOC), b"\x00\x04tern");
    let outcome = Told::Outcome(assoc, Operation::Assoc, Ok(()), ap::assoc_response(0));
    assert_eq!(world.told(), [outcome, Told::Link(true)]);
    assert_eq!(
        world.calls(),
        [
            "set_link Some(02:00:00:00:00:01) 1",
            "set_edca Background 2",
            "set_edca BestEffort 2",
            "set_edca Video 2",
            "set_edca Voice 2",
            "set_peer 0 0xf 0x0",
            "set_led true",
        ]
    );
    let request = world.sent.last().unwrap();
    let Some(Mgmt { body: Body::AssocRequest(_, elements), .. }) = Mgmt::parse(request) else {
        panic!("no association request: {request:02x?}")
    };
    assert_eq!(elements.body_of(id::SSID), Some(&b"tern"[..]));
    assert!(Elements::is_well_formed(elements));

    assert_eq!(world.ask(ControlRequest::Deauth(AP, 3), &[]), Ok(()));
    let told = world.told();
    let [Told::Link(false), Told::Left(frame)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(world.sent.last().unwrap()[..4], frame[..4]);
    assert_eq!(world.calls(), ["set_link None 0", "set_led false"]);
}

#[test]
fn refusals_come_with_their_code_and_frame() {
    let mut world = World::station();
    world.peer = std::boxed::Box::new(|_| std::vec![ap::auth(0, 2, 17)]);
    let id = world.request(ControlRequest::Auth(auth_info()), &[]);
    let refused = Err(Failure::Refused(17));
    let outcome = Told::Outcome(id, Operation::Auth, refused, ap::auth(0, 2, 17));
    assert_eq!(world.told(), [outcome]);
    assert_eq!(world.ask(ControlRequest::Assoc(ASSOC), &[]), Err(Failure::NotFound));
}

#[test]
fn silence_ends_in_a_timeout_after_four_tries() {
    let mut world = World::station();
    let id = world.request(ControlRequest::Auth(auth_info()), &[]);
    world.pass(2_000_000);
    let outcome = Told::Outcome(id, Operation::Auth, Err(Failure::Timeout), std::vec::Vec::new());
    assert_eq!(world.told(), [outcome]);
    assert_eq!(world.sent.len(), 4);
}

#[test]
fn sae_takes_two_steps() {
    let mut world = World::station();
    world.peer = std::boxed::Box::new(|heard| match Mgmt::parse(heard).unwrap().body {
        Body::Auth(fixed, _) if fixed.transaction.get() == 1 => std::vec![ap::auth(3, 1, 126)],
        Body::Auth(..) => std::vec![ap::auth(3, 2, 0)],
        _ => std::vec![ap::assoc_response(0)],
    });
    let sae = AuthInfo { algorithm: 3, ..auth_info() };
    assert_eq!(world.ask(ControlRequest::Auth(sae), &[1]), Err(Failure::Invalid));
    assert_eq!(world.ask(ControlRequest::Auth(sae), &[1, 0, 126, 0, 19, 0]), Ok(()));
    assert_eq!(world.sent[0][24..], [3, 0, 1, 0, 126, 0, 19, 0]);
    assert_eq!(world.ask(ControlRequest::Assoc(ASSOC), &[]), Err(Failure::NotFound));
    assert_eq!(world.ask(ControlRequest::Auth(sae), &[2, 0, 0, 0, 1, 2]), Ok(()));
    assert_eq!(world.ask(ControlRequest::Assoc(ASSOC), &[]), Ok(()));
    let outcomes = world.told();
    assert!(matches!(outcomes.last(), Some(Told::Link(true))), "{outcomes:?}");
}

#[test]
fn a_deauthentication_takes_the_link_down() {
    let mut world = joined();
    world.told();
    world.calls();
    let frame = ap::frame(MgmtSubtype::Deauth, super::mock::OWN, &[7, 0]);
    world.hear(&frame);
    world.settle();
    assert_eq!(world.told(), [Told::Link(false), Told::SentAway(frame)]);
    assert_eq!(world.calls(), ["set_link None 0", "set_led false"]);
}

#[test]
fn aggregates_are_agreed_on() {
    let mut world = joined();
    world.told();
    let ask = [3, 0, 7, 0x02, 0x10, 0, 0, 0x40, 0x06];
    world.hear(&ap::frame(MgmtSubtype::Action, super::mock::OWN, &ask));
    world.settle();
    let answer = world.sent.last().unwrap();
    assert_eq!(answer[..2], [0xd0, 0]);
    assert_eq!(answer[24..29], [3, 1, 7, 0, 0]);
    assert_eq!(world.told(), []);
}

#[test]
fn keys_take_places_and_give_them_back() {
    let mut world = joined();
    world.calls();
    let place = KeyPlace { peer: Some(AP), index: 0 };
    let pairwise = KeyInfo { place, cipher: crate::types::Cipher::Ccmp, receive_pn: 0 };
    assert_eq!(world.ask(ControlRequest::SetKey(pairwise), &[1; 15]), Err(Failure::Invalid));
    assert_eq!(world.ask(ControlRequest::SetKey(pairwise), &[1; 16]), Ok(()));
    let group = KeyInfo { place: KeyPlace { peer: None, index: 1 }, ..pairwise };
    assert_eq!(world.ask(ControlRequest::SetKey(group), &[2; 16]), Ok(()));
    assert_eq!(world.ask(ControlRequest::SetKey(pairwise), &[3; 16]), Ok(()));
    assert_eq!(
        world.calls(),
        ["set_key 4 0 false", "set_key 1 1 true", "clear_key 4", "set_key 4 0 false"]
    );
    assert_eq!(world.ask(ControlRequest::DeleteKey(group.place), &[]), Ok(()));
    assert_eq!(world.ask(ControlRequest::DeleteKey(group.place), &[]), Err(Failure::NotFound));
    assert_eq!(world.ask(ControlRequest::Deauth(AP, 3), &[]), Ok(()));
    assert_eq!(world.calls(), ["clear_key 1", "clear_key 4", "set_link None 0", "set_led false"]);
}

#[test]
fn without_beacons_the_network_is_left() {
    let mut world = joined();
    world.told();
    let before = world.sent.len();
    world.peer = std::boxed::Box::new(|_| std::vec![]);
    world.pass(4_000_000);
    let told = world.told();
    assert!(matches!(&told[..], [Told::Link(false), Told::BeaconLost, Told::Left(_)]), "{told:?}");
    // Three questions and a farewell.
    assert_eq!(world.sent.len() - before, 4);
}

#[test]
fn an_answer_to_a_probe_keeps_the_network() {
    let mut world = joined();
    world.told();
    world.pass(30_000_000);
    assert_eq!(world.told(), []);
}

#[test]
fn a_switch_is_followed() {
    let mut world = joined();
    world.calls();
    world.hear(&ap::beacon(6, &[37, 3, 0, 11, 1]));
    world.pass(200_000);
    assert!(world.calls().contains(&"set_channel 11 Mhz20".into()));
    world.hear(&ap::beacon(6, &[37, 3, 0, 14, 0]));
    world.told();
    world.pass(1_000);
    let told = world.told();
    assert!(matches!(&told[..], [Told::Link(false), Told::Left(_)]), "{told:?}");
}

#[test]
fn the_policy_joins_by_name_and_rejoins() {
    let mut world = World::station();
    world.peer = ap::open();
    let info = JoinInfo::default();
    let id = world.request(ControlRequest::Join(info), b"\x04tern");
    world.pass(3_000_000);
    let told = world.told();
    let joined = Told::Outcome(id, Operation::Join, Ok(()), std::vec::Vec::new());
    assert!(told.contains(&joined) && told.contains(&Told::Link(true)), "{told:?}");
    world.hear(&ap::frame(MgmtSubtype::Deauth, super::mock::OWN, &[7, 0]));
    world.pass(5_000_000);
    let told = world.told();
    assert!(told.contains(&Told::Link(true)), "{told:?}");
    assert_eq!(world.ask(ControlRequest::Leave, &[]), Ok(()));
    world.pass(5_000_000);
    assert!(world.told().contains(&Told::Link(false)));
    assert_eq!(world.ask(ControlRequest::Deauth(AP, 3), &[]), Err(Failure::NotFound));
}

#[test]
fn a_join_of_nothing_fails_once() {
    let mut world = World::station();
    let info = JoinInfo::default();
    let id = world.request(ControlRequest::Join(info), b"\x04nope");
    world.pass(60_000_000);
    let outcome = Told::Outcome(id, Operation::Join, Err(Failure::NotFound), std::vec::Vec::new());
    assert_eq!(world.told(), [outcome]);
}

#[test]
fn roaming_leaves_the_old_network_and_needs_no_farewell() {
    let mut world = joined();
    world.told();
    world.calls();
    let sent = world.sent.len();
    let id = world.request(ControlRequest::Auth(auth_info()), &[]);
    let told = world.told();
    let [Told::Link(false), Told::Left(_), Told::Outcome(of, Operation::Auth, Ok(()), _)] =
        &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!(*of, id);
    assert_eq!(world.sent[sent..].len(), 1, "an authentication and nothing else");
    let reassoc = AssocInfo { previous: Some(AP), ..ASSOC };
    assert_eq!(world.ask(ControlRequest::Assoc(reassoc), b"\x00\x04tern"), Ok(()));
    let request = world.sent.last().unwrap();
    assert_eq!((request[0], &request[28..34]), (0x20, &AP.0[..]));
    assert_eq!(world.told().last(), Some(&Told::Link(true)));
}

#[test]
fn after_a_disassociation_we_are_still_authenticated() {
    let mut world = joined();
    world.told();
    assert_eq!(world.ask(ControlRequest::Disassoc(AP, 8), &[]), Ok(()));
    let told = world.told();
    let [Told::Link(false), Told::Left(frame)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((frame[0], &frame[24..]), (0xa0, &[8, 0][..]));
    assert_eq!(world.ask(ControlRequest::Assoc(ASSOC), b"\x00\x04tern"), Ok(()));
    assert_eq!(world.told().last(), Some(&Told::Link(true)));
}

#[test]
fn another_protection_reaches_the_chip_once() {
    let mut world = joined();
    world.hear(&ap::beacon(6, &[42, 1, 0]));
    world.settle();
    world.calls();
    for _ in 0..3 {
        world.hear(&ap::beacon(6, &[42, 1, 2]));
        world.settle();
    }
    assert_eq!(world.calls(), ["set_link Some(02:00:00:00:00:01) 1"]);
}

#[test]
fn frames_for_others_and_from_others_change_nothing() {
    let mut world = joined();
    world.told();
    let mut foreign = ap::frame(MgmtSubtype::Deauth, super::mock::OWN, &[7, 0]);
    foreign[10..16].copy_from_slice(&[2, 0, 0, 0, 0, 0x66]);
    let other = crate::types::MacAddr([2, 0, 0, 0, 0, 0x77]);
    let for_other = ap::frame(MgmtSubtype::Deauth, other, &[7, 0]);
    for frame in [foreign, for_other] {
        world.hear(&frame);
        world.settle();
    }
    assert_eq!(world.told(), []);
}

#[test]
fn other_queue_parameters_reach_the_chip() {
    let wmm = |version: u8, aifsn: u8| {
        let mut element = std::vec![221, 24, 0, 0x50, 0xf2, 2, 1, 1, version, 0];
        for record in [0, 0x20, 0x40, 0x60] {
            element.extend([record | aifsn, 0xa4, 0, 0]);
        }
        element
    };
    let mut world = World::station();
    let element = wmm(1, 3);
    world.peer = std::boxed::Box::new(move |heard| match Mgmt::parse(heard).map(|m| m.body) {
        Some(Body::Auth(..)) => std::vec![ap::auth(0, 2, 0)],
        Some(Body::AssocRequest(..)) => {
            std::vec![[&ap::assoc_response(0)[..], &element].concat()]
        }
        _ => std::vec![],
    });
    assert_eq!(world.ask(ControlRequest::Auth(auth_info()), &[]), Ok(()));
    assert_eq!(world.ask(ControlRequest::Assoc(ASSOC), b"\x00\x04tern"), Ok(()));
    assert!(world.calls().contains(&"set_edca Voice 3".into()));
    world.hear(&ap::beacon(6, &wmm(1, 3)));
    world.settle();
    assert!(!world.calls().contains(&"set_edca Voice 3".into()));
    world.hear(&ap::beacon(6, &wmm(2, 7)));
    world.settle();
    assert!(world.calls().contains(&"set_edca Voice 7".into()));
}

#[test]
fn forty_megahertz_are_claimed_only_where_they_are_used() {
    let (narrow, wide) = (Width::Mhz20, Width::Mhz40Above);
    for (width, is_widest, is_wide) in
        [(narrow, false, false), (wide, false, true), (narrow, true, true)]
    {
        let mut world = World::station();
        let tuning = Tuning { width, ..tuning() };
        let mut ht = std::vec![id::HT_CAPABILITY, 26];
        ht.extend([0xff; 26]);
        ht.extend([id::HT_OPERATION, 22, 6, 0b101]); // Second half above.
        ht.extend([0; 20]);
        let said = ht.clone();
        world.peer = std::boxed::Box::new(move |heard| match Mgmt::parse(heard).map(|m| m.body) {
            Some(Body::Auth(..)) => std::vec![ap::auth(0, 2, 0)],
            Some(Body::AssocRequest(..)) => std::vec![[&ap::assoc_response(0)[..], &said].concat()],
            _ => std::vec![],
        });
        assert_eq!(world.ask(ControlRequest::Auth(auth_info()), &[]), Ok(()));
        world.hear(&ap::beacon(6, &ht));
        world.settle();
        let assoc = AssocInfo { tuning, is_widest, ..ASSOC };
        assert_eq!(world.ask(ControlRequest::Assoc(assoc), b"\x00\x04tern"), Ok(()));
        let mut request = world.sent.iter().filter_map(|frame| match Mgmt::parse(frame)?.body {
            Body::AssocRequest(_, elements) => elements.body_of(id::HT_CAPABILITY),
            _ => None,
        });
        let claimed = request.next_back().and_then(HtCapability::parse).unwrap().info;
        assert_eq!(claimed.contains(HtInfo::WIDE), is_wide, "{assoc:?}");
        world.settle();
        let is_tuned = world.calls().contains(&"set_channel 6 Mhz40Above".into());
        assert_eq!(is_tuned, is_wide, "{assoc:?}");
        assert!(claimed.contains(HtInfo::SHORT_GI_20));
    }
}
