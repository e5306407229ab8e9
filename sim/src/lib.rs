// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A whole world in one process: operating system, chip, air and clock, all of them fake, stricter
//! than the real ones, and driven by one seed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a world that breaks may panic")]

pub mod access_point;
pub mod air;
pub mod chip;
pub mod host;
pub mod misuse;
pub mod os;
pub mod ping;
pub mod station;
pub mod supplicant;
pub mod world;

/// A small seeded generator (xorshift): the only source of chance in a run.
#[derive(Debug)]
pub struct Seed(u64);

impl Seed {
    /// From a seed; zero is made usable.
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// True `percent` times out of a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.draw() % 100 < percent
    }

    /// The next value.
    pub fn draw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
