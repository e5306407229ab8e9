// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Where a function pointer comes from: back from a call along all ways that lead there, through
//! copies and spills, to the loads that brought it.

use std::collections::BTreeSet;

use iced_x86::{Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register};

use super::flow::{Callee, State, Steps};
use super::module::Place;

/// Where a value is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Location {
    /// In a register.
    Register(Register),
    /// On the stack, so many bytes below the caller's stack pointer.
    Stack(i64),
}

/// What an instruction does to a value that is looked for.
enum Origin {
    /// Nothing: it was there before.
    Before,
    /// It was copied from elsewhere; `true` if it may also have been there before (conditional move).
    Copied(Location, bool),
    /// It is zero, which nobody calls.
    Zero,
    /// It is made here.
    Made(Callee),
}

/// All that the pointer in `register` may be at the call at `at`.
pub(super) fn callees(steps: &Steps<'_>, at: Place, register: Register) -> BTreeSet<Callee> {
    search(steps, at, Location::Register(register))
}

/// All that the pointer may be that the call at `at` takes from memory.
pub(super) fn in_memory(steps: &Steps<'_>, at: Place) -> BTreeSet<Callee> {
    let Some((instruction, state)) = steps.at(at) else {
        return BTreeSet::from([Callee::Pointer(None)]);
    };
    let kernel = steps.kernel(at);
    let step = Step { instruction, state, constant: &|| Callee::Pointer(None), kernel };
    match loaded(&step, false) {
        Origin::Copied(from, _) => search(steps, at, from),
        Origin::Made(callee) => BTreeSet::from([of_kernel(steps, at, callee)]),
        Origin::Before | Origin::Zero => BTreeSet::from([Callee::Pointer(None)]),
    }
}

fn search(steps: &Steps<'_>, at: Place, location: Location) -> BTreeSet<Callee> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![(at, location)];
    while let Some((at, location)) = waiting.pop() {
        if at == steps.entry() {
            // An argument.
            found.insert(Callee::Pointer(None));
        }
        for &at in steps.before(at) {
            if !seen.insert((at, location)) {
                continue;
            }
            match origin(steps, at, location) {
                Origin::Before => waiting.push((at, location)),
                Origin::Zero => {}
                Origin::Made(callee) => drop(found.insert(of_kernel(steps, at, callee))),
                Origin::Copied(from, maybe) => {
                    waiting.push((at, from));
                    if maybe {
                        waiting.push((at, location));
                    }
                }
            }
        }
    }
    found
}

/// A function of a table that a variable of the kernel's points to is the kernel's: `callee` was loaded at
/// `at`, from where a register pointed.
fn of_kernel(steps: &Steps<'_>, at: Place, callee: Callee) -> Callee {
    let base = steps.at(at).map(|(instruction, _)| instruction.memory_base());
    let (Callee::Pointer(Some(_)), Some(base)) = (&callee, base) else { return callee };
    let tables = search(steps, at, Location::Register(base.full_register()));
    match tables.first() {
        Some(Callee::Kernel(name)) if tables.len() == 1 => Callee::Kernel(name.clone()),
        _ => callee,
    }
}

fn origin(steps: &Steps<'_>, at: Place, location: Location) -> Origin {
    let Some((instruction, state)) = steps.at(at) else {
        return Origin::Made(Callee::Pointer(None));
    };
    let kernel = steps.kernel(at);
    let step = Step { instruction, state, constant: &|| steps.constant(at), kernel };
    match location {
        Location::Register(register) => of_register(&step, register),
        Location::Stack(place) => of_stack(&step, place),
    }
}

/// One instruction on the way.
struct Step<'a> {
    instruction: &'a Instruction,
    /// The stack before it.
    state: State,
    /// The function whose address stands in it.
    constant: &'a dyn Fn() -> Callee,
    /// The kernel's symbol that it names.
    kernel: Option<&'a str>,
}

