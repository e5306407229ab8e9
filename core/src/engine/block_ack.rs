// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Aggregates from the access point: sessions in the data path, answers on the air.

use super::Engine;
use crate::{
    chip::Chip,
    data::{MgmtTx, WINDOW_MAX},
    io::{Framing, Pipe},
    os::{Os, OsError, Sleepable},
    wire::{
        block_ack::{AddRequest, BlockAck, CATEGORY, STATUS_DECLINED},
        header::{Header, MgmtSubtype},
        mgmt::{Body, Mgmt, STATUS_SUCCESS},
    },
};

impl<O: Os, P: Pipe<O::Packet>, F: Framing, C: Chip> Engine<'_, O, P, F, C> {
    /// Takes a frame about block-ack sessions; says whether it was one of our access point's.
    pub(super) fn block_ack(&mut self, cx: &mut Sleepable, bytes: &[u8]) -> bool {
        let Some(Mgmt { header, body: Body::Action(CATEGORY, rest) }) = Mgmt::parse(bytes) else {
            return false;
        };
        let bssid = self.station.network().map(|(bssid, _)| bssid);
        let (Some(peer), true) = (self.peer, Some(header.transmitter()) == bssid) else {
            return false;
        };
        let now = self.shared.os.now();
        match BlockAck::parse(rest) {
            Some(BlockAck::Add(request)) => {
                let window = match request.window {
                    0 => WINDOW_MAX,
                    wanted => wanted.min(WINDOW_MAX),
                };
                let AddRequest { tid, sequence, .. } = request;
                let has_session = self.data().start_block_ack(cx, now, peer, tid, sequence, window);
                let status = if has_session { STATUS_SUCCESS } else { STATUS_DECLINED };
                self.answer_block_ack(cx, &request, status, window);
            }
            Some(BlockAck::End { tid }) => self.data().stop_block_ack(cx, now, peer, tid),
            None => {}
        }
        true
    }

    fn answer_block_ack(&self, cx: &mut Sleepable, request: &AddRequest, status: u16, window: u16) {
        let (Some(vap), Some((bssid, _))) = (self.station_vap(), self.station.network()) else {
            return;
        };
        let draft = self.build(|out| {
            out.view(&Header::mgmt(MgmtSubtype::Action, bssid, vap.mac, bssid));
            request.answer(status, window, out);
        });
        let sent = draft.and_then(|draft| {
            let how = MgmtTx::plain(self.robust_rate());
            self.data().send_mgmt(cx, draft, how).map_err(|_| OsError::Full)
        });
        // Without an answer the access point asks again.
        self.note_sent(cx, MgmtSubtype::Action.number(), sent);
    }
}
