// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Keys: who has which place in the chip's table, and the order in which data path and chip
//! learn of one.

use heapless::Vec;

use super::Engine;
use crate::{
    chip::{Chip, ChipInfo, ChipKey, Ciphers},
    control::{Failure, KeyInfo, KeyPlace},
    data::KeyPath,
    io::{Framing, Pipe},
    os::{Os, Sleepable},
    types::{Cipher, MacAddr, PeerId, VapId},
};

/// Keys in the chip at once: of one station four of the group and a few of its peer.
const KEYS_MAX: usize = 8;

/// Which places of the chip's table are taken.
#[derive(Debug, Default)]
pub(super) struct KeyTable(Vec<(KeyPlace, u8), KEYS_MAX>);

impl KeyTable {
    #[inline(never)]
    pub(super) fn forget_all(&mut self) {
        self.0.clear();
    }

    /// Takes a place: of a group key the one of its index, of a pairwise key the first free one
    /// behind those. `None`: software does it.
    #[inline(never)]
    fn take(&mut self, place: KeyPlace, info: &ChipInfo) -> Option<u8> {
        let slot = match place.peer {
            None => (place.index < info.group_keys).then_some(place.index),
            Some(_) => (info.group_keys..info.keys_max)
                .find(|slot| self.0.iter().all(|(_, taken)| taken != slot)),
        }?;
        self.0.push((place, slot)).ok().map(|()| slot)
    }

    #[inline(never)]
    fn remove(&mut self, place: KeyPlace) -> Option<u8> {
        let index = self.0.iter().position(|(taken, _)| *taken == place)?;
        super::take(&mut self.0, index).map(|(_, slot)| slot)
    }

    #[inline(never)]
    fn pop(&mut self) -> Option<u8> {
        self.0.pop().map(|(_, slot)| slot)
    }
}

const fn can_do(info: &ChipInfo, cipher: Cipher) -> bool {
    match cipher {
        Cipher::Wep40 | Cipher::Wep104 => info.ciphers.contains(Ciphers::WEP),
        Cipher::Tkip => info.ciphers.contains(Ciphers::TKIP),
        Cipher::Ccmp => info.ciphers.contains(Ciphers::CCMP),
        Cipher::BipCmac => false,
    }
}

impl<O: Os, P: Pipe<O::Packet>, F: Framing, C: Chip> Engine<'_, O, P, F, C> {
    /// Installs a key: stop the peer's queue, let it drain, take the old key from the chip, give
    /// the new one to the data path and to the chip, go on.
    #[inline(never)]
    pub(super) fn set_key(
        &mut self,
        cx: &mut Sleepable,
        vap: VapId,
        info: &KeyInfo,
        bytes: Option<&[u8]>,
    ) -> Result<(), Failure> {
        let bytes = bytes.unwrap_or_default();
        if bytes.len() != info.cipher.key_len() || info.place.index > 5 {
            return Err(Failure::Invalid);
        }
        let (bssid, _) = self.station.network().ok_or(Failure::NotFound)?;
        let ap = self.peer.ok_or(Failure::NotFound)?;
        let peer = self.find_peer(info.place.peer)?;
        self.data().pause(cx, ap);
        self.wait_drained(cx, ap);
        let result = self.replace_key(cx, vap, bssid, peer, info, bytes);
        self.data().resume(cx, &self.shared.os, ap);
        self.data().drain(cx, &self.shared.os);
        result
    }

    #[inline(never)]
    fn replace_key(
        &mut self,
        cx: &mut Sleepable,
        vap: VapId,
        bssid: MacAddr,
        peer: Option<PeerId>,
        info: &KeyInfo,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        self.clear_key(cx, info.place);
        let chip_info = self.shared.info();
        let slot = if can_do(chip_info, info.cipher) {
            self.keys.take(info.place, chip_info)
        } else {
            None
        };
        let KeyInfo { place, cipher, receive_pn } = *info;
        let index = place.index;
        let in_chip = slot.is_some();
        let now = self.shared.os.now();
        let path = KeyPath { vap, peer, index, cipher, receive_pn, in_chip };
        let installed = self.data().set_key(cx, now, &path, bytes);
        let Some(slot) = slot else { return installed };
        if installed.is_err() {
            self.keys.remove(place);
            return installed;
        }
        let is_group = place.peer.is_none();
        let addr = place.peer.unwrap_or(bssid);
        let key = ChipKey { slot, addr, is_group, index, cipher, bytes };
        let written = self.call(cx, "set_key", None, |chip, cx| chip.set_key(cx, &key));
        if let Err(error) = written {
            // Software does it as well. The chip's place is left alone: it may hold half a key.
            self.complain(format_args!("{key:?} in software"), error);
            let now = self.shared.os.now();
            return self.data().set_key(cx, now, &KeyPath { in_chip: false, ..path }, bytes);
        }
        Ok(())
    }

    /// Removes a key, from the data path first.
    #[inline(never)]
    pub(super) fn delete_key(
        &mut self,
        cx: &mut Sleepable,
        vap: VapId,
        place: KeyPlace,
    ) -> Result<(), Failure> {
        let peer = self.find_peer(place.peer)?;
        let result = self.data().delete_key(cx, vap, peer, place.index);
        self.clear_key(cx, place);
        result
    }

    /// The data path's id of the peer with this address: a station has one, its access point.
    #[inline(never)]
    fn find_peer(&self, addr: Option<MacAddr>) -> Result<Option<PeerId>, Failure> {
        let Some(addr) = addr else { return Ok(None) };
        let is_ours = self.station.network().is_some_and(|(bssid, _)| bssid == addr);
        self.peer.filter(|_| is_ours).map(Some).ok_or(Failure::NotFound)
    }

    /// Takes a key out of the chip.
    #[inline(never)]
    fn clear_key(&mut self, cx: &mut Sleepable, place: KeyPlace) {
        if let Some(slot) = self.keys.remove(place) {
            self.clear_slot(cx, slot);
        }
    }

    /// Takes all keys out of the chip.
    #[inline(never)]
    pub(super) fn clear_keys(&mut self, cx: &mut Sleepable) {
        while let Some(slot) = self.keys.pop() {
            self.clear_slot(cx, slot);
        }
    }

    #[inline(never)]
    fn clear_slot(&mut self, cx: &mut Sleepable, slot: u8) {
        let cleared = self.call(cx, "clear_key", None, |chip, cx| chip.clear_key(cx, slot));
        if let Err(error) = cleared {
            self.complain(format_args!("key slot {slot} not cleared"), error);
        }
    }
}
