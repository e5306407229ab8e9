// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What an access point is to be: the text that users write, and its meaning.

use std::{error::Error, fmt, net::Ipv4Addr};

use super::Faults;

/// What an access point is, in the end.
///
/// As text: `key=value` pairs and flags with commas between them, for example
/// `ssid=tern,psk=correct horse,channel=6,signal=-60`. A comma or a backslash that belongs to a value
/// is written `\,` or `\\`.
///
/// | key | meaning | when it is left out |
/// | --- | --- | --- |
/// | `ssid` | name of the network, 1 to 32 bytes | must be there |
/// | `psk` | passphrase of 8 to 63 characters, or 64 hex digits: WPA2-PSK with CCMP | open network |
/// | `channel` | 1 to 14, or a channel of 5 GHz | 6 |
/// | `hidden` | beacons do not name the network | they do |
/// | `signal` | dBm at any receiver, -110 to 0 | what the air says |
/// | `bssid` | `aa:bb:cc:dd:ee:ff` | `02:74:65:72:6e:NN` |
/// | `address` | of the IP host behind it | `10.6.NN.1/24` |
/// | `wmm`, `ht` | `on` or `off` | on |
/// | `refuse-auth`, `refuse-assoc` | status code with which everyone is refused | nobody is |
///
/// NN is the number that [`Config::parse`] was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Name of the network, 1 to 32 bytes.
    pub ssid: Vec<u8>,
    /// The secret of WPA2-PSK; `None` is an open network.
    pub psk: Option<Psk>,
    /// Number of the channel, 20 MHz wide.
    pub channel: u8,
    /// Whether beacons leave the name out.
    pub is_hidden: bool,
    /// Strength at any receiver in dBm; `None`: as the air says.
    pub signal_dbm: Option<i8>,
    /// Address of the access point and of the host behind it.
    pub bssid: [u8; 6],
    /// IPv4 address of the host behind it, and length of the prefix.
    pub address: (Ipv4Addr, u8),
    /// Whether it does quality of service (WMM).
    pub has_wmm: bool,
    /// Whether it does high throughput (needs WMM to be of use).
    pub has_ht: bool,
    /// What it does wrong from the start.
    pub faults: Faults,
}

/// The secret of a network.
#[derive(Clone, PartialEq, Eq)]
pub enum Psk {
    /// 8 to 63 printable characters.
    Passphrase(String),
    /// The pairwise master key itself.
    Key([u8; 32]),
}

impl fmt::Debug for Psk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Psk")
    }
}

/// Why a text is no [`Config`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    key: String,
    problem: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "access point: {}: {}", self.key, self.problem)
    }
}

impl Error for ConfigError {}

fn error(key: &str, problem: impl Into<String>) -> ConfigError {
    ConfigError { key: key.to_owned(), problem: problem.into() }
}

impl Config {
    /// An open access point on channel 6; `number` makes its addresses its own.
    pub fn open(ssid: &[u8], number: u8) -> Self {
        Self {
            ssid: ssid.to_vec(),
            psk: None,
            channel: 6,
            is_hidden: false,
            signal_dbm: None,
            bssid: [0x02, b't', b'e', b'r', b'n', number],
            address: (Ipv4Addr::new(10, 6, number, 1), 24),
            has_wmm: true,
            has_ht: true,
            faults: Faults::default(),
        }
    }

    /// The same with WPA2-PSK.
    pub fn wpa2(ssid: &[u8], passphrase: &str, number: u8) -> Self {
        let psk = Some(Psk::Passphrase(passphrase.to_owned()));
        Self { psk, ..Self::open(ssid, number) }
    }

