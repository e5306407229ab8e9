// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What is alive, and the allocation that fails.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use tern_core::os::OsError;

thread_local! {
    /// `Draft::alloc` and `Spin::new` have no `self`: the ledger goes with the thread.
    static CURRENT: RefCell<Arc<Ledger>> = RefCell::default();
}

/// Counts of one world.
#[derive(Debug)]
pub struct Ledger {
    packets: AtomicI64,
    locks: AtomicI64,
    allocations: AtomicU64,
    /// Number of the allocation that fails, from 1.
    fails: AtomicU64,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            packets: AtomicI64::new(0),
            locks: AtomicI64::new(0),
            allocations: AtomicU64::new(0),
            fails: AtomicU64::new(u64::MAX),
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Packet,
    Lock,
}

impl Ledger {
    /// This thread's packets and locks are counted here from now on.
    pub fn enter(self: &Arc<Self>) {
        CURRENT.set(Arc::clone(self));
    }

    /// The one of this thread.
    pub fn current() -> Arc<Self> {
        CURRENT.with_borrow(Arc::clone)
    }

    /// Makes the allocation fail that is the `number`-th of all, from 1.
    pub fn fail(&self, number: Option<u64>) {
        self.fails.store(number.unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Allocations so far.
    pub fn allocations(&self) -> u64 {
        self.allocations.load(Ordering::Relaxed)
    }

    /// Drafts and packets that exist.
    pub fn packets(&self) -> i64 {
        self.packets.load(Ordering::Relaxed)
    }

    /// Locks that exist.
    pub fn locks(&self) -> i64 {
        self.locks.load(Ordering::Relaxed)
    }

    fn count(&self, kind: Kind) -> &AtomicI64 {
        match kind {
            Kind::Packet => &self.packets,
            Kind::Lock => &self.locks,
        }
    }
}

/// Proof that something is in the ledger, as long as it lives.
#[derive(Debug)]
pub struct Alive {
    kind: Kind,
    ledger: Arc<Ledger>,
}

impl Alive {
    /// An allocation, which may be the one that fails.
    pub(super) fn allocate(kind: Kind) -> Result<Self, OsError> {
        let ledger = CURRENT.with_borrow(Arc::clone);
        let number = ledger.allocations.fetch_add(1, Ordering::Relaxed) + 1;
        if number == ledger.fails.load(Ordering::Relaxed) {
            return Err(OsError::NoMemory);
        }
        Ok(Self::enter(kind, ledger))
    }

    /// Something that the kernel itself made; that does not fail.
    pub(super) fn given(kind: Kind) -> Self {
        Self::enter(kind, CURRENT.with_borrow(Arc::clone))
    }

    fn enter(kind: Kind, ledger: Arc<Ledger>) -> Self {
        ledger.count(kind).fetch_add(1, Ordering::Relaxed);
        Self { kind, ledger }
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.ledger.count(self.kind).fetch_sub(1, Ordering::Relaxed);
    }
}
