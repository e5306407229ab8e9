// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Every check is shown to fail on a small object that breaks its rule, and to pass without.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::checks::{Check, Subject};
use super::info;
use super::lists::Lists;
use super::loader;
use super::module::Module;

const EXPORTS: &str = "data_in data\nwork worker\n";
const SYMBOLS: &str = "printk # a comment\n__x86_*\npanic\n";
const LIMITS: &str =
    "data_frame 1024\ndata_chain 3072\nworker_frame 4096\nworker_chain 8192\nmodule_bytes 20000\n";

/// A data path and a worker that do nothing wrong.
const GOOD: &str = "
    push %rbp
    sub $96, %rsp
    mov %rax, 8(%rsp)
    call helper
    add $96, %rsp
    pop %rbp
    ret
";

/// Assembles functions given as (name, body).
pub(super) fn assemble(functions: &[(&str, &str)], rest: &str) -> Module {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("tern-verify-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let mut text = String::from(".text\n");
    for (name, body) in functions {
        text.push_str(&format!(".globl {name}\n.type {name},@function\n{name}:\n{body}\n"));
        text.push_str(&format!(".size {name}, .-{name}\n"));
    }
    text.push_str(rest);
    let (source, object) = (dir.join("x.s"), dir.join("x.o"));
    std::fs::write(&source, text).unwrap();
    let output = Command::new("as").arg(&source).arg("-o").arg(&object).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = std::fs::read(&object).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    Module::read(&bytes).unwrap()
}

fn checks(module: &Module) -> Vec<Check> {
    let lists = Lists::parse(EXPORTS, SYMBOLS, LIMITS).unwrap();
    Subject::new(module, &lists, &loader::LINUX).checks().unwrap()
}

/// Names of the checks that fail.
fn failing(module: &Module) -> Vec<&'static str> {
    checks(module).iter().filter(|check| !check.ok()).map(|check| check.name).collect()
}

/// The checks that fail with these bodies of data path and worker.
fn with(data: &str, worker: &str) -> Vec<&'static str> {
    failing(&assemble(&[("data_in", data), ("work", worker), ("helper", "ret")], ""))
}

#[test]
fn a_good_module_passes() {
    assert!(with(GOOD, GOOD).is_empty());
}

#[test]
fn unknown_symbols() {
    assert_eq!(with("jmp kfree", GOOD), ["undefined symbols"]);
    assert!(with("call __x86_return_thunk\nret", GOOD).is_empty());
}

#[test]
fn relocations_that_the_loader_does_not_know() {
    // The assembler asks for the table's symbol too.
    let failing = with("mov printk@GOTPCREL(%rip), %rax\nret", GOOD);
    assert_eq!(failing, ["undefined symbols", "relocations"]);
}

#[test]
fn entry_points_that_are_missing() {
    let module = assemble(&[("data_in", GOOD), ("helper", "ret")], "");
    assert_eq!(failing(&module), ["code"]);
    let module = assemble(&[("work", GOOD), ("helper", "ret")], "");
    let lists = Lists::parse("work worker\n", SYMBOLS, LIMITS).unwrap();
    let checks = Subject::new(&module, &lists, &loader::LINUX).checks().unwrap();
    assert!(checks.iter().any(|check| !check.ok()), "a module without a data path checks nothing");
}

#[test]
fn vector_instructions() {
    let name = ["SSE, AVX, x87 instructions"];
    assert_eq!(with("movaps %xmm0, %xmm1\nret", GOOD), name);
    assert_eq!(with("vpxor %ymm0, %ymm1, %ymm2\nret", GOOD), name);
    assert_eq!(with(GOOD, "fld1\nret"), name);
    assert_eq!(with(GOOD, "ret\nmovd %eax, %mm0"), name, "also where no path leads");
    assert!(with("lfence\npause\nmfence\nret", GOOD).is_empty());
}

#[test]
fn red_zone() {
    assert_eq!(with("mov %rax, -8(%rsp)\nret", GOOD), ["uses of a red zone"]);
    let frame = "push %rbp\nmov %rsp, %rbp\nmov %rax, -8(%rbp)\npop %rbp\nret";
    assert_eq!(with(frame, GOOD), ["uses of a red zone"]);
    let frame = "push %rbp\nmov %rsp, %rbp\nsub $8, %rsp\nmov %rax, -8(%rbp)\nleave\nret";
    assert!(with(frame, GOOD).is_empty());
}

#[test]
fn stack_frames() {
    let frame = |bytes: u32| format!("sub ${bytes}, %rsp\nadd ${bytes}, %rsp\nret");
    assert!(with(&frame(1016), &frame(4088)).is_empty());
    assert_eq!(with(&frame(1024), GOOD), ["stack frames, data path"]);
    assert_eq!(with(GOOD, &frame(4096)), ["stack frames, others"]);
    let aligned = "push %rbp\nmov %rsp, %rbp\nsub $960, %rsp\nand $-128, %rsp\nleave\nret";
    assert_eq!(with(aligned, GOOD), ["stack frames, data path"]);
}

