// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Whole-driver tests: no hardware, no kernel, no clock.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use tern_core::{
    control::{AssocInfo, AuthInfo, ControlRequest, DETACHED, Failure, Port},
    os::Sleepable,
    types::{Channel, Cipher, MacAddr, Mode, Tuning, VapId},
};
use tern_sim::{
    access_point::{AccessPoint, Config, Psk},
    chip::Model,
    os::{Event, Ledger},
    world::{self, OWN, Options, Scenario, Sweep, VAP, World, inside, run, run_once},
};

const AP: MacAddr = MacAddr([2, b't', b'e', b'r', b'n', 1]);

fn six() -> Tuning {
    Tuning::narrow(Channel::ghz2(6).unwrap())
}

fn auth() -> ControlRequest {
    ControlRequest::Auth(AuthInfo { bssid: AP, tuning: six(), algorithm: 0 })
}

fn assoc(pairwise: Option<Cipher>) -> ControlRequest {
    ControlRequest::Assoc(AssocInfo {
        bssid: AP,
        previous: None,
        tuning: six(),
        is_widest: true,
        pairwise,
    })
}

/// Lets `f` use a device, ends it, and checks what must hold after any end.
fn with<R>(options: &Options, f: impl FnOnce(&mut World<'_>) -> R) -> R {
    let ether = world::ether(options);
    with_ether(options, &ether, f)
}

fn with_ether<R>(
    options: &Options,
    ether: &Arc<world::Ether>,
    f: impl FnOnce(&mut World<'_>) -> R,
) -> R {
    let ledger = Arc::new(Ledger::default());
    let result = inside(options, ether, &ledger, |world| {
        let result = f(world);
        world.end();
        assert_eq!(world.complaints, [""; 0]);
        result
    });
    assert_eq!((ledger.packets(), ledger.locks()), (0, 0));
    result.unwrap()
}

fn open() -> Options {
    Options::new(Scenario::Open, 1)
}

#[test]
fn every_scenario_on_every_chip() {
    for model in [Model::Rtl8188cus, Model::Rtl8192cu] {
        for (name, scenario) in world::SCENARIOS {
            let report = run_once(&Options { model, ..Options::new(scenario, 1) });
            assert!(report.is_good(), "{name} on {model}\n{report}");
            println!("{name} on {model}: {} transfers", report.transfers);
        }
    }
}

#[test]
fn a_seed_says_everything() {
    let facts = |seed| {
        let report = run_once(&Options::new(Scenario::Wpa2, seed));
        (report.digest, report.transfers, report.allocations, report.micros, report.log)
    };
    assert_eq!(facts(5), facts(5));
    assert_ne!(facts(5), facts(6));
}

/// `cargo xtask sim` does the same without steps.
#[test]
fn whatever_goes_wrong_all_tell_the_same_story() {
    let sweep = Sweep { unplug_step: 53, allocation_step: 5, seeds: 2 };
    for scenario in [Scenario::Wpa2, Scenario::Requests, Scenario::Scan, Scenario::Monitor] {
        let summary = run(&Options::new(scenario, 1), sweep);
        for report in &summary.bad {
            println!("{report}\n");
        }
        assert!(summary.bad.is_empty(), "{scenario}");
        assert!(summary.carried_out * 2 >= summary.bad_air, "{scenario}: {summary:?}");
    }
}

#[test]
fn the_own_supplicant_stays_in_step_whatever_goes_wrong() {
    let sweep = Sweep { unplug_step: 53, allocation_step: 5, seeds: 3 };
    let summary = run(&Options::new(Scenario::Psk, 1), sweep);
    for report in &summary.bad {
        println!("{report}\n");
    }
    assert!(summary.bad.is_empty());
    assert!(summary.carried_out * 2 >= summary.bad_air, "{summary:?}");
}

#[test]
fn a_wrong_key_is_told_as_such() {
    with(&Options::new(Scenario::Psk, 1), |world| {
        world.up(Mode::Station).unwrap();
        assert_eq!(world.join_with_wrong_key(), Err(Failure::WrongKey));
        world.check_user(false);
        let links = world.told.iter().filter(|event| matches!(event, Event::Link(_))).count();
        assert_eq!((links, world.eapol.len()), (0, 0));
        // The right one still works.
        world.join(true).unwrap();
        world.check_agreement(true);
    });
}

#[test]
fn refusals_reach_the_user_with_their_status() {
    with(&open(), |world| {
        world.up(Mode::Station).unwrap();
        world.wire.ether.lock().points[0].faults.refuse_authentication = Some(77);
        assert_eq!(world.carry_out(auth(), None), Err(Failure::Refused(77)));
        world.wire.ether.lock().points[0].faults.refuse_authentication = None;
        assert!(world.carry_out(auth(), None).is_ok());
        world.wire.ether.lock().points[0].faults.refuse_association = Some(17);
        assert_eq!(world.carry_out(assoc(None), None), Err(Failure::Refused(17)));
        world.wire.ether.lock().points[0].faults.refuse_association = None;
        world.check_user(false);
        world.join(false).unwrap();
        world.check_agreement(true);
    });
}

#[test]
fn another_secret_does_not_get_in_and_nothing_stays_open() {
    let options = Options::new(Scenario::Wpa2, 1);
    let ether = world::ether(&options);
    {
        let mut inner = ether.lock();
        let config = Config { psk: Some(Psk::Key([9; 32])), ..Config::open(world::SSID, 1) };
        let inner = &mut *inner;
        inner.points.remove(0).leave(&mut inner.air);
        inner.points.insert(0, AccessPoint::new(&mut inner.air, 1, config));
    }
    with_ether(&options, &ether, |world| {
        world.up(Mode::Station).unwrap();
        assert!(world.join(true).is_err());
        world.run_until(1_000_000, |_| false);
        world.check_agreement(false);
    });
}

#[test]
fn an_access_point_that_falls_silent_is_left() {
    with(&open(), |world| {
        world.up(Mode::Station).unwrap();
        world.join(false).unwrap();
        world.told.clear();
        world.wire.ether.lock().points[0].faults.is_silent = true;
        let has_left =
            |world: &mut World<'_>| world.told.iter().any(|event| matches!(event, Event::Left(_)));
        assert!(world.run_until(60_000_000, has_left));
        assert!(world.told.contains(&Event::BeaconLost));
        world.check_agreement(false);
        world.wire.ether.lock().points[0].faults.is_silent = false;
        world.join(false).unwrap();
        world.check_agreement(true);
    });
}

#[test]
fn an_access_point_without_beacons_that_answers_is_kept() {
    with(&open(), |world| {
        world.up(Mode::Station).unwrap();
        world.join(false).unwrap();
        world.told.clear();
        world.wire.ether.lock().points[0].faults.is_beaconless = true;
        world.run_until(20_000_000, |_| false);
        let has_left = world.told.iter().any(|event| matches!(event, Event::Left(_)));
        assert_eq!(has_left, !world.is_up);
        world.check_agreement(world.is_up);
    });
}

#[test]
fn mlme_takes_one_step_at_a_time() {
    with(&open(), |world| {
        assert_eq!(world.ask(ControlRequest::SetChannel(six()), None), Err(Failure::Down));
        world.up(Mode::Station).unwrap();
        assert!(world.ask(assoc(None), None).is_err(), "not authenticated");
        world.ask(auth(), None).unwrap();
        assert_eq!(world.ask(ControlRequest::Scan, None), Err(Failure::Busy), "the radio is taken");
        world.run_until(1_000_000, |_| false);
        world.check_user(false);
        world.carry_out(assoc(None), None).unwrap();
        world.check_agreement(true);
    });
}

#[test]
fn stop_at_any_moment_answers_everyone_once() {
    let options = Options::new(Scenario::Wpa2, 3);
    let micros = run_once(&options).micros;
    for part in 0..40 {
        with(&options, |world| {
            let end = micros * part / 40;
            // The scenario ends early when the device does.
            world.stop_at(end);
            let _: Result<(), Failure> = world.play(&options);
        });
    }
}

#[test]
fn after_the_end_nothing_comes_and_nothing_is_taken() {
    with(&open(), |world| {
        world.up(Mode::Station).unwrap();
        world.stop();
        assert_eq!(world.post(ControlRequest::Down, None), Err(DETACHED));
        world.told.clear();
        world.run_until(1_000_000, |_| false);
        assert_eq!(world.told, []);
    });
}

#[test]
fn a_slot_belongs_to_its_waiter_until_the_result_is_fetched() {
    with(&open(), |world| {
        world.up(Mode::Station).unwrap();
        let tune = ControlRequest::SetChannel(six());
        let mut ids = Vec::new();
        while let Ok(id) = world.post(tune, None) {
            ids.push(id);
            assert!(ids.len() <= 256, "requests are bounded");
        }
        world.run_until(1_000_000, |_| false);
        assert_eq!(world.post(tune, None), Err(Failure::Busy));
        for id in ids {
            let cx = &mut Sleepable::enter_from_shim();
            assert_eq!(world.wire.device.collect(cx, id), Some(Ok(())));
            assert_eq!(world.wire.device.collect(cx, id), None);
        }
        assert_eq!(world.ask(tune, None), Ok(()));
    });
}

#[test]
fn a_flood_of_deauthentications_is_one_farewell() {
    with(&open(), |world| {
        world.up(Mode::Station).unwrap();
        world.join(false).unwrap();
        world.told.clear();
        {
            let mut ether = world.wire.ether.lock();
            let ether = &mut *ether;
            for _ in 0..200 {
                ether.points[0].deauthenticate(ether.now, &mut ether.air, OWN.0, 7);
            }
        }
        world.run_until(2_000_000, |_| false);
        let farewells = world.told.iter().filter(|event| matches!(event, Event::SentAway(_)));
        assert_eq!(farewells.count(), 1);
        world.check_agreement(false);
        world.join(false).unwrap();
        world.check_agreement(true);
    });
}

#[test]
fn time_may_jump() {
    with(&open(), |world| {
        world.up(Mode::Station).unwrap();
        world.join(false).unwrap();
        let mut ether = world.wire.ether.lock();
        let to = ether.now + 3_600_000_000;
        ether.now = to;
        drop(ether);
        world.run_until(20_000_000, |_| false);
        world.check_agreement(world.is_up);
    });
}

#[test]
fn a_stale_interface_hears_nothing() {
    with(&open(), |world| {
        world.up(Mode::Station).unwrap();
        world.join(false).unwrap();
        world.wire.device.os.set_vap(Some(VapId { slot: 0, generation: 2 }));
        let _ = world.ping_once();
        assert!(world.received.is_empty());
        world.wire.device.os.set_vap(Some(VAP));
        world.ping(1, 64).unwrap();
    });
}

#[test]
fn suspend_and_resume() {
    with(&open(), |world| {
        world.up(Mode::Station).unwrap();
        world.join(false).unwrap();
        world.ask(ControlRequest::Suspend, None).unwrap();
        world.check_agreement(false);
        assert!(world.ask(ControlRequest::SetPort(AP, Port::Open), None).is_err());
        world.ask(ControlRequest::Resume, None).unwrap();
        world.join(false).unwrap();
        world.check_agreement(true);
        world.ping(1, 64).unwrap();
    });
}

#[test]
fn what_core_joined_is_joined_again_after_a_sleep() {
    with(&Options::new(Scenario::Psk, 1), |world| {
        world.up(Mode::Station).unwrap();
        world.join_with_key().unwrap();
        world.ask(ControlRequest::Suspend, None).unwrap();
        world.check_agreement(false);
        world.run_until(60_000_000, |_| false);
        world.ask(ControlRequest::Resume, None).unwrap();
        assert!(world.run_until(10_000_000, |world| world.is_up));
        world.check_agreement(true);
        world.ping(1, 64).unwrap();
        // An interface that is switched off while the machine sleeps stays so.
        world.ask(ControlRequest::Suspend, None).unwrap();
        world.ask(ControlRequest::Down, None).unwrap();
        world.ask(ControlRequest::Resume, None).unwrap();
        world.up(Mode::Station).unwrap();
        assert!(!world.run_until(10_000_000, |world| world.is_up));
    });
}

#[test]
fn a_failing_world_names_its_command() {
    let options = Options { unplug_at: Some(123), ..Options::new(Scenario::Wpa2, 7) };
    let command = options.to_string();
    assert_eq!(command, "cargo xtask sim --scenario wpa2 --seed 7 --unplug-at 123 --once");
    assert!(catch_unwind(AssertUnwindSafe(|| run_once(&options))).is_ok());
}
