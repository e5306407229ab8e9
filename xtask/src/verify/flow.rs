// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! One function's instructions: how deep its stack gets, whom it calls at which depth, and
//! instructions that a kernel may not use.

use std::collections::BTreeMap;

use iced_x86::{
    Code, CpuidFeature, Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory,
    Mnemonic, OpKind, Register,
};

use super::module::{Function, Module, Place, Relocation, Target};
use super::pointer;

/// Thunks through which all indirect calls go; the end of the name is the register.
const INDIRECT: &str = "__x86_indirect_thunk_";

/// Where every return goes.
const RETURN: &str = "__x86_return_thunk";

/// What a call may reach.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Callee {
    /// A function of this module.
    Function(usize),
    /// A function of the kernel's.
    Kernel(String),
    /// A function pointer, loaded from this offset of a table if that could be seen.
    Pointer(Option<i64>),
}

/// A call, or a jump to another function.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Bytes of stack in use when the callee starts, its return address not counted.
    pub(super) depth: i64,
    /// Whom it calls.
    pub(super) callee: Callee,
}

/// What was found in a function.
#[derive(Default)]
pub(super) struct Flow {
    /// The deepest stack in bytes, return address included.
    pub(super) frame: i64,
    /// All calls.
    pub(super) calls: Vec<Call>,
    /// Functions whose address is taken.
    pub(super) taken: Vec<usize>,
    /// Vector or x87 instructions, with their offsets.
    pub(super) vectors: Vec<String>,
    /// Accesses below the stack pointer.
    pub(super) red_zone: Vec<String>,
    /// Accesses to the memory of a thread (by way of fs), which kernels have none of.
    pub(super) threads: Vec<String>,
    /// What could not be followed.
    pub(super) unclear: Vec<String>,
    /// Whether it ever returns (or ends by jumping to another function).
    pub(super) returns: bool,
}

/// Stack pointer and frame pointer, as bytes below the caller's stack pointer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// Where rsp points.
    pub(super) depth: i64,
    /// Where rbp points, if it is a frame pointer at the moment.
    pub(super) frame_pointer: Option<i64>,
}

/// Follows the code of function `number`.
pub(super) fn follow(module: &Module, number: usize) -> Flow {
    let function = &module.functions[number];
    let flow = Flow::default();
    let steps = Steps::new(module, function.place);
    let (pointers, memory) = (Vec::new(), Vec::new());
    let mut walk = Walk { module, number, flow, steps, pointers, memory };
    walk.from(function.place, State { depth: 8, frame_pointer: None });
    let Walk { mut flow, steps, pointers, memory, .. } = walk;
    for (place, depth) in memory {
        let callees = pointer::in_memory(&steps, place);
        flow.calls.extend(callees.into_iter().map(|callee| Call { depth, callee }));
    }
    for (place, depth, register) in pointers {
        let callees = pointer::callees(&steps, place, register);
        flow.calls.extend(callees.into_iter().map(|callee| Call { depth, callee }));
    }
    sweep(module, function, &mut flow);
    flow
}

/// The instructions of a function that can be reached, and which comes after which.
pub(super) struct Steps<'a> {
    module: &'a Module,
    entry: Place,
    instructions: BTreeMap<Place, (Instruction, State)>,
    before: BTreeMap<Place, Vec<Place>>,
}

impl<'a> Steps<'a> {
    fn new(module: &'a Module, entry: Place) -> Self {
        Self { module, entry, instructions: BTreeMap::new(), before: BTreeMap::new() }
    }

    /// Where the function begins.
    pub(super) fn entry(&self) -> Place {
        self.entry
    }

    /// The instructions after which the one at `place` may run.
    pub(super) fn before(&self, place: Place) -> &[Place] {
        self.before.get(&place).map_or(&[], Vec::as_slice)
    }

    /// The instruction at `place` and the state of the stack before it.
    pub(super) fn at(&self, place: Place) -> Option<(&Instruction, State)> {
        self.instructions.get(&place).map(|(instruction, state)| (instruction, *state))
    }

    /// The kernel's symbol that the instruction at `place` names.
    pub(super) fn kernel(&self, place: Place) -> Option<&str> {
        let (instruction, _) = self.at(place)?;
        let mut named = self.module.relocations(place.0, instruction.ip(), instruction.next_ip());
        named.find_map(|(_, relocation)| match &relocation.target {
            Target::Kernel(name) => Some(name.as_str()),
            Target::Here(_) => None,
        })
    }

