// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The structures of NetBSD's 802.11 ioctls, as amd64 and aarch64 have them; see
//! `abi/layouts/netbsd.tsv`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::abi::net80211::layout::layouts;
pub use crate::abi::net80211::layout::{DelKey, JoinEvent, Key, Mlme, NAME_LEN, Req, StaTxPower};

/// Bytes of `struct ifreq`; what matters is at its start.
pub const IFREQ_LEN: usize = 144;
/// WEP keys.
pub const WEP_KEYS: usize = 4;
/// Bytes of `struct ieee80211_stats`.
pub const STATS_LEN: usize = 388;
/// Bytes of `struct ieee80211_nodestats`.
pub const NODE_STATS_LEN: usize = 160;
/// Bytes before the statistics in `struct ieee80211req_sta_stats`.
pub const STA_HEAD: usize = 8;
/// Bytes of the element in `struct ieee80211req_wpaie`.
pub const WPA_IE_LEN: usize = 256;

layouts! {
    /// The start of `struct ifreq`: a pointer, or a length and a pointer.
    IfReq {
        ifr_name: [u8; NAME_LEN],
        ifr_data: u64,
        ifr_buf: u64,
    }
    /// `struct ieee80211_channel`.
    Channel {
        ic_freq: u16,
        ic_flags: u16,
    }
    /// `struct ieee80211req_scan_result`; name and elements follow.
    ScanResult {
        isr_len: u16,
        isr_freq: u16,
        isr_flags: u16,
        isr_noise: u8,
        isr_rssi: u8,
        isr_intval: u8,
        isr_capinfo: u8,
        isr_erp: u8,
        isr_bssid: [u8; 6],
        isr_nrates: u8,
        isr_rates: [u8; 15],
        isr_ssid_len: u8,
        isr_ie_len: u8,
        isr_pad: [u8; 5],
    }
    /// `struct ieee80211req_sta_info`; elements follow.
    StaInfo {
        isi_len: u16,
        isi_freq: u16,
        isi_flags: u16,
        isi_state: u16,
        isi_authmode: u8,
        isi_rssi: u8,
        isi_capinfo: u8,
        isi_erp: u8,
        isi_macaddr: [u8; 6],
        isi_nrates: u8,
        isi_rates: [u8; 15],
        isi_txrate: u8,
        pad: u8,
        isi_ie_len: u16,
        isi_associd: u16,
        isi_txpower: u16,
        isi_vlan: u16,
        isi_txseqs: [u16; 17],
        isi_rxseqs: [u16; 17],
        isi_inact: u16,
    }
    /// `struct ieee80211_nwid`.
    NwId {
        i_len: u8,
        i_nwid: [u8; 32],
    }
    /// A key of `struct ieee80211_nwkey`.
    WepKey {
        i_keylen: i32,
        pad: [u8; 4],
        i_keydat: u64,
    }
    /// `struct ieee80211_nwkey`.
    NwKey {
        i_name: [u8; NAME_LEN],
        i_wepon: i32,
        i_defkid: i32,
        i_key: [WepKey; WEP_KEYS],
    }
    /// `struct ieee80211_power`.
    Power {
        i_name: [u8; NAME_LEN],
        i_enabled: i32,
        i_maxsleep: i32,
    }
    /// `struct ieee80211_auth`.
    Auth {
        i_name: [u8; NAME_LEN],
        i_authtype: i32,
    }
    /// `struct ieee80211chanreq`.
    ChanReq {
        i_name: [u8; NAME_LEN],
        i_channel: u16,
    }
    /// `struct ieee80211_bssid`.
    Bssid {
        i_name: [u8; NAME_LEN],
        i_bssid: [u8; 6],
    }
}
