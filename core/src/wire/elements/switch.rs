// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Channel switch announcements (IEEE Std 802.11-2020, 9.4.2.18 and 9.4.2.52).

/// The access point moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelSwitch {
    /// Nobody may send until then.
    pub is_quiet: bool,
    /// The new channel's number.
    pub channel: u8,
    /// Beacons until then; 0 is any time now.
    pub count: u8,
}

impl ChannelSwitch {
    /// Reads the body of a channel switch announcement.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let [mode, channel, count, ..] = *body else { return None };
        Some(Self { is_quiet: mode == 1, channel, count })
    }

    /// Reads the body of an extended one; its operating class is in the way.
    pub fn parse_extended(body: &[u8]) -> Option<Self> {
        let [mode, _class, channel, count, ..] = *body else { return None };
        Some(Self { is_quiet: mode == 1, channel, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let short = ChannelSwitch::parse(&[1, 11, 5]);
        assert_eq!(short, Some(ChannelSwitch { is_quiet: true, channel: 11, count: 5 }));
        assert_eq!(ChannelSwitch::parse_extended(&[1, 81, 11, 5]), short);
        assert_eq!(ChannelSwitch::parse(&[1, 11]), None);
    }
}
