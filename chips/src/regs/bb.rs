// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Baseband registers, and the radio registers behind them.

use bitfield_struct::bitfield;

use super::{register, values};

/// A radio with its antenna.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// The first.
    A,
    /// The second.
    B,
}

impl Path {
    /// The one of this path.
    pub(crate) const fn of<T: Copy>(self, both: [T; 2]) -> T {
        let [a, b] = both;
        match self {
            Self::A => a,
            Self::B => b,
        }
    }
}

/// Modulations and width.
#[bitfield(u32)]
pub(crate) struct Fpga0Rfmod {
    pub(crate) is_40mhz: bool,
    #[bits(23)]
    __: u32,
    pub(crate) cck_en: bool,
    pub(crate) ofdm_en: bool,
    #[bits(6)]
    __: u8,
}
register!(Fpga0Rfmod: u32 @ 0x0800);

/// Width, again.
#[bitfield(u32)]
pub(crate) struct Fpga1Rfmod {
    pub(crate) is_40mhz: bool,
    #[bits(31)]
    __: u32,
}
register!(Fpga1Rfmod: u32 @ 0x0900);

/// Which half of 40 MHz is ours: 1 above, 2 below the centre.
#[bitfield(u32)]
pub(crate) struct Fpga0PowerSave {
    #[bits(26)]
    __: u32,
    #[bits(2)]
    pub(crate) ps: u8,
    #[bits(4)]
    __: u8,
}
register!(Fpga0PowerSave: u32 @ 0x0818);

/// How radio registers are read.
#[bitfield(u32)]
pub(crate) struct HssiParam1 {
    __: u8,
    /// By the parallel interface.
    pub(crate) pi: bool,
    #[bits(23)]
    __: u32,
}
pub(crate) const HSSI_PARAM1: [u16; 2] = [0x0820, 0x0828];

/// Reading radio registers.
#[bitfield(u32)]
pub(crate) struct HssiParam2 {
    #[bits(10)]
    __: u16,
    pub(crate) addr_length: bool,
    pub(crate) data_length: bool,
    #[bits(11)]
    __: u16,
    pub(crate) read_addr: u8,
    pub(crate) read_edge: bool,
}
pub(crate) const HSSI_PARAM2: [u16; 2] = [0x0824, 0x082c];

/// Writing radio registers.
#[bitfield(u32)]
pub(crate) struct LssiParam {
    #[bits(20)]
    pub(crate) data: u32,
    #[bits(6)]
    pub(crate) addr: u8,
    #[bits(6)]
    __: u8,
}
pub(crate) const LSSI_PARAM: [u16; 2] = [0x0840, 0x0844];

/// What the read of a radio register brought, by either interface.
#[bitfield(u32)]
pub(crate) struct Readback {
    #[bits(20)]
    pub(crate) data: u32,
    #[bits(12)]
    __: u16,
}
pub(crate) const LSSI_READBACK: [u16; 2] = [0x08a0, 0x08a4];
pub(crate) const HSPI_READBACK: [u16; 2] = [0x08b8, 0x08bc];

/// The lines to a radio.
#[bitfield(u32)]
pub(crate) struct Fpga0Rfifaceoe {
    #[bits(4)]
    __: u8,
    /// The radio is on.
    pub(crate) env_high: bool,
    #[bits(5)]
    __: u8,
    pub(crate) pa_enable: bool,
    #[bits(9)]
    __: u16,
    /// That line is driven.
    pub(crate) env_output: bool,
    #[bits(11)]
    __: u16,
}
pub(crate) const FPGA0_RFIFACEOE: [u16; 2] = [0x0860, 0x0864];

/// Who drives the lines to the radios.
#[bitfield(u32)]
pub(crate) struct Fpga0Rfifacesw {
    #[bits(10)]
    __: u16,
    pub(crate) pa_enable_a: bool,
    #[bits(15)]
    __: u16,
    pub(crate) pa_enable_b: bool,
    #[bits(5)]
    __: u8,
}
register!(Fpga0Rfifacesw: u32 @ 0x0870);

/// The antenna switch.
#[bitfield(u32)]
pub(crate) struct Fpga0Rfparam {
    #[bits(13)]
    __: u16,
    pub(crate) antenna_select: bool,
    #[bits(18)]
    __: u32,
}
register!(Fpga0Rfparam: u32 @ 0x0878);

/// Analogue filters.
#[bitfield(u32)]
pub(crate) struct Fpga0Anaparam2 {
    #[bits(10)]
    __: u16,
    pub(crate) cbw20: bool,
    #[bits(21)]
    __: u32,
}
register!(Fpga0Anaparam2: u32 @ 0x0884);

/// The CCK part.
#[bitfield(u32)]
pub(crate) struct Cck0System {
    #[bits(4)]
    __: u8,
    /// Our half of 40 MHz is the upper one.
    pub(crate) cck_sideband: bool,
    #[bits(27)]
    __: u32,
}
register!(Cck0System: u32 @ 0x0a00);

/// The gain that reception starts with.
#[bitfield(u32)]
pub(crate) struct Ofdm0Agccore1 {
    #[bits(7)]
    pub(crate) gain: u8,
    #[bits(25)]
    __: u32,
}
pub(crate) const OFDM0_AGCCORE1: [u16; 2] = [0x0c50, 0x0c58];

