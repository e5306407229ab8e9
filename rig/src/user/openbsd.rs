// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! OpenBSD: what ifconfig(8) sends. The device is the interface, and the key handshake is the kernel's.

use anyhow::{Result, bail, ensure};
use tern_sim::access_point::Psk;

use super::{
    Found, IN, IN_OUT, Memory, Programs, errno, ioc, ioctl, link_is_up, name, set_up, word,
};
use crate::machine::Machine;

const INTERFACE: &str = "tern0";
const IFREQ: usize = 32;
const NODE: usize = 152;
const SIOCSIFMEDIA: u64 = ioc(IN_OUT, 55, IFREQ);
const SIOCS80211SCAN: u64 = ioc(IN, 210, IFREQ);
const SIOCG80211ALLNODES: u64 = ioc(IN_OUT, 214, 48);
const SIOCS80211NWID: u64 = ioc(IN_OUT, 230, IFREQ);
const SIOCS80211CHANNEL: u64 = ioc(IN, 238, 18);
const SIOCS80211WPAPSK: u64 = ioc(IN, 245, 52);
const SIOCS80211WPAPARMS: u64 = ioc(IN, 247, 36);
const SIOCG80211WPAPARMS: u64 = ioc(IN_OUT, 248, 36);
const DLT_RADIO: u32 = 127;
/// `IFM_IEEE80211`, and its option monitor.
const MEDIA: u64 = 0x400;
const MEDIA_MONITOR: u64 = 0x10_0000;
/// `LINK_STATE_UP`; half and full duplex are more.
const LINK_STATE_UP: u32 = 4;
const SECOND: u64 = 1_000_000;

/// A user of the one interface.
#[derive(Debug)]
pub struct Ifconfig;

fn set_nwid(machine: &Machine, ssid: &[u8]) -> Result<()> {
    let memory = Memory::default();
    let mut nwid = vec![ssid.len() as u8];
    nwid.extend(ssid);
    nwid.resize(33, 0);
    let at = memory.add(nwid);
    let mut argument = name(INTERFACE, IFREQ);
    argument[16..24].copy_from_slice(&at.to_le_bytes());
    ioctl(machine, &memory, SIOCS80211NWID, argument).map_err(errno("nwid"))?;
    Ok(())
}

fn set_media(machine: &Machine, word: u64) -> Result<()> {
    let mut argument = name(INTERFACE, IFREQ);
    argument[16..24].copy_from_slice(&word.to_le_bytes());
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

    /// ifconfig(8) starts it, and looks at what is there after a while.
    fn scan(&mut self, machine: &Machine) -> Result<Vec<Found>> {
        const ROOM: usize = 64;
        let argument = name(INTERFACE, IFREQ);
        let memory = Memory::default();
        ioctl(machine, &memory, SIOCS80211SCAN, argument).map_err(errno("scan"))?;
        machine.sleep(6 * SECOND);
        let at = memory.add(vec![0; ROOM * NODE]);
        let mut argument = name(INTERFACE, 48);
        argument[24..32].copy_from_slice(&((ROOM * NODE) as u64).to_le_bytes());
        argument[32..40].copy_from_slice(&at.to_le_bytes());
        let answer = ioctl(machine, &memory, SIOCG80211ALLNODES, argument);
        let count = usize::from(word(&answer.map_err(errno("nodes"))?, 16));
        ensure!(count <= ROOM, "{count} nodes where there is room for {ROOM}");
        let nodes = memory.take(at);
        let node = |bytes: &[u8]| {
            let len = usize::from(bytes[28]).min(32);
            let bssid = [bytes[22], bytes[23], bytes[24], bytes[25], bytes[26], bytes[27]];
            Found { ssid: bytes[29..29 + len].to_vec(), bssid, channel: word(bytes, 62) as u8 }
        };
        Ok(nodes.chunks(NODE).take(count).map(node).collect())
    }

    fn join_open(&mut self, machine: &Machine, ssid: &[u8]) -> Result<()> {
        set_nwid(machine, ssid)?;
        ensure!(link_is_up(machine, LINK_STATE_UP), "the link does not go up");
        Ok(())
    }

    fn join_wpa2(&mut self, machine: &Machine, ssid: &[u8], psk: &Psk) -> Result<()> {
        let Psk::Key(key) = psk else { bail!("ifconfig(8) hands over the key itself") };
        let memory = Memory::default();
        let mut argument = name(INTERFACE, 16);
        argument.extend(1_u32.to_le_bytes());
        argument.extend(key);
        ioctl(machine, &memory, SIOCS80211WPAPSK, argument).map_err(errno("wpakey"))?;
        let parameters = ioctl(machine, &memory, SIOCG80211WPAPARMS, name(INTERFACE, 36));
        let mut parameters = parameters.map_err(errno("reading the WPA parameters"))?;
        parameters[16..20].copy_from_slice(&1_u32.to_le_bytes());
        let set = ioctl(machine, &memory, SIOCS80211WPAPARMS, parameters);
        set.map_err(errno("the WPA parameters"))?;
        set_nwid(machine, ssid)?;
        ensure!(link_is_up(machine, LINK_STATE_UP), "the link does not go up");
        Ok(())
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
        let mut answered = 0;
        for number in 200..=255 {
            for (direction, len) in
                [(IN, 18), (IN_OUT, 18), (IN, 22), (IN_OUT, 22), (IN, 24), (IN_OUT, 24), (IN, 32),
                 (IN_OUT, 32), (IN_OUT, 36), (IN, 36), (IN_OUT, 40), (IN_OUT, 48), (IN, 52),
                 (IN_OUT, 52), (IN, 60), (IN, 88), (IN_OUT, 88), (IN, 152), (IN_OUT, 152)]
            {
                for fill in [0, 0x41, 0xff] {
                    let mut argument = name(INTERFACE, 16);
                    argument.resize(len, fill);
                    let command = ioc(direction, number, len);
                    let result = ioctl(machine, &Memory::default(), command, argument);
                    answered += u32::from(result.is_ok());
                }
            }
        }
        ensure!(answered > 10, "only {answered} requests were answered");
        // A user starts anew.
        set_nwid(machine, b"")?;
        set_media(machine, MEDIA)
    }
}
