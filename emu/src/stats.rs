// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Counters, as the control socket and `--json` give them.

use serde::Serialize;
use tern_sim::chip::Fault;

/// All counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// One entry for each `--radio`, in their order.
    pub radios: Vec<RadioStats>,
    /// One entry for each `--ap`, in their order.
    pub access_points: Vec<AccessPointStats>,
}

/// Counters of one stick, since the start (not since it was plugged in).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RadioStats {
    /// Which chip.
    pub chip: String,
    /// Its MAC address.
    pub mac: String,
    /// Whether there is a connection to QEMU.
    pub connected: bool,
    /// Whether the host sees the device.
    pub plugged: bool,
    /// Vendor requests.
    pub control_transfers: u64,
    /// Bytes in their data stages.
    pub control_bytes: u64,
    /// Bulk transfers that were completed, both ways.
    pub bulk_transfers: u64,
    /// Their bytes.
    pub bulk_bytes: u64,
    /// What a real chip would not have forgiven.
    pub faults: Vec<Entry>,
    /// What had no effect or looks odd, but that working drivers do.
    pub notes: Vec<Entry>,
}

/// A kind of fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its name.
    pub code: String,
    /// The first one.
    pub text: String,
    /// When, in microseconds since the start.
    pub first_at: u64,
    /// How many there were.
    pub times: u64,
}

impl From<&Fault> for Entry {
    fn from(fault: &Fault) -> Self {
        let Fault { code, text, first_at, times } = fault.clone();
        Self { code: code.to_owned(), text, first_at, times }
    }
}

/// State of one software access point.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AccessPointStats {
    /// Name of its network.
    pub ssid: String,
    /// Its address.
    pub bssid: String,
    /// What has happened, oldest first.
    pub happenings: Vec<String>,
}
