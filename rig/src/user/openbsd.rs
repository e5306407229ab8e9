// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! OpenBSD: what ifconfig(8) sends. One interface, which is there from the start; the handshake is the
//! kernel's.

use anyhow::{Context as _, Result, bail, ensure};
use tern_sim::access_point::Psk;

use super::{Found, IN, IN_OUT, Memory, Programs, ioc, ioctl, name, word};
use crate::{
    engine::EventKind,
    machine::{MAC, Machine},
};

const IFREQ: usize = 32;
const SIOCSIFFLAGS: u64 = ioc(IN, 16, IFREQ);
const SIOCGIFFLAGS: u64 = ioc(IN_OUT, 17, IFREQ);
const SIOCSIFLLADDR: u64 = ioc(IN, 31, IFREQ);
const SIOCADDMULTI: u64 = ioc(IN, 49, IFREQ);
const SIOCDELMULTI: u64 = ioc(IN, 50, IFREQ);
const SIOCSIFMEDIA: u64 = ioc(IN_OUT, 55, IFREQ);
const SIOCGIFMEDIA: u64 = ioc(IN_OUT, 56, 64);
const SIOCSIFMTU: u64 = ioc(IN, 127, IFREQ);
const SIOCG80211ALLNODES: u64 = ioc(IN_OUT, 214, 48);
const SIOCS80211NWID: u64 = ioc(IN_OUT, 230, IFREQ);
const SIOCS80211CHANNEL: u64 = ioc(IN, 238, 18);
const SIOCG80211BSSID: u64 = ioc(IN_OUT, 241, 22);
const SIOCG80211STATS: u64 = ioc(IN_OUT, 242, IFREQ);
const SIOCS80211WPAPSK: u64 = ioc(IN, 245, 52);
const SIOCS80211WPAPARMS: u64 = ioc(IN, 247, 36);
const SIOCG80211WPAPARMS: u64 = ioc(IN_OUT, 248, 36);

/// Every 802.11 request: number, direction, length.
const REQUESTS: [(u32, u32, usize); 30] = [
    (0, IN_OUT, 32),
    (210, IN, 32),
    (211, IN_OUT, 152),
    (212, IN, 152),
    (213, IN, 152),
    (214, IN_OUT, 48),
    (215, IN_OUT, 24),
    (216, IN_OUT, 32),
    (217, IN, 32),
    (218, IN_OUT, 40),
    (230, IN_OUT, 32),
    (231, IN_OUT, 32),
    (232, IN, 88),
    (233, IN_OUT, 88),
    (234, IN, 24),
    (235, IN_OUT, 24),
    (238, IN, 18),
    (239, IN_OUT, 18),
    (240, IN, 22),
    (241, IN_OUT, 22),
    (242, IN_OUT, 32),
    (243, IN, 24),
    (244, IN_OUT, 24),
    (245, IN, 52),
    (246, IN_OUT, 52),
    (247, IN, 36),
    (248, IN_OUT, 36),
    (251, IN, 60),
    (252, IN, 22),
    (255, IN_OUT, 32),
];

const IFF_UP: u16 = 1;
const NODE: usize = 152;
const NODES: usize = 64;
const AUTOSELECT: u64 = 0x400;
const MONITOR: u64 = 0x10_0000;
const DLT_RADIO: u32 = 127;
const RTM_80211INFO: u8 = 0x15;
/// `LINK_STATE_UP`; what is above is up as well.
const LINK_STATE_UP: u32 = 4;
const SECOND: u64 = 1_000_000;

/// The interface of a user.
#[derive(Debug, Default)]
pub struct Ifconfig {
    name: String,
}

fn errno(what: &str) -> impl Fn(i32) -> anyhow::Error + '_ {
    move |errno| anyhow::anyhow!("{what}: errno {errno}")
}

impl Ifconfig {
    /// An argument that begins with the interface's name.
    fn argument(&self, rest: &[u8], len: usize) -> Vec<u8> {
        let mut bytes = name(&self.name, 16);
        bytes.extend(rest);
        bytes.resize(len, 0);
        bytes
    }

    fn ask(
        &self,
        machine: &Machine,
        command: u64,
        rest: &[u8],
        len: usize,
    ) -> Result<Vec<u8>, i32> {
        ioctl(machine, &Memory::default(), command, self.argument(rest, len))
    }

