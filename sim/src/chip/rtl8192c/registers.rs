// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The register file: 64 KiB of bytes, and the addresses that the model gives a meaning to.

/// Addresses, by the names of `registers.tsv`.
pub(super) mod at {
    pub(crate) const SYS_FUNC_EN: u16 = 0x002;
    pub(crate) const APS_FSMCO: u16 = 0x004;
    pub(crate) const EEPROM_9346CR: u16 = 0x00a;
    pub(crate) const RSV_CTRL: u16 = 0x01c;
    pub(crate) const RF_CTRL: u16 = 0x01f;
    pub(crate) const LDOV12D_CTRL: u16 = 0x021;
    pub(crate) const EFUSE_CTRL: u16 = 0x030;
    pub(crate) const GPIO_IO_SEL: u16 = 0x042;
    pub(crate) const MCUFWDL: u16 = 0x080;
    pub(crate) const HMEBOX_EXT: u16 = 0x088;
    pub(crate) const EFUSE_ACCESS: u16 = 0x0cf;
    pub(crate) const SYS_CFG: u16 = 0x0f0;
    pub(crate) const CR: u16 = 0x100;
    pub(crate) const MSR: u16 = 0x102;
    pub(crate) const PBP: u16 = 0x104;
    pub(crate) const TRXDMA_CTRL: u16 = 0x10c;
    pub(crate) const TRXFF_BNDY: u16 = 0x114;
    pub(crate) const C2H_EVT_MSG: u16 = 0x1a0;
    pub(crate) const C2H_EVT_CLEAR: u16 = 0x1af;
    pub(crate) const HMETFR: u16 = 0x1cc;
    pub(crate) const HMEBOX: u16 = 0x1d0;
    pub(crate) const LLT_INIT: u16 = 0x1e0;
    pub(crate) const RQPN: u16 = 0x200;
    pub(crate) const TDECTRL: u16 = 0x208;
    pub(crate) const TXDMA_OFFSET_CHK: u16 = 0x20c;
    pub(crate) const RQPN_NPQ: u16 = 0x214;
    pub(crate) const RXDMA_AGG_PG_TH: u16 = 0x280;
    pub(crate) const RXPKT_NUM: u16 = 0x284;
    pub(crate) const TXPKT_EMPTY: u16 = 0x41a;
    pub(crate) const FWHW_TXQ_CTRL: u16 = 0x420;
    pub(crate) const TXPKTBUF_BCNQ_BDNY: u16 = 0x424;
    pub(crate) const TXPKTBUF_MGQ_BDNY: u16 = 0x425;
    pub(crate) const RL: u16 = 0x42a;
    pub(crate) const TXPKTBUF_WMAC_LBK_BF_HD: u16 = 0x45d;
    pub(crate) const TXPAUSE: u16 = 0x522;
    pub(crate) const BCN_CTRL: u16 = 0x550;
    pub(crate) const DUAL_TSF_RST: u16 = 0x553;
    pub(crate) const BCN_INTERVAL: u16 = 0x554;
    pub(crate) const TSFTR: u16 = 0x560;
    pub(crate) const APSD_CTRL: u16 = 0x600;
    pub(crate) const TCR: u16 = 0x604;
    pub(crate) const RCR: u16 = 0x608;
    pub(crate) const RX_DRVINFO_SZ: u16 = 0x60f;
    pub(crate) const MACID: u16 = 0x610;
    pub(crate) const BSSID: u16 = 0x618;
    pub(crate) const MAR: u16 = 0x620;
    pub(crate) const CAMCMD: u16 = 0x670;
    pub(crate) const CAMWRITE: u16 = 0x674;
    pub(crate) const CAMREAD: u16 = 0x678;
    pub(crate) const SECCFG: u16 = 0x680;
    pub(crate) const RXFLTMAP: u16 = 0x6a0;
    pub(crate) const FPGA0_RFMOD: u16 = 0x800;
    pub(crate) const HSSI_PARAM2: u16 = 0x824;
    pub(crate) const TXAGC_CCK: u16 = 0xe08;
    pub(crate) const TXAGC_OFDM: u16 = 0xe00;
    pub(crate) const TXAGC_MCS: u16 = 0xe10;
    pub(crate) const LSSI_PARAM: u16 = 0x840;
    pub(crate) const LSSI_READBACK: u16 = 0x8a0;
    pub(crate) const HSPI_READBACK: u16 = 0x8b8;
    pub(crate) const OFDM0_AGCRSSITABLE: u16 = 0xc78;
    pub(crate) const OFDM1_LSTF: u16 = 0xd00;
    pub(crate) const IQK_AGC_PTS: u16 = 0xe48;
    pub(crate) const IQK_AGC_CONT: u16 = 0xe60;
    pub(crate) const IQK_RESULTS: u16 = 0xe94;
    pub(crate) const USB_EP: u16 = 0xfe66;
    pub(crate) const USB_VID: u16 = 0xfe60;
    pub(crate) const USB_MAC_ADDR: u16 = 0xfe70;
}

/// Registers from here on need the MAC to be on, up to [`MAC_END`].
pub(super) const MAC_START: u16 = 0x100;
pub(super) const MAC_END: u16 = 0x1000;
/// The baseband, up to [`MAC_END`].
pub(super) const BB_START: u16 = 0x800;
/// What a MAC register reads as while the MAC is off.
const OFF_BYTE: u8 = 0xea;

/// 64 KiB of bytes.
pub(super) struct Registers(Vec<u8>);

impl Registers {
    /// All zero.
    pub(super) fn new() -> Self {
        Self(vec![0; 0x1_0000])
    }

    /// What is there; where memory ends the rest of `out` stays.
    pub(super) fn copy_to(&self, address: u16, out: &mut [u8]) {
        for (place, byte) in out.iter_mut().zip(&self.0[usize::from(address)..]) {
            *place = *byte;
        }
    }

    /// The MAC and the baseband are off: reads see a pattern.
    pub(super) fn hide_mac(address: u16, out: &mut [u8]) {
        for (at, byte) in (address..=u16::MAX).zip(out) {
            if (MAC_START..MAC_END).contains(&at) {
                *byte = OFF_BYTE;
            }
        }
    }

    pub(super) fn byte(&self, address: u16) -> u8 {
        self.0[usize::from(address)]
    }

    pub(super) fn word(&self, address: u16) -> u16 {
        u16::from_le_bytes([self.byte(address), self.byte(address + 1)])
    }

    pub(super) fn dword(&self, address: u16) -> u32 {
        u32::from_le_bytes(core::array::from_fn(|i| self.byte(address + i as u16)))
    }

    pub(super) fn six(&self, address: u16) -> [u8; 6] {
        core::array::from_fn(|i| self.byte(address + i as u16))
    }

    pub(super) fn set_byte(&mut self, address: u16, value: u8) {
        self.0[usize::from(address)] = value;
    }

    pub(super) fn set_word(&mut self, address: u16, value: u16) {
        self.set(address, &value.to_le_bytes());
    }

    pub(super) fn set_dword(&mut self, address: u16, value: u32) {
        self.set(address, &value.to_le_bytes());
    }

    pub(super) fn set(&mut self, address: u16, bytes: &[u8]) {
        for (place, byte) in self.0[usize::from(address)..].iter_mut().zip(bytes) {
            *place = *byte;
        }
    }

    /// Zero from the MAC up to the end of the baseband.
    pub(super) fn clear_mac(&mut self) {
        self.0[usize::from(MAC_START)..usize::from(MAC_END)].fill(0);
    }
}
