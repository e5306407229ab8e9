// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Words of the command line and what they mean.

use std::fmt;

use anyhow::Result;

/// A command line that makes no sense.
#[derive(Debug)]
pub(crate) struct Usage(String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// An error about the command line.
pub(crate) fn usage<T>(text: impl Into<String>) -> Result<T> {
    Err(Usage(text.into()).into())
}

/// The words that are left.
pub(crate) struct Words<'a> {
    words: std::slice::Iter<'a, String>,
}

impl<'a> Words<'a> {
    /// All of them.
    pub(crate) fn new(words: &'a [String]) -> Self {
        Self { words: words.iter() }
    }

    /// The next one.
    pub(crate) fn take(&mut self) -> Option<&'a str> {
        self.words.next().map(String::as_str)
    }

    /// The value of `word`.
    pub(crate) fn value(&mut self, word: &str) -> Result<&'a str> {
        match self.take() {
            Some(value) => Ok(value),
            None => usage(format!("{word} needs a value")),
        }
    }

    /// The value of `word` as a number.
    pub(crate) fn number(&mut self, word: &str) -> Result<i64> {
        let value = self.value(word)?;
        match value.parse() {
            Ok(number) => Ok(number),
            Err(_) => usage(format!("{word} {value}: not a number")),
        }
    }

    /// The next word if there is one that is a number.
    pub(crate) fn take_number(&mut self) -> Option<i64> {
        let number = self.words.as_slice().first()?.parse().ok()?;
        self.words.next();
        Some(number)
    }
}

/// A name of a network: as it is, or after 0x in hexadecimal. At most 32 bytes.
pub(crate) fn network(text: &str) -> Result<Vec<u8>> {
    let bytes = string(text)?;
    if bytes.len() > 32 {
        return usage(format!("{text}: a network's name has at most 32 bytes"));
    }
    Ok(bytes)
}

/// Bytes: as they are, or after 0x in hexadecimal.
pub(crate) fn string(text: &str) -> Result<Vec<u8>> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => hexadecimal(hex),
        None => Ok(text.as_bytes().to_vec()),
    }
}

fn hexadecimal(text: &str) -> Result<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 => {
            Ok(digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect())
        }
        _ => usage(format!("0x{text}: bad hexadecimal digits")),
    }
}

/// Six numbers with colons between.
pub(crate) fn mac(text: &str) -> Result<[u8; 6]> {
    let parts: Vec<u8> =
        text.split(':').filter_map(|part| u8::from_str_radix(part, 16).ok()).collect();
    match <[u8; 6]>::try_from(parts) {
        Ok(mac) if text.split(':').count() == 6 => Ok(mac),
        _ => usage(format!("{text}: no address like 00:11:22:33:44:55")),
    }
}

/// Six bytes with colons between.
pub(crate) fn show_mac(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

/// A network's name as text; what cannot be printed is shown in hexadecimal, all of it.
pub(crate) fn show_network(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_string(),
        _ => format!("0x{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses() {
        assert_eq!(network("tern").unwrap(), b"tern");
        assert_eq!(network("0x00ff").unwrap(), [0, 255]);
        assert!(network("0x0").is_err());
        assert!(network(&"x".repeat(33)).is_err());
        assert_eq!(mac("0:e0:4c:1:2:ff").unwrap(), [0, 0xe0, 0x4c, 1, 2, 0xff]);
        assert!(mac("00:e0:4c:01:02").is_err());
        assert!(mac("00:e0:4c:01:02:xx:03").is_err());
        assert_eq!(show_network(&[0, 1]), "0x0001");
        assert_eq!(show_network("é".as_bytes()), "é");
    }

    #[test]
    fn values_of_words() {
        let all: Vec<String> = ["channel", "6", "x"].map(str::to_string).into();
        let mut words = Words::new(&all);
        assert_eq!(words.take(), Some("channel"));
        assert_eq!(words.take_number(), Some(6));
        assert_eq!(words.take_number(), None);
        assert!(words.number("bssid").is_err());
        assert!(words.value("bssid").is_err());
    }
}
