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
    wire::data::{Data, ETHERNET_LEN, MSDU_LEN_MAX},
};

/// MSDUs of one peer that can be in parts at one time (10.5: at least three).
const PARTIAL_MAX: usize = 3;
/// How long to wait for the rest (aMaxReceiveLifetime of 512 TU).
const LIFETIME_US: u64 = 512 * 1024;

/// An MSDU of which the first fragments are there, with [`ETHERNET_LEN`] bytes before it.
#[derive(Debug)]
struct Partial<D> {
    tid: u8,
    sequence: u16,
    /// The fragment number that comes next.
    next: u8,
    /// The packet number of the last fragment, if they are encrypted.
    pn: Option<u64>,
    until: Instant,
    draft: D,
}

/// The MSDUs in parts of one peer.
#[derive(Debug)]
pub(super) struct Fragments<D>([Option<Partial<D>>; PARTIAL_MAX]);

impl<D> Fragments<D> {
    pub(super) const NONE: Self = Self([const { None }; PARTIAL_MAX]);

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.0.iter_mut().for_each(|place| *place = None);
    }
}

impl<D: Draft> Fragments<D> {
    /// Forgets those that are too old; returns when the next one will be.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Instant> {
        for place in &mut self.0 {
            place.take_if(|partial| partial.until <= now);
        }
        self.0.iter().flatten().map(|partial| partial.until).min()
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
            let draft = append(None, body)?;
            let first =
                Partial { tid: data.tid(), sequence: data.sequence, next: 1, pn, until, draft };
            if let Some(place) = self.place_for(data.tid()) {
                *place = Some(first);
            }
            return Ok(None);
        }
        let belongs = |place: &&mut Option<Partial<D>>| {
            place.as_ref().is_some_and(|partial| {
                (partial.tid, partial.sequence) == (data.tid(), data.sequence)
            })
        };
        // A fragment that does not fit ends the MSDU: it leaves its place here, and only comes
        // back if all is well.
        let place = self.0.iter_mut().find(belongs).ok_or(Dropped::Fragment)?;
        let partial = place.take().ok_or(Dropped::Fragment)?;
        let follows = partial.next == data.fragment && partial.pn.map(|pn| pn + 1) == pn;
        if !follows {
            return Err(Dropped::Fragment);
        }
        let draft = append(Some(&partial.draft), body)?;
        if !data.has(crate::wire::header::FrameControl::MORE_FRAGMENTS) {
            return Ok(Some(draft));
        }
        // Fragment numbers have four bits: the sixteenth has no successor that fits.
        *place = Some(Partial { next: partial.next + 1, pn, draft, ..partial });
        Ok(None)
    }

    /// Where a new MSDU goes: a traffic has one at a time, then a free place, then the oldest.
    fn place_for(&mut self, tid: u8) -> Option<&mut Option<Partial<D>>> {
        let same = |place: &Option<Partial<D>>| place.as_ref().is_some_and(|old| old.tid == tid);
        let index = self.0.iter().position(same).or(self.0.iter().position(Option::is_none));
        let oldest = |(_, place): &(usize, &Option<Partial<D>>)| {
            place.as_ref().map_or(Instant(0), |partial| partial.until)
        };
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
