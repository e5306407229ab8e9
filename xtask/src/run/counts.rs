// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! USB transfers as the emulator counts them, by phase of a scenario.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// Transfers of one stick.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Counts {
    /// Control transfers, both ways.
    pub(super) control_transfers: u64,
    /// Bytes in their data stages.
    pub(super) control_bytes: u64,
    /// Bytes over bulk endpoints, both ways.
    pub(super) bulk_bytes: u64,
    /// Things the driver did that a real chip would not forgive.
    pub(super) faults: u64,
}

impl Counts {
    /// Reads the counts of one radio from the emulator's answer to `stats`.
    ///
    /// # Errors
    ///
    /// The answer has no such radio, or a count is missing.
    pub(super) fn of_radio(stats: &Value, radio: usize) -> Result<Self> {
        let entry = stats
            .get("radios")
            .and_then(|radios| radios.get(radio))
            .with_context(|| format!("tern-emu's statistics have no radio {radio}: {stats}"))?;
        let number = |name: &str| {
            let value = entry.get(name);
            value
                .and_then(|value| {
                    value.as_u64().or_else(|| value.as_array().map(|list| list.len() as u64))
                })
                .with_context(|| format!("tern-emu's statistics have no {name}: {stats}"))
        };
        Ok(Self {
            control_transfers: number("control_transfers")?,
            control_bytes: number("control_bytes")?,
            bulk_bytes: number("bulk_bytes")?,
            faults: number("faults")?,
        })
    }

    /// What the model of one radio's chip found fault with, a sentence each.
    pub(super) fn faults_of_radio(stats: &Value, radio: usize) -> Vec<String> {
        let list = stats.get("radios").and_then(|radios| radios.get(radio));
        let list = list.and_then(|entry| entry.get("faults")).and_then(Value::as_array);
        let text = |fault: &Value| {
            let part = |name| fault.get(name).and_then(Value::as_str).unwrap_or_default();
            format!("{}: {}", part("code"), part("text"))
        };
        list.map(|list| list.iter().map(text).collect()).unwrap_or_default()
    }

    /// What happened since `earlier`.
    fn since(self, earlier: Self) -> Self {
        Self {
            control_transfers: self.control_transfers.saturating_sub(earlier.control_transfers),
            control_bytes: self.control_bytes.saturating_sub(earlier.control_bytes),
            bulk_bytes: self.bulk_bytes.saturating_sub(earlier.bulk_bytes),
            faults: self.faults.saturating_sub(earlier.faults),
        }
    }

    /// As a JSON object.
    pub(super) fn json(self) -> Value {
        json!({
            "control_transfers": self.control_transfers,
            "control_bytes": self.control_bytes,
            "bulk_bytes": self.bulk_bytes,
            "faults": self.faults,
        })
    }
}

/// The phases of a scenario. A phase ends where the next one begins; the last one is a mark.
#[derive(Default)]
pub(super) struct Phases {
    marks: Vec<(String, Counts)>,
}

impl Phases {
    /// A phase begins, with what had been counted until then.
    pub(super) fn begin(&mut self, name: String, counts: Counts) {
        self.marks.push((name, counts));
    }

    /// Each phase with what was counted in it.
    pub(super) fn finish(self) -> Vec<(String, Counts)> {
        let pairs = self.marks.iter().zip(self.marks.iter().skip(1));
        pairs.map(|((name, from), (_, to))| (name.clone(), to.since(*from))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Phases};
    use serde_json::json;

    #[test]
    fn statistics_of_the_emulator() {
        let stats = json!({"radios": [
            {"control_transfers": 12, "control_bytes": 30, "bulk_bytes": 4, "faults": []},
            {"control_transfers": 5, "control_bytes": 6, "bulk_bytes": 7, "faults": 1},
        ]});
        assert_eq!(Counts::of_radio(&stats, 0).unwrap().control_transfers, 12);
        assert_eq!(Counts::of_radio(&stats, 1).unwrap().faults, 1);
        assert!(Counts::of_radio(&stats, 2).unwrap_err().to_string().contains("no radio 2"));
        let broken = json!({"radios": [{"control_transfers": 12}]});
        assert!(Counts::of_radio(&broken, 0).unwrap_err().to_string().contains("control_bytes"));
    }

    #[test]
    fn faults_in_words() {
        let stats = json!({"radios": [{"faults": [{"code": "order", "text": "too early"}]}]});
        assert_eq!(Counts::faults_of_radio(&stats, 0), ["order: too early"]);
        assert!(Counts::faults_of_radio(&stats, 1).is_empty());
    }

    #[test]
    fn phases_are_differences() {
        let at = |control_transfers| Counts { control_transfers, ..Counts::default() };
        let mut phases = Phases::default();
        phases.begin("attach".into(), at(0));
        phases.begin("up".into(), at(10));
        phases.begin("end".into(), at(25));
        assert_eq!(phases.finish(), [("attach".into(), at(10)), ("up".into(), at(15))]);
    }
}
