// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! FreeBSD: what ifconfig(8) and wpa_supplicant(8) send (SIOC[GS]80211, `struct ieee80211req`).

use anyhow::{Context as _, Result, bail, ensure};
use tern_sim::{
    Seed,
    access_point::Psk,
    supplicant::{Supplicant, Want},
};

use super::{Found, IN, IN_OUT, Memory, Programs, channel_of, ioc, ioctl, name, text, word};
use crate::{
    engine::{Event, EventKind},
    handshake::{self, Keys},
    machine::{MAC, Machine},
};

const IFREQ: usize = 32;
const REQ: usize = 32;
const SIOCSIFFLAGS: u64 = ioc(IN, 16, IFREQ);
const SIOCGIFFLAGS: u64 = ioc(IN_OUT, 17, IFREQ);
const SIOCSIFMTU: u64 = ioc(IN, 52, IFREQ);
const SIOCSIFMEDIA: u64 = ioc(IN_OUT, 55, IFREQ);
const SIOCGIFMEDIA: u64 = ioc(IN_OUT, 56, 48);
const SIOCSIFLLADDR: u64 = ioc(IN, 60, IFREQ);
const SIOCIFDESTROY: u64 = ioc(IN, 121, IFREQ);
const SIOCIFCREATE2: u64 = ioc(IN_OUT, 124, IFREQ);
const SIOCS80211: u64 = ioc(IN, 234, REQ);
const SIOCG80211: u64 = ioc(IN_OUT, 235, REQ);
const SIOCG80211STATS: u64 = ioc(IN_OUT, 236, IFREQ);

const IFF_UP: u16 = 1;
const CLONE_PARAMS: usize = 32;
const OPMODE_STA: u16 = 1;
const OPMODE_MONITOR: u16 = 5;
const DLT_RADIO: u32 = 127;
const RTM_IEEE80211: u8 = 18;
const RTM_SCAN: u16 = 105;
const RTM_ASSOC: u16 = 100;

const SSID: u16 = 1;
const CHANNEL: u16 = 9;
const BSSID: u16 = 15;
const ROAMING: u16 = 16;
const PRIVACY: u16 = 17;
const WPAKEY: u16 = 19;
const DELKEY: u16 = 20;
const MLME: u16 = 21;
const WPA: u16 = 26;
const SCAN_RESULTS: u16 = 76;
const STA_INFO: u16 = 78;
const CURCHAN: u16 = 80;
const APPIE: u16 = 95;
const DEVCAPS: u16 = 98;
const SCAN_REQ: u16 = 103;
const REGDOMAIN: u16 = 106;
/// `IEEE80211_APPIE_WPA`: beacon and probe response at once.
const APPIE_WPA: i16 = 0xd0;
const SECOND: u64 = 1_000_000;

/// The interface of a user.
#[derive(Debug, Default)]
pub struct Ifconfig {
    name: String,
    monitor: Option<String>,
}

fn errno(what: &str) -> impl Fn(i32) -> anyhow::Error + '_ {
    move |errno| anyhow::anyhow!("{what}: errno {errno}")
}

/// `struct ieee80211req` and what its pointer points to.
fn request(interface: &str, number: u16, value: i16, len: u16, data: u64) -> Vec<u8> {
    let mut bytes = name(interface, 16);
    bytes.extend(number.to_le_bytes());
    bytes.extend(value.to_le_bytes());
    bytes.extend(len.to_le_bytes());
    bytes.extend([0; 2]);
    bytes.extend(data.to_le_bytes());
    bytes
}

impl Ifconfig {
    fn set(&self, machine: &Machine, number: u16, value: i16, data: &[u8]) -> Result<(), i32> {
        let memory = Memory::default();
        let len = data.len() as u16;
        let at = if data.is_empty() { 0 } else { memory.add(data.to_vec()) };
        let argument = request(&self.name, number, value, len, at);
        ioctl(machine, &memory, SIOCS80211, argument).map(|_| ())
    }

