// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What FreeBSD and NetBSD share: SIOC[GS]80211 with `struct ieee80211req`, routing messages, and the
//! way that wpa_supplicant(8) goes.

use anyhow::{Context as _, Result};
use tern_sim::{
    Seed,
    access_point::Psk,
    supplicant::{Supplicant, Want},
};

use super::{Memory, errno, ioctl, name, word};
use crate::{
    engine::{Event, EventKind},
    handshake::{self, Keys},
    machine::{MAC, Machine},
};

const SECOND: u64 = 1_000_000;
const ROAMING: u16 = 16;
const PRIVACY: u16 = 17;
const WPAKEY: u16 = 19;
const MLME: u16 = 21;
const WPA: u16 = 26;
/// `RTM_IEEE80211_ASSOC`, `_SCAN`.
const RTM_ASSOC: u16 = 100;
pub(super) const RTM_SCAN: u16 = 105;

/// What differs between the two.
#[derive(Debug)]
pub(super) struct Dialect {
    /// SIOCS80211, SIOCG80211.
    pub(super) set: u64,
    pub(super) get: u64,
    /// RTM_IEEE80211.
    pub(super) message: u8,
    /// The request that takes the RSN element, and its value.
    pub(super) element: (u16, i16),
}

/// An interface that is spoken to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speaker<'a> {
    pub(super) dialect: &'static Dialect,
    pub(super) machine: &'a Machine,
    pub(super) interface: &'a str,
}

/// `struct ieee80211req` and what its pointer points to.
pub(super) fn request(interface: &str, number: u16, value: i16, len: u16, data: u64) -> Vec<u8> {
    let mut bytes = name(interface, 16);
    bytes.extend(number.to_le_bytes());
    bytes.extend(value.to_le_bytes());
    bytes.extend(len.to_le_bytes());
    bytes.extend([0; 2]);
    bytes.extend(data.to_le_bytes());
    bytes
}

