// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Every state with every input.

use std::{fmt::Write as _, string::String};

use super::*;
use crate::{os::OsError, snapshot, types::Channel};

#[test]
fn every_state_with_every_input() {
    let now = Instant(10_000_000);
    let tuning = Tuning::narrow(Channel::ghz2(6).unwrap());
    let mut table = String::new();
    for purpose in [Purpose::Remain(RequestId { slot: 1, generation: 0 }), Purpose::Send] {
        let states = [
            State::Idle,
            State::Going(purpose, 100),
            State::Staying(purpose, now),
            State::Returning(purpose, Ok(())),
            State::Returning(purpose, Err(Failure::Aborted)),
            State::Failing(purpose, Failure::Down),
        ];
        let other = Purpose::Remain(RequestId { slot: 2, generation: 0 });
        let inputs = [
            Input::Stay(other, tuning, 50),
            Input::ChipDone(Ok(())),
            Input::ChipDone(Err(OsError::Transfer.into())),
            Input::Deadline,
            Input::Abort,
            Input::Halt,
        ];
        for state in states {
            for input in inputs {
                let mut stay = Offchannel { state };
                let mut out = Actions::default();
                stay.handle(now, input, &mut out);
                let actions = snapshot::drain(&mut out);
                if stay.state != state || actions != "-" {
                    let to = stay.state;
                    writeln!(table, "{state:?} + {input:?} -> {to:?}: {actions}").unwrap();
                }
            }
        }
    }
    snapshot::check("src/offchannel/table.txt", &table);
}