#[test]
fn stack_chains() {
    let call = |to: &str| format!("sub $1000, %rsp\ncall {to}\nadd $1000, %rsp\nret");
    let tail = |to: &str| format!("sub $1000, %rsp\nadd $1000, %rsp\njmp {to}");
    let leaf = "sub $1000, %rsp\nadd $1000, %rsp\nret";
    let chain = |a: &str, b: &str, c: &str| {
        failing(&assemble(
            &[("data_in", a), ("b", b), ("c", c), ("d", leaf), ("work", GOOD), ("helper", "ret")],
            "",
        ))
    };
    assert_eq!(chain(&call("b"), &call("c"), &call("d")), ["stack chains, data path"]);
    assert!(chain(&call("b"), &tail("c"), &call("d")).is_empty(), "a tail call leaves its frame");
    assert!(chain(&call("b"), &call("c"), leaf).is_empty());
    let cold = "sub $1000, %rsp\ntest %rax, %rax\nje 1f\nadd $1000, %rsp\nret\n1: call b\nud2";
    assert_eq!(chain(cold, &call("c"), &call("d")), ["stack chains, data path"]);
}

#[test]
fn calls_through_vtables() {
    let vtable = "
        .section .rodata
        .quad 0, 16, 8, _Rharmless, _Rdeep
    ";
    let dispatch = |slot: u32| {
        let data = format!(
            "mov (%rdi), %rax\nmov {slot}(%rsi), %r11\n\
             call __x86_indirect_thunk_r11\nret"
        );
        let deep = "sub $4000, %rsp\nadd $4000, %rsp\nret";
        let functions = [
            ("data_in", data.as_str()),
            ("work", GOOD),
            ("helper", "ret"),
            ("_Rharmless", "ret"),
            ("_Rdeep", deep),
        ];
        failing(&assemble(&functions, vtable))
    };
    assert!(dispatch(24).is_empty(), "only what stands at that offset");
    assert_eq!(dispatch(32), ["stack frames, data path", "stack chains, data path"]);
    let spilled = "mov 32(%rsi), %rax\nsub $16, %rsp\nmov %rax, 8(%rsp)\ncall helper\n\
        mov 8(%rsp), %r11\ncall __x86_indirect_thunk_r11\nadd $16, %rsp\nret";
    let functions = [
        ("data_in", spilled),
        ("work", GOOD),
        ("helper", "ret"),
        ("_Rharmless", "sub $2000, %rsp\nadd $2000, %rsp\nret"),
        ("_Rdeep", "ret"),
    ];
    assert!(failing(&assemble(&functions, vtable)).is_empty(), "back through the spill to 32");
    let joined = "mov 24(%rsi), %r11\ntest %rdi, %rdi\nje 1f\nmov 32(%rsi), %r11\n\
        1: call __x86_indirect_thunk_r11\nret";
    let functions = [
        ("data_in", joined),
        ("work", GOOD),
        ("helper", "ret"),
        ("_Rharmless", "sub $2000, %rsp\nadd $2000, %rsp\nret"),
        ("_Rdeep", "ret"),
    ];
    assert_eq!(failing(&assemble(&functions, vtable)), ["stack frames, data path"]);
    let unknown = "mov %rdi, %r11\ncall __x86_indirect_thunk_r11\nlea _Rdeep(%rip), %rdi\nret";
    let functions = [
        ("data_in", unknown),
        ("work", GOOD),
        ("helper", "ret"),
        ("_Rdeep", "sub $2000, %rsp\nadd $2000, %rsp\nret"),
    ];
    assert_eq!(failing(&assemble(&functions, "")), ["stack frames, data path"]);
}

#[test]
fn formatting_is_apart() {
    let (fmt, other) = ("_RNvNtCs1_4core3fmt5write", "_Rother");
    let vtable = format!(".section .rodata\n.quad 0, 16, 8, {fmt}\n.quad 0, 16, 8, {other}\n");
    let call = "mov 24(%rsi), %r11\ncall __x86_indirect_thunk_r11\nret";
    let deep = "sub $2000, %rsp\nadd $2000, %rsp\nret";
    let functions =
        [("data_in", call), ("work", GOOD), ("helper", "ret"), (fmt, deep), (other, "ret")];
    assert!(failing(&assemble(&functions, &vtable)).is_empty());
    let functions =
        [("data_in", call), ("work", GOOD), ("helper", "ret"), (fmt, "ret"), (other, deep)];
    assert_eq!(failing(&assemble(&functions, &vtable)), ["stack frames, data path"]);
}

