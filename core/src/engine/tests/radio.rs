// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Power, channels, scans, stays, monitors, and the end.

use std::{string::ToString, vec, vec::Vec};

use super::{
    ap,
    join::joined,
    mock::{AP, OWN, Told, VAP, World},
};
use crate::{
    control::*,
    device::{Next, Worker},
    inbox::FrameKinds,
    os::{Atomic, Sleepable},
    radio::Regulatory,
    scan::{self, ScanRequest},
    types::{Channel, Mode, Ssid, Tuning},
    wire::header::MgmtSubtype,
};

fn tuning(number: u8) -> Tuning {
    Tuning::narrow(Channel::ghz2(number).unwrap())
}

fn scan_body(numbers: &[u8]) -> Vec<u8> {
    let channels: Vec<_> = numbers.iter().filter_map(|n| Channel::ghz2(*n)).collect();
    let mut out = [0; 256];
    let len = ScanRequest::emit(&mut out, false, &channels, &[Ssid::EMPTY], &[]).unwrap();
    out[..len].to_vec()
}

#[test]
fn the_first_interface_switches_on_and_the_last_one_off() {
    let mut world = World::new();
    world.calls();
    assert_eq!(world.ask(ControlRequest::SetChannel(tuning(6)), &[]), Err(Failure::Down));
    assert_eq!(world.ask(ControlRequest::Up(Mode::Station, OWN), &[]), Ok(()));
    assert_eq!(
        world.calls(),
        ["start 3 02:00:00:00:00:05", "set_channel 1 Mhz20", "set_tx_power Some(20)"]
    );
    assert_eq!(world.ask(ControlRequest::SetChannel(tuning(6)), &[]), Ok(()));
    assert_eq!(world.calls(), ["set_channel 6 Mhz20"]);
    assert_eq!(world.ask(ControlRequest::Peek(0x840), &[]), Ok(()));
    assert_eq!(world.calls(), ["peek 2112"]);
    assert_eq!((world.shared.peeked(0x840), world.shared.peeked(0x844)), (Some(7), None));
    assert_eq!(world.ask(ControlRequest::Down, &[]), Ok(()));
    assert_eq!(world.calls(), ["stop"]);
    assert_eq!(world.ask(ControlRequest::Peek(0x840), &[]), Err(Failure::Down));
}

#[test]
fn a_missing_firmware_is_named() {
    let mut world = World::new();
    world.shared.os.no_firmware.store(true, std::sync::atomic::Ordering::Relaxed);
    let result = world.ask(ControlRequest::Up(Mode::Station, OWN), &[]);
    let missing = crate::chip::FirmwareError::Missing("test.bin");
    assert_eq!(result, Err(Failure::Chip(crate::chip::ChipError::Firmware(missing))));
    let told = world.shared.os.told.lock().unwrap();
    let [Told::Log(line)] = &told[..] else { panic!("{told:?}") };
    assert!(line.contains("test.bin is missing") && line.contains("linux-firmware"), "{line}");
}

#[test]
fn the_walk_of_channel_6_is_in_the_ring() {
    let mut world = World::station();
    world.ask(ControlRequest::SetChannel(tuning(6)), &[]).unwrap();
    let mut lines = Vec::new();
    world.shared.events(&mut Sleepable::enter_from_shim(), &mut |event| {
        lines.push(event.to_string());
    });
    let start = lines.iter().rposition(|line| line.contains("what=set_channel")).unwrap();
    let stages: Vec<_> =
        lines[start..].iter().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(stages, ["request", "worker", "action", "chip", "chip_done", "complete"]);
    assert!(lines[start].ends_with("channel=6 mhz=2437 width=20"), "{}", lines[start]);
}

#[test]
fn forbidden_channels_are_refused_and_left_out() {
    let mut world = World::station();
    world.calls();
    assert_eq!(world.ask(ControlRequest::SetChannel(tuning(14)), &[]), Err(Failure::Forbidden));
    assert_eq!(world.ask(ControlRequest::Scan, &scan_body(&[14])), Err(Failure::Forbidden));
    let id = world.request(ControlRequest::Scan, &scan_body(&[13, 14, 11]));
    world.pass(1_000_000);
    assert_eq!(world.told(), [Told::Outcome(id, Operation::Scan, Ok(()), vec![])]);
    let tuned: Vec<_> =
        world.calls().into_iter().filter(|call| call.starts_with("set_channel")).collect();
    assert_eq!(tuned, ["set_channel 13 Mhz20", "set_channel 11 Mhz20", "set_channel 1 Mhz20"]);
    // On 13 nobody is asked.
    assert_eq!(world.sent.len(), 1);
    let mut cx = Sleepable::enter_from_shim();
    world.shared.post_regulatory(&mut cx, &Regulatory::EMPTY);
    assert_eq!(world.ask(ControlRequest::Scan, &scan_body(&[11])), Err(Failure::Forbidden));
}

