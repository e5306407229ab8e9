// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The whole emulator over real sockets, with a host written by hand in QEMU's place.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    thread::JoinHandle,
    time::Duration,
};

use clap::Parser as _;
use serde_json::Value;
use tern_emu::{
    Args, main_with_args,
    usbredir::wire::{self, Packet, Splitter, kind},
};

/// Nothing here takes longer, on any machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// What QEMU says it can, and we need.
const CAPABILITIES: u32 = 0x7f;

/// A directory of its own for each test, which goes away with it.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tern-emu-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn start(words: &[&str]) -> JoinHandle<anyhow::Result<()>> {
    let args = Args::parse_from(["tern-emu"].iter().chain(words));
    std::thread::spawn(move || main_with_args(&args))
}

/// QEMU's end.
struct Host {
    stream: UnixStream,
    splitter: Splitter,
    next_id: u64,
}

impl Host {
    fn accept(listener: &UnixListener) -> Self {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, splitter: Splitter::default(), next_id: 1 }
    }

    fn send(&mut self, kind: u32, parts: &[&[u8]]) -> u64 {
        let mut bytes = Vec::new();
        self.next_id += 1;
        wire::append(&mut bytes, kind, self.next_id, parts);
        self.stream.write_all(&bytes).unwrap();
        self.next_id
    }

    fn packet(&mut self) -> Option<Packet> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(packet) = self.splitter.next_packet().unwrap() {
                return Some(packet);
            }
            match self.stream.read(&mut buffer).unwrap() {
                0 => return None,
                len => self.splitter.push(&buffer[..len]),
            }
        }
    }

    /// Until a packet of this kind.
    fn wait(&mut self, kind: u32) -> Packet {
        loop {
            let packet = self.packet().expect("the emulator has hung up");
            if packet.kind == kind {
                return packet;
            }
        }
    }

    fn greet(&mut self) {
        self.wait(kind::HELLO);
        self.splitter.use_long_ids();
        self.send(kind::HELLO, &[&[0; wire::VERSION_LEN], &CAPABILITIES.to_le_bytes()]);
        let connect = self.wait(kind::DEVICE_CONNECT);
        assert_eq!(connect.body[4..8], [0xda, 0x0b, 0x76, 0x81]);
        self.send(kind::SET_CONFIGURATION, &[&[1]]);
        self.wait(kind::CONFIGURATION_STATUS);
    }

    fn ask(&mut self, address: u16, len: u8) -> u64 {
        let [low, high] = address.to_le_bytes();
        self.send(kind::CONTROL_PACKET, &[&[0x80, 5, 0xc0, 0, low, high, 0, 0, len, 0]])
    }

    fn read(&mut self, address: u16, len: u8) -> Vec<u8> {
        let id = self.ask(address, len);
        let answer = self.wait(kind::CONTROL_PACKET);
        assert_eq!((answer.id, answer.body[3]), (id, 0));
        answer.body[10..].to_vec()
    }
}

