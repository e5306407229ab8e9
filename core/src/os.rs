// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The contract with the operating system: traits only, no logic.
//!
//! One type per operating system implements [`Os`]; `os-freebsd`, `os-netbsd`, `os-openbsd`,
//! `os-linux` and `sim` each have one. What these types forbid is shown by the doctests of
//! `tern_sim::misuse`.

use core::{ffi::CStr, fmt, marker::PhantomData, ops::Range};

use crate::{
    chip::ChipError,
    control::{Failure, Notice},
    io::TxQueue,
    types::{Instant, MacAddr, RequestId, VapId},
};

/// The lock order, lowest first. A shim may use ranks between [`rank::PIPE`]
/// and [`rank::TRACE`] for locks of its own.
pub mod rank {
    /// Requests, reports and received management frames.
    pub const INBOX: u8 = 10;
    /// Scan results: written by the worker, read by whoever asks.
    pub const SCAN: u8 = 15;
    /// Reorder buffers and the release list.
    pub const RX: u8 = 20;
    /// Sequence numbers, packet numbers and hand-over to the pipe.
    pub const TX: u8 = 30;
    /// What a pipe locks while core hands a frame over.
    pub const PIPE: u8 = 40;
    /// The event ring: every context writes to it.
    pub const TRACE: u8 = 50;
}

/// Where the code runs, and the highest lock rank held there.
pub trait Context {
    /// Rank of the innermost lock held; 0 when none is.
    const HELD: u8;
}

/// A context without locks: the only one in which core calls the rest of the kernel.
pub trait Unlocked: Context {}

/// Proof that the caller may sleep. Only shims make one, at an entry point where it is true.
#[derive(Debug)]
pub struct Sleepable(PhantomData<*mut ()>);

impl Sleepable {
    /// Called by shims only (`cargo xtask tidy` checks this).
    pub const fn enter_from_shim() -> Self {
        Self(PhantomData)
    }
}

impl Context for Sleepable {
    const HELD: u8 = 0;
}
impl Unlocked for Sleepable {}

/// A context that must not sleep: an interrupt, a transfer completion, or a held spin lock.
#[derive(Debug)]
pub struct Atomic<const RANK: u8>(PhantomData<*mut ()>);

impl Atomic<0> {
    /// Called by shims only, for completions and interrupts.
    pub const fn enter_from_shim() -> Self {
        Self(PhantomData)
    }
}

impl<const RANK: u8> Context for Atomic<RANK> {
    const HELD: u8 = RANK;
}
impl Unlocked for Atomic<0> {}

/// A table that starts empty. A constant, so that it is copied straight to its final address and
/// never stands on a kernel stack.
pub trait Empty {
    /// Nothing in it.
    const EMPTY: Self;
}

/// What a lock debugger needs to tell one lock from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockClass {
    /// Index of the shim's static class key (`lock_class_key`, WITNESS type): one for each rank.
    pub rank: u8,
    /// What lock debuggers print.
    pub name: &'static CStr,
}

/// A spin lock as the operating system has it; unsafe code stays in the shim. The value of this
/// type is a handle: the lock itself and its table live in one allocation that never moves.
pub trait Spin<T: Empty>: Sized + Send + Sync {
    /// Allocates the lock with [`Empty::EMPTY`] behind it. Dropping the handle destroys both.
    fn new(class: LockClass) -> Result<Self, OsError>;
    /// Runs `f` with the lock held.
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R;
}

/// A lock with a place in the lock order.
#[derive(Debug)]
pub struct Ranked<const RANK: u8, T, S> {
    inner: S,
    table: PhantomData<fn() -> T>,
}

impl<const RANK: u8, T: Empty, S: Spin<T>> Ranked<RANK, T, S> {
    /// Makes the lock.
    pub fn new(name: &'static CStr) -> Result<Self, OsError> {
        const { assert!(RANK > 0, "rank 0 means that no lock is held") }
        Ok(Self { inner: S::new(LockClass { rank: RANK, name })?, table: PhantomData })
    }

    /// Runs `f` with the lock held. Taking locks out of order does not compile.
    pub fn with<C: Context, R>(
        &self,
        _cx: &mut C,
        f: impl FnOnce(&mut T, &mut Atomic<RANK>) -> R,
    ) -> R {
        const { assert!(C::HELD < RANK, "locks are taken in rising rank") }
        self.inner.with(|value| f(value, &mut Atomic(PhantomData)))
    }
}

/// A ranked lock of the operating system `O`.
pub type Lock<O, const RANK: u8, T> = Ranked<RANK, T, <O as Os>::Spin<T>>;

