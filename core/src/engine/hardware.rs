// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a [`ChipCommand`] means in calls of the chip, each in the event ring.

use super::Engine;
use crate::{
    action::ChipCommand,
    chip::{Chip, ChipError, Edca, Link, Offloads, PeerInfo},
    control::{AssocInfo, Failure},
    io::{Framing, Pipe, TxQueue},
    os::{Os, Sleepable},
    radio::own_ht,
    rate::PeerRates,
    trace::Stage,
    types::{Cipher, LegacyRates, Mode, Tuning, Width},
    wire::{
        elements::{HtCapability, ht::HtInfo},
        mgmt::Capability,
    },
};

/// Without WMM all queues contend like plain DCF (IEEE Std 802.11-2020, 10.2.2).
const DCF: Edca = Edca { aifsn: 2, ecw_min: 4, ecw_max: 10, txop: 0 };
/// The queues in the order of WMM parameters.
const QUEUES: [TxQueue; TxQueue::COUNT] =
    [TxQueue::Background, TxQueue::BestEffort, TxQueue::Video, TxQueue::Voice];
/// Most time that frames get to leave before the radio is tuned elsewhere, and between two looks.
const DRAIN_TRIES: u32 = 10;
const DRAIN_STEP_US: u32 = 2_000;

impl<O: Os, P: Pipe<O::Packet>, F: Framing, C: Chip> Engine<'_, O, P, F, C> {
    /// Calls the chip, and records that and how it went.
    pub(super) fn call(
        &mut self,
        cx: &mut Sleepable,
        what: &'static str,
        tuning: Option<Tuning>,
        call: impl FnOnce(&mut C, &mut Sleepable) -> Result<(), ChipError>,
    ) -> Result<(), ChipError> {
        let shared = self.shared;
        shared.trace.record(cx, &shared.os, Stage::Call { what, tuning });
        let result = call(&mut self.chip, cx);
        shared.trace.record(cx, &shared.os, Stage::Done { what, result });
        result
    }

    /// Carries out a command; the first call that fails ends it.
    #[inline(never)]
    pub(super) fn command(
        &mut self,
        cx: &mut Sleepable,
        command: ChipCommand,
    ) -> Result<(), ChipError> {
        match command {
            ChipCommand::Approach => self.approach(cx),
            ChipCommand::Bind => self.bind(cx),
            ChipCommand::Follow(tuning) => self.follow(cx, tuning),
            ChipCommand::Relink => {
                self.set_link(cx, self.station.bound().aid)?;
                if self.station.bound().wmm.is_some() {
                    self.set_edca(cx)?;
                }
                self.adjust_peer(cx);
                Ok(())
            }
            ChipCommand::Release => {
                self.clear_keys(cx);
                self.set_link(cx, 0)
            }
            ChipCommand::Unbind => {
                self.clear_keys(cx);
                let none = Link::none(Mode::Station);
                self.call(cx, "set_link", None, |chip, cx| chip.set_link(cx, &none))
            }
            ChipCommand::ScanBegin => {
                self.refilter(cx)?;
                self.call(cx, "set_scanning", None, |chip, cx| chip.set_scanning(cx, true))
            }
            ChipCommand::Visit(tuning) => {
                self.leave_home(cx);
                self.tune(cx, tuning)
            }
            ChipCommand::GoHome => self.go_home(cx),
            ChipCommand::ScanEnd => self.end_scan(cx),
        }
    }

    fn approach(&mut self, cx: &mut Sleepable) -> Result<(), ChipError> {
        let Some((_, tuning)) = self.station.network() else { return Err(ChipError::Unsupported) };
        let tuning = Tuning::narrow(tuning.channel);
        self.tune(cx, tuning)?;
        self.home = Some(tuning);
        self.set_link(cx, 0)
    }

    #[inline(never)]
    fn bind(&mut self, cx: &mut Sleepable) -> Result<(), ChipError> {
        if let Some(home) = self.home {
            let width = self.operating_width();
            if width != home.width {
                let wide = Tuning { width, ..home };
                self.tune(cx, wide)?;
                self.home = Some(wide);
            }
        }
        self.set_link(cx, self.station.bound().aid)?;
        self.set_edca(cx)?;
        let rates = self.peer_rates();
        let peer = PeerInfo {
            mac_id: 0,
            rates: rates.legacy,
            mcs: rates.mcs,
            width: self.home.map_or(Width::Mhz20, |home| home.width),
            short_gi: rates.short_gi,
        };
        self.call(cx, "set_peer", None, |chip, cx| chip.set_peer(cx, &peer))
    }

    fn follow(&mut self, cx: &mut Sleepable, tuning: Tuning) -> Result<(), ChipError> {
        if !self.regulatory.allows(tuning) {
            return Err(ChipError::Unsupported); // The station leaves then.
        }
        self.tune(cx, tuning)?;
        self.home = Some(tuning);
        self.adjust_peer(cx);
        Ok(())
    }

    /// Tells the chip how its queues contend.
    #[inline(never)]
    fn set_edca(&mut self, cx: &mut Sleepable) -> Result<(), ChipError> {
        let edca = self.station.bound().wmm.map_or([DCF; TxQueue::COUNT], |wmm| wmm.edca);
        for (queue, edca) in QUEUES.into_iter().zip(edca) {
            self.call(cx, "set_edca", None, |chip, cx| chip.set_edca(cx, queue, edca))?;
        }
        Ok(())
    }

    /// Tells the data path how the network works now.
    fn adjust_peer(&self, cx: &mut Sleepable) {
        if let (Some(peer), Some(home)) = (self.peer, self.home) {
            self.data().adjust(cx, peer, self.peer_rates(), home.width);
        }
    }

    #[inline(never)]
    fn set_link(&mut self, cx: &mut Sleepable, aid: u16) -> Result<(), ChipError> {
        let bss = self.station.bss();
        let has = |bit| bss.is_some_and(|bss| bss.capability.contains(bit));
        let barker = bss.and_then(|bss| bss.erp).is_some_and(|erp| erp.barker_preamble);
        let basic = bss.map_or(LegacyRates::CCK, |bss| bss.rates.basic);
        let link = Link {
            mode: Mode::Station,
            bssid: self.station.network().map(|(bssid, _)| bssid),
            aid,
            beacon_interval_tu: bss.map_or(100, |bss| bss.beacon_interval_tu),
            basic_rates: if basic.is_empty() { LegacyRates::CCK } else { basic },
            short_slot: has(Capability::SHORT_SLOT),
            short_preamble: has(Capability::SHORT_PREAMBLE) && !barker,
        };
        self.call(cx, "set_link", None, |chip, cx| chip.set_link(cx, &link))
    }

    /// Tunes, if the radio is not there yet, and keeps to the power that is allowed there.
    #[inline(never)]
    pub(super) fn tune(&mut self, cx: &mut Sleepable, tuning: Tuning) -> Result<(), ChipError> {
        if self.shared.tuning() == Some(tuning) {
            return Ok(());
        }
        // Frames that come in meanwhile are from nowhere.
        self.shared.forget_tuning();
        let tuned =
            self.call(cx, "set_channel", Some(tuning), |chip, cx| chip.set_channel(cx, tuning));
        if let Err(error) = tuned {
            self.complain(format_args!("channel {:?}", tuning.channel), error);
            return Err(error);
        }
        self.shared.set_tuning(tuning);
        self.set_power(cx)
    }

    /// Tells the chip the lower of what the user and the regulatory domain allow, if it changed.
    pub(super) fn set_power(&mut self, cx: &mut Sleepable) -> Result<(), ChipError> {
        let Some(tuning) = self.shared.tuning().filter(|_| self.is_on) else { return Ok(()) };
        let rule = self.regulatory.rule(tuning.channel).map(|rule| rule.max_dbm);
        let limit = [rule, self.power_limit].into_iter().flatten().min();
        if limit == self.power_set {
            return Ok(());
        }
        self.call(cx, "set_tx_power", None, |chip, cx| chip.set_tx_power(cx, limit))?;
        self.power_set = limit;
        Ok(())
    }

    /// Before the radio goes elsewhere the access point is told to keep what is for us.
    fn leave_home(&mut self, cx: &mut Sleepable) {
        let Some(peer) = self.peer else { return };
        if self.is_away || !self.station.is_associated() {
            return;
        }
        self.is_away = true;
        self.traffic = self.count_traffic(cx);
        self.data().pause(cx, peer);
        self.send_null(cx, true);
        self.wait_drained(cx, peer);
    }

    /// Waits, for a bounded time, until what was sent has left.
    pub(super) fn wait_drained(&self, cx: &mut Sleepable, peer: crate::types::PeerId) {
        for _ in 0..DRAIN_TRIES {
            if self.data().is_drained(cx, peer) {
                return;
            }
            self.shared.os.sleep_us(cx, DRAIN_STEP_US);
        }
    }

    fn go_home(&mut self, cx: &mut Sleepable) -> Result<(), ChipError> {
        let result = self.home.map_or(Ok(()), |home| self.tune(cx, home));
        if self.is_away {
            self.is_away = false;
            self.send_null(cx, false);
            if let Some(peer) = self.peer {
                self.data().resume(cx, &self.shared.os, peer);
            }
            let back = crate::vap::station::Input::Back;
            self.station.handle(self.now(), back, &mut self.actions);
        }
        result
    }

    /// Everything is tried: after a failure the rest is as it was before the scan, too.
    #[inline(never)]
    fn end_scan(&mut self, cx: &mut Sleepable) -> Result<(), ChipError> {
        let stopped = self.call(cx, "set_scanning", None, |chip, cx| chip.set_scanning(cx, false));
        let home = self.go_home(cx);
        self.scanning_for = None;
        stopped.and(home)
    }

    pub(super) fn led(&mut self, cx: &mut Sleepable, on: bool) {
        if !self.is_on {
            return;
        }
        if let Err(error) = self.call(cx, "set_led", None, |chip, cx| chip.set_led(cx, on)) {
            self.complain(format_args!("LED"), error);
        }
    }

    /// Reads registers for who looks for a fault.
    pub(super) fn peek(&mut self, cx: &mut Sleepable, addr: u16) -> Result<(), Failure> {
        if !self.is_on {
            return Err(Failure::Down);
        }
        let mut value = 0;
        self.call(cx, "peek", None, |chip, cx| {
            value = chip.peek(cx, addr)?;
            Ok(())
        })?;
        self.shared.set_peeked(addr, value);
        Ok(())
    }

    /// The width that we and the network agree on.
    pub(super) fn width_for(&self, info: &AssocInfo) -> Tuning {
        let network = self.station.bss().map_or(Width::Mhz20, |bss| bss.tuning.width);
        let width = if info.is_widest { network } else { info.tuning.width };
        let wanted = Tuning { width, ..info.tuning };
        if self.shared.info().has_40mhz && self.regulatory.allows(wanted) {
            wanted
        } else {
            Tuning::narrow(info.tuning.channel)
        }
    }

    /// What we can do that HT knows of.
    pub(super) fn own_ht(&self) -> HtCapability {
        own_ht(self.shared.info(), &self.identity)
    }

    /// Whether HT is used: both sides know it, and the cipher is none that HT forbids
    /// (IEEE Std 802.11-2020, 12.5: WEP and TKIP).
    pub(super) fn uses_ht(&self, cipher: Option<Cipher>) -> bool {
        !matches!(cipher, Some(Cipher::Wep40 | Cipher::Wep104 | Cipher::Tkip))
            && self.station.bss().is_some_and(|bss| bss.ht.is_some())
    }

    /// As wide as the association says, the network works, and is allowed.
    fn operating_width(&self) -> Width {
        let bound = self.station.bound();
        let (Some((_, asked)), Some(operation), Some(_)) =
            (self.station.network(), bound.operation, bound.ht)
        else {
            return Width::Mhz20;
        };
        let is_possible = self.shared.info().has_40mhz && self.regulatory.allows(asked);
        if is_possible && asked.width == operation.width { asked.width } else { Width::Mhz20 }
    }

    /// What we and the access point both understand.
    pub(super) fn peer_rates(&self) -> PeerRates {
        let bound = self.station.bound();
        let bss = self.station.bss();
        let own = self.own_ht();
        let (_, cipher) = self.station.assoc_choice();
        let ht = bound.ht.filter(|_| self.uses_ht(cipher));
        let is_wide = self.home.is_some_and(|home| home.width != Width::Mhz20);
        let short_gi = if is_wide { HtInfo::SHORT_GI_40 } else { HtInfo::SHORT_GI_20 };
        let streams = u32::from(self.identity.tx_chains.clamp(1, 4));
        let tx_mcs = u32::MAX.checked_shr(32 - 8 * streams).unwrap_or(0);
        let erp = bss.and_then(|bss| bss.erp).unwrap_or_default();
        let has = |bit| bss.is_some_and(|bss| bss.capability.contains(bit));
        PeerRates {
            legacy: bound.rates.supported,
            basic: bss.map_or(bound.rates.basic, |bss| bss.rates.basic),
            mcs: ht.map_or(0, |ht| ht.rx_mcs & tx_mcs),
            short_gi: ht.is_some_and(|ht| (ht.info & own.info).contains(short_gi)),
            short_preamble: has(Capability::SHORT_PREAMBLE) && !erp.barker_preamble,
            protect_ofdm: erp.use_protection,
        }
    }

    pub(super) fn firmware_rates(&self) -> bool {
        self.shared.info().offloads.contains(Offloads::RATE_CONTROL)
    }
}
