// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A line of the event ring: `microseconds stage key=value ..` (core/src/trace.rs).

use std::collections::BTreeMap;

use super::{Line, number, printable, register};

/// Reads an event; nothing if the line is none.
pub(super) fn parse(line: &str) -> Option<Line> {
    let mut words = line.split_whitespace();
    let at = words.next()?.parse().ok()?;
    let stage = words.next()?;
    let values: BTreeMap<&str, &str> =
        words.map(|word| word.split_once('=')).collect::<Option<_>>()?;
    let text = sentence(stage, &Values(values))?;
    Some(Line::Known { at, text: printable(&text), is_read: stage == "read" })
}

/// The values of an event.
struct Values<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Values<'a> {
    fn text(&self, key: &str) -> Option<&'a str> {
        self.0.get(key).copied()
    }

    fn number(&self, key: &str) -> Option<u64> {
        number(self.text(key)?)
    }

    /// `, to channel 6 (2437 MHz, 20 MHz wide)`, if the event has a tuning.
    fn tuning(&self) -> String {
        let (Some(channel), Some(mhz)) = (self.text("channel"), self.text("mhz")) else {
            return String::new();
        };
        let width = match self.text("width") {
            Some("40+") => ", 40 MHz wide, the second half above",
            Some("40-") => ", 40 MHz wide, the second half below",
            _ => ", 20 MHz wide",
        };
        format!(", to channel {channel} ({mhz} MHz{width})")
    }
}

/// What an event means: from the user's request (no indentation) down to registers (the most).
fn sentence(stage: &str, values: &Values<'_>) -> Option<String> {
    let id = values.text("id").unwrap_or("?");
    let what = values.text("what").unwrap_or("?");
    let call = values.text("call").unwrap_or("?");
    let result = values.text("result").unwrap_or("?");
    Some(match stage {
        "request" => {
            let vap = values.text("vap").unwrap_or("?");
            format!("request {id} of interface {vap}: {what}{}", values.tuning())
        }
        "worker" => "  worker runs".to_string(),
        "action" => format!("    action: {what}"),
        "chip" => format!("      chip: {call}{}", values.tuning()),
        "chip_done" => format!("      chip: {call} has returned: {result}"),
        "write" | "read" => {
            let (address, value) = (values.number("addr")?, values.number("value")?);
            let len = values.number("len").unwrap_or(4);
            let verb = if stage == "write" { "write" } else { "read " };
            format!("        {verb} {}", register::access(address, len, Some(value)))
        }
        "register_error" => {
            let name = register::name(values.number("addr")?);
            format!("        access to {name} failed: {}", values.text("error").unwrap_or("?"))
        }
        "complete" => format!("  request {id} is answered: {result}"),
        "outcome" => format!("  what request {id} began has ended: {result}"),
        "state" => {
            let machine = values.text("machine").unwrap_or("?");
            format!("    {machine} is now {}", values.text("now").unwrap_or("?"))
        }
        "sent" => {
            let kind = register::management(values.number("subtype")?);
            let taken = if values.text("ok") == Some("true") { "sent" } else { "not sent" };
            format!("      {kind} {taken}")
        }
        "received" => {
            format!("      {} received", register::management(values.number("subtype")?))
        }
        // A stage that is newer than this program.
        _ if !values.0.is_empty() => {
            let pairs: Vec<String> =
                values.0.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("    {stage}: {}", pairs.join(" "))
        }
        _ => return None,
    })
}