    /// Reads the text that the type's documentation describes. `number` is the place of this access
    /// point among all of a world, from 1.
    pub fn parse(text: &str, number: u8) -> Result<Self, ConfigError> {
        let mut config = Self::open(b"", number);
        let mut seen: Vec<String> = Vec::new();
        for part in split(text)? {
            let (key, value) = match part.split_once('=') {
                Some((key, value)) => (key.trim(), Some(value)),
                None => (part.trim(), None),
            };
            if seen.iter().any(|other| other == key) {
                return Err(error(key, "is there twice"));
            }
            seen.push(key.to_owned());
            config.set(key, value)?;
        }
        if config.ssid.is_empty() {
            return Err(error("ssid", "is missing; write for example ssid=tern"));
        }
        Ok(config)
    }

    fn set(&mut self, key: &str, value: Option<&str>) -> Result<(), ConfigError> {
        if key == "hidden" {
            self.is_hidden = value.map_or(Ok(true), |value| switch(key, value))?;
            return Ok(());
        }
        let value = value.ok_or_else(|| match key {
            "ssid" | "psk" | "channel" | "signal" | "bssid" | "address" | "wmm" | "ht"
            | "refuse-auth" | "refuse-assoc" => error(key, format!("needs a value: {key}=..")),
            _ => unknown(key),
        })?;
        match key {
            "ssid" => self.ssid = ssid(value)?,
            "psk" => self.psk = Some(psk(value)?),
            "channel" => self.channel = channel(value)?,
            "signal" => {
                let in_range = value.parse().ok().filter(|dbm| (-110..=0).contains(dbm));
                self.signal_dbm = Some(in_range.ok_or_else(|| error(key, "is -110 to 0 (dBm)"))?);
            }
            "bssid" => self.bssid = mac(value)?,
            "address" => self.address = address(value)?,
            "wmm" => self.has_wmm = switch(key, value)?,
            "ht" => self.has_ht = switch(key, value)?,
            "refuse-auth" => self.faults.refuse_authentication = Some(status(key, value)?),
            "refuse-assoc" => self.faults.refuse_association = Some(status(key, value)?),
            _ => return Err(unknown(key)),
        }
        Ok(())
    }
}

fn unknown(key: &str) -> ConfigError {
    error(
        key,
        "is unknown; there are ssid, psk, channel, hidden, signal, bssid, address, wmm, ht, \
         refuse-auth and refuse-assoc",
    )
}

/// Parts between the commas that are not escaped, with escapes undone.
fn split(text: &str) -> Result<Vec<String>, ConfigError> {
    let (mut parts, mut part, mut chars) = (Vec::new(), String::new(), text.chars());
    while let Some(char) = chars.next() {
        match char {
            ',' => parts.push(std::mem::take(&mut part)),
            '\\' => match chars.next() {
                Some(escaped @ (',' | '\\')) => part.push(escaped),
                _ => return Err(error(&part, "after a backslash comes a comma or a backslash")),
            },
            other => part.push(other),
        }
    }
    parts.push(part);
    Ok(parts)
}

fn ssid(value: &str) -> Result<Vec<u8>, ConfigError> {
    match value.len() {
        1..=32 => Ok(value.as_bytes().to_vec()),
        len => Err(error("ssid", format!("is 1 to 32 bytes, not {len}"))),
    }
}

fn psk(value: &str) -> Result<Psk, ConfigError> {
    if value.len() == 64 {
        let digits = |at| value.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
        let key: Option<Vec<u8>> = (0..64).step_by(2).map(digits).collect();
        let key = key.and_then(|key| key.try_into().ok());
        return key.map(Psk::Key).ok_or_else(|| error("psk", "64 characters must be hex digits"));
    }
    if !(8..=63).contains(&value.len()) || !value.bytes().all(|byte| (32..127).contains(&byte)) {
        return Err(error("psk", "is 8 to 63 printable ASCII characters, or 64 hex digits"));
    }
    Ok(Psk::Passphrase(value.to_owned()))
}

fn channel(value: &str) -> Result<u8, ConfigError> {
    let is_channel = |channel: &u8| match channel {
        1..=14 => true,
        36..=64 | 100..=144 => channel.is_multiple_of(4),
        149..=177 => channel % 4 == 1,
        _ => false,
    };
    let channel = value.parse().ok().filter(is_channel);
    channel.ok_or_else(|| error("channel", format!("{value} is not a 20 MHz channel")))
}

