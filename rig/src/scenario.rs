// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What ring 5 does with each module.

use std::{net::Ipv4Addr, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use tern_sim::{
    access_point::{Config, Psk},
    ping::{self, End},
};

use crate::{
    engine::EventKind,
    machine::{MAC, Machine},
    user::{self, Programs},
};

/// All scenarios, in the order in which they are run.
pub const ALL: [&str; 14] = [
    "load",
    "probe",
    "attach",
    "ioctls",
    "scan",
    "join-open",
    "join-wpa2",
    "traffic",
    "monitor",
    "suspend-resume",
    "unplug",
    "no-memory",
    "detach",
    "unload",
];

/// The networks on the air.
pub const OPEN: &[u8] = b"open";
/// The one with a secret.
pub const WPA2: &[u8] = b"tern";
/// Its secret: a key, because deriving one from a passphrase takes longer than a join.
pub const PSK: [u8; 32] = *b"a pairwise master key, 256 bits!";
const SECOND: u64 = 1_000_000;
const PINGS: u16 = 30;

/// The access points that every scenario has.
pub fn access_points() -> Vec<Config> {
    vec![
        Config { channel: 1, ..Config::open(OPEN, 1) },
        Config { psk: Some(Psk::Key(PSK)), ..Config::open(WPA2, 2) },
        Config { channel: 11, ..Config::open(b"other", 3) },
    ]
}

/// Carries a scenario out; what the rig finds is reported besides.
///
/// # Errors
///
/// What a user of the machine would complain about.
pub fn carry_out(machine: &Machine, scenario: &str) -> Result<()> {
    let os = machine.kernel.os();
    let mut programs = user::programs(&os)?;
    let programs = programs.as_mut();
    match scenario {
        "load" => {
            machine.load()?;
            machine.sleep(SECOND);
            return end(machine);
        }
        "probe" => return probe(machine),
        _ => {}
    }
    machine.load()?;
    let result = machine.plug().map_err(errno("attach"));
    let result = result.and_then(|()| attached(machine, programs, scenario));
    if machine.is_gone() || machine.lacks_memory() {
        // Whatever a user tried then may fail; the machine has to be whole.
        machine.pull_out();
    } else {
        result?;
        if !matches!(scenario, "unload" | "detach") {
            if scenario != "attach" {
                programs.destroy(machine)?;
            }
            machine.pull_out();
        }
    }
    machine.sleep(SECOND);
    end(machine)
}

fn attached(machine: &Machine, programs: &mut dyn Programs, scenario: &str) -> Result<()> {
    let device = machine.kernel.interface(u32::MAX);
    ensure!(device.as_deref() == Some("tern0"), "the device is {device:?}");
    if scenario == "attach" {
        machine.sleep(3 * SECOND);
        return machine
            .detach()
            .map_err(errno("detach"))
            .and_then(|()| machine.plug().map_err(errno("attach again")));
    }
    programs.create(machine)?;
    if scenario == "ioctls" {
        programs.exercise(machine)?;
        programs.set_up(machine, true)?;
        return programs.exercise(machine);
    }
    programs.set_up(machine, true)?;
    match scenario {
        "scan" => scan(machine, programs),
        "join-open" => programs.join_open(machine, OPEN),
        "join-wpa2" => programs.join_wpa2(machine, WPA2, &Psk::Key(PSK)),
        "traffic" | "unplug" | "no-memory" => {
            programs.join_wpa2(machine, WPA2, &Psk::Key(PSK))?;
            traffic(machine, programs)?;
            programs.set_up(machine, false)
        }
        "monitor" => monitor(machine, programs),
        "suspend-resume" => suspend_resume(machine, programs),
        "detach" => {
            programs.join_open(machine, OPEN)?;
            machine.detach().map_err(errno("detach"))
        }
        "unload" => programs.join_open(machine, OPEN),
        _ => bail!("no scenario {scenario:?}; there are {}", ALL.join(", ")),
    }
}

fn errno(what: &str) -> impl Fn(i32) -> anyhow::Error + '_ {
    move |errno| anyhow::anyhow!("{what}: errno {errno}")
}

/// The module goes, and nothing is left.
fn end(machine: &Machine) -> Result<()> {
    machine.unload()?;
    machine.sleep(SECOND);
    machine.check_end();
    Ok(())
}

/// The stick is there before the module; it goes and comes again.
fn probe(machine: &Machine) -> Result<()> {
    let nobody = machine.plug();
    ensure!(nobody.is_err(), "there is a driver before the module is loaded");
    machine.load()?;
    if machine.kernel.interface(u32::MAX).is_none() {
        // Where there are no modules, the bus looks when it is told to.
        machine.plug().map_err(errno("attach"))?;
    }
    ensure!(machine.kernel.interface(u32::MAX).is_some(), "the stick found no driver");
    for _ in 0..2 {
        machine.sleep(SECOND);
        machine.pull_out();
        machine.plug().map_err(errno("attach again"))?;
    }
    machine.pull_out();
    end(machine)
}

