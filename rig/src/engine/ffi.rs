// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `rig.h`, as Rust has it: what fake kernels call.

use std::ffi::{CStr, c_char, c_int};

use super::{
    Event, EventKind, State, lock, locks,
    objects::Object,
    sleep::{self, Wait, Woken},
    threads,
};

/// A string of the kernel's.
///
/// # Safety
///
/// A C string, or null.
unsafe fn text(from: *const c_char) -> String {
    if from.is_null() {
        return "(null)".to_owned();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(from) }.to_string_lossy().into_owned()
}

/// A string that is kept for ever: there are few different ones.
///
/// # Safety
///
/// As [`text`].
unsafe fn lasting(from: *const c_char) -> &'static str {
    static KNOWN: std::sync::Mutex<Vec<&'static str>> = std::sync::Mutex::new(Vec::new());
    // SAFETY: the caller's promise.
    let text = unsafe { text(from) };
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(known) = known.iter().find(|known| **known == text) {
        return known;
    }
    let text: &'static str = Box::leak(text.into_boxed_str());
    known.push(text);
    text
}

/// Bytes of the kernel's.
///
/// # Safety
///
/// `len` bytes at `from`, or none.
unsafe fn bytes(from: *const u8, len: usize) -> Vec<u8> {
    if from.is_null() || len == 0 {
        return Vec::new();
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(from, len) }.to_vec()
}

/// Declares the primitives, and the table of them that the loader goes by. All of them are called by
/// the fake kernel, which keeps to rig.h.
macro_rules! primitives {
    ($(fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block)*) => {
        $(extern "C" fn $name($($arg: $type),*) $(-> $result)? $body)*
        /// What fake kernels can call: names and addresses.
        pub fn primitives() -> Vec<(&'static str, usize)> {
            vec![$((stringify!($name), $name as *const () as usize)),*]
        }
    };
}

/// The address of a primitive.
pub fn primitive(name: &str) -> Option<usize> {
    primitives().into_iter().find(|(known, _)| *known == name).map(|(_, at)| at)
}

