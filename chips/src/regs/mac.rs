// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! System, MAC and USB registers.

use bitfield_struct::bitfield;

use super::{register, values};

/// Which parts are out of reset.
#[bitfield(u16)]
pub(crate) struct SysFuncEn {
    pub(crate) bb_rstb: bool,
    pub(crate) bb_glb_rst: bool,
    pub(crate) usba: bool,
    pub(crate) upll: bool,
    pub(crate) usbd: bool,
    #[bits(5)]
    __: u8,
    /// The microcontroller.
    pub(crate) cpuen: bool,
    pub(crate) dcore: bool,
    /// The efuse loader.
    pub(crate) eldr: bool,
    pub(crate) dio_rf: bool,
    #[bits(2)]
    __: u8,
}
register!(SysFuncEn: u16 @ 0x0002);

/// Clocks.
#[bitfield(u16)]
pub(crate) struct SysClkr {
    __: bool,
    pub(crate) ana8m: bool,
    #[bits(3)]
    __: u8,
    pub(crate) loader_en: bool,
    #[bits(10)]
    __: u16,
}
register!(SysClkr: u16 @ 0x0008);

/// Access to the efuse.
#[bitfield(u32)]
pub(crate) struct EfuseCtrl {
    pub(crate) data: u8,
    #[bits(10)]
    pub(crate) addr: u16,
    #[bits(13)]
    __: u16,
    /// The byte is there.
    pub(crate) valid: bool,
}
register!(EfuseCtrl: u32 @ 0x0030);

/// What shares pins.
#[bitfield(u16)]
pub(crate) struct GpioMuxcfg {
    #[bits(5)]
    __: u8,
    pub(crate) enbt: bool,
    #[bits(10)]
    __: u16,
}
register!(GpioMuxcfg: u16 @ 0x0040);

/// The light.
#[bitfield(u8)]
pub(crate) struct Ledcfg0 {
    #[bits(3)]
    pub(crate) mode: u8,
    /// Dark.
    pub(crate) dis: bool,
    #[bits(3)]
    __: u8,
    pub(crate) high: bool,
}
register!(Ledcfg0: u8 @ 0x004c);

/// The antenna switch borrows a light.
#[bitfield(u8)]
pub(crate) struct Ledcfg2 {
    #[bits(7)]
    __: u8,
    pub(crate) antenna_select: bool,
}
register!(Ledcfg2: u8 @ 0x004e);

/// Firmware download.
#[bitfield(u32)]
pub(crate) struct Mcufwdl {
    /// The window is open.
    pub(crate) en: bool,
    /// The host says that the image is complete.
    pub(crate) rdy: bool,
    /// Written: start to sum; read: the sum is right.
    pub(crate) chksum_rpt: bool,
    #[bits(3)]
    __: u8,
    /// The firmware runs.
    pub(crate) wintini_rdy: bool,
    /// It runs from memory, not from ROM.
    pub(crate) ram_dl_sel: bool,
    __: u8,
    #[bits(3)]
    pub(crate) page: u8,
    pub(crate) rom_dlen: bool,
    #[bits(12)]
    __: u16,
}
register!(Mcufwdl: u32 @ 0x0080);

/// What else the maker set in stone.
#[bitfield(u32)]
pub(crate) struct HponFsm {
    #[bits(22)]
    __: u32,
    /// 1: one transmitter, two receivers.
    #[bits(2)]
    pub(crate) chip_bonding_id: u8,
    __: u8,
}
register!(HponFsm: u32 @ 0x00ec);

/// Which chip this is.
#[bitfield(u32)]
pub(crate) struct SysCfg {
    #[bits(12)]
    __: u16,
    /// The cut: 0 is A.
    #[bits(4)]
    pub(crate) chip_ver_rtl: u8,
    #[bits(3)]
    __: u8,
    /// Made by UMC, not TSMC.
    pub(crate) vendor_umc: bool,
    #[bits(3)]
    __: u8,
    /// A test chip.
    pub(crate) trp_vaux_en: bool,
    #[bits(3)]
    __: u8,
    /// Two streams.
    pub(crate) type_92c: bool,
    #[bits(4)]
    __: u8,
}
register!(SysCfg: u32 @ 0x00f0);

