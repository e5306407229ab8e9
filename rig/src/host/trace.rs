// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `--trace`: the walk of an ioctl through the driver, and whether the model saw the same.

use tern_sim::{air::Micros, chip::register_name};

use crate::{
    engine::{self, Access},
    machine::Machine,
};

/// Events that the driver keeps; with more, only the last ones can be compared.
const RING: usize = 256;

/// A register write.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Written {
    address: u16,
    len: usize,
    /// The first four bytes.
    value: u32,
}

impl Written {
    fn of_model(access: &Access) -> Self {
        let mut value = [0; 4];
        for (to, from) in value.iter_mut().zip(&access.data) {
            *to = *from;
        }
        let len = access.data.len();
        Self { address: access.address, len, value: u32::from_le_bytes(value) }
    }

    /// `write addr=0x0100 len=2 value=0x0000063f`.
    fn of_event(words: &str) -> Option<Self> {
        let value = |key: &str| {
            let found = words.split(' ').find_map(|word| word.strip_prefix(key))?;
            match found.strip_prefix("0x") {
                Some(digits) => u32::from_str_radix(digits, 16).ok(),
                None => found.parse().ok(),
            }
        };
        let address = value("addr=")?.try_into().ok()?;
        Some(Self { address, len: value("len=")? as usize, value: value("value=")? })
    }

    fn text(&self) -> String {
        let Self { address, len, value } = self;
        format!("write {:<20} {address:#06x} {len} bytes {value:#x}", register_name(*address))
    }
}

/// The driver's events from a time on, oldest first.
fn events(machine: &Machine, from: Micros) -> Vec<String> {
    let ring = machine.kernel.show("events").unwrap_or_default();
    let is_late = |line: &&str| {
        let at = line.split_once(' ').and_then(|(at, _)| at.parse::<Micros>().ok());
        at.is_none_or(|at| at >= from)
    };
    ring.lines().filter(is_late).map(str::to_owned).collect()
}

/// A walk that has begun.
#[derive(Debug)]
pub(super) struct Walk {
    from: Micros,
    /// Events of that very microsecond that were there before.
    before: usize,
}

impl Walk {
    /// What the model saw before is forgotten.
    pub(super) fn begin(machine: &Machine) -> Self {
        let from = machine.now();
        let before = events(machine, from).len();
        engine::lock().take_accesses();
        Self { from, before }
    }

    /// Prints the walk, and says whether the model's log is equal.
    pub(super) fn end(&self, machine: &Machine, what: &str) {
        let model = engine::lock().take_accesses();
        let model: Vec<Written> =
            model.iter().filter(|access| access.is_write).map(Written::of_model).collect();
        let lines = events(machine, self.from);
        let is_whole = lines.len() < RING;
        let mut seen = Vec::new();
        println!("{} ioctl {what}", self.from);
        for line in lines.iter().skip(if is_whole { self.before } else { 0 }) {
            let Some((at, rest)) = line.split_once(' ') else { continue };
            match rest.strip_prefix("write ").and_then(Written::of_event) {
                Some(written) => {
                    println!("{at}       {}", written.text());
                    seen.push(written);
                }
                None => println!("{at}   {rest}"),
            }
        }
        let is_equal = |model: &[Written]| {
            if is_whole { model == seen } else { model.ends_with(&seen) }
        };
        // The last write may be under way: the model has seen it, and the driver has not noted it yet.
        let without_last = &model[..model.len().saturating_sub(1)];
        if is_equal(&model) || is_equal(without_last) {
            let part =
                if is_whole { String::new() } else { format!(" (the last of {})", model.len()) };
            println!("{} equal: {} writes{part}, as the model saw them", machine.now(), seen.len());
            return;
        }
        println!("{} DIFFERENT: the model saw {} writes", machine.now(), model.len());
        for written in &model {
            println!("        model: {}", written.text());
        }
        machine.complain(&format!("{what}: the driver's register log is not the model's"));
    }
}
