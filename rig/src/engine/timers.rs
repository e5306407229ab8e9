// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Timers, each known by an address.

use std::collections::BTreeMap;

use tern_sim::air::Micros;

/// All armed timers.
#[derive(Default)]
pub(crate) struct Timers {
    /// In order of time, and of arming.
    queue: BTreeMap<(Micros, u64), usize>,
    armed: BTreeMap<usize, (Micros, u64)>,
    count: u64,
}

impl Timers {
    pub(crate) fn arm(&mut self, key: usize, at: Micros) {
        self.disarm(key);
        self.count += 1;
        self.queue.insert((at, self.count), key);
        self.armed.insert(key, (at, self.count));
    }

    pub(crate) fn disarm(&mut self, key: usize) -> bool {
        let Some(place) = self.armed.remove(&key) else { return false };
        self.queue.remove(&place).is_some()
    }

    pub(crate) fn is_armed(&self, key: usize) -> bool {
        self.armed.contains_key(&key)
    }

    pub(crate) fn next(&self) -> Option<Micros> {
        self.queue.keys().next().map(|(at, _)| *at)
    }

    pub(crate) fn is_due(&self, now: Micros) -> bool {
        self.next().is_some_and(|at| at <= now)
    }

    /// The next that is due, which is disarmed.
    pub(crate) fn take_due(&mut self, now: Micros) -> Option<usize> {
        let (place, key) = self.queue.iter().next().map(|(place, key)| (*place, *key))?;
        if place.0 > now {
            return None;
        }
        self.queue.remove(&place);
        self.armed.remove(&key);
        Some(key)
    }

    /// Those whose address lies in a range.
    pub(crate) fn within(&self, from: usize, to: usize) -> Vec<usize> {
        self.armed.range(from..to).map(|(key, _)| *key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Timers;

    #[test]
    fn in_order_of_time_and_arming() {
        let mut timers = Timers::default();
        timers.arm(1, 30);
        timers.arm(2, 20);
        timers.arm(3, 20);
        timers.arm(1, 10);
        assert_eq!((timers.next(), timers.take_due(5)), (Some(10), None));
        let due: Vec<_> = std::iter::from_fn(|| timers.take_due(25)).collect();
        assert_eq!(due, [1, 2, 3]);
        assert!(!timers.disarm(1) && timers.next().is_none());
    }

    #[test]
    fn those_within_a_range() {
        let mut timers = Timers::default();
        timers.arm(100, 1);
        timers.arm(200, 2);
        assert_eq!(timers.within(100, 200), [100]);
        assert!(timers.is_armed(200) && timers.disarm(200) && !timers.is_armed(200));
    }
}
