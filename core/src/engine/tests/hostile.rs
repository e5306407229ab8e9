// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Whatever comes in, in whatever state, by whatever request.

use std::vec::Vec;

use proptest::prelude::*;

use super::{
    ap,
    join::joined,
    mock::{AP, OWN, Told, World},
};
use crate::{
    control::*,
    device::Next,
    os::{Atomic, Sleepable},
    types::{Channel, Cipher, Mode, Tuning},
    wire::header::MgmtSubtype,
};

fn tuning(number: u8) -> Tuning {
    Tuning::narrow(Channel::ghz2(number % 14 + 1).unwrap())
}

fn request(kind: u8, argument: u8) -> ControlRequest {
    let place = KeyPlace { peer: (argument & 1 == 0).then_some(AP), index: argument & 7 };
    match kind % 20 {
        0 => ControlRequest::Up(Mode::Station, OWN),
        1 => ControlRequest::Down,
        2 => ControlRequest::Suspend,
        3 => ControlRequest::Resume,
        4 => ControlRequest::SetChannel(tuning(argument)),
        5 => ControlRequest::SetKey(KeyInfo { place, cipher: Cipher::Ccmp, receive_pn: 0 }),
        6 => ControlRequest::DeleteKey(place),
        7 => ControlRequest::SetPort(AP, Port::Open),
        8 => ControlRequest::SetTxPower(Some(argument.cast_signed())),
        9 => ControlRequest::Deauth(AP, argument.into()),
        10 => ControlRequest::Disassoc(AP, argument.into()),
        11 => ControlRequest::Scan,
        12 => ControlRequest::AbortScan,
        13 => {
            let algorithm = (argument % 4).into();
            ControlRequest::Auth(AuthInfo { bssid: AP, tuning: tuning(5), algorithm })
        }
        14 => ControlRequest::Assoc(AssocInfo {
            bssid: AP,
            previous: None,
            tuning: tuning(5),
            is_widest: argument & 2 == 0,
            pairwise: (argument & 1 == 0).then_some(Cipher::Ccmp),
        }),
        15 => ControlRequest::SendMgmt(MgmtInfo {
            tuning: (argument & 1 == 0).then_some(tuning(argument)),
            wait_ms: 10,
            no_ack: argument & 2 == 0,
        }),
        16 => ControlRequest::Remain(tuning(argument), 30),
        17 => ControlRequest::AbortRemain,
        18 => ControlRequest::Join(JoinInfo::default()),
        _ => ControlRequest::Leave,
    }
}

#[derive(Clone, Debug)]
enum Step {
    Ask(u8, u8, Vec<u8>),
    Hear(u8, Vec<u8>),
    Pass(u32),
    Break(Option<&'static str>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..60);
    let broken = prop::sample::select(&["set_channel", "set_link", "start", "stop", "set_key"]);
    let step = prop_oneof![
        8 => (any::<u8>(), any::<u8>(), bytes()).prop_map(|(k, a, b)| Step::Ask(k, a, b)),
        4 => (0u8..16, bytes()).prop_map(|(kind, body)| Step::Hear(kind, body)),
        4 => (0u32..2_000_000).prop_map(Step::Pass),
        1 => prop::option::of(broken).prop_map(Step::Break),
    ];
    prop::collection::vec(step, 0..40)
}

/// A world, and what it owes: requests without an answer, operations without an outcome.
struct Ledger {
    world: World,
    open: Vec<crate::types::RequestId>,
    begun: Vec<crate::types::RequestId>,
    link: bool,
}

impl Ledger {
    fn settle_accounts(&mut self) {
        let mut cx = Sleepable::enter_from_shim();
        for id in std::mem::take(&mut self.open) {
            match self.world.shared.collect(&mut cx, id) {
                None => self.open.push(id),
                Some(Ok(())) => self.begun.push(id),
                Some(Err(_)) => {}
            }
        }
        for told in self.world.told() {
            match told {
                Told::Outcome(id, ..) => {
                    let index = self.begun.iter().position(|begun| *begun == id);
                    self.begun.remove(index.expect("an outcome of nothing, or the second"));
                }
                Told::Link(up) => {
                    assert_ne!(std::mem::replace(&mut self.link, up), up);
                }
                _ => {}
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Ask(kind, argument, body) => {
                let request = request(*kind, *argument);
                let draft = super::mock::TestDraft(body.clone());
                let mut cx = Sleepable::enter_from_shim();
                let id = self.world.shared.request(&mut cx, super::mock::VAP, request, Some(draft));
                self.world.settle();
                if let Ok(id) = id {
                    match request.completion() {
                        Completion::Accept => self.open.push(id),
                        Completion::Finish => {
                            let answer = self.world.shared.collect(&mut cx, id);
                            assert!(answer.is_some(), "{request:?} is not finished");
                        }
                    }
                }
            }
            Step::Hear(kind, body) => {
                let subtype = MgmtSubtype::new(*kind).unwrap_or(MgmtSubtype::Beacon);
                self.world.hear(&ap::frame(subtype, OWN, body));
                self.world.settle();
            }
            Step::Pass(micros) => self.world.pass((*micros).into()),
            Step::Break(call) => *self.world.chip.failing.lock().unwrap() = *call,
        }
        self.settle_accounts();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_request_has_one_answer_and_every_beginning_one_end(steps in steps()) {
        let mut ledger =
            Ledger { world: joined(), open: Vec::new(), begun: Vec::new(), link: true };
        ledger.world.told();
        for step in &steps {
            ledger.step(step);
        }
        // Left alone, everything ends by itself.
        *ledger.world.chip.failing.lock().unwrap() = None;
        ledger.world.pass(60_000_000);
        ledger.settle_accounts();
        assert_eq!((ledger.open.len(), ledger.begun.len()), (0, 0));
        ledger.world.shared.stop(&mut Atomic::enter_from_shim());
        assert_eq!(ledger.world.settle(), Next::Stopped);
        ledger.settle_accounts();
        assert!(!ledger.link);
    }
}
