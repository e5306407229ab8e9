// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! NetBSD: what ifconfig(8) and wpa_supplicant(8) send: the interface is the device's, its mode a
//! media option; names and channels have ioctls of their own.

use anyhow::{Context as _, Result, ensure};
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

const IFREQ: usize = 144;
const REQ: usize = 32;
const CHANREQ: usize = 18;
const BSSIDREQ: usize = 22;
const MEDIAREQ: usize = 48;
const SIOCSIFFLAGS: u64 = ioc(IN, 16, IFREQ);
const SIOCGIFFLAGS: u64 = ioc(IN_OUT, 17, IFREQ);
const SIOCADDMULTI: u64 = ioc(IN, 49, IFREQ);
const SIOCDELMULTI: u64 = ioc(IN, 50, IFREQ);
const SIOCSIFMEDIA: u64 = ioc(IN_OUT, 55, IFREQ);
const SIOCGIFMEDIA: u64 = ioc(IN_OUT, 56, MEDIAREQ);
const SIOCSIFMTU: u64 = ioc(IN, 127, IFREQ);
const SIOCS80211NWID: u64 = ioc(IN_OUT, 230, IFREQ);
const SIOCS80211CHANNEL: u64 = ioc(IN, 238, CHANREQ);
const SIOCG80211CHANNEL: u64 = ioc(IN_OUT, 239, CHANREQ);
const SIOCG80211BSSID: u64 = ioc(IN_OUT, 241, BSSIDREQ);
const SIOCS80211: u64 = ioc(IN, 244, REQ);
const SIOCG80211: u64 = ioc(IN_OUT, 245, REQ);

const IFF_UP: u16 = 1;
/// `IFM_IEEE80211 | IFM_AUTO`, and the option of monitor mode.
const MEDIA_AUTO: u32 = 0x80;
const MEDIA_MONITOR: u32 = 0x400;
const DLT_RADIO: u32 = 127;
const RTM_IEEE80211: u8 = 0x11;
const RTM_ASSOC: u16 = 100;
const RTM_SCAN: u16 = 105;

const ROAMING: u16 = 16;
const PRIVACY: u16 = 17;
const WPAKEY: u16 = 19;
const DELKEY: u16 = 20;
const MLME: u16 = 21;
const OPTIE: u16 = 22;
const SCAN_REQ: u16 = 23;
const SCAN_RESULTS: u16 = 24;
const WPA: u16 = 26;
const SECOND: u64 = 1_000_000;

/// The interface of a user.
#[derive(Debug, Default)]
pub struct Ifconfig {
    name: String,
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

    /// The bytes of an answer.
    fn get(&self, machine: &Machine, number: u16, room: usize) -> Result<Vec<u8>, i32> {
        let memory = Memory::default();
        let at = memory.add(vec![0; room]);
        let argument = request(&self.name, number, 0, room as u16, at);
        let answer = ioctl(machine, &memory, SIOCG80211, argument)?;
        let len = usize::from(word(&answer, 20)).min(room);
        Ok(memory.take(at)[..len].to_vec())
    }

    /// An ioctl with `struct ifreq`, whose union begins with these bytes.
    fn ifreq(&self, machine: &Machine, command: u64, union: &[u8]) -> Result<Vec<u8>, i32> {
        let mut argument = name(&self.name, IFREQ);
        argument[16..16 + union.len()].copy_from_slice(union);
        ioctl(machine, &Memory::default(), command, argument)
    }

    fn channel(&self, machine: &Machine, channel: u8) -> Result<()> {
        let mut argument = name(&self.name, CHANREQ);
        argument[16..].copy_from_slice(&u16::from(channel).to_le_bytes());
        let memory = Memory::default();
        ioctl(machine, &memory, SIOCS80211CHANNEL, argument.clone()).map_err(errno("channel"))?;
        let answer = ioctl(machine, &memory, SIOCG80211CHANNEL, argument);
        let is = word(&answer.map_err(errno("reading the channel"))?, 16);
        ensure!(is == channel.into(), "the channel is {is}");
        Ok(())
    }

    fn media(&self, machine: &Machine, word: u32) -> Result<()> {
        self.ifreq(machine, SIOCSIFMEDIA, &word.to_le_bytes()).map_err(errno("media"))?;
        Ok(())
    }

