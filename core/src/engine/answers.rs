// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Answers to requests, and news: each request gets one answer, and each beginning one outcome.

use super::{Begun, Engine, take};
use crate::{
    action::{News, Origin},
    chip::Chip,
    control::{Failure, Notice},
    io::{Framing, Pipe},
    os::{Os, Sleepable},
    sme,
    trace::Stage,
    wire::mgmt,
};

impl<O: Os, P: Pipe<O::Packet>, F: Framing, C: Chip> Engine<'_, O, P, F, C> {
    pub(super) fn begin(&mut self, cx: &mut Sleepable, origin: Origin) {
        let Origin::User(id) = origin else { return };
        let Some(index) = self.begun.iter().position(|begun| begun.id == id) else { return };
        // Who was told otherwise meanwhile, by `stop`, gets no notice either.
        if self.shared.complete(cx, id, Ok(())).is_none() {
            let _ = take(&mut self.begun, index);
        } else if let Some(begun) = self.begun.get_mut(index) {
            begun.is_begun = true;
        }
    }

    pub(super) fn complete(
        &mut self,
        cx: &mut Sleepable,
        origin: Origin,
        result: Result<(), Failure>,
    ) {
        match origin {
            Origin::User(id) => {
                if let Some(index) = self.begun.iter().position(|begun| begun.id == id) {
                    let _ = take(&mut self.begun, index);
                }
                self.shared.complete(cx, id, result);
            }
            Origin::Sme => self.sme_input(cx, sme::Input::Outcome(result)),
        }
    }

    pub(super) fn outcome(
        &mut self,
        cx: &mut Sleepable,
        origin: Origin,
        result: Result<(), Failure>,
        frame: &[u8],
    ) {
        let Origin::User(id) = origin else {
            self.sme_input(cx, sme::Input::Outcome(result));
            return;
        };
        let Some(index) = self.begun.iter().position(|begun| begun.id == id) else { return };
        let Some(Begun { vap, operation, .. }) = take(&mut self.begun, index) else { return };
        self.shared.trace.record(cx, &self.shared.os, Stage::Outcome { id, result });
        self.notify(cx, vap, Notice::Outcome { id, operation, result, frame });
    }

    #[inline(never)]
    pub(super) fn tell(&mut self, cx: &mut Sleepable, news: News, heard: &[u8]) {
        let Some(vap) = self.station_vap() else { return };
        if news != News::BeaconLost {
            self.told_of = None;
        }
        match news {
            News::SentAway => self.notify(cx, vap.id, Notice::SentAway(heard)),
            News::BeaconLost => self.notify(cx, vap.id, Notice::BeaconLost),
            News::Left(to) => {
                let frame = mgmt::farewell(to.subtype, to.bssid, vap.mac, to.reason);
                self.notify(cx, vap.id, Notice::Left(&frame));
            }
        }
    }
}
