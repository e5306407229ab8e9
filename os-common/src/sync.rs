// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Core's spin lock as the kernel has it, with a lock class for each rank.

use core::{cell::UnsafeCell, ffi::c_void};

use tern_core::os::{Empty, LockClass, OsError, Spin};

use crate::{alloc::Boxed, ffi};

/// Words that a kernel's lock takes at most: `TERN_LOCK_SIZE`, which the C side asserts.
const LOCK_WORDS: usize = 16;

#[repr(C)]
struct Block<T> {
    lock: UnsafeCell<[u64; LOCK_WORDS]>,
    table: UnsafeCell<T>,
}

/// A lock with its table behind it.
pub struct KernelSpin<T>(Boxed<Block<T>>);

// SAFETY: the table is only reached with the lock held.
unsafe impl<T: Send> Send for KernelSpin<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for KernelSpin<T> {}

impl<T> KernelSpin<T> {
    fn lock(&self) -> *mut c_void {
        self.0.lock.get().cast()
    }
}

impl<T: Empty + Send> Spin<T> for KernelSpin<T> {
    fn new(class: LockClass) -> Result<Self, OsError> {
        // SAFETY: the lock is plain words, which are zero; the table is written where it belongs.
        let block = unsafe {
            Boxed::in_place(|block: *mut Block<T>| {
                UnsafeCell::raw_get(&raw const (*block).table).write(T::EMPTY);
            })
        };
        let spin = Self(block?);
        // SAFETY: the room is large enough, and stays where it is until nobody uses the lock.
        unsafe { ffi::shim_lock_init(spin.lock(), class.rank, class.name.as_ptr()) };
        Ok(spin)
    }

    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: the lock was initialised; core's ranks keep it from being taken twice.
        unsafe { ffi::shim_lock(self.lock()) };
        // SAFETY: the lock is held, so this is the only reference.
        let result = f(unsafe { &mut *self.0.table.get() });
        // SAFETY: taken above.
        unsafe { ffi::shim_unlock(self.lock()) };
        result
    }
}

impl<T> Drop for KernelSpin<T> {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, and nobody can take it any more.
        unsafe { ffi::shim_lock_destroy(self.lock()) };
    }
}
