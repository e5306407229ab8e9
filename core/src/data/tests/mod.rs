// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The data path between a small operating system and a pipe that keeps what it gets.

mod attacks;
mod mock;
mod receive;
mod send;
