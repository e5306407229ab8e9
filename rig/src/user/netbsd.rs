// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! NetBSD: what ifconfig(8) and wpa_supplicant(8) send. The device is the interface.

use anyhow::{Context as _, Result, ensure};
use tern_sim::access_point::Psk;

use super::{
    Found, IN, IN_OUT, Memory, Programs, channel_of, errno, ioc, ioctl, link_is_up, name,
    net80211::{Dialect, RTM_SCAN, Speaker},
    set_up, word,
};
use crate::machine::Machine;

const INTERFACE: &str = "tern0";
const IFREQ: usize = 144;
const SIOCSIFMEDIA: u64 = ioc(IN_OUT, 55, IFREQ);
const SIOCS80211NWID: u64 = ioc(IN_OUT, 230, IFREQ);
const SIOCS80211CHANNEL: u64 = ioc(IN, 238, 18);
const DLT_RADIO: u32 = 127;
/// `IFM_IEEE80211`, and its option monitor.
const MEDIA: u32 = 0x80;
const MEDIA_MONITOR: u32 = 0x400;
const LINK_STATE_UP: u32 = 2;

const SCAN_REQ: u16 = 23;
const SCAN_RESULTS: u16 = 24;
const OPTIE: u16 = 22;

static DIALECT: Dialect = Dialect {
    set: ioc(IN, 244, 32),
    get: ioc(IN_OUT, 245, 32),
    message: 0x11,
    element: (OPTIE, 0),
};

/// A user of the one interface.
#[derive(Debug)]
pub struct Ifconfig;

fn speaker(machine: &Machine) -> Speaker<'_> {
    Speaker { dialect: &DIALECT, machine, interface: INTERFACE }
}

fn set_media(machine: &Machine, word: u32) -> Result<()> {
    let mut argument = name(INTERFACE, IFREQ);
    argument[16..20].copy_from_slice(&word.to_le_bytes());
    ioctl(machine, &Memory::default(), SIOCSIFMEDIA, argument).map_err(errno("media"))?;
    Ok(())
}

impl Programs for Ifconfig {
    fn interface(&self) -> String {
        INTERFACE.to_owned()
    }

    fn create(&mut self, machine: &Machine) -> Result<()> {
        ensure!(machine.kernel.interface(0).as_deref() == Some(INTERFACE), "there is no tern0");
        Ok(())
    }

    fn destroy(&mut self, machine: &Machine) -> Result<()> {
        self.set_up(machine, false)
    }

    fn set_up(&mut self, machine: &Machine, is_up: bool) -> Result<()> {
        set_up(machine, INTERFACE, IFREQ, is_up)
    }

    fn scan(&mut self, machine: &Machine) -> Result<Vec<Found>> {
        const HEADER: usize = 40;
        speaker(machine).set(SCAN_REQ, 0, &[]).map_err(errno("scan"))?;
        speaker(machine).wait_for(RTM_SCAN)?;
        let room = vec![0; 24 * 1024];
        let got = speaker(machine).get(SCAN_RESULTS, &room);
        let (_, bytes) = got.map_err(errno("list scan"))?;
        let mut found = Vec::new();
        let mut at = 0;
        while at + HEADER <= bytes.len() {
            let one = &bytes[at..];
            let (len, ssid_len) = (usize::from(word(one, 0)), usize::from(one[33]));
            ensure!(len >= HEADER + ssid_len && at + len <= bytes.len(), "a result of {len} bytes");
            found.push(Found {
                ssid: one[HEADER..HEADER + ssid_len].to_vec(),
                bssid: one[11..17].try_into()?,
                channel: channel_of(word(one, 2)),
            });
            at += len;
        }
        Ok(found)
    }

    fn join_open(&mut self, machine: &Machine, ssid: &[u8]) -> Result<()> {
        let memory = Memory::default();
        let mut nwid = vec![ssid.len() as u8];
        nwid.extend(ssid);
        nwid.resize(33, 0);
        let at = memory.add(nwid);
        let mut argument = name(INTERFACE, IFREQ);
        argument[16..24].copy_from_slice(&at.to_le_bytes());
        ioctl(machine, &memory, SIOCS80211NWID, argument).map_err(errno("nwid"))?;
        ensure!(link_is_up(machine, LINK_STATE_UP), "the link does not go up");
        Ok(())
    }

    fn join_wpa2(&mut self, machine: &Machine, ssid: &[u8], psk: &Psk) -> Result<()> {
        let found = self.scan(machine)?;
        let bss = found.iter().find(|bss| bss.ssid == ssid).context("the network was not found")?;
        speaker(machine).join_wpa2(ssid, bss.bssid, psk)
    }

    fn monitor(&mut self, machine: &Machine, channel: u8) -> Result<(String, u32)> {
        self.set_up(machine, false)?;
        set_media(machine, MEDIA | MEDIA_MONITOR)?;
        let mut argument = name(INTERFACE, 18);
        argument[16] = channel;
        let set = ioctl(machine, &Memory::default(), SIOCS80211CHANNEL, argument);
        set.map_err(errno("chan"))?;
        self.set_up(machine, true)?;
        Ok((INTERFACE.to_owned(), DLT_RADIO))
    }

    fn exercise(&mut self, machine: &Machine) -> Result<()> {
        let answered = speaker(machine).exercise();
        ensure!(answered > 50, "only {answered} requests were answered");
        for number in 225..=250 {
            for (direction, len) in [(IN, 16), (IN_OUT, 24), (IN_OUT, IFREQ), (IN, 88)] {
                let argument = name(INTERFACE, len);
                let _ = ioctl(machine, &Memory::default(), ioc(direction, number, len), argument);
            }
        }
        set_media(machine, MEDIA)
    }
}
