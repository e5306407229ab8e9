// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Management frames of the user, and what became of them.

use super::{Engine, frames::copy};
use crate::{
    action::Origin,
    chip::{Chip, Offloads},
    control::{Failure, MgmtInfo},
    data::MgmtTx,
    device::Body,
    io::{Framing, Pipe},
    offchannel::{self, Purpose},
    os::{Os, OsError, Sleepable},
    trace::Stage,
    types::{Instant, RequestId, Tuning},
    vap::Vap,
    wire::header::{FrameControl, FrameType, HEADER_LEN, MgmtSubtype},
};

/// Time that the chip has to report a frame; then it counts as lost.
const REPORT_TIMEOUT_US: u64 = 500_000;
/// Longest stay for an answer, milliseconds.
const WAIT_MAX_MS: u16 = 5_000;

/// A frame of the user.
pub(super) struct Sending<D> {
    pub(super) id: RequestId,
    pub(super) frame: D,
    info: MgmtInfo,
    /// 0 while it waits for the radio to be tuned.
    token: u8,
    pub(super) until: Instant,
}

impl<O: Os, P: Pipe<O::Packet>, F: Framing, C: Chip> Engine<'_, O, P, F, C> {
    /// Takes a frame in, and sends it: here, or after a walk to another channel.
    #[inline(never)]
    pub(super) fn start_mgmt(
        &mut self,
        cx: &mut Sleepable,
        vap: Vap,
        id: RequestId,
        info: MgmtInfo,
        body: Option<Body<O>>,
    ) {
        let origin = Origin::User(id);
        let elsewhere = info
            .tuning
            .filter(|to| self.shared.tuning().is_none_or(|here| here.channel != to.channel));
        let frame = match self.check_mgmt(vap, elsewhere, body) {
            Ok(frame) => frame,
            Err(why) => return self.complete(cx, origin, Err(why)),
        };
        self.begin(cx, origin);
        let until = self.now().after_us(REPORT_TIMEOUT_US);
        let sending = Sending { id, frame, info, token: 0, until };
        if self.sending.push(sending).is_err() {
            return self.outcome(cx, origin, Err(Failure::Busy), &[]);
        }
        match elsewhere {
            None => self.send_waiting(cx),
            Some(tuning) => {
                let wait_ms = info.wait_ms.clamp(20, WAIT_MAX_MS);
                let stay = offchannel::Input::Stay(Purpose::Send, tuning, wait_ms);
                self.offchannel.handle(self.shared.os.now(), stay, &mut self.actions);
            }
        }
    }

    #[inline(never)]
    fn check_mgmt(
        &self,
        vap: Vap,
        elsewhere: Option<Tuning>,
        body: Option<Body<O>>,
    ) -> Result<Body<O>, Failure> {
        let frame = body.ok_or(Failure::Invalid)?;
        let bytes = frame.as_ref();
        let control = FrameControl::of(bytes).ok_or(Failure::Invalid)?;
        let is_ours = bytes.get(10..16) == Some(&vap.mac.0[..]);
        if control.frame_type() != FrameType::Management || bytes.len() < HEADER_LEN || !is_ours {
            return Err(Failure::Invalid);
        }
        if self.sending.is_full() {
            return Err(Failure::Busy);
        }
        let Some(tuning) = elsewhere else { return Ok(frame) };
        if !self.regulatory.allows(tuning) || !self.regulatory.allows_initiating(tuning.channel) {
            return Err(Failure::Forbidden);
        }
        if self.is_elsewhere() || self.station.is_busy() {
            return Err(Failure::Busy);
        }
        Ok(frame)
    }

    /// Sends what waits for the radio to be where it is now.
    #[inline(never)]
    pub(super) fn send_waiting(&mut self, cx: &mut Sleepable) {
        for _ in 0..super::SENDING_MAX {
            let Some(index) = self.sending.iter().position(|sending| sending.token == 0) else {
                return;
            };
            let token = self.next_token();
            let Some(sending) = self.sending.get_mut(index) else { return };
            sending.token = token;
            sending.until = self.shared.os.now().after_us(REPORT_TIMEOUT_US);
            let no_ack = sending.info.no_ack;
            let subtype = MgmtSubtype::of(sending.frame.as_ref()).map_or(15, MgmtSubtype::number);
            let has_reports = self.shared.info().offloads.contains(Offloads::TX_REPORTS);
            let wants_report = has_reports && !no_ack;
            let how = MgmtTx {
                no_ack,
                token: wants_report.then_some(token),
                ..MgmtTx::plain(self.robust_rate())
            };
            let draft = self.sending.get(index).map(|sending| copy(sending.frame.as_ref()));
            let sent = match draft {
                Some(Ok(draft)) => self.data().send_mgmt(cx, draft, how).map_err(|_| OsError::Full),
                Some(Err(error)) => Err(error),
                None => return,
            };
            let stage = Stage::Sent { subtype, ok: sent.is_ok() };
            self.shared.trace.record(cx, &self.shared.os, stage);
            match sent {
                Err(error) => self.end_mgmt(cx, index, Err(error.into())),
                // Without reports, that it left is all that will ever be known.
                Ok(()) if !wants_report => self.end_mgmt(cx, index, Ok(())),
                Ok(()) => {}
            }
        }
    }

    #[inline(never)]
    /// The radio did not get to where they were to be sent.
    pub(super) fn fail_waiting(&mut self, cx: &mut Sleepable, why: Failure) {
        while let Some(index) = self.sending.iter().position(|sending| sending.token == 0) {
            self.end_mgmt(cx, index, Err(why));
        }
    }

    fn next_token(&mut self) -> u8 {
        // 0 is what data frames carry.
        self.last_token = self.last_token.checked_add(1).unwrap_or(1);
        self.last_token
    }

    /// The chip says what became of a frame; without a token, of the oldest.
    #[inline(never)]
    pub(super) fn mgmt_sent(&mut self, cx: &mut Sleepable, token: Option<u8>, acked: bool) {
        let index = match token {
            Some(0) => None,
            Some(token) => self.sending.iter().position(|sending| sending.token == token),
            None => None,
        };
        if let Some(index) = index {
            let result = if acked { Ok(()) } else { Err(Failure::NotAcked) };
            self.end_mgmt(cx, index, result);
        }
    }

    /// Gives up on reports that never came.
    #[inline(never)]
    pub(super) fn mgmt_time_passed(&mut self, cx: &mut Sleepable, now: Instant) {
        while let Some(index) = self.sending.iter().position(|sending| now >= sending.until) {
            self.end_mgmt(cx, index, Err(Failure::NotAcked));
        }
    }

    #[inline(never)]
    fn end_mgmt(&mut self, cx: &mut Sleepable, index: usize, result: Result<(), Failure>) {
        if let Some(sending) = super::take(&mut self.sending, index) {
            self.outcome(cx, Origin::User(sending.id), result, sending.frame.as_ref());
        }
    }

    /// All end, because the chip stops.
    #[inline(never)]
    pub(super) fn end_sending(&mut self, cx: &mut Sleepable, why: Failure) {
        while !self.sending.is_empty() {
            self.end_mgmt(cx, 0, Err(why));
        }
    }
}