    /// An ifreq whose pointer is to these bytes; the bytes afterwards.
    fn pointing(&self, machine: &Machine, command: u64, bytes: Vec<u8>) -> Result<Vec<u8>, i32> {
        let memory = Memory::default();
        let at = memory.add(bytes);
        ioctl(machine, &memory, command, self.argument(&at.to_le_bytes(), IFREQ))?;
        Ok(memory.take(at))
    }

    fn set_nwid(&self, machine: &Machine, ssid: &[u8]) -> Result<()> {
        let mut nwid = vec![ssid.len() as u8];
        nwid.extend(ssid);
        nwid.resize(33, 0);
        self.pointing(machine, SIOCS80211NWID, nwid).map_err(errno("nwid")).map(|_| ())
    }

    fn nodes(&self, machine: &Machine) -> Result<Vec<Found>> {
        let memory = Memory::default();
        let at = memory.add(vec![0; NODE * NODES]);
        let mut rest = vec![0; 8];
        rest.extend(((NODE * NODES) as u64).to_le_bytes());
        rest.extend(at.to_le_bytes());
        let answer = ioctl(machine, &memory, SIOCG80211ALLNODES, self.argument(&rest, 48))
            .map_err(errno("scan"))?;
        let count = usize::from(word(&answer, 16));
        ensure!(count <= NODES, "{count} networks in the room of {NODES}");
        let bytes = memory.take(at);
        bytes.chunks_exact(NODE).take(count).map(node).collect()
    }

    /// The link goes up, and the routing socket says in which network it is.
    fn joins(&self, machine: &Machine, ssid: &[u8]) -> Result<()> {
        let (mut is_up, mut told) = (false, None);
        machine.wait_until(20 * SECOND, |events| {
            for event in events {
                is_up |= event.kind == EventKind::Link && event.number >= LINK_STATE_UP;
                if event.kind == EventKind::Route && event.data.get(3) == Some(&RTM_80211INFO) {
                    told = Some(event.data.clone());
                }
            }
            is_up && told.is_some()
        });
        ensure!(is_up, "the link does not go up");
        let message = told.context("no routing message about the network")?;
        ensure!(usize::from(word(&message, 0)) == message.len(), "a message of another length");
        let len = usize::from(message[13]);
        ensure!(message.get(24..24 + len) == Some(ssid), "the message names another network");
        let bssid = self.ask(machine, SIOCG80211BSSID, &[], 22).map_err(errno("bssid"))?;
        ensure!(bssid[16..22] != [0; 6], "no access point although the link is up");
        Ok(())
    }
}

/// An entry of the list of networks.
fn node(bytes: &[u8]) -> Result<Found> {
    let len = usize::from(bytes[28]);
    ensure!(len <= 32, "a name of {len} bytes");
    Ok(Found {
        ssid: bytes[29..29 + len].to_vec(),
        bssid: bytes[22..28].try_into()?,
        channel: word(bytes, 62) as u8,
    })
}

impl Programs for Ifconfig {
    fn interface(&self) -> String {
        self.name.clone()
    }

    fn create(&mut self, machine: &Machine) -> Result<()> {
        self.name = machine.kernel.interface(0).context("there is no interface")?;
        ensure!(self.name == "tern0", "the interface is called {}", self.name);
        Ok(())
    }

    fn destroy(&mut self, machine: &Machine) -> Result<()> {
        if self.name.is_empty() { Ok(()) } else { self.set_up(machine, false) }
    }

    fn set_up(&mut self, machine: &Machine, is_up: bool) -> Result<()> {
        let answer = self.ask(machine, SIOCGIFFLAGS, &[], IFREQ).map_err(errno("flags"))?;
        let flags = word(&answer, 16);
        let flags = if is_up { flags | IFF_UP } else { flags & !IFF_UP };
        self.ask(machine, SIOCSIFFLAGS, &flags.to_le_bytes(), IFREQ).map_err(errno(if is_up {
            "up"
        } else {
            "down"
        }))?;
        Ok(())
    }

    fn scan(&mut self, machine: &Machine) -> Result<Vec<Found>> {
        // The first look may start the scan that the second one shows.
        self.nodes(machine)?;
        machine.sleep(10 * SECOND);
        self.nodes(machine)
    }

    fn join_open(&mut self, machine: &Machine, ssid: &[u8]) -> Result<()> {
        self.set_nwid(machine, ssid)?;
        self.joins(machine, ssid)
    }

