// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Reads captures with tshark.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::progress;

/// The fields of every frame that a display filter lets through, one vector a frame.
pub(super) fn fields(
    capture: &Path,
    filter: &str,
    names: &[&str],
    options: &[String],
) -> Result<Vec<Vec<String>>> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(capture).args(["-T", "fields", "-E", "separator=/t"]);
    for option in options {
        command.args(["-o", option]);
    }
    if !filter.is_empty() {
        command.args(["-Y", filter]);
    }
    for name in names {
        command.args(["-e", name]);
    }
    Ok(rows(&progress::stdout(&mut command)?))
}

/// Lines of words between tabs.
fn rows(text: &str) -> Vec<Vec<String>> {
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// The options that let tshark decrypt a network's frames.
pub(super) fn decryption(ssid: &str, psk: &str, is_key: bool) -> Vec<String> {
    let key = if is_key {
        format!("\"wpa-psk\",\"{psk}\"")
    } else {
        format!("\"wpa-pwd\",\"{}:{}\"", percent(psk), percent(ssid))
    };
    vec!["wlan.enable_decryption:TRUE".to_owned(), format!("uat:80211_keys:{key}")]
}

/// Every byte that is not a letter or digit as `%xx`, which Wireshark undoes.
fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{decryption, rows};

    #[test]
    fn rows_of_fields() {
        assert_eq!(rows("1\t\tx\n2\n"), [vec!["1", "", "x"], vec!["2"]]);
        assert!(rows("").is_empty());
    }

    #[test]
    fn keys_are_escaped() {
        let options = decryption("a\"b", "it's: 100%", false);
        assert_eq!(options[1], "uat:80211_keys:\"wpa-pwd\",\"it%27s%3a%20100%25:a%22b\"");
        assert_eq!(decryption("a", "00ff", true)[1], "uat:80211_keys:\"wpa-psk\",\"00ff\"");
    }
}
