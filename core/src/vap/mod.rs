// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Interfaces: what each is, and the MLME of its mode.

pub mod monitor;
pub mod station;

use crate::{
    control::RxFilter,
    types::{MacAddr, Mode, VapId},
};

/// An interface that is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vap {
    /// Its id; a stale one is another's.
    pub id: VapId,
    /// What it is.
    pub mode: Mode,
    /// Its address.
    pub mac: MacAddr,
    /// What it posted.
    pub filter: RxFilter,
}

impl Vap {
    /// What the radio has to take in for this interface.
    pub const fn needs(&self) -> RxFilter {
        match self.mode {
            Mode::Station => self.filter,
            Mode::Monitor => monitor::needs(self.filter),
        }
    }
}
