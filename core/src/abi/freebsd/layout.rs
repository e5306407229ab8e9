// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The structures of FreeBSD's 802.11 ioctls and routing messages, as amd64 and aarch64 have them.
//! `abi/layouts/freebsd.tsv` says the same of each field; tests compare the two, and the table with
//! the system's headers.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::abi::net80211::layout::layouts;
pub use crate::abi::net80211::layout::{DelKey, JoinEvent, Key, Mlme, NAME_LEN, Req, StaTxPower};

/// Phy modes that parameters are kept for.
pub const MODES: usize = 14;
/// Names that one scan asks for.
pub const SCAN_SSIDS: usize = 3;
/// Traffic identifiers, and one for frames without.
pub const TIDS: usize = 17;
/// Bytes of `struct ieee80211_stats`.
pub const STATS_LEN: usize = 648;
/// Bytes of `struct ieee80211_nodestats`.
pub const NODE_STATS_LEN: usize = 208;
/// Bytes before the statistics in `struct ieee80211req_sta_stats`, and before the first station in
/// `struct ieee80211req_sta_req`.
pub const STA_HEAD: usize = 8;
/// Bytes of one element in `struct ieee80211req_wpaie`.
pub const WPA_IE_LEN: usize = 256;

layouts! {
    /// `struct ifreq` as far as SIOCG80211STATS uses it.
    IfReq {
        ifr_name: [u8; NAME_LEN],
        ifr_data: u64,
        pad: u64,
    }
    /// `struct ieee80211_channel`.
    Channel {
        ic_flags: u32,
        ic_freq: u16,
        ic_ieee: u8,
        ic_maxregpower: i8,
        ic_maxpower: i8,
        ic_minpower: i8,
        ic_state: u8,
        ic_extieee: u8,
        ic_maxantgain: i8,
        ic_pad: u8,
        ic_devdata: u16,
        ic_vht_ch_freq1: u8,
        ic_vht_ch_freq2: u8,
        ic_freq2: u16,
    }
    /// A name in `struct ieee80211_scan_req`.
    ScanSsid {
        len: i32,
        ssid: [u8; 32],
    }
    /// `struct ieee80211_scan_req`.
    ScanReq {
        sr_flags: i32,
        sr_duration: u32,
        sr_mindwell: u32,
        sr_maxdwell: u32,
        sr_nssid: i32,
        sr_ssid: [ScanSsid; SCAN_SSIDS],
    }
    /// `struct ieee80211req_scan_result`; name, mesh name and elements follow.
    ScanResult {
        isr_len: u16,
        isr_ie_off: u16,
        isr_ie_len: u16,
        isr_freq: u16,
        isr_flags: u16,
        isr_noise: i8,
        isr_rssi: i8,
        isr_intval: u16,
        isr_capinfo: u8,
        isr_erp: u8,
        isr_bssid: [u8; 6],
        isr_nrates: u8,
        isr_rates: [u8; 15],
        isr_ssid_len: u8,
        isr_meshid_len: u8,
    }
    /// `struct ieee80211_mimo_info`.
    MimoInfo {
        ch: [u8; 32],
        evm: [u32; 16],
    }
    /// `struct ieee80211req_sta_info`; elements follow.
    StaInfo {
        isi_len: u16,
        isi_ie_off: u16,
        isi_ie_len: u16,
        isi_freq: u16,
        isi_flags: u32,
        isi_state: u32,
        isi_authmode: u8,
        isi_rssi: i8,
        isi_noise: i8,
        isi_capinfo: u8,
        isi_erp: u8,
        isi_macaddr: [u8; 6],
        isi_nrates: u8,
        isi_rates: [u8; 15],
        isi_txrate: u8,
        isi_associd: u16,
        isi_txpower: u16,
        isi_vlan: u16,
        isi_txseqs: [u16; TIDS],
        isi_rxseqs: [u16; TIDS],
        isi_inact: u16,
        isi_txmbps: u16,
        isi_pad: u16,
        isi_jointime: u32,
        isi_mimo: MimoInfo,
        isi_peerid: u16,
        isi_localid: u16,
        isi_peerstate: u8,
        pad: [u8; 3],
    }
    /// `struct ieee80211req_sta_vlan`.
    StaVlan {
        sv_macaddr: [u8; 6],
        sv_vlan: u16,
    }
    /// `struct ieee80211_roamparam`.
    RoamParam {
        rssi: i8,
        rate: u8,
        pad: u16,
    }
    /// `struct ieee80211_txparam`.
    TxParam {
        ucastrate: u8,
        mgmtrate: u8,
        mcastrate: u8,
        maxretry: u8,
    }
    /// `struct ieee80211_regdomain`.
    RegDomain {
        regdomain: u16,
        country: u16,
        location: u8,
        ecm: u8,
        isocc: [u8; 2],
        pad: [u16; 2],
    }
    /// `struct ieee80211_regdomain_req` up to its channels.
    RegDomainHead {
        rd: RegDomain,
        ic_nchans: u32,
    }
    /// `struct ieee80211_devcaps_req` up to its channels.
    DevCapsHead {
        dc_drivercaps: u32,
        dc_cryptocaps: u32,
        dc_htcaps: u32,
        dc_vhtcaps: u32,
        ic_nchans: u32,
    }
    /// `struct ieee80211_chanswitch_req`.
    ChanSwitch {
        csa_chan: Channel,
        csa_mode: i32,
        csa_count: i32,
    }
    /// `struct ieee80211_clone_params`.
    CloneParams {
        icp_parent: [u8; NAME_LEN],
        icp_opmode: u16,
        icp_flags: u16,
        icp_bssid: [u8; 6],
        icp_macaddr: [u8; 6],
    }
}
