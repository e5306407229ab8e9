// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A small IP host: answers ARP and ping, echoes UDP and TCP (port 7), discards TCP (port 9).

use std::{collections::VecDeque, fmt, net::Ipv4Addr};

use smoltcp::{
    iface::{Config, Interface, SocketHandle, SocketSet},
    phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken},
    socket::{tcp, udp},
    time::Instant,
    wire::{EthernetAddress, IpCidr},
};

use crate::air::Micros;

/// Frames that wait in either direction; more are lost.
const QUEUE_MAX: usize = 256;
/// TCP connections at one time, of each service.
const CONNECTIONS_MAX: usize = 4;
/// Window of a TCP connection.
const WINDOW: usize = 64 * 1024;
/// Longest payload of IP.
const MTU: usize = 1500;
const ETHERNET_HEADER_LEN: usize = 14;

/// Port of the echo service (RFC 862).
pub const ECHO: u16 = 7;
/// Port of the discard service (RFC 863).
pub const DISCARD: u16 = 9;

/// A host with one Ethernet interface.
pub struct Host {
    wire: Wire,
    interface: Interface,
    sockets: SocketSet<'static>,
    udp_echo: SocketHandle,
    tcp: Vec<(SocketHandle, u16)>,
    next: Option<Micros>,
    discarded: u64,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("next", &self.next).finish_non_exhaustive()
    }
}

impl Host {
    /// A host with this Ethernet address, and this IPv4 address and length of prefix.
    pub fn new(ethernet: [u8; 6], (ip, prefix): (Ipv4Addr, u8)) -> Self {
        let mut wire = Wire::default();
        let mut config = Config::new(EthernetAddress(ethernet).into());
        config.random_seed = u64::from(ethernet[5]) + 1;
        let mut interface = Interface::new(config, &mut wire, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(ip.into(), prefix)).expect("there is room for one address");
        });
        let mut sockets = SocketSet::new(Vec::new());
        let buffer =
            || udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; 16], vec![0; WINDOW]);
        let udp_echo = sockets.add(udp::Socket::new(buffer(), buffer()));
        sockets.get_mut::<udp::Socket<'_>>(udp_echo).bind(ECHO).expect("nothing is bound yet");
        let stream = || tcp::SocketBuffer::new(vec![0; WINDOW]);
        let tcp = [ECHO, DISCARD].into_iter().flat_map(|port| [port; CONNECTIONS_MAX]);
        let tcp = tcp.map(|port| (sockets.add(tcp::Socket::new(stream(), stream())), port));
        let tcp = tcp.collect();
        Self { wire, interface, sockets, udp_echo, tcp, next: Some(0), discarded: 0 }
    }

    /// An Ethernet frame comes in; [`Host::poll`] handles it.
    pub fn receive(&mut self, ethernet: &[u8]) {
        if self.wire.received.len() < QUEUE_MAX {
            self.wire.received.push_back(ethernet.to_vec());
        }
        self.next = Some(0);
    }

    /// The next Ethernet frame that it sends.
    pub fn take_sent(&mut self) -> Option<Vec<u8>> {
        self.wire.sent.pop_front()
    }

    /// Bytes that the discard service has received.
    pub fn discarded(&self) -> u64 {
        self.discarded
    }

    /// Handles what came in and what is due.
    pub fn poll(&mut self, now: Micros) {
        if self.next.is_none_or(|next| next > now) {
            return;
        }
        let now = Instant::from_micros(i64::try_from(now).unwrap_or(i64::MAX));
        self.interface.poll(now, &mut self.wire, &mut self.sockets);
        self.serve_udp();
        self.serve_tcp();
        // What the services answered.
        self.interface.poll(now, &mut self.wire, &mut self.sockets);
        let at = self.interface.poll_at(now, &self.sockets);
        self.next = at.and_then(|at| Micros::try_from(at.total_micros()).ok());
    }

    /// When [`Host::poll`] has something to do although nothing comes in.
    pub fn next_event(&self) -> Option<Micros> {
        self.next
    }

    fn serve_udp(&mut self) {
        let socket = self.sockets.get_mut::<udp::Socket<'_>>(self.udp_echo);
        while let Ok((bytes, from)) = socket.recv() {
            let bytes = bytes.to_vec();
            // A full buffer loses the answer, as UDP may.
            let _ = socket.send_slice(&bytes, from);
        }
    }

    fn serve_tcp(&mut self) {
        for (handle, port) in &self.tcp {
            let socket = self.sockets.get_mut::<tcp::Socket<'_>>(*handle);
            if !socket.is_open() {
                socket.listen(*port).expect("a closed socket can listen on a port that is not 0");
                continue;
            }
            while socket.can_recv() && (*port == DISCARD || socket.can_send()) {
                let room = if *port == DISCARD {
                    usize::MAX
                } else {
                    socket.send_capacity() - socket.send_queue()
                };
                let taken = socket.recv(|bytes| {
                    let len = bytes.len().min(room);
                    (len, bytes[..len].to_vec())
                });
                let Ok(bytes) = taken else { break };
                if *port == DISCARD {
                    self.discarded += bytes.len() as u64;
                } else if socket.send_slice(&bytes).is_err() {
                    break;
                }
            }
            if !socket.may_recv() && socket.may_send() {
                socket.close();
            }
        }
    }
}

/// The host's end of the Ethernet.
#[derive(Debug, Default)]
struct Wire {
    received: VecDeque<Vec<u8>>,
    sent: VecDeque<Vec<u8>>,
}

struct Received(Vec<u8>);

impl RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

struct Room<'a>(&'a mut VecDeque<Vec<u8>>);

impl TxToken for Room<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut bytes = vec![0; len];
        let result = f(&mut bytes);
        self.0.push_back(bytes);
        result
    }
}

impl Device for Wire {
    type RxToken<'a> = Received;
    type TxToken<'a> = Room<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received, Room<'_>)> {
        if self.sent.len() >= QUEUE_MAX {
            return None;
        }
        Some((Received(self.received.pop_front()?), Room(&mut self.sent)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Room<'_>> {
        (self.sent.len() < QUEUE_MAX).then_some(Room(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = MTU + ETHERNET_HEADER_LEN;
        capabilities
    }
}