/// Which engines run.
#[bitfield(u16)]
pub(crate) struct Cr {
    pub(crate) hci_txdma_en: bool,
    pub(crate) hci_rxdma_en: bool,
    pub(crate) txdma_en: bool,
    pub(crate) rxdma_en: bool,
    pub(crate) protocol_en: bool,
    pub(crate) schedule_en: bool,
    pub(crate) mactxen: bool,
    pub(crate) macrxen: bool,
    pub(crate) enswbcn: bool,
    pub(crate) ensec: bool,
    pub(crate) caltmr_en: bool,
    #[bits(5)]
    __: u8,
}
register!(Cr: u16 @ 0x0100);

/// Queues to endpoints.
#[bitfield(u16)]
pub(crate) struct TrxdmaCtrl {
    __: bool,
    pub(crate) rx_shift_en: bool,
    pub(crate) rxdma_agg_en: bool,
    __: bool,
    /// Two bits for each of VO, VI, BE, BK, MGT, HIGH: 1 low, 2 normal, 3 high.
    #[bits(12)]
    pub(crate) qmap: u16,
}
register!(TrxdmaCtrl: u16 @ 0x010c);

/// Port of the table that links pages.
#[bitfield(u32)]
pub(crate) struct LltInit {
    pub(crate) data: u8,
    pub(crate) addr: u8,
    #[bits(14)]
    __: u16,
    /// 0 idle, 1 write, 2 read.
    #[bits(2)]
    pub(crate) op: u8,
}
register!(LltInit: u32 @ 0x01e0);

/// Pages for each queue.
#[bitfield(u32)]
pub(crate) struct Rqpn {
    pub(crate) hpq: u8,
    pub(crate) lpq: u8,
    pub(crate) pubq: u8,
    #[bits(7)]
    __: u8,
    pub(crate) ld: bool,
}
register!(Rqpn: u32 @ 0x0200);

/// Descriptors.
#[bitfield(u32)]
pub(crate) struct Tdectrl {
    #[bits(4)]
    __: u8,
    /// Descriptors in one USB transfer, at most.
    #[bits(4)]
    pub(crate) blk_desc_num: u8,
    /// Head page of the beacon queue.
    pub(crate) bcn_head: u8,
    __: u16,
}
register!(Tdectrl: u32 @ 0x0208);

/// What the transmitter drops.
#[bitfield(u32)]
pub(crate) struct TxdmaOffsetChk {
    #[bits(9)]
    __: u16,
    pub(crate) drop_data_en: bool,
    #[bits(22)]
    __: u32,
}
register!(TxdmaOffsetChk: u32 @ 0x020c);

/// Rates of control answers.
#[bitfield(u32)]
pub(crate) struct Rrsr {
    #[bits(20)]
    pub(crate) rate_bitmap: u32,
    __: bool,
    /// Where 20 MHz answers lie in 40 MHz: 1 below, 2 above.
    #[bits(2)]
    pub(crate) rsc: u8,
    pub(crate) short: bool,
    __: u8,
}
register!(Rrsr: u32 @ 0x0440);

/// Contention parameters of a queue.
#[bitfield(u32)]
pub(crate) struct EdcaParam {
    /// Microseconds.
    pub(crate) aifs: u8,
    #[bits(4)]
    pub(crate) ecwmin: u8,
    #[bits(4)]
    pub(crate) ecwmax: u8,
    /// 32 us.
    pub(crate) txop: u16,
}

/// The parameters' addresses, in the order of [`tern_core::io::TxQueue`].
pub(crate) const EDCA_PARAM: [u16; 4] = [0x050c, 0x0508, 0x0504, 0x0500];

/// Beacons and time.
#[bitfield(u8)]
pub(crate) struct BcnCtrl {
    #[bits(3)]
    __: u8,
    pub(crate) en_bcn: bool,
    pub(crate) dis_tsf_udt: bool,
    #[bits(3)]
    __: u8,
}
register!(BcnCtrl: u8 @ 0x0550);

/// Width of what is sent.
#[bitfield(u8)]
pub(crate) struct Bwopmode {
    #[bits(2)]
    __: u8,
    pub(crate) only_20mhz: bool,
    #[bits(5)]
    __: u8,
}
register!(Bwopmode: u8 @ 0x0603);

