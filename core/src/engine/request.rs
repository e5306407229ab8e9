// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Takes requests apart: who may ask for what, and which machine it concerns.

use super::{BEGUN_MAX, Begun, Engine};
use crate::{
    action::{Farewell, Origin},
    chip::Chip,
    control::{AssocInfo, AuthInfo, ControlRequest, Effort, Failure, JoinInfo, Port},
    device::Body,
    inbox::Request,
    io::{Framing, Pipe},
    offchannel::{self, Purpose},
    os::{Os, Sleepable},
    scan::{self, ScanRequest},
    sme::{self, JoinBody},
    types::{Cipher, MacAddr, RequestId, Ssid, Tuning, VapId},
    vap::{Vap, station},
    wire::{
        elements::Elements,
        header::MgmtSubtype,
        mgmt::{ALGORITHM_OPEN, ALGORITHM_SAE},
    },
};

/// Algorithm number of fast BSS transition (IEEE Std 802.11-2020, 9.4.1.1).
const ALGORITHM_FT: u16 = 2;
/// Bytes of elements that a user can add to one frame.
const ELEMENTS_MAX: usize = 1024;

impl<O: Os, P: Pipe<O::Packet>, F: Framing, C: Chip> Engine<'_, O, P, F, C> {
    /// Starts what a request asks for, or answers it at once.
    #[inline(never)]
    pub(super) fn dispatch(&mut self, cx: &mut Sleepable, request: Request<Body<O>>) {
        let Request { id, vap, request, body } = request;
        if let Some(operation) = request.operation() {
            if self.begun.len() >= BEGUN_MAX {
                self.shared.complete(cx, id, Err(Failure::Busy));
                return;
            }
            let _ = self.begun.push(Begun { id, vap, operation, is_begun: false }); // It fits.
        }
        let user = Origin::User(id);
        let result = match request {
            ControlRequest::Up(mode, mac) => self.up(cx, vap, mode, mac),
            ControlRequest::Down => self.down(cx, vap),
            ControlRequest::Suspend => self.suspend(cx),
            ControlRequest::Resume => self.resume(cx),
            ControlRequest::Peek(addr) => self.peek(cx, addr),
            _ => match self.vap(vap) {
                Some(found) if self.is_on => {
                    match self.dispatch_to(cx, found, id, request, body) {
                        Some(result) => result,
                        None => return, // A machine has it, and answers.
                    }
                }
                _ => Err(Failure::Down),
            },
        };
        self.complete(cx, user, result);
    }

    /// Requests to an interface that is up. `None`: the answer comes from a machine.
    #[inline(never)]
    fn dispatch_to(
        &mut self,
        cx: &mut Sleepable,
        vap: Vap,
        id: RequestId,
        request: ControlRequest,
        body: Option<Body<O>>,
    ) -> Option<Result<(), Failure>> {
        let user = Origin::User(id);
        match request {
            ControlRequest::SetChannel(tuning) => return Some(self.set_channel(cx, tuning)),
            ControlRequest::SetTxPower(limit) => {
                self.power_limit = limit;
                return Some(self.set_power(cx).map_err(Failure::from));
            }
            ControlRequest::Scan => self.start_scan(cx, user, body, Some(vap)),
            ControlRequest::AbortScan => return Some(self.abort_scan(cx)),
            ControlRequest::SendMgmt(info) => self.start_mgmt(cx, vap, id, info, body),
            ControlRequest::Remain(tuning, millis) => self.remain(cx, id, tuning, millis),
            ControlRequest::AbortRemain => return Some(self.abort_remain()),
            _ if self.station_vap().map(|station| station.id) != Some(vap.id) => {
                return Some(Err(Failure::Unsupported)); // The rest is for stations.
            }
            ControlRequest::SetKey(info) => {
                return Some(self.set_key(cx, vap.id, &info, body.as_ref().map(AsRef::as_ref)));
            }
            ControlRequest::DeleteKey(place) => return Some(self.delete_key(cx, vap.id, place)),
            ControlRequest::SetDefaultKey(index) => {
                return Some(self.data().set_default_key(cx, vap.id, index));
            }
            ControlRequest::SetPort(addr, port) => return Some(self.set_port(cx, addr, port)),
            ControlRequest::Deauth(bssid, reason) => {
                self.come_home(cx);
                self.leave(user, MgmtSubtype::Deauth, bssid, reason);
            }
            ControlRequest::Disassoc(bssid, reason) => {
                self.come_home(cx);
                self.leave(user, MgmtSubtype::Disassoc, bssid, reason);
            }
            ControlRequest::Auth(info) => {
                self.come_home(cx);
                self.start_auth(cx, user, info, body);
            }
            ControlRequest::Assoc(info) => {
                self.come_home(cx);
                self.start_assoc(cx, user, info, body);
            }
            ControlRequest::Join(info) => self.join(cx, vap.id, id, info, body),
            ControlRequest::Leave => {
                self.come_home(cx);
                self.sme_input(cx, sme::Input::Leave);
                return Some(Ok(()));
            }
            ControlRequest::Up(..)
            | ControlRequest::Down
            | ControlRequest::Suspend
            | ControlRequest::Resume
            | ControlRequest::Peek(_) => return Some(Err(Failure::Invalid)), // Seen to before.
        }
        None
    }

    fn set_channel(&mut self, cx: &mut Sleepable, tuning: Tuning) -> Result<(), Failure> {
        if !self.regulatory.allows(tuning) {
            return Err(Failure::Forbidden);
        }
        if self.is_elsewhere() || self.station.is_busy() || self.station.is_associated() {
            return Err(Failure::Busy);
        }
        self.shared.trace.record(cx, &self.shared.os, crate::trace::Stage::Action { what: "tune" });
        self.tune(cx, tuning)?;
        self.home = Some(tuning);
        Ok(())
    }

    /// Starts a scan; without a body it is the policy's, for the network that it joins.
    #[inline(never)]
    pub(super) fn start_scan(
        &mut self,
        cx: &mut Sleepable,
        origin: Origin,
        body: Option<Body<O>>,
        vap: Option<Vap>,
    ) {
        if self.is_elsewhere() || self.station.is_busy() {
            return self.complete(cx, origin, Err(Failure::Busy));
        }
        let is_wrong = body.as_ref().is_some_and(|b| ScanRequest::parse(b.as_ref()).is_none());
        if is_wrong {
            return self.complete(cx, origin, Err(Failure::Invalid));
        }
        self.bodies.scan = body;
        self.scanning_for = vap.map(|vap| vap.id);
        self.scan_input(cx, scan::Input::Start(origin));
    }

    fn abort_scan(&mut self, cx: &mut Sleepable) -> Result<(), Failure> {
        if !self.scan.is_active() {
            return Err(Failure::NotFound);
        }
        self.scan_input(cx, scan::Input::Abort);
        Ok(())
    }

    #[inline(never)]
    fn remain(&mut self, cx: &mut Sleepable, id: RequestId, tuning: Tuning, millis: u16) {
        let refusal = if !self.regulatory.allows(tuning) {
            Some(Failure::Forbidden)
        } else if self.is_elsewhere() || self.station.is_busy() {
            Some(Failure::Busy)
        } else {
            None
        };
        if let Some(why) = refusal {
            return self.complete(cx, Origin::User(id), Err(why));
        }
        let stay = offchannel::Input::Stay(Purpose::Remain(id), tuning, millis);
        self.offchannel.handle(self.shared.os.now(), stay, &mut self.actions);
    }

    fn abort_remain(&mut self) -> Result<(), Failure> {
        if !self.offchannel.is_remaining() {
            return Err(Failure::NotFound);
        }
        let abort = offchannel::Input::Abort;
        self.offchannel.handle(self.shared.os.now(), abort, &mut self.actions);
        Ok(())
    }

    #[inline(never)]
    pub(super) fn start_auth(
        &mut self,
        cx: &mut Sleepable,
        origin: Origin,
        info: AuthInfo,
        body: Option<Body<O>>,
    ) {
        match self.check_auth(&info, body.as_ref().map_or(&[], |body| body.as_ref())) {
            Err(why) => self.complete(cx, origin, Err(why)),
            Ok(transaction) => {
                self.bodies.exchange = body;
                let input = station::Input::Auth(origin, info, transaction);
                self.station.handle(self.shared.os.now(), input, &mut self.actions);
                self.recall(cx, info.bssid);
            }
        }
    }

    /// Returns the transaction number.
    fn check_auth(&self, info: &AuthInfo, body: &[u8]) -> Result<u16, Failure> {
        if self.is_elsewhere() || self.station.is_busy() {
            return Err(Failure::Busy);
        }
        if !self.regulatory.allows(Tuning::narrow(info.tuning.channel)) {
            return Err(Failure::Forbidden);
        }
        if !info.bssid.is_valid_station() || body.len() > ELEMENTS_MAX {
            return Err(Failure::Invalid);
        }
        match info.algorithm {
            ALGORITHM_OPEN | ALGORITHM_FT => Ok(1),
            ALGORITHM_SAE => match body {
                [low, high, _, _, ..] => Ok(u16::from_le_bytes([*low, *high])),
                _ => Err(Failure::Invalid),
            },
            _ => Err(Failure::Unsupported),
        }
    }

    #[inline(never)]
    pub(super) fn start_assoc(
        &mut self,
        cx: &mut Sleepable,
        origin: Origin,
        info: AssocInfo,
        body: Option<Body<O>>,
    ) {
        let bytes = body.as_ref().map_or(&[][..], |body| body.as_ref());
        let refusal = if self.is_elsewhere() || self.station.is_busy() {
            Some(Failure::Busy)
        } else if bytes.len() > ELEMENTS_MAX || !Elements::new(bytes).is_well_formed() {
            Some(Failure::Invalid)
        } else {
            None
        };
        if let Some(why) = refusal {
            return self.complete(cx, origin, Err(why));
        }
        self.bodies.exchange = body;
        let info = AssocInfo { tuning: self.width_for(&info), ..info };
        let input = station::Input::Assoc(origin, info);
        self.station.handle(self.shared.os.now(), input, &mut self.actions);
        self.recall(cx, info.bssid);
    }

    /// An errand of the radio gives way to what a user wants of an access point.
    fn come_home(&mut self, cx: &mut Sleepable) {
        if !self.is_elsewhere() {
            return;
        }
        self.scan_input(cx, scan::Input::Abort);
        let abort = offchannel::Input::Abort;
        self.offchannel.handle(self.shared.os.now(), abort, &mut self.actions);
        self.settle(cx, &[]);
    }

    /// Leaves an access point.
    pub(super) fn leave(
        &mut self,
        origin: Origin,
        subtype: MgmtSubtype,
        bssid: MacAddr,
        reason: u16,
    ) {
        let input = station::Input::Leave(origin, Farewell { bssid, subtype, reason });
        self.station.handle(self.shared.os.now(), input, &mut self.actions);
    }

    #[inline(never)]
    fn join(
        &mut self,
        cx: &mut Sleepable,
        vap: VapId,
        id: RequestId,
        info: JoinInfo,
        body: Option<Body<O>>,
    ) {
        let bytes = body.as_ref().map_or(&[][..], |body| body.as_ref());
        let parts = JoinBody::parse(bytes, &info);
        let is_right = |parts: &JoinBody<'_>| {
            let elements = parts.elements;
            let is_ours = !info.has_psk || info.pairwise == Some(Cipher::Ccmp);
            let is_patient = !info.is_list || info.effort != Effort::Once;
            let is_well_formed = Elements::new(elements).is_well_formed();
            elements.len() <= ELEMENTS_MAX && is_well_formed && is_ours && is_patient
        };
        let name = parts.filter(is_right).and_then(|parts| {
            if info.is_list { Some(Ssid::EMPTY) } else { Ssid::new(parts.names.get(1..)?) }
        });
        match name {
            // No name is any network; a name of zeros is none.
            Some(ssid) if ssid == Ssid::EMPTY || !ssid.is_hidden() => {
                if self.sme.is_idle() {
                    self.forget_join();
                    self.bodies.join = body;
                }
                debug_assert!(self.vap(vap).is_some(), "the dispatcher has looked");
                self.sme_input(cx, sme::Input::Join(id, info, ssid));
            }
            _ => self.complete(cx, Origin::User(id), Err(Failure::Invalid)),
        }
    }

    fn set_port(&self, cx: &mut Sleepable, addr: MacAddr, port: Port) -> Result<(), Failure> {
        let is_ours = self.station.network().is_some_and(|(bssid, _)| bssid == addr);
        let peer = self.peer.filter(|_| is_ours).ok_or(Failure::NotFound)?;
        self.data().set_port(cx, peer, port);
        Ok(())
    }
}