fn scan(machine: &Machine, programs: &mut dyn Programs) -> Result<()> {
    for _ in 0..2 {
        let found = programs.scan(machine)?;
        for config in access_points() {
            let is_it = found.iter().any(|found| {
                found.ssid == config.ssid
                    && found.bssid == config.bssid
                    && found.channel == config.channel
            });
            let name = String::from_utf8_lossy(&config.ssid).into_owned();
            ensure!(is_it, "{name} is not among the networks found: {found:?}");
        }
    }
    Ok(())
}

/// A conversation with the host behind the access point: it is asked, it answers.
fn traffic(machine: &Machine, programs: &dyn Programs) -> Result<()> {
    let interface = programs.interface();
    let own = End { ethernet: MAC, ip: Ipv4Addr::new(10, 6, 2, 77) };
    let gateway = Ipv4Addr::new(10, 6, 2, 1);
    let send = |frame: &[u8], priority| {
        machine.kernel.send(&interface, frame, priority).map_err(errno("sending"))
    };
    send(&ping::arp_request(own, gateway), 0)?;
    let mut peer = None;
    machine.wait_until(3 * SECOND, |events| {
        let inputs = events.iter().filter(|event| event.kind == EventKind::Input);
        peer = peer
            .or_else(|| inputs.filter_map(|event| ping::arp_reply(&event.data, gateway)).next());
        peer.is_some()
    });
    let to = End { ethernet: peer.context("no answer to ARP")?, ip: gateway };
    let mut answered = Vec::new();
    for sequence in 0..PINGS {
        let len = usize::from(sequence) * 97 % 1400;
        send(&ping::echo_request(own, to, sequence, len), (sequence % 8) as u8)?;
        if sequence % 4 == 3 {
            machine.wait_until(SECOND / 2, |events| {
                answered.extend(events.iter().filter_map(|event| ping::echo_reply(&event.data)));
                answered.len() > usize::from(sequence)
            });
        }
    }
    machine.wait_until(3 * SECOND, |events| {
        answered.extend(events.iter().filter_map(|event| ping::echo_reply(&event.data)));
        answered.len() >= usize::from(PINGS)
    });
    let count = answered.len();
    answered.sort_unstable();
    answered.dedup();
    ensure!(answered.len() == count, "an answer came twice");
    ensure!(count == usize::from(PINGS), "{count} of {PINGS} pings were answered");
    Ok(())
}

fn monitor(machine: &Machine, programs: &mut dyn Programs) -> Result<()> {
    const CHANNEL: u8 = 6;
    let (interface, dlt) = programs.monitor(machine, CHANNEL)?;
    machine.kernel.listen(&interface, dlt, true).map_err(errno("bpf"))?;
    let tuned = machine.ether().lock().chip.tuning().map(|tuning| tuning.channel);
    ensure!(tuned == Some(CHANNEL), "the chip listens on {tuned:?}");
    let mut beacons = 0;
    machine.wait_until(3 * SECOND, |events| {
        let captured = events.iter().filter(|event| event.kind == EventKind::Capture);
        beacons += captured.filter(|event| is_beacon(&event.data, WPA2)).count();
        beacons >= 5
    });
    ensure!(beacons >= 5, "{beacons} beacons were captured");
    machine.kernel.listen(&interface, dlt, false).map_err(errno("bpf closed"))?;
    Ok(())
}

/// A beacon of that network behind a radiotap header.
fn is_beacon(packet: &[u8], ssid: &[u8]) -> bool {
    let header = usize::from(user::word(packet, 2));
    let Some(frame) = packet.get(header..) else { return false };
    let name = frame.get(38..38 + ssid.len());
    packet[0] == 0 && frame.first() == Some(&0x80) && name == Some(ssid)
}

fn suspend_resume(machine: &Machine, programs: &mut dyn Programs) -> Result<()> {
    programs.join_open(machine, OPEN)?;
    for _ in 0..2 {
        machine.suspend().map_err(errno("suspend"))?;
        machine.sleep(5 * SECOND);
        let on = machine.ether().lock().chip.is_on();
        ensure!(!on, "the chip is still on");
        machine.resume().map_err(errno("resume"))?;
        machine.sleep(5 * SECOND);
    }
    let found = programs.scan(machine)?;
    ensure!(found.len() >= 3, "{} networks after it woke up", found.len());
    Ok(())
}

/// How long a run may take by the wall clock.
pub const LONGEST: Duration = Duration::from_secs(180);
