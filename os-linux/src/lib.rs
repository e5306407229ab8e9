// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Tern for Linux: what the kernel calls, and how core's wishes become kernel calls.
#![no_std]
