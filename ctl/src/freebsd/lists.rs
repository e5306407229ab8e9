// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! FreeBSD's lists: networks, channels, capabilities, stations.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::{channels, get, ioc};
use crate::layout::{self, Layout};
use crate::session::Session;
use crate::words::{show_mac, show_network, usage};

/// ifconfig's buffer for networks and stations.
const BUFFER: usize = 24 * 1024;

/// Bits of `dc_drivercaps` (`IEEE80211_C_*`) with names.
const DRIVER_CAPS: &[(u32, &str)] = &[
    (0, "STA"),
    (8, "IBSS"),
    (9, "PMGT"),
    (10, "HOSTAP"),
    (13, "TXPMGT"),
    (14, "SHSLOT"),
    (15, "SHPREAMBLE"),
    (16, "MONITOR"),
    (17, "DFS"),
    (23, "WPA1"),
    (24, "WPA2"),
    (25, "BURST"),
    (26, "WME"),
    (27, "WDS"),
    (29, "BGSCAN"),
    (30, "TXFRAG"),
];

/// Bits of `dc_cryptocaps`: places of ciphers.
const CRYPTO_CAPS: &[(u32, &str)] =
    &[(0, "WEP"), (1, "TKIP"), (2, "AES"), (3, "AES_CCM"), (4, "TKIPMIC")];

/// `list WHAT`.
pub(super) fn list(session: &mut Session, what: &str) -> Result<()> {
    match what {
        "scan" | "ap" => scan(session),
        "chan" | "freq" | "channels" => channels::list(session, None),
        "active" => {
            let (_, bits) = get(session, "active channels", ioc::CHANLIST, vec![0; 32])?;
            channels::list(session, Some(&bits))
        }
        "caps" => capabilities(session),
        "sta" | "stations" => stations(session),
        other => usage(format!("list {other}: known are scan, chan, active, caps, sta")),
    }
}

/// Structs one after another, each with its length first.
fn each<'a>(layout: &Layout, mut bytes: &'a [u8], len: &str) -> Result<Vec<&'a [u8]>> {
    let mut found = Vec::new();
    while bytes.len() >= layout.size {
        let len = layout.number(bytes, len)? as usize;
        if len < layout.size || len > bytes.len() {
            bail!("the kernel's list has an entry of {len} bytes");
        }
        let (entry, rest) = bytes.split_at(len);
        found.push(entry);
        bytes = rest;
    }
    Ok(found)
}

/// The networks that the last scan heard.
pub(super) fn scan(session: &mut Session) -> Result<()> {
    let (_, bytes) = get(session, "scan results", ioc::SCAN_RESULTS, vec![0; BUFFER])?;
    let layout = layout::find(session.os, "ieee80211req_scan_result")?;
    let mut rows = Vec::new();
    for entry in each(&layout, &bytes, "isr_len")? {
        rows.push(network(&layout, entry)?);
    }
    let head = format!(
        "{:32}  {:17}  {:>4} {:>4}  {:>9} {:>4} CAPS",
        "SSID", "BSSID", "CHAN", "RATE", "S:N", "INT"
    );
    session.report.table("scan", &head, rows);
    Ok(())
}

fn network(layout: &Layout, entry: &[u8]) -> Result<(String, Value)> {
    let number = |field| layout.number(entry, field);
    let signed = |field| Ok::<_, anyhow::Error>(number(field)? as u8 as i8);
    let from = number("isr_ie_off")? as usize;
    let len = number("isr_ssid_len")? as usize;
    let ssid = show_network(entry.get(from..from + len).unwrap_or_default());
    let bssid = show_mac(layout.bytes(entry, "isr_bssid")?);
    let channel = channel_of(number("isr_freq")?);
    let noise = i32::from(signed("isr_noise")?);
    let signal = i32::from(signed("isr_rssi")?) / 2 + noise;
    let rates = layout.bytes(entry, "isr_rates")?;
    let count = (number("isr_nrates")? as usize).min(rates.len());
    let rate = rates[..count].iter().map(|rate| (rate & 0x7f) / 2).max().unwrap_or(0);
    let (interval, caps) = (number("isr_intval")?, caps(number("isr_capinfo")?));
    let line = format!(
        "{ssid:32}  {bssid}  {channel:4} {rate:3}M {signal:5}:{noise:<4} {interval:4} {caps}"
    );
    let value = json!({
        "ssid": ssid, "bssid": bssid, "channel": channel, "rate": rate, "signal": signal,
        "noise": noise, "interval": interval, "caps": caps,
    });
    Ok((line, value))
}

