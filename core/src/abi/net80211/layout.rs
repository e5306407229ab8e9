// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Structures that FreeBSD and NetBSD have in common, as amd64 and aarch64 have them.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::abi::UserAddr;

/// Bytes of an interface name.
pub const NAME_LEN: usize = 16;

macro_rules! layouts {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty,)* })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, FromBytes, Immutable, IntoBytes, KnownLayout)]
        #[repr(C)]
        #[expect(missing_docs, reason = "the names are those of the system's headers")]
        pub struct $name { $(pub $field: $kind,)* }
    )* };
}

pub(crate) use layouts;

layouts! {
    /// `struct ieee80211req`, the argument of SIOCS80211 and SIOCG80211.
    Req {
        i_name: [u8; NAME_LEN],
        i_type: u16,
        i_val: i16,
        i_len: u16,
        pad: [u8; 2],
        i_data: u64,
    }
    /// `struct ieee80211req_key`.
    Key {
        ik_type: u8,
        ik_pad: u8,
        ik_keyix: u16,
        ik_keylen: u8,
        ik_flags: u8,
        ik_macaddr: [u8; 6],
        pad: [u8; 4],
        ik_keyrsc: u64,
        ik_keytsc: u64,
        ik_keydata: [u8; 32],
    }
    /// `struct ieee80211req_del_key`.
    DelKey {
        idk_keyix: u8,
        idk_macaddr: [u8; 6],
    }
    /// `struct ieee80211req_mlme`.
    Mlme {
        im_op: u8,
        im_ssid_len: u8,
        im_reason: u16,
        im_macaddr: [u8; 6],
        im_ssid: [u8; 32],
    }
    /// `struct ieee80211req_sta_txpow`.
    StaTxPower {
        it_macaddr: [u8; 6],
        it_txpow: u8,
    }
    /// `struct ieee80211_join_event`, which leave, authentication and others have as well.
    JoinEvent {
        iev_addr: [u8; 6],
    }
}

impl Req {
    /// Where the data is.
    pub const fn data(&self) -> UserAddr {
        UserAddr(self.i_data)
    }
}
