// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `ifconfig wlan0 country XX`: ifconfig(8) reads the law and sends the channels that follow.

use super::{
    FreeBsd,
    channels::{HT40D, HT40U, PASSIVE},
    layout::{self, RegDomainHead, Req},
};
use crate::{
    abi::{Errno, Host, user},
    radio::{ChannelFlags, ChannelRule, Regulatory},
    types::Channel,
};

/// Channels of one request (`IEEE80211_CHAN_MAX`).
const CHANNELS_MAX: usize = 1024;

impl FreeBsd {
    pub(super) fn set_regdomain<H: Host>(&mut self, host: &mut H, req: &Req) -> Result<(), Errno> {
        const HEAD: usize = size_of::<RegDomainHead>();
        const EACH: usize = size_of::<layout::Channel>();
        let count = usize::from(req.i_len).checked_sub(HEAD).ok_or(Errno::Inval)? / EACH;
        if !(1..=CHANNELS_MAX).contains(&count) {
            return Err(Errno::Inval);
        }
        let head: RegDomainHead = user::read(host, req.data())?;
        let is_right = usize::try_from(head.ic_nchans).is_ok_and(|said| said == count)
            && matches!(head.rd.location, b'I' | b'O' | b' ')
            && head.rd.isocc.iter().all(|letter| *letter != 0);
        if !is_right {
            return Err(Errno::Inval);
        }
        let mut rules = Regulatory::EMPTY;
        for index in 0..count {
            let channel: layout::Channel = user::read(host, req.data().plus(HEAD + index * EACH))?;
            if channel.ic_freq == 0 || channel.ic_flags == 0 || channel.ic_maxregpower == 0 {
                return Err(Errno::Inval);
            }
            add(&mut rules, &channel);
        }
        if self.settings.is_up {
            return Err(Errno::Busy);
        }
        host.set_rules(&rules);
        self.regdomain = head.rd;
        Ok(())
    }
}

/// Adds one use of a channel to what is allowed. Channels that no radio of ours has are skipped.
fn add(rules: &mut Regulatory, entry: &layout::Channel) {
    let Some(channel) = Channel::from_mhz(entry.ic_freq) else { return };
    let none = ChannelFlags::NO_40_ABOVE | ChannelFlags::NO_40_BELOW;
    let mut rule = rules.rule(channel).unwrap_or(ChannelRule {
        channel,
        max_dbm: entry.ic_maxregpower,
        flags: none,
    });
    rule.max_dbm = rule.max_dbm.max(entry.ic_maxregpower);
    if entry.ic_flags & PASSIVE != 0 {
        rule.flags |= ChannelFlags::NO_IR;
    }
    if entry.ic_flags & HT40U != 0 {
        rule.flags -= ChannelFlags::NO_40_ABOVE;
    }
    if entry.ic_flags & HT40D != 0 {
        rule.flags -= ChannelFlags::NO_40_BELOW;
    }
    rules.set(rule);
}
