// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Sequences of register accesses as data, and what carries them out.

use tern_core::{
    chip::{ChipError, Register, RegisterBus},
    os::Sleepable,
};

use crate::access::Access;

/// One step of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Write.
    Write {
        /// Where.
        addr: u16,
        /// Bytes.
        len: usize,
        /// What.
        value: u32,
    },
    /// Read, clear and set bits, write.
    Mask {
        /// Where.
        addr: u16,
        /// Bytes.
        len: usize,
        /// Bits to clear.
        clear: u32,
        /// Bits to set.
        set: u32,
    },
    /// Read until the bits of `mask` are those of `value`.
    Poll {
        /// Where.
        addr: u16,
        /// Bytes.
        len: usize,
        /// Bits that count.
        mask: u32,
        /// How they have to be.
        value: u32,
        /// Times to read, at most.
        tries: u16,
        /// Microseconds in between.
        interval_us: u32,
        /// What is waited for, for people.
        what: &'static str,
    },
    /// Wait this many microseconds.
    Delay(u32),
}

/// A whole register is written.
pub(crate) const fn write<R: Register>(value: u32) -> Step {
    Step::Write { addr: R::ADDR, len: R::LEN, value }
}

/// Bits are set.
pub(crate) const fn set<R: Register>(bits: u32) -> Step {
    Step::Mask { addr: R::ADDR, len: R::LEN, clear: 0, set: bits }
}

/// Bits are cleared.
pub(crate) const fn clear<R: Register>(bits: u32) -> Step {
    Step::Mask { addr: R::ADDR, len: R::LEN, clear: bits, set: 0 }
}

/// `mask` has to become `value`.
pub(crate) const fn poll<R: Register>(
    mask: u32,
    value: u32,
    tries: u16,
    interval_us: u32,
    what: &'static str,
) -> Step {
    Step::Poll { addr: R::ADDR, len: R::LEN, mask, value, tries, interval_us, what }
}

/// Carries a sequence out, up to the first step that fails.
pub(crate) fn run<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    steps: &[Step],
) -> Result<(), ChipError> {
    for step in steps {
        match *step {
            Step::Write { addr, len, value } => io.write_at(cx, addr, len, value)?,
            Step::Mask { addr, len, clear, set } => {
                let old = io.read_at(cx, addr, len)?;
                io.write_at(cx, addr, len, (old & !clear) | set)?;
            }
            Step::Poll { .. } => wait(io, cx, *step)?,
            Step::Delay(micros) => io.delay_us(cx, micros),
        }
    }
    Ok(())
}

fn wait<B: RegisterBus>(
    io: &mut Access<B>,
    cx: &mut Sleepable,
    step: Step,
) -> Result<(), ChipError> {
    let Step::Poll { addr, len, mask, value, tries, interval_us, what } = step else {
        return Ok(());
    };
    for _ in 0..tries {
        if io.read_at(cx, addr, len)? & mask == value {
            return Ok(());
        }
        io.delay_us(cx, interval_us);
    }
    Err(ChipError::Timeout(what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        regs::mac::{ApsFsmco, RsvCtrl, SysFuncEn},
        tests::RecordingBus,
    };

    #[test]
    fn steps_are_carried_out_up_to_the_one_that_fails() {
        let (bus, log) = RecordingBus::new();
        let mut io = Access::new(bus);
        io.begin(1_000_000);
        log.answer(0x002, 0x00ff);
        let steps = [
            write::<RsvCtrl>(0x0e),
            set::<SysFuncEn>(0x0100),
            clear::<SysFuncEn>(0x000f),
            Step::Delay(100),
            poll::<ApsFsmco>(0x0100, 0, 3, 50, "good"),
            poll::<ApsFsmco>(0x0002, 0x0002, 3, 50, "bad"),
            write::<RsvCtrl>(0),
        ];
        let result = run(&mut io, &mut Sleepable::enter_from_shim(), &steps);
        assert_eq!(result, Err(ChipError::Timeout("bad")));
        let expect = [(0x01c, 1, 0x0e), (0x002, 2, 0x01ff), (0x002, 2, 0x00f0)];
        assert_eq!(log.accesses(), expect);
        assert_eq!(log.reads(), 2 + 1 + 3);
    }
}
