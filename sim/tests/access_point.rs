// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The scripted station against the access points, on good and bad air.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use proptest::prelude::*;
use tern_sim::{
    access_point::{
        AccessPoint, Config, Happening, Psk,
        elements::{self, id},
        frame::{self, flag, kind},
    },
    air::{Air, Capture, Conditions, Micros},
    ping::{self, End},
    station::{Join, Progress, Station},
};

const STATION: [u8; 6] = [2, 0, 0, 0, 0, 9];
const SECRET: &str = "correct horse";

/// A writer whose bytes can be seen afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct World {
    now: Micros,
    air: Air,
    points: Vec<AccessPoint>,
    stations: Vec<Station>,
    pcap: Shared,
}

impl World {
    fn new(seed: u64, conditions: Conditions, configs: &[Config]) -> Self {
        let pcap = Shared::default();
        let mut air = Air::new(seed, conditions);
        air.observe(Box::new(Capture::new(pcap.clone()).unwrap()));
        let points = configs.iter().map(|config| AccessPoint::new(&mut air, seed, config.clone()));
        let points = points.collect();
        let stations = vec![Station::new(&mut air, seed, STATION)];
        Self { now: 0, air, points, stations, pcap }
    }

    fn join(&mut self, ssid: &[u8], psk: Option<&str>) {
        let psk = psk.map(|text| Psk::Passphrase(text.to_owned()));
        let join = Join { ssid: ssid.to_vec(), psk, channel: 6 };
        self.stations[0].join(self.now, &mut self.air, join);
    }

    fn run_until(&mut self, micros: Micros, mut is_over: impl FnMut(&mut Self) -> bool) -> bool {
        let end = self.now + micros;
        while self.now < end {
            for point in &mut self.points {
                point.poll(self.now, &mut self.air);
            }
            for station in &mut self.stations {
                station.poll(self.now, &mut self.air);
            }
            if is_over(self) {
                return true;
            }
            let points = self.points.iter().filter_map(AccessPoint::next_event);
            let stations = self.stations.iter().filter_map(Station::next_event);
            let next = points.chain(stations).chain(self.air.next_event()).min();
            // Something that is due keeps being due: time must pass all the same.
            self.now = next.unwrap_or(end).clamp(self.now + 1, end);
        }
        false
    }

    fn progress(&self) -> Progress {
        self.stations[0].progress
    }

    fn settle(&mut self) -> Progress {
        self.run_until(10_000_000, |world| {
            matches!(world.progress(), Progress::Open | Progress::Failed(_))
        });
        self.progress()
    }

    /// Whether an ARP request is answered and then a ping, with some patience.
    fn ping(&mut self) -> bool {
        let host = self.points[0].config().bssid;
        let arp = ping::arp_request(OWN, IP);
        self.ask(&arp, |frame| ping::arp_reply(frame, IP) == Some(host))
            && self.ask(&echo_request(host), |frame| ping::echo_reply(frame) == Some(1))
    }

    fn ask(&mut self, question: &[u8], is_answer: impl Fn(&[u8]) -> bool) -> bool {
        (0..10).any(|_| {
            let Self { now, air, stations, .. } = self;
            stations[0].send(*now, air, question);
            self.run_until(300_000, |world| {
                std::iter::from_fn(|| world.stations[0].take_received()).any(|got| is_answer(&got))
            })
        })
    }
}

const OWN: End = End { ethernet: STATION, ip: Ipv4Addr::new(10, 6, 1, 2) };
const IP: Ipv4Addr = Ipv4Addr::new(10, 6, 1, 1);

fn echo_request(ethernet: [u8; 6]) -> Vec<u8> {
    ping::echo_request(OWN, End { ethernet, ip: IP }, 1, 100)
}

fn bad(loss_percent: u8) -> Conditions {
    Conditions {
        loss_percent,
        delay_us: 3_000,
        duplicate_percent: 10,
        reorder_percent: 5,
        ..Conditions::default()
    }
}

#[test]
fn joins_an_open_network_and_pings() {
    let mut world = World::new(1, Conditions::default(), &[Config::open(b"tern", 1)]);
    world.join(b"tern", None);
    assert_eq!(world.settle(), Progress::Open);
    assert!(world.ping());
    let happenings = world.points[0].take_happenings();
    assert!(happenings.contains(&Happening::Open(STATION)), "{happenings:?}");
}

#[test]
fn joins_wpa2_and_pings() {
    let mut world = World::new(2, Conditions::default(), &[Config::wpa2(b"tern", SECRET, 1)]);
    world.join(b"tern", Some(SECRET));
    assert_eq!(world.settle(), Progress::Open);
    assert!(world.ping());
}

#[test]
fn without_wmm_and_ht_it_works_as_well() {
    let config = Config::parse("ssid=tern,psk=correct horse,wmm=off,ht=off", 1).unwrap();
    let mut world = World::new(2, Conditions::default(), &[config]);
    world.join(b"tern", Some(SECRET));
    assert_eq!(world.settle(), Progress::Open);
    assert!(world.ping());
}

