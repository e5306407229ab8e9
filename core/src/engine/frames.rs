// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Builds the frames that the machines ask for, and sends them.

use super::Engine;
use crate::{
    action::Frame,
    chip::Chip,
    data::MgmtTx,
    device::Body,
    io::{Framing, Pipe},
    keys,
    os::{Draft, Os, OsError, Sleepable},
    scan::ScanRequest,
    trace::Stage,
    types::{Band, LegacyRates, MacAddr, Rate, Ssid},
    vap::Vap,
    wire::{
        elements::{Elements, HtCapability, Rates, WmmInfo, id},
        header::{FrameControl, Header, MgmtSubtype},
        mgmt::{ALGORITHM_SAE, Capability, STATUS_SUCCESS},
        writer::Writer,
    },
};

/// Longest frame built here; what users add is bounded.
const LEN_MAX: usize = 1536;
/// Beacons between two that we listen to, as said in an association request.
const LISTEN_INTERVAL: u16 = 5;

impl<O: Os, P: Pipe<O::Packet>, F: Framing, C: Chip> Engine<'_, O, P, F, C> {
    /// Sends a frame. A loss, for want of memory or room, is like any other on the air: the
    /// machine asks again by itself.
    #[inline(never)]
    pub(super) fn send(&mut self, cx: &mut Sleepable, frame: Frame) {
        let vap = match frame {
            Frame::Probe(_) => self.scanning_for.and_then(|id| self.vap(id)),
            _ => self.station_vap(),
        };
        let Some(vap) = vap else { return };
        let (subtype, draft) = match frame {
            Frame::Auth => (MgmtSubtype::Auth, self.build(|w| self.auth_frame(vap, w))),
            Frame::Assoc => {
                let (previous, _) = self.station.assoc_choice();
                let subtype = match previous {
                    Some(_) => MgmtSubtype::ReassocRequest,
                    None => MgmtSubtype::AssocRequest,
                };
                (subtype, self.build(|w| self.assoc_frame(vap, subtype, w)))
            }
            Frame::Farewell(to) => {
                let bytes = crate::wire::mgmt::farewell(to.subtype, to.bssid, vap.mac, to.reason);
                (
                    to.subtype,
                    self.build(|w| {
                        w.bytes(&bytes);
                    }),
                )
            }
            Frame::ProbeOwn => (MgmtSubtype::ProbeRequest, self.build(|w| self.own_probe(vap, w))),
            Frame::Probe(n) => {
                (MgmtSubtype::ProbeRequest, self.build(|w| self.scan_probe(vap, n, w)))
            }
        };
        let sent = draft.and_then(|draft| {
            let how = MgmtTx::plain(self.robust_rate());
            self.data().send_mgmt(cx, draft, how).map_err(|_| OsError::Full)
        });
        self.note_sent(cx, subtype.number(), sent);
    }

    #[inline(never)]
    pub(super) fn note_sent(&self, cx: &mut Sleepable, subtype: u8, sent: Result<(), OsError>) {
        let stage = Stage::Sent { subtype, ok: sent.is_ok() };
        self.shared.trace.record(cx, &self.shared.os, stage);
        if let Err(error) = sent {
            self.shared.os.log(format_args!("frame of subtype {subtype} not sent: {error:?}"));
        }
    }

    /// A frame without a body that says whether we sleep.
    #[inline(never)]
    pub(super) fn send_null(&self, cx: &mut Sleepable, sleeps: bool) {
        let (Some(vap), Some((bssid, _))) = (self.station_vap(), self.station.network()) else {
            return;
        };
        let sleeping = if sleeps { FrameControl::POWER_MANAGEMENT } else { 0 };
        let control = FrameControl(FrameControl::NULL | FrameControl::TO_DS | sleeping);
        let header = Header::new(control, bssid, vap.mac, bssid);
        let sent = self
            .build(|w| {
                w.view(&header);
            })
            .and_then(|draft| {
                let how = MgmtTx::plain(self.robust_rate());
                self.data().send_mgmt(cx, draft, how).map_err(|_| OsError::Full)
            });
        if let Err(error) = sent {
            self.shared.os.log(format_args!("null frame not sent: {error:?}"));
        }
    }

    /// Writes a frame into a draft of its length.
    #[inline(never)]
    pub(super) fn build(&self, write: impl FnOnce(&mut Writer<'_>)) -> Result<Body<O>, OsError> {
        let mut roomy = Body::<O>::alloc(LEN_MAX)?;
        let mut writer = Writer::new(roomy.as_mut());
        write(&mut writer);
        let len = writer.finish().ok_or(OsError::Full)?;
        copy::<Body<O>>(roomy.as_ref().get(..len).unwrap_or_default())
    }

    /// The rate at which everybody in the network understands us.
    #[inline(never)]
    pub(super) fn robust_rate(&self) -> Rate {
        let channel = self.shared.tuning().map(|tuning| tuning.channel);
        match channel.map(crate::types::Channel::band) {
            Some(Band::Ghz5) => Rate::Legacy(12),
            _ => Rate::SLOWEST,
        }
    }

    #[inline(never)]
    fn own_rates(&self) -> LegacyRates {
        match self.shared.tuning().map(|tuning| tuning.channel.band()) {
            Some(Band::Ghz5) => LegacyRates::OFDM,
            _ => LegacyRates::all(),
        }
    }

    #[inline(never)]
    fn exchange_body(&self) -> &[u8] {
        self.bodies.exchange.as_ref().map_or(&[], |body| body.as_ref())
    }

    /// What the user adds to an association request: of a join, what follows its SSID.
    #[inline(never)]
    fn user_elements(&self) -> &[u8] {
        match (&self.bodies.exchange, self.bodies.join_parts(&self.sme)) {
            (Some(body), _) => body.as_ref(),
            (None, Some(join)) => join.elements,
            (None, None) => &[],
        }
    }

    #[inline(never)]
    fn auth_frame(&self, vap: Vap, out: &mut Writer<'_>) {
        let Some((bssid, _)) = self.station.network() else { return };
        let Some((algorithm, transaction)) = self.station.auth_numbers() else { return };
        out.view(&Header::mgmt(MgmtSubtype::Auth, bssid, vap.mac, bssid)).u16(algorithm);
        if algorithm == ALGORITHM_SAE {
            out.bytes(self.exchange_body()); // Starts with transaction and status.
        } else {
            out.u16(transaction).u16(STATUS_SUCCESS).bytes(self.exchange_body());
        }
    }

    /// IEEE Std 802.11-2020, 9.3.3.5 and 9.3.3.7.
    #[inline(never)]
    fn assoc_frame(&self, vap: Vap, subtype: MgmtSubtype, out: &mut Writer<'_>) {
        let Some((bssid, tuning)) = self.station.network() else { return };
        let (previous, cipher) = self.station.assoc_choice();
        let bss = self.station.bss();
        out.view(&Header::mgmt(subtype, bssid, vap.mac, bssid));
        out.u16(self.capability().bits()).u16(LISTEN_INTERVAL);
        if let Some(previous) = previous {
            out.bytes(&previous.0);
        }
        let user = Elements::new(self.user_elements());
        let known = bss.map_or(Ssid::EMPTY, |bss| bss.ssid);
        out.element(id::SSID, user.body_of(id::SSID).unwrap_or(known.as_bytes()));
        let theirs = bss.map_or(LegacyRates::empty(), |bss| bss.rates.supported);
        let common = self.own_rates() & theirs;
        let supported = if common.is_empty() { self.own_rates() } else { common };
        Rates { supported, basic: LegacyRates::empty() }.emit(out);
        for element in user.filter(|element| element.id != id::SSID) {
            out.element(element.id, element.body);
        }
        if self.sme.is_securing() {
            out.bytes(&keys::RSN_ELEMENT);
        }
        if self.uses_ht(cipher) && user.body_of(id::HT_CAPABILITY).is_none() {
            self.own_ht().at(tuning.width).emit(out);
        }
        if bss.is_some_and(|bss| bss.wmm.is_some()) && user.find_vendor(&id::VENDOR_WMM).is_none() {
            WmmInfo.emit(out);
        }
    }

    /// What we say of ourselves: what the access point says, as far as it concerns us.
    #[inline(never)]
    fn capability(&self) -> Capability {
        let shared = Capability::PRIVACY | Capability::SHORT_PREAMBLE | Capability::SHORT_SLOT;
        let theirs = self.station.bss().map_or(Capability::empty(), |bss| bss.capability);
        Capability::ESS | theirs & shared
    }

    #[inline(never)]
    fn own_probe(&self, vap: Vap, out: &mut Writer<'_>) {
        let Some((bssid, _)) = self.station.network() else { return };
        let name = self.station.bss().map_or(Ssid::EMPTY, |bss| bss.ssid);
        self.probe(vap, bssid, &name, &[], out);
    }

    #[inline(never)]
    fn scan_probe(&self, vap: Vap, n: u8, out: &mut Writer<'_>) {
        let body = self.bodies.scan.as_ref().map(|body| body.as_ref());
        let join = self.bodies.join_parts(&self.sme).map(|body| body.names);
        let request = match (body, join) {
            (Some(body), _) => ScanRequest::parse(body),
            (None, join) => join.map(|names| ScanRequest::for_names(names, None)),
        };
        let Some(request) = request else { return };
        let Some(name) = request.ssids().nth(usize::from(n)) else { return };
        self.probe(vap, MacAddr::BROADCAST, &name, request.elements, out);
    }

    #[inline(never)]
    fn probe(&self, vap: Vap, to: MacAddr, name: &Ssid, user: &[u8], out: &mut Writer<'_>) {
        out.view(&Header::mgmt(MgmtSubtype::ProbeRequest, to, vap.mac, to));
        out.element(id::SSID, name.as_bytes());
        let channel = self.shared.tuning().map(|tuning| tuning.channel);
        Rates { supported: self.own_rates(), basic: LegacyRates::empty() }.emit(out);
        if let Some(channel) = channel.filter(|channel| channel.band() == Band::Ghz2) {
            out.element(id::DS, &[channel.number()]);
        }
        if Elements::new(user).body_of(id::HT_CAPABILITY).is_none() {
            HtCapability::emit(self.own_ht(), out);
        }
        out.bytes(user);
    }
}

/// A draft with these bytes.
pub(super) fn copy<D: Draft>(bytes: &[u8]) -> Result<D, OsError> {
    let mut draft = D::alloc(bytes.len())?;
    draft.as_mut().get_mut(..bytes.len()).ok_or(OsError::NoMemory)?.copy_from_slice(bytes);
    Ok(draft)
}
