// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Carries out what the state machines decide, on the worker; the only caller of [`Chip`].

use heapless::Vec;

use crate::{
    action::{Action, ChipCommand, MlmeRequest, Origin},
    chip::{Chip, ChipEvent},
    control::{ControlRequest, Failure, Notice, RxFilter},
    device::Shared,
    inbox::{FrameFilter, Report},
    io::{Framing, PeerPath, Pipe},
    os::{Os, OsError, Sleepable},
    scan::{self, Scan},
    sme::{self, Sme},
    station::{self, Station},
    types::{Instant, PeerId, RequestId, VapId},
    wire::{MGMT_LEN_MAX, Mgmt},
};

/// A scan, an exchange of the MLME and a join: each machine refuses a second one.
const BEGUN_MAX: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Machine {
    Station,
    Scan,
    Sme,
}

/// One device: its decisions and its hardware.
pub struct Engine<'d, O: Os, P, F, C> {
    pub(crate) shared: &'d Shared<O, P, F>,
    chip: C,
    station: Station,
    scan: Scan,
    sme: Sme,
    /// Accepted and not yet ended. Notices of requests go through this table and nowhere else,
    /// so each gets exactly one.
    begun: Vec<(RequestId, VapId), BEGUN_MAX>,
    vap: Option<VapId>,
    /// Off while suspended, although the interface is up.
    is_on: bool,
    filter: RxFilter,
    peer: Option<PeerId>,
}

impl<'d, O: Os, P: Pipe<O::Packet>, F: Framing, C: Chip> Engine<'d, O, P, F, C> {
    /// An idle device.
    pub fn new(shared: &'d Shared<O, P, F>, chip: C) -> Self {
        Self {
            shared,
            chip,
            station: Station::default(),
            scan: Scan::default(),
            sme: Sme::default(),
            begun: Vec::new(),
            vap: None,
            is_on: false,
            filter: RxFilter::empty(),
            peer: None,
        }
    }

    /// Takes a request.
    pub fn request(
        &mut self,
        cx: &mut Sleepable,
        (id, vap, request): (RequestId, VapId, ControlRequest),
    ) {
        let user = Origin::User(id);
        let now = self.shared.os.now();
        match request {
            ControlRequest::Up => {
                let result = self.up(cx, vap);
                self.shared.complete(cx, id, result);
            }
            ControlRequest::Suspend => {
                let result = self.power_off(cx);
                self.shared.complete(cx, id, result);
            }
            ControlRequest::Resume => {
                let result = if self.vap.is_some() { self.power_on(cx) } else { Ok(()) };
                self.shared.complete(cx, id, result.map_err(Failure::from));
            }
            _ if self.vap != Some(vap) => self.shared.complete(cx, id, Err(Failure::Down)),
            ControlRequest::Down => {
                let result = self.power_off(cx);
                self.vap = None;
                self.shared.set_tap(None);
                self.shared.complete(cx, id, result);
            }
            _ if !self.is_on => self.shared.complete(cx, id, Err(Failure::Down)),
            ControlRequest::Join(ssid) => {
                self.sme.handle(sme::Input::Join(id, ssid), self.scan.results());
            }
            ControlRequest::Scan => self.ask_mlme(cx, user, MlmeRequest::Scan),
            ControlRequest::Auth(bssid, channel) => {
                self.ask_mlme(cx, user, MlmeRequest::Auth(bssid, channel));
            }
            ControlRequest::Assoc(bssid) => {
                self.ask_mlme(cx, user, MlmeRequest::Assoc(bssid));
            }
            ControlRequest::SetChannel(_) if self.scan.is_active() => {
                self.shared.complete(cx, id, Err(Failure::Busy));
            }
            ControlRequest::SetChannel(channel) => {
                self.station.handle(now, station::Input::SetChannel(user, channel));
            }
        }
        self.settle(cx);
    }

    /// Takes a report of the chip.
    pub fn report(&mut self, cx: &mut Sleepable, report: Report) {
        let Report::Message(message) = report else { return }; // Rate control would take the others.
        match self.chip.on_message(cx, &message) {
            Ok(ChipEvent::Nothing) => {}
            Ok(ChipEvent::BeaconLost) => self.shared.os.log(format_args!("beacon lost")),
            Err(error) => self.shared.os.log(format_args!("message {message:02x?}: {error:?}")),
        }
    }

