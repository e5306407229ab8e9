// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the three BSD shims share: interfaces, each with its system's [`Personality`], and ioctls.

mod host;

pub mod entry;

use core::{
    cell::UnsafeCell,
    ffi::c_int,
    ptr::{self, NonNull},
    sync::atomic::{AtomicPtr, AtomicU16, Ordering},
};

use tern_core::{
    abi::{Errno, Personality},
    chip::Identity,
    control::{Failure, Notice},
    device::VAPS_MAX,
    os::{OsError, Unlocked},
    types::{MacAddr, VapId},
};

use crate::{
    alloc::Boxed,
    device::Device,
    ffi::{Dev, RawVap, TernDev, raw_vap},
    os::{Hooks, KernelOs},
};

unsafe extern "C" {
    pub(crate) fn shim_copyin(user: u64, to: *mut core::ffi::c_void, len: usize) -> c_int;
    pub(crate) fn shim_copyout(from: *const core::ffi::c_void, user: u64, len: usize) -> c_int;
    pub(crate) fn shim_is_privileged() -> bool;
    pub(crate) fn shim_link(dev: *mut TernDev, vap: RawVap, is_up: bool);
    pub(crate) fn shim_event(
        dev: *mut TernDev,
        vap: RawVap,
        what: c_int,
        data: *const u8,
        len: usize,
    );
    pub(crate) fn shim_show(sink: *mut core::ffi::c_void, text: *const u8, len: usize);
}

/// An interface: C makes one call at a time for it, so its state is whoever's who was called.
struct Interface<P> {
    generation: u16,
    state: UnsafeCell<P>,
}

/// The interfaces of a device of a system with personality `P`.
pub struct Bsd<P> {
    interfaces: [AtomicPtr<Interface<P>>; VAPS_MAX],
    /// How often each place was given out.
    generations: [AtomicU16; VAPS_MAX],
    /// Written once, by the worker before anybody is told that it has attached.
    identity: UnsafeCell<Option<Identity>>,
}

// SAFETY: the cells say whose they are; a personality may go from thread to thread.
unsafe impl<P: Send> Sync for Bsd<P> {}
// SAFETY: as above.
unsafe impl<P: Send> Send for Bsd<P> {}

impl<P: Personality + 'static> Bsd<P> {
    /// What the chip said; `None` before it was asked.
    const fn identity(&self) -> Option<&Identity> {
        // SAFETY: nobody comes here before `attached` has returned, and nobody writes after.
        unsafe { &*self.identity.get() }.as_ref()
    }

    /// A new interface in a free place. One call at a time for a device.
    ///
    /// Errors: [`Errno::NoSpc`] when all places are taken, [`Errno::NoMem`].
    fn add(&self) -> Result<VapId, Errno> {
        let free =
            |interface: &AtomicPtr<Interface<P>>| interface.load(Ordering::Acquire).is_null();
        let place = self.interfaces.iter().position(free).ok_or(Errno::NoSpc)?;
        let (Some(interface), Some(count)) =
            (self.interfaces.get(place), self.generations.get(place))
        else {
            return Err(Errno::NoSpc);
        };
        let generation = count.fetch_add(1, Ordering::Relaxed);
        // SAFETY: every field is written where it stays; a personality's constant may be large.
        let made = unsafe {
            Boxed::in_place(|room: *mut Interface<P>| {
                (&raw mut (*room).generation).write(generation);
                UnsafeCell::raw_get(&raw const (*room).state).write(P::EMPTY);
            })
        };
        interface.store(made.map_err(|_| Errno::NoMem)?.into_raw(), Ordering::Release);
        Ok(VapId { slot: place as u8, generation })
    }

    /// Frees an interface that nobody calls any more.
    fn remove(&self, vap: VapId) {
        let Some(place) = self.interfaces.get(usize::from(vap.slot)) else { return };
        if self.get(vap).is_some() {
            let interface = place.swap(ptr::null_mut(), Ordering::AcqRel);
            if let Some(interface) = NonNull::new(interface) {
                // SAFETY: from `add`; C makes no other call for it.
                drop(unsafe { Boxed::from_raw(interface) });
            }
        }
    }

    /// The state of an interface, for the length of a call; `None` for a stale name.
    #[expect(clippy::mut_from_ref, reason = "C makes one call at a time for an interface")]
    fn get(&self, vap: VapId) -> Option<&mut P> {
        let interface = self.interfaces.get(usize::from(vap.slot))?.load(Ordering::Acquire);
        // SAFETY: from `add` and not removed while C calls for it.
        let interface = unsafe { interface.as_ref() }?;
        // SAFETY: C makes one call at a time for an interface.
        (interface.generation == vap.generation).then(|| unsafe { &mut *interface.state.get() })
    }
}

impl<P: Personality + 'static> Hooks for Bsd<P> {
    fn new(_dev: Dev) -> Result<Self, OsError> {
        Ok(Self {
            interfaces: [const { AtomicPtr::new(ptr::null_mut()) }; VAPS_MAX],
            generations: [const { AtomicU16::new(0) }; VAPS_MAX],
            identity: UnsafeCell::new(None),
        })
    }

    fn attached(device: &Device<Self>, identity: &Identity) {
        // SAFETY: nobody reads it before C has been told that the device has attached.
        unsafe { *device.shared.os.hooks.identity.get() = Some(*identity) };
    }

    fn notify<C: Unlocked>(os: &KernelOs<Self>, _cx: &mut C, vap: VapId, notice: Notice<'_>) {
        P::events(&notice, &mut |what, data| event(os.dev, vap, what, data));
    }

    fn link_changed<C: Unlocked>(
        os: &KernelOs<Self>,
        _cx: &mut C,
        vap: VapId,
        link: Option<MacAddr>,
    ) {
        // SAFETY: the C side outlives this.
        unsafe { shim_link(os.dev.0, raw_vap(vap), link.is_some()) };
        P::link_events(link, &mut |what, data| event(os.dev, vap, what, data));
    }

    fn errno(failure: Failure) -> c_int {
        Errno::from(failure) as c_int
    }
}

fn event(dev: Dev, vap: VapId, what: i32, data: &[u8]) {
    // SAFETY: C copies the data.
    unsafe { shim_event(dev.0, raw_vap(vap), what, data.as_ptr(), data.len()) };
}