// SAFETY (all below): rig.h says what pointers point to; the fake kernel is part of this project.
primitives! {
    fn rig_fault(what: *const c_char) {
        // SAFETY: as above.
        let what = unsafe { text(what) };
        lock().fault(&what);
    }
    fn rig_die(what: *const c_char) -> ! {
        // SAFETY: as above.
        let what = unsafe { text(what) };
        lock().die(&what)
    }
    fn rig_log(line: *const u8, len: usize) {
        // SAFETY: as above.
        let line = unsafe { bytes(line, len) };
        for line in String::from_utf8_lossy(&line).lines() {
            lock().say(line);
        }
    }

    fn rig_alloc(size: usize, align: usize, tag: *const c_char, flags: u32) -> usize {
        // SAFETY: as above.
        let tag = unsafe { text(tag) };
        let mut state = lock();
        if flags & 4 != 0 {
            state.may_sleep(&format!("allocating {tag}"));
        }
        if flags & 2 != 0 {
            state.may_fail += 1;
            if state.options.fail_at == Some(state.may_fail) {
                return 0;
            }
        }
        state.allocate(size, align, &tag, flags & 1 != 0, flags & 8 != 0)
    }
    fn rig_free(memory: usize, tag: *const c_char, size: usize) {
        // SAFETY: as above.
        let tag = unsafe { text(tag) };
        lock().release(memory, &tag, (size != usize::MAX).then_some(size));
    }
    fn rig_size(memory: usize) -> usize {
        lock().heap.holding(memory, 0).filter(|block| block.at == memory).map_or(0, |block| block.size)
    }
    fn rig_is_readable(memory: usize, len: usize) -> bool {
        lock().is_readable(memory, len)
    }
    fn rig_is_writable(memory: usize, len: usize) -> bool {
        lock().is_writable(memory, len)
    }
    fn rig_is_string(at: usize, max: usize) -> bool {
        string_ends(&lock(), at, max)
    }
    fn rig_is_code(at: usize) -> bool {
        lock().is_code(at)
    }
    fn rig_live(tag: *const c_char) -> usize {
        // SAFETY: as above.
        let tag = unsafe { text(tag) };
        lock().live_blocks(&tag)
    }

    fn rig_object_begin(at: usize, size: usize, kind: *const c_char, name: *const c_char) {
        // SAFETY: as above.
        let (kind, name) = unsafe { (text(kind), text(name)) };
        lock().begin_object(at, Object::new(size, &kind, &name, None));
    }
    fn rig_object_end(at: usize, kind: *const c_char) {
        // SAFETY: as above.
        let kind = unsafe { text(kind) };
        lock().end_object(at, &kind);
    }
    fn rig_object_check(at: usize, kind: *const c_char) -> bool {
        // SAFETY: as above.
        let kind = unsafe { text(kind) };
        lock().check_object(at, &kind)
    }
    fn rig_object_is(at: usize, kind: *const c_char) -> bool {
        // SAFETY: as above.
        let kind = unsafe { text(kind) };
        lock().is_object(at, &kind)
    }

    fn rig_lock_init(at: usize, size: usize, class: *const c_char, flags: u32) {
        // SAFETY: as above.
        let class = unsafe { text(class) };
        lock().lock_init(at, size, &class, flags);
    }
    fn rig_lock_destroy(at: usize) {
        lock().lock_destroy(at);
    }
    fn rig_lock_take(at: usize, flags: u32) -> bool {
        locks::take(lock(), at, flags).1
    }
    fn rig_lock_release(at: usize, flags: u32) {
        lock().lock_release(at, flags);
    }
    fn rig_lock_held(at: usize) -> bool {
        lock().lock_held(at)
    }
    fn rig_locks_held() -> u32 {
        let state = lock();
        state.threads[state.current].held.len() as u32
    }
    fn rig_lock_other(except: usize) -> *const c_char {
        let state = lock();
        let held = &state.threads[state.current].held;
        let Some(other) = held.iter().find(|held| held.lock != except) else {
            return std::ptr::null();
        };
        keep(&state.lock_name(other.lock))
    }

    fn rig_scope_enter(name: *const c_char, flags: u32) {
        // SAFETY: as above.
        let name = unsafe { text(name) };
        lock().enter_scope(&name, flags & 1 != 0);
    }
    fn rig_scope_leave(name: *const c_char) {
        // SAFETY: as above.
        let name = unsafe { text(name) };
        lock().leave_scope(&name);
    }
    fn rig_in_scope(name: *const c_char) -> bool {
        // SAFETY: as above.
        let name = unsafe { text(name) };
        lock().is_in_scope(&name)
    }
    fn rig_may_sleep(what: *const c_char) {
        // SAFETY: as above.
        let what = unsafe { text(what) };
        lock().may_sleep(&what);
    }

    fn rig_thread_create(entry: extern "C" fn(usize), arg: usize, name: *const c_char) -> c_int {
        // SAFETY: as above.
        let name = unsafe { text(name) };
        threads::create(&mut lock(), &name, Box::new(move || entry(arg))) as c_int
    }
    fn rig_thread_exit() -> ! {
        threads::end();
        loop {
            std::thread::park();
        }
    }
    fn rig_thread_self() -> c_int {
        lock().current as c_int
    }
    fn rig_thread_local() -> usize {
        let state = lock();
        state.threads[state.current].local
    }
    fn rig_yield() {
        drop(threads::yield_now(lock()));
    }
    fn rig_sleep(channel: usize, why: *const c_char, timeout_us: u64, flags: u32) -> Woken {
        // SAFETY: as above.
        let why = unsafe { lasting(why) };
        let mut state = lock();
        state.may_sleep(&format!("{why} (sleep)"));
        let until = (timeout_us != u64::MAX).then(|| state.now() + timeout_us);
        if flags & 1 != 0 {
            return sleep::sleep_interruptibly(state, channel, why, until);
        }
        sleep::sleep(state, channel, why, until, false).1
    }
    fn rig_idle(channel: usize, why: *const c_char) {
        // SAFETY: as above.
        let why = unsafe { lasting(why) };
        let mut state = lock();
        state.nothing_is_held(&format!("{why} waits for work"));
        drop(sleep::sleep(state, channel, why, None, true));
    }
    fn rig_wakeup(channel: usize, max: u32) -> u32 {
        lock().wake(channel, max)
    }

    fn rig_now_us() -> u64 {
        lock().now()
    }
    fn rig_delay(micros: u64) {
        let mut state = lock();
        let mut ether = state.ether.lock();
        let to = ether.now + micros;
        ether.advance(to);
        drop(ether);
        state.poll();
    }
    fn rig_timer_arm(key: usize, at: u64) {
        lock().timers.arm(key, at);
    }
    fn rig_timer_disarm(key: usize) -> bool {
        lock().timers.disarm(key)
    }
    fn rig_timer_is_armed(key: usize) -> bool {
        lock().timers.is_armed(key)
    }
    fn rig_timer_wait() -> usize {
        let mut state = lock();
        loop {
            let now = state.now();
            if let Some(key) = state.timers.take_due(now) {
                return key;
            }
            state.nothing_is_held("the clock waits");
            state = sleep::wait_for(state, Wait::Timer);
        }
    }

    fn rig_usb_control(
        request_type: u8,
        request: u8,
        value: u16,
        index: u16,
        data: *mut u8,
        len: u16,
        done: *mut u16,
    ) -> u32 {
        let mut state = lock();
        state.may_sleep("a control request");
        let is_in = request_type & 0x80 != 0;
        let at = data as usize;
        let length = usize::from(len);
        let is_mine = if is_in { state.is_writable(at, length) } else { state.is_readable(at, length) };
        if length > 0 && !is_mine {
            let place = state.describe(at);
            state.fault(&format!("a control request of {len} bytes from or to {place}"));
            return super::bus::STALLED;
        }
        // SAFETY: checked.
        let mut bytes = unsafe { bytes(data, length) };
        let (status, moved) = state.control((request_type, request, value, index), &mut bytes);
        if is_in && status == super::bus::OK {
            // SAFETY: checked; as many as there is room for.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), data, moved) };
        }
        if !done.is_null() {
            // SAFETY: rig.h.
            unsafe { *done = moved as u16 };
        }
        drop(threads::yield_now(state));
        status
    }
    fn rig_usb_start(key: usize, endpoint: u8, data: usize, len: usize) {
        lock().start_transfer(key, endpoint, data, len);
    }
    fn rig_usb_cancel(key: usize) {
        lock().cancel_transfer(key);
    }
    fn rig_usb_is_busy(key: usize) -> bool {
        lock().is_transfer_busy(key)
    }
    fn rig_usb_wait(out: *mut RawDone) {
        let mut state = lock();
        loop {
            state.poll_bus();
            if let Some(done) = state.bus.take_done() {
                let raw = RawDone { transfer: done.key, len: done.len, status: done.status };
                // SAFETY: rig.h.
                unsafe { *out = raw };
                return;
            }
            state.nothing_is_held("the USB thread waits");
            state = sleep::wait_for(state, Wait::Usb);
        }
    }
    fn rig_usb_is_plugged() -> bool {
        lock().is_plugged()
    }

    fn rig_random(out: *mut u8, len: usize) {
        let mut state = lock();
        if !state.is_writable(out as usize, len) {
            return state.fault("random bytes for what is no memory");
        }
        // SAFETY: checked.
        state.fill_random(unsafe { std::slice::from_raw_parts_mut(out, len) });
    }
    fn rig_firmware(name: *const c_char, len: *mut usize) -> *const u8 {
        // SAFETY: as above.
        let name = unsafe { text(name) };
        let mut state = lock();
        if state.firmware.is_empty() {
            return std::ptr::null();
        }
        state.say(&format!("firmware {name}"));
        // SAFETY: rig.h.
        unsafe { *len = state.firmware.len() };
        state.firmware.as_ptr()
    }

    fn rig_copyin(user: u64, to: *mut u8, len: usize) -> c_int {
        let mut state = lock();
        state.may_sleep("copyin");
        if len > 0 && !state.is_writable(to as usize, len) {
            let place = state.describe(to as usize);
            state.fault(&format!("copyin of {len} bytes to {place}"));
            return 1;
        }
        let mut buffer = vec![0; len];
        let (state, is_there) = with_user(state, |user_memory| user_memory.read(user, &mut buffer));
        drop(threads::yield_now(state));
        if !is_there {
            return 1;
        }
        // SAFETY: checked.
        unsafe { std::ptr::copy_nonoverlapping(buffer.as_ptr(), to, len) };
        0
    }
    fn rig_copyout(from: *const u8, user: u64, len: usize) -> c_int {
        let mut state = lock();
        state.may_sleep("copyout");
        if len > 0 && !state.is_readable(from as usize, len) {
            let place = state.describe(from as usize);
            state.fault(&format!("copyout of {len} bytes from {place}"));
            return 1;
        }
        // SAFETY: checked.
        let buffer = unsafe { bytes(from, len) };
        let (state, is_there) = with_user(state, |user_memory| user_memory.write(user, &buffer));
        drop(threads::yield_now(state));
        c_int::from(!is_there)
    }
    fn rig_is_root() -> bool {
        true
    }
    fn rig_event(what: u32, interface: *const c_char, number: u32, data: *const u8, len: usize) {
        // SAFETY: as above.
        let (interface, data) = unsafe { (text(interface), bytes(data, len)) };
        let mut state = lock();
        match EventKind::from_number(what) {
            Some(kind) => state.tell_user(Event { kind, interface, number, data }),
            None => state.fault("an event of no kind"),
        }
    }
    fn rig_section(name: *const c_char, len: *mut usize) -> usize {
        // SAFETY: as above.
        let name = unsafe { text(name) };
        let state = lock();
        let found = state.sections.iter().find(|(known, ..)| *known == name);
        let Some((_, at, size)) = found else { return 0 };
        // SAFETY: rig.h.
        unsafe { *len = *size };
        *at
    }
    fn rig_symbol(name: *const c_char) -> usize {
        // SAFETY: as above.
        let name = unsafe { text(name) };
        crate::load::module_symbol(&name).unwrap_or(0)
    }
}

/// `struct rig_usb_done`.
#[repr(C)]
struct RawDone {
    transfer: usize,
    len: usize,
    status: u32,
}

fn string_ends(state: &State, at: usize, max: usize) -> bool {
    for offset in 0..=max {
        let at = at.wrapping_add(offset);
        if !state.is_readable(at, 1) {
            return false;
        }
        // SAFETY: checked.
        if unsafe { *(at as *const u8) } == 0 {
            return true;
        }
    }
    false
}

/// A name for C that stays.
fn keep(text: &str) -> *const c_char {
    let text = super::kernel::c_string(text);
    text.into_raw()
}

type Guard = std::sync::MutexGuard<'static, State>;

/// The memory of the current thread's process; the state is free meanwhile, the baton is not.
fn with_user<T>(mut state: Guard, work: impl FnOnce(&mut dyn super::User) -> T) -> (Guard, T) {
    let me = state.current;
    let user = state.threads[me].user.take();
    drop(state);
    let mut user = user.unwrap_or_else(|| Box::new(super::Nobody));
    let result = work(user.as_mut());
    let mut state = lock();
    state.threads[me].user = Some(user);
    (state, result)
}