/// Letters of a capability field, as ifconfig has them.
fn caps(bits: u64) -> String {
    let letters = [(0, 'E'), (1, 'I'), (2, 'c'), (3, 'C'), (4, 'P'), (5, 'S'), (6, 'B'), (7, 'A')];
    letters.iter().filter(|(bit, _)| bits >> bit & 1 != 0).map(|(_, letter)| *letter).collect()
}

/// The number of a channel by its frequency.
fn channel_of(mhz: u64) -> u64 {
    match mhz {
        2484 => 14,
        2412..2484 => (mhz - 2407) / 5,
        5000.. => (mhz - 5000) / 5,
        _ => 0,
    }
}

/// What the device can do.
fn capabilities(session: &mut Session) -> Result<()> {
    let layout = layout::find(session.os, "ieee80211_devcaps_req")?;
    let channel = layout::find(session.os, "ieee80211_channel")?;
    let place = layout.offset("dc_chaninfo")?;
    let mut buffer = vec![0; place + 4 + channel.size];
    buffer[place..place + 4].copy_from_slice(&1u32.to_le_bytes());
    let (_, bytes) = get(session, "capabilities", ioc::DEVCAPS, buffer)?;
    for (field, names) in [
        ("dc_drivercaps", DRIVER_CAPS),
        ("dc_cryptocaps", CRYPTO_CAPS),
        ("dc_htcaps", &[]),
        ("dc_vhtcaps", &[]),
    ] {
        let bits = layout.number(&bytes, field)?;
        let known: Vec<&str> =
            names.iter().filter(|(bit, _)| bits >> bit & 1 != 0).map(|(_, name)| *name).collect();
        let name = field.trim_start_matches("dc_");
        let line = format!("{name}={bits:x}<{}>", known.join(","));
        session.report.add(name, json!({ "bits": bits, "names": known }), line);
    }
    Ok(())
}

/// The stations of an interface: of a station its access point.
fn stations(session: &mut Session) -> Result<()> {
    let mut buffer = vec![0; BUFFER];
    buffer[..6].copy_from_slice(&[0xff; 6]);
    let (_, bssid) = get(session, "bssid", ioc::BSSID, vec![0; 6])?;
    if bssid.iter().any(|byte| *byte != 0) {
        buffer[..bssid.len()].copy_from_slice(&bssid);
    }
    let (_, bytes) = get(session, "stations", ioc::STA_INFO, buffer)?;
    let layout = layout::find(session.os, "ieee80211req_sta_info")?;
    let mut rows = Vec::new();
    // The struct begins with the address that was asked for, in eight bytes.
    for entry in each(&layout, bytes.get(8..).unwrap_or_default(), "isi_len")? {
        let number = |field| layout.number(entry, field);
        let addr = show_mac(layout.bytes(entry, "isi_macaddr")?);
        let aid = number("isi_associd")? & 0x3fff;
        let channel = channel_of(number("isi_freq")?);
        let rate = number("isi_txmbps")? / 2;
        let rssi = f64::from(number("isi_rssi")? as u8 as i8) / 2.0;
        let caps = caps(number("isi_capinfo")?);
        let line = format!("{addr} {aid:4} {channel:4} {rate:3}M {rssi:5.1} {caps}");
        let value = json!({
            "addr": addr, "aid": aid, "channel": channel, "rate": rate, "rssi": rssi, "caps": caps,
        });
        rows.push((line, value));
    }
    let head = format!("{:17} {:>4} {:>4} {:>4} {:>5} CAPS", "ADDR", "AID", "CHAN", "RATE", "RSSI");
    session.report.table("stations", &head, rows);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_by_frequency() {
        assert_eq!([2412, 2437, 2472, 2484, 5180].map(channel_of), [1, 6, 13, 14, 36]);
        assert_eq!(channel_of(0), 0);
    }

    #[test]
    fn entries_that_lie_about_their_length() {
        let layout = layout::find(crate::Os::Freebsd, "ieee80211req_scan_result").unwrap();
        let mut bytes = vec![0; layout.size];
        assert!(each(&layout, &bytes, "isr_len").is_err());
        bytes[..2].copy_from_slice(&(layout.size as u16).to_le_bytes());
        assert_eq!(each(&layout, &bytes, "isr_len").unwrap().len(), 1);
        bytes[..2].copy_from_slice(&(layout.size as u16 + 1).to_le_bytes());
        assert!(each(&layout, &bytes, "isr_len").is_err());
    }
}