/// Why the operating system or the hardware could not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OsError {
    /// Out of memory.
    NoMemory,
    /// No such firmware image.
    NoFirmware,
    /// The device went away.
    Detached,
    /// A transfer failed or timed out.
    Transfer,
    /// There is no room: a queue or a table is full.
    Full,
}

/// A packet in the operating system's own form: an mbuf chain or an skb. Dropping it frees it.
///
/// There is no way to write to one: other parts of the kernel may share its bytes.
pub trait Packet: Sized + Send {
    /// A packet that core builds.
    type Draft: Draft<Packet = Self>;
    /// Bytes in all pieces together.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// A copy of the first `N` bytes, wherever they lie; `None` if there are fewer.
    fn head<const N: usize>(&self) -> Option<[u8; N]>;
    /// The bytes, piece by piece.
    fn segments(&self) -> impl Iterator<Item = &[u8]>;
    /// 802.1D user priority, 0 to 7.
    fn priority(&self) -> u8;
}

/// A packet under construction: contiguous, writable, and nobody else's.
pub trait Draft: Sized + Send + AsRef<[u8]> + AsMut<[u8]> {
    /// What it becomes.
    type Packet;
    /// `len` bytes, all zero. Never sleeps.
    fn alloc(len: usize) -> Result<Self, OsError>;
    /// Keeps only `range` (what lies outside the draft is cut off) and gives the packet away.
    fn finish(self, range: Range<usize>) -> Self::Packet;
}

/// Does something with a whole firmware image.
pub type FirmwareUser<'a> = dyn FnMut(&mut Sleepable, &[u8]) -> Result<(), ChipError> + 'a;

/// All that the portable code needs of an operating system, for one attached device.
///
/// The second half are upcalls: they get a context without locks, and drop what carries a stale
/// [`VapId`]. `complete`, `notify` and `link_changed` only queue; they never take a lock that a
/// waiting caller may hold.
pub trait Os: Send + Sync + 'static {
    /// The packet type.
    type Packet: Packet;
    /// The spin lock type.
    type Spin<T: Empty + Send>: Spin<T>;

    /// The time now.
    fn now(&self) -> Instant;
    /// Fills `out` with cryptographic random bytes.
    fn fill_random(&self, out: &mut [u8]);
    /// Sleeps for at least `micros`.
    fn sleep_us(&self, cx: &mut Sleepable, micros: u32);
    /// Makes the worker run soon; many calls before it runs count as one. Any context.
    fn wake_worker(&self);
    /// Makes the worker run at `at`; replaces the deadline before; `None` takes it away.
    fn set_deadline(&self, at: Option<Instant>);
    /// Lends the firmware image `name` to `user`, once and whole. The shim keeps a copy, so that a
    /// resume finds it without a file system. Errors: [`OsError::NoFirmware`] when there is none,
    /// and whatever `user` returns.
    fn firmware(
        &self,
        cx: &mut Sleepable,
        name: &'static CStr,
        user: &mut FirmwareUser<'_>,
    ) -> Result<(), ChipError>;
    /// Prints a line in the kernel log. Any context.
    fn log(&self, line: fmt::Arguments<'_>);

    /// Hands a received Ethernet frame up the stack.
    fn deliver<C: Unlocked>(&self, cx: &mut C, vap: VapId, packet: Self::Packet);
    /// Tells the stack that the link is up, and with which access point; or down.
    fn link_changed<C: Unlocked>(&self, cx: &mut C, vap: VapId, link: Option<MacAddr>);
    /// A queue that was full for this interface has room again.
    fn transmit_ready<C: Unlocked>(&self, cx: &mut C, vap: VapId, queue: TxQueue);
    /// Wakes the caller that waits for `id`; it then fetches the result with `Shared::collect`.
    fn complete<C: Unlocked>(
        &self,
        cx: &mut C,
        vap: VapId,
        id: RequestId,
        result: Result<(), Failure>,
    );
    /// Tells the user something. What the notice borrows is copied before this returns.
    fn notify<C: Unlocked>(&self, cx: &mut C, vap: VapId, notice: Notice<'_>);
    /// Whether anybody looks at raw frames of this interface.
    fn is_listening<C: Unlocked>(&self, cx: &mut C, vap: VapId) -> bool;
    /// Shows a raw frame, without its checksum, to who listens. `radiotap` is a whole radiotap
    /// header, the start of what a capture shows.
    fn capture<C: Unlocked>(&self, cx: &mut C, vap: VapId, radiotap: &[u8], frame: &[u8]);
}