    /// Takes a management frame.
    pub fn frame(&mut self, cx: &mut Sleepable, frame: &[u8]) {
        let now = self.shared.os.now();
        self.scan.handle(now, scan::Input::Frame(frame));
        self.station.handle(now, station::Input::Frame(frame));
        self.settle(cx);
    }

    /// Lets time-outs happen that are due.
    pub fn time_passed(&mut self, cx: &mut Sleepable) {
        let now = self.shared.os.now();
        self.scan.handle(now, scan::Input::Deadline);
        self.station.handle(now, station::Input::Deadline);
        self.settle(cx);
    }

    /// Says what to take in, now or when the chip is on. Nobody waits for this, so a failure is
    /// for the log.
    pub fn set_rx_filter(&mut self, cx: &mut Sleepable, filter: RxFilter) {
        self.filter = filter;
        if self.is_on
            && let Err(error) = self.chip.set_rx_filter(cx, filter)
        {
            self.shared.os.log(format_args!("{filter:?} not set: {error:?}"));
        }
    }

    /// Ends all that has begun; the chip is left alone.
    pub fn halt(&mut self, cx: &mut Sleepable, why: Failure) {
        let now = self.shared.os.now();
        self.sme.handle(sme::Input::Lost, &[]);
        self.scan.handle(now, scan::Input::Halt);
        self.station.handle(now, station::Input::Halt);
        self.settle(cx);
        while let Some((id, vap)) = self.begun.pop() {
            self.shared.os.notify(cx, vap, Notice::Outcome(id, Err(why)));
        }
    }

    /// When to come back with [`Engine::time_passed`].
    pub fn deadline(&self) -> Option<Instant> {
        [self.station.deadline(), self.scan.deadline()].into_iter().flatten().min()
    }

    fn up(&mut self, cx: &mut Sleepable, vap: VapId) -> Result<(), Failure> {
        if self.vap.is_some_and(|other| other != vap) {
            return Err(Failure::Busy); // The sketch has one interface.
        }
        self.power_on(cx)?;
        self.vap = Some(vap);
        self.shared.set_tap(Some(vap));
        Ok(())
    }

    fn power_on(&mut self, cx: &mut Sleepable) -> Result<(), OsError> {
        let Self { shared, chip, filter, .. } = self;
        if self.is_on {
            return Ok(());
        }
        let name = chip.info().firmware;
        let started = chip
            .start(cx)
            .and_then(|()| shared.os.firmware(cx, name, &mut |cx, p| chip.load_firmware(cx, p)))
            .and_then(|()| chip.set_rx_filter(cx, *filter));
        if let Err(error) = started {
            shared.os.log(format_args!("not started: {error:?}, stop: {:?}", chip.stop(cx)));
        }
        self.is_on = started.is_ok();
        started
    }

    fn power_off(&mut self, cx: &mut Sleepable) -> Result<(), Failure> {
        self.halt(cx, Failure::Down);
        if self.is_on {
            self.is_on = false;
            self.chip.stop(cx)?;
        }
        Ok(())
    }

    /// Scanner and station share one radio: who comes second is refused.
    fn ask_mlme(&mut self, cx: &mut Sleepable, origin: Origin, request: MlmeRequest) {
        let now = self.shared.os.now();
        match request {
            MlmeRequest::Scan if self.station.is_idle() => {
                self.scan.handle(now, scan::Input::Start(origin));
            }
            MlmeRequest::Auth(bssid, channel) if !self.scan.is_active() => {
                self.station.handle(now, station::Input::Auth(origin, bssid, channel));
            }
            MlmeRequest::Assoc(bssid) if !self.scan.is_active() => {
                self.station.handle(now, station::Input::Assoc(origin, bssid));
            }
            _ => self.complete(cx, origin, Err(Failure::Busy)),
        }
    }