#[test]
fn a_hidden_name_is_told_to_those_who_know_it() {
    let hidden = Config { is_hidden: true, ..Config::open(b"secret", 1) };
    let bssid = hidden.bssid;
    let mut world = World::new(3, Conditions::default(), &[hidden]);
    world.stations[0].listen(&mut world.air, 6);
    world.run_until(500_000, |_| false);
    assert_eq!(world.stations[0].heard_names[&(bssid, true)], b"");
    assert!(!world.stations[0].heard_names.contains_key(&(bssid, false)));
    world.join(b"secret", None);
    assert_eq!(world.settle(), Progress::Open);
    assert_eq!(world.stations[0].heard_names[&(bssid, false)], b"secret");
}

#[test]
fn another_passphrase_does_not_get_in() {
    let mut world = World::new(4, Conditions::default(), &[Config::wpa2(b"tern", SECRET, 1)]);
    world.join(b"tern", Some("another one"));
    assert_eq!(world.settle(), Progress::Failed(Some(15)));
    let happenings = world.points[0].take_happenings();
    assert!(happenings.contains(&Happening::WrongMic(STATION)), "{happenings:?}");
    assert!(!happenings.contains(&Happening::Open(STATION)));
}

#[test]
fn refusals_carry_their_status() {
    let auth = Config::parse("ssid=tern,refuse-auth=77", 1).unwrap();
    let assoc = Config::parse("ssid=tern,refuse-assoc=17", 1).unwrap();
    let without_rsn = Config::wpa2(b"tern", SECRET, 1);
    for (config, status) in [(auth, 77), (assoc, 17), (without_rsn, 40)] {
        let mut world = World::new(5, Conditions::default(), &[config]);
        world.join(b"tern", None);
        assert_eq!(world.settle(), Progress::Failed(Some(status)));
    }
}

#[test]
fn a_station_sent_away_has_no_class_3_frames_left() {
    let mut world = World::new(6, Conditions::default(), &[Config::open(b"tern", 1)]);
    world.join(b"tern", None);
    assert_eq!(world.settle(), Progress::Open);
    let World { now, air, points, .. } = &mut world;
    points[0].disassociate(*now, air, STATION, 8);
    world.run_until(50_000, |_| false);
    assert_eq!(world.progress(), Progress::Failed(Some(8)));
    // It goes on all the same.
    world.stations[0].progress = Progress::Open;
    assert!(!world.ping());
    assert_eq!(world.progress(), Progress::Failed(Some(7)));
    let World { now, air, points, .. } = &mut world;
    points[0].deauthenticate(*now, air, STATION, 3);
    world.run_until(50_000, |_| false);
    let mut request =
        world.stations[0].header(kind::ASSOC_REQUEST, 0, [2, b't', b'e', b'r', b'n', 1]);
    request.extend([1, 0, 10, 0]);
    let World { now, air, stations, .. } = &mut world;
    stations[0].transmit(*now, air, request);
    world.run_until(50_000, |_| false);
    assert_eq!(world.progress(), Progress::Failed(Some(6)));
}

#[test]
fn the_group_key_is_renewed() {
    let mut world = World::new(7, Conditions::default(), &[Config::wpa2(b"tern", SECRET, 1)]);
    world.join(b"tern", Some(SECRET));
    assert_eq!(world.settle(), Progress::Open);
    let World { now, air, points, .. } = &mut world;
    points[0].rekey_group(*now, air);
    world.run_until(100_000, |_| false);
    let happenings = world.points[0].take_happenings();
    assert!(happenings.contains(&Happening::GroupKeyRenewed), "{happenings:?}");
    assert!(world.ping());
}

#[test]
fn frames_wait_for_one_who_dozes() {
    let mut world = World::new(8, Conditions::default(), &[Config::open(b"tern", 1)]);
    world.join(b"tern", None);
    assert_eq!(world.settle(), Progress::Open);
    assert!(world.ping());
    let ping = echo_request(world.points[0].config().bssid);
    let World { now, air, stations, .. } = &mut world;
    stations[0].send(*now, air, &ping);
    stations[0].doze(*now, air, true);
    let answered = |world: &mut World| world.stations[0].take_received().is_some();
    // The answer to the ping above was sent before the doze was heard, or it waits.
    world.run_until(100_000, answered);
    let World { now, air, stations, .. } = &mut world;
    let mut dozing = stations[0].header(
        kind::DATA,
        flag::TO_DS | flag::POWER_MANAGEMENT,
        ping[..6].try_into().unwrap(),
    );
    dozing.extend(frame::from_ethernet(&ping).unwrap().2);
    stations[0].transmit(*now, air, dozing);
    assert!(!world.run_until(300_000, answered), "it was sent to one who sleeps");
    let World { now, air, stations, .. } = &mut world;
    stations[0].ps_poll(*now, air);
    assert!(world.run_until(50_000, answered));
}