impl Speaker<'_> {
    pub(super) fn set(&self, number: u16, value: i16, data: &[u8]) -> Result<(), i32> {
        let memory = Memory::default();
        let len = data.len() as u16;
        let at = if data.is_empty() { 0 } else { memory.add(data.to_vec()) };
        let argument = request(self.interface, number, value, len, at);
        ioctl(self.machine, &memory, self.dialect.set, argument).map(|_| ())
    }

    /// Value and bytes.
    pub(super) fn get(&self, number: u16, room: &[u8]) -> Result<(i16, Vec<u8>), i32> {
        let memory = Memory::default();
        let at = memory.add(room.to_vec());
        let argument = request(self.interface, number, 0, room.len() as u16, at);
        let answer = ioctl(self.machine, &memory, self.dialect.get, argument)?;
        let len = usize::from(word(&answer, 20)).min(room.len());
        let value = i16::from_le_bytes([answer[18], answer[19]]);
        Ok((value, memory.take(at)[..len].to_vec()))
    }

    /// Every request, with all kinds of lengths and pointers. How many were answered.
    pub(super) fn exercise(&self) -> u32 {
        let mut answered = 0;
        for number in 0..=260 {
            for room in [0, 1, 6, 64, 4096, 20_000] {
                answered += u32::from(self.get(number, &vec![0; room]).is_ok());
            }
            for (value, data) in [(0, 0), (1, 0), (-1, 0), (0, 1), (3, 64), (0, 600)] {
                // Whatever it says, as long as it comes back.
                let _ = self.set(number, value, &vec![0x41; data]);
            }
            self.with_bad_pointers(number);
        }
        answered
    }

    /// Null, kernel memory, and the end of a buffer.
    fn with_bad_pointers(&self, number: u16) {
        let memory = Memory::default();
        let short = memory.add(vec![0; 3]);
        for data in [0, 0xffff_8000_0000_0000, 1, short] {
            for command in [self.dialect.set, self.dialect.get] {
                let argument = request(self.interface, number, 0, 256, data);
                let _ = ioctl(self.machine, &memory, command, argument);
            }
        }
        let _ = self.machine.ioctl(Box::new(memory), self.dialect.get, 0);
    }

    /// What is behind the header of a message of the routing socket.
    pub(super) fn wait_for(&self, what: u16) -> Result<Vec<u8>> {
        let mut data = None;
        self.machine.wait_until(20 * SECOND, |events| {
            data =
                data.take().or_else(|| events.iter().find_map(|event| self.message(event, what)));
            data.is_some()
        });
        data.with_context(|| format!("no routing message {what}"))
    }

    fn message(&self, event: &Event, what: u16) -> Option<Vec<u8>> {
        const HEADER: usize = 24;
        let bytes = &event.data;
        let is_it = event.kind == EventKind::Route
            && bytes.get(3) == Some(&self.dialect.message)
            && word(bytes, 22) == what
            && usize::from(word(bytes, 0)) == bytes.len();
        is_it.then(|| bytes.get(HEADER..).unwrap_or_default().to_vec())
    }

    /// As wpa_supplicant(8) does it, once it has chosen an access point.
    pub(super) fn join_wpa2(&self, ssid: &[u8], bssid: [u8; 6], psk: &Psk) -> Result<()> {
        let (number, value) = self.dialect.element;
        self.set(ROAMING, 2, &[]).map_err(errno("roaming"))?;
        self.set(number, value, &Supplicant::element()).map_err(errno("the RSN element"))?;
        self.set(PRIVACY, 1, &[]).map_err(errno("privacy"))?;
        self.set(WPA, 2, &[]).map_err(errno("wpa"))?;
        self.associate(ssid, bssid).map_err(errno("associate"))?;
        self.wait_for(RTM_ASSOC)?;
        let supplicant = Supplicant::new(&mut Seed::new(77), psk, ssid, MAC, bssid);
        let mut keys = Installer { speaker: *self, bssid };
        handshake::carry_out(self.machine, self.interface, bssid, supplicant, &mut keys)
    }

    fn associate(&self, ssid: &[u8], bssid: [u8; 6]) -> Result<(), i32> {
        const ASSOC: u8 = 1;
        let mut bytes = vec![ASSOC, ssid.len() as u8, 0, 0];
        bytes.extend(bssid);
        bytes.extend(ssid);
        bytes.resize(42, 0);
        self.set(MLME, 0, &bytes)
    }

    fn key(&self, index: u16, addr: [u8; 6], flags: u8, rsc: u64, key: &[u8]) -> Result<()> {
        const AES_CCM: u8 = 3;
        let mut bytes = vec![AES_CCM, 0];
        bytes.extend(index.to_le_bytes());
        bytes.extend([key.len() as u8, flags]);
        bytes.extend(addr);
        bytes.resize(16, 0);
        bytes.extend(rsc.to_le_bytes());
        bytes.extend(0_u64.to_le_bytes());
        bytes.extend(key);
        bytes.resize(64, 0);
        self.set(WPAKEY, 0, &bytes).map_err(errno("WPAKEY"))
    }
}

/// Installs what the handshake brings.
struct Installer<'a> {
    speaker: Speaker<'a>,
    bssid: [u8; 6],
}

impl Keys for Installer<'_> {
    fn install(&mut self, want: &Want) -> Result<()> {
        const XMIT: u8 = 1;
        const RECV: u8 = 2;
        const NONE: u16 = 0xffff;
        match want {
            Want::PairwiseKey(key) => self.speaker.key(NONE, self.bssid, XMIT | RECV, 0, key),
            Want::GroupKey { key_id, key, rsc } => {
                self.speaker.key(u16::from(*key_id), [0xff; 6], RECV, *rsc, key)
            }
            Want::Send(_) | Want::Done => Ok(()),
        }
    }
}
