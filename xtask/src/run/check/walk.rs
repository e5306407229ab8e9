// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The walk of a request through the driver, as its event ring tells it, beside the emulator's own
//! log: stages in order, and the very same register writes.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// The stages of `channel 6`, outermost first and back again.
const STAGES: [&str; 6] = ["request", "worker", "chip", "write", "chip_done", "complete"];

/// A register write: address, bytes, value.
type Write = (u64, u64, u64);

/// Finds the last walk of a `set_channel` request in the driver's events and its writes in the
/// log of the first stick. Returns the events of the walk and the number of writes.
///
/// # Errors
///
/// There is no such walk, a stage is missing, or the emulator saw other writes.
pub(in crate::run) fn check(events: &str, log: &Path) -> Result<(String, usize)> {
    let log = std::fs::read_to_string(log).with_context(|| format!("{}", log.display()))?;
    let walk = last_walk(events)?;
    let writes: Vec<Write> = walk.iter().filter_map(|line| event_write(line)).collect();
    let seen: Vec<Write> = log.lines().filter_map(log_write).collect();
    if !seen.windows(writes.len().max(1)).any(|window| window == writes) {
        bail!("the driver tells of {writes:x?}, which the emulator did not see in a row");
    }
    Ok((walk.join("\n"), writes.len()))
}

/// The events from the request to its answer.
fn last_walk(events: &str) -> Result<Vec<&str>> {
    let lines: Vec<&str> = events.lines().collect();
    let is_start = |line: &&str| stage(line) == Some("request") && line.contains("=set_channel");
    let start = lines.iter().rposition(is_start).context("no event is a set_channel request")?;
    let end = lines[start..].iter().position(|line| stage(line) == Some("complete"));
    let end = end.context("the set_channel request was never answered")?;
    let walk = &lines[start..=start + end];
    let mut rest = walk.iter();
    for wanted in STAGES {
        if !rest.any(|line| stage(line) == Some(wanted)) {
            bail!("the walk has no {wanted} where one belongs:\n{}", walk.join("\n"));
        }
    }
    Ok(walk.to_vec())
}

fn stage(line: &str) -> Option<&str> {
    line.split_whitespace().nth(1)
}

/// `microseconds write addr=0x0840 len=4 value=0x00c00c06`
fn event_write(line: &str) -> Option<Write> {
    let value = |key: &str| {
        let word = line.split_whitespace().find_map(|word| word.strip_prefix(key))?;
        number(word)
    };
    (stage(line) == Some("write")).then_some(())?;
    Some((value("addr=")?, value("len=")?, value("value=")?))
}

/// `seconds 0 W bytes NAME address value`, tabs between them.
fn log_write(line: &str) -> Option<Write> {
    let columns: Vec<&str> = line.split('\t').collect();
    let &[_, "0", "W", len, _, address, value] = columns.as_slice() else { return None };
    Some((number(address)?, number(len)?, number(value)?))
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::{event_write, last_walk, log_write};

    const WALK: &str = "\
1 request id=0.1 vap=0 what=set_channel channel=6 mhz=2437 width=20
2 worker
3 chip call=set_channel channel=6 mhz=2437 width=20
4 write addr=0x0840 len=4 value=0x01800c06
5 chip_done call=set_channel result=ok
6 complete id=0.1 result=ok
7 worker";

    #[test]
    fn a_walk_has_all_its_stages() {
        assert_eq!(last_walk(WALK).unwrap().len(), 6);
        let without = WALK.replace(" chip call", " ship call");
        assert!(last_walk(&without).unwrap_err().to_string().contains("no chip"));
        assert!(last_walk("1 worker").is_err());
    }

    #[test]
    fn both_logs_tell_of_the_same_write() {
        let event = event_write("4 write addr=0x0840 len=4 value=0x01800c06");
        let log = log_write("0.000004\t0\tW\t4\tLSSI_PARAM\t0x0840\t0x01800c06");
        assert_eq!(event, Some((0x840, 4, 0x0180_0c06)));
        assert_eq!(event, log);
        assert_eq!(log_write("0.000004\t1\tW\t4\tLSSI_PARAM\t0x0840\t0x01800c06"), None);
    }
}
