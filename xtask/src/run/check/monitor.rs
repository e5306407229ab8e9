// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A capture of a monitor interface beside the capture of the air: channel, rate and signal of
//! every frame as the air sent them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, bail};

use super::tshark;

/// What is read of each frame: first what identifies it, then what is compared.
const FIELDS: [&str; 9] = [
    "wlan.ta",
    "wlan.seq",
    "wlan.fc.type_subtype",
    "wlan.fc.retry",
    "wlan.ra",
    "radiotap.channel.freq",
    "radiotap.datarate",
    "radiotap.mcs.index",
    "radiotap.dbm_antsignal",
];

/// How many of the fields identify a frame.
const IDENTITY: usize = 5;

/// What the comparison found.
#[derive(Debug)]
pub(in crate::run) struct Compared {
    /// Frames of the monitor's capture that the air sent just so.
    pub(in crate::run) frames: usize,
    /// The rates among them.
    pub(in crate::run) rates: BTreeSet<String>,
    /// The signals among them, in dBm.
    pub(in crate::run) signals: BTreeSet<String>,
}

/// Reads both captures with tshark and compares them; signals may be `tolerance_db` off.
///
/// # Errors
///
/// tshark failed; a frame differs; too few frames are in both.
pub(in crate::run) fn check(monitor: &Path, air: &Path, tolerance_db: f64) -> Result<Compared> {
    let heard = tshark::fields(monitor, "wlan.ta && wlan.seq", &FIELDS, &[])?;
    let sent = tshark::fields(air, "wlan.ta && wlan.seq", &FIELDS, &[])?;
    compare(&heard, &sent, tolerance_db)
}

/// Compares what was heard with what was sent.
fn compare(heard: &[Vec<String>], sent: &[Vec<String>], tolerance_db: f64) -> Result<Compared> {
    let mut by_identity: BTreeMap<&[String], Vec<&[String]>> = BTreeMap::new();
    for frame in sent.iter().filter(|frame| frame.len() == FIELDS.len()) {
        let (identity, radio) = frame.split_at(IDENTITY);
        by_identity.entry(identity).or_default().push(radio);
    }
    let mut compared = Compared { frames: 0, rates: BTreeSet::new(), signals: BTreeSet::new() };
    for frame in heard {
        if frame.len() != FIELDS.len() {
            bail!("tshark read {frame:?} from the monitor's capture");
        }
        let (identity, radio) = frame.split_at(IDENTITY);
        let Some(candidates) = by_identity.get(identity) else {
            bail!("the monitor heard {identity:?}, which the air's capture does not have");
        };
        if !candidates.iter().any(|sent| is_same(radio, sent, tolerance_db)) {
            bail!("the monitor says {radio:?} of {identity:?}, the air {candidates:?}");
        }
        compared.frames += 1;
        let rate = if radio[2].is_empty() { &radio[1] } else { &radio[2] };
        let unit = if radio[2].is_empty() { "Mb/s" } else { "MCS" };
        compared.rates.insert(format!("{rate} {unit}"));
        compared.signals.insert(radio[3].clone());
    }
    if compared.frames < 10 {
        bail!("the monitor's capture has {} frames only", compared.frames);
    }
    Ok(compared)
}

/// Whether channel and rate are the same and the signal is near.
fn is_same(heard: &[String], sent: &[String], tolerance_db: f64) -> bool {
    let [frequency, rate, mcs, signal] = heard else { return false };
    let [sent_frequency, sent_rate, sent_mcs, sent_signal] = sent else { return false };
    let near = match (dbm(signal), dbm(sent_signal)) {
        (Some(signal), Some(sent)) => (signal - sent).abs() <= tolerance_db,
        _ => false,
    };
    // A rate of an MCS may or may not be calculated as a data rate too.
    let same_rate = if mcs.is_empty() { rate == sent_rate } else { true };
    frequency == sent_frequency && mcs == sent_mcs && same_rate && near
}

/// A signal as tshark prints it; the first of several antennas.
fn dbm(text: &str) -> Option<f64> {
    text.split(',').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::compare;

    fn frame(sequence: usize, rate: &str, mcs: &str, signal: &str) -> Vec<String> {
        let sequence = sequence.to_string();
        let all = ["02:01", &sequence, "0x0008", "0", "ff:ff", "2437", rate, mcs, signal];
        all.map(str::to_owned).to_vec()
    }

    fn beacons(signal: &str) -> Vec<Vec<String>> {
        (0..12).map(|sequence| frame(sequence, "1", "", signal)).collect()
    }

    #[test]
    fn same_frames() {
        let mut sent = beacons("-60");
        sent.push(frame(13, "54", "", "-50"));
        let compared = compare(&beacons("-61"), &sent, 5.0).unwrap();
        assert_eq!(compared.frames, 12);
        assert_eq!(compared.rates.into_iter().collect::<Vec<_>>(), ["1 Mb/s"]);
    }

    #[test]
    fn differences() {
        let sent = beacons("-60");
        assert!(compare(&beacons("-80"), &sent, 5.0).unwrap_err().to_string().contains("-80"));
        let mut heard = beacons("-60");
        heard[3] = frame(3, "11", "", "-60");
        assert!(compare(&heard, &sent, 5.0).unwrap_err().to_string().contains("\"11\""));
        heard[3] = frame(99, "1", "", "-60");
        assert!(compare(&heard, &sent, 5.0).unwrap_err().to_string().contains("does not have"));
        assert!(compare(&sent[..3], &sent, 5.0).unwrap_err().to_string().contains("3 frames only"));
    }
}
