// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A USB device as the peer of a usbredir host: standard requests are answered here, vendor requests
//! and bulk transfers become [`Event`]s.

use std::collections::VecDeque;

use tern_sim::chip::UsbIdentity;

use super::wire::{self, Garbage, Packet, Splitter, Status, capability, kind, u16_at, u32_at};

/// What we can.
const CAPABILITIES: u32 = capability::CONNECT_DEVICE_VERSION
    | capability::DISCONNECT_ACK
    | capability::EP_INFO_MAX_PACKET_SIZE
    | capability::IDS_64
    | capability::BULK_LENGTH_32;
/// What the other side must be able to do for packets to have the layout used here.
const NEEDED: u32 = capability::IDS_64 | capability::BULK_LENGTH_32;
/// Endpoints by index: OUT 0 to 15, IN 16 to 31.
const ENDPOINTS: usize = 32;
/// usbredir's "invalid" endpoint type, and control.
const TYPE_INVALID: u8 = 255;
const TYPE_CONTROL: u8 = 0;
/// High speed.
const SPEED_HIGH: u8 = 2;
/// Vendor specific class.
const VENDOR_SPECIFIC: u8 = 0xff;
/// bmRequestType: device to host; standard and vendor requests.
const IN: u8 = 0x80;
const TYPE_MASK: u8 = 0x60;
const VENDOR: u8 = 0x40;
/// Standard requests.
const GET_STATUS: u8 = 0;
const CLEAR_FEATURE: u8 = 1;
const SET_FEATURE: u8 = 3;
const GET_DESCRIPTOR: u8 = 6;
/// Bulk IN transfers that the host may have under way.
const BULK_IN_MAX: usize = 1024;

/// The header of a control packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// bmRequestType.
    pub request_type: u8,
    /// bRequest.
    pub request: u8,
    /// wValue.
    pub value: u16,
    /// wIndex.
    pub index: u16,
    /// wLength.
    pub length: u16,
}

impl Setup {
    /// Whether data goes to the host.
    pub fn is_in(&self) -> bool {
        self.request_type & IN != 0
    }
}

/// A transfer that whoever has the chip must answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A vendor request; answer with [`Peer::control_done`].
    Vendor {
        /// Repeated in the answer.
        id: u64,
        /// What is asked.
        setup: Setup,
        /// Data of an OUT request.
        data: Vec<u8>,
    },
    /// A bulk OUT transfer; answer with [`Peer::bulk_out_done`].
    BulkOut {
        /// Repeated in the answer.
        id: u64,
        /// Number of the endpoint.
        endpoint: u8,
        /// What the host sends.
        data: Vec<u8>,
    },
    /// The host has reset the device.
    Reset,
}

/// A bulk IN transfer that waits for data.
#[derive(Clone, Copy, Debug)]
struct Pending {
    id: u64,
    endpoint: u8,
    length: usize,
}

/// The state of a connection; see the [module](self).
#[derive(Debug)]
pub struct Peer {
    identity: UsbIdentity,
    splitter: Splitter,
    out: Vec<u8>,
    greeted: bool,
    plugged: bool,
    /// The other side has yet to acknowledge that the device is gone.
    disconnecting: bool,
    acknowledges: bool,
    wants_plug: bool,
    configuration: u8,
    pending: VecDeque<Pending>,
    /// What did not fit the host's last transfer: a device goes on with it in the next one.
    rest: Vec<u8>,
}

impl Peer {
    /// A device that will connect as soon as the other side has said hello (if `plugged`).
    pub fn new(identity: UsbIdentity, plugged: bool) -> Self {
        let mut version = [0; wire::VERSION_LEN];
        let name = concat!("tern-emu ", env!("CARGO_PKG_VERSION"));
        version[..name.len()].copy_from_slice(name.as_bytes());
        let mut out = Vec::new();
        wire::append(&mut out, kind::HELLO, 0, &[&version, &CAPABILITIES.to_le_bytes()]);
        Self {
            identity,
            splitter: Splitter::default(),
            out,
            greeted: false,
            plugged: false,
            disconnecting: false,
            acknowledges: false,
            wants_plug: plugged,
            configuration: 0,
            pending: VecDeque::new(),
            rest: Vec::new(),
        }
    }

