// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Tern for Linux: what the kernel calls, and how core's wishes become kernel calls.
//!
//! What all kernels share is in `tern-common`; here is cfg80211. The C files (`shim*.c`) hold what
//! only C can say: module glue, macros, struct members, the tables of operations. [`ffi`] names what
//! they offer and `exports.txt` what they call here. Each function that C calls is a few lines: make
//! the context, turn pointers into values, call core.
#![no_std]

mod debugfs;
mod events;
mod ffi;
mod hooks;
mod net;
mod wiphy;

tern_common::entries!(hooks::Linux);
