// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! FreeBSD: what ifconfig(8) sends.

use anyhow::{Context as _, Result, bail, ensure};
use tern_sim::access_point::Psk;

use super::{
    Found, IN, IN_OUT, Memory, Programs, channel_of, errno, ioc, ioctl, link_is_up, name,
    net80211::{Dialect, RTM_SCAN, Speaker},
    set_up, text, word,
};
use crate::machine::{MAC, Machine};

const IFREQ: usize = 32;
const SIOCSIFMTU: u64 = ioc(IN, 52, IFREQ);
const SIOCSIFMEDIA: u64 = ioc(IN_OUT, 55, IFREQ);
const SIOCGIFMEDIA: u64 = ioc(IN_OUT, 56, 48);
const SIOCSIFLLADDR: u64 = ioc(IN, 60, IFREQ);
const SIOCIFDESTROY: u64 = ioc(IN, 121, IFREQ);
const SIOCIFCREATE2: u64 = ioc(IN_OUT, 124, IFREQ);
const SIOCG80211STATS: u64 = ioc(IN_OUT, 236, IFREQ);

const CLONE_PARAMS: usize = 32;
const OPMODE_STA: u16 = 1;
const OPMODE_MONITOR: u16 = 5;
const DLT_RADIO: u32 = 127;

const SSID: u16 = 1;
const CHANNEL: u16 = 9;
const BSSID: u16 = 15;
const DELKEY: u16 = 20;
const SCAN_RESULTS: u16 = 76;
const STA_INFO: u16 = 78;
const CURCHAN: u16 = 80;
const APPIE: u16 = 95;
const DEVCAPS: u16 = 98;
const SCAN_REQ: u16 = 103;
const REGDOMAIN: u16 = 106;
/// `IEEE80211_APPIE_WPA`: beacon and probe response at once.
const APPIE_WPA: i16 = 0xd0;

static DIALECT: Dialect = Dialect {
    set: ioc(IN, 234, 32),
    get: ioc(IN_OUT, 235, 32),
    message: 18,
    element: (APPIE, APPIE_WPA),
};

/// The interface of a user.
#[derive(Debug, Default)]
pub struct Ifconfig {
    name: String,
    monitor: Option<String>,
}

impl Ifconfig {
    fn speaker<'a>(&'a self, machine: &'a Machine) -> Speaker<'a> {
        Speaker { dialect: &DIALECT, machine, interface: &self.name }
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

    fn results(&self, machine: &Machine) -> Result<Vec<Found>> {
        let room = vec![0; 24 * 1024];
        let (_, bytes) =
            self.speaker(machine).get(SCAN_RESULTS, &room).map_err(errno("list scan"))?;
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
        set_up(machine, &self.name, IFREQ, is_up)
    }

    fn scan(&mut self, machine: &Machine) -> Result<Vec<Found>> {
        const ACTIVE_ONCE_NOPICK_FLUSH: i32 = 0x1 | 0x2 | 0x10 | 0x1_0000;
        let mut scan = ACTIVE_ONCE_NOPICK_FLUSH.to_le_bytes().to_vec();
        scan.extend(0x7fff_ffff_u32.to_le_bytes());
        scan.resize(20 + 3 * 36, 0);
        self.speaker(machine).set(SCAN_REQ, 0, &scan).map_err(errno("scan"))?;
        self.speaker(machine).wait_for(RTM_SCAN)?;
        self.results(machine)
    }

    fn join_open(&mut self, machine: &Machine, ssid: &[u8]) -> Result<()> {
        self.speaker(machine).set(SSID, 0, ssid).map_err(errno("ssid"))?;
        const LINK_STATE_UP: u32 = 2;
        ensure!(link_is_up(machine, LINK_STATE_UP), "the link does not go up");
        let (_, bssid) = self.speaker(machine).get(BSSID, &[0; 6]).map_err(errno("bssid"))?;
        ensure!(bssid != [0; 6], "no access point although the link is up");
        Ok(())
    }

    fn join_wpa2(&mut self, machine: &Machine, ssid: &[u8], psk: &Psk) -> Result<()> {
        let found = self.scan(machine)?;
        let bss = found.iter().find(|bss| bss.ssid == ssid).context("the network was not found")?;
        self.speaker(machine).join_wpa2(ssid, bss.bssid, psk)
    }

    fn monitor(&mut self, machine: &Machine, channel: u8) -> Result<(String, u32)> {
        let interface = Self::make(machine, "wlan1", OPMODE_MONITOR)?;
        self.monitor = Some(interface.clone());
        let other = Self { name: interface.clone(), monitor: None };
        set_up(machine, &interface, IFREQ, true)?;
        other.speaker(machine).set(CHANNEL, channel.into(), &[]).map_err(errno("channel"))?;
        Ok((interface, DLT_RADIO))
    }

    fn exercise(&mut self, machine: &Machine) -> Result<()> {
        let answered = self.speaker(machine).exercise();
        ensure!(answered > 100, "only {answered} requests were answered");
        self.reset(machine)?;
        self.stack_ioctls(machine)
    }
}

impl Ifconfig {
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
            if let Err(errno) = self.speaker(machine).get(number, &room) {
                bail!("request {number}: errno {errno}");
            }
        }
        ensure!(
            self.speaker(machine).set(DELKEY, 0, &[0xff; 7]).is_err(),
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
