// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The Rust half that all shims share: a device, its worker, its transfers and its packets, on the
//! functions of `tern.h`, which each kernel's C side offers.
//!
//! A shim is a [`Hooks`] (what its kernel has besides), [`entries!`], and C files. The BSD shims
//! are only a [`bsd::Bsd`] of their system's personality.
#![no_std]

pub mod alloc;
pub mod bsd;
pub mod device;
pub mod entry;
pub mod ffi;
pub mod os;
pub mod packet;
#[cfg(target_os = "none")]
mod panic;
pub mod sync;
pub mod usb;
