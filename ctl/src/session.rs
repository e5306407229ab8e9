// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! One run on one interface: the ioctls that all systems have.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use crate::Os;
use crate::host::{self, Host, Kind};
use crate::layout::{self, Bytes};
use crate::memory::{Address, Memory};
use crate::report::Report;
use crate::words::usage;

/// Bytes of an interface's name, its end mark included.
const NAME_LEN: usize = 16;

/// `IFF_UP`.
const UP: u64 = 1;

/// Direction bits of an ioctl's number.
const IN: u64 = 0x8000_0000;
const OUT: u64 = 0x4000_0000;

/// The number of an ioctl of interfaces: its direction, its place in the group `i`, its argument's length.
pub(crate) const fn number(direction: u64, place: u64, len: usize) -> u64 {
    direction | (len as u64) << 16 | (b'i' as u64) << 8 | place
}

/// `_IOW` and `_IOWR` of the group `i`.
pub(crate) const fn write(place: u64, len: usize) -> u64 {
    number(IN, place, len)
}

/// As [`write`], and the argument comes back.
pub(crate) const fn both(place: u64, len: usize) -> u64 {
    number(IN | OUT, place, len)
}

/// An interface of a host's.
pub(crate) struct Session {
    pub(crate) os: Os,
    pub(crate) name: String,
    pub(crate) report: Report,
    host: Host,
    socket: PathBuf,
    /// The media word that will be set when all words have been read.
    pub(crate) media: Option<u64>,
}

impl Session {
    /// For an interface that need not be there yet.
    pub(crate) fn new(host: Host, socket: &Path, os: Os, name: &str) -> Result<Self> {
        if name.len() >= NAME_LEN || name.is_empty() {
            return usage(format!("{name:?} is no name of an interface"));
        }
        let (name, socket) = (name.to_string(), socket.to_path_buf());
        Ok(Self { os, name, report: Report::default(), host, socket, media: None })
    }

    /// Another open file: a routing socket.
    pub(crate) fn routing(&self) -> Result<Host> {
        Host::open(&self.socket, Kind::Route)
    }

    /// A struct of this system's with the interface's name in it.
    pub(crate) fn named(&self, name: &'static str, field: &str) -> Result<Bytes> {
        Bytes::new(self.os, name)?.set(field, self.name.as_bytes())
    }

    /// Makes an ioctl; says the errno.
    pub(crate) fn try_ioctl(
        &mut self,
        command: u64,
        argument: Address,
        memory: &mut Memory,
    ) -> Result<i32> {
        self.host.ioctl(command, argument, memory)
    }

    /// Makes an ioctl that has to work; `what` is its name.
    pub(crate) fn ioctl(
        &mut self,
        what: &str,
        command: u64,
        argument: Address,
        memory: &mut Memory,
    ) -> Result<()> {
        match self.try_ioctl(command, argument, memory)? {
            0 => Ok(()),
            errno => bail!("{}: {what}: {}", self.name, host::name(errno)),
        }
    }

    /// As [`Session::ioctl`], with a struct and nothing else; gives it back.
    pub(crate) fn ioctl_with(
        &mut self,
        what: &str,
        command: u64,
        argument: Vec<u8>,
    ) -> Result<Vec<u8>> {
        let mut memory = Memory::default();
        let at = memory.place(argument);
        self.ioctl(what, command, at, &mut memory)?;
        Ok(memory.piece(at).to_vec())
    }

    /// Bytes of `struct ifreq`.
    pub(crate) fn ifreq_len(&self) -> usize {
        if self.os == Os::Netbsd { 144 } else { 32 }
    }

    /// `struct ifreq` with a name and a value after it.
    pub(crate) fn ifreq(&self, value: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; self.ifreq_len()];
        bytes[..self.name.len()].copy_from_slice(self.name.as_bytes());
        bytes[NAME_LEN..NAME_LEN + value.len()].copy_from_slice(value);
        bytes
    }

    /// The interface's flags; FreeBSD keeps the upper half beside.
    pub(crate) fn flags(&mut self) -> Result<u64> {
        let command = both(17, self.ifreq_len());
        let ifreq = self.ifreq(&[]);
        let ifreq = self.ioctl_with("SIOCGIFFLAGS", command, ifreq)?;
        let len = if self.os == Os::Freebsd { 4 } else { 2 };
        Ok(layout::number(&ifreq[NAME_LEN..NAME_LEN + len]))
    }

    /// Switches the interface on or off.
    pub(crate) fn set_up(&mut self, is_up: bool) -> Result<()> {
        let flags = self.flags()?;
        let flags = if is_up { flags | UP } else { flags & !UP };
        let len = if self.os == Os::Freebsd { 4 } else { 2 };
        let ifreq = self.ifreq(&flags.to_le_bytes()[..len]);
        let command = write(16, self.ifreq_len());
        self.ioctl_with("SIOCSIFFLAGS", command, ifreq)?;
        Ok(())
    }

    /// Removes the interface.
    pub(crate) fn destroy(&mut self) -> Result<()> {
        let (command, ifreq) = (write(121, self.ifreq_len()), self.ifreq(&[]));
        self.ioctl_with("SIOCIFDESTROY", command, ifreq)?;
        Ok(())
    }

    /// Flags and address, as the host knows them.
    pub(crate) fn status(&mut self) -> Result<()> {
        let flags = self.flags()?;
        let is_up = flags & UP != 0;
        let line = format!("{}: flags={flags:x} {}", self.name, if is_up { "UP" } else { "down" });
        self.report.add("interface", json!(self.name), line);
        self.report.add("up", json!(is_up), String::new());
        let list = self.host.show("interfaces")?;
        let mine = list.lines().find(|line| line.split_whitespace().next() == Some(&self.name));
        let mac = mine.and_then(|line| line.split_whitespace().last()).context("no address")?;
        self.report.add("mac", json!(mac), format!("\taddress {mac}"));
        Ok(())
    }
}
