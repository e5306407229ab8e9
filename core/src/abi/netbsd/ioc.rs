// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The numbers of NetBSD's 802.11 requests, `i_type` of `struct ieee80211req`, and of its other
//! ioctls.

use super::layout;

macro_rules! numbers {
    ($($name:ident = $number:literal,)*) => {
        $(pub(super) const $name: u16 = $number;)*
    };
}

numbers! {
    SSID = 1,
    WEP = 3,
    WEPKEY = 4,
    WEPTXKEY = 6,
    AUTHMODE = 7,
    CHANNEL = 9,
    POWERSAVE = 10,
    POWERSAVESLEEP = 11,
    RTSTHRESHOLD = 12,
    PROTMODE = 13,
    TXPOWER = 14,
    BSSID = 15,
    ROAMING = 16,
    PRIVACY = 17,
    DROPUNENCRYPTED = 18,
    WPAKEY = 19,
    DELKEY = 20,
    MLME = 21,
    OPTIE = 22,
    SCAN_REQ = 23,
    SCAN_RESULTS = 24,
    COUNTERMEASURES = 25,
    WPA = 26,
    CHANLIST = 27,
    WME = 28,
    HIDESSID = 29,
    APBRIDGE = 30,
    MCASTCIPHER = 31,
    MCASTKEYLEN = 32,
    UCASTCIPHERS = 33,
    UCASTCIPHER = 34,
    UCASTKEYLEN = 35,
    DRIVER_CAPS = 36,
    KEYMGTALGS = 37,
    RSNCAPS = 38,
    WPAIE = 39,
    STA_STATS = 40,
    MACCMD = 41,
    CHANINFO = 42,
    TXPOWMAX = 43,
    STA_TXPOW = 44,
    STA_INFO = 45,
    WME_CWMIN = 46,
    WME_CWMAX = 47,
    WME_AIFS = 48,
    WME_TXOPLIMIT = 49,
    WME_ACM = 50,
    WME_ACKPOLICY = 51,
    DTIM_PERIOD = 52,
    BEACON_INTERVAL = 53,
    ADDMAC = 54,
    DELMAC = 55,
    PUREG = 56,
    MCAST_RATE = 72,
    FRAGTHRESHOLD = 73,
}

/// `_IOW('i', number, len)` and `_IOWR`.
const IN: u64 = 0x8000_0000;
const INOUT: u64 = 0xc000_0000;

#[expect(clippy::as_conversions, reason = "a constant: lengths are small")]
const fn command(direction: u64, number: u8, len: usize) -> u64 {
    let [group, zero] = [b'i', 0];
    direction | (len as u64) << 16 | u16::from_le_bytes([number, group]) as u64 | zero as u64
}

pub(super) const SET_NWID: u64 = command(INOUT, 230, layout::IFREQ_LEN);
pub(super) const GET_NWID: u64 = command(INOUT, 231, layout::IFREQ_LEN);
pub(super) const SET_NWKEY: u64 = command(IN, 232, size_of::<layout::NwKey>());
pub(super) const GET_NWKEY: u64 = command(INOUT, 233, size_of::<layout::NwKey>());
pub(super) const SET_POWER: u64 = command(IN, 234, size_of::<layout::Power>());
pub(super) const GET_POWER: u64 = command(INOUT, 235, size_of::<layout::Power>());
pub(super) const SET_AUTH: u64 = command(IN, 236, size_of::<layout::Auth>());
pub(super) const GET_AUTH: u64 = command(INOUT, 237, size_of::<layout::Auth>());
pub(super) const SET_CHANNEL: u64 = command(IN, 238, size_of::<layout::ChanReq>());
pub(super) const GET_CHANNEL: u64 = command(INOUT, 239, size_of::<layout::ChanReq>());
pub(super) const SET_BSSID: u64 = command(IN, 240, size_of::<layout::Bssid>());
pub(super) const GET_BSSID: u64 = command(INOUT, 241, size_of::<layout::Bssid>());
pub(super) const SET: u64 = command(IN, 244, size_of::<layout::Req>());
pub(super) const GET: u64 = command(INOUT, 245, size_of::<layout::Req>());
pub(super) const GET_STATS: u64 = command(INOUT, 246, layout::IFREQ_LEN);
/// Statistics that start again afterwards.
pub(super) const TAKE_STATS: u64 = command(INOUT, 247, layout::IFREQ_LEN);
