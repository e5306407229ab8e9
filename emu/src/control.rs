// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The control socket: commands, one a line, each answered by one line of JSON.

use std::{
    io::{Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::Context as _;
use tern_sim::chip::Injection;

use crate::link::is_temporary;

/// Longest line.
const LINE_MAX: usize = 1024;
/// Clients at a time; more are turned away.
const CLIENTS_MAX: usize = 16;

/// What can be asked for.
pub(crate) const HELP: &str =
    "unplug N | plug N | unplug-after N TRANSFERS | stats | fault NAME | help | quit";

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Unplug(usize),
    Plug(usize),
    UnplugAfter(usize, u64),
    Stats,
    Fault(Injection),
    Help,
    Quit,
}

impl FromStr for Command {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let radio = |word: &str| word.parse().map_err(|_| format!("{word:?} is no radio's number"));
        match words[..] {
            ["unplug", n] => Ok(Self::Unplug(radio(n)?)),
            ["plug", n] => Ok(Self::Plug(radio(n)?)),
            ["unplug-after", n, count] => {
                let count = count.parse().ok().filter(|count| *count > 0);
                let count = count.ok_or("the number of transfers is 1 or more")?;
                Ok(Self::UnplugAfter(radio(n)?, count))
            }
            ["stats"] => Ok(Self::Stats),
            ["fault", name] => name.parse().map(Self::Fault),
            ["help"] => Ok(Self::Help),
            ["quit"] => Ok(Self::Quit),
            _ => Err(format!("{line:?} is no command; there are {HELP}")),
        }
    }
}

/// One who is connected.
pub(crate) struct Client {
    pub(crate) stream: UnixStream,
    line: Vec<u8>,
    is_open: bool,
}

impl Client {
    /// Lines that have come; an empty list may also mean that the client has gone.
    pub(crate) fn lines(&mut self) -> Vec<String> {
        let mut buffer = [0; LINE_MAX];
        match self.stream.read(&mut buffer) {
            Ok(0) => self.is_open = false,
            Ok(len) => self.line.extend_from_slice(&buffer[..len]),
            Err(error) if is_temporary(&error) => {}
            Err(_) => self.is_open = false,
        }
        let mut lines = Vec::new();
        while let Some(end) = self.line.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.line.drain(..=end).collect();
            lines.push(String::from_utf8_lossy(&line).trim().to_owned());
        }
        if self.line.len() > LINE_MAX {
            self.is_open = false;
        }
        lines
    }

    /// Answers with one line. A client that does not read is cut off.
    pub(crate) fn answer(&mut self, line: &str) {
        let line = format!("{line}\n");
        // Answers are short against a socket's buffer; waiting for a client would stop the air.
        if self.stream.write_all(line.as_bytes()).is_err() {
            self.is_open = false;
        }
    }
}

/// The socket and who is connected to it.
pub(crate) struct Control {
    pub(crate) listener: UnixListener,
    path: PathBuf,
    pub(crate) clients: Vec<Client>,
}

impl Control {
    pub(crate) fn listen(path: &Path) -> anyhow::Result<Self> {
        // What an earlier run left behind; a file that is no socket stays and binding fails.
        if UnixStream::connect(path).is_err() && is_socket(path) {
            std::fs::remove_file(path).with_context(|| format!("removing {}", path.display()))?;
        }
        let listener =
            UnixListener::bind(path).with_context(|| format!("listening at {}", path.display()))?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, path: path.to_owned(), clients: Vec::new() })
    }

    /// Takes a new client, and forgets those that have gone.
    pub(crate) fn accept(&mut self) {
        self.clients.retain(|client| client.is_open);
        while let Ok((stream, _)) = self.listener.accept() {
            if self.clients.len() < CLIENTS_MAX && stream.set_nonblocking(true).is_ok() {
                self.clients.push(Client { stream, line: Vec::new(), is_open: true });
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // It may be gone already; nobody needs to know.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands() {
        assert_eq!("unplug 1".parse(), Ok(Command::Unplug(1)));
        assert_eq!(" plug  0 ".parse(), Ok(Command::Plug(0)));
        assert_eq!("unplug-after 0 17".parse(), Ok(Command::UnplugAfter(0, 17)));
        assert_eq!("fault mailbox-stuck".parse(), Ok(Command::Fault(Injection::MailboxStuck)));
        for wrong in ["", "unplug", "unplug x", "unplug-after 0 0", "fault x", "stats 1", "\u{0}"] {
            assert!(wrong.parse::<Command>().is_err(), "{wrong:?}");
        }
    }
}
