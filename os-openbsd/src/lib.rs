// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Tern for OpenBSD: what the C files here (`shim*.c`) call. All of it is `tern-common`'s, for
//! OpenBSD's idea of an interface and of its ioctls.
#![no_std]

tern_common::bsd_entries!(tern_core::abi::openbsd::OpenBsd);
