// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! User space: a process's memory, and the programs of each system as far as scenarios need them.
//! The bytes of ioctls are written down here a second time, so that an error in `core` shows.

pub mod freebsd;
mod net80211;
pub mod netbsd;
pub mod openbsd;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Result, bail};
use tern_sim::access_point::Psk;

use crate::{
    engine::{EventKind, User},
    machine::{MAC, Machine},
};

/// Where a process's buffers begin; nothing is mapped there in ours.
const BASE: u64 = 0x0000_6000_0000_0000;
/// Between buffers.
const GAP: u64 = 0x10_0000;

/// A network that a scan found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub ssid: Vec<u8>,
    /// Its access point.
    pub bssid: [u8; 6],
    /// Its channel.
    pub channel: u8,
}

/// What a user of one system can do. Each is one or more commands of its ifconfig(8), or what
/// wpa_supplicant(8) does there.
pub trait Programs {
    /// The interface's name, once there is one.
    fn interface(&self) -> String;
    /// Makes the interface, where it has to be made.
    ///
    /// # Errors
    ///
    /// What went wrong, as for all that follow.
    fn create(&mut self, machine: &Machine) -> Result<()>;
    /// Destroys it, where it was made.
    fn destroy(&mut self, machine: &Machine) -> Result<()>;
    /// `up` and `down`.
    fn set_up(&mut self, machine: &Machine, is_up: bool) -> Result<()>;
    /// `scan`, and `list scan` when it is over.
    fn scan(&mut self, machine: &Machine) -> Result<Vec<Found>>;
    /// Joins an open network; returns when the link is up.
    fn join_open(&mut self, machine: &Machine, ssid: &[u8]) -> Result<()>;
    /// Joins a WPA2 network; returns when data may flow.
    fn join_wpa2(&mut self, machine: &Machine, ssid: &[u8], psk: &Psk) -> Result<()>;
    /// Listens on a channel: the interface and the DLT of its captures.
    fn monitor(&mut self, machine: &Machine, channel: u8) -> Result<(String, u32)>;
    /// Reads and writes everything that can be read and written, and makes malformed requests.
    fn exercise(&mut self, machine: &Machine) -> Result<()>;
}

/// The programs of a system.
///
/// # Errors
///
/// There is no such system.
pub fn programs(os: &str) -> Result<Box<dyn Programs + Send>> {
    Ok(match os {
        "freebsd" => Box::new(freebsd::Ifconfig::default()),
        "netbsd" => Box::new(netbsd::Ifconfig),
        "openbsd" => Box::new(openbsd::Ifconfig::default()),
        _ => bail!("no system {os:?}; there are freebsd, netbsd and openbsd"),
    })
}

/// The memory of a process: a few buffers.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<BTreeMap<u64, Vec<u8>>>>);

impl Memory {
    fn buffers(&self) -> MutexGuard<'_, BTreeMap<u64, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A buffer; its address.
    pub fn add(&self, bytes: Vec<u8>) -> u64 {
        let mut buffers = self.buffers();
        let at = BASE + GAP * buffers.len() as u64;
        buffers.insert(at, bytes);
        at
    }

    /// What is in a buffer now.
    pub fn take(&self, at: u64) -> Vec<u8> {
        self.buffers().get(&at).cloned().unwrap_or_default()
    }

    fn range(&self, at: u64, len: usize) -> Option<(u64, std::ops::Range<usize>)> {
        let buffers = self.buffers();
        let (start, bytes) = buffers.range(..=at).next_back()?;
        let from = usize::try_from(at - start).ok()?;
        let to = from.checked_add(len)?;
        (to <= bytes.len()).then_some((*start, from..to))
    }
}

