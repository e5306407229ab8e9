// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A WPA2 join as the capture of the air shows it: the 4-way handshake and, decrypted with the
//! passphrase, the pings.

use std::path::Path;

use anyhow::{Result, bail};

use super::tshark;
use crate::run::options::Args;

/// What was seen.
pub(in crate::run) struct Seen {
    /// Frames on the air.
    pub(in crate::run) frames: usize,
    /// Echo requests and replies that the passphrase opened.
    pub(in crate::run) requests: usize,
    /// See `requests`.
    pub(in crate::run) replies: usize,
}

/// Looks for the four messages in order and for decrypted pings both ways.
///
/// # Errors
///
/// tshark failed, or something is not there.
pub(in crate::run) fn check(capture: &Path, args: &Args) -> Result<Seen> {
    let frames = tshark::fields(capture, "", &["frame.number"], &[])?.len();
    let number = "wlan_rsna_eapol.keydes.msgnr";
    let messages = tshark::fields(capture, number, &[number], &[])?.concat();
    if !contains_handshake(&messages) {
        bail!("the air's capture has no 4-way handshake: messages {messages:?}");
    }
    let options = tshark::decryption(&args.ssid, &args.psk, args.psk_is_key());
    let filter = "icmp && wlan.fc.protected == 1";
    let types = tshark::fields(capture, filter, &["icmp.type"], &options)?.concat();
    let count = |wanted: &str| types.iter().filter(|kind| *kind == wanted).count();
    let seen = Seen { frames, requests: count("8"), replies: count("0") };
    if seen.requests == 0 || seen.replies == 0 {
        bail!(
            "decrypted with the passphrase, the air's capture shows {} pings and {} answers",
            seen.requests,
            seen.replies
        );
    }
    Ok(seen)
}

/// Whether the messages 1, 2, 3, 4 come in this order (repetitions may be in between).
fn contains_handshake(messages: &[String]) -> bool {
    let mut wanted = ["1", "2", "3", "4"].into_iter().peekable();
    for message in messages {
        if wanted.peek() == Some(&message.as_str()) {
            wanted.next();
        }
    }
    wanted.peek().is_none()
}

#[cfg(test)]
mod tests {
    use super::contains_handshake;

    #[test]
    fn order_of_messages() {
        let is = |text: &str| {
            contains_handshake(&text.split(' ').map(str::to_owned).collect::<Vec<_>>())
        };
        assert!(is("1 2 3 4"));
        assert!(is("1 1 2 1 2 3 3 4"));
        assert!(!is("1 2 3"));
        assert!(!is("4 3 2 1"));
        assert!(!is(""));
    }
}
