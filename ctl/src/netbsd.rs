// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! NetBSD's ifconfig: older ioctls for names, keys and channels, and requests by number for lists.

use anyhow::Result;
use serde_json::{Value, json};

use crate::freebsd::wait_for_scan;
use crate::layout::{self, Layout};
use crate::media;
use crate::memory::Memory;
use crate::session::{Session, both, write};
use crate::words::{self, Words, show_mac, show_network, usage};

/// Numbers of requests (`IEEE80211_IOC_*`): some are not FreeBSD's.
const SCAN_REQ: u16 = 23;
const SCAN_RESULTS: u16 = 24;
const CHANINFO: u16 = 42;
const STA_INFO: u16 = 45;

/// ifconfig's buffer for lists.
const BUFFER: usize = 24 * 1024;

/// `RTM_IEEE80211`.
const RTM_IEEE80211: u8 = 0x11;

/// Carries out the words on an interface, in their order.
pub(crate) fn run(session: &mut Session, words: &[String]) -> Result<()> {
    let mut words = Words::new(words);
    let mut next = words.take();
    if next.is_none() {
        return status(session);
    }
    while let Some(word) = next {
        take(session, word, &mut words)?;
        next = words.take();
    }
    media::apply(session)
}

fn take(session: &mut Session, word: &str, words: &mut Words<'_>) -> Result<()> {
    match word {
        "up" => session.set_up(true),
        "down" => session.set_up(false),
        "create" => {
            let (command, ifreq) = (write(122, session.ifreq_len()), session.ifreq(&[]));
            session.ioctl_with("SIOCIFCREATE", command, ifreq).map(drop)
        }
        "destroy" => session.destroy(),
        "ssid" | "nwid" | "essid" => nwid(session, words.value(word)?),
        "chan" | "channel" => channel(session, words.value(word)?),
        "-chan" | "-channel" => channel(session, "any"),
        "bssid" | "ap" => bssid(session, words::mac(words.value(word)?)?),
        "-bssid" | "-ap" => bssid(session, [0; 6]),
        "nwkey" => nwkey(session, Some(words.value(word)?)),
        "-nwkey" => nwkey(session, None),
        "media" | "mode" | "mediaopt" | "-mediaopt" => {
            media::take(session, word, words.value(word)?)
        }
        // No word of NetBSD's ifconfig, but the same on all systems.
        "wlanmode" => media::set_opmode(session, words.value(word)?),
        "scan" => scan(session),
        "list" => match words.value(word)? {
            "scan" | "ap" => scan(session),
            "chan" => channels(session),
            "sta" => stations(session),
            other => usage(format!("list {other}: known are scan, chan, sta")),
        },
        "wpakey" | "psk" => usage(format!(
            "{word}: NetBSD's ifconfig has no WPA keys; run wpa_supplicant (driver bsd) with the \
             preload library"
        )),
        other => usage(format!("{other}: no word of NetBSD's that is known here")),
    }
}

/// SIOCS80211NWID: `struct ifreq` points to a name with its length.
pub(crate) fn nwid(session: &mut Session, text: &str) -> Result<()> {
    let name = if matches!(text, "-" | "any") { Vec::new() } else { words::network(text)? };
    let nwid = layout::Bytes::new(session.os, "ieee80211_nwid")?;
    let nwid = nwid.put("i_len", name.len() as u64)?.set("i_nwid", &name)?.done();
    let mut memory = Memory::default();
    let data = memory.place(nwid);
    let at = memory.place(session.ifreq(&data.to_le_bytes()));
    session.ioctl("SIOCS80211NWID", both(230, session.ifreq_len()), at, &mut memory)
}

/// SIOCS80211CHANNEL.
pub(crate) fn channel(session: &mut Session, text: &str) -> Result<()> {
    let number = match text {
        "-" | "any" => 0xffff,
        text => match text.parse::<u64>() {
            Ok(number @ 1..=255) => number,
            _ => return usage(format!("channel {text}: not from 1 to 255")),
        },
    };
    let req = session.named("ieee80211chanreq", "i_name")?.put("i_channel", number)?.done();
    session.ioctl_with("SIOCS80211CHANNEL", write(238, req.len()), req)?;
    Ok(())
}

