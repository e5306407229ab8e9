// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Looking for networks.

mod machine;
mod request;
mod table;
#[cfg(test)]
mod tests;

pub use self::{
    machine::{Input, Plan, Scan},
    request::{CHANNELS_MAX, ELEMENTS_MAX, SSIDS_MAX, ScanRequest},
    table::{AGE_MAX_US, Joined, KEPT_MAX, RESULTS_MAX, ScanResult, ScanTable},
};