    /// Value, length and bytes.
    fn get(&self, machine: &Machine, number: u16, room: &[u8]) -> Result<(i16, Vec<u8>), i32> {
        let memory = Memory::default();
        let at = memory.add(room.to_vec());
        let argument = request(&self.name, number, 0, room.len() as u16, at);
        let answer = ioctl(machine, &memory, SIOCG80211, argument)?;
        let len = usize::from(word(&answer, 20)).min(room.len());
        let value = i16::from_le_bytes([answer[18], answer[19]]);
        Ok((value, memory.take(at)[..len].to_vec()))
    }

    fn make(machine: &Machine, wanted: &str, mode: u16) -> Result<String> {
        let memory = Memory::default();
        let mut params = name("tern0", 16);
        params.extend(mode.to_le_bytes());
        params.resize(CLONE_PARAMS, 0);
        let at = memory.add(params);
        let mut argument = name(wanted, 16);
        argument.extend(at.to_le_bytes());
        argument.resize(IFREQ, 0);
        let answer = ioctl(machine, &memory, SIOCIFCREATE2, argument);
        Ok(text(&answer.map_err(errno("create wlandev tern0"))?[..16]))
    }

    fn flags(machine: &Machine, interface: &str, is_up: bool) -> Result<()> {
        let memory = Memory::default();
        let mut argument = name(interface, IFREQ);
        let mut answer = ioctl(machine, &memory, SIOCGIFFLAGS, argument.clone())
            .map_err(errno("reading the flags"))?;
        let flags = word(&answer, 16);
        let flags = if is_up { flags | IFF_UP } else { flags & !IFF_UP };
        answer[16..18].copy_from_slice(&flags.to_le_bytes());
        argument[16..].copy_from_slice(&answer[16..]);
        ioctl(machine, &memory, SIOCSIFFLAGS, argument).map_err(errno("writing the flags"))?;
        Ok(())
    }

    fn results(&self, machine: &Machine) -> Result<Vec<Found>> {
        let room = vec![0; 24 * 1024];
        let (_, bytes) = self.get(machine, SCAN_RESULTS, &room).map_err(errno("list scan"))?;
        let mut found = Vec::new();
        let mut at = 0;
        while at + 42 <= bytes.len() {
            let one = &bytes[at..];
            let len = usize::from(word(one, 0));
            ensure!(
                len >= 42 && len % 4 == 0 && at + len <= bytes.len(),
                "a result of {len} bytes"
            );
            let (start, ssid_len) = (usize::from(word(one, 2)), usize::from(one[38]));
            ensure!(start + ssid_len <= len, "a name outside of its result");
            found.push(Found {
                ssid: one[start..start + ssid_len].to_vec(),
                bssid: one[16..22].try_into()?,
                channel: channel_of(word(one, 6)),
            });
            at += len;
        }
        Ok(found)
    }

    fn key(
        &self,
        machine: &Machine,
        index: u16,
        addr: [u8; 6],
        flags: u8,
        rsc: u64,
        key: &[u8],
    ) -> Result<()> {
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
        self.set(machine, WPAKEY, 0, &bytes).map_err(errno("WPAKEY"))
    }

    fn mlme(&self, machine: &Machine, op: u8, ssid: &[u8], addr: [u8; 6]) -> Result<(), i32> {
        let mut bytes = vec![op, ssid.len() as u8, 3, 0];
        bytes.extend(addr);
        bytes.extend(ssid);
        bytes.resize(42, 0);
        self.set(machine, MLME, 0, &bytes)
    }

    fn wait_for(&self, machine: &Machine, what: u16) -> Result<Vec<u8>> {
        let mut data = None;
        machine.wait_until(20 * SECOND, |events| {
            data = data.take().or_else(|| events.iter().find_map(|event| message(event, what)));
            data.is_some()
        });
        data.with_context(|| format!("no routing message {what}"))
    }

    fn link_is_up(&self, machine: &Machine) -> bool {
        const LINK_STATE_UP: u32 = 2;
        machine.wait_until(20 * SECOND, |events| {
            events
                .iter()
                .any(|event| event.kind == EventKind::Link && event.number == LINK_STATE_UP)
        })
    }
}

/// The payload of an 802.11 message on the routing socket.
fn message(event: &Event, what: u16) -> Option<Vec<u8>> {
    const HEADER: usize = 24;
    let bytes = &event.data;
    let is_it = event.kind == EventKind::Route
        && bytes.get(3) == Some(&RTM_IEEE80211)
        && word(bytes, 22) == what
        && usize::from(word(bytes, 0)) == bytes.len();
    is_it.then(|| bytes.get(HEADER..).unwrap_or_default().to_vec())
}

