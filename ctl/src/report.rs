// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a user reads, or a program.

use anyhow::Result;
use serde_json::{Map, Value, json};

/// Lines for people and values for programs, in the order in which they were found.
#[derive(Default)]
pub(crate) struct Report {
    lines: Vec<String>,
    values: Map<String, Value>,
}

impl Report {
    /// Something with a name, and as people read it (nothing, if they read it elsewhere).
    pub(crate) fn add(&mut self, name: &str, value: Value, line: impl Into<String>) {
        self.lines.push(line.into());
        self.values.insert(name.to_string(), value);
    }

    /// A table: what stands above its columns, its lines, and the same as values.
    pub(crate) fn table(
        &mut self,
        name: &str,
        head: &str,
        rows: impl IntoIterator<Item = (String, Value)>,
    ) {
        if !head.is_empty() {
            self.lines.push(head.to_string());
        }
        let (lines, values): (Vec<String>, Vec<Value>) = rows.into_iter().unzip();
        self.lines.extend(lines);
        self.values.insert(name.to_string(), Value::Array(values));
    }

    /// Prints it; JSON always says that all was well.
    pub(crate) fn print(mut self, json: bool) {
        if json {
            self.values.insert("ok".to_string(), Value::Bool(true));
            println!("{}", Value::Object(self.values));
        } else {
            for line in self.lines.iter().filter(|line| !line.is_empty()) {
                println!("{}", line.trim_end());
            }
        }
    }
}

/// The host's list of interfaces: name, index, flags, address.
pub(crate) fn interfaces(text: &str, json: bool) -> Result<()> {
    let mut report = Report::default();
    let rows = text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, index, flags, mac] = words[..] else { return None };
        let value = json!({ "name": name, "index": index, "flags": flags, "mac": mac });
        Some((format!("{name}: index {index}, flags 0x{flags}, {mac}"), value))
    });
    report.table("interfaces", "", rows.collect::<Vec<_>>());
    report.print(json);
    Ok(())
}
