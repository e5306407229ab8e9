// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Ring 5: a BSD module as built, in a process, on a fake kernel that forgives nothing.
//!
//! [`load`] maps the module and the fake kernel (`rig/kernels`, C against that system's own headers);
//! [`engine`] is what the fake kernel stands on, [`rig.h`](../rig.h) its contract; the chip, the air and
//! the access points are those of `sim`.

pub mod crash;
pub mod engine;
mod handshake;
pub mod host;
pub mod load;
pub mod machine;
pub mod scenario;
pub mod user;