impl Keys for (&Ifconfig, &Machine, [u8; 6]) {
    fn install(&mut self, want: &Want) -> Result<()> {
        const XMIT: u8 = 1;
        const RECV: u8 = 2;
        const NONE: u16 = 0xffff;
        let (ifconfig, machine, bssid) = *self;
        match want {
            Want::PairwiseKey(key) => ifconfig.key(machine, NONE, bssid, XMIT | RECV, 0, key),
            Want::GroupKey { key_id, key, rsc } => {
                ifconfig.key(machine, u16::from(*key_id), [0xff; 6], RECV, *rsc, key)
            }
            Want::Send(_) | Want::Done => Ok(()),
        }
    }
}

impl Programs for Ifconfig {
    fn interface(&self) -> String {
        self.name.clone()
    }

    fn create(&mut self, machine: &Machine) -> Result<()> {
        self.name = Self::make(machine, "wlan0", OPMODE_STA)?;
        ensure!(self.name == "wlan0", "the interface is called {}", self.name);
        Ok(())
    }

    fn destroy(&mut self, machine: &Machine) -> Result<()> {
        for interface in self.monitor.take().into_iter().chain([std::mem::take(&mut self.name)]) {
            if !interface.is_empty() {
                let argument = name(&interface, IFREQ);
                ioctl(machine, &Memory::default(), SIOCIFDESTROY, argument)
                    .map_err(errno("destroy"))?;
            }
        }
        Ok(())
    }

    fn set_up(&mut self, machine: &Machine, is_up: bool) -> Result<()> {
        Self::flags(machine, &self.name, is_up)
    }

    fn scan(&mut self, machine: &Machine) -> Result<Vec<Found>> {
        const ACTIVE_ONCE_NOPICK_FLUSH: i32 = 0x1 | 0x2 | 0x10 | 0x1_0000;
        let mut scan = ACTIVE_ONCE_NOPICK_FLUSH.to_le_bytes().to_vec();
        scan.extend(0x7fff_ffff_u32.to_le_bytes());
        scan.resize(20 + 3 * 36, 0);
        self.set(machine, SCAN_REQ, 0, &scan).map_err(errno("scan"))?;
        self.wait_for(machine, RTM_SCAN)?;
        self.results(machine)
    }

    fn join_open(&mut self, machine: &Machine, ssid: &[u8]) -> Result<()> {
        self.set(machine, SSID, 0, ssid).map_err(errno("ssid"))?;
        ensure!(self.link_is_up(machine), "the link does not go up");
        let (_, bssid) = self.get(machine, BSSID, &[0; 6]).map_err(errno("bssid"))?;
        ensure!(bssid != [0; 6], "no access point although the link is up");
        Ok(())
    }

    fn join_wpa2(&mut self, machine: &Machine, ssid: &[u8], psk: &Psk) -> Result<()> {
        let found = self.scan(machine)?;
        let bss = found.iter().find(|bss| bss.ssid == ssid).context("the network was not found")?;
        self.set(machine, ROAMING, 2, &[]).map_err(errno("roaming"))?;
        self.set(machine, APPIE, APPIE_WPA, &Supplicant::element()).map_err(errno("appie"))?;
        self.set(machine, PRIVACY, 1, &[]).map_err(errno("privacy"))?;
        self.set(machine, WPA, 2, &[]).map_err(errno("wpa"))?;
        self.mlme(machine, 1, ssid, bss.bssid).map_err(errno("associate"))?;
        self.wait_for(machine, RTM_ASSOC)?;
        let mut seed = Seed::new(77);
        let supplicant = Supplicant::new(&mut seed, psk, ssid, MAC, bss.bssid);
        let keys = &mut (&*self, machine, bss.bssid);
        handshake::carry_out(machine, &self.name, bss.bssid, supplicant, keys)
    }

    fn monitor(&mut self, machine: &Machine, channel: u8) -> Result<(String, u32)> {
        let interface = Self::make(machine, "wlan1", OPMODE_MONITOR)?;
        self.monitor = Some(interface.clone());
        let other = Self { name: interface.clone(), monitor: None };
        Self::flags(machine, &interface, true)?;
        other.set(machine, CHANNEL, channel.into(), &[]).map_err(errno("channel"))?;
        Ok((interface, DLT_RADIO))
    }

