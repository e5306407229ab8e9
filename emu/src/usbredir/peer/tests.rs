// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A host that talks to the peer, politely and not.

use proptest::prelude::*;
use tern_sim::chip::Endpoint;

use super::*;

fn identity() -> UsbIdentity {
    UsbIdentity {
        vendor: 0x0bda,
        product: 0x8176,
        version_bcd: 0x0200,
        strings: ["a".into(), "b".into(), "c".into()],
        endpoints: vec![Endpoint::bulk(0x81), Endpoint::bulk(0x02)],
    }
}

/// The host's side, which reads what the peer writes.
struct Host {
    peer: Peer,
    splitter: Splitter,
    events: Vec<Event>,
}

impl Host {
    fn new(plugged: bool, capabilities: u32) -> Result<Self, Garbage> {
        let mut host = Self {
            peer: Peer::new(identity(), plugged),
            splitter: Splitter::default(),
            events: Vec::new(),
        };
        host.send(kind::HELLO, 0, &[&[0; wire::VERSION_LEN], &capabilities.to_le_bytes()])?;
        assert_eq!(host.read().first().map(|packet| packet.kind), Some(kind::HELLO));
        host.splitter.use_long_ids();
        Ok(host)
    }

    fn connected() -> Self {
        let mut host = Self::new(true, CAPABILITIES).unwrap();
        let kinds: Vec<u32> = host.read().iter().map(|packet| packet.kind).collect();
        assert_eq!(kinds, [kind::INTERFACE_INFO, kind::EP_INFO, kind::DEVICE_CONNECT]);
        host.send(kind::SET_CONFIGURATION, 3, &[&[1]]).unwrap();
        let answer = host.read();
        assert_eq!(answer[2].kind, kind::CONFIGURATION_STATUS);
        assert_eq!(answer[2].body, [0, 1]);
        host
    }

    fn send(&mut self, kind: u32, id: u64, parts: &[&[u8]]) -> Result<(), Garbage> {
        let mut bytes = Vec::new();
        wire::append(&mut bytes, kind, id, parts);
        self.peer.input(&bytes, &mut self.events)
    }

    /// Whole packets that the peer has written. After its hello, one at a time: headers change.
    fn read(&mut self) -> Vec<Packet> {
        let bytes = std::mem::take(self.peer.out());
        self.splitter.push(&bytes);
        let mut packets = Vec::new();
        while let Some(packet) = self.splitter.next_packet().unwrap() {
            if packet.kind == kind::HELLO {
                return vec![packet];
            }
            packets.push(packet);
        }
        packets
    }
}

#[test]
fn greets_and_describes() {
    let mut host = Host::new(true, CAPABILITIES).unwrap();
    let packets = host.read();
    assert_eq!(packets[0].body.len(), 4 + 4 * 32);
    let ep_info = &packets[1].body;
    assert_eq!(ep_info.len(), 3 * 32 + 64);
    assert_eq!((ep_info[2], ep_info[16 + 1], ep_info[5]), (2, 2, TYPE_INVALID));
    assert_eq!(u16_at(ep_info, 96 + 2 * 17), Some(512));
    assert_eq!(packets[2].body, [2, 0, 0, 0, 0xda, 0x0b, 0x76, 0x81, 0x00, 0x02]);
}

#[test]
fn refuses_old_hosts() {
    assert_eq!(Host::new(true, 0x10).err(), Some(Garbage::Capabilities(0x10)));
}

#[test]
fn control_transfers() {
    let mut host = Host::connected();
    // GET_DESCRIPTOR device, 8 bytes.
    host.send(kind::CONTROL_PACKET, 5, &[&[0x80, 6, 0x80, 0, 0, 1, 0, 0, 8, 0]]).unwrap();
    let answer = host.read().remove(0);
    assert_eq!((answer.id, answer.body.len()), (5, 18));
    assert_eq!(answer.body[..10], [0x80, 6, 0x80, 0, 0, 1, 0, 0, 8, 0]);
    // An unknown one is a STALL.
    host.send(kind::CONTROL_PACKET, 6, &[&[0x80, 99, 0x80, 0, 0, 1, 0, 0, 8, 0]]).unwrap();
    assert_eq!(host.read()[0].body[3], Status::Stall as u8);
    // Vendor write of two bytes to 0x100.
    host.send(kind::CONTROL_PACKET, 7, &[&[0, 5, 0x40, 0, 0, 1, 0, 0, 2, 0], &[0x3f, 6]]).unwrap();
    let event = host.events.pop().unwrap();
    let Event::Vendor { id: 7, setup, data } = event else { panic!("{event:?}") };
    assert_eq!((setup.value, data.as_slice()), (0x100, &[0x3f, 6][..]));
    host.peer.control_done(7, setup, Ok(&[]));
    assert_eq!(host.read()[0].body, [0, 5, 0x40, 0, 0, 1, 0, 0, 2, 0]);
    // One whose data is missing.
    host.send(kind::CONTROL_PACKET, 8, &[&[0, 5, 0x40, 0, 0, 1, 0, 0, 2, 0]]).unwrap();
    assert_eq!(host.read()[0].body[3], Status::Invalid as u8);
}

