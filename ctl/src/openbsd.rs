// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! OpenBSD's ifconfig: an ioctl for each thing, and keys that the kernel itself joins with.

use anyhow::Result;
use hmac::Hmac;
use serde_json::{Value, json};

use crate::layout::{self, Layout};
use crate::media;
use crate::memory::Memory;
use crate::netbsd;
use crate::session::{Session, both, write};
use crate::words::{self, Words, show_mac, show_network, usage};

/// Nodes that ifconfig has room for.
const NODES_MAX: usize = 512;
/// Rounds of PBKDF2 for a WPA key.
const ROUNDS: u32 = 4096;
/// Flags of a join: with WPA parameters, with a key, any network, forget.
const JOIN_WPA: u64 = 0x10;
const JOIN_PSK: u64 = 0x20;
const JOIN_DEL: u64 = 0x04;
const JOIN_DEL_ALL: u64 = 0x100;
const JOIN_ANY: u64 = 0x80;

/// What is kept until all words have been read.
#[derive(Default)]
struct Later {
    /// The network that `nwid` or `join` named, which a key is made for.
    name: Option<Vec<u8>>,
    /// A join is to be made.
    join: bool,
    flags: u64,
    is_wpa: bool,
    key: Option<[u8; 32]>,
}

/// Carries out the words on an interface, in their order.
pub(crate) fn run(session: &mut Session, words: &[String]) -> Result<()> {
    let mut words = Words::new(words);
    let mut next = words.take();
    if next.is_none() {
        return netbsd::status(session);
    }
    let mut later = Later::default();
    while let Some(word) = next {
        take(session, word, &mut words, &mut later)?;
        next = words.take();
    }
    if later.join {
        join(session, &later)?;
    }
    media::apply(session)
}

fn take(session: &mut Session, word: &str, words: &mut Words<'_>, later: &mut Later) -> Result<()> {
    match word {
        "up" => session.set_up(true),
        "down" => session.set_up(false),
        "create" => {
            let (command, ifreq) = (write(122, session.ifreq_len()), session.ifreq(&[]));
            session.ioctl_with("SIOCIFCREATE", command, ifreq).map(drop)
        }
        "destroy" => session.destroy(),
        "nwid" | "ssid" => {
            let value = words.value(word)?;
            later.name = Some(words::network(value)?);
            netbsd::nwid(session, value)
        }
        "-nwid" => netbsd::nwid(session, "any"),
        "join" => {
            let name = words::network(words.value(word)?)?;
            later.flags |= if name.is_empty() { JOIN_ANY } else { 0 };
            (later.join, later.name) = (true, Some(name));
            Ok(())
        }
        "-join" => forget(session, words.take()),
        "chan" | "channel" => match words.take_number() {
            Some(number) => netbsd::channel(session, &number.to_string()),
            None => channels(session),
        },
        "-chan" => netbsd::channel(session, "any"),
        "bssid" => netbsd::bssid(session, words::mac(words.value(word)?)?),
        "-bssid" => netbsd::bssid(session, [0; 6]),
        "nwkey" => netbsd::nwkey(session, Some(words.value(word)?)),
        "-nwkey" => netbsd::nwkey(session, None),
        "wpakey" | "psk" => key(session, Some(words.value(word)?), later),
        "-wpakey" | "-psk" => key(session, None, later),
        "wpa" => wpa(session, later, "i_enabled", 1),
        "-wpa" => wpa(session, later, "i_enabled", 0),
        "wpaprotos" => {
            let bits = bits(word, words.value(word)?, &[("wpa1", 1), ("wpa2", 2)])?;
            wpa(session, later, "i_protos", bits)
        }
        "wpaakms" => {
            let bits = bits(word, words.value(word)?, &[("psk", 1), ("802.1x", 2)])?;
            wpa(session, later, "i_akms", bits)
        }
        "media" | "mode" | "mediaopt" | "-mediaopt" => {
            media::take(session, word, words.value(word)?)
        }
        // No word of OpenBSD's ifconfig, but the same on all systems.
        "wlanmode" => media::set_opmode(session, words.value(word)?),
        "scan" => scan(session),
        "list" => match words.value(word)? {
            "scan" => scan(session),
            "chan" => channels(session),
            "sta" => nodes(session, "stations"),
            other => usage(format!("list {other}: known are scan, chan, sta")),
        },
        other => usage(format!("{other}: no word of OpenBSD's that is known here")),
    }
}

/// Bits of a list of names with commas between.
fn bits(word: &str, value: &str, names: &[(&str, u64)]) -> Result<u64> {
    let mut all = 0;
    for part in value.split(',') {
        match names.iter().find(|(name, _)| *name == part) {
            Some((_, bit)) => all |= bit,
            None => return usage(format!("{word} {part}: unknown")),
        }
    }
    Ok(all)
}

