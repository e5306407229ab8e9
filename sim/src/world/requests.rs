// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A user who tries every request that a join by hand does not need.

use tern_core::{
    chip::Offloads,
    control::{ControlRequest, Failure, JoinInfo, MgmtInfo},
    types::{Channel, MacAddr, Mode, RequestId, Tuning},
};

use super::{OWN, SSID, World};
use crate::{
    access_point::{
        elements::{self, id},
        frame::{self, kind},
    },
    air::Micros,
};

/// How long a policy may take to be back after its access point was.
const BACK_US: Micros = 120_000_000;
/// Longer than the stay for an answer.
const STAY_US: Micros = 100_000;
/// Nobody has this address.
const NOBODY: [u8; 6] = [2, 9, 9, 9, 9, 9];

impl World<'_> {
    pub(super) fn play_requests(&mut self) -> Result<(), Failure> {
        self.up(Mode::Station)?;
        self.ask(ControlRequest::SetTxPower(Some(10)), None)?;
        self.ask(ControlRequest::SetChannel(on(1)), None)?;
        self.ask(ControlRequest::SetTxPower(None), None)?;
        self.end_early(ControlRequest::Scan, ControlRequest::AbortScan)?;
        self.carry_out(ControlRequest::Remain(on(11), 50), None)?;
        self.end_early(ControlRequest::Remain(on(11), 5_000), ControlRequest::AbortRemain)?;
        self.send_frames()?;
        self.join_by_policy()?;
        self.send_frames()?;
        self.lose_and_find_again()?;
        self.ask(ControlRequest::Leave, None)?;
        self.run_until(500_000, |world| !world.is_up);
        self.check_user(false);
        self.join_nothing()?;
        self.ask(ControlRequest::Down, None)
    }

    /// Begins something long and ends it: its outcome is that it was aborted.
    fn end_early(&mut self, what: ControlRequest, end: ControlRequest) -> Result<(), Failure> {
        let id = self.begin(what)?;
        self.run_until(20_000, |_| false);
        self.ask(end, None)?;
        let result = self.wait_for(id)?;
        if result != Err(Failure::Aborted) && self.is_calm() {
            self.complain(format!("{what:?} was aborted and ended with {result:?}"));
        }
        Ok(())
    }

    fn begin(&mut self, request: ControlRequest) -> Result<RequestId, Failure> {
        self.ask(request, None)?;
        self.asked.last().map(|asked| asked.id).ok_or(Failure::NotFound)
    }

    fn wait_for(&mut self, id: RequestId) -> Result<Result<(), Failure>, Failure> {
        let ending = |world: &Self| {
            let asked = world.asked.iter().rev().find(|asked| asked.id == id)?;
            asked.endings.first().map(|(result, _)| *result)
        };
        self.run_until(10_000_000, |world| ending(world).is_some());
        ending(self).ok_or(Failure::Timeout)
    }

    /// Management frames of the user's, here and elsewhere, to somebody and to nobody.
    fn send_frames(&mut self) -> Result<(), Failure> {
        let points = {
            let ether = self.wire.ether.lock();
            [0, 1].map(|index| ether.points[index].config().bssid)
        };
        for (to, channel, is_there) in
            [(points[0], 6, true), (points[1], 11, true), (NOBODY, 11, false), (NOBODY, 6, false)]
        {
            let info = MgmtInfo { tuning: Some(on(channel)), wait_ms: 30, no_ack: false };
            let request = ControlRequest::SendMgmt(info);
            let result = self.carry_out(request, Some(&probe(to))).map(drop);
            let is_known = self.wire.device.info().offloads.contains(Offloads::TX_REPORTS);
            let expected = if is_there || !is_known { Ok(()) } else { Err(Failure::NotAcked) };
            if self.is_calm() && result != expected {
                self.complain(format!("a frame to {to:02x?} on {channel}: {result:?}"));
            }
            if self.is_stopped() {
                return result;
            }
            // The stay goes on after the frame.
            self.run_until(STAY_US, |_| false);
        }
        Ok(())
    }

    fn join_by_policy(&mut self) -> Result<(), Failure> {
        let join = ControlRequest::Join(JoinInfo::default());
        self.carry_out(join, Some(&named(SSID)))?;
        self.check_agreement(true);
        self.ping(1, 64)
    }

    /// The access point goes away and comes back; so does the link, without a new request.
    fn lose_and_find_again(&mut self) -> Result<(), Failure> {
        self.wire.ether.lock().points[0].faults.is_silent = true;
        let is_lost = self.run_until(BACK_US, |world| !world.is_up);
        self.wire.ether.lock().points[0].faults.is_silent = false;
        let is_back = self.run_until(BACK_US, |world| world.is_up);
        if self.is_calm() && !(is_lost && is_back) {
            self.complain(format!("the policy: link lost {is_lost}, and back {is_back}"));
        }
        if is_back {
            self.check_agreement(true);
            self.ping(1, 64)?;
        }
        Ok(())
    }

    /// A network that is not there is not found, in finite time.
    fn join_nothing(&mut self) -> Result<(), Failure> {
        let join = ControlRequest::Join(JoinInfo::default());
        let result = self.carry_out(join, Some(&named(b"nowhere")));
        if self.is_calm() && result != Err(Failure::NotFound) {
            self.complain(format!("a network that is not there: {result:?}"));
        }
        self.ask(ControlRequest::Leave, None)
    }
}

fn on(channel: u8) -> Tuning {
    Tuning::narrow(Channel::ghz2(channel).expect("a channel of 2.4 GHz"))
}

/// Body of a join: length and name, no elements.
fn named(ssid: &[u8]) -> Vec<u8> {
    [&[ssid.len() as u8][..], ssid].concat()
}

/// A probe request to one access point, which acknowledges it.
fn probe(to: [u8; 6]) -> Vec<u8> {
    let MacAddr(own) = OWN;
    let mut frame = frame::header(kind::PROBE_REQUEST, 0, [to, own, to], 0, None);
    elements::put(&mut frame, id::SSID, b"");
    elements::put_rates(&mut frame, elements::rates(6));
    frame
}
