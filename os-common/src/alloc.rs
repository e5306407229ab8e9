// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Kernel memory, counted. Core allocates nothing but packets; these few boxes are the shim's.

use core::{
    ops::{Deref, DerefMut},
    ptr::NonNull,
};

use tern_core::os::OsError;

use crate::ffi;

/// Something at an address that never changes; freed when dropped. May sleep.
#[derive(Debug)]
pub struct Boxed<T>(NonNull<T>);

// SAFETY: it owns its value as a `Box` would.
unsafe impl<T: Send> Send for Boxed<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Boxed<T> {}

impl<T> Boxed<T> {
    /// Memory for a `T`, all zero and not yet a `T`.
    fn room() -> Result<NonNull<T>, OsError> {
        // Outside a kernel ciphers use vector registers, and nothing of this runs.
        const { assert!(size_of::<T>() > 0 && (align_of::<T>() <= 8 || !cfg!(target_os = "none"))) }
        // SAFETY: C returns zeroed memory of that size aligned to 8 bytes, or null.
        let memory = unsafe { ffi::shim_alloc(size_of::<T>()) };
        NonNull::new(memory.cast()).ok_or(OsError::NoMemory)
    }

    /// Moves a (small) value to memory of its own. Errors: [`OsError::NoMemory`].
    pub fn new(value: T) -> Result<Self, OsError> {
        let room = Self::room()?;
        // SAFETY: the memory is ours, large enough and aligned.
        unsafe { room.write(value) };
        Ok(Self(room))
    }

    /// Lets `write` make the value where it stays, so that a large one never stands on a stack.
    ///
    /// # Safety
    ///
    /// After `write` there is a `T`, at the address that it gets; before, there are zeros.
    pub unsafe fn in_place(write: impl FnOnce(*mut T)) -> Result<Self, OsError> {
        let room = Self::room()?;
        write(room.as_ptr());
        Ok(Self(room))
    }

    /// Gives the value away as a pointer that C keeps.
    pub const fn into_raw(self) -> *mut T {
        let pointer = self.0.as_ptr();
        core::mem::forget(self);
        pointer
    }

    /// The address.
    pub const fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }

    /// Takes it back.
    ///
    /// # Safety
    ///
    /// `raw` is from [`Boxed::into_raw`], and nobody uses it any more.
    pub const unsafe fn from_raw(raw: NonNull<T>) -> Self {
        Self(raw)
    }
}

impl<T> Deref for Boxed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: it holds a value from `new` until it is dropped.
        unsafe { self.0.as_ref() }
    }
}

impl<T> DerefMut for Boxed<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and this reference is the only one.
        unsafe { self.0.as_mut() }
    }
}

impl<T> Drop for Boxed<T> {
    fn drop(&mut self) {
        // SAFETY: nobody has a reference any more, and the memory came from `shim_alloc`.
        unsafe {
            self.0.drop_in_place();
            ffi::shim_free(self.0.as_ptr().cast());
        }
    }
}
