// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Data: decrypted, checked and forwarded between stations and the host; and the other way.

use super::{
    AccessPoint, Happening, eapol,
    frame::{self, Frame, flag, kind},
    management::reason,
};
use crate::air::{Air, Micros, Rate};

impl AccessPoint {
    pub(super) fn on_data(&mut self, now: Micros, air: &mut Air, frame: &Frame<'_>) {
        let [_, source, destination] = frame.addresses;
        if !frame.has(flag::TO_DS) {
            return;
        }
        if !self.is_associated(source) {
            if self.stations.contains_key(&source) {
                self.disassociate(now, air, source, reason::CLASS_3);
            } else {
                self.deauthenticate(now, air, source, reason::CLASS_3);
            }
            return;
        }
        let has_no_data = frame.kind & 0x40 != 0;
        if has_no_data || frame.has(flag::MORE_FRAGMENTS) || frame.sequence_control & 15 != 0 {
            return;
        }
        let Some(body) = self.plain_body(source, frame) else { return };
        const A_MSDU: u16 = 1 << 7;
        if frame.qos.is_some_and(|qos| qos & A_MSDU != 0) {
            for ethernet in split_a_msdu(&body) {
                self.on_ethernet(now, air, source, frame.has(flag::PROTECTED), &ethernet);
            }
        } else if let Some(ethernet) = frame::to_ethernet(destination, source, &body) {
            self.on_ethernet(now, air, source, frame.has(flag::PROTECTED), &ethernet);
        }
    }

    fn plain_body(&mut self, source: [u8; 6], frame: &Frame<'_>) -> Option<Vec<u8>> {
        if !frame.has(flag::PROTECTED) {
            return Some(frame.body.to_vec());
        }
        let body = self.stations.get_mut(&source)?.decrypt(frame);
        if body.is_none() {
            self.happened(Happening::NotDecrypted(source));
        }
        body
    }

    fn on_ethernet(
        &mut self,
        now: Micros,
        air: &mut Air,
        station: [u8; 6],
        was_protected: bool,
        ethernet: &[u8],
    ) {
        let Some((header, payload)) = ethernet.split_first_chunk::<14>() else { return };
        let is_for_me = header[..6] == self.config.bssid;
        if header[12..] == eapol::ETHERTYPE.to_be_bytes() {
            if is_for_me {
                self.on_eapol(now, air, station, payload);
            }
            return;
        }
        let must_protect = self.pmk.is_some();
        if self.is_open(station) && was_protected == must_protect {
            self.forward(now, air, Some(station), ethernet);
        }
    }

    /// Takes an Ethernet frame where it belongs: `from` a station, or from the host.
    pub(super) fn forward(
        &mut self,
        now: Micros,
        air: &mut Air,
        from: Option<[u8; 6]>,
        ethernet: &[u8],
    ) {
        let Some(destination) = ethernet.first_chunk::<6>() else { return };
        let is_group = destination[0] & 1 != 0;
        if from.is_some() && (is_group || *destination == self.config.bssid) {
            self.host.receive(ethernet);
        }
        if is_group {
            self.send_group(now, air, ethernet);
        } else if self.is_open(*destination) {
            self.send_or_keep(now, air, *destination, ethernet);
        }
    }

    /// Sends an Ethernet frame to a station, encrypted if it has a key.
    pub(super) fn send_data(
        &mut self,
        now: Micros,
        air: &mut Air,
        to: [u8; 6],
        ethernet: &[u8],
        has_more: bool,
    ) {
        let sequence = self.next_sequence();
        let bssid = self.config.bssid;
        let Some((_, source, body)) = frame::from_ethernet(ethernet) else { return };
        let Some(station) = self.stations.get_mut(&to) else { return };
        let Some(association) = station.association.clone() else { return };
        let is_eapol = ethernet.get(12..14) == Some(&eapol::ETHERTYPE.to_be_bytes());
        let tid = if is_eapol { 7 } else { 0 };
        let (kind, qos) =
            if association.has_wmm { (kind::QOS_DATA, Some(tid)) } else { (kind::DATA, None) };
        let flags = flag::FROM_DS | if has_more { flag::MORE_DATA } else { 0 };
        let header = frame::header(kind, flags, [to, bssid, source], sequence, qos);
        let bytes = match &mut station.send_key {
            Some(key) => key.seal(header, &body),
            None => [header, body].concat(),
        };
        let rate = match association {
            _ if is_eapol => self.basic_rate(),
            _ if association.has_ht => Rate::Ht { mcs: 7, width_mhz: 20, short_gi: false },
            _ if association.has_ofdm => Rate::Legacy(108),
            _ => Rate::Legacy(22),
        };
        self.transmit(now, air, rate, bytes);
    }

    /// Sends an Ethernet frame to everybody, now.
    pub(super) fn send_group_now(
        &mut self,
        now: Micros,
        air: &mut Air,
        ethernet: &[u8],
        has_more: bool,
    ) {
        let Some((destination, source, body)) = frame::from_ethernet(ethernet) else { return };
        let flags = flag::FROM_DS | if has_more { flag::MORE_DATA } else { 0 };
        let addresses = [destination, self.config.bssid, source];
        let header = frame::header(kind::DATA, flags, addresses, self.next_sequence(), None);
        let bytes = match self.pmk {
            Some(_) => self.group.seal(header, &body),
            None => [header, body].concat(),
        };
        let rate = self.basic_rate();
        self.transmit(now, air, rate, bytes);
    }
}

/// Ethernet frames out of an A-MSDU (9.3.2.2.2), as far as they are whole.
fn split_a_msdu(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<14>() {
        let len = usize::from(u16::from_be_bytes([header[12], header[13]]));
        let Some(body) = rest.get(..len) else { break };
        let address = |at: usize| std::array::from_fn(|index| header[at + index]);
        out.extend(frame::to_ethernet(address(0), address(6), body));
        bytes = bytes.get((14 + len).next_multiple_of(4)..).unwrap_or_default();
    }
    out
}
