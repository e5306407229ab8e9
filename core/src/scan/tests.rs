// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Every state of a scan with every input, and whole scans.

use std::{fmt::Write as _, string::String};

use super::{
    ScanRequest,
    machine::{Dwell, Input, Plan, Scan, State},
};
use crate::{
    action::{Action, Actions, Origin, Proof},
    control::Failure,
    os::OsError,
    radio::Regulatory,
    snapshot,
    types::{Channel, Instant, RequestId, Ssid},
};

const NOW: Instant = Instant(10_000_000);
const ID: Origin = Origin::User(RequestId { slot: 1, generation: 0 });

fn body(numbers: &[u8]) -> ([u8; 128], usize) {
    let channels: std::vec::Vec<_> = numbers.iter().filter_map(|n| Channel::ghz2(*n)).collect();
    let names = [Ssid::EMPTY, Ssid::new(b"tern").unwrap()];
    let mut out = [0; 128];
    let len = ScanRequest::emit(&mut out, false, &channels, &names, &[]).unwrap();
    (out, len)
}

#[test]
fn every_state_with_every_input() {
    let (bytes, len) = body(&[1, 13]);
    let regulatory = Regulatory::world();
    let request = ScanRequest::parse(&bytes[..len]).unwrap();
    let dwell = Dwell { until: NOW, longest: NOW.after_us(60_000) };
    let states = [
        State::Idle,
        State::Beginning(ID),
        State::Tuning(ID, 0),
        State::Tuning(ID, 1),
        State::Dwelling(ID, 0, dwell),
        State::Dwelling(ID, 1, dwell),
        State::Returning(ID, 0),
        State::Home(ID, 0, NOW),
        State::Ending(ID, Err(Failure::Aborted)),
        State::Failing(ID, Failure::Down),
    ];
    let inputs = [
        Input::Start(Origin::User(RequestId { slot: 2, generation: 0 })),
        Input::Heard,
        Input::ChipDone(Ok(())),
        Input::ChipDone(Err(OsError::Transfer.into())),
        Input::Deadline,
        Input::Abort,
        Input::Halt,
    ];
    let mut table = String::new();
    for has_home in [false, true] {
        let plan = Plan { request, regulatory: &regulatory, has_home, is_busy: false };
        for state in states {
            for input in inputs {
                let mut scan = Scan { state };
                let mut out = Actions::default();
                scan.handle(NOW, input, &plan, &mut out);
                let actions = snapshot::drain(&mut out);
                if scan.state != state || actions != "-" {
                    let to = scan.state;
                    writeln!(table, "{has_home} {state:?} + {input:?} -> {to:?}: {actions}")
                        .unwrap();
                }
            }
        }
    }
    snapshot::check("src/scan/table.txt", &table);
}

/// Whatever fails, a scan ends, with one answer.
#[test]
fn a_scan_ends_once_whichever_chip_call_fails() {
    let (bytes, len) = body(&[1, 2, 13]);
    let regulatory = Regulatory::world();
    let request = ScanRequest::parse(&bytes[..len]).unwrap();
    for has_home in [false, true] {
        for failing in 0..12 {
            let plan = Plan { request, regulatory: &regulatory, has_home, is_busy: true };
            let (mut scan, mut out) = (Scan::default(), Actions::default());
            let (mut now, mut calls, mut answers) = (NOW, 0, 0);
            scan.handle(now, Input::Start(ID), &plan, &mut out);
            for _ in 0..100 {
                while let Some(action) = out.pop() {
                    match action {
                        Action::Chip(_) => {
                            let is_bad = calls == failing;
                            calls += 1;
                            let bad = Err(OsError::Transfer.into());
                            let done = Input::ChipDone(if is_bad { bad } else { Ok(()) });
                            scan.handle(now, done, &plan, &mut out);
                        }
                        Action::Complete(ID, Err(_)) | Action::Outcome(ID, _, Proof::None) => {
                            answers += 1;
                        }
                        _ => {}
                    }
                }
                let Some(at) = scan.deadline() else { break };
                now = at;
                scan.handle(now, Input::Deadline, &plan, &mut out);
            }
            assert_eq!((answers, scan.is_active()), (1, false), "{has_home} {failing}");
        }
    }
}
