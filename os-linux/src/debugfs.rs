// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What users can read of a device: counters and the event ring as text.

use core::{
    ffi::c_void,
    fmt::{self, Write as _},
};

use tern_core::{os::Sleepable, trace::Event};

use crate::{
    ffi::{self, SeqFile},
    hooks::Device,
};

struct Out(*mut SeqFile);

impl fmt::Write for Out {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: the file is C's for the length of the call, and the text is read within its length.
        unsafe { ffi::shim_seq_write(self.0, text.as_ptr(), text.len()) };
        Ok(())
    }
}

/// A line for each counter, name and value; or for each event, oldest first.
#[unsafe(no_mangle)]
extern "C" fn tern_show(rust: *mut c_void, out: *mut SeqFile, events: bool) {
    // SAFETY: C passes what `tern_probe` gave it.
    let device = unsafe { Device::of(rust) };
    let mut cx = Sleepable::enter_from_shim();
    let mut out = Out(out);
    // Writing to `Out` cannot fail.
    if events {
        return device.shared.events(&mut cx, &mut |event: &Event| {
            let _ = writeln!(out, "{event}");
        });
    }
    let dropped = device.shared.os.hooks.events.with(&mut cx, |events, _| events.dropped());
    let mut show = |name: &str, value: u64| {
        let _ = writeln!(out, "{name} {value}");
    };
    device.shared.counters(&mut cx, &mut show);
    show("dropped_events", dropped.into());
}
