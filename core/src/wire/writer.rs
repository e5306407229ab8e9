// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Writes frames and elements into a buffer that may turn out too short.

use zerocopy::{Immutable, IntoBytes};

/// A place in a buffer. What does not fit is not written, and [`Writer::finish`] says so.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
    is_short: bool,
}

impl<'a> Writer<'a> {
    /// Writes to `out`, from its start.
    pub const fn new(out: &'a mut [u8]) -> Self {
        Self { out, at: 0, is_short: false }
    }

    /// Appends bytes: all, or none if they do not fit.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let rest = self.out.get_mut(self.at..).unwrap_or_default();
        match rest.get_mut(..bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.at += bytes.len();
            }
            None => self.is_short = true,
        }
        self
    }

    /// Appends a structure as it lies in memory.
    pub fn view<T: IntoBytes + Immutable>(&mut self, view: &T) -> &mut Self {
        self.bytes(view.as_bytes())
    }

    /// Appends a number, least significant byte first.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Appends an element; a body above 255 bytes does not fit either.
    pub fn element(&mut self, id: u8, body: &[u8]) -> &mut Self {
        match u8::try_from(body.len()) {
            Ok(len) => {
                let start = self.at;
                self.bytes(&[id, len]).bytes(body);
                if self.is_short {
                    self.at = start; // No half elements.
                }
            }
            Err(_) => self.is_short = true,
        }
        self
    }

    /// How many bytes were written; `None` if something did not fit.
    pub const fn finish(&self) -> Option<usize> {
        if self.is_short { None } else { Some(self.at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_said() {
        let mut out = [0; 6];
        assert_eq!(Writer::new(&mut out).element(0, b"abcd").finish(), Some(6));
        assert_eq!(Writer::new(&mut out).element(0, b"abcde").finish(), None);
        assert_eq!(Writer::new(&mut [0; 400]).element(0, &[0; 256]).finish(), None);
        assert_eq!(Writer::new(&mut out).u16(0x0102).bytes(b"x").finish(), Some(3));
        assert_eq!(out[..3], [2, 1, b'x']);
    }
}
