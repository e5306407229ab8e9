// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Reads the tables that say what becomes of each request (`ioctls.tsv`) and which errno malformed
//! ones get (`errnos.tsv`), and tries every row.

use std::{string::String, string::ToString, vec::Vec};

use super::Errno;
use crate::{control::Failure, types::MacAddr};

/// The arguments of a request, as a table writes them: `val=`, `len=`, `hex=`, `addr`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Example {
    pub(crate) val: i16,
    pub(crate) len: u16,
    bytes: Vec<u8>,
    has_addr: bool,
}

impl Example {
    fn parse(text: &str) -> Self {
        let mut it = Self::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            match word.split_once('=') {
                Some(("val", value)) => it.val = value.parse().unwrap(),
                Some(("len", value)) => it.len = value.parse().unwrap(),
                Some(("hex", digits)) => {
                    it.bytes = (0..digits.len() / 2)
                        .map(|n| u8::from_str_radix(&digits[2 * n..2 * n + 2], 16).unwrap())
                        .collect();
                }
                None if word == "addr" => it.has_addr = true,
                _ => panic!("{word}"),
            }
        }
        it
    }

    /// What the user's pointer points to.
    pub(crate) fn bytes(&self, addr: MacAddr) -> Vec<u8> {
        let mut bytes = if self.has_addr { addr.0.to_vec() } else { Vec::new() };
        bytes.extend(&self.bytes);
        bytes.resize(bytes.len().max(self.len.into()).max(256), 0);
        bytes
    }
}

fn errno(name: &str) -> Result<(), Errno> {
    Err(match name {
        "ok" => return Ok(()),
        "EPERM" => Errno::Perm,
        "ENOENT" => Errno::NoEnt,
        "EIO" => Errno::Io,
        "ENXIO" => Errno::NxIo,
        "E2BIG" => Errno::TooBig,
        "EFAULT" => Errno::Fault,
        "EBUSY" => Errno::Busy,
        "ENODEV" => Errno::NoDev,
        "EINVAL" => Errno::Inval,
        "ENOTTY" => Errno::NoTty,
        "EINPROGRESS" => Errno::InProgress,
        "EOPNOTSUPP" => Errno::OpNotSupp,
        "EADDRNOTAVAIL" => Errno::AddrNotAvail,
        "ENETDOWN" => Errno::NetDown,
        other => panic!("no errno {other}"),
    })
}

fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|row| row.split('\t').collect())
}

/// Tries get and set of every row; numbers that are not listed have to be invalid. `try_it` gets the
/// number, whether to set, and the example.
pub(crate) fn walk_ioctls(
    text: &str,
    try_it: &mut dyn FnMut(u16, bool, &Example) -> Result<(), Errno>,
) {
    let mut listed = Vec::new();
    let mut refused = 0;
    for row in rows(text) {
        let [number, name, get, get_example, set, set_example, state, why] = row[..] else {
            panic!("eight columns: {row:?}");
        };
        let number: u16 = number.parse().unwrap();
        assert!(!listed.contains(&number), "{number} is listed twice");
        listed.push(number);
        assert!(matches!(state, "done" | "kept" | "not"), "{row:?}");
        assert!(state == "done" || !why.is_empty(), "{name}: no reason");
        for (is_set, expected, example) in [(false, get, get_example), (true, set, set_example)] {
            let answer = try_it(number, is_set, &Example::parse(example));
            assert_eq!(answer, errno(expected), "{name} set {is_set} {example}");
        }
        refused += usize::from(state == "not");
    }
    assert!(refused < listed.len() / 2);
    for number in (0..300).filter(|number| !listed.contains(number)) {
        for is_set in [false, true] {
            let answer = try_it(number, is_set, &Example::default());
            assert_eq!(answer, Err(Errno::Inval), "{number} set {is_set}");
        }
    }
}

/// A malformed request: what it is, in which circumstances.
pub(crate) struct Case {
    pub(crate) command: String,
    pub(crate) number: u16,
    circumstances: Vec<String>,
    pub(crate) example: Example,
}

impl Case {
    /// Whether a circumstance holds.
    pub(crate) fn has(&self, what: &str) -> bool {
        self.circumstances.iter().any(|it| it == what)
    }

    /// What core says, if it refuses.
    pub(crate) fn refusal(&self) -> Option<Failure> {
        let said =
            [("busy", Failure::Busy), ("coredown", Failure::Down), ("failed", Failure::Timeout)];
        said.into_iter().find(|(name, _)| self.has(name)).map(|(_, failure)| failure)
    }
}

/// Tries every row.
pub(crate) fn walk_errnos(text: &str, try_it: &mut dyn FnMut(&Case) -> Result<(), Errno>) {
    let mut kinds = Vec::new();
    for row in rows(text) {
        let [command, number, name, circumstances, example, expected, why] = row[..] else {
            panic!("seven columns: {row:?}");
        };
        assert!(!why.is_empty(), "{row:?}: no source");
        let case = Case {
            command: command.to_string(),
            number: number.parse().unwrap_or_else(|_| panic!("{row:?}")),
            circumstances: circumstances.split(' ').map(ToString::to_string).collect(),
            example: Example::parse(example),
        };
        assert_eq!(try_it(&case), errno(expected), "{command} {name} {circumstances} {example}");
        if !kinds.contains(&expected) {
            kinds.push(expected);
        }
    }
    assert!(kinds.len() > 5, "a table of one errno checks nothing");
}