/// A client of the control socket, which may not be there yet.
fn control(path: &str) -> BufReader<UnixStream> {
    for _ in 0..2_000 {
        if let Ok(stream) = UnixStream::connect(path) {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            return BufReader::new(stream);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("no control socket at {path}");
}

fn command(client: &mut BufReader<UnixStream>, line: &str) -> Value {
    writeln!(client.get_mut(), "{line}").unwrap();
    let mut answer = String::new();
    client.read_line(&mut answer).unwrap();
    serde_json::from_str(&answer).unwrap()
}

#[test]
fn a_register_is_read_and_files_are_complete_when_the_host_hangs_up() {
    let directory = Directory::new("read");
    let [socket, json, trace, pcap] =
        ["usb.sock", "stats.json", "trace", "air.pcap"].map(|name| directory.path(name));
    let listener = UnixListener::bind(&socket).unwrap();
    let radio = format!("rtl8188cus@{socket}");
    let emulator = start(&[
        "--radio",
        &radio,
        "--json",
        &json,
        "--trace",
        &trace,
        "--air-pcap",
        &pcap,
        "--ap",
        "ssid=a",
    ]);
    let mut host = Host::accept(&listener);
    host.greet();
    assert_eq!(host.read(0x0f0, 4), [0x00, 0x10, 0x00, 0x00]);
    drop(host);
    emulator.join().unwrap().unwrap();
    let stats: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!(stats["radios"][0]["control_transfers"], 1);
    assert_eq!(stats["radios"][0]["control_bytes"], 4);
    let log = std::fs::read_to_string(&trace).unwrap();
    assert!(log.contains("\tR\t4\tSYS_CFG\t0x00f0\t0x00001000"), "{log}");
    assert!(Path::new(&pcap).metadata().unwrap().len() > 24, "a beacon was sent");
}

#[test]
fn unplugged_at_a_transfer_and_plugged_in_again() {
    let directory = Directory::new("unplug");
    let [socket, control_socket] = ["usb.sock", "emu.sock"].map(|name| directory.path(name));
    let listener = UnixListener::bind(&socket).unwrap();
    let radio = format!("rtl8188cus@{socket}");
    let emulator = start(&["--radio", &radio, "--control", &control_socket]);
    let mut host = Host::accept(&listener);
    host.greet();
    let mut client = control(&control_socket);
    assert_eq!(command(&mut client, "unplug-after 0 3")["ok"], true);
    for _ in 0..2 {
        host.read(0x0f0, 4);
    }
    host.ask(0x0f0, 4);
    let packet = host.packet().unwrap();
    assert_eq!(packet.kind, kind::DEVICE_DISCONNECT, "and no answer before it");
    assert_eq!(command(&mut client, "stats")["radios"][0]["plugged"], false);
    host.send(kind::DEVICE_DISCONNECT_ACK, &[]);
    command(&mut client, "plug 0");
    host.wait(kind::DEVICE_CONNECT);
    host.send(kind::SET_CONFIGURATION, &[&[1]]);
    host.wait(kind::CONFIGURATION_STATUS);
    assert_eq!(host.read(0x100, 1), [0xea], "a chip that had no power");
    assert_eq!(command(&mut client, "stats")["radios"][0]["control_transfers"], 3);
    assert!(command(&mut client, "nonsense")["error"].is_string());
    assert_eq!(command(&mut client, "quit")["ok"], true);
    emulator.join().unwrap().unwrap();
}

#[test]
fn another_host_may_come_after_one_has_hung_up() {
    let directory = Directory::new("again");
    let [socket, control_socket] = ["usb.sock", "emu.sock"].map(|name| directory.path(name));
    let listener = UnixListener::bind(&socket).unwrap();
    let radio = format!("rtl8188cus@{socket}");
    let emulator = start(&["--radio", &radio, "--control", &control_socket]);
    for _ in 0..2 {
        let mut host = Host::accept(&listener);
        host.greet();
        host.read(0x0f0, 4);
    }
    command(&mut control(&control_socket), "quit");
    emulator.join().unwrap().unwrap();
}

#[test]
fn what_is_no_usbredir_is_an_error() {
    let directory = Directory::new("garbage");
    let socket = directory.path("usb.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let emulator = start(&["--radio", &format!("rtl8192cu@{socket}")]);
    let (mut stream, _) = listener.accept().unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let error = emulator.join().unwrap().unwrap_err().to_string();
    assert!(error.contains("usbredir"), "{error}");
}

#[test]
fn a_file_that_is_no_socket_is_an_error() {
    let directory = Directory::new("file");
    let file = directory.path("file");
    std::fs::write(&file, "").unwrap();
    let error = start(&["--radio", &format!("rtl8192cu@{file}")]).join().unwrap().unwrap_err();
    assert!(format!("{error:#}").contains("connecting to"), "{error:#}");
    let error = start(&["--radio", "rtl8192cu@none", "--control", &file]).join().unwrap();
    assert!(format!("{:#}", error.unwrap_err()).contains("listening at"));
}
