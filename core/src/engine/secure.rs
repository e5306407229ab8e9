// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Carries out what core's own supplicant wants, and tells the others how it went.

use zeroize::Zeroize;

use super::Engine;
use crate::{
    chip::Chip,
    control::{Failure, KeyInfo, Notice, PMK_LEN, Port},
    io::{Framing, Pipe},
    keys::{Input, Reply, With},
    os::{Draft, Os, OsError, Packet, Sleepable},
    scan::Joined,
    sme,
    types::{MacAddr, Mode},
    wire::{
        data::{ETHERNET_LEN, ETHERTYPE_EAPOL},
        writer::Writer,
    },
};

/// Longest EAPOL frame taken in, with its Ethernet header.
const LEN_MAX: usize = 768;
/// Longest answer: header, 99 bytes of EAPOL-Key, our element.
const REPLY_MAX: usize = 160;

impl<O: Os, P: Pipe<O::Packet>, F: Framing, C: Chip> Engine<'_, O, P, F, C> {
    /// Takes an EAPOL frame of the access point, with its Ethernet header.
    #[inline(never)]
    pub fn eapol(&mut self, cx: &mut Sleepable, packet: &O::Packet) {
        let mut bytes = [0; LEN_MAX];
        let mut writer = Writer::new(&mut bytes);
        for segment in packet.segments() {
            writer.bytes(segment);
        }
        let len = writer.finish().unwrap_or(0); // What is too long is none of ours.
        if let Some(payload) = bytes.get(ETHERNET_LEN..len) {
            self.supplicant_input(Input::Packet(payload));
            self.settle(cx, &[]);
        }
    }

    /// Hands an input to the supplicant, with what it looks up.
    #[inline(never)]
    pub(super) fn supplicant_input(&mut self, input: Input<'_>) {
        let Self { supplicant, bodies, sme, station, vaps, shared, actions, .. } = self;
        let vap = vaps.iter().flatten().find(|vap| vap.mode == Mode::Station);
        let pmk = bodies.join_parts(sme).and_then(|join| join.key_for(station.bss()));
        let chance = |out: &mut [u8]| shared.os.fill_random(out);
        let chance = &chance;
        let with = match (vap, pmk, station.network()) {
            (Some(vap), Some(pmk), Some((bssid, _))) => With { pmk, own: vap.mac, bssid, chance },
            // There is no network: no packet means anything.
            _ if matches!(input, Input::Packet(_) | Input::Begin) => return,
            _ => With { pmk: &[0; PMK_LEN], own: MacAddr::ZERO, bssid: MacAddr::ZERO, chance },
        };
        supplicant.handle(shared.os.now(), input, &with, actions);
    }

    /// Sends an answer. A loss, for want of memory or room, is like any other on the air: the
    /// access point asks again.
    #[inline(never)]
    pub(super) fn reply(&mut self, cx: &mut Sleepable, reply: Reply) {
        let (Some(vap), Some((bssid, _))) = (self.station_vap(), self.station.network()) else {
            return;
        };
        let mut bytes = [0; REPLY_MAX];
        let mut writer = Writer::new(&mut bytes);
        writer.bytes(&bssid.0).bytes(&vap.mac.0).bytes(&ETHERTYPE_EAPOL.to_be_bytes());
        self.supplicant.emit(reply, &mut writer);
        let len = writer.finish().unwrap_or(0);
        let draft = super::frames::copy::<super::Body<O>>(bytes.get(..len).unwrap_or_default());
        let sent = draft.and_then(|draft| {
            let packet = draft.finish(0..len);
            self.data().transmit(cx, vap.id, packet).map_err(|_| OsError::Full)
        });
        if let Err(error) = sent {
            self.shared.os.log(format_args!("{reply:?} not sent: {error:?}"));
        }
    }

    /// Installs the supplicant's key, and tells it.
    #[inline(never)]
    pub(super) fn install_key(&mut self, cx: &mut Sleepable, info: &KeyInfo) {
        let mut key = self.supplicant.key().copied().unwrap_or_default();
        let result = match self.station_vap() {
            Some(vap) => self.set_key(cx, vap.id, info, Some(&key)),
            None => Err(Failure::Down),
        };
        key.zeroize();
        self.supplicant_input(Input::KeyDone(result));
    }

    /// The handshake is done: the port opens, and only then the user hears of the link.
    #[inline(never)]
    pub(super) fn secured(&mut self, cx: &mut Sleepable, result: Result<(), Failure>) {
        match (result, self.peer) {
            (Ok(()), Some(peer)) => {
                self.data().set_port(cx, peer, Port::Open);
                self.tell_link(cx, true);
            }
            (Err(why), _) => self.shared.os.log(format_args!("key handshake failed: {why:?}")),
            (Ok(()), None) => {}
        }
        self.sme_input(cx, sme::Input::Secured(result));
    }

    /// Tells the user of the link, if that is news.
    pub(super) fn tell_link(&mut self, cx: &mut Sleepable, up: bool) {
        let Some(vap) = self.station_vap().filter(|_| self.is_link_told != up) else { return };
        self.is_link_told = up;
        let link = self.told_of.filter(|_| up);
        let aid = self.station.bound().aid;
        let joined = link.map(|bssid| Joined { bssid, aid, since: self.now() });
        self.shared.results.with(cx, |results, _| results.set_joined(joined));
        self.shared.os.link_changed(cx, vap.id, link);
        if let Some(bss) = self.station.bss().filter(|_| up) {
            self.notify(cx, vap.id, Notice::Network(bss));
        }
    }

    /// Wipes what came with the last join: there may be a key in it.
    pub(super) fn forget_join(&mut self) {
        if let Some(mut body) = self.bodies.join.take() {
            body.as_mut().zeroize();
        }
    }
}