    /// The function whose address stands in the instruction at `place`.
    pub(super) fn constant(&self, place: Place) -> Callee {
        let Some((instruction, _)) = self.at(place) else { return Callee::Pointer(None) };
        match branch_place(self.module, instruction, place.0).and_then(|to| self.module.at(to)) {
            Some(function) => Callee::Function(function),
            None => Callee::Pointer(None),
        }
    }
}

/// Where a direct jump or call leads, or an address in an instruction, if into this module.
fn branch_place(module: &Module, instruction: &Instruction, section: usize) -> Option<Place> {
    let (ip, next) = (instruction.ip(), instruction.next_ip());
    match module.relocations(section, ip, next).next() {
        Some((offset, relocation)) => destination(relocation, next - offset),
        None if instruction.op0_kind() == OpKind::NearBranch64 => {
            Some((section, instruction.near_branch64()))
        }
        None => None,
    }
}

/// Looks at every instruction, reached or not: vectors, and addresses of functions.
fn sweep(module: &Module, function: &Function, flow: &mut Flow) {
    let mut factory = InstructionInfoFactory::new();
    let (section, base) = function.place;
    let decoder = Decoder::with_ip(64, &function.code, base, DecoderOptions::NONE);
    for instruction in decoder {
        if uses_vectors(&mut factory, &instruction) {
            flow.vectors.push(format!("{} +{:#x}", function.name, instruction.ip() - base));
        }
        if instruction.segment_prefix() == Register::FS {
            flow.threads.push(format!("{} +{:#x}", function.name, instruction.ip() - base));
        }
        for (offset, relocation) in
            module.relocations(section, instruction.ip(), instruction.next_ip())
        {
            let branch = instruction.flow_control() != FlowControl::Next;
            let place = destination(relocation, instruction.next_ip() - offset);
            if let Some(taken) = place.and_then(|place| module.at(place)).filter(|_| !branch) {
                flow.taken.push(taken);
            }
        }
    }
}

/// Whether an instruction touches state that belongs to user space.
fn uses_vectors(factory: &mut InstructionInfoFactory, instruction: &Instruction) -> bool {
    let vector = |register: Register| {
        register.is_vector_register()
            || register.is_mm()
            || register.is_st()
            || register.is_k()
            || register.is_tmm()
    };
    let x87 = instruction.cpuid_features().iter().any(|feature| {
        matches!(
            feature,
            CpuidFeature::FPU
                | CpuidFeature::FPU287
                | CpuidFeature::FPU387
                | CpuidFeature::MMX
                | CpuidFeature::D3NOW
                | CpuidFeature::FXSR
                | CpuidFeature::XSAVE
        )
    });
    x87 || factory.info(instruction).used_registers().iter().any(|used| vector(used.register()))
}

/// Where a relocation leads, if into this module. `rest` is the distance from the relocated field to
/// the end of the instruction, which is what relative fields count from.
pub(super) fn destination(relocation: &Relocation, rest: u64) -> Option<Place> {
    let Target::Here((section, offset)) = &relocation.target else { return None };
    let relative =
        matches!(relocation.kind, object::elf::R_X86_64_PC32 | object::elf::R_X86_64_PLT32);
    let rest = if relative { rest as i64 } else { 0 };
    let at = (*offset as i64) + relocation.addend + rest;
    u64::try_from(at).ok().map(|at| (*section, at))
}

/// The walk through a function along its jumps.
struct Walk<'a> {
    module: &'a Module,
    number: usize,
    flow: Flow,
    steps: Steps<'a>,
    /// Calls through a register: where, how deep, and which.
    pointers: Vec<(Place, i64, Register)>,
    /// Calls through a pointer in memory: where, and how deep.
    memory: Vec<(Place, i64)>,
}

/// A path to follow: where from, where to, and the stack there.
type Path = (Option<Place>, Place, State);

