// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The serial interface between baseband and radio.

use tern_core::{
    chip::{ChipError, RegisterBus},
    os::Sleepable,
};

use crate::{
    access::Access,
    regs::bb::{
        HSPI_READBACK, HSSI_PARAM1, HSSI_PARAM2, HssiParam1, HssiParam2, LSSI_PARAM, LSSI_READBACK,
        LssiParam, Path, Readback,
    },
};

const EDGE_US: u32 = 10;
const READ_US: u32 = 100;

/// Writes a radio register; its value has 20 bits.
pub(crate) fn write<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    path: Path,
    addr: u8,
    value: u32,
) -> Result<(), ChipError> {
    let word = LssiParam::new().with_addr(addr & 0x3f).with_data(value & 0xf_ffff);
    io.write_at(cx, path.of(LSSI_PARAM), 4, word.into_bits())
}

/// Reads a radio register: the address is latched by an edge that path A gives.
pub(crate) fn read<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    path: Path,
    addr: u8,
) -> Result<u32, ChipError> {
    let clock_at = Path::A.of(HSSI_PARAM2);
    let clock = HssiParam2::from_bits(io.current_at(cx, clock_at)?);
    let request = HssiParam2::from_bits(io.current_at(cx, path.of(HSSI_PARAM2))?);
    io.write_at(cx, clock_at, 4, clock.with_read_edge(false).into_bits())?;
    io.delay_us(cx, EDGE_US);
    let request = request.with_read_addr(addr).with_read_edge(true);
    io.write_at(cx, path.of(HSSI_PARAM2), 4, request.into_bits())?;
    io.delay_us(cx, READ_US);
    io.write_at(cx, clock_at, 4, clock.with_read_edge(true).into_bits())?;
    io.delay_us(cx, EDGE_US);
    let interface = HssiParam1::from_bits(io.current_at(cx, path.of(HSSI_PARAM1))?);
    let readback = if interface.pi() { HSPI_READBACK } else { LSSI_READBACK };
    Ok(Readback::from_bits(io.read_at(cx, path.of(readback), 4)?).data())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::RecordingBus;

    #[test]
    fn words_on_the_serial_interface() {
        let (bus, log) = RecordingBus::new();
        let mut io = Access::new(bus);
        io.begin(1_000_000);
        let cx = &mut Sleepable::enter_from_shim();
        write(&mut io, cx, Path::A, 0x18, 0x0fc06).unwrap();
        assert_eq!(log.writes32(), [(0x840, 0x0180_fc06)]);
        log.clear();
        log.answer(0x824, 0x0039_0204);
        log.answer(0x820, 0x0100_0100);
        log.answer(0x8b8, 0xfff0_fc06);
        assert_eq!(read(&mut io, cx, Path::A, 0x18), Ok(0x0fc06));
        let expect = [(0x824, 0x0039_0204), (0x824, 0x8c39_0204), (0x824, 0x8039_0204)];
        assert_eq!(log.writes32(), expect);
    }
}