#[test]
fn bad_air_is_overcome() {
    for seed in 0..20 {
        let mut world = World::new(seed, bad(30), &[Config::wpa2(b"tern", SECRET, 1)]);
        world.join(b"tern", Some(SECRET));
        assert_eq!(world.settle(), Progress::Open, "seed {seed}");
        assert!(world.ping(), "seed {seed}");
    }
}

#[test]
fn a_seed_says_everything() {
    let run = |seed| {
        let configs = [Config::wpa2(b"tern", SECRET, 1), Config::open(b"other", 2)];
        let mut world = World::new(seed, bad(20), &configs);
        world.join(b"tern", Some(SECRET));
        world.settle();
        world.ping();
        std::mem::take(&mut *world.pcap.0.lock().unwrap())
    };
    assert_eq!(run(11), run(11));
    assert_ne!(run(11), run(12));
}

/// Frames that look like something, and others.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let kinds = prop::sample::select(vec![
        0x00, 0x20, 0x40, 0x80, 0xa0, 0xb0, 0xc0, 0xd0, 0xa4, 0x08, 0x88, 0x48, 0xc8,
    ]);
    let bodies = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|more| {
            let mut body = vec![1, 0, 10, 0];
            elements::put(&mut body, id::SSID, b"tern");
            elements::put_rates(&mut body, elements::rates(6));
            body.extend(elements::rsn());
            body.extend(more);
            body
        }),
        prop::collection::vec(any::<u8>(), 0..150)
            .prop_map(|key| { [&frame::SNAP[..], &[0x88, 0x8e, 2, 3, 0, 95, 2], &key].concat() }),
        Just(vec![0, 0, 1, 0, 0, 0]),
    ];
    (kinds, any::<u8>(), bodies, any::<u16>(), any::<u16>()).prop_map(
        |(kind, flags, body, sequence, qos)| {
            let bssid = [2, b't', b'e', b'r', b'n', 1];
            let qos = (kind & 0x8c == 0x88).then_some(qos);
            let mut bytes = frame::header(kind, flags, [bssid, STATION, bssid], sequence, qos);
            bytes.extend(body);
            bytes
        },
    )
}

proptest! {
    #[test]
    fn no_frame_makes_it_panic(
        frames in prop::collection::vec(prop_oneof![
            4 => frames(),
            1 => prop::collection::vec(any::<u8>(), 0..64),
        ], 1..20),
        is_open in any::<bool>(),
    ) {
        let config =
            if is_open { Config::open(b"tern", 1) } else { Config::wpa2(b"tern", SECRET, 1) };
        let config = Config { psk: config.psk.map(|_| Psk::Key([1; 32])), ..config };
        let mut world = World::new(1, Conditions::default(), &[config]);
        world.stations[0].listen(&mut world.air, 6);
        for bytes in frames {
            let World { now, air, stations, .. } = &mut world;
            stations[0].transmit(*now, air, bytes);
            world.run_until(20_000, |_| false);
        }
    }
}

/// Wireshark's dissectors as a third opinion: handshake, decrypted ping, rate and signal.
#[test]
#[ignore = "needs tshark; run with --ignored"]
fn tshark_reads_the_capture() {
    let config = Config::parse("ssid=tern,psk=correct horse,signal=-61", 1).unwrap();
    let mut world = World::new(1, Conditions::default(), &[config]);
    world.join(b"tern", Some(SECRET));
    assert_eq!(world.settle(), Progress::Open);
    assert!(world.ping());
    let file = std::env::temp_dir().join(format!("tern-air-{}.pcap", std::process::id()));
    std::fs::write(&file, &*world.pcap.0.lock().unwrap()).unwrap();
    let tshark = |filter: &str| {
        let output = std::process::Command::new("tshark")
            .args(["-o", "wlan.enable_decryption:TRUE"])
            .args(["-o", r#"uat:80211_keys:"wpa-pwd","correct horse:tern""#])
            .args(["-Y", filter, "-T", "fields", "-E", "separator=,"])
            .args(["-e", "wlan_radio.data_rate", "-e", "wlan_radio.signal_dbm"])
            .args(["-e", "wlan_radio.channel", "-e", "wlan_radio.11n.mcs_index", "-r"])
            .arg(&file)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let from_point = "wlan.ta == 02:74:65:72:6e:01";
    assert_eq!(tshark(&format!("eapol && {from_point}")), ["1,-61,6,", "1,-61,6,"]);
    assert_eq!(tshark("eapol").len(), 4);
    assert_eq!(tshark("icmp.type == 8").len(), 1);
    assert_eq!(tshark("icmp.type == 0"), ["65,-61,6,7"]);
    assert_eq!(tshark("_ws.malformed || _ws.expert.severity == error"), [""; 0]);
    std::fs::remove_file(&file).unwrap();
}
