// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Which chip this is, and what its efuse says of the board around it.

use core::ffi::CStr;

use tern_core::{
    chip::{ChipError, Identity, RegisterBus},
    os::Sleepable,
    types::MacAddr,
};

use crate::{
    access::Access,
    efuse,
    regs::{
        bb::Path,
        mac::{HponFsm, SysCfg},
    },
};

/// Bytes of the efuse's map.
const MAP_LEN: usize = 128;
const LAYOUT: efuse::Layout = efuse::Layout { raw_len: 512, has_extended_headers: false };
/// Where, outside of the map, the bias of the amplifiers stands.
const PA_SETTING_AT: u16 = 0x1fa;
/// What every programmed map begins with.
const SIGNATURE: [u8; 2] = [0x29, 0x81];
/// Power of a board whose maker wrote none, half dBm.
const DEFAULT_POWER: u8 = 0x22;

/// A member of the family: who has which tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One stream.
    Rtl8188Cus,
    /// On a mini card.
    Rtl8188CeVau,
    /// With an amplifier.
    Rtl8188Ru,
    /// One stream out, two in.
    Rtl8191Cu,
    /// Two streams.
    Rtl8192Cu,
}

/// What the efuse says. Power is in half dBm, by path and group of channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rom {
    pub(super) mac: MacAddr,
    pub(super) cck: [[u8; 3]; 2],
    pub(super) ht40: [[u8; 3]; 2],
    /// What two streams take away; this and the following are nibbles, path A's the low one.
    pub(super) two_streams: [u8; 3],
    /// What 20 MHz adds, signed.
    pub(super) ht20: [u8; 3],
    /// What OFDM adds.
    pub(super) ofdm: [u8; 3],
    pub(super) ht40_max: [u8; 3],
    pub(super) ht20_max: [u8; 3],
    /// Temperature when it was measured; `None` if nobody did.
    pub(super) thermal: Option<u8>,
    /// 1 is an amplifier, 2 a mini card.
    pub(super) board: u8,
    pub(super) regulatory: u8,
}

/// All that is known of a chip before it is switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Board {
    pub(super) kind: Kind,
    /// An RTL8188C of the first cut from UMC.
    pub(super) is_umc_a_cut: bool,
    pub(super) firmware: Firmware,
    pub(super) rom: Rom,
    /// Raw efuse byte: a cleared bit for each path (and bit 4) asks for less bias.
    pub(super) pa_setting: u8,
}

/// The name of a firmware image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Firmware {
    pub(super) file: &'static CStr,
    pub(super) name: &'static str,
}

const TSMC: Firmware =
    Firmware { file: c"rtlwifi/rtl8192cufw_TMSC.bin", name: "rtlwifi/rtl8192cufw_TMSC.bin" };
const UMC_A: Firmware =
    Firmware { file: c"rtlwifi/rtl8192cufw_A.bin", name: "rtlwifi/rtl8192cufw_A.bin" };
const UMC_B: Firmware =
    Firmware { file: c"rtlwifi/rtl8192cufw_B.bin", name: "rtlwifi/rtl8192cufw_B.bin" };

impl Board {
    /// Asks a chip, which need not be powered on.
    pub(super) fn read<B: RegisterBus>(
        io: &mut Access<B>,
        cx: &mut Sleepable,
    ) -> Result<Self, ChipError> {
        let config: SysCfg = io.get(cx)?;
        if config.trp_vaux_en() {
            return Err(ChipError::Unknown("a test chip"));
        }
        let is_1t2r = config.type_92c() && io.get::<HponFsm>(cx)?.chip_bonding_id() == 1;
        let mut map = [0; MAP_LEN];
        let [pa_setting] = efuse::read(io, cx, LAYOUT, &mut map, [PA_SETTING_AT])?;
        let rom = Rom::parse(&map)?;
        Ok(Self {
            kind: Kind::of(config, is_1t2r, rom.board),
            is_umc_a_cut: !config.type_92c() && config.vendor_umc() && config.chip_ver_rtl() == 0,
            firmware: Firmware::of(config),
            rom,
            pa_setting,
        })
    }

    pub(super) const fn identity(&self) -> Identity {
        let (name, tx_chains, rx_chains) = match self.kind {
            Kind::Rtl8188Cus => ("RTL8188CUS", 1, 1),
            Kind::Rtl8188CeVau => ("RTL8188CE-VAU", 1, 1),
            Kind::Rtl8188Ru => ("RTL8188RU", 1, 1),
            Kind::Rtl8191Cu => ("RTL8191CU", 1, 2),
            Kind::Rtl8192Cu => ("RTL8192CU", 2, 2),
        };
        let (firmware, mac) = (self.firmware.file, self.rom.mac);
        Identity { name, firmware, mac, tx_chains, rx_chains }
    }

    /// Receiving paths; each has a radio.
    pub(super) const fn rx_paths(&self) -> &'static [Path] {
        match self.kind {
            Kind::Rtl8191Cu | Kind::Rtl8192Cu => &[Path::A, Path::B],
            _ => &[Path::A],
        }
    }

    /// Transmitting paths.
    pub(super) const fn tx_paths(&self) -> &'static [Path] {
        match self.kind {
            Kind::Rtl8192Cu => &[Path::A, Path::B],
            _ => &[Path::A],
        }
    }
}

impl Kind {
    const fn of(config: SysCfg, is_1t2r: bool, board: u8) -> Self {
        match (config.type_92c(), board) {
            (true, _) if is_1t2r => Self::Rtl8191Cu,
            (true, _) => Self::Rtl8192Cu,
            (false, 1) => Self::Rtl8188Ru,
            (false, 2) => Self::Rtl8188CeVau,
            (false, _) => Self::Rtl8188Cus,
        }
    }
}

