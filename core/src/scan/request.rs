// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a scan is asked to do, as bytes: the body of [`crate::control::ControlRequest::Scan`].
//!
//! Layout: flags (1 byte, bit 0 passive); number of channels (1), each a centre frequency in MHz
//! (2, least significant byte first); number of names (1), each a length (1) and its bytes; then
//! elements for the probe requests, to the end.

use crate::{
    types::{Channel, Ssid},
    wire::{elements::Elements, writer::Writer},
};

/// Names that one scan probes for.
pub const SSIDS_MAX: usize = 8;
/// Bytes of elements that one scan adds to its probe requests.
pub const ELEMENTS_MAX: usize = 256;
/// Channels of one scan.
pub const CHANNELS_MAX: usize = crate::radio::CHANNELS_MAX;

const PASSIVE: u8 = 1;

/// A scan, in the bytes that came with the request.
#[derive(Clone, Copy, Debug)]
pub struct ScanRequest<'a> {
    /// Nothing is sent.
    pub passive: bool,
    channels: &'a [u8],
    ssids: &'a [u8],
    /// The only channel, in place of `channels`.
    only: Option<Channel>,
    /// Elements that the user adds to probe requests.
    pub elements: &'a [u8],
}

impl<'a> ScanRequest<'a> {
    /// Bytes of elements that one scan adds to its probe requests.
    pub const ELEMENTS_MAX: usize = ELEMENTS_MAX;
    /// All allowed channels, any network, nothing sent: what an empty body means.
    pub const PASSIVE: Self =
        Self { passive: true, channels: &[], ssids: &[], only: None, elements: &[] };

    /// One channel or all allowed ones, asking for the networks in `names`: length and bytes of
    /// each.
    pub(crate) const fn for_names(names: &'a [u8], only: Option<Channel>) -> Self {
        Self { passive: false, channels: &[], ssids: names, only, elements: &[] }
    }

    /// Writes a body and returns its length; `None` if `out` is too short or a limit is passed.
    /// Without channels all are meant; without names nothing is sent; the empty name is any.
    pub fn emit(
        out: &mut [u8],
        passive: bool,
        channels: &[Channel],
        ssids: &[Ssid],
        elements: &[u8],
    ) -> Option<usize> {
        if channels.len() > CHANNELS_MAX || ssids.len() > SSIDS_MAX {
            return None;
        }
        let mut writer = Writer::new(out);
        writer.bytes(&[if passive { PASSIVE } else { 0 }, u8::try_from(channels.len()).ok()?]);
        for channel in channels {
            writer.u16(channel.mhz());
        }
        writer.bytes(&[u8::try_from(ssids.len()).ok()?]);
        for ssid in ssids {
            let name = ssid.as_bytes();
            writer.bytes(&[u8::try_from(name.len()).ok()?]).bytes(name);
        }
        (elements.len() <= ELEMENTS_MAX).then_some(())?;
        writer.bytes(elements).finish()
    }

    /// Bytes that [`ScanRequest::emit`] needs at most for this many of each.
    pub const fn len_max(channels: usize, ssids: usize, elements: usize) -> usize {
        3 + 2 * channels + (1 + Ssid::LEN_MAX) * ssids + elements
    }

    /// Reads a body; `None` if it is cut off, passes a limit or names what is no channel.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let [flags, channels, rest @ ..] = bytes else { return None };
        let count = usize::from(*channels);
        let (channels, rest) = rest.split_at_checked(count.checked_mul(2)?)?;
        let (ssid_count, names) = rest.split_first()?;
        let mut elements = names;
        for _ in 0..*ssid_count {
            let (len, rest) = elements.split_first()?;
            (usize::from(*len) <= Ssid::LEN_MAX).then_some(())?;
            (_, elements) = rest.split_at_checked(usize::from(*len))?;
        }
        let ssids = names.get(..names.len().checked_sub(elements.len())?)?;
        let passive = flags & PASSIVE != 0;
        let request = Self { passive, channels, ssids, only: None, elements };
        let is_right = count <= CHANNELS_MAX
            && usize::from(*ssid_count) <= SSIDS_MAX
            && elements.len() <= ELEMENTS_MAX
            && Elements::new(elements).is_well_formed()
            && request.channels().count() == count;
        is_right.then_some(request)
    }

    /// The channels; none means all.
    pub fn channels(&self) -> impl Iterator<Item = Channel> + 'a {
        self.channels
            .chunks_exact(2)
            .filter_map(|mhz| Channel::from_mhz(u16::from_le_bytes(*mhz.first_chunk()?)))
            .chain(self.only)
    }

    /// The names to probe for.
    pub fn ssids(&self) -> impl Iterator<Item = Ssid> + 'a {
        let mut rest = self.ssids;
        core::iter::from_fn(move || {
            let (len, after) = rest.split_first()?;
            let (name, after) = after.split_at_checked(usize::from(*len))?;
            rest = after;
            Ssid::new(name)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn an_example_by_hand() {
        let channels = [1, 6].map(|number| Channel::ghz2(number).unwrap());
        let ssids = [Ssid::new(b"tern").unwrap(), Ssid::EMPTY];
        let mut out = [0; 64];
        let len = ScanRequest::emit(&mut out, false, &channels, &ssids, &[1, 1, 2]).unwrap();
        let bytes = &out[..len];
        assert_eq!(bytes, b"\x00\x02\x6c\x09\x85\x09\x02\x04tern\x00\x01\x01\x02");
        let request = ScanRequest::parse(bytes).unwrap();
        assert!(!request.passive);
        assert!(request.channels().eq(channels));
        assert!(request.ssids().eq(ssids));
        assert_eq!(request.elements, [1, 1, 2]);
        assert!((0..len - 3).all(|cut| ScanRequest::parse(&bytes[..cut]).is_none()));
        assert!(len <= ScanRequest::len_max(2, 2, 3));
    }

    #[test]
    fn what_is_no_channel_is_refused() {
        assert!(ScanRequest::parse(&[0, 1, 1, 0, 0]).is_none());
        assert!(ScanRequest::parse(&[0, 0, 1, 33]).is_none());
        assert!(ScanRequest::parse(&[0, 0, 0, 1]).is_none());
        assert!(ScanRequest::parse(&[0, 0, 0]).is_some());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Some(request) = ScanRequest::parse(&bytes) {
                let channels: Vec<_> = request.channels().collect();
                let ssids: Vec<_> = request.ssids().collect();
                let mut out = [0; 1024];
                let len = ScanRequest::emit(
                    &mut out, request.passive, &channels, &ssids, request.elements).unwrap();
                prop_assert_eq!(&out[1..len], &bytes[1..]);
            }
        }
    }
}
