// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A monitor has no MLME: it hears everything on its channel, which the user sets as long as no
//! station needs the radio elsewhere.

use crate::control::RxFilter;

/// What the radio takes in for a monitor, besides what it posted.
pub const fn needs(posted: RxFilter) -> RxFilter {
    posted.union(RxFilter::MONITOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_monitor_hears_all_but_bad_frames_unless_it_wants_them() {
        assert_eq!(needs(RxFilter::empty()), RxFilter::MONITOR);
        assert_eq!(needs(RxFilter::BAD_FCS), RxFilter::MONITOR | RxFilter::BAD_FCS);
    }
}