impl Firmware {
    const fn of(config: SysCfg) -> Self {
        match (config.vendor_umc(), config.type_92c() || config.chip_ver_rtl() != 0) {
            (false, _) => TSMC,
            (true, true) => UMC_B,
            (true, false) => UMC_A,
        }
    }
}

impl Rom {
    /// Reads the map of an efuse.
    pub(super) fn parse(map: &[u8; MAP_LEN]) -> Result<Self, ChipError> {
        if field(map, 0x00) != SIGNATURE {
            return Err(ChipError::Unknown("the efuse: its first word is not 0x8129"));
        }
        let mac = MacAddr(field(map, 0x16));
        if !mac.is_valid_station() {
            return Err(ChipError::Unknown("the efuse: its MAC address is none of a station"));
        }
        let power = |at| field(map, at).map(|byte| programmed(byte).unwrap_or(DEFAULT_POWER));
        let nibbles = |at| field(map, at).map(|byte| programmed(byte).unwrap_or(0));
        // Without a limit by the maker the nibble is as large as it can be.
        let limits = |at| field::<3>(map, at);
        let [thermal, options] = field(map, 0x78);
        let options = programmed(options).unwrap_or(0);
        Ok(Self {
            mac,
            cck: [power(0x5a), power(0x5d)],
            ht40: [power(0x60), power(0x63)],
            two_streams: nibbles(0x66),
            ht20: nibbles(0x69),
            ofdm: nibbles(0x6c),
            ht40_max: limits(0x6f),
            ht20_max: limits(0x72),
            thermal: Some(thermal & 0x1f).filter(|thermal| *thermal != 0x1f),
            board: options >> 5,
            regulatory: options & 7,
        })
    }
}

/// Bytes of a field; all its addresses are constants within the map.
fn field<const N: usize>(map: &[u8; MAP_LEN], at: usize) -> [u8; N] {
    map.get(at..at + N).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0xff; N])
}

const fn programmed(byte: u8) -> Option<u8> {
    if byte == 0xff { None } else { Some(byte) }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An RTL8188CUS whose maker wrote all powers alike.
    pub(in super::super) fn board() -> Board {
        Board {
            kind: Kind::Rtl8188Cus,
            is_umc_a_cut: false,
            firmware: TSMC,
            rom: Rom {
                mac: MacAddr([0x00, 0xe0, 0x4c, 0x81, 0x92, 0x01]),
                cck: [[0x2c; 3]; 2],
                ht40: [[0x28; 3]; 2],
                two_streams: [0; 3],
                ht20: [0; 3],
                ofdm: [0; 3],
                ht40_max: [0xff; 3],
                ht20_max: [0xff; 3],
                thermal: Some(0x0c),
                board: 0,
                regulatory: 0,
            },
            pa_setting: 0xff,
        }
    }

    #[test]
    fn a_map() {
        let mut map = [0xff; MAP_LEN];
        map[..2].copy_from_slice(&SIGNATURE);
        assert!(Rom::parse(&map).is_err(), "no address");
        map[0x16..0x1c].copy_from_slice(&[0x00, 0xe0, 0x4c, 0x81, 0x92, 0x01]);
        map[0x5a..0x60].copy_from_slice(&[1, 2, 3, 4, 5, 6]);
        map[0x69] = 0x8f;
        map[0x78] = 0x0c;
        map[0x79] = 0x21;
        let rom = Rom::parse(&map).unwrap();
        assert_eq!(rom.cck, [[1, 2, 3], [4, 5, 6]]);
        assert_eq!(rom.ht40, [[DEFAULT_POWER; 3]; 2], "never programmed");
        assert_eq!((rom.ht20, rom.ofdm), ([0x8f, 0, 0], [0; 3]));
        assert_eq!((rom.thermal, rom.board, rom.regulatory), (Some(0x0c), 1, 1));
        map[0] = 0;
        assert!(Rom::parse(&map).is_err(), "no signature");
    }

    #[test]
    fn who_is_who() {
        let config = |raw| SysCfg::from_bits(raw);
        let name = |raw, is_1t2r, board| Kind::of(config(raw), is_1t2r, board);
        assert_eq!(name(0x0000_1000, false, 0), Kind::Rtl8188Cus);
        assert_eq!(name(0x0000_1000, false, 1), Kind::Rtl8188Ru);
        assert_eq!(name(0x0000_1000, false, 2), Kind::Rtl8188CeVau);
        assert_eq!(name(0x0800_1000, false, 0), Kind::Rtl8192Cu);
        assert_eq!(name(0x0800_1000, true, 0), Kind::Rtl8191Cu);
        let firmware = |raw| Firmware::of(config(raw));
        assert_eq!(firmware(0x0000_1000), TSMC);
        assert_eq!(firmware(0x0008_0000), UMC_A);
        assert_eq!(firmware(0x0008_1000), UMC_B);
        assert_eq!(firmware(0x0808_0000), UMC_B);
        for it in [TSMC, UMC_A, UMC_B] {
            assert_eq!(it.file.to_str(), Ok(it.name));
        }
    }

    proptest! {
        #[test]
        fn no_map_panics(map: [u8; 32], signed: bool) {
            let mut whole = [0; MAP_LEN];
            for (to, from) in whole.iter_mut().zip(map.iter().cycle()) {
                *to = *from;
            }
            if signed {
                whole[..2].copy_from_slice(&SIGNATURE);
            }
            let _ = Rom::parse(&whole);
        }
    }
}
