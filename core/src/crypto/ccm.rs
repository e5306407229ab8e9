// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! CCM (NIST SP 800-38C, RFC 3610) with AES-128 of RustCrypto, for a tag of 8 bytes and a length
//! of 2, which is what CCMP wants.
//!
//! Not the `ccm` crate (which the tests compare with): its key stream can run out, and the panic
//! for that would be in the data path of a kernel. Here one pass of the cipher, which takes four
//! blocks at a time anyway, computes the next block of the MAC and of the key stream together.

use aes::{
    Aes128Enc, Block,
    cipher::{BlockCipherEncrypt, KeyInit},
};
use subtle::ConstantTimeEq;

/// Bytes of a nonce.
pub(super) const NONCE_LEN: usize = 13;
/// Bytes of a tag.
pub(super) const TAG_LEN: usize = 8;
/// Fewest bytes of additional data: with their length they reach into a second block.
const AAD_MIN: usize = BLOCK_LEN - 1;
/// Most bytes of additional data: with their length they fill two blocks.
pub(super) const AAD_MAX: usize = 2 * BLOCK_LEN - 2;
const BLOCK_LEN: usize = 16;
/// There is additional data, a tag of 8 bytes, a length of 2.
const FLAGS_MAC: u8 = 0x40 | (((8 - 2) / 2) << 3) | FLAGS_STREAM;
/// A length of 2.
const FLAGS_STREAM: u8 = 2 - 1;
const ZERO: Block = aes::cipher::Array([0; BLOCK_LEN]);

/// A key.
pub(super) struct Ccm(Aes128Enc);

/// Which way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Seal,
    Open,
}

/// A computation under way.
struct Run<'a> {
    cipher: &'a Aes128Enc,
    nonce: &'a [u8; NONCE_LEN],
    /// The MAC so far.
    mac: Block,
    /// The next block of the key stream.
    stream: Block,
    /// Its number.
    counter: u16,
}

const fn first_block(flags: u8, nonce: &[u8; NONCE_LEN], last: u16) -> Block {
    let [n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12] = *nonce;
    let [l0, l1] = last.to_be_bytes();
    aes::cipher::Array([flags, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12, l0, l1])
}

fn xor(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to ^= from);
}

impl Run<'_> {
    /// Encrypts the MAC so far, and the next counter.
    fn pass(&mut self) {
        let counter = first_block(FLAGS_STREAM, self.nonce, self.counter);
        let mut blocks = [self.mac, counter, ZERO, ZERO];
        self.cipher.encrypt_blocks(&mut blocks);
        let [mac, stream, ..] = blocks;
        (self.mac, self.stream) = (mac, stream);
    }

    fn text(&mut self, direction: Direction, text: &mut [u8]) {
        for block in text.chunks_mut(BLOCK_LEN) {
            if direction == Direction::Seal {
                xor(&mut self.mac, block);
            }
            xor(block, &self.stream);
            if direction == Direction::Open {
                xor(&mut self.mac, block);
            }
            // Bounded by the length of the text, so it does not wrap.
            self.counter = self.counter.wrapping_add(1);
            self.pass();
        }
    }
}

impl Ccm {
    /// Expands a key.
    pub(super) fn new(key: &[u8; 16]) -> Self {
        Self(Aes128Enc::new(key.into()))
    }

    /// Encrypts `text` in place and returns the tag; `None` if the text is too long, or `aad` not
    /// within its limits.
    pub(super) fn seal(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
    ) -> Option<[u8; TAG_LEN]> {
        self.run(Direction::Seal, nonce, aad, text)
    }

    /// Decrypts `text` in place and says whether `tag` is right; if not, nothing is left of the
    /// text.
    pub(super) fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> bool {
        let computed = self.run(Direction::Open, nonce, aad, text);
        let is_right = computed.is_some_and(|computed| bool::from(computed.ct_eq(tag)));
        if !is_right {
            text.fill(0);
        }
        is_right
    }

    fn run(
        &self,
        direction: Direction,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
    ) -> Option<[u8; TAG_LEN]> {
        let len = u16::try_from(text.len()).ok()?;
        let mac = first_block(FLAGS_MAC, nonce, len);
        let mut run = Run { cipher: &self.0, nonce, mac, stream: ZERO, counter: 0 };
        run.pass();
        let mask = run.stream;

        let mut header = [0; 2 * BLOCK_LEN];
        let (aad_len, rest) = header.split_first_chunk_mut()?;
        (aad.len() >= AAD_MIN).then_some(())?;
        *aad_len = u16::try_from(aad.len()).ok()?.to_be_bytes();
        rest.get_mut(..aad.len())?.copy_from_slice(aad);
        run.counter = 1;
        for block in header.chunks(BLOCK_LEN) {
            xor(&mut run.mac, block);
            run.pass();
        }

        run.text(direction, text);
        xor(&mut run.mac, &mask);
        run.mac.first_chunk().copied()
    }
}

#[cfg(test)]
mod tests {
    use ccm::{
        AeadInOut,
        consts::{U8, U13},
    };
    use proptest::prelude::*;

    use super::*;

    type Oracle = ::ccm::Ccm<Aes128Enc, U8, U13>;

    proptest! {
        /// The `ccm` crate has the same opinion.
        #[test]
        fn agrees_with_another(
            key in any::<[u8; 16]>(), nonce in any::<[u8; 13]>(),
            aad in prop::collection::vec(any::<u8>(), AAD_MIN..=AAD_MAX),
            text in prop::collection::vec(any::<u8>(), 0..200),
            flip in any::<prop::sample::Index>(),
        ) {
            let (mut ours, mut theirs) = (text.clone(), text.clone());
            let tag = Ccm::new(&key).seal(&nonce, &aad, &mut ours).unwrap();
            let oracle = Oracle::from(Aes128Enc::new(&key.into()));
            let buffer = (&mut theirs[..]).into();
            let expected = oracle.encrypt_inout_detached(&nonce.into(), &aad, buffer).unwrap();
            prop_assert_eq!((&ours, &tag[..]), (&theirs, &expected[..]));

            let mut forged = ours.clone();
            let mut forged_tag = tag;
            match forged.get_mut(flip.index(text.len() + 1)) {
                Some(byte) => *byte ^= 1,
                None => forged_tag[0] ^= 1,
            }
            prop_assert!(!Ccm::new(&key).open(&nonce, &aad, &mut forged, &forged_tag));
            prop_assert!(forged.iter().all(|byte| *byte == 0));
            prop_assert!(Ccm::new(&key).open(&nonce, &aad, &mut ours, &tag));
            prop_assert_eq!(ours, text);
        }
    }

    #[test]
    fn what_is_too_long_or_too_short_is_refused() {
        let key = Ccm::new(&[1; 16]);
        assert_eq!(key.seal(&[0; 13], &[0; AAD_MIN - 1], &mut [0; 4]), None);
        assert_eq!(key.seal(&[0; 13], &[0; AAD_MAX + 1], &mut [0; 4]), None);
        let mut long = std::vec![7; 0x1_0000];
        assert_eq!(key.seal(&[0; 13], &[0; 22], &mut long), None);
        assert!(!key.open(&[0; 13], &[0; 22], &mut long, &[0; 8]));
        assert!(long.iter().all(|byte| *byte == 0));
    }
}
