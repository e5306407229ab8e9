// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a BSD calls, behind the names that [`bsd_entries!`](crate::bsd_entries) gives them. C makes
//! one call at a time for an interface, and may sleep in every one.

use core::{
    ffi::{c_int, c_ulong, c_void},
    fmt::{self, Write as _},
    slice,
};

use tern_core::{
    abi::{Errno, Personality},
    control::ControlRequest,
    os::Sleepable,
    trace::Event,
    types::{MacAddr, VapId},
};

use super::{Bsd, host::Call, shim_show};
use crate::{
    device::{Device, Wait},
    ffi::{self, RawVap, raw_vap, vap_id},
};

/// Where the page of registers ends that every chip of the family has.
const REGISTERS_END: u16 = 0x1000;

/// The device that C names.
///
/// # Safety
///
/// As `tern.h` says: `rust` is from `tern_probe`, and `tern_free` comes after the reference is gone.
unsafe fn device<'a, P: Personality + 'static>(rust: *mut c_void) -> &'a Device<Bsd<P>> {
    // SAFETY: the caller's promise.
    unsafe { Device::of(rust) }
}

/// Calls `work` with the interface's state and what it may use.
fn with<P: Personality + 'static, R>(
    device: &Device<Bsd<P>>,
    vap: VapId,
    wait: Wait,
    work: impl FnOnce(&mut P, &mut Call<'_, P>) -> Result<R, Errno>,
) -> Result<R, Errno> {
    let mut call = Call::new(device, vap, wait)?;
    work(device.shared.os.hooks.get(vap).ok_or(Errno::NxIo)?, &mut call)
}

const fn result(result: Result<(), Errno>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(errno) => errno as c_int,
    }
}

/// `tern_vap_create`.
///
/// # Safety
///
/// As [`super::entry`] says, of this and of everything below; `params` has `len` bytes.
pub unsafe fn create<P: Personality + 'static>(
    rust: *mut c_void,
    params: *const c_void,
    len: usize,
    out: *mut RawVap,
) -> c_int {
    // SAFETY: the caller's promise.
    let (device, params) = unsafe { (device::<P>(rust), ffi::lent(params.cast(), len)) };
    let vap = match device.shared.os.hooks.add() {
        Ok(vap) => vap,
        Err(errno) => return errno as c_int,
    };
    let made = with(device, vap, Wait::Killable, |state, call| state.create(call, params));
    match made {
        // SAFETY: C points to a variable of its own.
        Ok(()) => unsafe { *out = raw_vap(vap) },
        Err(_) => device.shared.os.hooks.remove(vap),
    }
    result(made)
}

/// `tern_vap_destroy`.
///
/// # Safety
///
/// As [`create`].
pub unsafe fn destroy<P: Personality + 'static>(rust: *mut c_void, vap: RawVap) {
    // SAFETY: the caller's promise.
    let device = unsafe { device::<P>(rust) };
    // A device that is gone has switched everything off.
    let _ = with(device, vap_id(vap), Wait::Always, |state, call| state.down(call));
    device.shared.os.hooks.remove(vap_id(vap));
}

/// `tern_vap_address`.
///
/// # Safety
///
/// As [`create`].
pub unsafe fn address<P: Personality + 'static>(rust: *mut c_void, vap: RawVap, mac: *mut u8) {
    // SAFETY: the caller's promise.
    let device = unsafe { device::<P>(rust) };
    let addr = device.shared.os.hooks.get(vap_id(vap)).map_or(MacAddr::ZERO, |it| it.address());
    // SAFETY: C points to six bytes.
    unsafe { *mac.cast::<[u8; 6]>() = addr.0 };
}

/// `tern_vap_set_address`.
///
/// # Safety
///
/// As [`create`].
pub unsafe fn set_address<P: Personality + 'static>(
    rust: *mut c_void,
    vap: RawVap,
    mac: *const u8,
) -> c_int {
    // SAFETY: the caller's promise.
    let (device, mac) = unsafe { (device::<P>(rust), ffi::mac(mac)) };
    result(with(device, vap_id(vap), Wait::Killable, |state, _| {
        state.set_address(mac.ok_or(Errno::Inval)?)
    }))
}

/// `tern_up`.
///
/// # Safety
///
/// As [`create`].
pub unsafe fn up<P: Personality + 'static>(rust: *mut c_void, vap: RawVap) -> c_int {
    // SAFETY: the caller's promise.
    let device = unsafe { device::<P>(rust) };
    result(with(device, vap_id(vap), Wait::Killable, |state, call| state.up(call)))
}

/// `tern_down`.
///
/// # Safety
///
/// As [`create`].
pub unsafe fn down<P: Personality + 'static>(rust: *mut c_void, vap: RawVap) -> c_int {
    // SAFETY: the caller's promise.
    let device = unsafe { device::<P>(rust) };
    result(with(device, vap_id(vap), Wait::Always, |state, call| state.down(call)))
}

/// A request of the whole device, which is no interface's.
fn of_device<P: Personality + 'static>(device: &Device<Bsd<P>>, request: ControlRequest) -> c_int {
    let nobody = VapId { slot: u8::MAX, generation: 0 };
    let asked = device.call(nobody, request, None, Wait::Always);
    result(asked.map(|_| ()).map_err(Errno::from))
}

/// `tern_suspend`.
///
/// # Safety
///
/// As [`create`].
pub unsafe fn suspend<P: Personality + 'static>(rust: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    of_device(unsafe { device::<P>(rust) }, ControlRequest::Suspend)
}

