// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Who hears what, and when.

use std::collections::{BTreeMap, VecDeque};

use super::{Conditions, Heard, Micros, NOMINAL_POWER_DBM, Observer, OnAir, Seen, TxOutcome};
use crate::Seed;

/// Frames kept for one radio that does not fetch them; more are lost, as in a full FIFO.
const PENDING_MAX: usize = 4096;
/// Tries of one frame, whatever the sender asks for (a chip's limit is 63).
const TRIES_MAX: u8 = 64;
/// Gap before a frame: DIFS and a little back-off (10.3.2.3, 50 us at 2.4 GHz).
const GAP_US: Micros = 50;
/// SIFS and an acknowledgement at 24 Mb/s.
const ACK_US: Micros = 38;
/// A frame that is to be overtaken comes up to so much later.
const OVERTAKEN_US: Micros = 20_000;
/// Retry, in the second byte of frame control (9.2.4.1.6).
const RETRY: u8 = 0x08;

/// A radio on the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RadioId(u32);

#[derive(Debug)]
struct Radio {
    name: String,
    /// Channel and width; `None` before the first `tune`: hears nothing.
    tuned: Option<(u8, u8)>,
    signal_dbm: Option<i8>,
    acknowledges: Vec<[u8; 6]>,
    /// Ordered by time of arrival.
    pending: VecDeque<Heard>,
    /// Arrival of the last frame from each sender that was not overtaken.
    last_at: BTreeMap<RadioId, Micros>,
}

/// What a receiver does to all tries of one frame: none of them overtakes another.
type Lateness = BTreeMap<RadioId, Micros>;

/// The air; see the [module](super).
pub struct Air {
    seed: Seed,
    conditions: Conditions,
    radios: BTreeMap<RadioId, Radio>,
    joined: u32,
    /// When each channel is free again.
    busy_until: BTreeMap<u8, Micros>,
    observer: Option<Box<dyn Observer>>,
    observer_error: Option<std::io::Error>,
}

impl std::fmt::Debug for Air {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Air").field("conditions", &self.conditions).finish_non_exhaustive()
    }
}

impl Air {
    /// An air with no radio on it.
    pub fn new(seed: u64, conditions: Conditions) -> Self {
        Self {
            seed: Seed::new(seed),
            conditions,
            radios: BTreeMap::new(),
            joined: 0,
            busy_until: BTreeMap::new(),
            observer: None,
            observer_error: None,
        }
    }