impl Walk<'_> {
    /// Follows all paths from `start`.
    fn from(&mut self, start: Place, state: State) {
        let mut waiting = vec![(None, start, state)];
        while let Some(path) = waiting.pop() {
            self.straight(path, &mut waiting);
        }
    }

    /// Follows one path until it ends or joins one that was followed before.
    fn straight(&mut self, path: Path, waiting: &mut Vec<Path>) {
        let (mut before, start, mut state) = path;
        let Some(inside) = self.module.around(start) else { return };
        let function = &self.module.functions[inside];
        let skip = (start.1 - function.place.1) as usize;
        let mut decoder =
            Decoder::with_ip(64, &function.code[skip..], start.1, DecoderOptions::NONE);
        while decoder.can_decode() {
            let instruction = decoder.decode();
            let place = (start.0, instruction.ip());
            if let Some(before) = before.replace(place) {
                self.steps.before.entry(place).or_default().push(before);
            }
            if let Some((_, known)) = self.steps.instructions.get(&place) {
                if known.depth != state.depth {
                    self.unclear(&instruction, "is reached with two depths of stack");
                }
                return;
            }
            self.steps.instructions.insert(place, (instruction, state));
            self.red_zone(&instruction, state);
            let ends = self.transfer(&instruction, start.0, state, waiting);
            if !self.step(&instruction, &mut state) {
                self.unclear(&instruction, "changes the stack pointer by an unknown amount");
                return;
            }
            self.flow.frame = self.flow.frame.max(state.depth);
            if ends {
                return;
            }
        }
    }

    fn unclear(&mut self, instruction: &Instruction, what: &str) {
        let name = &self.module.functions[self.number].name;
        self.flow.unclear.push(format!("{name}: offset {:#x} {what}", instruction.ip()));
    }

    /// Notes an access to memory below the stack pointer: an interrupt would overwrite it.
    fn red_zone(&mut self, instruction: &Instruction, state: State) {
        let memory = (0..instruction.op_count())
            .any(|operand| instruction.op_kind(operand) == OpKind::Memory);
        // With an index it depends on a value: a buffer on the stack from its end, for instance.
        if !memory
            || instruction.memory_index() != Register::None
            || matches!(instruction.mnemonic(), Mnemonic::Lea | Mnemonic::Nop)
        {
            return;
        }
        let offset = instruction.memory_displacement64() as i64;
        let depth = match (instruction.memory_base(), state.frame_pointer) {
            (Register::RSP, _) => state.depth - offset,
            (Register::RBP, Some(frame)) => frame - offset,
            _ => return,
        };
        if depth > state.depth {
            let function = &self.module.functions[self.number];
            let below = depth - state.depth;
            self.flow.red_zone.push(format!(
                "{}: offset {:#x} reaches {below} bytes below the stack pointer",
                function.name,
                instruction.ip()
            ));
        }
    }

    /// Jumps and calls. True if the path does not go on after the instruction.
    fn transfer(
        &mut self,
        instruction: &Instruction,
        section: usize,
        state: State,
        waiting: &mut Vec<Path>,
    ) -> bool {
        match instruction.flow_control() {
            FlowControl::Next | FlowControl::XbeginXabortXend => false,
            FlowControl::Call | FlowControl::IndirectCall => {
                self.call(instruction, section, state.depth);
                false
            }
            FlowControl::ConditionalBranch => {
                self.jump(instruction, section, state, waiting);
                false
            }
            FlowControl::UnconditionalBranch | FlowControl::IndirectBranch => {
                self.jump(instruction, section, state, waiting);
                true
            }
            FlowControl::Return => {
                self.flow.returns = true;
                true
            }
            FlowControl::Interrupt | FlowControl::Exception => true,
        }
    }

    /// A jump: within the function (its cold part included), or a call in the place of a return.
    fn jump(
        &mut self,
        instruction: &Instruction,
        section: usize,
        state: State,
        waiting: &mut Vec<Path>,
    ) {
        let place = branch_place(self.module, instruction, section);
        if let Some(place) = place {
            let own = self.module.around(place) == Some(self.number);
            let middle = self.module.at(place).is_none();
            let cold = self.module.at(place).is_some_and(|at| self.is_cold_part(at));
            if own || middle || cold {
                waiting.push((Some((section, instruction.ip())), place, state));
                return;
            }
        }
        self.call(instruction, section, state.depth - 8);
        self.flow.returns = true;
    }

    /// Whether a function is what gcc split off from the one being followed.
    fn is_cold_part(&self, other: usize) -> bool {
        let own = &self.module.functions[self.number].symbol;
        let other = &self.module.functions[other].symbol;
        other.strip_prefix(own.as_str()).is_some_and(|rest| rest.starts_with(".cold"))
    }

    /// Notes a call (or a jump out of the function) with the stack in use.
    fn call(&mut self, instruction: &Instruction, section: usize, depth: i64) {
        let mut note = |callee| self.flow.calls.push(Call { depth, callee });
        let direct = instruction.op0_kind() == OpKind::NearBranch64;
        if let Some(place) = branch_place(self.module, instruction, section) {
            let function = self.module.around(place).filter(|_| direct);
            note(function.map_or(Callee::Pointer(None), Callee::Function));
            return;
        }
        let (ip, next) = (instruction.ip(), instruction.next_ip());
        let symbols = self.module.relocations(section, ip, next);
        let kernel = symbols.into_iter().find_map(|(_, relocation)| match &relocation.target {
            Target::Kernel(name) => Some(name.as_str()),
            Target::Here(_) => None,
        });
        let through = match kernel {
            Some(name) => name.strip_prefix(INDIRECT).and_then(register),
            None if instruction.op0_kind() == OpKind::Register => Some(instruction.op0_register()),
            None if instruction.op0_kind() == OpKind::Memory => {
                self.memory.push(((section, ip), depth));
                return;
            }
            None => None,
        };
        match (kernel, through) {
            (_, Some(register)) => self.pointers.push(((section, ip), depth, register)),
            (Some(RETURN), None) => {}
            (Some(name), None) => note(Callee::Kernel(name.to_string())),
            (None, None) => note(Callee::Pointer(None)),
        }
    }

    /// What an instruction does to stack and frame pointer. False if that cannot be said.
    fn step(&self, instruction: &Instruction, state: &mut State) -> bool {
        let to_rsp = instruction.op0_kind() == OpKind::Register
            && instruction.op0_register() == Register::RSP;
        let to_rbp = instruction.op0_kind() == OpKind::Register
            && instruction.op0_register() == Register::RBP;
        let constant = || instruction.immediate(1) as i64;
        let immediate = instruction.op_count() > 1
            && !matches!(instruction.op1_kind(), OpKind::Register | OpKind::Memory);
        match instruction.mnemonic() {
            Mnemonic::Call | Mnemonic::Ret => return true,
            Mnemonic::Leave => match state.frame_pointer.take() {
                Some(frame) => state.depth = frame - 8,
                None => return false,
            },
            Mnemonic::Sub if to_rsp && immediate => state.depth += constant(),
            Mnemonic::Add if to_rsp && immediate => state.depth -= constant(),
            // Rounds down: at most the alignment less the eight bytes that are always aligned.
            Mnemonic::And if to_rsp && immediate => {
                state.depth += (-constant() - 8).max(0);
            }
            Mnemonic::Lea if to_rsp => match self.address(instruction, *state) {
                Some(depth) => state.depth = depth,
                None => return false,
            },
            Mnemonic::Mov if to_rsp => match (instruction.op1_register(), state.frame_pointer) {
                (Register::RBP, Some(frame)) => state.depth = frame,
                _ => return false,
            },
            Mnemonic::Mov if to_rbp && instruction.op1_register() == Register::RSP => {
                state.frame_pointer = Some(state.depth);
            }
            Mnemonic::Lea if to_rbp => state.frame_pointer = self.address(instruction, *state),
            Mnemonic::Pushfq | Mnemonic::Push => {
                state.depth -= i64::from(instruction.stack_pointer_increment());
            }
            Mnemonic::Popfq | Mnemonic::Pop => {
                state.depth -= i64::from(instruction.stack_pointer_increment());
                if to_rbp {
                    state.frame_pointer = None;
                }
                return !to_rsp;
            }
            _ if to_rbp && instruction.code() != Code::INVALID && writes_first(instruction) => {
                state.frame_pointer = None;
            }
            _ => return !(to_rsp && writes_first(instruction)),
        }
        true
    }

    /// The depth of an address that is the stack or frame pointer and a constant.
    fn address(&self, instruction: &Instruction, state: State) -> Option<i64> {
        if instruction.memory_index() != Register::None {
            return None;
        }
        let offset = instruction.memory_displacement64() as i64;
        match instruction.memory_base() {
            Register::RSP => Some(state.depth - offset),
            Register::RBP => state.frame_pointer.map(|frame| frame - offset),
            _ => None,
        }
    }
}

fn writes_first(instruction: &Instruction) -> bool {
    let mut factory = InstructionInfoFactory::new();
    is_write(factory.info(instruction).op0_access())
}

fn is_write(access: iced_x86::OpAccess) -> bool {
    use iced_x86::OpAccess::{CondWrite, ReadCondWrite, ReadWrite, Write};
    matches!(access, Write | CondWrite | ReadWrite | ReadCondWrite)
}

/// The register at the end of a thunk's name.
fn register(name: &str) -> Option<Register> {
    use Register as R;
    let all = [
        ("rax", R::RAX),
        ("rbx", R::RBX),
        ("rcx", R::RCX),
        ("rdx", R::RDX),
        ("rsi", R::RSI),
        ("rdi", R::RDI),
        ("rbp", R::RBP),
        ("r8", R::R8),
        ("r9", R::R9),
        ("r10", R::R10),
        ("r11", R::R11),
        ("r12", R::R12),
        ("r13", R::R13),
        ("r14", R::R14),
        ("r15", R::R15),
    ];
    all.iter().find(|(text, _)| *text == name).map(|(_, register)| *register)
}
