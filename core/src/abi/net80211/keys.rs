// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Keys. What is installed is remembered, the key itself is not: nobody can read it back.

use super::layout::{DelKey, Key, Req};
use crate::{
    abi::{Errno, Host, settings::Settings, user},
    control::{ControlRequest, KeyInfo, KeyPlace},
    os::Empty,
    types::{Cipher, MacAddr, Mode},
};

/// `IEEE80211_KEYIX_NONE`, and what a byte has of it.
const NO_INDEX: u16 = 0xffff;
const NO_INDEX_BYTE: u8 = 0xff;
/// Group keys (`IEEE80211_WEP_NKID`).
const GROUP_KEYS: usize = 4;
/// `IEEE80211_KEY_XMIT`, `_RECV`, `_DEFAULT`.
const XMIT: u8 = 1 << 0;
const RECV: u8 = 1 << 1;
const DEFAULT: u8 = 1 << 7;
/// `IEEE80211_CIPHER_AES_CCM`, `_NONE`.
const CIPHER_CCM: u8 = 3;
const CIPHER_NONE: u8 = 6;
/// Most bytes of a WEP key (`IEEE80211_KEYBUF_SIZE`).
const WEP_MAX: u16 = 16;

/// What is known of a key.
#[derive(Clone, Copy, Debug)]
struct Slot {
    is_set: bool,
    flags: u8,
}

/// The keys of an interface.
#[derive(Debug)]
pub(crate) struct Keys {
    group: [Slot; GROUP_KEYS],
    pairwise: Slot,
    /// The default key, from 1; 0 is none.
    default: u8,
}

/// Which peer's pairwise key is meant. Errors: net80211's, which differ between modes.
fn key_peer<H: Host>(settings: &Settings, host: &mut H, addr: [u8; 6]) -> Result<MacAddr, Errno> {
    match settings.mode {
        Mode::Monitor => Err(Errno::NoEnt),
        Mode::Station => match settings.peer(host, MacAddr(addr)) {
            Some(peer) => Ok(peer.bssid),
            None => Err(Errno::AddrNotAvail),
        },
    }
}

impl Empty for Keys {
    const EMPTY: Self =
        Self { group: [Slot::EMPTY; GROUP_KEYS], pairwise: Slot::EMPTY, default: 0 };
}

impl Empty for Slot {
    const EMPTY: Self = Self { is_set: false, flags: 0 };
}

impl Keys {
    /// The number of the default key; -1 without one.
    pub(crate) fn default_key(&self) -> i16 {
        i16::from(self.default).saturating_sub(1)
    }

    fn group(&mut self, index: u16) -> Result<(u8, &mut Slot), Errno> {
        let slot = self.group.get_mut(usize::from(index)).ok_or(Errno::Inval)?;
        Ok((u8::try_from(index).map_err(|_| Errno::Inval)?, slot))
    }
}

impl Keys {
    pub(crate) fn set_key<H: Host>(
        &mut self,
        settings: &Settings,
        host: &mut H,
        req: &Req,
    ) -> Result<(), Errno> {
        let key: Key = user::read_exact(host, req.data(), req.i_len)?;
        let bytes = key.ik_keydata.get(..usize::from(key.ik_keylen)).ok_or(Errno::TooBig)?;
        let (place, flags) = if key.ik_keyix == NO_INDEX {
            if key.ik_flags != XMIT | RECV {
                return Err(Errno::Inval);
            }
            let peer = key_peer(settings, host, key.ik_macaddr)?;
            (KeyPlace { peer: Some(peer), index: 0 }, key.ik_flags)
        } else {
            let (index, _) = self.group(key.ik_keyix)?;
            (KeyPlace { peer: None, index }, key.ik_flags)
        };
        let cipher = Some(Cipher::Ccmp).filter(|_| key.ik_type == CIPHER_CCM).ok_or(Errno::NxIo)?;
        let info = KeyInfo { place, cipher, receive_pn: key.ik_keyrsc };
        settings.set_key(host, info, bytes).map_err(|_| Errno::Io)?;
        let slot = Slot { is_set: true, flags: flags & (XMIT | RECV) };
        match place.peer {
            Some(_) => self.pairwise = slot,
            None => *self.group(key.ik_keyix)?.1 = slot,
        }
        if flags & DEFAULT != 0 {
            self.choose_default(host, place.index);
        }
        Ok(())
    }