/// The OFDM part: which half of 40 MHz is ours, 1 below, 2 above.
#[bitfield(u32)]
pub(crate) struct Ofdm1Lstf {
    #[bits(10)]
    __: u16,
    #[bits(2)]
    pub(crate) subchannel: u8,
    #[bits(20)]
    __: u32,
}
register!(Ofdm1Lstf: u32 @ 0x0d00);

/// The top byte of [`Ofdm1Lstf`]: test modes of the transmitter.
#[bitfield(u8)]
pub(crate) struct Ofdm1LstfTop {
    #[bits(4)]
    __: u8,
    #[bits(3)]
    pub(crate) continuous_tx: u8,
    __: bool,
}
register!(Ofdm1LstfTop: u8 @ 0x0d03);

values! {
    Fpga0Txinfo: u32 @ 0x0804;
    Fpga0Rfifacesw1: u32 @ 0x0874;
    Fpga1Txinfo: u32 @ 0x090c;
    Cck0Afesetting: u32 @ 0x0a04;
    Ofdm0Trxpathena: u32 @ 0x0c04;
    Ofdm0Trmuxpar: u32 @ 0x0c08;
    Ofdm0Eccathreshold: u32 @ 0x0c4c;
    Ofdm0Agcparam1: u32 @ 0x0c70;
    Ofdm0Agcrssitable: u32 @ 0x0c78;
    Ofdm0Rxiqextanta: u32 @ 0x0ca0;
    Fpga0Iqk: u32 @ 0x0e28;
    TxIqk: u32 @ 0x0e40;
    RxIqk: u32 @ 0x0e44;
    IqkAgcPts: u32 @ 0x0e48;
    IqkAgcRsp: u32 @ 0x0e4c;
    IqkAgcCont: u32 @ 0x0e60;
}

pub(crate) const CONFIG_ANT: [u16; 2] = [0x0b68, 0x0b6c];
pub(crate) const OFDM0_RXIQIMBALANCE: [u16; 2] = [0x0c14, 0x0c1c];
pub(crate) const OFDM0_TXIQIMBALANCE: [u16; 2] = [0x0c80, 0x0c88];
pub(crate) const OFDM0_TXAFE: [u16; 2] = [0x0c94, 0x0c9c];
pub(crate) const TX_IQK_TONE: [u16; 2] = [0x0e30, 0x0e50];
pub(crate) const RX_IQK_TONE: [u16; 2] = [0x0e34, 0x0e54];
pub(crate) const TX_IQK_PI: [u16; 2] = [0x0e38, 0x0e58];
pub(crate) const RX_IQK_PI: [u16; 2] = [0x0e3c, 0x0e5c];
pub(crate) const TX_POWER_IQK_BEFORE: [u16; 2] = [0x0e94, 0x0eb4];
pub(crate) const TX_POWER_IQK_AFTER: [u16; 2] = [0x0e9c, 0x0ebc];
pub(crate) const RX_POWER_IQK_BEFORE: [u16; 2] = [0x0ea4, 0x0ec4];
pub(crate) const RX_POWER_IQK_AFTER: [u16; 2] = [0x0eac, 0x0ecc];

/// Transmit power: registers of four rates each, OFDM 6, OFDM 24, MCS 0, 4, 8 and 12 upwards.
pub(crate) const TXAGC: [[u16; 6]; 2] = [
    [0x0e00, 0x0e04, 0x0e10, 0x0e14, 0x0e18, 0x0e1c],
    [0x0830, 0x0834, 0x083c, 0x0848, 0x084c, 0x0868],
];
/// Transmit power of 1 Mb/s on path A, in the second byte.
pub(crate) const TXAGC_A_CCK1_MCS32: u16 = 0x0e08;
/// Of 2, 5.5 and 11 Mb/s on path A in the upper bytes, and of 11 Mb/s on path B.
pub(crate) const TXAGC_B_CCK11_A_CCK2_11: u16 = 0x086c;
/// Of 1, 2 and 5.5 Mb/s on path B in the upper bytes.
pub(crate) const TXAGC_B_CCK1_55_MCS32: u16 = 0x0838;

/// Analogue converters: what calibration switches on.
pub(crate) const ADDA: [u16; 16] = [
    0x085c, 0x0e6c, 0x0e70, 0x0e74, 0x0e78, 0x0e7c, 0x0e80, 0x0e84, 0x0e88, 0x0e8c, 0x0ed0, 0x0ed4,
    0x0ed8, 0x0edc, 0x0ee0, 0x0eec,
];

/// Radio registers.
pub(crate) mod rf {
    /// Mode.
    pub(crate) const AC: u8 = 0x00;
    /// Amplifier bias.
    pub(crate) const IPA: u8 = 0x15;
    /// Channel and width.
    pub(crate) const CHNLBW: u8 = 0x18;
    /// Receiver gain.
    pub(crate) const RX_G1: u8 = 0x1a;
    /// Receiver gain.
    pub(crate) const RX_G2: u8 = 0x1b;
    /// Thermometer.
    pub(crate) const T_METER: u8 = 0x24;
}

/// [`rf::CHNLBW`].
#[bitfield(u32)]
pub(crate) struct Chnlbw {
    #[bits(10)]
    pub(crate) chnl: u16,
    pub(crate) bw20: bool,
    __: bool,
    #[bits(3)]
    __: u8,
    /// Calibrate the oscillator.
    pub(crate) lcstart: bool,
    #[bits(16)]
    __: u16,
}
