// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The client's side of the host's protocol (rig/PROTOCOL.md).

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::memory::{Address, Memory};

/// Version of the protocol.
const VERSION: u32 = 1;
/// Most bytes of a message.
const LENGTH_MAX: usize = (1 << 20) + 1;

const OPEN: u8 = 1;
const IOCTL: u8 = 2;
const COPIED: u8 = 3;
const SHOW: u8 = 5;
const CONTROL: u8 = 6;
const RESULT: u8 = 16;
const COPYIN: u8 = 17;
const COPYOUT: u8 = 18;
const DATA: u8 = 19;

/// What to open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A socket for ioctls.
    Socket = 1,
    /// A routing socket.
    Route = 2,
}

/// One open file of the host's kernel.
pub(crate) struct Host {
    stream: UnixStream,
    /// What came without having been asked for.
    data: VecDeque<Vec<u8>>,
}

impl Host {
    /// Connects and opens.
    pub(crate) fn open(socket: &Path, kind: Kind) -> Result<Self> {
        let stream = UnixStream::connect(socket).with_context(|| {
            format!("{}: is `cargo xtask host` running there?", socket.display())
        })?;
        let mut host = Self { stream, data: VecDeque::new() };
        let mut payload = VERSION.to_le_bytes().to_vec();
        payload.push(kind as u8);
        host.send(OPEN, &payload)?;
        match host.result(&mut Memory::default())? {
            0 => Ok(host),
            errno => bail!("the host does not open: {}", name(errno)),
        }
    }

    /// Fails unless the host runs the system that was named.
    pub(crate) fn expect_os(&mut self, os: &str) -> Result<()> {
        let runs = self.show("os")?;
        if runs.trim() != os {
            bail!("the host runs {}, not {os}", runs.trim());
        }
        Ok(())
    }

    /// Makes an ioctl; the kernel reads and writes `memory`. An errno is no failure of the call.
    pub(crate) fn ioctl(
        &mut self,
        command: u64,
        argument: Address,
        memory: &mut Memory,
    ) -> Result<i32> {
        let mut payload = command.to_le_bytes().to_vec();
        payload.extend(argument.to_le_bytes());
        self.send(IOCTL, &payload)?;
        self.result(memory)
    }

    /// Text that the host knows by this name.
    pub(crate) fn show(&mut self, what: &str) -> Result<String> {
        self.send(SHOW, what.as_bytes())?;
        match self.result(&mut Memory::default())? {
            0 => {}
            errno => bail!("the host shows no {what:?}: {}", name(errno)),
        }
        let parts: Vec<Vec<u8>> = self.data.drain(..).collect();
        Ok(String::from_utf8_lossy(&parts.concat()).into_owned())
    }

    /// Has the machine do something.
    pub(crate) fn control(&mut self, word: &str) -> Result<()> {
        self.send(CONTROL, word.as_bytes())?;
        match self.result(&mut Memory::default())? {
            0 => Ok(()),
            errno => bail!("{word}: {}", name(errno)),
        }
    }

    /// Waits for data (of a routing socket: one message). `None` after `patience`.
    pub(crate) fn wait(&mut self, patience: Duration) -> Result<Option<Vec<u8>>> {
        if let Some(data) = self.data.pop_front() {
            return Ok(Some(data));
        }
        self.stream.set_read_timeout(Some(patience))?;
        let mut first = [0];
        let peeked = self.stream.read(&mut first);
        self.stream.set_read_timeout(None)?;
        match peeked {
            Ok(0) => bail!("the host went away"),
            Ok(_) => {}
            Err(error) if is_timeout(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        match self.receive_after(&first)? {
            (DATA, payload) => Ok(Some(payload)),
            (kind, _) => bail!("the host sent a message of kind {kind} out of turn"),
        }
    }

    fn send(&mut self, kind: u8, payload: &[u8]) -> Result<()> {
        let len = u32::try_from(payload.len() + 1).context("a message that is too long")?;
        let mut message = len.to_le_bytes().to_vec();
        message.push(kind);
        message.extend(payload);
        self.stream.write_all(&message).context("the host went away")
    }

    fn receive_after(&mut self, begun: &[u8]) -> Result<(u8, Vec<u8>)> {
        let mut head = [0; 4];
        head[..begun.len()].copy_from_slice(begun);
        self.stream.read_exact(&mut head[begun.len()..]).context("the host went away")?;
        let len = u32::from_le_bytes(head) as usize;
        if len == 0 || len > LENGTH_MAX {
            bail!("the host sent a message of {len} bytes");
        }
        let mut message = vec![0; len];
        self.stream.read_exact(&mut message).context("the host went away")?;
        let payload = message.split_off(1);
        Ok((message[0], payload))
    }

    /// Serves the kernel's copies until it has an answer.
    fn result(&mut self, memory: &mut Memory) -> Result<i32> {
        loop {
            let (kind, payload) = self.receive_after(&[])?;
            match kind {
                RESULT => {
                    let number = payload.get(..4).and_then(|bytes| bytes.try_into().ok());
                    return Ok(i32::from_le_bytes(number.context("a result without a number")?));
                }
                COPYIN => {
                    let (at, rest) = address(&payload)?;
                    let len = rest.get(..4).and_then(|bytes| bytes.try_into().ok());
                    let len = u32::from_le_bytes(len.context("a copy without a length")?);
                    let mut answer = vec![0];
                    if let Some(bytes) = memory.read(at, len as usize) {
                        answer[0] = 1;
                        answer.extend(bytes);
                    }
                    self.send(COPIED, &answer)?;
                }
                COPYOUT => {
                    let (at, bytes) = address(&payload)?;
                    let done = memory.write(at, bytes);
                    self.send(COPIED, &[u8::from(done)])?;
                }
                DATA => self.data.push_back(payload),
                other => bail!("the host sent a message of unknown kind {other}"),
            }
        }
    }
}

/// The address at the beginning of a payload, and the rest.
fn address(payload: &[u8]) -> Result<(Address, &[u8])> {
    let (head, rest) = payload.split_at_checked(8).context("a copy without an address")?;
    Ok((u64::from_le_bytes(head.try_into()?), rest))
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

/// An errno in words; the numbers are those that the three systems share.
pub(crate) fn name(errno: i32) -> String {
    let known = [
        (1, "Operation not permitted"),
        (2, "No such file or directory"),
        (4, "Interrupted system call"),
        (5, "Input/output error"),
        (6, "Device not configured"),
        (7, "Argument list too long"),
        (12, "Cannot allocate memory"),
        (13, "Permission denied"),
        (14, "Bad address"),
        (16, "Device busy"),
        (17, "File exists"),
        (19, "Operation not supported by device"),
        (22, "Invalid argument"),
        (25, "Inappropriate ioctl for device"),
        (28, "No space left on device"),
        (45, "Operation not supported"),
        (47, "Address family not supported by protocol family"),
        (50, "Network is down"),
        (55, "No buffer space available"),
        (60, "Operation timed out"),
    ];
    let text = known.iter().find(|(number, _)| *number == errno).map(|(_, text)| *text);
    text.map_or_else(|| format!("error {errno}"), |text| format!("{text} ({errno})"))
}
