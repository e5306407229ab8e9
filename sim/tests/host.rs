// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The services of the IP host, asked by another small IP stack.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use std::collections::VecDeque;

use smoltcp::{
    iface::{Config, Interface, SocketSet},
    phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken},
    socket::{tcp, udp},
    time::Instant,
    wire::{EthernetAddress, IpAddress, IpCidr, Ipv4Address},
};
use tern_sim::host::{DISCARD, ECHO, Host};

const HOST: [u8; 6] = [2, 0, 0, 0, 0, 1];
const ADDRESS: Ipv4Address = Ipv4Address::new(10, 6, 1, 1);

/// The client's end of a cable.
#[derive(Default)]
struct Cable {
    to_client: VecDeque<Vec<u8>>,
    to_host: VecDeque<Vec<u8>>,
}

struct Incoming(Vec<u8>);

impl RxToken for Incoming {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

struct Outgoing<'a>(&'a mut VecDeque<Vec<u8>>);

impl TxToken for Outgoing<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut bytes = vec![0; len];
        let result = f(&mut bytes);
        self.0.push_back(bytes);
        result
    }
}

impl Device for Cable {
    type RxToken<'a> = Incoming;
    type TxToken<'a> = Outgoing<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Incoming, Outgoing<'_>)> {
        Some((Incoming(self.to_client.pop_front()?), Outgoing(&mut self.to_host)))
    }
    fn transmit(&mut self, _: Instant) -> Option<Outgoing<'_>> {
        Some(Outgoing(&mut self.to_host))
    }
    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1514;
        capabilities
    }
}

struct Client {
    wire: Cable,
    interface: Interface,
    sockets: SocketSet<'static>,
    host: Host,
    now: u64,
}

impl Client {
    fn new() -> Self {
        let mut wire = Cable::default();
        let config = Config::new(EthernetAddress([2, 0, 0, 0, 0, 2]).into());
        let mut interface = Interface::new(config, &mut wire, Instant::ZERO);
        let own = IpCidr::new(IpAddress::v4(10, 6, 1, 2), 24);
        interface.update_ip_addrs(|addresses| addresses.push(own).unwrap());
        let sockets = SocketSet::new(Vec::new());
        Self { wire, interface, sockets, host: Host::new(HOST, (ADDRESS, 24)), now: 0 }
    }

    fn pass(&mut self) {
        self.now += 10_000;
        let now = Instant::from_micros(self.now as i64);
        self.interface.poll(now, &mut self.wire, &mut self.sockets);
        while let Some(frame) = self.wire.to_host.pop_front() {
            self.host.receive(&frame);
        }
        self.host.poll(self.now);
        self.wire.to_client.extend(std::iter::from_fn(|| self.host.take_sent()));
        self.interface.poll(now, &mut self.wire, &mut self.sockets);
    }
}

#[test]
fn udp_comes_back() {
    let mut client = Client::new();
    let buffer = || udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; 4], vec![0; 4096]);
    let handle = client.sockets.add(udp::Socket::new(buffer(), buffer()));
    let socket = client.sockets.get_mut::<udp::Socket<'_>>(handle);
    socket.bind(1234).unwrap();
    socket.send_slice(b"tern", (ADDRESS, ECHO)).unwrap();
    for _ in 0..5 {
        client.pass();
    }
    let socket = client.sockets.get_mut::<udp::Socket<'_>>(handle);
    assert_eq!(socket.recv().unwrap().0, b"tern");
}

#[test]
fn tcp_is_echoed_and_discarded_and_again() {
    let mut client = Client::new();
    let stream = || tcp::SocketBuffer::new(vec![0; 8192]);
    for (round, port) in [ECHO, DISCARD, ECHO, DISCARD].into_iter().enumerate() {
        let handle = client.sockets.add(tcp::Socket::new(stream(), stream()));
        let context = client.interface.context();
        let socket = client.sockets.get_mut::<tcp::Socket<'_>>(handle);
        socket.connect(context, (ADDRESS, port), 2000 + round as u16).unwrap();
        let (mut sent, mut received) = (0, 0);
        for _ in 0..2_000 {
            client.pass();
            let socket = client.sockets.get_mut::<tcp::Socket<'_>>(handle);
            if socket.can_send() && sent < 100_000 {
                sent += socket.send_slice(&vec![7; 100_000 - sent]).unwrap();
            }
            if socket.can_recv() {
                received += socket.recv(|bytes| (bytes.len(), bytes.len())).unwrap();
            }
        }
        assert_eq!((sent, received), (100_000, if port == ECHO { 100_000 } else { 0 }));
        client.sockets.get_mut::<tcp::Socket<'_>>(handle).close();
        for _ in 0..10 {
            client.pass();
        }
    }
    assert_eq!(client.host.discarded(), 200_000);
}
