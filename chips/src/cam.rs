// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The key table of the encryption engine.

use bitfield_struct::bitfield;
use tern_core::{
    chip::{ChipError, ChipKey, RegisterBus},
    os::Sleepable,
    types::{Cipher, MacAddr},
};

use crate::{
    access::Access,
    regs::mac::{Camcmd, Camwrite, Seccfg},
};

/// Words of an entry.
const ENTRY: u16 = 8;

/// Word 0 of an entry.
#[bitfield(u32)]
struct Ctl0 {
    #[bits(2)]
    key_id: u8,
    #[bits(3)]
    algo: u8,
    __: bool,
    group: bool,
    __: u8,
    valid: bool,
    mac_low: u16,
}

/// The engine's name of a cipher; `None` for what it cannot do.
const fn algo(cipher: Cipher) -> Option<u8> {
    match cipher {
        Cipher::Wep40 => Some(1),
        Cipher::Tkip => Some(2),
        Cipher::Ccmp => Some(4),
        Cipher::Wep104 => Some(5),
        Cipher::BipCmac => None,
    }
}

/// The words of an entry. Only the first 16 bytes of a TKIP key are for the engine; the Michael
/// keys behind are software's.
fn words(key: &ChipKey<'_>) -> Result<[u32; 8], ChipError> {
    let algo = algo(key.cipher).ok_or(ChipError::Unsupported)?;
    if key.bytes.len() != key.cipher.key_len() {
        return Err(ChipError::Unsupported);
    }
    // Group keys are found by their identifier, not by an address.
    let MacAddr([a, b, c, d, e, f]) = if key.is_group { MacAddr::BROADCAST } else { key.addr };
    let ctl0 = Ctl0::new()
        .with_key_id(key.index & 3)
        .with_algo(algo)
        .with_group(key.is_group)
        .with_valid(true)
        .with_mac_low(u16::from_le_bytes([a, b]));
    let mut words = [ctl0.into_bits(), u32::from_le_bytes([c, d, e, f]), 0, 0, 0, 0, 0, 0];
    for (word, bytes) in words.iter_mut().skip(2).zip(key.bytes.chunks(4).take(4)) {
        let mut whole = [0; 4];
        for (to, from) in whole.iter_mut().zip(bytes) {
            *to = *from;
        }
        *word = u32::from_le_bytes(whole);
    }
    Ok(words)
}

/// Empties the table and switches the engine on: data in both directions, group keys by their
/// identifier.
pub(crate) fn init<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
) -> Result<(), ChipError> {
    io.set(cx, Camcmd::new().with_polling(true).with_clr(true))?;
    let how = Seccfg::new()
        .with_txuckey_def(true)
        .with_rxuckey_def(true)
        .with_txenc_ena(true)
        .with_rxdec_ena(true)
        .with_txbckey_def(true)
        .with_rxbckey_def(true);
    io.set(cx, how)
}

/// Writes a key; its first word, which makes it valid, comes last.
pub(crate) fn set<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    key: &ChipKey<'_>,
) -> Result<(), ChipError> {
    let words = words(key)?;
    for index in [6, 7, 2, 3, 4, 5, 1, 0_u8] {
        let word = words.get(usize::from(index)).copied().unwrap_or(0);
        write(io, cx, key.slot, index, word)?;
    }
    Ok(())
}

/// Removes a key: first what makes it valid, then the key itself.
pub(crate) fn clear<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    slot: u8,
) -> Result<(), ChipError> {
    for index in [0, 1, 2, 3, 4, 5] {
        write(io, cx, slot, index, 0)?;
    }
    Ok(())
}

/// Writes one word. The engine takes it before another transfer can come.
fn write<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    slot: u8,
    index: u8,
    word: u32,
) -> Result<(), ChipError> {
    let addr = u16::from(slot) * ENTRY + u16::from(index);
    io.set(cx, Camwrite(word))?;
    io.set(cx, Camcmd::new().with_polling(true).with_write(true).with_addr(addr))
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::tests::RecordingBus;

    fn bytes<const N: usize>() -> [u8; N] {
        core::array::from_fn(|n| u8::try_from(n).unwrap())
    }

    #[test]
    fn a_pairwise_key() {
        let (bus, log) = RecordingBus::new();
        let mut io = Access::new(bus);
        io.begin(1_000_000);
        let key = ChipKey {
            slot: 5,
            addr: MacAddr([0x00, 0x11, 0x22, 0x33, 0x44, 0x55]),
            is_group: false,
            index: 0,
            cipher: Cipher::Ccmp,
            bytes: &bytes::<16>(),
        };
        set(&mut io, &mut Sleepable::enter_from_shim(), &key).unwrap();
        let expect = [
            (0x0000_0000, 0x8001_002e),
            (0x0000_0000, 0x8001_002f),
            (0x0302_0100, 0x8001_002a),
            (0x0706_0504, 0x8001_002b),
            (0x0b0a_0908, 0x8001_002c),
            (0x0f0e_0d0c, 0x8001_002d),
            (0x5544_3322, 0x8001_0029),
            (0x1100_8010, 0x8001_0028),
        ];
        let expect: vec::Vec<_> =
            expect.iter().flat_map(|(data, command)| [(0x674, *data), (0x670, *command)]).collect();
        assert_eq!(log.writes32(), expect);
    }

    #[test]
    fn other_ciphers() {
        let all = bytes::<32>();
        let key = |cipher, len, is_group| ChipKey {
            slot: 1,
            addr: MacAddr([2; 6]),
            is_group,
            index: 1,
            cipher,
            bytes: &all[..len],
        };
        let first = |key: ChipKey<'_>| words(&key).map(|words| words[0]);
        assert_eq!(first(key(Cipher::Tkip, 32, false)), Ok(0x0202_8009));
        assert_eq!(first(key(Cipher::Ccmp, 16, true)), Ok(0xffff_8051));
        let wep = words(&key(Cipher::Wep40, 5, true)).unwrap();
        assert_eq!(wep[2..], [0x0302_0100, 0x04, 0, 0, 0, 0]);
        let tkip = words(&key(Cipher::Tkip, 32, false)).unwrap();
        assert_eq!(tkip[5..], [0x0f0e_0d0c, 0, 0], "Michael keys stay outside");
        assert!(first(key(Cipher::Ccmp, 15, false)).is_err());
        assert!(first(key(Cipher::BipCmac, 16, true)).is_err());
    }
}
