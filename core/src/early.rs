// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! EAPOL frames that come before their peer is open.
//!
//! An access point sends the first message of the handshake right behind the association response,
//! while the worker still tells the chip about the network. Dropped, the message would cost the
//! join a time-out of the access point; so a few are kept, and received as soon as there is a peer.

use crate::{
    device::{Body, Shared},
    inbox::{FrameFilter, MgmtFrame},
    io::{Framing, Pipe, RxFlags, RxFrame},
    os::{Context, Draft, Os, Unlocked},
    types::Tuning,
    wire::{
        data::{Data, ETHERTYPE_EAPOL, RFC1042},
        header::FrameControl,
    },
};

/// Frames kept: an access point repeats itself, and the latest is as good as the first.
pub(crate) const EARLY_MAX: usize = 2;
/// Longest frame kept; messages 1 are 150 bytes, and elements of a vendor may follow.
const LEN_MAX: usize = 512;

/// Whether this is an EAPOL frame in the clear from the access point of `filter` to one of us.
pub(crate) fn is_early(filter: &FrameFilter, frame: &[u8]) -> bool {
    let Some(data) = Data::parse(frame) else { return false };
    let from_ap = data.has(FrameControl::FROM_DS) && !data.has(FrameControl::TO_DS);
    let is_plain = !data.has(FrameControl::PROTECTED) && !data.is_fragment() && !data.is_amsdu();
    let ours = !data.receiver.is_multicast() && filter.own.contains(&data.receiver);
    let [high, low] = ETHERTYPE_EAPOL.to_be_bytes();
    let body = frame.get(data.len..).unwrap_or_default();
    let llc = body.split_first_chunk().filter(|(llc, _)| **llc == RFC1042);
    let is_eapol = llc.is_some_and(|(_, rest)| rest.starts_with(&[high, low]));
    let is_from_there = filter.bssid == Some(data.transmitter);
    from_ap && is_plain && ours && is_eapol && is_from_there && frame.len() <= LEN_MAX
}

impl<O: Os, P: Pipe<O::Packet>, F: Framing> Shared<O, P, F> {
    /// Keeps a data frame for which there is no peer yet, if it is worth it; says whether.
    pub(crate) fn keep_early<C: Context>(
        &self,
        cx: &mut C,
        frame: &RxFrame<'_>,
        tuning: Tuning,
    ) -> bool {
        if !self.inbox.with(cx, |inbox, _| inbox.wants_early(frame.bytes)) {
            return false;
        }
        let Ok(mut draft) = Body::<O>::alloc(frame.bytes.len()) else { return false };
        let Some(to) = draft.as_mut().get_mut(..frame.bytes.len()) else { return false };
        to.copy_from_slice(frame.bytes);
        let signal_dbm = frame.signal_dbm.unwrap_or(i8::MIN);
        let kept = MgmtFrame { draft, signal_dbm, rate: frame.rate, tuning, at: self.os.now() };
        self.inbox.with(cx, |inbox, _| inbox.push_early(kept))
    }

    /// Receives what was kept, if there is a peer by now.
    pub(crate) fn receive_early<C: Unlocked>(&self, cx: &mut C) {
        for _ in 0..EARLY_MAX {
            if !self.data.has_peers() {
                return;
            }
            let Some(kept) = self.inbox.with(cx, |inbox, _| inbox.take_early()) else { return };
            let frame = RxFrame {
                bytes: kept.draft.as_ref(),
                signal_dbm: Some(kept.signal_dbm).filter(|dbm| *dbm != i8::MIN),
                rate: kept.rate,
                flags: RxFlags::empty(),
                tsf_us: 0,
            };
            self.data.receive(cx, kept.at, &frame);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::{device::VAPS_MAX, inbox::FrameKinds, types::MacAddr};

    const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
    const OWN: MacAddr = MacAddr([2, 0, 0, 0, 0, 5]);

    fn frame() -> Vec<u8> {
        let mut frame = [0x88, 0x02, 0, 0].to_vec();
        frame.extend(OWN.0);
        frame.extend(AP.0);
        frame.extend(AP.0);
        frame.extend([0x10, 0, 7, 0]);
        frame.extend(RFC1042);
        frame.extend([0x88, 0x8e, 2, 3, 0, 95]);
        frame
    }

    #[test]
    fn only_eapol_from_our_access_point_to_us_in_the_clear() {
        let mut own = [MacAddr::ZERO; VAPS_MAX];
        own[0] = OWN;
        let filter =
            FrameFilter { scanning: false, bssid: Some(AP), own, kinds: FrameKinds::empty() };
        assert!(is_early(&filter, &frame()));
        // Subtype, direction, protected, receiver, transmitter, A-MSDU, LLC, Ethernet type.
        for (at, bit) in
            [(0, 0x04), (1, 0x01), (1, 0x40), (9, 1), (15, 1), (24, 0x80), (26, 1), (33, 1)]
        {
            let mut other = frame();
            other[at] ^= bit;
            assert!(!is_early(&filter, &other), "bit {bit:#x} of byte {at}");
        }
        for len in 0..34 {
            assert!(!is_early(&filter, &frame()[..len]));
        }
        assert!(!is_early(&FrameFilter { bssid: None, ..filter }, &frame()));
    }
}
