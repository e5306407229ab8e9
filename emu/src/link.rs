// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The socket to one QEMU: connects, reads and writes without waiting.

use std::{
    io::{ErrorKind, Read, Write},
    os::{
        fd::BorrowedFd,
        unix::{fs::FileTypeExt as _, net::UnixStream},
    },
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use rustix::fd::AsFd as _;
use tern_sim::air::Micros;

/// Time between two tries to connect.
const RETRY_US: Micros = 20_000;
/// Bytes read at once.
const READ_LEN: usize = 64 * 1024;

/// A connection, or the wish for one.
pub(crate) struct Link {
    path: PathBuf,
    stream: Option<UnixStream>,
    retry_at: Micros,
}

impl Link {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, stream: None, retry_at: 0 }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.stream.is_some()
    }

    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.stream.as_ref().map(|stream| stream.as_fd())
    }

    /// When to try to connect again.
    pub(crate) fn next_event(&self) -> Option<Micros> {
        self.stream.is_none().then_some(self.retry_at)
    }

    /// Connects if it is time to; true when the connection is new. A socket that is not there yet is no
    /// error.
    pub(crate) fn connect(&mut self, now: Micros) -> anyhow::Result<bool> {
        if self.stream.is_some() || self.retry_at > now {
            return Ok(false);
        }
        match UnixStream::connect(&self.path) {
            Ok(stream) => {
                stream.set_nonblocking(true).context("making a socket non-blocking")?;
                self.stream = Some(stream);
                Ok(true)
            }
            Err(error) => {
                let is_absent = matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::WouldBlock
                );
                if !is_absent || is_something_else(&self.path) {
                    return Err(error)
                        .with_context(|| format!("connecting to {}", self.path.display()));
                }
                self.retry_at = now + RETRY_US;
                Ok(false)
            }
        }
    }

    /// Gives up the connection.
    pub(crate) fn hang_up(&mut self, now: Micros) {
        self.stream = None;
        self.retry_at = now + RETRY_US;
    }

    /// What has come; `None` when the other side has hung up. Empty when there is nothing.
    pub(crate) fn read<'a>(&mut self, buffer: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        buffer.resize(READ_LEN, 0);
        let stream = self.stream.as_mut()?;
        match stream.read(buffer) {
            Ok(0) => None,
            Ok(len) => Some(&buffer[..len]),
            Err(error) if is_temporary(&error) => Some(&[]),
            Err(_) => None,
        }
    }

    /// Writes what the socket takes; `out` keeps the rest. False when the other side has hung up.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(stream) = self.stream.as_mut() else { return false };
        let mut done = 0;
        while done < out.len() {
            match stream.write(&out[done..]) {
                Ok(0) => return false,
                Ok(len) => done += len,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return false,
            }
        }
        out.drain(..done);
        true
    }
}

/// Whether there is a file that is no socket: it will not become one.
fn is_something_else(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| !metadata.file_type().is_socket())
}

/// Whether it is worth trying again.
pub(crate) fn is_temporary(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
