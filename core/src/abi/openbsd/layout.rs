// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The structures of OpenBSD's 802.11 ioctls and routing messages, as amd64 and arm64 have them.
//! `abi/layouts/openbsd.tsv` says the same of each field; tests compare the two, and the table with
//! the system's headers.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes of an interface name.
pub const NAME_LEN: usize = 16;
/// WEP keys.
pub const WEP_KEYS: usize = 4;
/// Rates of a node.
pub const RATES_MAX: usize = 15;
/// Channels that are told of, by number.
pub const CHANNELS: u8 = 255;
/// Counters of `struct ieee80211_stats`.
pub const COUNTERS: usize = 73;

macro_rules! layouts {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty,)* })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, FromBytes, Immutable, IntoBytes, KnownLayout)]
        #[repr(C)]
        #[expect(missing_docs, reason = "the names are those of the system's headers")]
        pub struct $name { $(pub $field: $kind,)* }
    )* };
}

layouts! {
    /// `struct ifreq`, with a pointer to what it is about.
    IfReq {
        ifr_name: [u8; NAME_LEN],
        ifr_data: u64,
        pad: u64,
    }
    /// `struct ifreq`, with flags.
    IfReqFlags {
        ifr_name: [u8; NAME_LEN],
        ifr_flags: u16,
        pad: [u8; 14],
    }
    /// `struct ieee80211_nwid`.
    Nwid {
        i_len: u8,
        i_nwid: [u8; 32],
    }
    /// One key of [`Nwkey`].
    WepKey {
        i_keylen: i32,
        pad: u32,
        i_keydat: u64,
    }
    /// `struct ieee80211_nwkey`.
    Nwkey {
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
    /// `struct ieee80211chanreq`.
    ChanReq {
        i_name: [u8; NAME_LEN],
        i_channel: u16,
    }
    /// `struct ieee80211_chaninfo`.
    ChanInfo {
        ic_freq: u16,
        ic_flags: u16,
    }
    /// `struct ieee80211_chanreq_all`.
    ChanReqAll {
        i_name: [u8; NAME_LEN],
        i_chans: u64,
    }
    /// `struct ieee80211_bssid`.
    Bssid {
        i_name: [u8; NAME_LEN],
        i_bssid: [u8; 6],
    }
    /// `struct ieee80211_txpower`.
    TxPower {
        i_name: [u8; NAME_LEN],
        i_mode: i32,
        i_val: i16,
        pad: [u8; 2],
    }
    /// `struct ieee80211_wpapsk`.
    WpaPsk {
        i_name: [u8; NAME_LEN],
        i_enabled: i32,
        i_psk: [u8; 32],
    }
    /// `struct ieee80211_wpaparams`.
    WpaParams {
        i_name: [u8; NAME_LEN],
        i_enabled: i32,
        i_protos: u32,
        i_akms: u32,
        i_ciphers: u32,
        i_groupcipher: u32,
    }
    /// `struct ieee80211_join`.
    Join {
        i_len: u8,
        i_nwid: [u8; 32],
        pad: [u8; 3],
        i_flags: u32,
        i_wpaparams: WpaParams,
        i_wpapsk: WpaPsk,
        i_nwkey: Nwkey,
    }
    /// `struct ieee80211_joinreq_all`.
    JoinReqAll {
        ja_ifname: [u8; NAME_LEN],
        ja_nodes: i32,
        pad: u32,
        ja_size: u64,
        ja_node: u64,
    }
    /// `struct ieee80211_nodereq`.
    NodeReq {
        nr_ifname: [u8; NAME_LEN],
        nr_macaddr: [u8; 6],
        nr_bssid: [u8; 6],
        nr_nwid_len: u8,
        nr_nwid: [u8; 32],
        pad0: u8,
        nr_channel: u16,
        nr_chan_flags: u16,
        nr_nrates: u8,
        nr_rates: [u8; RATES_MAX],
        nr_rssi: i8,
        nr_max_rssi: i8,
        nr_tstamp: [u8; 8],
        nr_intval: u16,
        nr_capinfo: u16,
        nr_erp: u8,
        nr_pwrsave: u8,
        nr_associd: u16,
        nr_txseq: u16,
        nr_rxseq: u16,
        nr_fails: u32,
        nr_inact: u32,
        nr_txrate: u8,
        pad1: u8,
        nr_state: u16,
        nr_rsnprotos: u32,
        nr_rsnciphers: u32,
        nr_rsnakms: u32,
        nr_flags: u8,
        pad2: u8,
        nr_htcaps: u16,
        nr_rxmcs: [u8; 10],
        nr_max_rxrate: u16,
        nr_tx_mcs_set: u8,
        nr_txmcs: u8,
        nr_vht_ss: u8,
        pad3: u8,
        nr_assoc_fail: u32,
    }
    /// `struct ieee80211_nodereq_all`.
    NodeReqAll {
        na_ifname: [u8; NAME_LEN],
        na_nodes: i32,
        pad0: u32,
        na_size: u64,
        na_node: u64,
        na_flags: u8,
        pad1: [u8; 7],
    }
    /// `struct if_ieee80211_data`, the payload of `RTM_80211INFO`.
    Info {
        ifie_channel: u8,
        ifie_nwid_len: u8,
        pad0: [u8; 2],
        ifie_flags: u32,
        ifie_xflags: u32,
        ifie_nwid: [u8; 32],
        ifie_addr: [u8; 6],
        pad1: [u8; 2],
    }
}