#[test]
fn a_network_on_a_channel_that_is_forbidden_now_is_left() {
    let mut world = joined();
    world.told();
    let mut cx = Sleepable::enter_from_shim();
    world.shared.post_regulatory(&mut cx, &Regulatory::EMPTY);
    world.settle();
    let told = world.told();
    assert!(matches!(&told[..], [Told::Link(false), Told::Left(_)]), "{told:?}");
}

#[test]
fn a_scan_tells_what_it_hears_and_remembers_it() {
    let mut world = World::station();
    world.calls();
    world.peer = std::boxed::Box::new(|_| vec![ap::probe_response(6)]);
    let id = world.request(ControlRequest::Scan, &scan_body(&[6]));
    assert_eq!(world.ask(ControlRequest::Scan, &scan_body(&[6])), Err(Failure::Busy));
    world.pass(1_000_000);
    let heard = Told::Heard(ap::probe_response(6));
    assert_eq!(world.told(), [heard, Told::Outcome(id, Operation::Scan, Ok(()), vec![])]);
    assert_eq!(
        world.calls(),
        [
            "set_rx_filter 0x4",
            "set_scanning true",
            "set_channel 6 Mhz20",
            "set_scanning false",
            "set_channel 1 Mhz20",
            "set_rx_filter 0x0",
        ]
    );
    let mut names = Vec::new();
    let now = crate::os::Os::now(&world.shared.os);
    let mut elements = [0; scan::KEPT_MAX];
    for index in 0..scan::RESULTS_MAX {
        let cx = &mut Sleepable::enter_from_shim();
        let found = world.shared.scan_result(cx, now, index, &mut elements);
        if let Some((result, len)) = found {
            assert!(elements[..len].starts_with(b"\x00\x04tern"));
            names.push((result.bss.ssid, result.signal_dbm));
        }
    }
    assert_eq!(names, [(Ssid::new(b"tern").unwrap(), -40)]);
    world.hear(&ap::beacon(6, &[]));
    world.settle();
    assert_eq!(world.told(), [], "nobody wants beacons now");
}

#[test]
fn a_scan_is_aborted_with_one_outcome() {
    let mut world = World::station();
    let id = world.request(ControlRequest::Scan, &scan_body(&[1, 6, 11]));
    assert_eq!(world.ask(ControlRequest::AbortScan, &[]), Ok(()));
    let outcome = Told::Outcome(id, Operation::Scan, Err(Failure::Aborted), vec![]);
    assert_eq!(world.told(), [outcome]);
    assert_eq!(world.ask(ControlRequest::AbortScan, &[]), Err(Failure::NotFound));
}

#[test]
fn a_joined_station_goes_home_between_channels_and_sleeps_meanwhile() {
    let mut world = joined();
    world.calls();
    world.told();
    let before = world.sent.len();
    let id = world.request(ControlRequest::Scan, &scan_body(&[1, 11]));
    world.pass(1_000_000);
    assert!(world.told().contains(&Told::Outcome(id, Operation::Scan, Ok(()), vec![])));
    let tuned: Vec<_> =
        world.calls().into_iter().filter(|call| call.starts_with("set_channel")).collect();
    assert_eq!(
        tuned,
        [
            "set_channel 1 Mhz20",
            "set_channel 6 Mhz20",
            "set_channel 11 Mhz20",
            "set_channel 6 Mhz20"
        ]
    );
    let kinds: Vec<_> = world.sent[before..].iter().map(|f| (f[0], f[1])).collect();
    let (away, probe, back) = ((0x48, 0x11), (0x40, 0), (0x48, 0x01));
    assert_eq!(kinds, [away, probe, back, away, probe, back]);
}