fn of_register(step: &Step<'_>, register: Register) -> Origin {
    let instruction = step.instruction;
    let unknown = Origin::Made(Callee::Pointer(None));
    if instruction.is_call_near() || instruction.is_call_near_indirect() {
        return if is_preserved(register) { Origin::Before } else { unknown };
    }
    if !writes(instruction, register) {
        return Origin::Before;
    }
    let conditional = instruction.condition_code() != iced_x86::ConditionCode::None;
    let zeroed = instruction.mnemonic() == Mnemonic::Xor
        && instruction.op0_register() == instruction.op1_register();
    match (instruction.mnemonic(), instruction.op1_kind()) {
        (Mnemonic::Xor, OpKind::Register) if zeroed => Origin::Zero,
        (Mnemonic::Lea, _) => Origin::Made((step.constant)()),
        (Mnemonic::Mov, _) if is_immediate(instruction) => Origin::Made((step.constant)()),
        (Mnemonic::Mov, OpKind::Register) => {
            Origin::Copied(Location::Register(instruction.op1_register().full_register()), false)
        }
        (_, OpKind::Register) if conditional => {
            Origin::Copied(Location::Register(instruction.op1_register().full_register()), true)
        }
        (Mnemonic::Mov, OpKind::Memory) => loaded(step, false),
        (_, OpKind::Memory) if conditional => loaded(step, true),
        _ => unknown,
    }
}

/// A value that an instruction loads: back from where it was spilled, or out of a table.
fn loaded(step: &Step<'_>, maybe: bool) -> Origin {
    let instruction = step.instruction;
    if let Some(place) = stack_place(step) {
        return Origin::Copied(Location::Stack(place), maybe);
    }
    // A variable of the kernel's holds one of its own functions.
    let is_fixed = matches!(instruction.memory_base(), Register::None | Register::RIP);
    if let Some(name) = step.kernel.filter(|_| is_fixed) {
        return Origin::Made(Callee::Kernel(name.to_string()));
    }
    let plain = instruction.memory_index() == Register::None
        && !matches!(instruction.memory_base(), Register::None | Register::RIP | Register::RSP);
    // A conditional load from memory: the other half is lost with it.
    let offset = (plain && !maybe).then_some(instruction.memory_displacement64() as i64);
    Origin::Made(Callee::Pointer(offset))
}

fn of_stack(step: &Step<'_>, place: i64) -> Origin {
    let instruction = step.instruction;
    let stores = instruction.op0_kind() == OpKind::Memory
        && stack_place(step) == Some(place)
        && instruction.mnemonic() != Mnemonic::Cmp
        && instruction.mnemonic() != Mnemonic::Test;
    if !stores {
        return Origin::Before;
    }
    if instruction.mnemonic() == Mnemonic::Mov && instruction.op1_kind() == OpKind::Register {
        return Origin::Copied(
            Location::Register(instruction.op1_register().full_register()),
            false,
        );
    }
    if instruction.mnemonic() == Mnemonic::Mov && is_immediate(instruction) {
        return Origin::Made((step.constant)());
    }
    Origin::Made(Callee::Pointer(None))
}

/// Where on the stack the memory operand of an instruction is, if it is there.
fn stack_place(step: &Step<'_>) -> Option<i64> {
    let instruction = step.instruction;
    let offset = instruction.memory_displacement64() as i64;
    match instruction.memory_base() {
        _ if instruction.memory_index() != Register::None => None,
        Register::RSP => Some(step.state.depth - offset),
        Register::RBP => step.state.frame_pointer.map(|frame| frame - offset),
        _ => None,
    }
}

fn is_immediate(instruction: &Instruction) -> bool {
    !matches!(instruction.op1_kind(), OpKind::Register | OpKind::Memory)
}

/// Whether an instruction writes (part of) a register.
fn writes(instruction: &Instruction, register: Register) -> bool {
    use OpAccess::{CondWrite, ReadCondWrite, ReadWrite, Write};
    let mut factory = InstructionInfoFactory::new();
    factory.info(instruction).used_registers().iter().any(|used| {
        used.register().full_register() == register
            && matches!(used.access(), Write | CondWrite | ReadWrite | ReadCondWrite)
    })
}

/// Registers that a callee gives back as they were (System V ABI).
fn is_preserved(register: Register) -> bool {
    use Register::{R12, R13, R14, R15, RBP, RBX};
    matches!(register, RBX | RBP | R12 | R13 | R14 | R15)
}