impl User for Memory {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> bool {
        let Some((start, range)) = self.range(address, bytes.len()) else { return false };
        bytes.copy_from_slice(&self.buffers()[&start][range]);
        true
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> bool {
        let Some((start, range)) = self.range(address, bytes.len()) else { return false };
        if let Some(buffer) = self.buffers().get_mut(&start) {
            buffer[range].copy_from_slice(bytes);
        }
        true
    }
}

/// `_IOC`: direction bits as in the topmost three, length, group `i`, number.
pub const fn ioc(direction: u32, number: u32, len: usize) -> u64 {
    (direction | (len as u32) << 16 | (b'i' as u32) << 8 | number) as u64
}

/// Copied out, copied in, both.
pub const OUT: u32 = 0x4000_0000;
/// Copied in.
pub const IN: u32 = 0x8000_0000;
/// Copied both ways.
pub const IN_OUT: u32 = OUT | IN;

/// An ioctl whose argument is these bytes; the argument afterwards.
///
/// # Errors
///
/// The errno.
pub fn ioctl(
    machine: &Machine,
    memory: &Memory,
    command: u64,
    argument: Vec<u8>,
) -> Result<Vec<u8>, i32> {
    let at = memory.add(argument);
    machine.ioctl(Box::new(memory.clone()), command, at)?;
    Ok(memory.take(at))
}

/// Bytes of a name in a field of `len` bytes.
pub fn name(text: &str, len: usize) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(len, 0);
    bytes
}

/// Two bytes of a structure, as this processor orders them.
pub fn word(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |two| u16::from_le_bytes([two[0], two[1]]))
}

/// The name in a field.
pub fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// The number of a 2.4 GHz channel.
pub fn channel_of(mhz: u16) -> u8 {
    if mhz == 2484 { 14 } else { (mhz.saturating_sub(2407) / 5) as u8 }
}

/// Index, flags and address of an interface. Only FreeBSD has ioctls for index and address; elsewhere the
/// first is 0, and the second that of the stick.
pub fn describe(machine: &Machine, interface: &str) -> (u32, u32, [u8; 6]) {
    const FLAGS: u32 = 17;
    const INDEX: u32 = 32;
    const ADDRESS: u32 = 62;
    let len = if machine.kernel.os() == "netbsd" { 144 } else { 32 };
    let get = |number: u32| {
        ioctl(machine, &Memory::default(), ioc(IN_OUT, number, len), name(interface, len)).ok()
    };
    let flags = get(FLAGS).map_or(0, |answer| u32::from(word(&answer, 16)));
    if machine.kernel.os() != "freebsd" {
        return (0, flags, MAC);
    }
    let index = get(INDEX).map_or(0, |answer| u32::from(word(&answer, 16)));
    let address = get(ADDRESS).and_then(|answer| answer.get(18..24)?.try_into().ok());
    (index, flags, address.unwrap_or(MAC))
}

/// An errno in words.
fn errno(what: &str) -> impl Fn(i32) -> anyhow::Error + '_ {
    move |errno| anyhow::anyhow!("{what}: errno {errno}")
}

/// `up` or `down`: flags are read, changed and written. `len` is that of this system's ifreq.
fn set_up(machine: &Machine, interface: &str, len: usize, is_up: bool) -> Result<()> {
    const IFF_UP: u16 = 1;
    let memory = Memory::default();
    let argument = name(interface, len);
    let answer = ioctl(machine, &memory, ioc(IN_OUT, 17, len), argument);
    let mut answer = answer.map_err(errno("reading the flags"))?;
    let flags = word(&answer, 16);
    let flags = if is_up { flags | IFF_UP } else { flags & !IFF_UP };
    answer[16..18].copy_from_slice(&flags.to_le_bytes());
    ioctl(machine, &memory, ioc(IN, 16, len), answer).map_err(errno("writing the flags"))?;
    Ok(())
}

/// Waits until the link is up, which is this number or more.
fn link_is_up(machine: &Machine, least: u32) -> bool {
    const PATIENCE_US: u64 = 20_000_000;
    machine.wait_until(PATIENCE_US, |events| {
        events.iter().any(|event| event.kind == EventKind::Link && event.number >= least)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_ends_where_it_ends() {
        let mut memory = Memory::default();
        let (first, second) = (memory.add(vec![1, 2, 3]), memory.add(vec![4]));
        let mut two = [0; 2];
        assert!(memory.read(first + 1, &mut two) && two == [2, 3]);
        assert!(!memory.read(first + 2, &mut two) && !memory.read(0, &mut two));
        assert!(!memory.read(u64::MAX, &mut two) && !memory.write(second, &[1, 2]));
        assert!(memory.write(second, &[9]) && memory.take(second) == [9]);
    }

    #[test]
    fn commands() {
        assert_eq!(ioc(IN, 234, 32), 0x8020_69ea);
        assert_eq!(ioc(IN_OUT, 124, 32), 0xc020_697c);
        assert_eq!((channel_of(2412), channel_of(2437), channel_of(2484)), (1, 6, 14));
    }
}