/// What the receiver takes in.
#[bitfield(u32)]
pub(crate) struct Rcr {
    /// Every address.
    pub(crate) aap: bool,
    /// Our address.
    pub(crate) apm: bool,
    /// Multicast.
    pub(crate) am: bool,
    /// Broadcast.
    pub(crate) ab: bool,
    __: bool,
    pub(crate) apwrmgt: bool,
    /// Data only of our network.
    pub(crate) cbssid_data: bool,
    /// Beacons only of our network.
    pub(crate) cbssid_bcn: bool,
    /// Wrong checksums.
    pub(crate) acrc32: bool,
    pub(crate) aicv: bool,
    __: bool,
    /// Data, control and management frames, whatever the maps say.
    pub(crate) adf: bool,
    pub(crate) acf: bool,
    pub(crate) amf: bool,
    pub(crate) htc_loc_ctrl: bool,
    #[bits(13)]
    __: u16,
    pub(crate) app_physts: bool,
    pub(crate) app_icv: bool,
    pub(crate) app_mic: bool,
    pub(crate) appfcs: bool,
}
register!(Rcr: u32 @ 0x0608);

/// Protocol details of the transceiver.
#[bitfield(u32)]
pub(crate) struct WmacTrxptclCtl {
    #[bits(17)]
    __: u32,
    /// Acknowledgements with short preambles.
    pub(crate) shpre: bool,
    #[bits(14)]
    __: u16,
}
register!(WmacTrxptclCtl: u32 @ 0x0668);

/// Key table: what to do.
#[bitfield(u32)]
pub(crate) struct Camcmd {
    pub(crate) addr: u16,
    pub(crate) write: bool,
    #[bits(13)]
    __: u16,
    pub(crate) clr: bool,
    pub(crate) polling: bool,
}
register!(Camcmd: u32 @ 0x0670);

/// How the encryption engine finds keys.
#[bitfield(u16)]
pub(crate) struct Seccfg {
    pub(crate) txuckey_def: bool,
    pub(crate) rxuckey_def: bool,
    pub(crate) txenc_ena: bool,
    pub(crate) rxdec_ena: bool,
    #[bits(2)]
    __: u8,
    pub(crate) txbckey_def: bool,
    pub(crate) rxbckey_def: bool,
    __: u8,
}
register!(Seccfg: u16 @ 0x0680);

