// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Values of registers for people: the names of their fields.

use core::fmt;

use tern_core::chip::Register;

use super::{bb, mac, usb};

/// The value of a register; shown with the names of its fields.
#[derive(Clone, Copy)]
pub struct Value {
    raw: u32,
    show: fn(u32, &mut fmt::Formatter<'_>) -> fmt::Result,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.show)(self.raw, f)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.show)(self.raw, f)
    }
}

/// Registers at one address, then those that each radio has one of.
macro_rules! layouts {
    ($($kind:ty),*; $($addresses:path => $each:ty),*) => {
        /// What stands in the register at `addr` of which `len` bytes were read or written as `raw`;
        /// nothing if no register with fields is there in that width.
        pub fn value(addr: u16, len: usize, raw: u32) -> Option<Value> {
            $(if addr == <$kind as Register>::ADDR && len == <$kind as Register>::LEN {
                return Some(Value { raw, show: |raw, f| {
                    fmt::Debug::fmt(&<$kind as Register>::from_raw(raw), f)
                }});
            })*
            $(if $addresses.contains(&addr) && len == size_of::<u32>() {
                return Some(Value { raw, show: |raw, f| {
                    fmt::Debug::fmt(&<$each>::from_bits(raw), f)
                }});
            })*
            None
        }
    };
}

layouts! {
    mac::SysFuncEn, mac::SysClkr, mac::EfuseCtrl, mac::GpioMuxcfg, mac::Ledcfg0, mac::Ledcfg2,
    mac::Mcufwdl, mac::HponFsm, mac::SysCfg, mac::Cr, mac::TrxdmaCtrl, mac::LltInit, mac::Rqpn,
    mac::Tdectrl, mac::TxdmaOffsetChk, mac::Rrsr, mac::BcnCtrl, mac::Bwopmode, mac::Rcr,
    mac::WmacTrxptclCtl, mac::Camcmd, mac::Seccfg,
    bb::Fpga0Rfmod, bb::Fpga1Rfmod, bb::Fpga0PowerSave, bb::Fpga0Rfifacesw, bb::Fpga0Rfparam,
    bb::Fpga0Anaparam2, bb::Cck0System, bb::Ofdm1Lstf, bb::Ofdm1LstfTop,
    usb::UsbSpecialOption, usb::UsbEpTx;
    bb::HSSI_PARAM1 => bb::HssiParam1, bb::HSSI_PARAM2 => bb::HssiParam2,
    bb::LSSI_PARAM => bb::LssiParam, bb::FPGA0_RFIFACEOE => bb::Fpga0Rfifaceoe,
    bb::OFDM0_AGCCORE1 => bb::Ofdm0Agccore1
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::value;

    #[test]
    fn fields_have_names() {
        let show = |addr, len, raw| value(addr, len, raw).map(|value| format!("{value}"));
        let text = show(0x0100, 2, 0x063f).unwrap_or_default();
        assert!(text.starts_with("Cr {"), "{text}");
        assert!(text.contains(": true"), "{text}");
        assert_eq!(show(0x0100, 1, 0x3f), None, "another width is another register");
        assert_eq!(show(0x7777, 4, 0), None);
        let text = show(0x0844, 4, 0x1234_5678).unwrap_or_default();
        assert!(text.contains("data: "), "{text}");
    }
}