#[test]
fn recursion() {
    let module = assemble(
        &[
            ("data_in", GOOD),
            ("work", "call a\nret"),
            ("a", "call b\nret"),
            ("b", "call a\nret"),
            ("helper", "ret"),
        ],
        "",
    );
    assert_eq!(failing(&module), ["recursion"]);
    assert_eq!(with(GOOD, "call work\nret"), ["recursion"]);
}

#[test]
fn stack_that_cannot_be_followed() {
    assert_eq!(with("sub %rax, %rsp\nret", GOOD), ["code"]);
    assert_eq!(with("test %rax, %rax\nje 1f\npush %rax\n1: ret", GOOD), ["code"]);
}

#[test]
fn panics_in_the_data_path() {
    let name = "_RNvNtCs1_4core9panicking5panic";
    let panicking = |data: &str, worker: &str| {
        failing(&assemble(
            &[("data_in", data), ("work", worker), ("helper", "ret"), (name, "call panic\nud2")],
            "",
        ))
    };
    let calls = format!("call {name}\nud2");
    assert!(panicking(GOOD, &calls).is_empty(), "the worker may");
    assert_eq!(panicking(&calls, GOOD), ["panics"]);
    let module = assemble(
        &[
            ("data_in", GOOD),
            ("work", GOOD),
            ("helper", "call deep\nret"),
            ("deep", &calls),
            (name, "call panic\nud2"),
        ],
        "",
    );
    assert_eq!(failing(&module), ["panics"]);
}

#[test]
fn size() {
    let module =
        assemble(&[("data_in", GOOD), ("work", GOOD), ("helper", "ret")], ".bss\n.zero 20000\n");
    assert_eq!(failing(&module), ["size"]);
}

#[test]
fn module_information() {
    let text = |fields: &str| {
        let section = format!(".section .modinfo,\"a\"\n{fields}\n");
        info::check(&assemble(&[("work", "ret")], &section), Some("6.12-x"), &[(0x0bda, 0x8176)])
    };
    let licence = ".asciz \"license=Dual BSD/GPL\"\n";
    let magic = ".asciz \"vermagic=6.12-x SMP\"\n";
    let alias = ".asciz \"alias=usb:v0BDAp8176d*dc*\"\n";
    let all = format!("{licence}{magic}{alias}");
    assert!(text(&all).ok(), "{:?}", text(&all));
    for part in [licence, magic, alias] {
        assert_eq!(text(&all.replace(part, "")).problems.len(), 1, "without {part}");
    }
    let foreign = format!("{all}.asciz \"alias=usb:v1234p5678d*\"\n");
    assert_eq!(text(&foreign).problems.len(), 1);
}

#[test]
fn garbage_is_no_module() {
    assert!(Module::read(b"").is_err());
    assert!(Module::read(b"\x7fELF garbage that is long enough to look like something").is_err());
}

#[test]
fn calls_through_memory() {
    let vtable = ".section .rodata\n.quad 0, 16, 8, _Rharmless, _Rdeep\n";
    let failing_with = |data: &str| {
        let deep = "sub $4000, %rsp\nadd $4000, %rsp\nret";
        let functions = [
            ("data_in", data),
            ("work", GOOD),
            ("helper", "ret"),
            ("_Rharmless", "ret"),
            ("_Rdeep", deep),
        ];
        failing(&assemble(&functions, vtable))
    };
    let deep = ["stack frames, data path", "stack chains, data path"];
    assert!(failing_with("call *24(%rsi)\nret").is_empty(), "only what stands at that offset");
    assert_eq!(failing_with("call *32(%rsi)\nret"), deep);
    let spilled = |slot: u32| {
        format!(
            "mov {slot}(%rsi), %rax\nsub $24, %rsp\nmov %rax, 8(%rsp)\ncall helper\n\
             call *8(%rsp)\nadd $24, %rsp\nret"
        )
    };
    assert!(failing_with(&spilled(24)).is_empty());
    assert!(!failing_with(&spilled(32)).is_empty());
    assert!(failing_with("jmp *24(%rsi)").is_empty());
}

#[test]
fn calls_through_variables_of_the_kernel() {
    let functions = |call| {
        [
            ("data_in", GOOD),
            ("work", call),
            ("helper", "lea c_deep(%rip), %rdi\nret"),
            ("c_deep", "sub $4000, %rsp\nadd $4000, %rsp\nret"),
        ]
    };
    for call in ["call *printk(%rip)\nret", "mov printk(%rip), %r11\ncall *%r11\nret"] {
        assert!(failing(&assemble(&functions(call), "")).is_empty(), "{call}");
    }
}

#[test]
fn memory_of_threads() {
    assert_eq!(with("mov %fs:0x28, %rax\nret", GOOD), ["memory of threads"]);
    assert!(with("mov %gs:0x28, %rax\nret", GOOD).is_empty(), "of processors");
}
