// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! On and off: interfaces, the radio, the machine's sleep, the end.

use super::Engine;
use crate::{
    action::{Farewell, News},
    chip::{Chip, ChipError, FirmwareError},
    control::{DETACHED, Failure, Notice, RxFilter},
    device::VAPS_MAX,
    io::{Framing, Pipe},
    offchannel,
    os::{Os, OsError, Sleepable},
    radio::Regulatory,
    scan, sme,
    trace::Stage,
    types::{Channel, Instant, MacAddr, Mode, Tuning, VapId},
    vap::{Vap, station},
    wire::{header::MgmtSubtype, mgmt::REASON_LEAVING},
};

/// Where the radio is before anybody said where.
const FIRST_CHANNEL: Option<Channel> = Channel::ghz2(1);
/// Time that farewells, and what was sent before, have to leave before the chip is switched off.
const FAREWELL_US: u32 = 10_000;

/// Time before a tick that failed is tried again.
const TICK_AGAIN_US: u64 = 2_000_000;

impl<O: Os, P: Pipe<O::Packet>, F: Framing, C: Chip> Engine<'_, O, P, F, C> {
    /// Brings an interface up, with the radio if it is the first.
    #[inline(never)]
    pub(super) fn up(
        &mut self,
        cx: &mut Sleepable,
        id: VapId,
        mode: Mode,
        mac: MacAddr,
    ) -> Result<(), Failure> {
        let place = usize::from(id.slot);
        match self.vaps.get(place) {
            None => return Err(Failure::Invalid),
            Some(Some(old)) if old.id != id => return Err(Failure::Busy),
            Some(Some(old)) if old.mode == mode && old.mac == mac && self.is_on => return Ok(()),
            Some(_) => {}
        }
        if mode == Mode::Station {
            if !mac.is_valid_station() {
                return Err(Failure::Invalid);
            }
            if self.station_vap().is_some_and(|other| other.id != id) {
                return Err(Failure::Busy); // There is one radio, and one station on it.
            }
        }
        let before = self.chip_mac();
        let vap = Vap { id, mode, mac, filter: RxFilter::empty() };
        let old = self.vaps.get_mut(place).and_then(|slot| slot.replace(vap));
        if self.is_on && self.chip_mac() != before {
            self.power_off(cx, Failure::Aborted)?; // The chip takes its address at the start.
        }
        let result = self.power_on(cx).and_then(|()| self.refilter(cx));
        if result.is_err()
            && let Some(slot) = self.vaps.get_mut(place)
        {
            *slot = old;
        }
        self.shared.set_tap(id, result.is_ok());
        result.map_err(Failure::from)
    }

    /// The address that the chip answers to.
    #[inline(never)]
    fn chip_mac(&self) -> MacAddr {
        self.station_vap().map_or(self.identity.mac, |vap| vap.mac)
    }

    /// Takes an interface down, and with the last one the radio.
    #[inline(never)]
    pub(super) fn down(&mut self, cx: &mut Sleepable, id: VapId) -> Result<(), Failure> {
        let Some(vap) = self.vap(id) else { return Err(Failure::Down) };
        self.is_asleep = false;
        self.shared.set_tap(id, false);
        let others = self.vaps.iter().flatten().filter(|other| other.id != id).count();
        let result = if others == 0 {
            self.power_off(cx, Failure::Down)
        } else {
            if vap.mode == Mode::Station {
                self.halt(cx, true);
                self.end_begun(cx, None, Failure::Down);
            }
            Ok(())
        };
        if let Some(slot) = self.vaps.get_mut(usize::from(id.slot)) {
            *slot = None;
        }
        self.end_begun(cx, Some(id), Failure::Down);
        result.and_then(|()| self.refilter(cx).map_err(Failure::from))
    }

    /// The machine goes to sleep; interfaces stay up, and know nothing but which networks to join.
    #[inline(never)]
    pub(super) fn suspend(&mut self, cx: &mut Sleepable) -> Result<(), Failure> {
        self.is_asleep = true;
        self.power_off(cx, Failure::Down)
    }

    /// What was up comes up again, and what was joined is joined again.
    #[inline(never)]
    pub(super) fn resume(&mut self, cx: &mut Sleepable) -> Result<(), Failure> {
        if self.vaps.iter().all(Option::is_none) {
            return Ok(());
        }
        let result = self.power_on(cx).and_then(|()| self.refilter(cx));
        if result.is_err() {
            self.is_asleep = false;
            self.sme_input(cx, sme::Input::Halt);
            self.forget_join();
        }
        result.map_err(Failure::from)
    }

    #[inline(never)]
    pub(super) fn vap(&self, id: VapId) -> Option<Vap> {
        self.vaps.get(usize::from(id.slot)).copied().flatten().filter(|vap| vap.id == id)
    }

    #[inline(never)]
    fn power_on(&mut self, cx: &mut Sleepable) -> Result<(), ChipError> {
        if self.is_on {
            return Ok(());
        }
        let (shared, name, mac) = (self.shared, self.firmware(), self.chip_mac());
        shared.trace.record(cx, &shared.os, Stage::Call { what: "start", tuning: None });
        let chip = &mut self.chip;
        let started = shared.os.firmware(cx, name, &mut |cx, image| chip.start(cx, image, mac));
        let started = started.map_err(|error| match error {
            ChipError::Os(OsError::NoFirmware) => {
                FirmwareError::Missing(name.to_str().unwrap_or("?")).into()
            }
            other => other,
        });
        shared.trace.record(cx, &shared.os, Stage::Done { what: "start", result: started });
        if let Err(error) = started {
            self.complain(format_args!("{}: not started", self.identity.name), error);
            return Err(error);
        }
        (self.is_on, self.power_set, self.filter) = (true, None, RxFilter::empty());
        self.tick_at = Some(self.now());
        match self.first_tuning(cx) {
            Ok(()) => {
                if core::mem::take(&mut self.is_asleep) {
                    self.sme_input(cx, sme::Input::Wake);
                }
                Ok(())
            }
            Err(error) => {
                self.complain(format_args!("{}: not tuned", self.identity.name), error);
                let _ = self.power_off(cx, Failure::Down); // What failed first is what counts.
                Err(error)
            }
        }
    }

    #[inline(never)]
    fn first_tuning(&mut self, cx: &mut Sleepable) -> Result<(), ChipError> {
        let allowed = || self.regulatory.channels().next().or(FIRST_CHANNEL).map(Tuning::narrow);
        let Some(tuning) = self.home.or_else(allowed) else { return Ok(()) };
        self.tune(cx, tuning)?;
        self.home = Some(tuning);
        Ok(())
    }

    /// Ends all that goes on, switches the chip off, and then tells who waits for an outcome.
    #[inline(never)]
    pub(super) fn power_off(&mut self, cx: &mut Sleepable, why: Failure) -> Result<(), Failure> {
        self.halt(cx, self.is_on);
        let stopped =
            if self.is_on { self.call(cx, "stop", None, |chip, cx| chip.stop(cx)) } else { Ok(()) };
        (self.is_on, self.tick_at) = (false, None);
        self.shared.forget_tuning();
        self.keys.forget_all();
        self.end_sending(cx, why);
        self.end_begun(cx, None, why);
        stopped.map_err(Failure::from)
    }

    /// Stops every machine. `can_tell`: chip and access point are told.
    #[inline(never)]
    pub(super) fn halt(&mut self, cx: &mut Sleepable, can_tell: bool) {
        let is_asleep = self.is_asleep;
        self.sme_input(cx, if is_asleep { sme::Input::Sleep } else { sme::Input::Halt });
        self.halt_scan(cx, can_tell);
        self.station.handle(self.now(), station::Input::Halt(can_tell), &mut self.actions);
        self.settle(cx, &[]);
        if can_tell {
            self.shared.os.sleep_us(cx, FAREWELL_US);
        }
        self.bodies.exchange = None;
        self.bodies.scan = None;
        if !is_asleep {
            self.forget_join();
        }
        (self.scanning_for, self.is_away) = (None, false);
    }

    fn halt_scan(&mut self, cx: &mut Sleepable, can_tell: bool) {
        let was_scanning = self.scan.is_active();
        let was_elsewhere = self.is_elsewhere();
        self.scan_input(cx, scan::Input::Halt);
        self.offchannel.handle(self.now(), offchannel::Input::Halt, &mut self.actions);
        self.settle(cx, &[]);
        if !can_tell {
            return;
        }
        // What fails here is switched off soon, or fails again for somebody who waits.
        if was_scanning {
            let _ = self.call(cx, "set_scanning", None, |chip, cx| chip.set_scanning(cx, false));
        }
        if was_elsewhere && let Some(home) = self.home {
            let _ = self.tune(cx, home);
        }
    }

    /// Ends the operations of an interface, or all: exactly one answer each.
    #[inline(never)]
    fn end_begun(&mut self, cx: &mut Sleepable, of: Option<VapId>, why: Failure) {
        let is_of = |begun: &super::Begun| of.is_none_or(|vap| begun.vap == vap);
        while let Some(index) = self.begun.iter().position(is_of) {
            let Some(super::Begun { id, vap, operation, is_begun }) =
                super::take(&mut self.begun, index)
            else {
                return;
            };
            let result = Err(why);
            if is_begun {
                self.shared.trace.record(cx, &self.shared.os, Stage::Outcome { id, result });
                self.notify(cx, vap, Notice::Outcome { id, operation, result, frame: &[] });
            } else {
                self.shared.complete(cx, id, result);
            }
        }
    }

    /// The end: what goes on ends. The chip is told to stop and no more, because it may be gone.
    #[inline(never)]
    pub(crate) fn detach(&mut self, cx: &mut Sleepable) {
        for slot in 0..VAPS_MAX {
            if let Some(Some(vap)) = self.vaps.get(slot) {
                self.shared.set_tap(vap.id, false);
            }
        }
        self.is_asleep = false;
        self.halt(cx, false);
        if self.is_on {
            // With the module unloaded and the stick still there, this leaves the chip off.
            let _ = self.call(cx, "stop", None, |chip, cx| chip.stop(cx));
        }
        (self.is_on, self.tick_at) = (false, None);
        self.shared.forget_tuning();
        self.end_sending(cx, DETACHED);
        self.end_begun(cx, None, DETACHED);
        if let Some(bssid) = self.told_of.take() {
            let (subtype, reason) = (MgmtSubtype::Deauth, REASON_LEAVING);
            self.tell(cx, News::Left(Farewell { bssid, subtype, reason }), &[]);
        }
    }

    /// Takes what an interface posted, now or when the chip is on. Nobody waits for this, so a
    /// failure is for the log.
    #[inline(never)]
    pub(crate) fn set_rx_filter(&mut self, cx: &mut Sleepable, id: VapId, filter: RxFilter) {
        let slot = self.vaps.get_mut(usize::from(id.slot)).and_then(Option::as_mut);
        let Some(vap) = slot.filter(|vap| vap.id == id) else { return };
        vap.filter = filter;
        if let Err(error) = self.refilter(cx) {
            self.complain(format_args!("{filter:?} not set"), error);
        }
    }

    /// Tells the chip what all interfaces and machines together need, if that has changed.
    #[inline(never)]
    pub(super) fn refilter(&mut self, cx: &mut Sleepable) -> Result<(), ChipError> {
        let wanted = self.vaps.iter().flatten().fold(RxFilter::empty(), |f, vap| f | vap.needs());
        let scanning =
            if self.scan.is_active() { RxFilter::OTHER_BEACONS } else { RxFilter::empty() };
        let wanted = wanted | scanning;
        if !self.is_on || wanted == self.filter {
            return Ok(());
        }
        self.call(cx, "set_rx_filter", None, |chip, cx| chip.set_rx_filter(cx, wanted))?;
        self.filter = wanted;
        Ok(())
    }

    /// Says in the log what failed that nobody waits for. That a stick was pulled out is no news.
    #[inline(never)]
    pub(super) fn complain(&self, what: core::fmt::Arguments<'_>, error: ChipError) {
        if error != ChipError::Os(OsError::Detached) {
            self.shared.os.log(format_args!("{what}: {error}"));
        }
    }

    /// Takes a regulatory domain; what is no longer allowed ends.
    #[inline(never)]
    pub(crate) fn set_regulatory(&mut self, cx: &mut Sleepable, regulatory: Regulatory) {
        self.regulatory = regulatory;
        let here = self.station.network().map(|(_, tuning)| Tuning::narrow(tuning.channel));
        if here.is_some_and(|here| !self.regulatory.allows(here)) {
            self.station.handle(self.now(), station::Input::Evicted, &mut self.actions);
            self.settle(cx, &[]);
        }
        if let Err(error) = self.set_power(cx) {
            self.complain(format_args!("power limit not set"), error);
        }
    }

    /// Work of the chip that comes round.
    #[inline(never)]
    pub(super) fn tick(&mut self, cx: &mut Sleepable, now: Instant) {
        if self.tick_at.is_none_or(|at| now < at) || !self.is_on {
            return;
        }
        self.tell_signal(cx);
        self.tick_at = match self.chip.tick(cx, now) {
            Ok(next) => next.filter(|next| *next > now),
            Err(error) => {
                self.complain(format_args!("tick"), error);
                Some(now.after_us(TICK_AGAIN_US))
            }
        };
    }

    /// Firmware that chooses rates wants to know how well the access point is heard.
    fn tell_signal(&mut self, cx: &mut Sleepable) {
        let (Some(vap), Some((addr, _))) = (self.station_vap(), self.station.network()) else {
            return;
        };
        let Some(stats) = self.data().peer_stats(cx, vap.id, addr) else { return };
        let Some(dbm) = stats.rx.average_dbm().filter(|_| self.firmware_rates()) else { return };
        if let Err(error) = self.chip.set_signal(cx, 0, dbm) {
            self.complain(format_args!("signal not told"), error);
        }
    }
}