values! {
    /// The low half of [`SysFuncEn`].
    SysFuncEnLow: u8 @ 0x0002;
    /// The high half of [`SysFuncEn`].
    SysFuncEnHigh: u8 @ 0x0003;
    /// Power states.
    ApsFsmco: u16 @ 0x0004;
    /// The low byte of [`ApsFsmco`].
    ApsFsmcoLow: u8 @ 0x0004;
    /// The second byte of [`ApsFsmco`].
    ApsFsmcoHigh: u8 @ 0x0005;
    /// Isolation between supplies, upper part.
    SysIsoCtrlHigh: u8 @ 0x0001;
    /// Isolation between supplies.
    SysIsoCtrlLow: u8 @ 0x0000;
    Sps0Ctrl: u8 @ 0x0011;
    /// Of the switching regulator too.
    Sps0CtrlHigh: u8 @ 0x0015;
    /// Power amplifier: its bias is the high nibble.
    PaSetting: u8 @ 0x0016;
    RsvCtrl: u8 @ 0x001c;
    RfCtrl: u8 @ 0x001f;
    Ldoa15Ctrl: u8 @ 0x0020;
    Ldov12dCtrl: u8 @ 0x0021;
    Ldohci12Ctrl: u8 @ 0x0022;
    AfeXtalCtrl: u16 @ 0x0024;
    AfeXtalCtrlHigh: u8 @ 0x0025;
    AfePllCtrl: u16 @ 0x0028;
    AfePllCtrlLow: u8 @ 0x0028;
    GpioIoSel: u16 @ 0x0042;
    MacPinmuxCfg: u8 @ 0x0043;
    GpioPinCtrl: u32 @ 0x0044;
    GpioIosel: u16 @ 0x0046;
    /// Both lights.
    Ledcfg: u16 @ 0x004c;
    /// The low byte of [`Mcufwdl`].
    McufwdlLow: u8 @ 0x0080;
    /// The second byte of [`Mcufwdl`].
    McufwdlMid: u8 @ 0x0081;
    /// The third byte of [`Mcufwdl`], with the page.
    McufwdlPage: u8 @ 0x0082;
    EfuseAccess: u8 @ 0x00cf;
    /// The low byte of [`Cr`]: the engines.
    CrLow: u8 @ 0x0100;
    Msr: u8 @ 0x0102;
    Pbp: u8 @ 0x0104;
    TrxffBndy: u8 @ 0x0114;
    RxffBndy: u16 @ 0x0116;
    Himr: u32 @ 0x0120;
    Hisr: u32 @ 0x0124;
    /// Which mailboxes the firmware has not emptied: a bit for each.
    Hmetfr: u8 @ 0x01cc;
    /// What the firmware is asked to do at once.
    HmetfrHigh: u8 @ 0x01cf;
    TdectrlBcnHead: u8 @ 0x0209;
    RqpnNpq: u8 @ 0x0214;
    RxdmaAggPgTh: u8 @ 0x0280;
    HwseqCtrl: u8 @ 0x0423;
    TxpktbufBcnqBdny: u8 @ 0x0424;
    TxpktbufMgqBdny: u8 @ 0x0425;
    SpecSifs: u16 @ 0x0428;
    /// Retry limits, short and long.
    Rl: u16 @ 0x042a;
    AgglenLmt: u32 @ 0x0458;
    TxpktbufWmacLbkBfHd: u8 @ 0x045d;
    /// Rate of the first RTS.
    InirtsRateSel: u8 @ 0x0480;
    MaxAggrNum: u16 @ 0x04ca;
    BarModeCtrl: u32 @ 0x04cc;
    Bcntcfg: u16 @ 0x0510;
    SifsCck: u16 @ 0x0514;
    SifsOfdm: u16 @ 0x0516;
    /// Microseconds.
    Slot: u8 @ 0x051b;
    /// A bit for each queue that stands still.
    Txpause: u8 @ 0x0522;
    TbttProhibit: u16 @ 0x0540;
    /// [`BcnCtrl`] of the second port.
    BcnCtrl1: u8 @ 0x0551;
    DualTsfRst: u8 @ 0x0553;
    /// Time units of 1,024 us.
    BcnInterval: u16 @ 0x0554;
    Drverlyint: u8 @ 0x0558;
    ApsdCtrl: u8 @ 0x0600;
    RxDrvinfoSz: u8 @ 0x060f;
    MacSpecSifs: u16 @ 0x063a;
    /// Microseconds.
    Ackto: u8 @ 0x0640;
    NavUpper: u8 @ 0x0652;
    Camwrite: u32 @ 0x0674;
    /// Management frames by subtype.
    Rxfltmap0: u16 @ 0x06a0;
    /// Control frames by subtype.
    Rxfltmap1: u16 @ 0x06a2;
    /// Data frames by subtype.
    Rxfltmap2: u16 @ 0x06a4;
    /// Association identifier.
    BcnPsrRpt: u16 @ 0x06a8;
}

/// Retry fallback of data and of RTS frames, 8 bytes each.
pub(crate) const DARFRC: [u16; 4] = [0x0430, 0x0434, 0x0438, 0x043c];
/// First rate of each peer, a byte each.
pub(crate) const INIDATA_RATE_SEL: u16 = 0x0484;
/// Our address and our network's, low word and high half.
pub(crate) const MACID0: [u16; 2] = [0x0610, 0x0614];
/// The network's.
pub(crate) const BSSID0: [u16; 2] = [0x0618, 0x061c];
/// Hash of wanted multicast addresses, both halves.
pub(crate) const MAR: [u16; 2] = [0x0620, 0x0624];
/// Mailboxes to the firmware.
pub(crate) const HMEBOX: [u16; 4] = [0x01d0, 0x01d4, 0x01d8, 0x01dc];
/// Their second halves.
pub(crate) const HMEBOX_EXT: [u16; 4] = [0x0088, 0x008a, 0x008c, 0x008e];
/// Firmware window: a page of the image.
pub(crate) const FW_START_ADDR: u16 = 0x1000;