    /// Changes how bad the air is from now on.
    pub fn set_conditions(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    /// Shows every transmission to `observer` from now on (see [`Capture`](super::Capture)).
    pub fn observe(&mut self, observer: Box<dyn Observer>) {
        self.observer = Some(observer);
    }

    /// The first error of the observer, which is not called again after it.
    pub fn take_observer_error(&mut self) -> Option<std::io::Error> {
        self.observer_error.take()
    }

    /// A new radio; `name` is for people. It hears nothing until it is tuned.
    pub fn join(&mut self, name: &str) -> RadioId {
        let id = RadioId(self.joined);
        self.joined += 1;
        let radio = Radio {
            name: name.to_owned(),
            tuned: None,
            signal_dbm: None,
            acknowledges: Vec::new(),
            pending: VecDeque::new(),
            last_at: BTreeMap::new(),
        };
        self.radios.insert(id, radio);
        id
    }

    /// The radio is gone, with all it had not fetched. Its id is not used again.
    pub fn leave(&mut self, radio: RadioId) {
        self.radios.remove(&radio);
    }

    /// Tunes a radio. What was on its way on another channel is lost. `width_mhz` is 20 or 40.
    pub fn tune(&mut self, radio: RadioId, channel: u8, width_mhz: u8) {
        let Some(radio) = self.radios.get_mut(&radio) else { return };
        if radio.tuned.is_some_and(|(old, _)| old != channel) {
            radio.pending.clear();
        }
        radio.tuned = Some((channel, width_mhz));
    }

    /// The radio hears nothing until it is tuned again (switched off, or its receiver disabled).
    pub fn deafen(&mut self, radio: RadioId) {
        let Some(radio) = self.radios.get_mut(&radio) else { return };
        radio.tuned = None;
        radio.pending.clear();
    }

    /// The unicast addresses that this radio acknowledges from now on; replaces all earlier ones.
    pub fn acknowledge(&mut self, radio: RadioId, addresses: &[[u8; 6]]) {
        if let Some(radio) = self.radios.get_mut(&radio) {
            radio.acknowledges = addresses.to_vec();
        }
    }

    /// How strongly others hear this radio at nominal power.
    pub fn set_signal(&mut self, radio: RadioId, dbm: i8) {
        if let Some(radio) = self.radios.get_mut(&radio) {
            radio.signal_dbm = Some(dbm);
        }
    }

    /// Sends a frame, up to `tries_max` times until it is acknowledged. A radio that has left sends
    /// nothing; the sender need not be tuned to the frame's channel.
    pub fn transmit(
        &mut self,
        now: Micros,
        radio: RadioId,
        mut frame: OnAir,
        tries_max: u8,
    ) -> TxOutcome {
        let nothing = TxOutcome { acked: false, retries: 0, done_at: now };
        if !self.radios.contains_key(&radio) || frame.bytes.len() < 10 {
            return nothing;
        }
        let is_group = frame.bytes[4] & 1 != 0;
        let tries = if is_group { 1 } else { tries_max.clamp(1, TRIES_MAX) };
        let (mut outcome, mut lateness) = (nothing, Lateness::new());
        for retries in 0..tries {
            if retries > 0 {
                frame.bytes[1] |= RETRY;
            }
            let (acked, done_at) = self.try_once(now, radio, &frame, &mut lateness);
            outcome = TxOutcome { acked: acked || is_group, retries, done_at };
            if outcome.acked {
                break;
            }
        }
        outcome
    }

    /// What this radio has heard by now, in order; `None` when there is nothing (yet).
    pub fn receive(&mut self, now: Micros, radio: RadioId) -> Option<Heard> {
        let pending = &mut self.radios.get_mut(&radio)?.pending;
        if pending.front()?.at <= now { pending.pop_front() } else { None }
    }

    /// When the next frame can be fetched by any radio.
    pub fn next_event(&self) -> Option<Micros> {
        self.radios.values().filter_map(|radio| radio.pending.front()).map(|heard| heard.at).min()
    }

    /// When the next frame can be fetched by this radio.
    pub fn next_event_of(&self, radio: RadioId) -> Option<Micros> {
        self.radios.get(&radio)?.pending.front().map(|heard| heard.at)
    }

    fn try_once(
        &mut self,
        now: Micros,
        sender: RadioId,
        frame: &OnAir,
        lateness: &mut Lateness,
    ) -> (bool, Micros) {
        let busy = self.busy_until.entry(frame.channel).or_default();
        let started_at = now.max(*busy) + GAP_US;
        let ended_at = started_at + frame.rate.air_time(frame.bytes.len());
        let is_group = frame.bytes[4] & 1 != 0;
        *busy = if is_group { ended_at } else { ended_at + ACK_US };
        let done_at = *busy;
        let signal_dbm = self.signal(sender, frame.power_dbm);
        self.show(sender, started_at, signal_dbm, frame);
        let receivers: Vec<RadioId> = self.radios.keys().copied().collect();
        let mut acked = false;
        for receiver in receivers {
            if receiver == sender || !self.is_heard(receiver, frame) {
                continue;
            }
            let late = *lateness.entry(receiver).or_insert_with(|| self.draw_lateness());
            if self.hand_up(sender, receiver, ended_at, late, signal_dbm, frame) {
                acked |= !self.seed.chance(self.conditions.loss_percent.into());
            }
        }
        (acked, done_at)
    }

    fn is_heard(&mut self, receiver: RadioId, frame: &OnAir) -> bool {
        let tuned = self.radios.get(&receiver).and_then(|radio| radio.tuned);
        let is_tuned = tuned.is_some_and(|(channel, width)| {
            channel == frame.channel && frame.rate.width_mhz() <= width
        });
        is_tuned && !self.seed.chance(self.conditions.loss_percent.into())
    }

    /// How much later than others a frame comes; not zero: it may be overtaken.
    fn draw_lateness(&mut self) -> Micros {
        let is_late = self.seed.chance(self.conditions.reorder_percent.into());
        if is_late { 1 + self.seed.draw() % OVERTAKEN_US } else { 0 }
    }

    fn signal(&self, sender: RadioId, power_dbm: i8) -> i8 {
        let own = self.radios.get(&sender).and_then(|radio| radio.signal_dbm);
        let nominal = own.unwrap_or(self.conditions.signal_dbm);
        nominal.saturating_add(power_dbm.saturating_sub(NOMINAL_POWER_DBM))
    }

    fn show(&mut self, sender: RadioId, started_at: Micros, signal_dbm: i8, frame: &OnAir) {
        let Some(observer) = &mut self.observer else { return };
        let Some(radio) = self.radios.get(&sender) else { return };
        let seen = Seen { started_at, sender: &radio.name, signal_dbm, frame };
        if let Err(error) = observer.seen(&seen) {
            self.observer = None;
            self.observer_error.get_or_insert(error);
        }
    }

    /// Queues the frame for a receiver; whether that one acknowledges it.
    fn hand_up(
        &mut self,
        sender: RadioId,
        receiver: RadioId,
        ended_at: Micros,
        late: Micros,
        signal_dbm: i8,
        frame: &OnAir,
    ) -> bool {
        let Conditions { delay_us, duplicate_percent, .. } = self.conditions;
        let delay = if delay_us > 0 { self.seed.draw() % (delay_us + 1) } else { 0 };
        let is_group = frame.bytes[4] & 1 != 0;
        let is_twice = !is_group && self.seed.chance(duplicate_percent.into());
        let Some(radio) = self.radios.get_mut(&receiver) else { return false };
        let last_at = radio.last_at.entry(sender).or_default();
        let mut at = (ended_at + delay).max(*last_at + 1);
        if late == 0 {
            *last_at = at + u64::from(is_twice);
        } else {
            at += late;
        }
        let OnAir { channel, rate, bytes, .. } = frame.clone();
        let heard = Heard { at, channel, rate, signal_dbm, bytes };
        if is_twice {
            let mut again = heard.clone();
            again.at += 1;
            again.bytes[1] |= RETRY;
            radio.keep(again);
        }
        let acknowledges = radio.acknowledges.iter().any(|mine| frame.bytes[4..10] == *mine);
        radio.keep(heard);
        acknowledges
    }
}

impl Radio {
    fn keep(&mut self, heard: Heard) {
        if self.pending.len() < PENDING_MAX {
            let place = self.pending.partition_point(|other| other.at <= heard.at);
            self.pending.insert(place, heard);
        }
    }
}
