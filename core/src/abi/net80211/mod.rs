// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What FreeBSD and NetBSD have in common: both have their 802.11 from one root, and programs use
//! them alike. What differs is an argument.

pub mod layout;

pub(super) mod events;
pub(super) mod heard;
pub(super) mod keys;
pub(super) mod media;
pub(super) mod mlme;
pub(super) mod stats;
pub(super) mod values;

/// Authentication modes (`IEEE80211_AUTH_*`).
pub(super) mod auth {
    pub(crate) const OPEN: u8 = 1;
    pub(crate) const SHARED: u8 = 2;
    pub(crate) const IEEE8021X: u8 = 3;
    pub(crate) const AUTO: u8 = 4;
    pub(crate) const WPA: u8 = 5;
}
