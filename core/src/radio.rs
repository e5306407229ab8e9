// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What all interfaces of a device share (net80211 calls it "ic"): where the radio is, and where
//! it may be.

use bitflags::bitflags;
use heapless::Vec;

use crate::{
    chip::{Bands, ChipInfo, Identity},
    types::{Band, Channel, Cipher, Tuning, Width},
    wire::elements::{HtCapability, ht::HtInfo},
};

/// Most channels that a regulatory domain speaks of: all that [`Channel`] can name.
pub const CHANNELS_MAX: usize = 48;

bitflags! {
    /// What is not allowed on a channel.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct ChannelFlags: u8 {
        /// Not even listening.
        const DISABLED = 1 << 0;
        /// No initiating radiation: nothing is sent before somebody else was heard. Scans there
        /// are passive.
        const NO_IR = 1 << 1;
        /// No 40 MHz with the secondary channel above.
        const NO_40_ABOVE = 1 << 2;
        /// No 40 MHz with the secondary channel below.
        const NO_40_BELOW = 1 << 3;
    }
}

/// What is allowed on one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelRule {
    /// Which.
    pub channel: Channel,
    /// Most power, dBm.
    pub max_dbm: i8,
    /// What is not allowed.
    pub flags: ChannelFlags,
}

/// A regulatory domain; a channel that it does not name is disabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regulatory {
    rules: Vec<ChannelRule, CHANNELS_MAX>,
}

impl Regulatory {
    /// No channel is allowed.
    pub const EMPTY: Self = Self { rules: Vec::new() };

    /// What holds until somebody says where we are: 2.4 GHz channels 1 to 11 at 20 dBm, 12 and 13
    /// for listening only.
    pub fn world() -> Self {
        let mut world = Self::EMPTY;
        for channel in (1..=13).filter_map(Channel::ghz2) {
            let flags = match channel.number() {
                12.. => ChannelFlags::NO_IR,
                _ => ChannelFlags::empty(),
            };
            world.set(ChannelRule { channel, max_dbm: 20, flags });
        }
        world
    }

    /// Says what is allowed on a channel; replaces what was said before.
    pub fn set(&mut self, rule: ChannelRule) {
        match self.rules.iter_mut().find(|old| old.channel == rule.channel) {
            Some(old) => *old = rule,
            None => {
                let pushed = self.rules.push(rule);
                debug_assert!(pushed.is_ok(), "CHANNELS_MAX is every channel there is");
            }
        }
    }

    /// The channels that are not disabled.
    pub fn channels(&self) -> impl Iterator<Item = Channel> {
        let enabled = |rule: &&ChannelRule| !rule.flags.contains(ChannelFlags::DISABLED);
        self.rules.iter().filter(enabled).map(|rule| rule.channel)
    }

    /// What is allowed on a channel; `None` is nothing.
    pub fn rule(&self, channel: Channel) -> Option<ChannelRule> {
        let rule = self.rules.iter().find(|rule| rule.channel == channel)?;
        (!rule.flags.contains(ChannelFlags::DISABLED)).then_some(*rule)
    }

    /// Whether we may receive like this.
    pub fn allows(&self, tuning: Tuning) -> bool {
        let forbidden = match tuning.width {
            Width::Mhz20 => ChannelFlags::empty(),
            Width::Mhz40Above => ChannelFlags::NO_40_ABOVE,
            Width::Mhz40Below => ChannelFlags::NO_40_BELOW,
        };
        self.rule(tuning.channel).is_some_and(|rule| !rule.flags.intersects(forbidden))
    }

    /// Whether we may be the first to send there.
    pub fn allows_initiating(&self, channel: Channel) -> bool {
        self.rule(channel).is_some_and(|rule| !rule.flags.contains(ChannelFlags::NO_IR))
    }
}

/// The channels that a radio can be tuned to, whatever the law says, band by band.
pub fn channels(chip: &ChipInfo) -> impl Iterator<Item = Channel> + use<> {
    let bands = [(Bands::GHZ2, Band::Ghz2), (Bands::GHZ5, Band::Ghz5)];
    let has = chip.bands;
    let bands = bands.into_iter().filter(move |(bit, _)| has.contains(*bit));
    bands.flat_map(|(_, band)| (0..=u8::MAX).filter_map(move |n| Channel::new(band, n)))
}

/// The ciphers that the data path knows: in the chip where it can, else in software.
pub const CIPHERS: [Cipher; 1] = [Cipher::Ccmp];

/// What a radio can do that HT knows of (IEEE Std 802.11-2020, 9.4.2.55), as associations say it.
pub fn own_ht(chip: &ChipInfo, identity: &Identity) -> HtCapability {
    let mut info = HtInfo::SM_POWER_SAVE_OFF | HtInfo::SHORT_GI_20;
    if chip.has_40mhz {
        info |= HtInfo::WIDE | HtInfo::SHORT_GI_40 | HtInfo::DSSS_40;
    }
    let streams = u32::from(identity.rx_chains.clamp(1, 4));
    let rx_mcs = u32::MAX.checked_shr(32 - 8 * streams).unwrap_or(0);
    // A-MPDUs of up to 64 KiB, 8 us apart.
    HtCapability { info, ampdu: 0x03 | 6 << 2, rx_mcs }
}

const _: () = assert!(size_of::<Regulatory>() <= 320, "it is copied over the worker's stack");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip::{Ciphers, Offloads};

    #[test]
    fn channels_are_those_of_the_bands() {
        let chip = |bands| ChipInfo {
            name: "test",
            offloads: Offloads::empty(),
            ciphers: Ciphers::empty(),
            keys_max: 0,
            group_keys: 0,
            peers_max: 1,
            bands,
            has_40mhz: false,
            tx_descriptor_len: 0,
            rx_transfer_len: 0,
        };
        assert!(channels(&chip(Bands::GHZ2)).map(Channel::number).eq(1..=14));
        let all = channels(&chip(Bands::all()));
        assert!(all.map(Channel::mhz).is_sorted());
        assert_eq!(channels(&chip(Bands::empty())).count(), 0);
    }

    #[test]
    fn every_channel_has_a_place() {
        let mut all = Regulatory::EMPTY;
        for mhz in 2400..6000 {
            let Some(channel) = Channel::from_mhz(mhz) else { continue };
            all.set(ChannelRule { channel, max_dbm: 1, flags: ChannelFlags::empty() });
            assert!(all.allows(Tuning::narrow(channel)));
        }
    }

    #[test]
    fn the_world_listens_on_13_and_never_sends_there_first() {
        let world = Regulatory::world();
        let [one, thirteen, fourteen] = [1, 13, 14].map(|n| Channel::ghz2(n).unwrap());
        assert!(world.allows_initiating(one));
        assert!(world.allows(Tuning::narrow(thirteen)) && !world.allows_initiating(thirteen));
        assert!(!world.allows(Tuning::narrow(fourteen)));
    }

    #[test]
    fn a_width_can_be_forbidden_alone() {
        let channel = Channel::ghz2(1).unwrap();
        let mut rules = Regulatory::EMPTY;
        rules.set(ChannelRule { channel, max_dbm: 20, flags: ChannelFlags::NO_40_BELOW });
        assert!(rules.allows(Tuning { channel, width: Width::Mhz40Above }));
        assert!(!rules.allows(Tuning { channel, width: Width::Mhz40Below }));
    }
}
