// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Who is on the air in each scenario: sticks and software access points.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::check::scan::Expected;
use super::emulator::Sticks;
use super::options::{Args, Scenario};
use super::settings::{CHANNEL, HIDDEN_SSID, OPEN_SSID};

/// The host behind every access point has this address.
const ADDRESS: &str = "10.6.0.1/24";

/// Access points of the scan: last byte of the address, channel, signal in dBm.
const SCAN_OPEN: (u8, u8, i8) = (0x11, 1, -45);
const SCAN_WPA2: (u8, u8, i8) = (0x12, CHANNEL, -60);
const SCAN_HIDDEN: (u8, u8, i8) = (0x13, 11, -70);

/// The sticks and software access points of a scenario. The air is always captured, into
/// `air_pcap`.
pub(super) fn sticks<'a>(args: &'a Args, air_pcap: &Path) -> Result<Sticks<'a>> {
    let chip = args.chip.name();
    let (ssid, psk) = (escape(&args.ssid), escape(&args.psk));
    let plain = format!("ssid={ssid},channel={CHANNEL},address={ADDRESS}");
    let (chips, access_points) = match args.scenario {
        Scenario::Wpa2 => (vec![chip, chip], vec![]),
        Scenario::Open | Scenario::Unplug | Scenario::Transfers => (vec![chip], vec![plain]),
        Scenario::Scan => (
            vec![chip],
            vec![
                format!("ssid={OPEN_SSID},{}", place(SCAN_OPEN)),
                format!("ssid={ssid},psk={psk},{}", place(SCAN_WPA2)),
                format!("ssid={HIDDEN_SSID},hidden,{}", place(SCAN_HIDDEN)),
            ],
        ),
        // Others at other strengths, so that not every frame has the same signal.
        Scenario::Monitor => (
            vec![chip, chip],
            vec![
                plain,
                format!("ssid={OPEN_SSID},{}", place((0x21, CHANNEL, -40))),
                format!("ssid={HIDDEN_SSID},psk={psk},{}", place((0x22, CHANNEL, -75))),
            ],
        ),
    };
    let trace = args.trace.as_deref().map(absolute).transpose()?;
    // The walk of `channel 6` is looked for in it.
    let own = (args.scenario == Scenario::Monitor).then(|| register_log(air_pcap));
    let trace = trace.or(own);
    let air_pcap = Some(absolute(air_pcap)?);
    Ok(Sticks { chips, access_points, seed: args.seed, air_pcap, trace })
}

/// Where the emulator's register log lies if the caller does not say.
pub(super) fn register_log(air_pcap: &Path) -> PathBuf {
    air_pcap.with_file_name("registers.log")
}

/// What each of the guest's lists should have: a hidden network sends beacons without its name, and
/// answers only who asks for it by name.
pub(super) fn expected_scan(args: &Args) -> [(&'static str, Vec<Expected>); 3] {
    let expect = |(number, channel, signal): (u8, u8, i8), ssid: &str, is_wpa2| Expected {
        bssid: bssid(number),
        frequency_mhz: 2407 + 5 * u16::from(channel),
        signal_dbm: f64::from(signal),
        ssid: ssid.to_owned(),
        is_wpa2,
    };
    let open = expect(SCAN_OPEN, OPEN_SSID, false);
    let wpa2 = expect(SCAN_WPA2, &as_iw_prints(&args.ssid), true);
    let hidden = expect(SCAN_HIDDEN, "", false);
    let named = expect(SCAN_HIDDEN, HIDDEN_SSID, false);
    [
        ("active", vec![open.clone(), wpa2.clone()]),
        ("passive", vec![open, wpa2, hidden]),
        ("directed", vec![named]),
    ]
}

/// Where an access point is, as `--ap` takes it.
fn place((number, channel, signal): (u8, u8, i8)) -> String {
    format!("bssid={},channel={channel},signal={signal}", bssid(number))
}

/// A locally administered address.
fn bssid(number: u8) -> String {
    format!("02:74:65:72:6e:{number:02x}")
}

/// A value for `--ap`: commas and backslashes are marked.
fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace(',', "\\,")
}

/// A network's name as `iw` prints it: what is not printable ASCII, a backslash, or a space at
/// either end as `\xNN`.
fn as_iw_prints(ssid: &str) -> String {
    let last = ssid.len().saturating_sub(1);
    let mut out = String::new();
    for (index, byte) in ssid.bytes().enumerate() {
        let is_plain = byte.is_ascii_graphic() && byte != b'\\';
        if is_plain || (byte == b' ' && index != 0 && index != last) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

/// A path that holds in another working directory.
fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{as_iw_prints, escape};

    #[test]
    fn values_and_names() {
        assert_eq!(escape("a,b\\c"), "a\\,b\\\\c");
        assert_eq!(as_iw_prints("my net"), "my net");
        assert_eq!(as_iw_prints(" \u{e9}\\"), "\\x20\\xc3\\xa9\\x5c");
    }
}
