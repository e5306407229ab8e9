// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Firmware: what an image looks like, and how it gets into the chip.

use tern_core::{
    chip::{BLOCK_MAX, ChipError, FirmwareError, RegisterBus},
    os::Sleepable,
};

use crate::{
    access::Access,
    regs::mac::{
        FW_START_ADDR, HmetfrHigh, Mcufwdl, McufwdlLow, McufwdlMid, McufwdlPage, SysFuncEn,
    },
};

/// Bytes of an image's header.
const HEADER_LEN: usize = 32;
/// Bytes of the window that the image goes through.
const PAGE_LEN: usize = 4096;
/// Times to download, at most.
const DOWNLOAD_TRIES: u8 = 3;
const CHECKSUM_TRIES: u16 = 25;
const READY_TRIES: u16 = 20;
const INTERVAL_US: u32 = 10_000;
const RESET_TRIES: u16 = 100;
const RESET_INTERVAL_US: u32 = 50;
/// Tells the microcontroller to reset itself.
const RESET_YOURSELF: HmetfrHigh = HmetfrHigh(0x20);

/// What firmware a chip takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// What may stand at the beginning, without its low 4 bits, which tell variants apart.
    pub(crate) signatures: &'static [u16],
    /// Most bytes of code.
    pub(crate) code_max: usize,
}

/// Finds the code in an image.
pub(crate) fn code(image: &[u8], kind: Kind) -> Result<&[u8], FirmwareError> {
    let bad_length = FirmwareError::BadLength(image.len());
    let (header, code) = image.split_at_checked(HEADER_LEN).ok_or(bad_length)?;
    let [low, high, ..] = header else { return Err(bad_length) };
    let signature = u16::from_le_bytes([*low, *high]);
    if !kind.signatures.contains(&(signature >> 4)) {
        return Err(FirmwareError::BadSignature(signature));
    }
    if code.is_empty() || code.len() > kind.code_max {
        return Err(bad_length);
    }
    Ok(code)
}

/// Loads `code` and starts it. Firmware that still runs from an earlier boot is stopped first.
pub(crate) fn load<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    code: &[u8],
) -> Result<(), ChipError> {
    let mut control: Mcufwdl = io.get(cx)?;
    if control.ram_dl_sel() {
        stop(io, cx)?;
        control = io.get(cx)?;
        if control.ram_dl_sel() {
            return Err(FirmwareError::Stale.into());
        }
    }
    let func: SysFuncEn = io.get(cx)?;
    io.set(cx, func.with_cpuen(true))?;
    let open = control.with_rom_dlen(false).with_page(0).with_en(true).with_chksum_rpt(false);
    io.set(cx, open)?;
    download(io, cx, open, code)?;
    io.set(cx, McufwdlMid(0))?;
    start(io, cx)
}

/// Writes the image until its checksum is right, and closes the window.
fn download<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    open: Mcufwdl,
    code: &[u8],
) -> Result<(), ChipError> {
    let low = |control: Mcufwdl| {
        let [low, ..] = control.into_bits().to_le_bytes();
        McufwdlLow(low)
    };
    for _ in 0..DOWNLOAD_TRIES {
        io.set(cx, low(open.with_chksum_rpt(true)))?;
        write_pages(io, cx, open, code)?;
        let what = "the firmware's checksum";
        match io.poll(cx, CHECKSUM_TRIES, INTERVAL_US, what, Mcufwdl::chksum_rpt) {
            Ok(_) => return io.set(cx, low(open.with_en(false))),
            Err(ChipError::Timeout(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Err(FirmwareError::Checksum.into())
}

fn write_pages<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    open: Mcufwdl,
    code: &[u8],
) -> Result<(), ChipError> {
    for (page, bytes) in (0..8).zip(code.chunks(PAGE_LEN)) {
        let [_, _, byte, _] = open.with_page(page).into_bits().to_le_bytes();
        io.set(cx, McufwdlPage(byte))?;
        let mut addr = FW_START_ADDR;
        for block in bytes.chunks(BLOCK_MAX) {
            io.write_block(cx, addr, block)?;
            addr = addr.saturating_add(u16::try_from(block.len()).unwrap_or(0));
        }
    }
    Ok(())
}

/// Lets the downloaded firmware run.
fn start<B: RegisterBus>(io: &mut Access<B>, cx: &mut Sleepable) -> Result<(), ChipError> {
    let control: Mcufwdl = io.get(cx)?;
    io.set(cx, control.with_wintini_rdy(false).with_rdy(true))?;
    let what = "the firmware to start";
    match io.poll(cx, READY_TRIES, INTERVAL_US, what, Mcufwdl::wintini_rdy) {
        Err(ChipError::Timeout(_)) => Err(FirmwareError::NotReady.into()),
        other => other.map(|_| ()),
    }
}

/// Stops firmware that runs: it is asked to reset itself, and otherwise loses its clock.
pub(crate) fn stop<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
) -> Result<(), ChipError> {
    io.set(cx, McufwdlLow(0))?;
    io.set(cx, RESET_YOURSELF)?;
    let what = "the firmware to reset itself";
    let reset = io.poll(cx, RESET_TRIES, RESET_INTERVAL_US, what, |func: &SysFuncEn| !func.cpuen());
    match reset {
        Err(ChipError::Timeout(_)) => {
            let func: SysFuncEn = io.get(cx)?;
            io.set(cx, func.with_cpuen(false))
        }
        other => other.map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use proptest::prelude::*;

    use super::*;

    const KIND: Kind = Kind { signatures: &[0x88c, 0x92c], code_max: 0x4000 };

    #[test]
    fn images() {
        let image = |len: usize, signature: u16| {
            let mut image = vec![0; len];
            for (to, from) in image.iter_mut().zip(signature.to_le_bytes()) {
                *to = from;
            }
            image
        };
        let check = |len, signature, expect| {
            assert_eq!(code(&image(len, signature), KIND).map(<[u8]>::len), expect, "{len}");
        };
        check(0x4020, 0x88c1, Ok(0x4000));
        check(33, 0x92c1, Ok(1));
        check(0x4021, 0x88c1, Err(FirmwareError::BadLength(0x4021)));
        check(32, 0x88c1, Err(FirmwareError::BadLength(32)));
        check(0, 0, Err(FirmwareError::BadLength(0)));
        check(31, 0x88c1, Err(FirmwareError::BadLength(31)));
        check(100, 0x88e1, Err(FirmwareError::BadSignature(0x88e1)));
    }

    proptest! {
        #[test]
        fn no_image_panics(image in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = code(&image, KIND);
        }
    }
}