fn mac(value: &str) -> Result<[u8; 6], ConfigError> {
    let octet = |octet: &str| (octet.len() == 2).then(|| u8::from_str_radix(octet, 16).ok())?;
    let octets: Option<Vec<u8>> = value.split(':').map(octet).collect();
    let octets: Option<[u8; 6]> = octets.and_then(|octets| octets.try_into().ok());
    let octets = octets.ok_or_else(|| error("bssid", "is written aa:bb:cc:dd:ee:ff"))?;
    if octets[0] & 1 != 0 || octets == [0; 6] {
        return Err(error("bssid", "must be the address of one station, not of a group"));
    }
    Ok(octets)
}

fn address(value: &str) -> Result<(Ipv4Addr, u8), ConfigError> {
    let (ip, len) = value.split_once('/').unwrap_or((value, "24"));
    let ip = ip
        .parse()
        .ok()
        .filter(|ip: &Ipv4Addr| !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast());
    let len = len.parse().ok().filter(|len| (1..=30).contains(len));
    ip.zip(len).ok_or_else(|| error("address", "is written 10.6.1.1/24, with a prefix of 1 to 30"))
}

fn switch(key: &str, value: &str) -> Result<bool, ConfigError> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(error(key, "is on or off")),
    }
}

fn status(key: &str, value: &str) -> Result<u16, ConfigError> {
    let status = value.parse().ok().filter(|status| *status != 0);
    status.ok_or_else(|| error(key, "is a status code of 1 to 65535"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Config {
        Config::parse(text, 3).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn everything_can_be_said() {
        let config = check(
            r"ssid=a\,b\\,psk=12345678,channel=11,hidden,signal=-60,bssid=02:00:00:00:0a:ff,address=192.168.7.1/16,wmm=off,ht=off,refuse-auth=13,refuse-assoc=17",
        );
        let expect = Config {
            ssid: br"a,b\".to_vec(),
            psk: Some(Psk::Passphrase("12345678".to_owned())),
            channel: 11,
            is_hidden: true,
            signal_dbm: Some(-60),
            bssid: [2, 0, 0, 0, 10, 255],
            address: (Ipv4Addr::new(192, 168, 7, 1), 16),
            has_wmm: false,
            has_ht: false,
            faults: Faults {
                refuse_authentication: Some(13),
                refuse_association: Some(17),
                ..Faults::default()
            },
        };
        assert_eq!(config, expect);
    }

    #[test]
    fn little_needs_to_be_said() {
        let config = check("ssid=tern");
        assert_eq!(config, Config::open(b"tern", 3));
        assert_eq!(config.address, (Ipv4Addr::new(10, 6, 3, 1), 24));
        let key = check(&format!("ssid=x,psk={}", "0f".repeat(32)));
        assert_eq!(key.psk, Some(Psk::Key([0x0f; 32])));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, problem) in [
            ("", "unknown"),
            ("channel=6", "ssid: is missing"),
            ("ssid=", "1 to 32"),
            ("ssid=x,ssid=y", "twice"),
            ("ssid=x,psk=short", "8 to 63"),
            ("ssid=x,channel=15", "15 is not"),
            ("ssid=x,channel=banana", "banana"),
            ("ssid=x,bssid=01:00:00:00:00:00", "group"),
            ("ssid=x,bssid=02:00", "aa:bb"),
            ("ssid=x,address=10.6.1.1/31", "prefix"),
            ("ssid=x,signal=12", "-110"),
            ("ssid=x,wmm=maybe", "on or off"),
            ("ssid=x,refuse-auth=0", "status"),
            ("ssid=x,colour=red", "colour: is unknown"),
            ("ssid=x,psk", "psk=.."),
            (r"ssid=x\y", "backslash"),
        ] {
            let error = Config::parse(text, 1).expect_err(text).to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
