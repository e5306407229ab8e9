// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! FreeBSD's ifconfig: every 802.11 request is a number in SIOCS80211 or SIOCG80211.

mod channels;
mod lists;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::json;

use crate::host;
use crate::media;
use crate::memory::Memory;
use crate::session::{Session, both, write};
use crate::words::{self, Words, usage};

/// Numbers of requests (`IEEE80211_IOC_*`).
pub(super) mod ioc {
    pub(crate) const SSID: u16 = 1;
    pub(crate) const WEP: u16 = 3;
    pub(crate) const WEPKEY: u16 = 4;
    pub(crate) const WEPTXKEY: u16 = 6;
    pub(crate) const AUTHMODE: u16 = 7;
    pub(crate) const BSSID: u16 = 15;
    pub(crate) const CHANLIST: u16 = 27;
    pub(crate) const CHANINFO: u16 = 42;
    pub(crate) const SCAN_RESULTS: u16 = 76;
    pub(crate) const STA_INFO: u16 = 78;
    pub(crate) const CURCHAN: u16 = 80;
    pub(crate) const DEVCAPS: u16 = 98;
    pub(crate) const SCAN_REQ: u16 = 103;
    pub(crate) const HTCONF: u16 = 105;
}

/// Parameters that are a number: word, request.
const NUMBERS: &[(&str, u16)] = &[
    ("powersavesleep", 11),
    ("rtsthreshold", 12),
    ("txpower", 14),
    ("weptxkey", ioc::WEPTXKEY),
    ("deftxkey", ioc::WEPTXKEY),
    ("dtimperiod", 52),
    ("bintval", 53),
    ("bgscanidle", 60),
    ("bgscanintvl", 61),
    ("scanvalid", 65),
    ("fragthreshold", 73),
    ("bmiss", 77),
    ("bmissthreshold", 77),
];

/// Parameters that are on or, with a `-` before, off.
const SWITCHES: &[(&str, u16)] = &[
    ("powersave", 10),
    ("wme", 28),
    ("wmm", 28),
    ("hidessid", 29),
    ("apbridge", 30),
    ("pureg", 56),
    ("ff", 57),
    ("dturbo", 58),
    ("bgscan", 59),
    ("burst", 75),
    ("shortgi", 81),
    ("puren", 87),
    ("doth", 88),
    ("htcompat", 92),
    ("dwds", 93),
    ("inact", 94),
    ("tsn", 97),
    ("dfs", 100),
    ("dotd", 101),
];

