// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The conversation with the guest's script: one line each way over a serial port.
//!
//! `step TEXT`, `value NAME TEXT`, `fail TEXT` and `done` want no answer; `ask WHAT...` and
//! `file NAME SIZE` wait for one line.

/// One line from the guest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Said {
    /// Something was reached.
    Step(String),
    /// A result: name and text.
    Value(String, String),
    /// What follows counts under this name.
    Phase(String),
    /// A command for the emulator.
    Emulator(String),
    /// A file of so many bytes follows on the third port.
    File(String, usize),
    /// It failed.
    Fail(String),
    /// It has carried the scenario out.
    Done,
}

impl Said {
    /// Reads a line; `None` for an empty one.
    ///
    /// # Errors
    ///
    /// The line itself when it is none of the above.
    pub(super) fn parse(line: &str) -> Result<Option<Self>, String> {
        let line = line.trim_end_matches(['\r', '\n', '\0']).trim_start_matches('\0');
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let said = match word {
            "" => return Ok(None),
            "step" => Self::Step(rest.to_owned()),
            "fail" => Self::Fail(rest.to_owned()),
            "done" if rest.is_empty() => Self::Done,
            "value" => {
                let (name, text) = rest.split_once(' ').ok_or(line)?;
                Self::Value(name.to_owned(), text.to_owned())
            }
            "file" => {
                let (name, size) = rest.split_once(' ').ok_or(line)?;
                Self::File(name.to_owned(), size.parse().map_err(|_| line)?)
            }
            "ask" => match rest.split_once(' ') {
                Some(("phase", name)) => Self::Phase(name.to_owned()),
                _ if !rest.is_empty() => Self::Emulator(rest.to_owned()),
                _ => return Err(line.to_owned()),
            },
            _ => return Err(line.to_owned()),
        };
        Ok(Some(said))
    }
}

/// The first line of a kernel's log that no run may have, if there is one.
pub(super) fn kernel_complaint(console: &str) -> Option<&str> {
    const SIGNS: [&str; 11] = [
        "Kernel panic",
        "BUG:",
        "Oops",
        "WARNING: CPU",
        "general protection fault",
        "refcount_t:",
        "rcu: INFO:",
        "blocked for more than",
        "scheduling while atomic",
        "unregister_netdevice: waiting",
        "suspicious RCU usage",
    ];
    console.lines().find(|line| SIGNS.iter().any(|sign| line.contains(sign)))
}

#[cfg(test)]
mod tests {
    use super::{Said, kernel_complaint};

    #[test]
    fn lines() {
        let parse = |line: &str| Said::parse(line).unwrap();
        assert_eq!(parse("step it is up\r\n"), Some(Said::Step("it is up".into())));
        assert_eq!(parse("value pings 5"), Some(Said::Value("pings".into(), "5".into())));
        assert_eq!(parse("ask phase join"), Some(Said::Phase("join".into())));
        assert_eq!(parse("ask unplug 0"), Some(Said::Emulator("unplug 0".into())));
        assert_eq!(parse("ask stats"), Some(Said::Emulator("stats".into())));
        assert_eq!(parse("file pcap 24"), Some(Said::File("pcap".into(), 24)));
        assert_eq!(parse("fail no interface"), Some(Said::Fail("no interface".into())));
        assert_eq!(parse("done"), Some(Said::Done));
        assert_eq!(parse("\0\0done\n"), Some(Said::Done));
        assert_eq!(parse(""), None);
    }

    #[test]
    fn nonsense_is_named() {
        for line in ["hello", "file pcap", "file pcap many", "value x", "ask", "done now"] {
            assert_eq!(Said::parse(line), Err(line.to_owned()), "{line}");
        }
    }

    #[test]
    fn complaints_of_a_kernel() {
        assert_eq!(kernel_complaint("[1.0] usb 1-1: new device\n[2.0] wlan0: up\n"), None);
        let log = "[1.0] fine\n[2.0] WARNING: CPU: 0 PID: 1 at net/x.c:1\n";
        assert_eq!(kernel_complaint(log), Some("[2.0] WARNING: CPU: 0 PID: 1 at net/x.c:1"));
    }
}