    fn exercise(&mut self, machine: &Machine) -> Result<()> {
        let mut answered = 0;
        for number in 0..=260 {
            for room in [0, 1, 6, 64, 4096, 20_000] {
                answered += u32::from(self.get(machine, number, &vec![0; room]).is_ok());
            }
            for (value, data) in [(0, 0), (1, 0), (-1, 0), (0, 1), (3, 64), (0, 600)] {
                // Whatever it says, as long as it comes back.
                let _ = self.set(machine, number, value, &vec![0x41; data]);
            }
            self.with_bad_pointers(machine, number);
        }
        ensure!(answered > 100, "only {answered} requests were answered");
        self.reset(machine)?;
        self.stack_ioctls(machine)
    }
}

impl Ifconfig {
    /// Null, kernel memory, and the end of a buffer.
    fn with_bad_pointers(&self, machine: &Machine, number: u16) {
        let memory = Memory::default();
        let short = memory.add(vec![0; 3]);
        for data in [0, 0xffff_8000_0000_0000, 1, short] {
            for command in [SIOCS80211, SIOCG80211] {
                let argument = request(&self.name, number, 0, 256, data);
                let _ = ioctl(machine, &memory, command, argument);
            }
        }
        let _ = machine.ioctl(Box::new(memory), SIOCG80211, 0);
    }

    /// A new interface, because the old one was told all kinds of things.
    fn reset(&mut self, machine: &Machine) -> Result<()> {
        self.destroy(machine)?;
        self.create(machine)?;
        let rooms = [(DEVCAPS, 24 * 1024), (REGDOMAIN, 12), (STA_INFO, 4096), (CURCHAN, 20)];
        for (number, room) in rooms {
            let mut room = vec![0; room];
            if number == DEVCAPS {
                // As many channels as there is room for.
                room[8] = 64;
            }
            if number == STA_INFO {
                room[..6].fill(0xff);
            }
            if let Err(errno) = self.get(machine, number, &room) {
                bail!("request {number}: errno {errno}");
            }
        }
        ensure!(
            self.set(machine, DELKEY, 0, &[0xff; 7]).is_err(),
            "a key that is not there is deleted"
        );
        Ok(())
    }

    fn stack_ioctls(&self, machine: &Machine) -> Result<()> {
        let memory = Memory::default();
        let mut mtu = name(&self.name, IFREQ);
        mtu[16..20].copy_from_slice(&1400_u32.to_le_bytes());
        ioctl(machine, &memory, SIOCSIFMTU, mtu).map_err(errno("mtu 1400"))?;
        let mut address = name(&self.name, IFREQ);
        address[16..18].copy_from_slice(&[6, 18]);
        address[18..24].copy_from_slice(&[2, 0, 0, 0, 0, 9]);
        ioctl(machine, &memory, SIOCSIFLLADDR, address.clone()).map_err(errno("ether"))?;
        address[18..24].copy_from_slice(&MAC);
        ioctl(machine, &memory, SIOCSIFLLADDR, address).map_err(errno("ether back"))?;
        let list = memory.add(vec![0; 4 * 200]);
        let mut media = name(&self.name, 48);
        media[32..36].copy_from_slice(&200_u32.to_le_bytes());
        media[40..48].copy_from_slice(&list.to_le_bytes());
        let answer = ioctl(machine, &memory, SIOCGIFMEDIA, media).map_err(errno("list media"))?;
        ensure!(word(&answer, 32) > 5, "{} media words", word(&answer, 32));
        let current = answer[16..20].to_vec();
        let mut set = name(&self.name, IFREQ);
        set[16..20].copy_from_slice(&current);
        ioctl(machine, &memory, SIOCSIFMEDIA, set).map_err(errno("media"))?;
        let stats = memory.add(vec![0; 1024]);
        let mut argument = name(&self.name, IFREQ);
        argument[16..24].copy_from_slice(&stats.to_le_bytes());
        ioctl(machine, &memory, SIOCG80211STATS, argument).map_err(errno("statistics"))?;
        Ok(())
    }
}
