// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The bytes that come with a join: the names of networks, and their keys.

use crate::{
    control::{JoinInfo, PMK_LEN},
    types::Ssid,
    wire::{bss::Bss, writer::Writer},
};

/// Networks in one list.
pub const LIST_MAX: usize = 8;

/// A body, taken apart.
#[derive(Clone, Copy)]
pub struct JoinBody<'a> {
    /// Of each network the length of its SSID, and the SSID.
    pub names: &'a [u8],
    /// Elements of the user.
    pub elements: &'a [u8],
    /// The key of the one network.
    pmk: Option<&'a [u8; PMK_LEN]>,
    /// Of a list the keys: 0, or 1 and a key, in the order of the names.
    keys: Option<&'a [u8]>,
}

impl<'a> JoinBody<'a> {
    /// Takes it apart; `None` if it is cut off, or of a list if there is more than that.
    pub fn parse(body: &'a [u8], info: &JoinInfo) -> Option<Self> {
        if info.is_list {
            return Self::parse_list(body);
        }
        let (names, rest) = take_name(body)?;
        let none = Self { names, elements: rest, pmk: None, keys: None };
        if !info.has_psk {
            return Some(none);
        }
        let (pmk, elements) = rest.split_first_chunk()?;
        Some(Self { elements, pmk: Some(pmk), ..none })
    }

    fn parse_list(body: &'a [u8]) -> Option<Self> {
        let (count, all) = body.split_first()?;
        let mut rest = all;
        for _ in 0..*count {
            (_, rest) = take_name(rest)?;
        }
        let names = match count {
            0 => &[0], // No name is any: without a network, we look for all.
            _ => all.get(..all.len().checked_sub(rest.len())?)?,
        };
        let keys = rest;
        for _ in 0..*count {
            (_, rest) = take_key(rest)?;
        }
        let is_right = rest.is_empty() && usize::from(*count) <= LIST_MAX;
        is_right.then_some(Self { names, elements: &[], pmk: None, keys: Some(keys) })
    }

    /// Whether it is a list.
    pub const fn is_list(&self) -> bool {
        self.keys.is_some()
    }

    /// The first network of a list that this is, with its key. An empty name is any open network.
    pub fn find(&self, bss: &Bss) -> Option<Option<&'a [u8; PMK_LEN]>> {
        let (mut names, mut keys) = (self.names, self.keys?);
        while let Some((name, other_names)) = take_name(names) {
            let (key, other_keys) = take_key(keys)?;
            (names, keys) = (other_names, other_keys);
            let name = name.get(1..).unwrap_or_default();
            let is_it = match key {
                Some(_) => !name.is_empty() && bss.has_rsn,
                None => !bss.is_protected(),
            };
            if is_it && (name.is_empty() || name == bss.ssid.as_bytes()) {
                return Some(key);
            }
        }
        None
    }

    /// The key for a network that is joined.
    pub fn key_for(&self, bss: Option<&Bss>) -> Option<&'a [u8; PMK_LEN]> {
        self.pmk.or_else(|| self.find(bss?).flatten())
    }
}

/// Writes a list of networks with their keys; `None` if `out` is too short. At most [`LIST_MAX`] are
/// taken.
pub fn emit_list(networks: &[(Ssid, Option<&[u8; PMK_LEN]>)], out: &mut [u8]) -> Option<usize> {
    let networks = networks.get(..LIST_MAX).unwrap_or(networks);
    let mut writer = Writer::new(out);
    writer.bytes(&[u8::try_from(networks.len()).ok()?]);
    for (ssid, _) in networks {
        let name = ssid.as_bytes();
        writer.bytes(&[u8::try_from(name.len()).ok()?]).bytes(name);
    }
    for (_, key) in networks {
        match key {
            Some(key) => writer.bytes(&[1]).bytes(*key),
            None => writer.bytes(&[0]),
        };
    }
    writer.finish()
}

/// Bytes that [`emit_list`] needs at most.
pub const LIST_LEN_MAX: usize = 1 + LIST_MAX * (1 + Ssid::LEN_MAX + 1 + PMK_LEN);

fn take_name(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = usize::from(*bytes.first()?);
    (len <= Ssid::LEN_MAX).then(|| bytes.split_at_checked(len + 1)).flatten()
}

/// A key and what follows it.
type Taken<'a> = (Option<&'a [u8; PMK_LEN]>, &'a [u8]);

fn take_key(bytes: &[u8]) -> Option<Taken<'_>> {
    match bytes {
        [0, rest @ ..] => Some((None, rest)),
        [1, rest @ ..] => rest.split_first_chunk().map(|(key, rest)| (Some(key), rest)),
        _ => None,
    }
}
