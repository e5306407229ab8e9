// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a run is a function of.

use std::{fmt, path::PathBuf, str::FromStr};

use crate::{air::Conditions, chip::Model};

/// What the user does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Joins an open network, pings, leaves.
    Open,
    /// Joins a WPA2 network, pings, leaves.
    Wpa2,
    /// The same with core's own supplicant: core joins, and joins again when it was sent away.
    Psk,
    /// Looks for all networks, and for the hidden one by its name.
    Scan,
    /// Listens on channel 6.
    Monitor,
    /// Makes every request that the others do not need, and joins by core's own policy.
    Requests,
    /// As [`Scenario::Wpa2`], and the stick is pulled out at moments drawn from the seed.
    Unplug,
}

/// Scenarios by their names on the command line.
pub const SCENARIOS: [(&str, Scenario); 7] = [
    ("open", Scenario::Open),
    ("wpa2", Scenario::Wpa2),
    ("psk", Scenario::Psk),
    ("scan", Scenario::Scan),
    ("monitor", Scenario::Monitor),
    ("requests", Scenario::Requests),
    ("unplug", Scenario::Unplug),
];

impl Scenario {
    /// Whether the network has a secret.
    pub const fn is_protected(self) -> bool {
        matches!(self, Self::Wpa2 | Self::Psk | Self::Unplug)
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = SCENARIOS.iter().find(|(known, _)| *known == name);
        known.map(|(_, scenario)| *scenario).ok_or_else(|| {
            let names: Vec<&str> = SCENARIOS.iter().map(|(name, _)| *name).collect();
            format!("unknown scenario {name:?}; there are {}", names.join(", "))
        })
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = SCENARIOS.iter().find(|(_, scenario)| scenario == self);
        f.write_str(name.map_or("?", |(name, _)| name))
    }
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What the user does.
    pub scenario: Scenario,
    /// Where all chance comes from.
    pub seed: u64,
    /// Which chip.
    pub model: Model,
    /// How bad the air is.
    pub conditions: Conditions,
    /// The transfer, from 1, at which the stick is pulled out.
    pub unplug_at: Option<u64>,
    /// The allocation, from 1, that fails.
    pub fail_allocation: Option<u64>,
    /// Where a capture of the air goes.
    pub air_pcap: Option<PathBuf>,
}

impl Options {
    /// A run in which nothing goes wrong.
    pub fn new(scenario: Scenario, seed: u64) -> Self {
        Self {
            scenario,
            seed,
            model: Model::Rtl8188cus,
            conditions: Conditions::default(),
            unplug_at: None,
            fail_allocation: None,
            air_pcap: None,
        }
    }

    /// Whether nothing is to go wrong.
    pub fn is_calm(&self) -> bool {
        let is_disturbed = self.unplug_at.is_some() || self.fail_allocation.is_some();
        !is_disturbed && self.conditions == Conditions::default()
    }
}

impl fmt::Display for Options {
    /// The command that repeats the run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let normal = Self::new(self.scenario, self.seed);
        write!(f, "cargo xtask sim --scenario {} --seed {}", self.scenario, self.seed)?;
        if self.model != normal.model {
            write!(f, " --chip {}", self.model)?;
        }
        let (is, was) = (self.conditions, normal.conditions);
        for (name, is, was) in [
            ("loss", u64::from(is.loss_percent), u64::from(was.loss_percent)),
            ("delay", is.delay_us, was.delay_us),
            ("duplicate", u64::from(is.duplicate_percent), u64::from(was.duplicate_percent)),
            ("reorder", u64::from(is.reorder_percent), u64::from(was.reorder_percent)),
        ] {
            if is != was {
                write!(f, " --{name} {is}")?;
            }
        }
        if let Some(number) = self.unplug_at {
            write!(f, " --unplug-at {number}")?;
        }
        if let Some(number) = self.fail_allocation {
            write!(f, " --fail-allocation {number}")?;
        }
        f.write_str(" --once")
    }
}