/// SIOCS80211WPAPSK, then WPA on (or off). With `join` it becomes part of that.
fn key(session: &mut Session, text: Option<&str>, later: &mut Later) -> Result<()> {
    let key = match text {
        None => None,
        Some(text) => Some(derive(session, text, later)?),
    };
    if later.join {
        (later.key, later.is_wpa) = (key, key.is_some());
        later.flags |= JOIN_PSK | JOIN_WPA;
        return Ok(());
    }
    let psk = session.named("ieee80211_wpapsk", "i_name")?;
    let psk = psk.put("i_enabled", u64::from(key.is_some()))?;
    let psk = psk.set("i_psk", &key.unwrap_or_default())?.done();
    session.ioctl_with("SIOCS80211WPAPSK", write(245, psk.len()), psk)?;
    set_wpa(session, &[("i_enabled", u64::from(key.is_some()))])
}

/// A key of 64 digits as it is, or of a passphrase and the network's name.
fn derive(session: &mut Session, text: &str, later: &Later) -> Result<[u8; 32]> {
    if text.len() == 66 && text.starts_with("0x") {
        return match words::string(text)?.try_into() {
            Ok(key) => Ok(key),
            Err(_) => usage("wpakey: 0x and 64 digits"),
        };
    }
    if !(8..=63).contains(&text.len()) {
        return usage("wpakey: a passphrase has 8 to 63 characters");
    }
    let name = match &later.name {
        Some(name) => name.clone(),
        None => netbsd::network_name(session)?,
    };
    if name.is_empty() {
        return usage("wpakey: the network is not named; write nwid or join before it");
    }
    Ok(passphrase(text, &name))
}

/// IEEE 802.11-2020, J.4.1.
fn passphrase(text: &str, network: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    // A key of any length is one for HMAC.
    let _ = pbkdf2::pbkdf2::<Hmac<sha1::Sha1>>(text.as_bytes(), network, ROUNDS, &mut key);
    key
}

/// One WPA parameter. `wpa` itself asks the kernel for its defaults, others change what is set.
fn wpa(session: &mut Session, later: &mut Later, field: &'static str, value: u64) -> Result<()> {
    if later.join {
        later.flags |= JOIN_WPA;
        later.is_wpa |= field == "i_enabled" && value != 0;
        return Ok(());
    }
    match field {
        "i_enabled" => {
            let wpa = session.named("ieee80211_wpaparams", "i_name")?.put(field, value)?.done();
            session.ioctl_with("SIOCS80211WPAPARMS", write(247, wpa.len()), wpa)?;
            Ok(())
        }
        // New protocols take the kernel's ciphers for them.
        "i_protos" => set_wpa(session, &[(field, value), ("i_ciphers", 0), ("i_groupcipher", 0)]),
        _ => set_wpa(session, &[(field, value), ("i_enabled", value >> 1 & 1)]),
    }
}

/// Reads the WPA parameters, changes some and writes them.
fn set_wpa(session: &mut Session, changes: &[(&str, u64)]) -> Result<()> {
    let wpa = session.named("ieee80211_wpaparams", "i_name")?.done();
    let mut wpa = session.ioctl_with("SIOCG80211WPAPARMS", both(248, wpa.len()), wpa)?;
    let layout = layout::find(session.os, "ieee80211_wpaparams")?;
    for (field, value) in changes {
        let from = layout.offset(field)?;
        wpa[from..from + 4].copy_from_slice(&value.to_le_bytes()[..4]);
    }
    session.ioctl_with("SIOCS80211WPAPARMS", write(247, wpa.len()), wpa)?;
    Ok(())
}

/// SIOCS80211JOIN: a network that is joined whenever it is heard.
fn join(session: &mut Session, later: &Later) -> Result<()> {
    let name = later.name.clone().unwrap_or_default();
    let mut wpa = layout::Bytes::new(session.os, "ieee80211_wpaparams")?;
    let mut psk = layout::Bytes::new(session.os, "ieee80211_wpapsk")?;
    if later.flags & JOIN_WPA != 0 {
        wpa = wpa.put("i_enabled", u64::from(later.is_wpa))?;
    }
    if let Some(key) = later.key {
        psk =
            psk.set("i_name", session.name.as_bytes())?.put("i_enabled", 1)?.set("i_psk", &key)?;
    }
    let join = layout::Bytes::new(session.os, "ieee80211_join")?;
    let join = join.put("i_len", name.len() as u64)?.set("i_nwid", &name)?;
    let join = join.put("i_flags", later.flags)?.set("i_wpaparams", &wpa.done())?;
    send_join(session, join.set("i_wpapsk", &psk.done())?.done())
}

