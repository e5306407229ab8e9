// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The TSF timer and when beacons are due.

use crate::air::Micros;

/// Microseconds of a time unit (IEEE 802.11-2020, 3.2).
const TIME_UNIT: u64 = 1024;

/// A timing synchronization function.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tsf {
    /// What is added to the time; wraps.
    offset: u64,
}

impl Tsf {
    /// The timer now.
    pub(super) fn at(self, now: Micros) -> u64 {
        now.wrapping_add(self.offset)
    }

    /// Sets the timer.
    pub(super) fn set(&mut self, now: Micros, value: u64) {
        self.offset = value.wrapping_sub(now);
    }

    /// The next target beacon transmission time after `now`, for an interval in time units.
    pub(super) fn next_beacon(self, now: Micros, interval: u16) -> Micros {
        let interval = u64::from(interval.max(1)) * TIME_UNIT;
        now + (interval - self.at(now) % interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beacons_are_multiples_of_the_interval() {
        let mut tsf = Tsf::default();
        assert_eq!(tsf.next_beacon(0, 100), 102_400);
        assert_eq!(tsf.next_beacon(102_400, 100), 204_800);
        tsf.set(1_000, 102_000);
        assert_eq!(tsf.at(1_100), 102_100);
        assert_eq!(tsf.next_beacon(1_000, 100), 1_400);
        tsf.set(50, 0);
        assert_eq!(tsf.at(60), 10);
    }
}
