// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Whole-driver tests: no hardware, no kernel, no clock.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use tern_core::{
    control::{Completion, ControlRequest, DETACHED, Failure, Notice, RxFilter},
    os::{OsError, Sleepable},
    types::{MacAddr, RequestId, Ssid, VapId},
    wire::{MGMT_LEN_MAX, Mgmt, Subtype},
};
use tern_sim::{Event, World, device, fail_allocation, rx_unit};

fn join() -> ControlRequest {
    ControlRequest::Join(Ssid::new(b"tern").unwrap())
}

const AUTH: ControlRequest = ControlRequest::Auth(World::AP, World::SIX);
const ASSOC: ControlRequest = ControlRequest::Assoc(World::AP);

/// User, data path, stack and chip agree whether the device belongs to the network.
fn assert_agreement(world: &World<'_>, is_joined: bool, what: &str) {
    let mut links = world.device.os.events().into_iter().rev().filter_map(|event| match event {
        Event::Link(up) => Some(up),
        _ => None,
    });
    assert_eq!(links.next().unwrap_or(false), is_joined, "link, {what}");
    assert_eq!(world.is_open(), is_joined, "data path, {what}");
    assert_eq!(world.bus.bssid() == World::AP, is_joined, "chip, {what}");
}

/// Every waiter has one answer, every accepted request one outcome, every other request none.
fn assert_answered(world: &World<'_>, requests: &[(RequestId, ControlRequest)], what: &str) {
    for (id, request) in requests {
        let (answers, outcomes) = (world.answers(*id), world.outcomes(*id));
        assert_eq!(answers.len(), 1, "{request:?}, {what}");
        let is_begun = answers == [Ok(())] && request.completion() == Completion::Accept;
        assert_eq!(outcomes.len(), usize::from(is_begun), "{request:?} {answers:?}, {what}");
    }
}

#[test]
fn channel_6_reaches_the_radio() {
    let device = device(4).unwrap();
    let mut world = World::new(&device, 0, 0);
    assert_eq!(world.ask(ControlRequest::SetChannel(World::SIX)), Some(Err(Failure::Down)));
    assert_eq!(world.ask(ControlRequest::Up), Some(Ok(())));
    world.bus.take_writes();
    assert_eq!(world.ask(ControlRequest::SetChannel(World::SIX)), Some(Ok(())));
    assert_eq!(world.bus.take_writes(), ["0800 = 00000000", "0840 = 01800c06"]);
}

#[test]
fn every_seed_ends_in_one_answer_and_one_outcome() {
    let mut joined = [0; 4];
    for seed in 0..500 {
        for (index, trouble) in [0, 10, 50, 90].into_iter().enumerate() {
            let what = format!("seed {seed} trouble {trouble}");
            let device = device(4).unwrap();
            let mut world = World::new(&device, seed, trouble);
            world.ask(ControlRequest::Up);
            assert_eq!(world.ask(join()), Some(Ok(())), "{what}");
            world.run();
            let id = world.requests[1];
            assert_answered(&world, &[(id, join())], &what);
            let is_joined = world.outcomes(id) == [Ok(())];
            assert_agreement(&world, is_joined, &what);
            joined[index] += usize::from(is_joined);
        }
    }
    println!("joined of 500: {joined:?}");
    assert_eq!(joined[0], 500, "nothing goes wrong on a good channel");
    assert!(joined[3] < 500, "some joins fail on a bad one");
}

#[test]
fn unplugged_before_any_transfer_all_tell_the_same_story() {
    for trouble in [0, 30] {
        for transfers in 0.. {
            let what = format!("unplugged after {transfers}, trouble {trouble}");
            let device = device(4).unwrap();
            let mut world = World::new(&device, 5, trouble);
            world.bus.unplug_after(transfers);
            let up = world.ask(ControlRequest::Up).unwrap();
            let accepted = world.ask(join()).unwrap();
            world.run();
            let requests = [ControlRequest::Up, join()];
            let requests: Vec<_> = world.requests.iter().copied().zip(requests).collect();
            assert_answered(&world, &requests, &what);
            let is_joined = world.outcomes(world.requests[1]) == [Ok(())];
            assert_agreement(&world, is_joined, &what);
            assert!(up.is_ok() || accepted == Err(Failure::Down), "{what}");
            let is_unplugged = world.bus.transfers_left() == Some(0);
            world.stop();
            assert_answered(&world, &requests, &what);
            assert!(!world.is_open(), "{what}");
            if !is_unplugged {
                assert!(transfers > 10 && (is_joined || trouble > 0), "{what}");
                break;
            }
        }
    }
}

#[test]
fn mlme_takes_one_step_at_a_time() {
    let device = device(4).unwrap();
    let mut world = World::new(&device, 0, 0);
    world.ask(ControlRequest::Up);
    assert_eq!(world.ask(ASSOC), Some(Err(Failure::Busy)), "not authenticated");
    assert_eq!(world.ask(AUTH), Some(Ok(())));
    assert_eq!(world.ask(ControlRequest::Scan), Some(Err(Failure::Busy)), "the radio is taken");
    world.run();
    assert_eq!(world.outcomes(world.requests[2]), [Ok(())]);
    assert_agreement(&world, false, "authenticated only");
    assert_eq!(world.ask(ASSOC), Some(Ok(())));
    world.run();
    assert_eq!(world.outcomes(world.requests[4]), [Ok(())]);
    assert_agreement(&world, true, "associated");
}

