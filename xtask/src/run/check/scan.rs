// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What `iw scan` listed, beside what was on the air.

use anyhow::{Result, bail};

/// A network as `iw` lists it.
#[derive(Clone, PartialEq, Debug, Default)]
pub(in crate::run) struct Listed {
    bssid: String,
    frequency_mhz: u16,
    signal_dbm: f64,
    ssid: String,
    is_wpa2: bool,
}

/// A network that should be listed.
#[derive(Clone, Debug)]
pub(in crate::run) struct Expected {
    /// Address of the access point.
    pub(in crate::run) bssid: String,
    /// Centre of its channel.
    pub(in crate::run) frequency_mhz: u16,
    /// Its strength.
    pub(in crate::run) signal_dbm: f64,
    /// Its name as `iw` prints it; empty for a hidden one.
    pub(in crate::run) ssid: String,
    /// Whether it has an RSN element.
    pub(in crate::run) is_wpa2: bool,
}

/// Reads the output of `iw dev X scan`.
pub(in crate::run) fn parse(text: &str) -> Vec<Listed> {
    let mut all: Vec<Listed> = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("BSS ") {
            let bssid = rest.split('(').next().unwrap_or_default().trim().to_owned();
            all.push(Listed { bssid, ..Listed::default() });
            continue;
        }
        let Some(last) = all.last_mut() else { continue };
        let Some((name, value)) = line.trim().split_once(':') else { continue };
        let value = value.trim_matches(' ');
        match name {
            "freq" => last.frequency_mhz = number(value) as u16,
            "signal" => last.signal_dbm = number(value),
            "SSID" => last.ssid = value.to_owned(),
            "RSN" => last.is_wpa2 = true,
            _ => {}
        }
    }
    all
}

/// The number that a text begins with; 0 if none.
fn number(text: &str) -> f64 {
    let word = text.split_whitespace().next().unwrap_or_default();
    word.parse().unwrap_or_default()
}

/// Compares a list with what it should have; signals may be `tolerance_db` off.
///
/// # Errors
///
/// The first difference.
pub(in crate::run) fn check(
    listed: &[Listed],
    expected: &[Expected],
    tolerance_db: f64,
) -> Result<()> {
    for wanted in expected {
        // A hidden network whose name was asked for is listed twice: without it and with it.
        let is_it = |one: &&Listed| one.bssid == wanted.bssid && name(&one.ssid) == wanted.ssid;
        let Some(found) = listed.iter().find(is_it) else {
            bail!("{} ({:?}) was not listed, but {listed:?}", wanted.bssid, wanted.ssid);
        };
        let difference = (found.signal_dbm - wanted.signal_dbm).abs();
        if found.frequency_mhz != wanted.frequency_mhz
            || found.is_wpa2 != wanted.is_wpa2
            || difference > tolerance_db
        {
            bail!("listed as {found:?}, on the air as {wanted:?}");
        }
    }
    Ok(())
}

/// A name as listed; a hidden one is empty or has zeros, which `iw` prints as `\x00`.
fn name(ssid: &str) -> &str {
    if ssid.replace("\\x00", "").is_empty() { "" } else { ssid }
}

#[cfg(test)]
mod tests {
    use super::{Expected, check, parse};

    const TEXT: &str = "BSS 02:00:00:00:00:01(on wlan0)\n\tTSF: 5 usec\n\tfreq: 2412\n\
        \tsignal: -45.00 dBm\n\tSSID: open\nBSS 02:00:00:00:00:02(on wlan0)\n\tfreq: 2437.0\n\
        \tsignal: -60.00 dBm\n\tSSID: \n\tRSN:\t * Version: 1\n";

    fn expected(bssid: &str, frequency_mhz: u16, ssid: &str, is_wpa2: bool) -> Expected {
        let signal_dbm = if is_wpa2 { -61.0 } else { -45.0 };
        Expected { bssid: bssid.into(), frequency_mhz, signal_dbm, ssid: ssid.into(), is_wpa2 }
    }

    #[test]
    fn lists() {
        let listed = parse(TEXT);
        assert_eq!(listed.len(), 2);
        let first = expected("02:00:00:00:00:01", 2412, "open", false);
        let second = expected("02:00:00:00:00:02", 2437, "", true);
        check(&listed, &[first.clone(), second.clone()], 5.0).unwrap();
        let other = |change: fn(&mut Expected)| {
            let mut wanted = first.clone();
            change(&mut wanted);
            assert!(check(&listed, &[wanted], 5.0).is_err());
        };
        other(|wanted| wanted.signal_dbm = -60.0);
        other(|wanted| wanted.frequency_mhz = 2462);
        other(|wanted| wanted.ssid = "else".into());
        other(|wanted| wanted.is_wpa2 = true);
        other(|wanted| wanted.bssid = "02:00:00:00:00:03".into());
    }

    #[test]
    fn nonsense_lists_nothing() {
        assert!(parse("").is_empty());
        assert!(parse("freq: 12\ncommand failed: busy (-16)\n").is_empty());
    }
}
