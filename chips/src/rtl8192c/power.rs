// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Power on and off.

use tern_core::{
    chip::{ChipError, RegisterBus},
    os::Sleepable,
};

use crate::{
    access::Access,
    fw,
    regs::{
        bb::{Path, rf as radio},
        mac::{
            AfePllCtrlLow, AfeXtalCtrl, ApsFsmco, ApsFsmcoHigh, ApsFsmcoLow, ApsdCtrl, Cr, CrLow,
            GpioIoSel, GpioIosel, GpioPinCtrl, Ldoa15Ctrl, Ldov12dCtrl, Ledcfg, MacPinmuxCfg,
            Mcufwdl, McufwdlLow, RsvCtrl, Sps0Ctrl, SysClkr, SysFuncEnHigh, SysFuncEnLow,
            SysIsoCtrlHigh, SysIsoCtrlLow, Txpause,
        },
        usb::UsbSuspend,
    },
    rf,
    seq::{self, Step},
};

/// Engines on; the MAC's own two follow when its registers are right.
pub(super) const ENGINES: Cr = Cr::new()
    .with_hci_txdma_en(true)
    .with_hci_rxdma_en(true)
    .with_txdma_en(true)
    .with_rxdma_en(true)
    .with_protocol_en(true)
    .with_schedule_en(true)
    .with_ensec(true)
    .with_caltmr_en(true);
/// What the register of engines reads while the chip has no power.
const UNPOWERED: CrLow = CrLow(0xea);

/// Up to the supply of the digital part.
const UNLOCK: &[Step] = &[
    seq::poll::<ApsFsmcoLow>(0x02, 0x02, 5_000, 10, "the chip to load its efuse"),
    seq::write::<RsvCtrl>(0),
    seq::write::<Sps0Ctrl>(0x2b),
    Step::Delay(100),
];
/// The supply of the digital part, if it is off.
const SUPPLY: &[Step] =
    &[seq::set::<Ldov12dCtrl>(1), Step::Delay(100), seq::clear::<SysIsoCtrlLow>(1)];
/// The MAC.
const MAC_ON: &[Step] = &[
    seq::set::<ApsFsmcoHigh>(0x01),
    seq::poll::<ApsFsmco>(0x0100, 0, 5_000, 10, "the MAC to power on"),
    seq::write::<ApsFsmco>(0x0812),
    seq::clear::<SysIsoCtrlHigh>(0x02),
    seq::clear::<ApsdCtrl>(0x40),
    seq::poll::<ApsdCtrl>(0x80, 0, 1_000, 50, "the MAC to wake up"),
];

/// Switches on, up to the engines.
pub(super) fn on<B: RegisterBus>(io: &mut Access<B>, cx: &mut Sleepable) -> Result<(), ChipError> {
    seq::run(io, cx, UNLOCK)?;
    if io.get::<Ldov12dCtrl>(cx)?.0 & 1 == 0 {
        seq::run(io, cx, SUPPLY)?;
    }
    seq::run(io, cx, MAC_ON)?;
    let old: Cr = io.get(cx)?;
    io.set(cx, Cr::from_bits(old.into_bits() | ENGINES.into_bits()))?;
    io.set(cx, UsbSuspend(0x19))
}

/// Baseband off, the USB side stays.
const BASEBAND_OFF: &[Step] = &[
    seq::write::<ApsdCtrl>(0x40),
    seq::write::<SysFuncEnLow>(0x16),
    seq::write::<SysFuncEnLow>(0x14),
];
/// Clocks and supplies of MAC and analogue part.
const CLOCKS_OFF: &[Step] = &[
    seq::write::<SysFuncEnHigh>(0x54),
    seq::write::<McufwdlLow>(0),
    seq::write::<SysClkr>(0x70a3),
    seq::write::<AfePllCtrlLow>(0x80),
    seq::write::<AfeXtalCtrl>(0x880f),
    seq::write::<SysIsoCtrlLow>(0xf9),
];
/// The rest, and the lock.
const SUPPLIES_OFF: &[Step] = &[
    seq::write::<Ledcfg>(0x8080),
    seq::write::<SysClkr>(0x70a3),
    seq::write::<SysIsoCtrlHigh>(0x82),
    seq::write::<Ldoa15Ctrl>(0x04),
    seq::clear::<Ldov12dCtrl>(1),
    seq::write::<Sps0Ctrl>(0x23),
    seq::write::<ApsFsmco>(0x4802),
    seq::write::<RsvCtrl>(0x0e),
];

/// Whether a driver before us left the chip on.
pub(super) fn is_on<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
) -> Result<bool, ChipError> {
    let engines: CrLow = io.get(cx)?;
    Ok(engines != CrLow(0) && engines != UNPOWERED)
}

/// Switches off. The flags say how far the chip had come: whether its MAC takes writes, and whether
/// its baseband passes them on to the radios.
pub(super) fn off<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    has_mac: bool,
    has_baseband: bool,
) -> Result<(), ChipError> {
    if has_mac {
        io.set(cx, Txpause(0xff))?;
    }
    if has_baseband {
        rf::write(io, cx, Path::A, radio::AC, 0)?;
    }
    if has_mac {
        seq::run(io, cx, BASEBAND_OFF)?;
    }
    if io.get::<Mcufwdl>(cx)?.rdy() {
        fw::stop(io, cx)?;
    }
    seq::run(io, cx, CLOCKS_OFF)?;
    pins_off(io, cx)?;
    seq::run(io, cx, SUPPLIES_OFF)
}

/// Pins become outputs that keep the level that they have, so that none floats.
fn pins_off<B: RegisterBus>(io: &mut Access<B>, cx: &mut Sleepable) -> Result<(), ChipError> {
    io.set(cx, GpioIosel(0))?;
    let [levels, _, _, mode] = io.get::<GpioPinCtrl>(cx)?.0.to_le_bytes();
    io.set(cx, GpioPinCtrl(u32::from_le_bytes([levels, levels, 0xff, mode])))?;
    io.set(cx, MacPinmuxCfg(0))?;
    let selected = io.get::<GpioIoSel>(cx)?.0;
    io.set(cx, GpioIoSel((selected & 0xff0f) | (selected & 0x0f) << 4 | 0x0780))
}