#[test]
fn stop_at_any_step_answers_everyone_once() {
    let scripts: [&[ControlRequest]; 3] = [&[ControlRequest::Scan], &[join()], &[AUTH, ASSOC]];
    for script in scripts {
        for trouble in [0, 60] {
            for steps in 0..40 {
                let what = format!("{script:?} trouble {trouble} stopped after {steps}");
                let device = device(4).unwrap();
                let mut world = World::new(&device, 3, trouble);
                let mut requests = vec![ControlRequest::Up];
                world.ask(ControlRequest::Up);
                let mut left = steps;
                for request in script {
                    requests.push(*request);
                    let id = world.post(*request).unwrap();
                    while left > 0 && world.step() {
                        left -= 1;
                    }
                    world.device.collect(&mut Sleepable::enter_from_shim(), id);
                }
                // One more that the worker has not seen when the end comes.
                requests.push(ControlRequest::SetChannel(World::SIX));
                world.post(ControlRequest::SetChannel(World::SIX)).unwrap();
                world.stop();
                let all: Vec<_> = world.requests.iter().copied().zip(requests).collect();
                assert_answered(&world, &all, &what);
                assert_eq!(world.answers(all.last().unwrap().0), [Err(DETACHED)], "{what}");
                assert!(!world.is_open(), "{what}");
                // After the end nothing comes at all.
                let events = world.device.os.events().len();
                assert_eq!(world.post(ControlRequest::Up), Err(DETACHED), "{what}");
                world.device.post_rx_filter(RxFilter::PROMISCUOUS);
                world.receive(&rx_unit(0, &World::beacon().emit()));
                world.work();
                assert_eq!(world.device.os.events().len(), events, "{what}");
            }
        }
    }
}

#[test]
fn stop_from_another_thread_answers_everyone_once() {
    for round in 0..300 {
        let device = device(4).unwrap();
        let mut world = World::new(&device, round, 30);
        world.ask(ControlRequest::Up);
        let mut requests = vec![(world.requests[0], ControlRequest::Up)];
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (0..round * 20).for_each(|_| std::hint::spin_loop());
                device.stop(&mut Sleepable::enter_from_shim());
            });
            for request in [join(), ControlRequest::Scan, AUTH].into_iter().cycle() {
                if let Ok(id) = world.post(request) {
                    requests.push((id, request));
                }
                world.step();
                device.collect(&mut Sleepable::enter_from_shim(), world.requests[0]);
                if world.is_stopped {
                    break;
                }
            }
        });
        assert_answered(&world, &requests, &format!("round {round}"));
        assert!(!world.is_open());
    }
}

#[test]
fn a_slot_belongs_to_its_waiter_until_the_result_is_fetched() {
    let device = device(4).unwrap();
    let mut world = World::new(&device, 0, 0);
    let ids: Vec<_> = (0..4).map(|_| world.post(ControlRequest::Up).unwrap()).collect();
    world.work();
    assert_eq!(world.post(ControlRequest::Up), Err(Failure::Busy));
    let mut cx = Sleepable::enter_from_shim();
    for id in ids {
        assert_eq!(device.collect(&mut cx, id), Some(Ok(())));
        assert_eq!(device.collect(&mut cx, id), None);
    }
    assert_eq!(world.ask(ControlRequest::Up), Some(Ok(())));
}

#[test]
fn deauthentication_and_suspend_close_the_data_path() {
    for (is_polite, left) in [(false, [0; 6]), (true, World::AP.0)] {
        let device = device(4).unwrap();
        let mut world = World::new(&device, 0, 0);
        world.ask(ControlRequest::Up);
        world.ask(join());
        world.run();
        assert_agreement(&world, true, "joined");
        if is_polite {
            assert_eq!(world.ask(ControlRequest::Suspend), Some(Ok(())));
            device.post_rx_filter(RxFilter::PROMISCUOUS);
            assert_eq!(world.ask(ControlRequest::Scan), Some(Err(Failure::Down)));
            assert_eq!(world.ask(ControlRequest::Resume), Some(Ok(())));
        } else {
            let mut deauth = [0; MGMT_LEN_MAX];
            Mgmt { subtype: Subtype::Deauth, bssid: World::AP, code: 7 }.emit(&mut deauth);
            (0..100).for_each(|_| world.receive(&rx_unit(0, &deauth)));
            world.work();
            let notice = Event::Notice(Notice::Deauthenticated(World::AP, 7));
            assert_eq!(device.os.events().last(), Some(&notice));
        }
        assert!(!world.is_open());
        assert_eq!(world.bus.bssid(), MacAddr(left));
        assert_eq!(world.ask(join()), Some(Ok(())), "and again");
        world.run();
        assert_agreement(&world, true, "joined again");
    }
}

#[test]
fn posts_wait_for_nobody_and_stale_interfaces_hear_nothing() {
    let device = device(4).unwrap();
    let mut world = World::new(&device, 0, 0);
    world.ask(ControlRequest::Up);
    world.bus.take_writes();
    device.post_rx_filter(RxFilter::ALL_MULTICAST);
    device.post_rx_filter(RxFilter::PROMISCUOUS);
    world.work();
    assert_eq!(world.bus.take_writes(), ["0608 = 0000000f"]);
    *device.os.vap.lock().unwrap() = Some(VapId { slot: 0, generation: 2 });
    let before = device.os.events();
    world.ask(join());
    world.run();
    assert_eq!(device.os.events(), before);
}

#[test]
fn without_memory_there_is_no_device_and_no_leak() {
    for left in 0.. {
        fail_allocation(Some(left));
        let made = device(4).map(drop);
        fail_allocation(None);
        match made {
            Err(error) => assert_eq!(error, OsError::NoMemory),
            Ok(()) => {
                assert_eq!(left, 3, "one allocation for each lock");
                break;
            }
        }
    }
}