/// Word, request, names with values.
type Choice = (&'static str, u16, &'static [(&'static str, i16)]);

/// Values by name.
const CHOICES: &[Choice] = &[
    (
        "authmode",
        ioc::AUTHMODE,
        &[("none", 0), ("open", 1), ("shared", 2), ("8021x", 3), ("wpa", 5)],
    ),
    ("wepmode", ioc::WEP, &[("off", 0), ("on", 1), ("mixed", 2)]),
    ("powersavemode", 10, &[("off", 0), ("on", 1), ("cam", 2), ("psp", 3), ("psp-cam", 4)]),
    ("protmode", 13, &[("off", 0), ("cts", 1), ("rtscts", 2)]),
    ("roaming", 16, &[("device", 0), ("auto", 1), ("manual", 2)]),
    ("htprotmode", 102, &[("off", 0), ("rts", 2)]),
];

/// Carries out the words on an interface, in their order.
pub(crate) fn run(session: &mut Session, words: &[String]) -> Result<()> {
    let mut words = Words::new(words);
    let Some(first) = words.take() else { return status(session) };
    if matches!(first, "create" | "plumb") {
        create(session, &mut words)?;
    } else {
        word(session, first, &mut words)?;
    }
    while let Some(next) = words.take() {
        word(session, next, &mut words)?;
    }
    media::apply(session)
}

/// Creates the interface of the parameters that follow, up to the first word that is none.
fn create(session: &mut Session, words: &mut Words<'_>) -> Result<()> {
    let mut params = crate::layout::Bytes::new(session.os, "ieee80211_clone_params")?;
    let (mut flags, mut mode, mut has_parent) = (0, 1, false);
    let mut others = Vec::new();
    while let Some(word) = words.take() {
        match word {
            "wlandev" => {
                params = params.set("icp_parent", words.value(word)?.as_bytes())?;
                has_parent = true;
            }
            "wlanmode" => mode = opmode(words.value(word)?)?,
            "wlanaddr" => {
                params = params.set("icp_macaddr", &words::mac(words.value(word)?)?)?;
                flags |= 1 << 3;
            }
            "wlanbssid" => params = params.set("icp_bssid", &words::mac(words.value(word)?)?)?,
            "bssid" => flags |= 1,
            "-bssid" => flags &= !1,
            other => others.push(other.to_string()),
        }
    }
    if !has_parent {
        return usage("create: a wlandev, the device to make it of, has to be named");
    }
    let params = params.put("icp_opmode", mode)?.put("icp_flags", flags)?.done();
    let mut memory = Memory::default();
    let params = memory.place(params);
    let at = memory.place(session.ifreq(&params.to_le_bytes()));
    session.ioctl("SIOCIFCREATE2", both(124, session.ifreq_len()), at, &mut memory)?;
    let name = memory.piece(at)[..16].split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
    let name = String::from_utf8_lossy(&name).into_owned();
    let line = if name == session.name { String::new() } else { name.clone() };
    session.report.add("created", json!(name), line);
    session.name = name;
    let mut words = Words::new(&others);
    while let Some(next) = words.take() {
        word(session, next, &mut words)?;
    }
    Ok(())
}

/// `enum ieee80211_opmode`.
fn opmode(name: &str) -> Result<u64> {
    match name {
        "sta" | "station" => Ok(1),
        "ibss" | "adhoc" => Ok(0),
        "ahdemo" | "adhoc-demo" => Ok(3),
        "ap" | "host" | "hostap" => Ok(4),
        "monitor" => Ok(5),
        "mesh" | "mp" => Ok(6),
        "wds" => Ok(2),
        other => usage(format!("wlanmode {other}: unknown")),
    }
}

fn word(session: &mut Session, word: &str, words: &mut Words<'_>) -> Result<()> {
    match word {
        "up" => session.set_up(true),
        "down" => session.set_up(false),
        "destroy" | "unplumb" => session.destroy(),
        "ssid" | "nwid" => ssid(session, words.value(word)?),
        "bssid" | "ap" => {
            let value = words.value(word)?;
            let mac = if value == "-" { [0xff; 6] } else { words::mac(value)? };
            set(session, "bssid", ioc::BSSID, 0, mac.to_vec())
        }
        "-bssid" | "-ap" => set(session, word, ioc::BSSID, 0, vec![0xff; 6]),
        "channel" => channels::set(session, words.value(word)?),
        "-channel" => channels::set(session, "any"),
        "wepkey" => wep_key(session, words.value(word)?),
        "media" | "mode" | "mediaopt" | "-mediaopt" => {
            media::take(session, word, words.value(word)?)
        }
        // ifconfig takes it with create alone. An interface that is there changes by its media word.
        "wlanmode" => media::set_opmode(session, words.value(word)?),
        "scan" => {
            scan(session)?;
            lists::scan(session)
        }
        "list" => lists::list(session, words.value(word)?),
        "wpakey" | "psk" | "wpa" => usage(format!(
            "{word}: FreeBSD's ifconfig has no WPA keys; run wpa_supplicant (driver bsd) with the \
             preload library"
        )),
        other => number(session, other, words),
    }
}

/// A parameter that is a number, a switch or a choice.
fn number(session: &mut Session, word: &str, words: &mut Words<'_>) -> Result<()> {
    if let Some((_, request)) = NUMBERS.iter().find(|(name, _)| *name == word) {
        let value = words.number(word)?;
        let value = if *request == 14 { value * 2 } else { value };
        let Ok(value) = i16::try_from(value) else {
            return usage(format!("{word} {value}: too large"));
        };
        return set(session, word, *request, value, Vec::new());
    }
    if let Some((_, request, names)) = CHOICES.iter().find(|(name, ..)| *name == word) {
        let value = words.value(word)?;
        return match names.iter().find(|(name, _)| *name == value) {
            Some((_, number)) => set(session, word, *request, *number, Vec::new()),
            None => usage(format!("{word} {value}: unknown")),
        };
    }
    let (name, value) = word.strip_prefix('-').map_or((word, 1), |name| (name, 0));
    if let Some((_, request)) = SWITCHES.iter().find(|(switch, _)| *switch == name) {
        return set(session, word, *request, value, Vec::new());
    }
    usage(format!("{word}: no word of FreeBSD's that is known here"))
}

/// SIOCS80211.
pub(super) fn set(
    session: &mut Session,
    what: &str,
    request: u16,
    value: i16,
    data: Vec<u8>,
) -> Result<()> {
    let req = session.named("ieee80211req", "i_name")?.put("i_type", request.into())?;
    let req = req.set("i_val", &value.to_le_bytes())?.put("i_len", data.len() as u64)?;
    let mut memory = Memory::default();
    let req = if data.is_empty() { req } else { req.put("i_data", memory.place(data))? };
    let at = memory.place(req.done());
    session.ioctl(&format!("{what} (SIOCS80211 {request})"), write(234, 32), at, &mut memory)
}

/// SIOCG80211 with a buffer; says its value, and as many bytes as came.
pub(super) fn get(
    session: &mut Session,
    what: &str,
    request: u16,
    buffer: Vec<u8>,
) -> Result<(i16, Vec<u8>)> {
    let layout = crate::layout::find(session.os, "ieee80211req")?;
    let req = session.named("ieee80211req", "i_name")?.put("i_type", request.into())?;
    let req = req.put("i_len", buffer.len() as u64)?;
    let mut memory = Memory::default();
    let data = memory.place(buffer);
    let at = memory.place(req.put("i_data", data)?.done());
    session.ioctl(&format!("{what} (SIOCG80211 {request})"), both(235, 32), at, &mut memory)?;
    let len = layout.number(memory.piece(at), "i_len")? as usize;
    let value = layout.number(memory.piece(at), "i_val")? as u16 as i16;
    let mut bytes = memory.piece(data).to_vec();
    bytes.truncate(len);
    Ok((value, bytes))
}

/// The name of the network to join; empty for any.
fn ssid(session: &mut Session, text: &str) -> Result<()> {
    let name = if matches!(text, "-" | "any") { Vec::new() } else { words::network(text)? };
    // The kernel takes the length from i_len, and ifconfig always has a buffer.
    let req = session.named("ieee80211req", "i_name")?.put("i_type", ioc::SSID.into())?;
    let req = req.put("i_len", name.len() as u64)?;
    let mut memory = Memory::default();
    let mut buffer = name;
    buffer.resize(32, 0);
    let req = req.put("i_data", memory.place(buffer))?;
    let at = memory.place(req.done());
    session.ioctl("ssid (SIOCS80211 1)", write(234, 32), at, &mut memory)
}

/// `[index:]key`, in letters or hexadecimal.
fn wep_key(session: &mut Session, text: &str) -> Result<()> {
    let (index, key) = match text.split_once(':') {
        Some((index, key)) if matches!(index, "1" | "2" | "3" | "4") => {
            (index.parse::<i16>()? - 1, key)
        }
        _ => (0, text),
    };
    set(session, "wepkey", ioc::WEPKEY, index, words::string(key)?)
}

/// How long a scan may take.
const SCAN_PATIENCE: Duration = Duration::from_secs(30);

/// Scans and waits for the routing message that says it is over.
fn scan(session: &mut Session) -> Result<()> {
    let mut routing = session.routing()?;
    // No pick, active, background, once.
    let request = crate::layout::Bytes::new(session.os, "ieee80211_scan_req")?;
    let request = request.put("sr_flags", 0x1b)?.put("sr_duration", 0x7fff_ffff)?.done();
    set(session, "scan", ioc::SCAN_REQ, 0, request)?;
    wait_for_scan(&mut routing, RTM_IEEE80211)
}

/// `RTM_IEEE80211`.
const RTM_IEEE80211: u8 = 0x12;
/// `RTM_IEEE80211_SCAN`.
const SCAN_DONE: u16 = 105;

/// Reads routing messages up to the one of a finished scan. `struct if_announcemsghdr`: length, version,
/// type; index; name; what.
pub(super) fn wait_for_scan(routing: &mut host::Host, kind: u8) -> Result<()> {
    let end = Instant::now() + SCAN_PATIENCE;
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    {
        let Some(message) = routing.wait(left)? else { break };
        let what = message.get(22..24).map(|what| u16::from_le_bytes([what[0], what[1]]));
        if message.get(3) == Some(&kind) && what == Some(SCAN_DONE) {
            return Ok(());
        }
    }
    bail!("the scan did not end in {} s", SCAN_PATIENCE.as_secs())
}

/// What ifconfig says of an interface without words.
fn status(session: &mut Session) -> Result<()> {
    session.status()?;
    let (_, ssid) = get(session, "ssid", ioc::SSID, vec![0; 32])?;
    let name = words::show_network(&ssid);
    session.report.add("ssid", json!(name), format!("\tssid {name:?}"));
    let channel = crate::layout::find(session.os, "ieee80211_channel")?;
    let (_, current) = get(session, "channel", ioc::CURCHAN, vec![0; channel.size])?;
    let (ieee, freq) = (channel.number(&current, "ic_ieee")?, channel.number(&current, "ic_freq")?);
    session.report.add("channel", json!(ieee), format!("\tchannel {ieee} ({freq} MHz)"));
    media::report(session)
}