#[test]
fn a_failed_chip_ends_a_scan_with_one_answer() {
    for failing in ["set_rx_filter", "set_scanning", "set_channel"] {
        let mut world = World::station();
        *world.chip.failing.lock().unwrap() = Some(failing);
        let id = world.request(ControlRequest::Scan, &scan_body(&[6]));
        world.pass(1_000_000);
        let mut cx = Sleepable::enter_from_shim();
        let answer = world.shared.collect(&mut cx, id).unwrap();
        let outcomes = world.told().len();
        assert_eq!(outcomes, usize::from(answer.is_ok()), "{failing}: {answer:?}");
        *world.chip.failing.lock().unwrap() = None;
        let again = world.ask(ControlRequest::Scan, &scan_body(&[6]));
        assert_eq!(again, Ok(()), "{failing}");
    }
}

#[test]
fn remain_and_send_mgmt_end_once_each() {
    let mut world = World::station();
    world.peer = std::boxed::Box::new(|_| vec![vec![]]);
    let id = world.request(ControlRequest::Remain(tuning(11), 100), &[]);
    assert_eq!(world.told(), []);
    world.pass(200_000);
    assert_eq!(world.told(), [Told::Outcome(id, Operation::Remain, Ok(()), vec![])]);
    let mut frame = ap::frame(MgmtSubtype::Action, AP, &[4, 10]);
    let info = MgmtInfo { tuning: Some(tuning(11)), wait_ms: 100, no_ack: false };
    assert_eq!(world.ask(ControlRequest::SendMgmt(info), &frame), Err(Failure::Invalid));
    frame[10..16].copy_from_slice(&OWN.0);
    let id = world.request(ControlRequest::SendMgmt(info), &frame);
    world.pass(10_000);
    let sent = Told::Outcome(id, Operation::SendMgmt, Ok(()), frame.clone());
    assert_eq!(world.told(), [sent]);
    world.pass(1_000_000);
    world.peer = std::boxed::Box::new(|_| vec![]);
    let here = MgmtInfo { tuning: None, ..info };
    let id = world.request(ControlRequest::SendMgmt(here), &frame);
    let sent = Told::Outcome(id, Operation::SendMgmt, Err(Failure::NotAcked), frame);
    assert_eq!(world.told(), [sent]);
}

#[test]
fn registered_frames_go_up_and_others_do_not() {
    let mut world = World::station();
    let probe = ap::frame(MgmtSubtype::ProbeRequest, OWN, &[0, 0]);
    world.hear(&probe);
    world.settle();
    assert_eq!(world.told(), []);
    let mut cx = Sleepable::enter_from_shim();
    world.shared.register_frames(&mut cx, VAP, FrameKinds::PROBE_REQUEST);
    world.hear(&probe);
    world.settle();
    assert_eq!(world.told(), [Told::Mgmt(probe)]);
}

#[test]
fn a_monitor_takes_everything_in() {
    let mut world = World::new();
    world.calls();
    assert_eq!(world.ask(ControlRequest::Up(Mode::Monitor, OWN), &[]), Ok(()));
    assert!(world.calls().contains(&"set_rx_filter 0x8".into()));
    assert_eq!(world.ask(ControlRequest::SetChannel(tuning(6)), &[]), Ok(()));
    assert_eq!(world.ask(ControlRequest::Leave, &[]), Err(Failure::Unsupported));
    let beacon = ap::beacon(6, &[]);
    world.hear(&beacon);
    assert_eq!(world.told(), []);
    world.shared.os.is_listening.store(true, std::sync::atomic::Ordering::Relaxed);
    world.hear(&beacon);
    assert_eq!(world.told(), [Told::Capture(beacon)]);
}

#[test]
fn at_the_end_everything_that_has_begun_ends_once() {
    let mut world = joined();
    world.told();
    let scan = world.request(ControlRequest::Scan, &scan_body(&[1, 11]));
    world.told();
    let mut cx = Sleepable::enter_from_shim();
    let waiting = world.shared.request(&mut cx, VAP, ControlRequest::Down, None).unwrap();
    world.shared.stop(&mut Atomic::enter_from_shim());
    assert_eq!(world.shared.collect(&mut cx, waiting), Some(Err(DETACHED)));
    assert_eq!(world.settle(), Next::Stopped);
    let told = world.told();
    let ended = Told::Outcome(scan, Operation::Scan, Err(DETACHED), vec![]);
    let [link, outcome, Told::Left(_)] = &told[..] else { panic!("{told:?}") };
    assert_eq!([link, outcome], [&Told::Link(false), &ended]);
    let late = world.shared.request(&mut cx, VAP, ControlRequest::Down, None);
    assert_eq!(late, Err(DETACHED));
    assert_eq!(world.settle(), Next::Stopped);
    assert_eq!(world.told(), []);
}

