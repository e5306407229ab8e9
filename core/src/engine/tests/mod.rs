// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The whole control half, between a small operating system, a chip that records its calls and an
//! access point that knows only what a test needs.

mod ap;
mod hostile;
mod join;
mod mock;
mod radio;
