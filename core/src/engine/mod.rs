// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Carries out what the state machines decide, on the worker; the only caller of [`Chip`].

mod answers;
mod block_ack;
mod frames;
mod hardware;
mod keys;
mod mgmt_tx;
mod power;
mod request;
mod secure;
#[cfg(test)]
mod tests;

use core::ffi::CStr;

use heapless::Vec;

use self::{keys::KeyTable, mgmt_tx::Sending};
use crate::{
    action::{Action, Actions, ChipCommand, MlmeRequest, Origin, Proof},
    chip::{Chip, ChipError, ChipEvent, Identity},
    control::{Notice, Operation, RxFilter},
    data::{DataPath, PeerPath},
    device::{Body, Shared, VAPS_MAX},
    inbox::{MgmtFrame, Request},
    io::{Framing, Pipe, TxReport},
    keys::{self as handshake, Supplicant},
    offchannel::{self, Offchannel},
    os::{Os, Sleepable},
    radio::Regulatory,
    scan::{self, Plan, Scan, ScanRequest, ScanResult},
    sme::{self, JoinBody, Sme},
    trace::Stage,
    types::{Instant, MacAddr, Mode, PeerId, RequestId, Tuning, VapId},
    vap::{Vap, station, station::Station},
    wire::{
        bss::Bss,
        elements::Elements,
        header::{Header, MgmtSubtype},
        mgmt::{self, Mgmt},
    },
};

/// Operations under way at once.
const BEGUN_MAX: usize = 8;
/// Management frames of the user on their way at once.
const SENDING_MAX: usize = 4;

/// An *accept* request, from when it is taken in to its outcome.
#[derive(Clone, Copy, Debug)]
struct Begun {
    id: RequestId,
    vap: VapId,
    operation: Operation,
    /// The waiter was told so: an outcome is due.
    is_begun: bool,
}

/// The bytes that came with requests that are under way.
struct Bodies<D> {
    /// Of the authentication or association.
    exchange: Option<D>,
    scan: Option<D>,
    join: Option<D>,
}

impl<D: AsRef<[u8]>> Bodies<D> {
    /// What came with the join that goes on.
    fn join_parts(&self, sme: &Sme) -> Option<JoinBody<'_>> {
        JoinBody::parse(self.join.as_ref()?.as_ref(), &sme.info()?)
    }
}

/// One device: its decisions and its hardware.
pub struct Engine<'d, O: Os, P, F, C> {
    pub(crate) shared: &'d Shared<O, P, F>,
    chip: C,
    identity: Identity,
    station: Station,
    scan: Scan,
    offchannel: Offchannel,
    sme: Sme,
    supplicant: Supplicant,
    actions: Actions,
    bodies: Bodies<Body<O>>,
    sending: Vec<Sending<Body<O>>, SENDING_MAX>,
    last_token: u8,
    /// Accepted and not yet ended. Notices of requests go through this table and nowhere else,
    /// so each gets exactly one.
    begun: Vec<Begun, BEGUN_MAX>,
    vaps: [Option<Vap>; VAPS_MAX],
    /// Who asked for the scan that runs: what is heard is for them.
    scanning_for: Option<VapId>,
    /// Off while suspended, although interfaces are up.
    is_on: bool,
    /// Where the radio belongs when nobody wants it elsewhere.
    home: Option<Tuning>,
    /// The access point was told that we sleep.
    is_away: bool,
    filter: RxFilter,
    regulatory: Regulatory,
    /// What the user allows, dBm.
    power_limit: Option<i8>,
    /// What the chip was told last.
    power_set: Option<i8>,
    peer: Option<PeerId>,
    keys: KeyTable,
    tick_at: Option<Instant>,
    /// The access point that the user takes us to be associated with.
    told_of: Option<MacAddr>,
    /// The user takes the link to be up.
    is_link_told: bool,
    /// The machine sleeps, or is about to.
    is_asleep: bool,
    /// Frames with the access point when the radio last left home: whether there is traffic.
    traffic: u64,
}

impl<'d, O: Os, P: Pipe<O::Packet>, F: Framing, C: Chip> Engine<'d, O, P, F, C> {
    /// An idle device.
    #[inline(never)]
    pub fn new(shared: &'d Shared<O, P, F>, chip: C, identity: &Identity) -> Self {
        Self {
            shared,
            chip,
            identity: *identity,
            station: Station::default(),
            scan: Scan::default(),
            offchannel: Offchannel::default(),
            sme: Sme::default(),
            supplicant: Supplicant::default(),
            actions: Actions::default(),
            bodies: Bodies { exchange: None, scan: None, join: None },
            sending: Vec::new(),
            last_token: 0,
            begun: Vec::new(),
            vaps: [None; VAPS_MAX],
            scanning_for: None,
            is_on: false,
            home: None,
            is_away: false,
            filter: RxFilter::empty(),
            regulatory: Regulatory::world(),
            power_limit: None,
            power_set: None,
            peer: None,
            keys: KeyTable::default(),
            tick_at: None,
            told_of: None,
            is_link_told: false,
            is_asleep: false,
            traffic: 0,
        }
    }

