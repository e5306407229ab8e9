// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Packets: an mbuf chain or an skb to read from (others may share its bytes), and one of our own to
//! write to.

use core::{
    ffi::c_void,
    ops::Range,
    ptr::{self, NonNull},
    slice,
};

use tern_core::os::{Draft, OsError, Packet};

use crate::ffi::{self, Live, RawPacket};

/// A packet that is ours to free.
struct Owned {
    raw: NonNull<RawPacket>,
    len: usize,
    priority: u8,
}

// SAFETY: a packet may be used and freed by any thread, one at a time.
unsafe impl Send for Owned {}

impl Owned {
    /// # Safety
    ///
    /// `raw` is a packet that the caller owns and gives away.
    unsafe fn new(raw: NonNull<RawPacket>) -> Self {
        let mut priority = 0;
        // SAFETY: the caller owns it.
        let len = unsafe { ffi::shim_packet_len(raw.as_ptr(), &raw mut priority) };
        // SAFETY: a counter.
        unsafe { ffi::shim_count(Live::Packets as u32, 1) };
        Self { raw, len, priority }
    }

    fn into_raw(self) -> *mut RawPacket {
        // SAFETY: a counter.
        unsafe { ffi::shim_count(Live::Packets as u32, -1) };
        let raw = self.raw.as_ptr();
        core::mem::forget(self);
        raw
    }

    fn pieces(&self) -> Pieces<'_> {
        Pieces { packet: self, at: ptr::null_mut() }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: it is ours; the count goes down with it.
        unsafe {
            ffi::shim_count(Live::Packets as u32, -1);
            ffi::shim_packet_free(self.raw.as_ptr());
        }
    }
}

/// The bytes of a packet, piece by piece.
struct Pieces<'a> {
    packet: &'a Owned,
    at: *mut c_void,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let mut len = 0;
        // SAFETY: the packet is ours, and `at` is what the last call left, or null.
        let piece = unsafe {
            ffi::shim_packet_piece(self.packet.raw.as_ptr(), &raw mut self.at, &raw mut len)
        };
        // SAFETY: a piece has that many bytes, and nobody writes to them.
        (!piece.is_null()).then(|| unsafe { ffi::lent(piece, len) })
    }
}

/// A packet of the stack.
pub struct KernelPacket(Owned);

impl KernelPacket {
    /// Takes a packet; `None` for null.
    ///
    /// # Safety
    ///
    /// The caller owns `raw` and gives it away, or it is null.
    pub unsafe fn from_raw(raw: *mut RawPacket) -> Option<Self> {
        // SAFETY: the caller's promise.
        NonNull::new(raw).map(|raw| Self(unsafe { Owned::new(raw) }))
    }

    /// Gives it away.
    pub fn into_raw(self) -> *mut RawPacket {
        self.0.into_raw()
    }
}

impl Packet for KernelPacket {
    type Draft = KernelDraft;

    fn len(&self) -> usize {
        self.0.len
    }

    fn head<const N: usize>(&self) -> Option<[u8; N]> {
        if self.0.len < N {
            return None;
        }
        if let Some(head) = self.segments().next().and_then(|piece| piece.first_chunk()) {
            return Some(*head);
        }
        let mut head = [0; N];
        let mut bytes = self.segments().flatten();
        for (to, from) in head.iter_mut().zip(&mut bytes) {
            *to = *from;
        }
        Some(head)
    }

    fn segments(&self) -> impl Iterator<Item = &[u8]> {
        self.0.pieces()
    }

    fn priority(&self) -> u8 {
        self.0.priority
    }
}

/// A packet under construction: one piece.
pub struct KernelDraft {
    owned: Owned,
    data: NonNull<u8>,
}

// SAFETY: the bytes are the packet's.
unsafe impl Send for KernelDraft {}

impl KernelDraft {
    /// A draft of all `parts`, one after the other.
    pub fn of(parts: &[&[u8]]) -> Result<Self, OsError> {
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

impl AsRef<[u8]> for KernelDraft {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: a draft is one piece of that many bytes, and ours.
        unsafe { slice::from_raw_parts(self.data.as_ptr(), self.owned.len) }
    }
}

impl AsMut<[u8]> for KernelDraft {
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above; it was made by `alloc` and is nobody else's.
        unsafe { slice::from_raw_parts_mut(self.data.as_ptr(), self.owned.len) }
    }
}

impl Draft for KernelDraft {
    type Packet = KernelPacket;

    fn alloc(len: usize) -> Result<Self, OsError> {
        // SAFETY: returns a packet of that many zero bytes, or null.
        let raw = NonNull::new(unsafe { ffi::shim_packet_new(len) }).ok_or(OsError::NoMemory)?;
        // SAFETY: it is ours.
        let owned = unsafe { Owned::new(raw) };
        let (mut at, mut piece_len) = (ptr::null_mut(), 0);
        // SAFETY: it is ours; the first piece is all of it.
        let data = unsafe { ffi::shim_packet_piece(raw.as_ptr(), &raw mut at, &raw mut piece_len) };
        match NonNull::new(data) {
            Some(data) if piece_len == owned.len => Ok(Self { owned, data }),
            None if owned.len == 0 => Ok(Self { owned, data: NonNull::dangling() }),
            _ => Err(OsError::NoMemory),
        }
    }

    fn finish(self, range: Range<usize>) -> KernelPacket {
        let mut owned = self.owned;
        let end = range.end.min(owned.len);
        let start = range.start.min(end);
        // SAFETY: the range lies within the packet, which is ours.
        unsafe { ffi::shim_packet_keep(owned.raw.as_ptr(), start, end - start) };
        owned.len = end - start;
        KernelPacket(owned)
    }
}
