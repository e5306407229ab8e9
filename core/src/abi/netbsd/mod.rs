// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! NetBSD: one interface for each device, whose mode is a media option; some settings have ioctls of
//! their own, the others are numbers in one, as its net80211 answers them.
//!
//! `ioctls.tsv` lists every request and what becomes of it, `errnos.tsv` what malformed ones get.

mod get;
mod heard;
mod ioc;
pub mod layout;
mod own;
mod set;
#[cfg(test)]
mod tests;
mod values;

use zerocopy::{FromBytes, IntoBytes, KnownLayout};

use self::values::VALUES;
use super::{
    Errno, Host, Personality, UserAddr,
    net80211::{events, keys::Keys, media::Words, stats, values::Values},
    settings::Settings,
};
use crate::{control::Notice, os::Empty, types::MacAddr};

/// Every ioctl that there is an answer to.
pub const COMMANDS: [u64; 16] = [
    ioc::GET,
    ioc::SET,
    ioc::GET_NWID,
    ioc::SET_NWID,
    ioc::GET_NWKEY,
    ioc::SET_NWKEY,
    ioc::GET_POWER,
    ioc::SET_POWER,
    ioc::GET_AUTH,
    ioc::SET_AUTH,
    ioc::GET_CHANNEL,
    ioc::SET_CHANNEL,
    ioc::GET_BSSID,
    ioc::SET_BSSID,
    ioc::GET_STATS,
    ioc::TAKE_STATS,
];

/// NetBSD's media words.
const WORDS: Words = Words { monitor: 0x400, cck: &[8, 5, 6, 7] };

/// A NetBSD interface.
#[derive(Debug)]
pub struct NetBsd {
    settings: Settings,
    /// Parameters without a place of their own.
    values: Values<{ VALUES.len() }>,
    keys: Keys,
    /// Bit 0 WPA, bit 1 RSN.
    wpa: u8,
    /// `IEEE80211_AUTH_*`; 0 is open.
    auth: u8,
    /// Channels of scans: bit n is channel n. All zero is all channels.
    channels: [u8; 32],
}

impl Empty for NetBsd {
    const EMPTY: Self = Self {
        settings: Settings::EMPTY,
        values: Values::EMPTY,
        keys: Keys::EMPTY,
        wpa: 0,
        auth: 0,
        channels: [0; 32],
    };
}

/// The argument as a structure. Errors: [`Errno::Inval`] if there are fewer bytes.
fn argument<T: FromBytes + IntoBytes + KnownLayout>(data: &mut [u8]) -> Result<&mut T, Errno> {
    let (argument, _) = T::mut_from_prefix(data).map_err(|_| Errno::Inval)?;
    Ok(argument)
}

/// Whether an ioctl changes something, so that not everybody may.
const fn is_change(command: u64) -> bool {
    matches!(
        command,
        ioc::SET
            | ioc::SET_NWID
            | ioc::SET_NWKEY
            | ioc::SET_POWER
            | ioc::SET_AUTH
            | ioc::SET_CHANNEL
            | ioc::SET_BSSID
            | ioc::TAKE_STATS
    )
}

impl Personality for NetBsd {
    fn create<H: Host>(&mut self, host: &mut H, _params: &[u8]) -> Result<(), Errno> {
        self.settings.mac = host.identity().mac;
        Ok(())
    }

    fn address(&self) -> MacAddr {
        self.settings.mac
    }

    fn set_address(&mut self, addr: MacAddr) -> Result<(), Errno> {
        self.settings.set_mac(addr)
    }

    fn ioctl<H: Host>(&mut self, host: &mut H, command: u64, data: &mut [u8]) -> Result<(), Errno> {
        // Some kernels extend the sign.
        let command = command & u64::from(u32::MAX);
        if is_change(command) && !host.is_privileged() {
            return Err(Errno::Perm);
        }
        match command {
            ioc::GET => self.get(host, argument(data)?),
            ioc::SET => self.set(host, argument(data)?),
            ioc::GET_NWID => self.get_nwid(host, argument(data)?),
            ioc::SET_NWID => self.set_nwid(host, argument(data)?),
            ioc::GET_NWKEY => self.get_nwkey(host, argument(data)?),
            ioc::SET_NWKEY => self.set_nwkey(host, argument(data)?),
            ioc::GET_POWER => self.get_power(argument(data)?),
            ioc::SET_POWER => self.set_power_saving(argument(data)?),
            ioc::GET_AUTH => self.get_auth(argument(data)?),
            ioc::SET_AUTH => self.set_auth_ioctl(host, argument(data)?),
            ioc::GET_CHANNEL => self.get_channel(host, argument(data)?),
            ioc::SET_CHANNEL => self.set_channel(host, argument(data)?),
            ioc::GET_BSSID => self.get_bssid(host, argument(data)?),
            ioc::SET_BSSID => self.set_bssid_ioctl(host, argument(data)?),
            ioc::GET_STATS | ioc::TAKE_STATS => {
                let req: &mut layout::IfReq = argument(data)?;
                let stats: [u8; layout::STATS_LEN] = stats::of_interface(host, &[]);
                let room = usize::try_from(req.ifr_data & u64::from(u32::MAX)).unwrap_or(0);
                let part = stats.get(..room).unwrap_or(&stats);
                host.copy_out(part, UserAddr(req.ifr_buf))
            }
            _ => Err(Errno::NoTty),
        }
    }

    fn up<H: Host>(&mut self, host: &mut H) -> Result<(), Errno> {
        self.settings.up(host)
    }

    fn down<H: Host>(&mut self, host: &mut H) -> Result<(), Errno> {
        self.settings.down(host)
    }

    fn media<H: Host>(&self, host: &H, index: u32) -> i32 {
        WORDS.word(host.info(), index)
    }

    fn set_media<H: Host>(&mut self, host: &mut H, word: i32) -> Result<(), Errno> {
        let mode = WORDS.mode_of(host.info(), word)?;
        self.settings.set_mode(host, mode)
    }

    fn media_status<H: Host>(&self, host: &mut H) -> (i32, i32) {
        WORDS.status(&self.settings, host)
    }

    fn events(notice: &Notice<'_>, tell: &mut dyn FnMut(i32, &[u8])) {
        events::of_notice(notice, tell);
    }

    fn link_events(bssid: Option<MacAddr>, tell: &mut dyn FnMut(i32, &[u8])) {
        events::of_link(bssid, tell);
    }
}