    /// The firmware image that it loads.
    const fn firmware(&self) -> &'static CStr {
        self.identity.firmware
    }

    fn now(&self) -> Instant {
        self.shared.os.now()
    }

    fn data(&self) -> &'d DataPath<O, P> {
        &self.shared.data
    }

    /// The station interface, if one is up.
    fn station_vap(&self) -> Option<Vap> {
        self.vaps.iter().flatten().find(|vap| vap.mode == Mode::Station).copied()
    }

    /// Takes a request.
    #[inline(never)]
    pub fn request(&mut self, cx: &mut Sleepable, request: Request<Body<O>>) {
        self.dispatch(cx, request);
        self.settle(cx, &[]);
    }

    /// Takes what became of a frame.
    #[inline(never)]
    pub fn report(&mut self, cx: &mut Sleepable, report: TxReport) {
        self.data().on_tx_report(cx, &report);
        self.mgmt_sent(cx, report.token, report.acked);
    }

    /// Takes a message of the firmware.
    #[inline(never)]
    pub fn message(&mut self, cx: &mut Sleepable, message: &[u8]) {
        match self.chip.on_message(cx, message) {
            Ok(ChipEvent::Nothing) => {}
            Ok(ChipEvent::TxReport(report)) => self.report(cx, report),
            Ok(ChipEvent::BeaconLost) => {
                self.station.handle(self.now(), station::Input::BeaconLost, &mut self.actions);
                self.settle(cx, &[]);
            }
            Err(error) => self.complain(format_args!("message {message:02x?}"), error),
        }
    }

    /// Takes a management frame.
    #[inline(never)]
    pub fn frame(&mut self, cx: &mut Sleepable, frame: &MgmtFrame<Body<O>>) {
        let bytes = frame.draft.as_ref();
        let Some(subtype) = MgmtSubtype::of(bytes) else { return };
        let Some((header, _)) = Header::split(bytes) else { return };
        let signal = (frame.signal_dbm != i8::MIN).then_some(frame.signal_dbm);
        self.data().heard(cx, frame.at, header.transmitter(), signal);
        let is_beacon = matches!(subtype, MgmtSubtype::Beacon | MgmtSubtype::ProbeResponse);
        if is_beacon {
            self.heard(cx, frame);
        } else {
            let subtype = subtype.number();
            self.shared.trace.record(cx, &self.shared.os, Stage::Received { subtype });
        }
        self.station.handle(self.now(), station::Input::Frame(bytes), &mut self.actions);
        let is_consumed = !self.actions.is_empty();
        self.settle(cx, bytes);
        if !is_beacon && !is_consumed && !self.block_ack(cx, bytes) {
            self.pass_on(cx, subtype, frame);
        }
    }

    /// Remembers what a beacon or probe response says.
    #[inline(never)]
    fn heard(&mut self, cx: &mut Sleepable, frame: &MgmtFrame<Body<O>>) {
        let bytes = frame.draft.as_ref();
        let Some(bss) = Bss::parse(bytes, frame.tuning.channel) else { return };
        let elements = match Mgmt::parse(bytes) {
            Some(Mgmt { body: mgmt::Body::Beacon(_, elements), .. }) => elements,
            _ => Elements::new(&[]),
        };
        let result = ScanResult { bss, signal_dbm: frame.signal_dbm, heard_at: frame.at };
        self.shared.results.with(cx, |results, _| results.insert(result, elements));
        if !self.scan.is_active() {
            return;
        }
        if let Some(vap) = self.scanning_for {
            self.notify(cx, vap, Notice::Heard(heard_as(frame)));
        }
        self.scan_input(cx, scan::Input::Heard);
        self.settle(cx, &[]);
    }

    /// Shows a frame to whoever registered for its kind.
    fn pass_on(&self, cx: &mut Sleepable, subtype: MgmtSubtype, frame: &MgmtFrame<Body<O>>) {
        let vap = self.shared.inbox.with(cx, |inbox, _| inbox.wanted_by(subtype));
        if let Some(vap) = vap {
            self.notify(cx, vap, Notice::Mgmt(heard_as(frame)));
        }
    }

    #[inline(never)]
    fn notify(&self, cx: &mut Sleepable, vap: VapId, notice: Notice<'_>) {
        self.shared.os.notify(cx, vap, notice);
    }

    /// Lets time-outs happen that are due.
    #[inline(never)]
    pub fn time_passed(&mut self, cx: &mut Sleepable) {
        let now = self.now();
        self.scan_input(cx, scan::Input::Deadline);
        self.settle(cx, &[]);
        self.offchannel.handle(now, offchannel::Input::Deadline, &mut self.actions);
        self.settle(cx, &[]);
        // Elsewhere, our access point cannot be heard.
        if !self.is_elsewhere() {
            self.station.handle(now, station::Input::Deadline, &mut self.actions);
            self.settle(cx, &[]);
        }
        self.supplicant_input(handshake::Input::Deadline);
        self.settle(cx, &[]);
        self.sme_input(cx, sme::Input::Deadline);
        self.settle(cx, &[]);
        self.mgmt_time_passed(cx, now);
        self.tick(cx, now);
    }

    /// Whether the radio is on an errand.
    const fn is_elsewhere(&self) -> bool {
        self.scan.is_active() || self.offchannel.is_active()
    }

    /// When to come back with [`Engine::time_passed`].
    pub fn deadline(&self) -> Option<Instant> {
        let station = if self.is_elsewhere() { None } else { self.station.deadline() };
        let mgmt = self.sending.iter().map(|sending| sending.until).min();
        [
            station,
            self.scan.deadline(),
            self.offchannel.deadline(),
            self.sme.deadline(),
            self.supplicant.deadline(),
            self.tick_at,
            mgmt,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Carries actions out until no machine has any. `heard` is the frame that is being handled.
    #[inline(never)]
    fn settle(&mut self, cx: &mut Sleepable, heard: &[u8]) {
        while let Some(action) = self.actions.pop() {
            let what = action.name();
            self.shared.trace.record(cx, &self.shared.os, Stage::Action { what });
            self.carry_out(cx, action, heard);
        }
        let bssid = self.station.network().map(|(bssid, _)| bssid);
        let scanning = self.scan.is_active();
        let own = self.vaps.map(|vap| vap.map_or(MacAddr::ZERO, |vap| vap.mac));
        self.shared.inbox.with(cx, |inbox, _| inbox.set_filter(scanning, bssid, own));
    }

    fn carry_out(&mut self, cx: &mut Sleepable, action: Action, heard: &[u8]) {
        match action {
            Action::Chip(command) => {
                let result = self.command(cx, command);
                self.chip_done(cx, command, result);
            }
            Action::Send(frame) => self.send(cx, frame),
            Action::SendWaiting(Ok(())) => self.send_waiting(cx),
            Action::SendWaiting(Err(why)) => self.fail_waiting(cx, why),
            Action::Begin(origin) => self.begin(cx, origin),
            Action::Complete(origin, result) => self.complete(cx, origin, result),
            Action::Outcome(origin, result, proof) => {
                let frame = if proof == Proof::Heard { heard } else { &[] };
                self.outcome(cx, origin, result, frame);
            }
            Action::Tell(news) => self.tell(cx, news, heard),
            Action::OpenPeer => self.open_peer(cx),
            Action::ClosePeer => {
                if let Some(peer) = self.peer.take() {
                    self.data().close(cx, &self.shared.os, peer);
                }
            }
            Action::Link(up) => self.link(cx, up),
            Action::Mlme(request) => self.ask_mlme(cx, request),
            Action::Reply(reply) => self.reply(cx, reply),
            Action::InstallKey(info) => self.install_key(cx, &info),
            Action::Secured(result) => self.secured(cx, result),
        }
    }

    /// Answers the machine that gave the command.
    #[inline(never)]
    fn chip_done(
        &mut self,
        cx: &mut Sleepable,
        command: ChipCommand,
        result: Result<(), ChipError>,
    ) {
        let now = self.now();
        match command {
            ChipCommand::ScanBegin => self.scan_input(cx, scan::Input::ChipDone(result)),
            ChipCommand::ScanEnd => {
                self.scan_input(cx, scan::Input::ChipDone(result));
                self.bodies.scan = None;
                if let Err(error) = self.refilter(cx) {
                    self.complain(format_args!("filter after the scan"), error);
                }
            }
            ChipCommand::Visit(_) | ChipCommand::GoHome if self.scan.is_active() => {
                self.scan_input(cx, scan::Input::ChipDone(result));
            }
            ChipCommand::Visit(_) | ChipCommand::GoHome => {
                let done = offchannel::Input::ChipDone(result);
                self.offchannel.handle(now, done, &mut self.actions);
            }
            _ => self.station.handle(now, station::Input::ChipDone(result), &mut self.actions),
        }
        let (machine, state) = match command {
            ChipCommand::ScanBegin | ChipCommand::ScanEnd => ("scan", self.scan.state_name()),
            ChipCommand::Visit(_) | ChipCommand::GoHome => return,
            _ => ("station", self.station.state_name()),
        };
        self.shared.trace.record(cx, &self.shared.os, Stage::State { machine, now: state });
    }

    /// Hands an input to the scanner, with what it looks up.
    #[inline(never)]
    fn scan_input(&mut self, cx: &mut Sleepable, input: scan::Input) {
        let is_busy = self.station.is_associated() && self.count_traffic(cx) != self.traffic;
        let join = self.bodies.join_parts(&self.sme).map(|body| body.names);
        let body = self.bodies.scan.as_ref().map(|body| body.as_ref());
        let request = match (body, join) {
            (Some(body), _) => ScanRequest::parse(body).unwrap_or(ScanRequest::PASSIVE),
            (None, Some(names)) => ScanRequest::for_names(names, self.sme.channel()),
            (None, None) => ScanRequest::PASSIVE,
        };
        let has_home = self.station.is_associated();
        let plan = Plan { request, regulatory: &self.regulatory, has_home, is_busy };
        self.scan.handle(self.shared.os.now(), input, &plan, &mut self.actions);
    }

    /// Hands an input to the policy, with what it looks up.
    #[inline(never)]
    fn sme_input(&mut self, cx: &mut Sleepable, input: sme::Input) {
        let results = &self.shared.results;
        let list = self.bodies.join_parts(&self.sme).filter(JoinBody::is_list);
        let cx = core::cell::RefCell::new(cx);
        let is_listed =
            |result: &ScanResult| list.is_none_or(|list| list.find(&result.bss).is_some());
        let best = |wanted: &dyn Fn(&ScanResult) -> bool| {
            let cx = &mut **cx.try_borrow_mut().ok()?; // One look at a time.
            results.with(cx, |results, _| {
                results.best(|result| is_listed(result) && wanted(result)).copied()
            })
        };
        self.sme.handle(self.shared.os.now(), input, &best, &mut self.actions);
    }

    #[inline(never)]
    fn open_peer(&mut self, cx: &mut Sleepable) {
        let (Some(vap), Some((addr, _))) = (self.station_vap(), self.station.network()) else {
            return;
        };
        let (_, cipher) = self.station.assoc_choice();
        let bound = self.station.bound();
        let rates = self.peer_rates();
        let path = PeerPath {
            vap: vap.id,
            own: vap.mac,
            addr,
            mac_id: 0,
            authorized: cipher.is_none(),
            cipher,
            keeps_eapol: self.sme.is_securing(),
            is_qos: bound.wmm.is_some(),
            width: self.home.map_or_else(Default::default, |tuning| tuning.width),
            rates,
            firmware_rates: self.firmware_rates(),
        };
        // There is a place: the station is the only one who opens peers.
        self.peer = self.data().open(cx, path);
    }

    fn link(&mut self, cx: &mut Sleepable, up: bool) {
        self.led(cx, up);
        if up {
            self.told_of = self.station.network().map(|(bssid, _)| bssid);
        }
        // With the supplicant at work the user is told when it is done.
        match up {
            true if self.sme.is_securing() => self.supplicant_input(handshake::Input::Begin),
            true => self.tell_link(cx, true),
            false => {
                self.supplicant_input(handshake::Input::End);
                self.tell_link(cx, false);
                self.sme_input(cx, sme::Input::Lost);
            }
        }
    }

    /// Carries out what the policy wants, as if a user had asked for it.
    #[inline(never)]
    fn ask_mlme(&mut self, cx: &mut Sleepable, request: MlmeRequest) {
        let origin = Origin::Sme;
        match request {
            MlmeRequest::Scan => self.start_scan(cx, origin, None, self.station_vap()),
            MlmeRequest::Auth(info) => self.start_auth(cx, origin, info, None),
            MlmeRequest::Assoc(info) => self.start_assoc(cx, origin, info, None),
            MlmeRequest::Deauth(bssid, reason) => {
                self.leave(origin, MgmtSubtype::Deauth, bssid, reason);
            }
        }
    }

    /// Learns what the scanner knows of an access point.
    fn recall(&mut self, cx: &mut Sleepable, bssid: MacAddr) {
        let known = self.shared.results.with(cx, |results, _| results.find(bssid).copied());
        if let Some(known) = known {
            self.station.learn(&known.bss);
        }
    }

    /// The frames exchanged with the access point so far.
    fn count_traffic(&self, cx: &mut Sleepable) -> u64 {
        let counters = self.data().counters(cx);
        u64::from(counters.submitted) + u64::from(counters.delivered)
    }
}

/// Takes an element out; another may come to its place.
fn take<T, const N: usize>(from: &mut Vec<T, N>, index: usize) -> Option<T> {
    (index < from.len()).then(|| from.swap_remove(index))
}

fn heard_as<D: AsRef<[u8]>>(frame: &MgmtFrame<D>) -> crate::control::Heard<'_> {
    crate::control::Heard {
        tuning: frame.tuning,
        signal_dbm: frame.signal_dbm,
        frame: frame.draft.as_ref(),
    }
}