/// Forgets a network, or all.
fn forget(session: &mut Session, name: Option<&str>) -> Result<()> {
    let (flags, name) = match name {
        None => (JOIN_DEL | JOIN_DEL_ALL, Vec::new()),
        Some(name) => (JOIN_DEL, words::network(name)?),
    };
    let join = layout::Bytes::new(session.os, "ieee80211_join")?.put("i_flags", flags)?;
    let join = join.put("i_len", name.len() as u64)?.set("i_nwid", &name)?.done();
    send_join(session, join)
}

fn send_join(session: &mut Session, join: Vec<u8>) -> Result<()> {
    let mut memory = Memory::default();
    let data = memory.place(join);
    let at = memory.place(session.ifreq(&data.to_le_bytes()));
    session.ioctl("SIOCS80211JOIN", both(255, session.ifreq_len()), at, &mut memory)
}

/// SIOCS80211SCAN, which waits, then what was heard.
fn scan(session: &mut Session) -> Result<()> {
    let (command, ifreq) = (write(210, session.ifreq_len()), session.ifreq(&[]));
    session.ioctl_with("SIOCS80211SCAN", command, ifreq)?;
    nodes(session, "scan")
}

/// SIOCG80211ALLNODES.
fn nodes(session: &mut Session, name: &str) -> Result<()> {
    let node = layout::find(session.os, "ieee80211_nodereq")?;
    let all = layout::find(session.os, "ieee80211_nodereq_all")?;
    let mut memory = Memory::default();
    let data = memory.place(vec![0; NODES_MAX * node.size]);
    let req = session.named("ieee80211_nodereq_all", "na_ifname")?;
    let req = req.put("na_size", (NODES_MAX * node.size) as u64)?.put("na_node", data)?.done();
    let at = memory.place(req);
    session.ioctl("SIOCG80211ALLNODES", both(214, all.size), at, &mut memory)?;
    let count = all.number(memory.piece(at), "na_nodes")? as usize;
    let mut rows = Vec::new();
    for entry in memory.piece(data).chunks_exact(node.size).take(count) {
        rows.push(show_node(&node, entry)?);
    }
    session.report.table(name, "", rows);
    Ok(())
}

fn show_node(layout: &Layout, entry: &[u8]) -> Result<(String, Value)> {
    let number = |field| layout.number(entry, field);
    let len = number("nr_nwid_len")? as usize;
    let ssid = show_network(layout.bytes(entry, "nr_nwid")?.get(..len).unwrap_or_default());
    let bssid = show_mac(layout.bytes(entry, "nr_bssid")?);
    let rssi = number("nr_rssi")? as u8 as i8;
    // With a maximum the strength is a share of it, else in dBm.
    let signal = match number("nr_max_rssi")? {
        0 => format!("{rssi}dBm"),
        max => format!("{}%", i64::from(rssi) * 100 / max as i64),
    };
    let (channel, protos) = (number("nr_channel")?, number("nr_rsnprotos")?);
    let wpa = match protos {
        0 => "",
        1 => "wpa1",
        2 => "wpa2",
        _ => "wpa1,wpa2",
    };
    let line = format!("nwid {ssid:?} chan {channel} bssid {bssid} {signal} {wpa}");
    let value = json!({
        "ssid": ssid, "channel": channel, "bssid": bssid, "signal": signal, "wpa": wpa,
    });
    Ok((line, value))
}

/// SIOCG80211ALLCHANS: 256 channels by number, those without a frequency are not there.
fn channels(session: &mut Session) -> Result<()> {
    let info = layout::find(session.os, "ieee80211_chaninfo")?;
    let mut memory = Memory::default();
    let data = memory.place(vec![0; 256 * info.size]);
    let req = session.named("ieee80211_chanreq_all", "i_name")?.put("i_chans", data)?.done();
    let (command, at) = (both(215, req.len()), memory.place(req));
    session.ioctl("SIOCG80211ALLCHANS", command, at, &mut memory)?;
    let mut rows = Vec::new();
    for (channel, entry) in memory.piece(data).chunks_exact(info.size).enumerate().skip(1) {
        let (mhz, flags) = (info.number(entry, "ic_freq")?, info.number(entry, "ic_flags")?);
        if mhz != 0 {
            let value = json!({ "channel": channel, "mhz": mhz, "flags": flags });
            rows.push((format!("{channel:4}  {mhz} MHz  flags {flags:#x}"), value));
        }
    }
    session.report.table("channels", "", rows);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_passphrases() {
        // IEEE 802.11-2020, J.4.2, test vector 1.
        let key = passphrase("password", b"IEEE");
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e");
    }

    #[test]
    fn lists_of_names() {
        assert_eq!(bits("wpaprotos", "wpa1,wpa2", &[("wpa1", 1), ("wpa2", 2)]).unwrap(), 3);
        assert!(bits("wpaprotos", "wpa3", &[("wpa1", 1), ("wpa2", 2)]).is_err());
    }
}