    fn results(&self, machine: &Machine) -> Result<Vec<Found>> {
        let bytes = self.get(machine, SCAN_RESULTS, 24 * 1024).map_err(errno("list scan"))?;
        let mut found = Vec::new();
        let mut at = 0;
        while at + 40 <= bytes.len() {
            let one = &bytes[at..];
            let (len, ssid_len) = (usize::from(word(one, 0)), usize::from(one[33]));
            ensure!(
                len >= 40 && len % 4 == 0 && at + len <= bytes.len() && 40 + ssid_len <= len,
                "a result of {len} bytes with a name of {ssid_len}"
            );
            found.push(Found {
                ssid: one[40..40 + ssid_len].to_vec(),
                bssid: one[11..17].try_into()?,
                channel: channel_of(word(one, 2)),
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

    fn wait_for(&self, machine: &Machine, what: u16) -> Result<()> {
        let is_there = machine
            .wait_until(20 * SECOND, |events| events.iter().any(|event| is_message(event, what)));
        ensure!(is_there, "no routing message {what}");
        Ok(())
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

/// Whether this is that 802.11 message on the routing socket.
fn is_message(event: &Event, what: u16) -> bool {
    let bytes = &event.data;
    event.kind == EventKind::Route
        && bytes.get(3) == Some(&RTM_IEEE80211)
        && word(bytes, 22) == what
        && usize::from(word(bytes, 0)) == bytes.len()
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

    /// It is there with the device.
    fn create(&mut self, machine: &Machine) -> Result<()> {
        self.name = machine.kernel.interface(0).context("there is no interface")?;
        ensure!(self.name == "tern0", "the interface is called {}", self.name);
        Ok(())
    }

    fn destroy(&mut self, machine: &Machine) -> Result<()> {
        if self.name.is_empty() { Ok(()) } else { self.set_up(machine, false) }
    }

    fn set_up(&mut self, machine: &Machine, is_up: bool) -> Result<()> {
        let answer = self.ifreq(machine, SIOCGIFFLAGS, &[]).map_err(errno("reading the flags"))?;
        let flags = word(&answer, 16);
        let flags = if is_up { flags | IFF_UP } else { flags & !IFF_UP };
        self.ifreq(machine, SIOCSIFFLAGS, &flags.to_le_bytes())
            .map_err(errno("writing the flags"))?;
        Ok(())
    }

    fn scan(&mut self, machine: &Machine) -> Result<Vec<Found>> {
        self.set(machine, SCAN_REQ, 0, &[]).map_err(errno("scan"))?;
        self.wait_for(machine, RTM_SCAN)?;
        self.results(machine)
    }

    fn join_open(&mut self, machine: &Machine, ssid: &[u8]) -> Result<()> {
        let memory = Memory::default();
        let mut nwid = vec![ssid.len() as u8];
        nwid.extend(ssid);
        nwid.resize(33, 0);
        let at = memory.add(nwid);
        let mut argument = name(&self.name, IFREQ);
        argument[16..24].copy_from_slice(&at.to_le_bytes());
        ioctl(machine, &memory, SIOCS80211NWID, argument).map_err(errno("nwid"))?;
        ensure!(self.link_is_up(machine), "the link does not go up");
        let answer = ioctl(machine, &memory, SIOCG80211BSSID, name(&self.name, BSSIDREQ));
        let answer = answer.map_err(errno("bssid"))?;
        ensure!(answer[16..] != [0; 6], "no access point although the link is up");
        Ok(())
    }

    fn join_wpa2(&mut self, machine: &Machine, ssid: &[u8], psk: &Psk) -> Result<()> {
        let found = self.scan(machine)?;
        let bss = found.iter().find(|bss| bss.ssid == ssid).context("the network was not found")?;
        self.set(machine, ROAMING, 2, &[]).map_err(errno("roaming"))?;
        self.set(machine, OPTIE, 0, &Supplicant::element()).map_err(errno("optie"))?;
        self.set(machine, PRIVACY, 1, &[]).map_err(errno("privacy"))?;
        self.set(machine, WPA, 2, &[]).map_err(errno("wpa"))?;
        let mut mlme = vec![1, ssid.len() as u8, 0, 0];
        mlme.extend(bss.bssid);
        mlme.extend(ssid);
        mlme.resize(42, 0);
        self.set(machine, MLME, 0, &mlme).map_err(errno("associate"))?;
        self.wait_for(machine, RTM_ASSOC)?;
        let mut seed = Seed::new(77);
        let supplicant = Supplicant::new(&mut seed, psk, ssid, MAC, bss.bssid);
        let keys = &mut (&*self, machine, bss.bssid);
        handshake::carry_out(machine, &self.name, bss.bssid, supplicant, keys)
    }

    fn monitor(&mut self, machine: &Machine, channel: u8) -> Result<(String, u32)> {
        self.media(machine, MEDIA_AUTO | MEDIA_MONITOR)?;
        self.channel(machine, channel)?;
        Ok((self.name.clone(), DLT_RADIO))
    }

    fn exercise(&mut self, machine: &Machine) -> Result<()> {
        let mut answered = 0;
        for number in 0..=100 {
            for room in [0, 1, 6, 64, 4096, 20_000] {
                answered += u32::from(self.get(machine, number, room).is_ok());
            }
            for (value, data) in [(0, 0), (1, 0), (-1, 0), (0, 1), (3, 64), (0, 600)] {
                // Whatever it says, as long as it comes back.
                let _ = self.set(machine, number, value, &vec![0x41; data]);
            }
            self.with_bad_pointers(machine, number);
        }
        ensure!(answered > 50, "only {answered} requests were answered");
        ensure!(
            self.set(machine, DELKEY, 0, &[0xff; 7]).is_err(),
            "a key that is not there is deleted"
        );
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

    fn stack_ioctls(&self, machine: &Machine) -> Result<()> {
        self.ifreq(machine, SIOCSIFMTU, &1400_u32.to_le_bytes()).map_err(errno("mtu 1400"))?;
        let group = [&[16, 2, 0, 0, 224, 0, 0, 251][..], &[0; 8]].concat();
        self.ifreq(machine, SIOCADDMULTI, &group).map_err(errno("a group"))?;
        self.ifreq(machine, SIOCDELMULTI, &group).map_err(errno("no group"))?;
        let memory = Memory::default();
        let list = memory.add(vec![0; 4 * 200]);
        let mut media = name(&self.name, MEDIAREQ);
        media[32..36].copy_from_slice(&200_u32.to_le_bytes());
        media[40..48].copy_from_slice(&list.to_le_bytes());
        let answer = ioctl(machine, &memory, SIOCGIFMEDIA, media).map_err(errno("list media"))?;
        ensure!(word(&answer, 32) > 5, "{} media words", word(&answer, 32));
        ensure!(text(&answer[..16]) == self.name, "the name was overwritten");
        self.media(machine, MEDIA_AUTO)
    }
}
