// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Messages, as PROTOCOL.md has them.

use std::io::{self, ErrorKind, Read, Write};

/// Longest message, and most bytes of one copy.
const LEN_MAX: usize = 1024 * 1024 + 1;
/// The version that OPEN names.
const VERSION: u32 = 1;

const RESULT: u8 = 16;
const COPYIN: u8 = 17;
const COPYOUT: u8 = 18;
const DATA: u8 = 19;

/// What a connection is opened as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Open {
    Socket,
    Route,
    Bpf { dlt: u32, interface: String },
    Stack,
}

/// A message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Open(Open),
    Ioctl { command: u64, argument: u64 },
    Copied { is_there: bool, bytes: Vec<u8> },
    Write(Vec<u8>),
    Show(String),
    Control(String),
}

/// A message to a client.
#[derive(Debug)]
pub(super) enum Answer<'a> {
    Result(i32),
    CopyIn { address: u64, len: usize },
    CopyOut { address: u64, bytes: &'a [u8] },
    Data(&'a [u8]),
}

fn bad(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.to_owned())
}

/// Takes bytes from the front.
struct Payload<'a>(&'a [u8]);

impl<'a> Payload<'a> {
    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>().ok_or_else(|| bad("too short"))?;
        self.0 = rest;
        Ok(*first)
    }

    fn text(self) -> io::Result<String> {
        String::from_utf8(self.0.to_vec()).map_err(|_| bad("no UTF-8"))
    }

    fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// Reads one message; `None` at the end.
pub(super) fn read(stream: &mut impl Read) -> io::Result<Option<Request>> {
    let mut len = [0; 4];
    match stream.read_exact(&mut len) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let len = u32::from_le_bytes(len) as usize;
    if !(1..=LEN_MAX).contains(&len) {
        return Err(bad("a length out of bounds"));
    }
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes)?;
    parse(&bytes).map(Some)
}

fn parse(bytes: &[u8]) -> io::Result<Request> {
    let mut payload = Payload(bytes);
    let [kind] = payload.take()?;
    Ok(match kind {
        1 => Request::Open(open(payload)?),
        2 => {
            let command = u64::from_le_bytes(payload.take()?);
            Request::Ioctl { command, argument: u64::from_le_bytes(payload.take()?) }
        }
        3 => {
            let [is_there] = payload.take()?;
            Request::Copied { is_there: is_there == 1, bytes: payload.rest().to_vec() }
        }
        4 => Request::Write(payload.rest().to_vec()),
        5 => Request::Show(payload.text()?),
        6 => Request::Control(payload.text()?),
        _ => return Err(bad("an unknown kind")),
    })
}

fn open(mut payload: Payload<'_>) -> io::Result<Open> {
    if u32::from_le_bytes(payload.take()?) != VERSION {
        return Err(bad("another version"));
    }
    let [what] = payload.take()?;
    Ok(match what {
        1 => Open::Socket,
        2 => Open::Route,
        3 => {
            let dlt = u32::from_le_bytes(payload.take()?);
            Open::Bpf { dlt, interface: payload.text()? }
        }
        4 => Open::Stack,
        _ => return Err(bad("nothing that can be opened")),
    })
}

/// Name and rest of what begins with the length of a name.
pub(super) fn named(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (len, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*len))?;
    Some((String::from_utf8(name.to_vec()).ok()?, rest))
}

/// Writes one message.
pub(super) fn write(stream: &mut impl Write, answer: &Answer<'_>) -> io::Result<()> {
    let (kind, payload) = match answer {
        Answer::Result(errno) => (RESULT, errno.to_le_bytes().to_vec()),
        Answer::CopyIn { address, len } => {
            let len = u32::try_from(*len).map_err(|_| bad("too much"))?;
            (COPYIN, [&address.to_le_bytes()[..], &len.to_le_bytes()].concat())
        }
        Answer::CopyOut { address, bytes } => {
            (COPYOUT, [&address.to_le_bytes()[..], bytes].concat())
        }
        Answer::Data(bytes) => (DATA, bytes.to_vec()),
    };
    let len = u32::try_from(payload.len() + 1).map_err(|_| bad("too much"))?;
    stream.write_all(&[&len.to_le_bytes()[..], &[kind], &payload].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, payload: &[u8]) -> Vec<u8> {
        let len = (payload.len() + 1) as u32;
        [&len.to_le_bytes()[..], &[kind], payload].concat()
    }

    #[test]
    fn requests() {
        let open = message(1, &[1, 0, 0, 0, 3, 127, 0, 0, 0, b'w', b'0']);
        let expected = Open::Bpf { dlt: 127, interface: "w0".to_owned() };
        assert_eq!(read(&mut &open[..]).unwrap(), Some(Request::Open(expected)));
        let ioctl = message(2, &[[7_u8, 0, 0, 0, 0, 0, 0, 0], [9, 0, 0, 0, 0, 0, 0, 0]].concat());
        let expected = Request::Ioctl { command: 7, argument: 9 };
        assert_eq!(read(&mut &ioctl[..]).unwrap(), Some(expected));
        assert_eq!(read(&mut &[][..]).unwrap(), None);
    }

    #[test]
    fn garbage() {
        for bytes in [
            message(99, &[]),
            message(1, &[2, 0, 0, 0, 1]),
            message(1, &[1, 0, 0, 0, 9]),
            message(2, &[0; 15]),
            message(5, &[0xff]),
            vec![0, 0, 0, 0],
            vec![0xff, 0xff, 0xff, 0xff],
            vec![5, 0, 0, 0, 4, 1],
        ] {
            assert!(read(&mut &bytes[..]).is_err(), "{bytes:?}");
        }
    }
}
