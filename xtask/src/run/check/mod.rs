// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the host checks after a scenario: captures by tshark, lists by what was on the air.

pub(super) mod air;
pub(super) mod monitor;
pub(super) mod scan;
mod tshark;
pub(super) mod walk;
