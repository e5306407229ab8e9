// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! How a network is protected, as the user said it.

use core::fmt;

use zeroize::Zeroize;

use super::layout::WpaParams;
use crate::control::PMK_LEN;

/// `IEEE80211_WPA_PROTO_*`.
pub(super) const WPA1: u32 = 1;
pub(super) const WPA2: u32 = 2;
/// `IEEE80211_WPA_CIPHER_*`.
pub(super) const USE_GROUP: u32 = 1;
pub(super) const WEP40: u32 = 2;
pub(super) const TKIP: u32 = 4;
pub(super) const CCMP: u32 = 8;
pub(super) const WEP104: u32 = 16;
pub(super) const BIP: u32 = 32;
/// `IEEE80211_WPA_AKM_*`.
pub(super) const AKM_PSK: u32 = 1;
pub(super) const AKM_8021X: u32 = 2;
pub(super) const AKM_SHA256_PSK: u32 = 4;
pub(super) const AKM_SHA256_8021X: u32 = 8;
pub(super) const AKM_SAE: u32 = 16;

/// The parameters of WPA and the key. The key is wiped when it goes.
pub(super) struct Protection {
    pub(super) is_wpa: bool,
    pub(super) protos: u32,
    pub(super) akms: u32,
    pub(super) ciphers: u32,
    pub(super) group: u32,
    psk: Option<[u8; PMK_LEN]>,
}

impl fmt::Debug for Protection {
    /// Never shows the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Protection(wpa {}, key {})", self.is_wpa, self.psk.is_some())
    }
}

impl Drop for Protection {
    fn drop(&mut self) {
        self.psk.zeroize();
    }
}

impl Protection {
    /// An open network.
    pub(super) const NONE: Self =
        Self { is_wpa: false, protos: 0, akms: 0, ciphers: 0, group: 0, psk: None };

    /// Takes the parameters over, with this system's defaults for those that are 0.
    pub(super) fn set(&mut self, wpa: &WpaParams) {
        self.clear_wpa();
        if wpa.i_enabled == 0 {
            return;
        }
        let or = |given: u32, default: u32| if given == 0 { default } else { given };
        self.is_wpa = true;
        self.protos = or(wpa.i_protos & (WPA1 | WPA2), WPA2);
        let akms = AKM_PSK | AKM_SHA256_PSK | AKM_8021X | AKM_SHA256_8021X;
        self.akms = or(wpa.i_akms & akms, AKM_PSK);
        let has_wpa1 = self.protos & WPA1 != 0;
        self.group = match wpa.i_groupcipher {
            known @ (WEP40 | TKIP | CCMP | WEP104) => known,
            _ if has_wpa1 => TKIP,
            _ => CCMP,
        };
        self.ciphers = match wpa.i_ciphers {
            some if some & USE_GROUP != 0 => USE_GROUP,
            some if some & (TKIP | CCMP) != 0 => some & (TKIP | CCMP),
            _ if has_wpa1 => CCMP | TKIP,
            _ => CCMP,
        };
    }

    /// WPA is off; the key stays.
    pub(super) fn clear_wpa(&mut self) {
        self.is_wpa = false;
        (self.protos, self.akms, self.ciphers, self.group) = (0, 0, 0, 0);
    }

    /// Takes a key over, or none.
    pub(super) fn set_psk(&mut self, psk: Option<&[u8; PMK_LEN]>) {
        self.psk.zeroize();
        self.psk = psk.copied();
    }

    /// Whether there is a key.
    pub(super) const fn has_psk(&self) -> bool {
        self.psk.is_some()
    }

    /// Writes the parameters into an answer.
    pub(super) fn show(&self, wpa: &mut WpaParams) {
        wpa.i_enabled = self.is_wpa.into();
        (wpa.i_protos, wpa.i_akms) = (self.protos, self.akms);
        (wpa.i_ciphers, wpa.i_groupcipher) = (self.ciphers, self.group);
    }

    /// The key to join with, `None` for an open network. Errors: none of what the user allows is
    /// what core speaks, which is WPA2 with CCMP and a key.
    pub(super) fn key(&self) -> Result<Option<&[u8; PMK_LEN]>, ()> {
        if !self.is_wpa {
            return Ok(None);
        }
        let is_ours = self.protos & WPA2 != 0
            && self.akms & AKM_PSK != 0
            && self.ciphers & (CCMP | USE_GROUP) != 0;
        self.psk.as_ref().filter(|_| is_ours).map(Some).ok_or(())
    }
}
