// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The key table (CAM) at 0x670, and which entry a frame uses.

use crate::{air::Micros, chip::fault::Log};

use super::ccmp;

/// Entries of the table.
const ENTRIES: usize = 32;
/// Dwords of an entry: control and address, address, four of key, two reserved.
const WORDS: usize = 8;
/// Entries below are for default keys: pairwise keys in them do not work on this family.
const FIRST_PAIRWISE: usize = 4;

/// CAMCMD bits.
const WRITE: u32 = 1 << 16;
const CLEAR: u32 = 1 << 30;
const GO: u32 = 1 << 31;
/// Control bits of dword 0.
const VALID: u32 = 1 << 15;

/// SECCFG 0x680 bits.
pub(super) mod seccfg {
    pub(crate) const TX_UNICAST_DEFAULT: u8 = 1 << 0;
    pub(crate) const RX_UNICAST_DEFAULT: u8 = 1 << 1;
    pub(crate) const TX_ENCRYPT: u8 = 1 << 2;
    pub(crate) const RX_DECRYPT: u8 = 1 << 3;
    pub(crate) const TX_GROUP_DEFAULT: u8 = 1 << 6;
    pub(crate) const RX_GROUP_DEFAULT: u8 = 1 << 7;
}

/// Algorithms of an entry.
pub(super) mod algorithm {
    pub(crate) const WEP40: u8 = 1;
    pub(crate) const TKIP: u8 = 2;
    pub(crate) const AES: u8 = 4;
    pub(crate) const WEP104: u8 = 5;
}

/// An entry as the cipher sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) algorithm: u8,
    pub(super) bytes: [u8; ccmp::KEY_LEN],
}

/// The table.
pub(super) struct Keys {
    words: [[u32; WORDS]; ENTRIES],
}

impl Keys {
    pub(super) fn new() -> Self {
        Self { words: [[0; WORDS]; ENTRIES] }
    }

    /// CAMCMD was written: what CAMREAD (if anything was read) and CAMCMD read as then.
    pub(super) fn command(
        &mut self,
        now: Micros,
        log: &mut Log,
        command: u32,
        data: u32,
    ) -> (Option<u32>, u32) {
        let mut read = None;
        let address = (command & 0xffff) as usize;
        if command & GO != 0 && command & CLEAR != 0 {
            *self = Self::new();
        } else if command & GO != 0 {
            match self.words.get_mut(address / WORDS) {
                Some(entry) if command & WRITE != 0 => {
                    entry[address % WORDS] = data;
                    self.check(now, log, address / WORDS, address % WORDS);
                }
                Some(entry) => read = Some(entry[address % WORDS]),
                None => log.add(now, "key-entry", || {
                    format!("CAMCMD {command:#010x}: there are {ENTRIES} entries of {WORDS} dwords")
                }),
            }
        }
        (read, command & !(GO | CLEAR))
    }

    fn check(&self, now: Micros, log: &mut Log, entry: usize, word: usize) {
        let address = self.address(entry);
        let is_pairwise = address[0] & 1 == 0 && address[..5] != [0; 5];
        let is_valid = self.words[entry][0] & VALID != 0;
        if word == 0 && is_valid && is_pairwise && entry < FIRST_PAIRWISE {
            log.add(now, "pairwise-key-entry", || {
                format!(
                    "pairwise key of {address:02x?} in entry {entry}: those below 4 do not work"
                )
            });
        }
    }

    fn address(&self, entry: usize) -> [u8; 6] {
        let [_, _, a, b] = self.words[entry][0].to_le_bytes();
        let [c, d, e, f] = self.words[entry][1].to_le_bytes();
        [a, b, c, d, e, f]
    }

    /// The address of each valid pairwise entry.
    pub(super) fn addresses(&self) -> Vec<[u8; 6]> {
        let pairwise = (FIRST_PAIRWISE..ENTRIES).filter(|entry| self.words[*entry][0] & VALID != 0);
        pairwise.map(|entry| self.address(entry)).collect()
    }

    fn key(&self, entry: usize) -> Option<Key> {
        let words = &self.words[entry];
        if words[0] & VALID == 0 {
            return None;
        }
        let mut bytes = [0; ccmp::KEY_LEN];
        for (place, word) in bytes.chunks_exact_mut(4).zip(&words[2..6]) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        Some(Key { algorithm: (words[0] >> 2 & 7) as u8, bytes })
    }