#[test]
fn suspend_and_resume_keep_interfaces() {
    let mut world = joined();
    world.told();
    world.calls();
    assert_eq!(world.ask(ControlRequest::Suspend, &[]), Ok(()));
    assert_eq!(world.told(), [Told::Link(false)]);
    assert_eq!(world.calls().last().unwrap(), "stop");
    assert_eq!(world.ask(ControlRequest::Leave, &[]), Err(Failure::Down));
    assert_eq!(world.ask(ControlRequest::Resume, &[]), Ok(()));
    assert_eq!(world.calls()[0], "start 3 02:00:00:00:00:05");
    assert_eq!(world.ask(ControlRequest::SetChannel(tuning(1)), &[]), Ok(()));
}

#[test]
fn the_worker_is_small_enough_to_be_moved_over_a_kernel_stack() {
    use super::mock::{TestChip, TestFraming, TestOs, TestPipe};
    let size = size_of::<Worker<'static, TestOs, TestPipe, TestFraming, TestChip>>();
    assert!(size <= 2048, "{size} bytes");
}

#[test]
fn a_monitor_beside_a_station_shares_its_channel() {
    let mut world = joined();
    world.told();
    world.calls();
    let monitor = crate::types::VapId { slot: 1, generation: 0 };
    let mut cx = Sleepable::enter_from_shim();
    let up = ControlRequest::Up(Mode::Monitor, OWN);
    let id = world.shared.request(&mut cx, monitor, up, None).unwrap();
    world.settle();
    assert_eq!(world.shared.collect(&mut cx, id), Some(Ok(())));
    assert_eq!(world.calls(), ["set_rx_filter 0x8"]);
    let tune = ControlRequest::SetChannel(tuning(1));
    let id = world.shared.request(&mut cx, monitor, tune, None).unwrap();
    world.settle();
    assert_eq!(world.shared.collect(&mut cx, id), Some(Err(Failure::Busy)));
    assert_eq!(world.ask(ControlRequest::Down, &[]), Ok(()));
    assert_eq!(world.told(), [Told::Link(false)]);
    assert_eq!(world.calls(), ["set_link None 0", "set_led false"]);
    let id = world.shared.request(&mut cx, monitor, tune, None).unwrap();
    world.settle();
    assert_eq!(world.shared.collect(&mut cx, id), Some(Ok(())));
    let id = world.shared.request(&mut cx, monitor, ControlRequest::Down, None).unwrap();
    world.settle();
    assert_eq!(world.shared.collect(&mut cx, id), Some(Ok(())));
    assert_eq!(world.calls(), ["set_channel 1 Mhz20", "stop"]);
}

#[test]
fn going_down_in_the_middle_of_a_scan_ends_it_once() {
    for request in [ControlRequest::Down, ControlRequest::Suspend] {
        let mut world = joined();
        world.told();
        let scan = world.request(ControlRequest::Scan, &scan_body(&[1, 11]));
        world.pass(50_000);
        world.told();
        assert_eq!(world.ask(request, &[]), Ok(()));
        let ended = Told::Outcome(scan, Operation::Scan, Err(Failure::Down), vec![]);
        assert_eq!(world.told(), [Told::Link(false), ended]);
        assert_eq!(world.calls().last().map(|call| &call[..]), Some("stop"));
    }
}

#[test]
fn a_scan_gives_way_to_who_leaves() {
    let mut world = joined();
    let scan = world.request(ControlRequest::Scan, &scan_body(&[1, 11]));
    world.pass(10_000);
    world.told();
    world.calls();
    assert_eq!(world.ask(ControlRequest::Deauth(AP, 3), &[]), Ok(()));
    let told = world.told();
    let aborted = Told::Outcome(scan, Operation::Scan, Err(Failure::Aborted), vec![]);
    let [first, Told::Link(false), Told::Left(_)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(*first, aborted);
    let calls = world.calls();
    let home = calls.iter().position(|call| call == "set_channel 6 Mhz20");
    let left = calls.iter().position(|call| call == "set_link None 0");
    assert!(home.is_some() && home < left, "{calls:?}");
    assert_eq!(world.sent.last().unwrap()[0], 0xc0);
}
