// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Spin locks that know the order they may be taken in.

use std::{cell::RefCell, sync::Mutex};

use tern_core::os::{Empty, LockClass, OsError, Spin};

use super::ledger::{Alive, Kind};

thread_local! {
    static HELD: RefCell<Vec<LockClass>> = const { RefCell::new(Vec::new()) };
}

/// Panics under a lock: the types should have kept it from compiling.
pub(crate) fn assert_unlocked(what: &str) {
    HELD.with_borrow(|held| assert!(held.is_empty(), "{what} under {held:?}"));
}

/// A spin lock at a fixed address; panics when taken twice or out of order by one thread.
#[derive(Debug)]
pub struct SimSpin<T> {
    class: LockClass,
    table: Box<Mutex<T>>,
    _alive: Alive,
}

/// Takes the lock off the list of held ones, also when the closure panics.
struct Release;

impl Drop for Release {
    fn drop(&mut self) {
        HELD.with_borrow_mut(Vec::pop);
    }
}

impl<T: Empty + Send> Spin<T> for SimSpin<T> {
    fn new(class: LockClass) -> Result<Self, OsError> {
        let alive = Alive::allocate(Kind::Lock)?;
        Ok(Self { class, table: Box::new(Mutex::new(T::EMPTY)), _alive: alive })
    }

    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let class = self.class;
        HELD.with_borrow_mut(|held| {
            assert!(held.iter().all(|other| other.rank < class.rank), "{class:?} after {held:?}");
            held.push(class);
        });
        let _release = Release;
        f(&mut self.table.lock().expect("another thread panicked"))
    }
}