    fn join_wpa2(&mut self, machine: &Machine, ssid: &[u8], psk: &Psk) -> Result<()> {
        let Psk::Key(key) = psk else { bail!("ifconfig makes a key of it first") };
        self.set_nwid(machine, ssid)?;
        let mut wpapsk = 1_u32.to_le_bytes().to_vec();
        wpapsk.extend(key);
        self.ask(machine, SIOCS80211WPAPSK, &wpapsk, 52).map_err(errno("wpakey"))?;
        let mut params =
            self.ask(machine, SIOCG80211WPAPARMS, &[], 36).map_err(errno("wpa parameters"))?;
        params[16..20].copy_from_slice(&1_u32.to_le_bytes());
        self.ask(machine, SIOCS80211WPAPARMS, &params[16..], 36).map_err(errno("wpa"))?;
        self.joins(machine, ssid)
    }

    fn monitor(&mut self, machine: &Machine, channel: u8) -> Result<(String, u32)> {
        let media = (AUTOSELECT | MONITOR).to_le_bytes();
        self.ask(machine, SIOCSIFMEDIA, &media, IFREQ).map_err(errno("mediaopt monitor"))?;
        self.ask(machine, SIOCS80211CHANNEL, &u16::from(channel).to_le_bytes(), 18)
            .map_err(errno("chan"))?;
        Ok((self.name.clone(), DLT_RADIO))
    }

    fn exercise(&mut self, machine: &Machine) -> Result<()> {
        let mut answered = 0;
        for (number, direction, len) in REQUESTS {
            let command = ioc(direction, number, len);
            for fill in [0, 1, 0x41, 0xff] {
                answered +=
                    u32::from(self.ask(machine, command, &vec![fill; len - 16], len).is_ok());
            }
            let memory = Memory::default();
            let short = memory.add(vec![0x20; 3]);
            for pointer in [0, 1, 0xffff_8000_0000_0000, short] {
                let rest = pointer.to_le_bytes().repeat(24);
                let argument = self.argument(&rest[..len - 16], len);
                // Whatever it says, as long as it comes back.
                let _ = ioctl(machine, &memory, command, argument);
            }
            let _ = machine.ioctl(Box::new(memory), command, 0);
        }
        ensure!(answered > 30, "only {answered} requests were answered");
        self.stack_ioctls(machine)
    }
}

impl Ifconfig {
    fn stack_ioctls(&self, machine: &Machine) -> Result<()> {
        let mtu = 1400_u32.to_le_bytes();
        self.ask(machine, SIOCSIFMTU, &mtu, IFREQ).map_err(errno("mtu 1400"))?;
        for address in [[2, 0, 0, 0, 0, 9], MAC] {
            let mut rest = vec![6, 0];
            rest.extend(address);
            self.ask(machine, SIOCSIFLLADDR, &rest, IFREQ).map_err(errno("lladdr"))?;
        }
        let group = [16, 0, 1, 0, 0x5e, 0, 0, 9];
        self.ask(machine, SIOCADDMULTI, &group, IFREQ).map_err(errno("adding a group"))?;
        self.ask(machine, SIOCDELMULTI, &group, IFREQ).map_err(errno("leaving a group"))?;
        let media = self.media(machine)?;
        for word in [*media.last().context("no media")?, AUTOSELECT] {
            self.ask(machine, SIOCSIFMEDIA, &word.to_le_bytes(), IFREQ).map_err(errno("media"))?;
        }
        self.pointing(machine, SIOCG80211STATS, vec![0; 400]).map_err(errno("statistics"))?;
        Ok(())
    }

    fn media(&self, machine: &Machine) -> Result<Vec<u64>> {
        const ROOM: usize = 64;
        let memory = Memory::default();
        let list = memory.add(vec![0; 8 * ROOM]);
        let mut rest = vec![0; 32];
        rest.extend((ROOM as u64).to_le_bytes());
        rest.extend(list.to_le_bytes());
        let answer = ioctl(machine, &memory, SIOCGIFMEDIA, self.argument(&rest, 64))
            .map_err(errno("media list"))?;
        let count = usize::from(word(&answer, 48));
        ensure!((2..=ROOM).contains(&count), "{count} media words");
        let words = memory.take(list);
        let words = words.chunks_exact(8).take(count);
        words.map(|bytes| Ok(u64::from_le_bytes(bytes.try_into()?))).collect()
    }
}
