// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Structures in the memory of the process that made the ioctl.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::{Errno, Host, UserAddr};

impl UserAddr {
    /// The address `bytes` further on.
    #[must_use]
    pub fn plus(self, bytes: usize) -> Self {
        Self(self.0.wrapping_add(u64::try_from(bytes).unwrap_or(0)))
    }
}

/// Copies a structure in. Errors: [`Errno::Fault`].
pub fn read<T: FromBytes + IntoBytes, H: Host>(host: &mut H, from: UserAddr) -> Result<T, Errno> {
    let mut value = T::new_zeroed();
    host.copy_in(from, value.as_mut_bytes())?;
    Ok(value)
}

/// Copies a structure in of which the user gave `len` bytes, which have to be all of it. Errors:
/// [`Errno::Inval`], [`Errno::Fault`].
pub fn read_exact<T: FromBytes + IntoBytes, H: Host>(
    host: &mut H,
    from: UserAddr,
    len: u16,
) -> Result<T, Errno> {
    if usize::from(len) != size_of::<T>() {
        return Err(Errno::Inval);
    }
    read(host, from)
}

/// Copies a structure out. Errors: [`Errno::Fault`].
pub fn write<T: IntoBytes + Immutable, H: Host>(
    host: &mut H,
    value: &T,
    to: UserAddr,
) -> Result<(), Errno> {
    host.copy_out(value.as_bytes(), to)
}

/// Copies out as much of a structure as the user has room for; says how much. Errors:
/// [`Errno::Fault`].
pub fn write_some<T: IntoBytes + Immutable, H: Host>(
    host: &mut H,
    value: &T,
    to: UserAddr,
    room: u16,
) -> Result<u16, Errno> {
    let bytes = value.as_bytes();
    let part = bytes.get(..usize::from(room)).unwrap_or(bytes);
    host.copy_out(part, to)?;
    Ok(u16::try_from(part.len()).unwrap_or(room))
}

/// A stream of bytes to the user that ends where the room ends.
#[derive(Debug)]
pub struct Out {
    at: UserAddr,
    room: usize,
    /// Bytes written.
    pub written: usize,
}

impl Out {
    /// From `at` on for `room` bytes.
    pub const fn new(at: UserAddr, room: usize) -> Self {
        Self { at, room, written: 0 }
    }

    /// Whether so many more bytes fit.
    pub const fn fits(&self, bytes: usize) -> bool {
        bytes <= self.room - self.written
    }

    /// Writes as many of the bytes as fit. Errors: [`Errno::Fault`].
    pub fn put<H: Host>(&mut self, host: &mut H, bytes: &[u8]) -> Result<(), Errno> {
        let part = bytes.get(..self.room - self.written).unwrap_or(bytes);
        if !part.is_empty() {
            host.copy_out(part, self.at.plus(self.written))?;
            self.written += part.len();
        }
        Ok(())
    }
}