    /// The pairwise key of a peer.
    fn of_peer(&self, peer: [u8; 6]) -> Option<Key> {
        (FIRST_PAIRWISE..ENTRIES)
            .find_map(|entry| self.key(entry).filter(|_| self.address(entry) == peer))
    }

    /// The default key with this id.
    fn default_key(&self, id: u8) -> Option<Key> {
        self.key(usize::from(id & 3))
    }

    /// The key for a frame to be sent to `to`, whose IV names key `id`.
    pub(super) fn for_tx(&self, config: u8, to: [u8; 6], id: u8) -> Option<Key> {
        if config & seccfg::TX_ENCRYPT == 0 {
            return None;
        }
        if to[0] & 1 != 0 {
            return self.default_key(id).filter(|_| config & seccfg::TX_GROUP_DEFAULT != 0);
        }
        let default = || self.default_key(id).filter(|_| config & seccfg::TX_UNICAST_DEFAULT != 0);
        self.of_peer(to).or_else(default)
    }

    /// The key of a received frame from `from`, to a group or not, whose IV names key `id`.
    pub(super) fn for_rx(&self, config: u8, from: [u8; 6], is_group: bool, id: u8) -> Option<Key> {
        if config & seccfg::RX_DECRYPT == 0 {
            return None;
        }
        if is_group {
            return self.default_key(id).filter(|_| config & seccfg::RX_GROUP_DEFAULT != 0);
        }
        let default = || self.default_key(id).filter(|_| config & seccfg::RX_UNICAST_DEFAULT != 0);
        self.of_peer(from).or_else(default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entry 5, AES, key id 0, 00:11:22:33:44:55, key 00 01 .. 0f.
    const PUBLISHED: [(u32, u32); 8] = [
        (0x0000_0000, 0x8001_002e),
        (0x0000_0000, 0x8001_002f),
        (0x0302_0100, 0x8001_002a),
        (0x0706_0504, 0x8001_002b),
        (0x0b0a_0908, 0x8001_002c),
        (0x0f0e_0d0c, 0x8001_002d),
        (0x5544_3322, 0x8001_0029),
        (0x1100_8010, 0x8001_0028),
    ];
    const PEER: [u8; 6] = [0x00, 0x11, 0x22, 0x33, 0x44, 0x55];

    fn table() -> Keys {
        let (mut keys, mut log) = (Keys::new(), Log::default());
        for (data, command) in PUBLISHED {
            let (_, after) = keys.command(0, &mut log, command, data);
            assert_eq!(after & GO, 0);
        }
        assert_eq!(log.entries(), []);
        keys
    }

    #[test]
    fn published_entry() {
        let mut keys = table();
        let key = keys.for_tx(0x0c, PEER, 0).unwrap();
        assert_eq!(key.algorithm, algorithm::AES);
        assert_eq!(key.bytes, core::array::from_fn(|at| at as u8));
        assert_eq!(keys.for_rx(0x0c, PEER, false, 0), Some(key));
        assert_eq!(keys.for_tx(0x08, PEER, 0), None, "encryption off");
        assert_eq!(keys.for_rx(0xcc, PEER, true, 0), None, "no default key");
        keys.command(0, &mut Log::default(), GO | CLEAR, 0);
        assert_eq!(keys.for_tx(0x0c, PEER, 0), None);
    }

    #[test]
    fn group_keys_are_default_keys() {
        let (mut keys, mut log) = (table(), Log::default());
        keys.command(0, &mut log, GO | WRITE | (2 * 8 + 1), 0xffff_ffff);
        keys.command(0, &mut log, GO | WRITE | (2 * 8), 0xffff_8012);
        assert_eq!(log.entries(), []);
        assert!(keys.for_rx(0xcc, PEER, true, 2).is_some());
        assert_eq!(keys.for_rx(0x0c, PEER, true, 2), None);
        assert!(keys.for_tx(0xcc, [0xff; 6], 2).is_some());
    }

    #[test]
    fn wrong_entries() {
        let (mut keys, mut log) = (Keys::new(), Log::default());
        keys.command(0, &mut log, GO | WRITE | (3 * 8 + 1), 0x5544_3322);
        keys.command(0, &mut log, GO | WRITE | (3 * 8), 0x1100_8010);
        keys.command(0, &mut log, GO | WRITE | (32 * 8), 0);
        let codes: Vec<&str> = log.entries().iter().map(|fault| fault.code).collect();
        assert_eq!(codes, ["pairwise-key-entry", "key-entry"]);
    }
}