    /// Whether the host has the device.
    pub fn is_plugged(&self) -> bool {
        self.plugged
    }

    /// Bytes for the other side; taken from here as they are sent.
    pub fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Bytes from the other side. What is for the chip is appended to `events`.
    pub fn input(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<(), Garbage> {
        self.splitter.push(bytes);
        while let Some(packet) = self.splitter.next_packet()? {
            if self.greeted {
                self.handle(packet, events)?;
            } else {
                self.hello(&packet)?;
            }
        }
        Ok(())
    }

    fn hello(&mut self, packet: &Packet) -> Result<(), Garbage> {
        let theirs = u32_at(&packet.body, wire::VERSION_LEN).ok_or(Garbage::NoHello)?;
        if theirs & NEEDED != NEEDED {
            return Err(Garbage::Capabilities(theirs));
        }
        self.greeted = true;
        self.acknowledges = theirs & capability::DISCONNECT_ACK != 0;
        self.splitter.use_long_ids();
        if self.wants_plug {
            self.connect();
        }
        Ok(())
    }

    /// Plugs the device in, now or as soon as the other side is ready for it.
    pub fn plug(&mut self) {
        self.wants_plug = true;
        if self.greeted && !self.plugged && !self.disconnecting {
            self.connect();
        }
    }

    /// Pulls the device out.
    pub fn unplug(&mut self) {
        self.wants_plug = false;
        if self.plugged {
            self.send(kind::DEVICE_DISCONNECT, 0, &[]);
            self.plugged = false;
            self.disconnecting = self.acknowledges;
        }
        self.pending.clear();
        self.rest.clear();
        self.configuration = 0;
    }

    fn connect(&mut self) {
        self.plugged = true;
        self.describe();
        let UsbIdentity { vendor, product, version_bcd, .. } = self.identity;
        let [vendor, product, version] = [vendor, product, version_bcd].map(u16::to_le_bytes);
        // Class, subclass and protocol are the interface's.
        self.send(kind::DEVICE_CONNECT, 0, &[&[SPEED_HIGH, 0, 0, 0], &vendor, &product, &version]);
    }

    /// Interface and endpoints, which the host wants before the device and after each configuration.
    fn describe(&mut self) {
        let mut interface = vec![1, 0, 0, 0];
        for class in [0, VENDOR_SPECIFIC, VENDOR_SPECIFIC, 0] {
            interface.push(class);
            interface.extend([0; 31]);
        }
        self.send(kind::INTERFACE_INFO, 0, &[&interface]);
        let (mut types, mut intervals) = ([TYPE_INVALID; ENDPOINTS], [0; ENDPOINTS]);
        let mut packets = [[0; 2]; ENDPOINTS];
        for control in [0, 16] {
            types[control] = TYPE_CONTROL;
            packets[control] = 64_u16.to_le_bytes();
        }
        for endpoint in &self.identity.endpoints {
            let at = usize::from(endpoint.address & 0x0f) + usize::from(endpoint.address >> 7) * 16;
            types[at] = endpoint.kind;
            intervals[at] = endpoint.interval;
            packets[at] = endpoint.packet_max.to_le_bytes();
        }
        self.send(kind::EP_INFO, 0, &[&types, &intervals, &[0; ENDPOINTS], packets.as_flattened()]);
    }

    fn send(&mut self, kind: u32, id: u64, parts: &[&[u8]]) {
        wire::append(&mut self.out, kind, id, parts);
    }

    fn handle(&mut self, packet: Packet, events: &mut Vec<Event>) -> Result<(), Garbage> {
        let Packet { kind, id, ref body } = packet;
        let short = || Garbage::Short { kind, len: body.len() };
        let byte = |at: usize| body.get(at).copied().ok_or_else(short);
        match kind {
            kind::DEVICE_DISCONNECT_ACK => {
                self.disconnecting = false;
                if self.wants_plug {
                    self.plug();
                }
            }
            kind::FILTER_REJECT | kind::FILTER_FILTER => {}
            // The rest is about a device; what was under way when it went away is of no interest.
            _ if !self.plugged => {}
            kind::RESET => {
                self.configuration = 0;
                self.pending.clear();
                self.rest.clear();
                events.push(Event::Reset);
            }
            kind::SET_CONFIGURATION => self.set_configuration(id, byte(0)?),
            kind::GET_CONFIGURATION => {
                let configuration = self.configuration;
                self.send(kind::CONFIGURATION_STATUS, id, &[&[0, configuration]]);
            }
            kind::SET_ALT_SETTING => self.set_alternative(id, byte(0)?, byte(1)?),
            kind::GET_ALT_SETTING => self.send(kind::ALT_SETTING_STATUS, id, &[&[0, byte(0)?, 0]]),
            kind::START_INTERRUPT_RECEIVING | kind::STOP_INTERRUPT_RECEIVING => {
                // There is an endpoint, and nothing ever comes from it.
                self.send(kind::INTERRUPT_RECEIVING_STATUS, id, &[&[0, byte(0)?]]);
            }
            kind::CANCEL_DATA_PACKET => self.cancel(id),
            kind::CONTROL_PACKET => self.control(packet, events)?,
            kind::BULK_PACKET => self.bulk(packet, events)?,
            kind::INTERRUPT_PACKET => {
                let header = body.get(..4).ok_or_else(short)?;
                let answer = [header[0], Status::Invalid as u8, 0, 0];
                self.send(kind::INTERRUPT_PACKET, id, &[&answer]);
            }
            other => return Err(Garbage::Unexpected(other)),
        }
        Ok(())
    }

    fn set_configuration(&mut self, id: u64, configuration: u8) {
        let mut status = Status::Success;
        if configuration > 1 {
            status = Status::Stall;
        } else {
            self.configuration = configuration;
            self.describe();
        }
        let shown = self.configuration;
        self.send(kind::CONFIGURATION_STATUS, id, &[&[status as u8, shown]]);
    }

    fn set_alternative(&mut self, id: u64, interface: u8, alternative: u8) {
        let mut status = Status::Stall;
        if (interface, alternative) == (0, 0) {
            status = Status::Success;
            self.describe();
        }
        self.send(kind::ALT_SETTING_STATUS, id, &[&[status as u8, interface, 0]]);
    }

    fn cancel(&mut self, id: u64) {
        let Some(at) = self.pending.iter().position(|pending| pending.id == id) else {
            // Answered already; the answer is on its way.
            return;
        };
        let Some(Pending { endpoint, .. }) = self.pending.remove(at) else { return };
        let answer = bulk_header(endpoint, Status::Cancelled, 0);
        self.send(kind::BULK_PACKET, id, &[&answer]);
    }

    fn control(&mut self, packet: Packet, events: &mut Vec<Event>) -> Result<(), Garbage> {
        let Packet { kind, id, body } = packet;
        let Some((header, data)) = body.split_at_checked(10) else {
            return Err(Garbage::Short { kind, len: body.len() });
        };
        let word = |at: usize| u16_at(header, at).unwrap_or(0);
        let setup = Setup {
            request: header[1],
            request_type: header[2],
            value: word(4),
            index: word(6),
            length: word(8),
        };
        if setup.request_type & TYPE_MASK == VENDOR {
            let complete = setup.is_in() || data.len() == usize::from(setup.length);
            if !complete {
                self.control_done(id, setup, Err(Status::Invalid));
            } else {
                events.push(Event::Vendor { id, setup, data: data.to_vec() });
            }
        } else {
            let answer = self.standard(setup).ok_or(Status::Stall);
            self.control_done(id, setup, answer.as_deref().map_err(|status| *status));
        }
        Ok(())
    }

    /// The answer to a standard request; `None` for a STALL.
    fn standard(&self, setup: Setup) -> Option<Vec<u8>> {
        if setup.request_type & TYPE_MASK != 0 {
            return None;
        }
        match setup.request {
            GET_STATUS if setup.is_in() => Some(vec![0, 0]),
            CLEAR_FEATURE | SET_FEATURE if !setup.is_in() => Some(Vec::new()),
            GET_DESCRIPTOR if setup.is_in() => self.identity.descriptor(setup.value),
            _ => None,
        }
    }

    /// Answers a control transfer: with data (cut to wLength) for an IN request.
    pub fn control_done(&mut self, id: u64, setup: Setup, result: Result<&[u8], Status>) {
        let (status, data) = match result {
            Ok(data) => (Status::Success, data),
            Err(status) => (status, [].as_slice()),
        };
        let data = if setup.is_in() { data } else { &[] };
        let data = &data[..data.len().min(usize::from(setup.length))];
        // For OUT the length is what was written.
        let length = match (setup.is_in(), status) {
            (true, _) => data.len() as u16,
            (false, Status::Success) => setup.length,
            (false, _) => 0,
        };
        let [v0, v1] = setup.value.to_le_bytes();
        let [i0, i1] = setup.index.to_le_bytes();
        let [l0, l1] = length.to_le_bytes();
        let endpoint = setup.request_type & IN;
        let request = [setup.request, setup.request_type, status as u8];
        self.send(
            kind::CONTROL_PACKET,
            id,
            &[&[endpoint], &request, &[v0, v1, i0, i1, l0, l1], data],
        );
    }

    fn bulk(&mut self, packet: Packet, events: &mut Vec<Event>) -> Result<(), Garbage> {
        let Packet { kind, id, body } = packet;
        let Some((header, data)) = body.split_at_checked(10) else {
            return Err(Garbage::Short { kind, len: body.len() });
        };
        let (endpoint, low) = (header[0], u16_at(header, 2).unwrap_or(0));
        let length = usize::from(low) | usize::from(u16_at(header, 8).unwrap_or(0)) << 16;
        let is_known = self.identity.endpoints.iter().any(|known| known.address == endpoint);
        if !is_known || self.configuration == 0 {
            let answer = bulk_header(endpoint, Status::Stall, 0);
            self.send(kind::BULK_PACKET, id, &[&answer]);
        } else if endpoint & IN == 0 {
            let data = data.get(..length).unwrap_or(data).to_vec();
            events.push(Event::BulkOut { id, endpoint: endpoint & 0x0f, data });
        } else if self.pending.len() < BULK_IN_MAX {
            self.pending.push_back(Pending { id, endpoint, length });
        } else {
            let answer = bulk_header(endpoint, Status::Stall, 0);
            self.send(kind::BULK_PACKET, id, &[&answer]);
        }
        Ok(())
    }

    /// A bulk OUT transfer of `length` bytes was taken, or refused.
    pub fn bulk_out_done(&mut self, id: u64, endpoint: u8, result: Result<usize, Status>) {
        let header = match result {
            Ok(length) => bulk_header(endpoint, Status::Success, length),
            Err(status) => bulk_header(endpoint, status, 0),
        };
        self.send(kind::BULK_PACKET, id, &[&header]);
    }

    /// Whether the host waits for data.
    pub fn wants_data(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Gives the host data: what is left of an earlier transfer, or a new one from `next`. Returns how
    /// many bytes went; `None` when there is nothing or nobody waits.
    pub fn bulk_in(&mut self, next: impl FnOnce() -> Option<Vec<u8>>) -> Option<usize> {
        let Pending { id, endpoint, length } = *self.pending.front()?;
        let mut data = std::mem::take(&mut self.rest);
        if data.is_empty() {
            data = next()?;
        }
        if data.len() > length {
            self.rest = data.split_off(length);
        }
        self.pending.pop_front();
        self.send(
            kind::BULK_PACKET,
            id,
            &[&bulk_header(endpoint, Status::Success, data.len()), &data],
        );
        Some(data.len())
    }
}

/// Endpoint, status, length, stream, upper half of length.
fn bulk_header(endpoint: u8, status: Status, length: usize) -> [u8; 10] {
    let [a, b, c, d] = (length as u32).to_le_bytes();
    [endpoint, status as u8, a, b, 0, 0, 0, 0, c, d]
}

#[cfg(test)]
mod tests;
