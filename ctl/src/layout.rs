// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The systems' structs by the names of their fields, from the tables that core's own structs and the
//! systems' headers are compared with.

use anyhow::{Context as _, Result, bail};

use crate::Os;

fn table(os: Os) -> &'static str {
    match os {
        Os::Freebsd => include_str!("../../core/src/abi/layouts/freebsd.tsv"),
        Os::Netbsd => include_str!("../../core/src/abi/layouts/netbsd.tsv"),
        Os::Openbsd => include_str!("../../core/src/abi/layouts/openbsd.tsv"),
    }
}

/// Size, and fields with place and size.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    name: &'static str,
    /// Bytes of the struct.
    pub(crate) size: usize,
    fields: Vec<(&'static str, usize, usize)>,
}

/// Finds a struct.
pub(crate) fn find(os: Os, name: &'static str) -> Result<Layout> {
    let mut layout = Layout { name, size: 0, fields: Vec::new() };
    for row in table(os).lines() {
        let columns: Vec<&'static str> = row.split('\t').collect();
        let [struct_name, size, field, offset, len] = columns[..] else { continue };
        if struct_name == name {
            layout.size = size.parse()?;
            layout.fields.push((field, offset.parse()?, len.parse()?));
        }
    }
    if layout.fields.is_empty() {
        bail!("{} has no struct {name}", os.name());
    }
    Ok(layout)
}

impl Layout {
    fn field(&self, field: &str) -> Result<(usize, usize)> {
        let found = self.fields.iter().find(|(name, ..)| *name == field);
        let (_, offset, len) =
            found.with_context(|| format!("struct {} has no {field}", self.name))?;
        Ok((*offset, *len))
    }

    /// Where a field is.
    pub(crate) fn offset(&self, field: &str) -> Result<usize> {
        Ok(self.field(field)?.0)
    }

    /// The bytes of a field in `bytes`, which begin with the struct.
    pub(crate) fn bytes<'a>(&self, bytes: &'a [u8], field: &str) -> Result<&'a [u8]> {
        let (offset, len) = self.field(field)?;
        bytes.get(offset..offset + len).with_context(|| format!("{} is too short", self.name))
    }

    /// A field that is a number.
    pub(crate) fn number(&self, bytes: &[u8], field: &str) -> Result<u64> {
        Ok(number(self.bytes(bytes, field)?))
    }
}

/// A number of up to eight bytes, little endian.
pub(crate) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |all, byte| all << 8 | u64::from(*byte))
}

/// A struct being filled in, zero at first.
pub(crate) struct Bytes {
    layout: Layout,
    bytes: Vec<u8>,
}

impl Bytes {
    /// All zero.
    pub(crate) fn new(os: Os, name: &'static str) -> Result<Self> {
        let layout = find(os, name)?;
        Ok(Self { bytes: vec![0; layout.size], layout })
    }

    /// Sets a field to bytes; what is left of it stays zero.
    pub(crate) fn set(mut self, field: &str, value: &[u8]) -> Result<Self> {
        let (offset, len) = self.layout.field(field)?;
        if value.len() > len {
            bail!("{} bytes for {field}, which has {len}", value.len());
        }
        self.bytes[offset..offset + value.len()].copy_from_slice(value);
        Ok(self)
    }

    /// Sets a field to a number.
    pub(crate) fn put(self, field: &str, value: u64) -> Result<Self> {
        let (_, len) = self.layout.field(field)?;
        let bytes = value.to_le_bytes();
        self.set(field, &bytes[..len.min(8)])
    }

    /// The bytes.
    pub(crate) fn done(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structs_are_filled_in_by_name() {
        let req = Bytes::new(Os::Freebsd, "ieee80211req").unwrap();
        let req = req.set("i_name", b"wlan0").unwrap().put("i_type", 9).unwrap();
        let bytes = req.done();
        assert_eq!(bytes.len(), 32);
        assert_eq!((&bytes[..6], bytes[16], bytes[17]), (&b"wlan0\0"[..], 9, 0));
        let layout = find(Os::Freebsd, "ieee80211req").unwrap();
        assert_eq!(layout.number(&bytes, "i_type").unwrap(), 9);
        assert!(layout.number(&bytes[..10], "i_type").is_err());
        let too_long = Bytes::new(Os::Freebsd, "ieee80211req").unwrap().set("i_name", &[1; 17]);
        assert!(too_long.is_err());
        assert!(find(Os::Netbsd, "nothing").is_err());
    }
}
