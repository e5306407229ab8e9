// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Packets: an skb to read from (every TCP skb is a clone), and one of our own to write to.

use core::{ops::Range, ptr::NonNull, slice};

use tern_core::os::{Draft, OsError, Packet};

use crate::ffi::{self, Live, SkBuff};

/// An skb that is ours to free.
struct Owned {
    skb: NonNull<SkBuff>,
    data: NonNull<u8>,
    len: usize,
    priority: u8,
}

// SAFETY: an skb may be used and freed by any thread, one at a time.
unsafe impl Send for Owned {}

impl Owned {
    /// # Safety
    ///
    /// `skb` is a linear skb that the caller owns and gives away.
    unsafe fn new(skb: NonNull<SkBuff>) -> Option<Self> {
        let (mut len, mut priority) = (0, 0);
        // SAFETY: the caller owns it.
        let data = unsafe { ffi::shim_skb_data(skb.as_ptr(), &raw mut len, &raw mut priority) };
        // SAFETY: a counter.
        unsafe { ffi::shim_count(Live::Packets as u32, 1) };
        Some(Self { skb, data: NonNull::new(data)?, len, priority })
    }

    fn into_raw(self) -> *mut SkBuff {
        // SAFETY: a counter.
        unsafe { ffi::shim_count(Live::Packets as u32, -1) };
        let skb = self.skb.as_ptr();
        core::mem::forget(self);
        skb
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the skb is linear, has that many bytes, and nobody writes to them.
        unsafe { slice::from_raw_parts(self.data.as_ptr(), self.len) }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: it is ours; the count goes down with it.
        unsafe {
            ffi::shim_count(Live::Packets as u32, -1);
            ffi::shim_skb_free(self.skb.as_ptr());
        }
    }
}

/// A packet of the stack.
pub(crate) struct Skb(Owned);

impl Skb {
    /// # Safety
    ///
    /// As [`Owned::new`].
    pub(crate) unsafe fn from_raw(skb: *mut SkBuff) -> Option<Self> {
        // SAFETY: the caller's promise.
        unsafe { Owned::new(NonNull::new(skb)?) }.map(Self)
    }

    /// Gives the skb away.
    pub(crate) fn into_raw(self) -> *mut SkBuff {
        self.0.into_raw()
    }
}

impl Packet for Skb {
    type Draft = SkbDraft;

    fn len(&self) -> usize {
        self.0.len
    }

    fn head<const N: usize>(&self) -> Option<[u8; N]> {
        self.0.bytes().first_chunk().copied()
    }

    fn segments(&self) -> impl Iterator<Item = &[u8]> {
        core::iter::once(self.0.bytes())
    }

    fn priority(&self) -> u8 {
        self.0.priority
    }
}

/// A packet under construction.
pub(crate) struct SkbDraft(Owned);

impl SkbDraft {
    /// A draft of all `parts`, one after the other.
    pub(crate) fn of(parts: &[&[u8]]) -> Result<Self, OsError> {
        let mut draft = Self::alloc(parts.iter().map(|part| part.len()).sum())?;
        let mut rest = draft.as_mut();
        for part in parts {
            let Some((to, after)) = rest.split_at_mut_checked(part.len()) else { break };
            to.copy_from_slice(part);
            rest = after;
        }
        Ok(draft)
    }
}

impl AsRef<[u8]> for SkbDraft {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl AsMut<[u8]> for SkbDraft {
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: a draft was made by `alloc` and is nobody else's.
        unsafe { slice::from_raw_parts_mut(self.0.data.as_ptr(), self.0.len) }
    }
}

impl Draft for SkbDraft {
    type Packet = Skb;

    fn alloc(len: usize) -> Result<Self, OsError> {
        // SAFETY: returns an skb of that many zero bytes, or null.
        let skb = NonNull::new(unsafe { ffi::shim_skb_new(len) }).ok_or(OsError::NoMemory)?;
        // SAFETY: it is ours and linear.
        unsafe { Owned::new(skb) }.map(Self).ok_or(OsError::NoMemory)
    }

    fn finish(self, range: Range<usize>) -> Skb {
        let mut owned = self.0;
        let end = range.end.min(owned.len);
        let start = range.start.min(end);
        // SAFETY: the range lies within the skb, which is ours.
        unsafe { ffi::shim_skb_keep(owned.skb.as_ptr(), start, end - start) };
        // SAFETY: still within the data.
        owned.data = unsafe { owned.data.add(start) };
        owned.len = end - start;
        Skb(owned)
    }
}