#[test]
fn bulk_transfers() {
    let mut host = Host::connected();
    host.send(kind::BULK_PACKET, 1, &[&[2, 0, 3, 0, 0, 0, 0, 0, 0, 0], &[1, 2, 3]]).unwrap();
    let out = Event::BulkOut { id: 1, endpoint: 2, data: vec![1, 2, 3] };
    assert_eq!(host.events, [out]);
    host.peer.bulk_out_done(1, 2, Ok(3));
    assert_eq!(host.read()[0].body, [2, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
    // IN: held until there is data, split where the host asked for less.
    assert_eq!(host.peer.bulk_in(|| panic!("nobody waits")), None);
    for id in [10, 11, 12] {
        host.send(kind::BULK_PACKET, id, &[&[0x81, 0, 4, 0, 0, 0, 0, 0, 0, 0]]).unwrap();
    }
    assert_eq!(host.peer.bulk_in(|| None), None);
    assert_eq!(host.peer.bulk_in(|| Some(vec![9; 6])), Some(4));
    assert_eq!(host.peer.bulk_in(|| panic!("there is a rest")), Some(2));
    let lens: Vec<usize> = host.read().iter().map(|packet| packet.body.len()).collect();
    assert_eq!(lens, [10 + 4, 10 + 2]);
    host.send(kind::CANCEL_DATA_PACKET, 12, &[]).unwrap();
    assert_eq!(host.read()[0].body[1], Status::Cancelled as u8);
    assert!(!host.peer.wants_data());
    // An endpoint that is not there.
    host.send(kind::BULK_PACKET, 2, &[&[7, 0, 0, 0, 0, 0, 0, 0, 0, 0]]).unwrap();
    assert_eq!(host.read()[0].body[1], Status::Stall as u8);
}

#[test]
fn unplug_and_plug() {
    let mut host = Host::connected();
    host.peer.unplug();
    assert!(!host.peer.is_plugged());
    assert_eq!(host.read()[0].kind, kind::DEVICE_DISCONNECT);
    host.peer.plug();
    assert!(!host.peer.is_plugged(), "only after the acknowledgement");
    // What was on its way is not answered.
    host.send(kind::BULK_PACKET, 1, &[&[0x81, 0, 4, 0, 0, 0, 0, 0, 0, 0]]).unwrap();
    assert!(host.read().is_empty());
    host.send(kind::DEVICE_DISCONNECT_ACK, 0, &[]).unwrap();
    assert!(host.peer.is_plugged());
    assert_eq!(host.read().last().unwrap().kind, kind::DEVICE_CONNECT);
}

proptest! {
    #[test]
    fn survives_any_stream(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let mut peer = Peer::new(identity(), true);
        let _ = peer.input(&bytes, &mut Vec::new());
    }

    #[test]
    fn survives_any_packets(
        packets in proptest::collection::vec(
            (prop_oneof![0_u32..30, 100_u32..105, any::<u32>()], any::<u64>(),
             proptest::collection::vec(any::<u8>(), 0..40)),
            0..20,
        )
    ) {
        let mut host = Host::connected();
        for (kind, id, body) in packets.into_iter().filter(|(kind, ..)| *kind != kind::HELLO) {
            if host.send(kind, id, &[&body]).is_err() {
                break;
            }
            let _ = host.peer.bulk_in(|| Some(vec![1; 700]));
            for event in std::mem::take(&mut host.events) {
                match event {
                    Event::Vendor { id, setup, .. } => host.peer.control_done(id, setup, Ok(&[0; 9])),
                    Event::BulkOut { id, endpoint, data } => {
                        host.peer.bulk_out_done(id, endpoint, Ok(data.len()));
                    }
                    Event::Reset => {}
                }
            }
            host.read();
        }
    }
}
