// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A line of the emulator's log: seconds, radio, direction, bytes, register, address, value, with tabs
//! between them (emu/src/trace.rs).

use super::{Line, number, printable, register};

/// Reads a line; nothing if it is none.
pub(super) fn parse(line: &str) -> Option<Line> {
    let columns: Vec<&str> = line.split('\t').collect();
    let (time, radio, direction) = (*columns.first()?, *columns.get(1)?, *columns.get(2)?);
    let at = micros(time)?;
    let radio: u32 = radio.parse().ok()?;
    let rest = &columns[3..];
    let text = match direction {
        "R" | "W" => register_access(direction, rest)?,
        "OUT" | "IN" => bulk(direction, rest)?,
        "#" => rest.join(" "),
        _ => return None,
    };
    let text = printable(&format!("radio {radio}  {text}"));
    Some(Line::Known { at, text, is_read: direction == "R" })
}

/// `1.234567` in microseconds.
fn micros(time: &str) -> Option<u64> {
    let (seconds, micros) = time.split_once('.')?;
    if micros.len() != 6 {
        return None;
    }
    let seconds: u64 = seconds.parse().ok()?;
    seconds.checked_mul(1_000_000)?.checked_add(micros.parse().ok()?)
}

fn register_access(direction: &str, columns: &[&str]) -> Option<String> {
    let &[len, _name, address, value] = columns else { return None };
    let (len, address) = (number(len)?, number(address)?);
    let verb = if direction == "W" { "write" } else { "read " };
    if value == "FAIL" {
        return Some(format!("{verb} {} of {len} bytes was refused", register::name(address)));
    }
    Some(format!("{verb} {}", register::access(address, len, number(value))))
}

fn bulk(direction: &str, columns: &[&str]) -> Option<String> {
    let &[len, _, endpoint, about] = columns else { return None };
    let (len, endpoint) = (number(len)?, number(endpoint)?);
    let way = if direction == "OUT" { "bulk out" } else { "bulk in " };
    let words: Vec<&str> = about.split(' ').collect();
    let after = |name: &str| {
        let at = words.iter().position(|word| *word == name)?;
        words.get(at + 1).and_then(|word| number(word))
    };
    let kind = after("fc").map_or_else(|| "no frame".to_string(), register::frame);
    let queue = after("queue").map_or_else(String::new, |queue| format!(", queue {queue:#04x}"));
    Some(format!("{way} endpoint {endpoint}, {len} bytes{queue}: {kind}"))
}