/// SIOCS80211BSSID; all zero is any.
pub(crate) fn bssid(session: &mut Session, mac: [u8; 6]) -> Result<()> {
    let req = session.named("ieee80211_bssid", "i_name")?.set("i_bssid", &mac)?.done();
    session.ioctl_with("SIOCS80211BSSID", write(240, req.len()), req)?;
    Ok(())
}

/// SIOCS80211NWKEY: one WEP key, or four after `n:` with commas between; `None` switches WEP off.
pub(crate) fn nwkey(session: &mut Session, text: Option<&str>) -> Result<()> {
    let (default, keys) = match text {
        None => (0, Vec::new()),
        Some(text) => match text.split_once(':') {
            Some((index @ ("1" | "2" | "3" | "4"), keys)) => {
                (index.parse()?, keys.split(',').collect())
            }
            _ => (1, vec![text]),
        },
    };
    let mut memory = Memory::default();
    let mut req = session.named("ieee80211_nwkey", "i_name")?;
    req = req.put("i_wepon", u64::from(text.is_some()))?.put("i_defkid", default)?;
    let mut table = Vec::new();
    for key in keys {
        let key = words::string(key)?;
        if !matches!(key.len(), 0 | 5 | 13) {
            return usage("nwkey: a key has 5 or 13 letters, or 0x and 10 or 26 digits");
        }
        table.extend((key.len() as u64).to_le_bytes());
        table.extend(memory.place(key).to_le_bytes());
    }
    let at = memory.place(req.set("i_key", &table)?.done());
    session.ioctl("SIOCS80211NWKEY", write(232, 88), at, &mut memory)
}

/// SIOCG80211 with a buffer; gives back as many bytes as came.
fn get(session: &mut Session, what: &str, request: u16, buffer: Vec<u8>) -> Result<Vec<u8>> {
    let layout = layout::find(session.os, "ieee80211req")?;
    let req = session.named("ieee80211req", "i_name")?.put("i_type", request.into())?;
    let req = req.put("i_len", buffer.len() as u64)?;
    let mut memory = Memory::default();
    let data = memory.place(buffer);
    let at = memory.place(req.put("i_data", data)?.done());
    session.ioctl(&format!("{what} (SIOCG80211 {request})"), both(245, 32), at, &mut memory)?;
    let len = layout.number(memory.piece(at), "i_len")? as usize;
    let mut bytes = memory.piece(data).to_vec();
    bytes.truncate(len);
    Ok(bytes)
}

/// Scans, waits, and lists.
fn scan(session: &mut Session) -> Result<()> {
    let mut routing = session.routing()?;
    let req = session.named("ieee80211req", "i_name")?.put("i_type", SCAN_REQ.into())?.done();
    session.ioctl_with("scan (SIOCS80211 23)", write(244, 32), req)?;
    wait_for_scan(&mut routing, RTM_IEEE80211)?;
    let bytes = get(session, "scan results", SCAN_RESULTS, vec![0; BUFFER])?;
    let layout = layout::find(session.os, "ieee80211req_scan_result")?;
    let mut rows = Vec::new();
    let mut rest = bytes.as_slice();
    while rest.len() >= layout.size {
        let len = (layout.number(rest, "isr_len")? as usize).clamp(layout.size, rest.len());
        let (entry, after) = rest.split_at(len);
        rows.push(network(&layout, entry)?);
        rest = after;
    }
    let head = format!("{:32}  {:17}  {:>5} {:>5} {:>4}", "SSID", "BSSID", "MHZ", "RSSI", "INT");
    session.report.table("scan", &head, rows);
    Ok(())
}

