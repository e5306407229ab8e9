// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The memory that a kernel sees of this process: pieces at addresses that are only names.

/// Where the first piece is, and how far apart they are: more than the largest piece.
const FIRST: u64 = 0x7f00_0000_0000;
const STRIDE: u64 = 0x1000_0000;

/// Pieces of memory by address.
#[derive(Default)]
pub(crate) struct Memory {
    pieces: Vec<Vec<u8>>,
}

/// An address.
pub(crate) type Address = u64;

impl Memory {
    /// Puts bytes somewhere and says where.
    pub(crate) fn place(&mut self, bytes: Vec<u8>) -> Address {
        self.pieces.push(bytes);
        FIRST + STRIDE * (self.pieces.len() as u64 - 1)
    }

    /// The bytes that were placed at `at`.
    pub(crate) fn piece(&self, at: Address) -> &[u8] {
        let index = at.checked_sub(FIRST).and_then(|at| usize::try_from(at / STRIDE).ok());
        index.and_then(|index| self.pieces.get(index)).map_or(&[], Vec::as_slice)
    }

    /// What the kernel reads, if it is all there.
    pub(crate) fn read(&self, at: Address, len: usize) -> Option<&[u8]> {
        let (index, from) = place(at)?;
        self.pieces.get(index)?.get(from..from.checked_add(len)?)
    }

    /// What the kernel writes; false if that does not fit.
    pub(crate) fn write(&mut self, at: Address, bytes: &[u8]) -> bool {
        let target = place(at).and_then(|(index, from)| {
            self.pieces.get_mut(index)?.get_mut(from..from.checked_add(bytes.len())?)
        });
        target.map(|target| target.copy_from_slice(bytes)).is_some()
    }
}

/// The piece that an address is in, and the offset.
fn place(at: Address) -> Option<(usize, usize)> {
    let at = at.checked_sub(FIRST)?;
    Some((usize::try_from(at / STRIDE).ok()?, usize::try_from(at % STRIDE).ok()?))
}

#[cfg(test)]
mod tests {
    use super::Memory;

    #[test]
    fn kernels_see_what_was_placed_and_no_more() {
        let mut memory = Memory::default();
        let (a, b) = (memory.place(vec![1, 2, 3]), memory.place(vec![4]));
        assert_eq!(memory.read(a + 1, 2), Some(&[2, 3][..]));
        assert_eq!(memory.read(a + 1, 3), None);
        assert_eq!(memory.read(0, 1), None);
        assert_eq!(memory.read(u64::MAX, usize::MAX), None);
        assert!(memory.write(b, &[9]));
        assert!(!memory.write(b, &[9, 9]));
        assert_eq!(memory.piece(b), [9]);
    }
}
