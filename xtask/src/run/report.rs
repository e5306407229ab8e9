// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a run prints at its end: one JSON object, or the table of transfers.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::counts::Counts;
use super::options::Args;
use super::stage::Outcome;

/// A run that ended well.
pub(super) struct Done {
    /// The driver under test.
    pub(super) driver: &'static str,
    /// The kernel's release.
    pub(super) release: String,
    /// What the stage left behind.
    pub(super) outcome: Outcome,
}

/// The one object that `--json` promises. With several runs, counts are of the first one and each
/// has an entry in `drivers`.
pub(super) fn json(args: &Args, done: &[Done], error: Option<&str>, time: Duration) -> Value {
    let mut object = Map::new();
    let mut set = |name: &str, value: Value| object.insert(name.to_owned(), value);
    let first = done.first();
    set("driver", json!(args.driver.name()));
    set("chip", json!(args.chip.name()));
    set("kernel", json!(first.map_or(args.kernel.as_str(), |done| done.release.as_str())));
    set("scenario", json!(args.scenario.name()));
    set("ok", json!(error.is_none()));
    set("seconds", json!((time.as_secs_f64() * 100.0).round() / 100.0));
    set("seed", json!(args.seed));
    if let Some(error) = error {
        set("error", json!(error.lines().next().unwrap_or_default()));
    }
    let total = first.map(|done| done.outcome.total).unwrap_or_default();
    set("control_transfers", json!(total.control_transfers));
    set("control_bytes", json!(total.control_bytes));
    set("bulk_bytes", json!(total.bulk_bytes));
    set("faults", json!(total.faults));
    if let Some(done) = first {
        for (name, text) in &done.outcome.values {
            set(name, text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number)));
        }
        set("phases", phases(&done.outcome));
    }
    if done.len() > 1 {
        let drivers = done.iter().map(|done| (done.driver.to_owned(), phases(&done.outcome)));
        set("drivers", Value::Object(drivers.collect()));
    }
    Value::Object(object)
}

/// Counts by phase.
fn phases(outcome: &Outcome) -> Value {
    let phases = outcome.phases.iter().map(|(name, counts)| (name.clone(), counts.json()));
    Value::Object(phases.collect())
}

/// What each phase of the scenario `transfers` is called in the table.
const ROWS: [(&str, &str); 4] = [
    ("attach", "attach to up"),
    ("scan", "scan of all channels"),
    ("join", "join (open)"),
    ("channel", "one channel change"),
];

/// The table of transfers in Markdown: a row for each phase, two columns for each driver.
pub(super) fn table(done: &[Done]) -> String {
    let mut text = String::from("| USB control transfers (bytes) |");
    for run in done {
        text.push_str(&format!(" {} |", run.driver));
    }
    text.push_str(&format!("\n| --- |{}\n", " --- |".repeat(done.len())));
    for (phase, name) in ROWS {
        text.push_str(&format!("| {name} |"));
        for run in done {
            let found = run.outcome.phases.iter().find(|(other, _)| other == phase);
            let counts = found.map(|(_, counts)| *counts);
            text.push_str(&counts.map_or_else(|| " - |".to_owned(), cell));
        }
        text.push('\n');
    }
    text
}

/// One cell.
fn cell(counts: Counts) -> String {
    format!(" {} ({}) |", counts.control_transfers, counts.control_bytes)
}

#[cfg(test)]
mod tests {
    use super::{Done, table};
    use crate::run::counts::Counts;
    use crate::run::stage::Outcome;

    #[test]
    fn table_of_two_drivers() {
        let run = |driver, control_transfers| {
            let counts = Counts { control_transfers, control_bytes: 9, ..Counts::default() };
            let phases = vec![("attach".to_owned(), counts)];
            let outcome = Outcome { phases, ..Outcome::default() };
            Done { driver, release: "6.12".into(), outcome }
        };
        let text = table(&[run("tern", 100), run("rtl8192cu", 300)]);
        assert!(text.contains("| USB control transfers (bytes) | tern | rtl8192cu |"));
        assert!(text.contains("| attach to up | 100 (9) | 300 (9) |"));
        assert!(text.contains("| one channel change | - | - |"));
    }
}
