// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Signals of the processor: a module that touches what it may not ends in a report.

use std::ffi::{c_int, c_void};

use crate::engine;

const STACK: usize = 256 * 1024;
/// More than such a stack can need; only what is used takes memory.
const SIGNALS: [(c_int, &str); 5] = [
    (libc::SIGSEGV, "bad address"),
    (libc::SIGBUS, "bad address (bus)"),
    (libc::SIGILL, "illegal instruction (a panic?)"),
    (libc::SIGFPE, "division"),
    (libc::SIGTRAP, "trap"),
];

/// Takes over the signals of the whole process.
pub fn install() {
    for (signal, _) in SIGNALS {
        // SAFETY: a zeroed sigaction is valid, and the handler has the type that SA_SIGINFO wants.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handle as extern "C" fn(_, _, _) as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
            libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        }
    }
}

/// Gives the current thread a stack for handlers: its own may be what is wrong.
pub(crate) fn use_own_stack() {
    let memory = vec![0_u8; STACK].leak();
    let stack = libc::stack_t { ss_sp: memory.as_mut_ptr().cast(), ss_flags: 0, ss_size: STACK };
    // SAFETY: the memory is never freed.
    unsafe { libc::sigaltstack(&raw const stack, std::ptr::null_mut()) };
}

extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let name =
        SIGNALS.iter().find(|(known, _)| *known == signal).map_or("signal", |(_, name)| name);
    // SAFETY: the kernel passes both.
    let (address, registers) = unsafe {
        let context = &*context.cast::<libc::ucontext_t>();
        ((*info).si_addr() as usize, &context.uc_mcontext.gregs)
    };
    let register = |at: c_int| registers[at as usize] as usize;
    engine::report_crash(name, address, register(libc::REG_RIP), register(libc::REG_RSP));
}