fn network(layout: &Layout, entry: &[u8]) -> Result<(String, Value)> {
    let number = |field| layout.number(entry, field);
    let len = number("isr_ssid_len")? as usize;
    let ssid = show_network(entry.get(layout.size..layout.size + len).unwrap_or_default());
    let bssid = show_mac(layout.bytes(entry, "isr_bssid")?);
    let (mhz, rssi, interval) = (number("isr_freq")?, number("isr_rssi")?, number("isr_intval")?);
    let line = format!("{ssid:32}  {bssid}  {mhz:5} {rssi:5} {interval:4}");
    let value =
        json!({ "ssid": ssid, "bssid": bssid, "mhz": mhz, "rssi": rssi, "interval": interval });
    Ok((line, value))
}

/// The channels by number: frequency and flags of each.
fn channels(session: &mut Session) -> Result<()> {
    let layout = layout::find(session.os, "ieee80211_channel")?;
    let room = layout::find(session.os, "ieee80211req_chaninfo")?.size;
    let bytes = get(session, "channels", CHANINFO, vec![0; room])?;
    let count = bytes.get(..4).map_or(0, layout::number) as usize;
    let entries = bytes.get(4..).unwrap_or_default().chunks_exact(layout.size).take(count);
    let mut rows = Vec::new();
    for entry in entries {
        let (mhz, flags) = (layout.number(entry, "ic_freq")?, layout.number(entry, "ic_flags")?);
        rows.push((format!("{mhz} MHz, flags {flags:#x}"), json!({ "mhz": mhz, "flags": flags })));
    }
    session.report.table("channels", "", rows);
    Ok(())
}

/// The stations of an interface.
fn stations(session: &mut Session) -> Result<()> {
    let mut buffer = vec![0; BUFFER];
    buffer[..6].copy_from_slice(&[0xff; 6]);
    let bytes = get(session, "stations", STA_INFO, buffer)?;
    let layout = layout::find(session.os, "ieee80211req_sta_info")?;
    let mut rows = Vec::new();
    let mut rest = bytes.get(8..).unwrap_or_default();
    while rest.len() >= layout.size {
        let len = (layout.number(rest, "isi_len")? as usize).clamp(layout.size, rest.len());
        let (entry, after) = rest.split_at(len);
        let addr = show_mac(layout.bytes(entry, "isi_macaddr")?);
        let (aid, rssi) = (layout.number(entry, "isi_associd")?, layout.number(entry, "isi_rssi")?);
        let (aid, value) =
            (aid & 0x3fff, json!({ "addr": addr, "aid": aid & 0x3fff, "rssi": rssi }));
        rows.push((format!("{addr} {aid:4} {rssi:4}"), value));
        rest = after;
    }
    session.report.table("stations", &format!("{:17} {:>4} {:>4}", "ADDR", "AID", "RSSI"), rows);
    Ok(())
}

/// SIOCG80211NWID.
pub(crate) fn network_name(session: &mut Session) -> Result<Vec<u8>> {
    let layout = layout::find(session.os, "ieee80211_nwid")?;
    let mut memory = Memory::default();
    let data = memory.place(vec![0; layout.size]);
    let at = memory.place(session.ifreq(&data.to_le_bytes()));
    session.ioctl("SIOCG80211NWID", both(231, session.ifreq_len()), at, &mut memory)?;
    let nwid = memory.piece(data);
    let len = layout.number(nwid, "i_len")? as usize;
    Ok(layout.bytes(nwid, "i_nwid")?.get(..len).unwrap_or_default().to_vec())
}

/// What ifconfig says of an interface without words.
pub(crate) fn status(session: &mut Session) -> Result<()> {
    session.status()?;
    let name = show_network(&network_name(session)?);
    session.report.add("ssid", json!(name), format!("\tssid {name:?}"));
    let layout = layout::find(session.os, "ieee80211chanreq")?;
    let req = session.named("ieee80211chanreq", "i_name")?.done();
    let req = session.ioctl_with("SIOCG80211CHANNEL", both(239, layout.size), req)?;
    let channel = layout.number(&req, "i_channel")?;
    session.report.add("channel", json!(channel), format!("\tchan {channel}"));
    media::report(session)
}
