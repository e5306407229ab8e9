// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a fake kernel offers: `struct rig_kernel` of rig.h.

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    sync::OnceLock,
};

const VERSION: u32 = 1;

/// `struct rig_kernel`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Raw {
    version: u32,
    os: *const c_char,
    cpu: extern "C" fn(c_int, *const c_char) -> *mut c_void,
    boot: extern "C" fn(),
    load: extern "C" fn() -> c_int,
    unload: Option<extern "C" fn() -> c_int>,
    plug: extern "C" fn() -> c_int,
    unplug: extern "C" fn(bool) -> c_int,
    suspend: extern "C" fn() -> c_int,
    resume: extern "C" fn() -> c_int,
    ioctl: extern "C" fn(u64, u64) -> c_int,
    send: extern "C" fn(*const c_char, *const u8, usize, c_int) -> c_int,
    listen: extern "C" fn(*const c_char, u32, bool) -> c_int,
    inject: extern "C" fn(*const c_char, u32, *const u8, usize) -> c_int,
    show: Option<extern "C" fn(*const c_char, *mut u8, *mut usize) -> c_int>,
    interface: extern "C" fn(u32) -> *const c_char,
    check: extern "C" fn(),
}

/// The fake kernel, which stays for as long as the process.
#[derive(Clone, Copy)]
pub struct Kernel(&'static Raw);

impl std::fmt::Debug for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kernel")
    }
}

// SAFETY: it is constant.
unsafe impl Send for Kernel {}
// SAFETY: likewise.
unsafe impl Sync for Kernel {}

static KERNEL: OnceLock<Kernel> = OnceLock::new();

pub(crate) fn kernel() -> Option<&'static Kernel> {
    KERNEL.get()
}

/// An errno, if it is not 0.
fn check(errno: c_int) -> Result<(), i32> {
    if errno == 0 { Ok(()) } else { Err(errno) }
}

pub(super) fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_default()
}

impl Kernel {
    /// The kernel whose `rig_kernel` is at this address.
    ///
    /// # Errors
    ///
    /// It was compiled with another `rig.h`.
    ///
    /// # Panics
    ///
    /// When there is one already.
    ///
    /// # Safety
    ///
    /// The address is that of a `struct rig_kernel` in an image that stays.
    pub unsafe fn at(address: usize) -> Result<Self, String> {
        // SAFETY: the caller's promise.
        let kernel = Self(unsafe { &*(address as *const Raw) });
        if kernel.0.version != VERSION {
            return Err(format!("the fake kernel has version {} of rig.h", kernel.0.version));
        }
        assert!(KERNEL.set(kernel).is_ok(), "there is one kernel in a process");
        Ok(kernel)
    }

    /// `freebsd`, `netbsd` or `openbsd`.
    pub fn os(&self) -> String {
        // SAFETY: rig.h: a string that stays.
        unsafe { CStr::from_ptr(self.0.os) }.to_string_lossy().into_owned()
    }

    pub(crate) fn cpu(&self, thread: usize, name: &str) -> *mut c_void {
        (self.0.cpu)(thread as c_int, c_string(name).as_ptr())
    }

    /// Starts the threads that a kernel has of its own.
    pub fn boot(&self) {
        (self.0.boot)();
    }

    /// Loads the module.
    ///
    /// # Errors
    ///
    /// The kernel's errno, as for all that follow.
    pub fn load(&self) -> Result<(), i32> {
        check((self.0.load)())
    }

    /// Unloads it; does nothing where there are no modules.
    pub fn unload(&self) -> Result<(), i32> {
        self.0.unload.map_or(Ok(()), |unload| check(unload()))
    }

    /// Looks for a driver of the stick.
    pub fn plug(&self) -> Result<(), i32> {
        check((self.0.plug)())
    }

    /// Takes the stick from its driver, because it is gone or not.
    pub fn unplug(&self, is_gone: bool) -> Result<(), i32> {
        check((self.0.unplug)(is_gone))
    }

    /// The machine goes to sleep.
    pub fn suspend(&self) -> Result<(), i32> {
        check((self.0.suspend)())
    }

    /// It wakes up.
    pub fn resume(&self) -> Result<(), i32> {
        check((self.0.resume)())
    }

    /// ioctl(2).
    pub fn ioctl(&self, command: u64, argument: u64) -> Result<(), i32> {
        check((self.0.ioctl)(command, argument))
    }

    /// The stack sends a frame.
    pub fn send(&self, interface: &str, frame: &[u8], priority: u8) -> Result<(), i32> {
        let name = c_string(interface);
        check((self.0.send)(name.as_ptr(), frame.as_ptr(), frame.len(), priority.into()))
    }

    /// A bpf listener comes or goes.
    pub fn listen(&self, interface: &str, dlt: u32, is_on: bool) -> Result<(), i32> {
        check((self.0.listen)(c_string(interface).as_ptr(), dlt, is_on))
    }

    /// A bpf listener writes.
    pub fn inject(&self, interface: &str, dlt: u32, packet: &[u8]) -> Result<(), i32> {
        let name = c_string(interface);
        check((self.0.inject)(name.as_ptr(), dlt, packet.as_ptr(), packet.len()))
    }

    /// The driver's own text; empty where a system has no way to show it.
    pub fn show(&self, what: &str) -> Result<String, i32> {
        let Some(show) = self.0.show else { return Ok(String::new()) };
        let mut text = vec![0; 256 * 1024];
        let mut len = text.len();
        check(show(c_string(what).as_ptr(), text.as_mut_ptr(), &raw mut len))?;
        text.truncate(len);
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// The n-th interface of the driver.
    pub fn interface(&self, number: u32) -> Option<String> {
        let name = (self.0.interface)(number);
        if name.is_null() {
            return None;
        }
        // SAFETY: rig.h: a string, which we copy before anybody else runs.
        Some(unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned())
    }

    /// Reports what is left.
    pub fn check(&self) {
        (self.0.check)();
    }
}