    fn choose_default<H: Host>(&mut self, host: &mut H, index: u8) {
        self.default = index.saturating_add(1);
        // For sending to groups, which a station does not do: nothing is lost if it fails.
        let _ = host.ask(ControlRequest::SetDefaultKey(index), &[]);
    }

    pub(crate) fn delete_key<H: Host>(
        &mut self,
        settings: &Settings,
        host: &mut H,
        req: &Req,
    ) -> Result<(), Errno> {
        let key: DelKey = user::read_exact(host, req.data(), req.i_len)?;
        let place = if key.idk_keyix == NO_INDEX_BYTE {
            let peer = key_peer(settings, host, key.idk_macaddr)?;
            self.pairwise = Slot::EMPTY;
            KeyPlace { peer: Some(peer), index: 0 }
        } else {
            let (index, slot) = self.group(key.idk_keyix.into())?;
            *slot = Slot::EMPTY;
            KeyPlace { peer: None, index }
        };
        settings.delete_key(host, place)
    }

    pub(crate) fn get_key<H: Host>(
        &mut self,
        settings: &Settings,
        host: &mut H,
        req: &Req,
        no_peer: Errno,
    ) -> Result<(), Errno> {
        let mut key: Key = user::read_exact(host, req.data(), req.i_len)?;
        let slot = if key.ik_keyix == NO_INDEX {
            settings.peer(host, MacAddr(key.ik_macaddr)).ok_or(no_peer)?;
            self.pairwise
        } else {
            let (index, slot) = self.group(key.ik_keyix)?;
            let slot = *slot;
            let bssid = host.joined().map(|joined| joined.bssid).unwrap_or_default();
            key.ik_macaddr = bssid.0;
            let is_default = slot.is_set && self.default == index.saturating_add(1);
            Slot { flags: slot.flags | if is_default { DEFAULT } else { 0 }, ..slot }
        };
        let (cipher, len) = if slot.is_set { (CIPHER_CCM, 16) } else { (CIPHER_NONE, 0) };
        (key.ik_type, key.ik_keylen, key.ik_flags) = (cipher, len, slot.flags);
        (key.ik_keyrsc, key.ik_keytsc, key.ik_keydata) = (0, 0, [0; 32]);
        user::write(host, &key, req.data())
    }

    /// There are no WEP keys, so each has no bytes.
    pub(crate) fn get_wep_key<H: Host>(
        &mut self,
        host: &mut H,
        req: &mut Req,
    ) -> Result<(), Errno> {
        self.group(u16::try_from(req.i_val).map_err(|_| Errno::Inval)?)?;
        req.i_len = 0;
        host.copy_out(&[], req.data())
    }

    /// Removing is done; a new key is refused as net80211 does without the cipher's module.
    pub(crate) fn set_wep_key<H: Host>(
        &mut self,
        settings: &Settings,
        host: &mut H,
        req: &Req,
    ) -> Result<(), Errno> {
        let (index, slot) = self.group(u16::try_from(req.i_val).map_err(|_| Errno::Inval)?)?;
        if req.i_len == 0 {
            *slot = Slot::EMPTY;
            return settings.delete_key(host, KeyPlace { peer: None, index });
        }
        if req.i_len > WEP_MAX {
            return Err(Errno::Inval);
        }
        let mut key = [0; 16];
        host.copy_in(req.data(), key.get_mut(..usize::from(req.i_len)).unwrap_or_default())?;
        Err(Errno::Inval)
    }

    pub(crate) fn set_default_key<H: Host>(
        &mut self,
        host: &mut H,
        value: i16,
    ) -> Result<(), Errno> {
        match u8::try_from(value) {
            Ok(index @ 0..4) => self.choose_default(host, index),
            _ if value == -1 => self.default = 0,
            _ => return Err(Errno::Inval),
        }
        Ok(())
    }
}
