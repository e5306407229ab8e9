// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Puts fragments together (IEEE Std 802.11-2020, 10.5).
//!
//! What "FragAttacks" (CVE-2020-24586, -24587, -26146, -26147) taught: fragments live no longer
//! than the connection and the key they came with, their packet numbers follow one another, and
//! encrypted ones never join plain ones.

use super::stats::Dropped;
use crate::{
    os::Draft,
    types::Instant,
    wire::{
        data::{Data, ETHERNET_LEN, MSDU_LEN_MAX},
        header::FrameControl,
    },
};

/// MSDUs of one peer that can be in parts at one time (10.5: at least three).
const PARTIAL_MAX: usize = 3;
/// How long to wait for the rest (aMaxReceiveLifetime of 512 TU).
const LIFETIME_US: u64 = 512 * 1024;

/// An MSDU of which the first fragments are there, or room for one.
#[derive(Debug)]
struct Partial<D> {
    tid: u8,
    sequence: u16,
    /// The fragment number that comes next.
    next: u8,
    /// The packet number of the last fragment, if they are encrypted.
    pn: Option<u64>,
    until: Instant,
    /// What has come, behind [`ETHERNET_LEN`] bytes of room; `None` if this is free.
    draft: Option<D>,
}

impl<D> Partial<D> {
    /// Nothing; all zero.
    const NONE: Self =
        Self { tid: 0, sequence: 0, next: 0, pn: None, until: Instant(0), draft: None };
}

/// The MSDUs in parts of one peer.
#[derive(Debug)]
pub(super) struct Fragments<D>([Partial<D>; PARTIAL_MAX]);

impl<D> Fragments<D> {
    pub(super) const NONE: Self = Self([const { Partial::NONE }; PARTIAL_MAX]);

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.0.iter_mut().for_each(|partial| partial.draft = None);
    }
}

impl<D: Draft> Fragments<D> {
    /// Forgets those that are too old; returns when the next one will be.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Instant> {
        for partial in self.0.iter_mut().filter(|partial| partial.until <= now) {
            partial.draft = None;
        }
        self.held().map(|partial| partial.until).min()
    }

    fn held(&self) -> impl Iterator<Item = &Partial<D>> {
        self.0.iter().filter(|partial| partial.draft.is_some())
    }

    /// Takes a fragment, decrypted and with the number it came under; returns the MSDU when this
    /// was the last one, behind [`ETHERNET_LEN`] bytes of room.
    pub(super) fn take(
        &mut self,
        now: Instant,
        data: &Data,
        pn: Option<u64>,
        body: &[u8],
    ) -> Result<Option<D>, Dropped> {
        self.expire(now);
        if data.fragment == 0 {
            let until = now.after_us(LIFETIME_US);
            let draft = Some(append(None, body)?);
            if let Some(place) = self.place_for(data.tid()) {
                let (tid, sequence) = (data.tid(), data.sequence);
                *place = Partial { tid, sequence, next: 1, pn, until, draft };
            }
            return Ok(None);
        }
        let belongs = |partial: &&mut Partial<D>| {
            (partial.tid, partial.sequence) == (data.tid(), data.sequence)
        };
        // A fragment that does not fit ends the MSDU: it leaves its place here, and only comes
        // back if all is well.
        let partial = self.0.iter_mut().find(belongs).ok_or(Dropped::Fragment)?;
        let draft = partial.draft.take().ok_or(Dropped::Fragment)?;
        let follows = partial.next == data.fragment && partial.pn.map(|pn| pn + 1) == pn;
        if !follows {
            return Err(Dropped::Fragment);
        }
        let draft = append(Some(&draft), body)?;
        if !data.has(FrameControl::MORE_FRAGMENTS) {
            return Ok(Some(draft));
        }
        // Fragment numbers have four bits: the sixteenth has no successor that fits.
        (partial.next, partial.pn, partial.draft) = (data.fragment + 1, pn, Some(draft));
        Ok(None)
    }

    /// Where a new MSDU goes: a traffic has one at a time, then a free place, then the oldest.
    fn place_for(&mut self, tid: u8) -> Option<&mut Partial<D>> {
        let same = |partial: &Partial<D>| partial.draft.is_some() && partial.tid == tid;
        let free = |partial: &Partial<D>| partial.draft.is_none();
        let index = self.0.iter().position(same).or(self.0.iter().position(free));
        let oldest = |(_, partial): &(usize, &Partial<D>)| partial.until;
        let index = index.or(self.0.iter().enumerate().min_by_key(oldest).map(|(index, _)| index));
        self.0.get_mut(index?)
    }
}

/// A new draft with `body` behind what there was. Fragments are rare: a copy more does no harm.
fn append<D: Draft>(old: Option<&D>, body: &[u8]) -> Result<D, Dropped> {
    let old = old.map_or(&[0; ETHERNET_LEN][..], |old| old.as_ref());
    let len = old.len() + body.len();
    if len > ETHERNET_LEN + MSDU_LEN_MAX {
        return Err(Dropped::Fragment);
    }
    let mut draft = D::alloc(len).map_err(|_| Dropped::NoMemory)?;
    let (head, tail) = draft.as_mut().split_at_mut_checked(old.len()).ok_or(Dropped::NoMemory)?;
    head.copy_from_slice(old);
    tail.get_mut(..body.len()).ok_or(Dropped::NoMemory)?.copy_from_slice(body);
    Ok(draft)
}