/// `tern_resume`.
///
/// # Safety
///
/// As [`create`].
pub unsafe fn resume<P: Personality + 'static>(rust: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    of_device(unsafe { device::<P>(rust) }, ControlRequest::Resume)
}

/// `tern_ioctl`.
///
/// # Safety
///
/// As [`create`]; `data` has `len` writable bytes.
pub unsafe fn ioctl<P: Personality + 'static>(
    rust: *mut c_void,
    vap: RawVap,
    command: c_ulong,
    data: *mut c_void,
    len: usize,
) -> c_int {
    // SAFETY: the caller's promise.
    let device = unsafe { device::<P>(rust) };
    let data = match data.is_null() {
        true => &mut [],
        // SAFETY: the caller's promise.
        false => unsafe { slice::from_raw_parts_mut(data.cast::<u8>(), len) },
    };
    result(with(device, vap_id(vap), Wait::Killable, |state, call| {
        state.ioctl(call, command, data)
    }))
}

/// `tern_media`.
///
/// # Safety
///
/// As [`create`].
pub unsafe fn media<P: Personality + 'static>(rust: *mut c_void, vap: RawVap, index: u32) -> c_int {
    // SAFETY: the caller's promise.
    let device = unsafe { device::<P>(rust) };
    with(device, vap_id(vap), Wait::Killable, |state, call| Ok(state.media(call, index)))
        .unwrap_or_default()
}

/// `tern_media_set`.
///
/// # Safety
///
/// As [`create`].
pub unsafe fn media_set<P: Personality + 'static>(
    rust: *mut c_void,
    vap: RawVap,
    word: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    let device = unsafe { device::<P>(rust) };
    result(with(device, vap_id(vap), Wait::Killable, |state, call| state.set_media(call, word)))
}

/// `tern_media_status`.
///
/// # Safety
///
/// As [`create`].
pub unsafe fn media_status<P: Personality + 'static>(
    rust: *mut c_void,
    vap: RawVap,
    active: *mut c_int,
    status: *mut c_int,
) {
    // SAFETY: the caller's promise.
    let device = unsafe { device::<P>(rust) };
    let said =
        with(device, vap_id(vap), Wait::Killable, |state, call| Ok(state.media_status(call)));
    // SAFETY: C points to variables of its own.
    unsafe { (*active, *status) = said.unwrap_or_default() };
}

struct Sink(*mut c_void);

impl fmt::Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: the sink is C's for the length of the call, and the text is read within its length.
        unsafe { shim_show(self.0, text.as_ptr(), text.len()) };
        Ok(())
    }
}

/// `tern_show`: a line for each counter, name and value; for each event, oldest first; or for each
/// word of registers, address and value.
///
/// # Safety
///
/// As [`create`].
pub unsafe fn show<P: Personality + 'static>(rust: *mut c_void, what: u32, sink: *mut c_void) {
    // SAFETY: the caller's promise.
    let device = unsafe { device::<P>(rust) };
    let mut cx = Sleepable::enter_from_shim();
    let mut sink = Sink(sink);
    // Writing to a `Sink` cannot fail.
    match what {
        0 => device.shared.counters(&mut cx, &mut |name: &str, value: u64| {
            let _ = writeln!(sink, "{name} {value}");
        }),
        1 => device.shared.events(&mut cx, &mut |event: &Event| {
            let _ = writeln!(sink, "{event}");
        }),
        _ => show_registers(device, &mut sink),
    }
}

/// Four bytes a line, up to the first that cannot be read; without those that another reader's came
/// in between of.
fn show_registers<P: Personality + 'static>(device: &Device<Bsd<P>>, sink: &mut Sink) {
    for addr in (0..REGISTERS_END).step_by(4) {
        if of_device(device, ControlRequest::Peek(addr)) != 0 {
            let _ = writeln!(sink, "{addr:04x} cannot be read: is the interface up?");
            return;
        }
        if let Some(value) = device.shared.peeked(addr) {
            let _ = writeln!(sink, "{addr:04x} {value:08x}");
        }
    }
}

/// Makes the functions of `tern.h` and `tern_bsd.h` for a system's [`Personality`].
#[macro_export]
macro_rules! bsd_entries {
    ($personality:ty) => {
        use core::ffi::c_ulong;

        $crate::entries!($crate::bsd::Bsd<$personality>);

        $crate::export! { $personality, $crate::bsd::entry:
            tern_vap_create = create(
                rust: *mut c_void, params: *const c_void, len: usize, vap: *mut RawVap
            ) -> c_int;
            tern_vap_destroy = destroy(rust: *mut c_void, vap: RawVap);
            tern_vap_address = address(rust: *mut c_void, vap: RawVap, mac: *mut u8);
            tern_vap_set_address = set_address(
                rust: *mut c_void, vap: RawVap, mac: *const u8
            ) -> c_int;
            tern_up = up(rust: *mut c_void, vap: RawVap) -> c_int;
            tern_down = down(rust: *mut c_void, vap: RawVap) -> c_int;
            tern_suspend = suspend(rust: *mut c_void) -> c_int;
            tern_resume = resume(rust: *mut c_void) -> c_int;
            tern_ioctl = ioctl(
                rust: *mut c_void, vap: RawVap, command: c_ulong, data: *mut c_void, len: usize
            ) -> c_int;
            tern_media = media(rust: *mut c_void, vap: RawVap, index: u32) -> c_int;
            tern_media_set = media_set(rust: *mut c_void, vap: RawVap, word: c_int) -> c_int;
            tern_media_status = media_status(
                rust: *mut c_void, vap: RawVap, active: *mut c_int, status: *mut c_int
            );
            tern_show = show(rust: *mut c_void, what: u32, sink: *mut c_void);
        }
    };
}
