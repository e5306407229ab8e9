// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Whether the access point is still there, and where it goes.

use crate::{
    types::{Channel, Instant, Tuning, Width},
    wire::elements::ChannelSwitch,
};

/// Beacons in a row that may be lost before we ask.
const BEACONS_LOST_MAX: u64 = 20;
/// Times that we ask.
const PROBES_MAX: u8 = 3;
/// Time for each answer.
const PROBE_TIMEOUT_US: u64 = 300_000;
/// A time unit (IEEE Std 802.11-2020, 3.1).
const TU_US: u64 = 1024;

/// When the access point was last heard, and what it announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alive {
    interval_us: u64,
    until: Instant,
    probes: u8,
    switch: Option<(Tuning, Instant)>,
}

/// What to do when time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Wait,
    Probe(Alive),
    Follow(Tuning, Alive),
    Lost,
}

impl Alive {
    pub(super) fn new(now: Instant, interval_tu: u16) -> Self {
        let interval_us = u64::from(interval_tu.max(1)) * TU_US;
        Self { interval_us, until: now, probes: 0, switch: None }.heard(now)
    }

    /// It is there.
    pub(super) const fn heard(self, now: Instant) -> Self {
        Self { until: now.after_us(self.interval_us * BEACONS_LOST_MAX), probes: 0, ..self }
    }

    /// Somebody says that it is not.
    pub(super) const fn suspect(self, now: Instant) -> Self {
        if self.probes == 0 { Self { until: now, ..self } } else { self }
    }

    /// It announced a switch, or no longer does.
    pub(super) fn with_switch(
        self,
        now: Instant,
        switch: Option<ChannelSwitch>,
        tuning: Tuning,
    ) -> Self {
        let to = |switch: ChannelSwitch| {
            let channel = Channel::new(tuning.channel.band(), switch.channel)?;
            // Where the secondary channel goes is not said; 20 MHz always works.
            let at = now.after_us(u64::from(switch.count) * self.interval_us);
            (channel != tuning.channel).then_some((Tuning { channel, width: Width::Mhz20 }, at))
        };
        // Once announced, a switch stands: the last beacon before it may be lost.
        Self { switch: switch.and_then(to).or(self.switch), ..self }
    }

    pub(super) const fn deadline(&self) -> Instant {
        match self.switch {
            Some((_, at)) if at.0 < self.until.0 => at,
            _ => self.until,
        }
    }

    pub(super) fn time_passed(self, now: Instant) -> Next {
        match self.switch {
            Some((tuning, at)) if now >= at => Next::Follow(tuning, Self { switch: None, ..self }),
            _ if now < self.until => Next::Wait,
            _ if self.probes >= PROBES_MAX => Next::Lost,
            _ => Next::Probe(Self {
                probes: self.probes + 1,
                until: now.after_us(PROBE_TIMEOUT_US),
                ..self
            }),
        }
    }
}
