// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! NetBSD's parameters that are one number (see [`crate::abi::net80211::values`]). What is not
//! supported is invalid here.

use super::ioc::{
    APBRIDGE, DROPUNENCRYPTED, FRAGTHRESHOLD, HIDESSID, KEYMGTALGS, MCAST_RATE, MCASTCIPHER,
    MCASTKEYLEN, POWERSAVE, POWERSAVESLEEP, PROTMODE, PUREG, RSNCAPS, RTSTHRESHOLD, UCASTCIPHER,
    UCASTKEYLEN, WME,
};
use crate::abi::net80211::values::{
    Row,
    Rule::{Any, Flag, OffOnly, Only, Range},
};

/// `IEEE80211_CIPHER_AES_CCM`.
const CCM: i16 = 3;
const FRAGMENT_MAX: i16 = 2346;

/// What is remembered.
pub(super) const VALUES: [Row; 17] = [
    (POWERSAVE, 0, OffOnly),
    (POWERSAVESLEEP, 100, Range(0, i16::MAX)),
    (RTSTHRESHOLD, 2346, Range(1, 2346)),
    (PROTMODE, 1, Range(i16::MIN, 2)),
    (DROPUNENCRYPTED, 0, Flag),
    (WME, 1, Flag),
    (HIDESSID, 0, Flag),
    (APBRIDGE, 1, Flag),
    (MCASTCIPHER, CCM, Only(CCM, CCM)),
    (MCASTKEYLEN, 16, Range(1, 15)),
    (UCASTCIPHER, CCM, Only(CCM, CCM)),
    (UCASTKEYLEN, 16, Range(1, 15)),
    (KEYMGTALGS, 0, Any),
    (RSNCAPS, 0, Any),
    (PUREG, 0, Flag),
    (MCAST_RATE, 2, Range(0, 127)),
    (FRAGTHRESHOLD, FRAGMENT_MAX, Only(FRAGMENT_MAX, FRAGMENT_MAX)),
];
