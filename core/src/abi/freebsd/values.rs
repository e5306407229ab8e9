// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! FreeBSD's parameters that are one number (see [`crate::abi::net80211::values`]).

use super::ioc::{
    AMPDU, AMPDU_DENSITY, AMPDU_LIMIT, AMSDU, AMSDU_LIMIT, APBRIDGE, BGSCAN, BGSCAN_IDLE,
    BGSCAN_INTERVAL, BMISSTHRESHOLD, BURST, DFS, DOTD, DOTH, DROPUNENCRYPTED, DWDS, FF,
    FRAGTHRESHOLD, HIDESSID, HTCOMPAT, HTPROTMODE, INACTIVITY, LDPC, POWERSAVE, POWERSAVESLEEP,
    PROTMODE, PUREG, PUREN, QUIET, QUIET_COUNT, QUIET_DUR, QUIET_OFFSET, QUIET_PERIOD, RIFS,
    RTSTHRESHOLD, SCANVALID, SMPS, STBC, TSN, TURBOP, UAPSD, VHTCONF, WME, WPS,
};
use crate::abi::net80211::values::{Row, Rule};

use Rule::{Amsdu, Any, Flag, HtProtection, Never, OffOnly, Only, Range, Smps, Without};

const FRAGMENT_MAX: i16 = 2346;
const BEACON_INTERVAL_TU: i16 = 100;
const ALL: i16 = -1;

/// What is remembered.
pub(super) const VALUES: [Row; 46] = [
    (POWERSAVE, 0, OffOnly),
    (POWERSAVESLEEP, 100, Range(0, i16::MAX)),
    (RTSTHRESHOLD, 2346, Range(1, 2346)),
    (PROTMODE, 1, Range(i16::MIN, 2)),
    (DROPUNENCRYPTED, 0, Flag),
    (WME, 1, Flag),
    (HIDESSID, 0, Flag),
    (APBRIDGE, 1, Flag),
    (PUREG, 0, Flag),
    (FF, 0, Without(ALL)),
    (TURBOP, 0, Without(ALL)),
    (BGSCAN, 1, Flag),
    (BGSCAN_IDLE, 250, Range(100, i16::MAX)),
    (BGSCAN_INTERVAL, 300, Range(15, i16::MAX)),
    (SCANVALID, 60, Range(10, i16::MAX)),
    (FRAGTHRESHOLD, FRAGMENT_MAX, Only(FRAGMENT_MAX, FRAGMENT_MAX)),
    (BURST, 0, Without(ALL)),
    (BMISSTHRESHOLD, 7, Range(1, 255)),
    (AMPDU, 3, Any),
    (AMPDU_LIMIT, 3, Range(0, 3)),
    (AMPDU_DENSITY, 6, Range(0, 7)),
    (AMSDU, 2, Amsdu),
    (AMSDU_LIMIT, 0, Any),
    (PUREN, 0, Flag),
    (DOTH, 1, Flag),
    (HTCOMPAT, 0, Flag),
    (DWDS, 0, Without(ALL)),
    (INACTIVITY, 1, Flag),
    (WPS, 0, Flag),
    (TSN, 0, Flag),
    (DFS, 0, Without(ALL)),
    (DOTD, 0, Flag),
    (HTPROTMODE, 2, HtProtection),
    (SMPS, 12, Smps),
    (RIFS, 0, Without(ALL)),
    (STBC, 0, Without(3)),
    (LDPC, 0, Without(3)),
    (UAPSD, 0, Never),
    (VHTCONF, 0, Any),
    (QUIET, 0, Any),
    (QUIET_PERIOD, 0, Any),
    (QUIET_OFFSET, 0, Any),
    (QUIET_DUR, 0, Range(i16::MIN, BEACON_INTERVAL_TU - 1)),
    (QUIET_COUNT, 0, Any),
    // Seen to elsewhere; their numbers are remembered here.
    (super::ioc::HTCONF, 3, Range(0, 3)),
    (super::ioc::SHORTGI, 0x60, Any),
];