    /// Carries actions out until no machine has any.
    fn settle(&mut self, cx: &mut Sleepable) {
        loop {
            let (machine, action) = if let Some(action) = self.station.poll_action() {
                (Machine::Station, action)
            } else if let Some(action) = self.scan.poll_action() {
                (Machine::Scan, action)
            } else if let Some(action) = self.sme.poll_action() {
                (Machine::Sme, action)
            } else {
                break;
            };
            self.carry_out(cx, machine, action);
        }
        let filter = FrameFilter { scanning: self.scan.is_active(), bssid: self.station.bssid() };
        self.shared.inbox.with(cx, |inbox, _| inbox.set_filter(filter));
    }

    fn carry_out(&mut self, cx: &mut Sleepable, machine: Machine, action: Action) {
        match action {
            Action::Chip(command) => {
                let result = match command {
                    ChipCommand::SetChannel(channel) => self.chip.set_channel(cx, channel),
                    ChipCommand::SetBssid(bssid) => self.chip.set_bssid(cx, bssid),
                };
                if let Err(error) = result {
                    self.shared.os.log(format_args!("{command:?} failed: {error:?}"));
                }
                let now = self.shared.os.now();
                match machine {
                    Machine::Station => {
                        self.station.handle(now, station::Input::ChipDone(result));
                    }
                    Machine::Scan => self.scan.handle(now, scan::Input::ChipDone(result)),
                    Machine::Sme => debug_assert!(false, "the SME has no chip"),
                }
            }
            Action::Send(mgmt) => self.send(cx, mgmt),
            Action::Begin(Origin::Sme) => {}
            Action::Begin(Origin::User(id)) => {
                // Who was told otherwise meanwhile, by `stop`, gets no notice either.
                if let Some(vap) = self.shared.complete_open(cx, id, Ok(())) {
                    let pushed = self.begun.push((id, vap));
                    debug_assert!(pushed.is_ok(), "each machine has one request at a time");
                }
            }
            Action::Complete(origin, result) => self.complete(cx, origin, result),
            Action::Outcome(Origin::Sme, result) => {
                self.sme.handle(sme::Input::Outcome(result), self.scan.results());
            }
            Action::Outcome(Origin::User(id), result) => {
                if let Some(index) = self.begun.iter().position(|(begun, _)| *begun == id) {
                    let (_, vap) = self.begun.swap_remove(index);
                    self.shared.os.notify(cx, vap, Notice::Outcome(id, result));
                }
            }
            Action::Tell(notice) => {
                if let Some(vap) = self.vap {
                    self.shared.os.notify(cx, vap, notice);
                }
            }
            Action::LinkUp(addr) => {
                if let Some(vap) = self.vap {
                    // The sketch knows open networks only: the port is open from the start.
                    let path =
                        PeerPath { vap, addr, mac_id: 1, authorized: true, protected: false };
                    // There is a place: the station is the only one who opens peers.
                    self.peer = self.shared.data.open(cx, path);
                    self.shared.os.link_changed(cx, vap, true);
                }
            }
            Action::ClosePeer => {
                if let Some(peer) = self.peer.take() {
                    self.shared.data.close(cx, peer);
                }
            }
            Action::LinkDown => {
                self.sme.handle(sme::Input::Lost, &[]);
                if let Some(vap) = self.vap {
                    self.shared.os.link_changed(cx, vap, false);
                }
            }
            Action::Mlme(request) => self.ask_mlme(cx, Origin::Sme, request),
        }
    }

    fn complete(&mut self, cx: &mut Sleepable, origin: Origin, result: Result<(), Failure>) {
        match origin {
            Origin::User(id) => self.shared.complete(cx, id, result),
            Origin::Sme => self.sme.handle(sme::Input::Outcome(result), self.scan.results()),
        }
    }

    fn send(&mut self, cx: &mut Sleepable, mgmt: Mgmt) {
        let mut frame = [0; MGMT_LEN_MAX];
        mgmt.emit(&mut frame);
        // A full queue is an ordinary loss: the machine asks again by itself.
        if let Err(error) = self.shared.data.send_mgmt(cx, &frame) {
            self.shared.os.log(format_args!("{:?} not sent: {error:?}", mgmt.subtype));
        }
    }
}
