// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Every rule of the BSDs' loaders is shown to fail on an object that breaks it, and to pass without.

use serde_json::json;

use super::super::checks::Check;
use super::super::module::Module;
use super::super::tests::assemble;
use super::*;

/// A module of `rest` and one function.
fn module(rest: &str) -> Module {
    assemble(&[("work", "ret")], rest)
}

fn problems(checks: &[Check]) -> Vec<String> {
    checks.iter().flat_map(|check| check.problems.iter().cloned()).collect()
}

const NETBSD: &str = "
    .section link_set_modules,\"a\"
    .quad info
    .section .rodata
    info: .long 1099001200, 3
    .quad work, name, needs
    name: .asciz \"tern\"
    needs: .asciz \"usbdevif\"
";

fn netbsd(rest: &str) -> Vec<String> {
    problems(&netbsd::checks(&module(rest), 1_099_001_200))
}

#[test]
fn netbsd_takes_a_good_module() {
    assert_eq!(netbsd(NETBSD), [""; 0]);
}

#[test]
fn netbsd_refuses() {
    let with = |rest: &str| netbsd(&format!("{NETBSD}\n{rest}\n")).join("; ");
    assert!(with(".weak maybe\n.quad maybe").contains("maybe is weak"));
    assert!(with(".section .init_array,\"aw\",@init_array\n.quad work").contains(".init_array"));
    assert!(with(".section .debug_x,\"\",@progbits\n.long 1").contains(".debug_x would be loaded"));
    assert!(with(".section link_set_modules\n.quad info").contains("16 bytes"));
    let other = |from: &str, to: &str| netbsd(&NETBSD.replace(from, to)).join("; ");
    assert!(other("1099001200", "1099001100").contains("for version 1099001100"));
    assert!(other("work, name", "0, name").contains("no modcmd"));
    assert!(other("\"tern\"", "\"turn\"").contains("its name"));
    assert!(other("1099001200, 3", "1099001200, 1").contains("class"));
    assert!(netbsd("").join("; ").contains("link_set_modules has 0 bytes"));
}

/// A module's metadata: what it depends on, its version, itself, its devices.
const FREEBSD: &str = "
    .section set_sysinit_set,\"a\"
    .quad work
    .section set_modmetadata_set,\"a\"
    .quad kernel, usb, version, module, pnp
    .data
    kernel: .long 1, 1
    .quad range, kernel_name
    usb: .long 1, 1
    .quad range, usb_name
    version: .long 1, 3
    .quad range, tern_name
    module: .long 1, 2
    .quad range, tern_name
    pnp: .long 1, 4
    .quad range, uhub_name
    range: .long 1500000, 1500000, 1599999
    kernel_name: .asciz \"kernel\"
    usb_name: .asciz \"usb\"
    tern_name: .asciz \"tern\"
    uhub_name: .asciz \"uhub\"
    .section usb_host_id,\"a\"
    .short 3, 0x0bda, 0x8176
    .zero 26
";

fn freebsd(rest: &str) -> Vec<String> {
    problems(&freebsd::checks(&module(rest), 1_500_068, &[(0x0bda, 0x8176)]))
}

#[test]
fn freebsd_takes_a_good_module() {
    assert_eq!(freebsd(FREEBSD), [""; 0]);
}

#[test]
fn freebsd_refuses() {
    let other = |from: &str, to: &str| freebsd(&FREEBSD.replace(from, to)).join("; ");
    assert!(other("1500000, 1599999", "1500000, 1500001").contains("its headers are of 1500068"));
    assert!(other("set_sysinit_set", "set_other_set").contains("set_sysinit_set is empty"));
    assert!(other(", usb,", ",").contains("does not depend on usb"));
    assert!(other(", version,", ",").contains("has no version"));
    assert!(other(", pnp", "").contains("devmatch"));
    assert!(other(".quad kernel, usb", ".quad usb").contains("which kernel it is for"));
    assert!(other("0x8176", "0x8177").contains("0bda:8176 is in one table only"));
    assert!(
        freebsd(&format!("{FREEBSD}\n.section set_x,\"a\"\n.quad 0\n")).join(" ").contains("set_x")
    );
}

#[test]
fn openbsd_wants_its_two_names() {
    let good = ".globl tern_ca, tern_cd\n.data\ntern_ca: .quad 0\ntern_cd: .quad 0\n";
    assert_eq!(problems(&openbsd::checks(&module(good))), [""; 0]);
    let bad = problems(&openbsd::checks(&module(&good.replace("tern_cd", "other_cd"))));
    assert!(bad.join("; ").contains("tern_cd is not there"));
}

#[test]
fn global_names_are_found() {
    assert_eq!(names(Bsd::Net, &module("")).problems, ["work is global"]);
}

#[test]
fn symbols_that_a_kernel_lacks_are_found() {
    let module = module(".quad printf, __start_set_x");
    let kernel = |names: &[&str]| names.iter().map(|name| (*name).to_string()).collect();
    assert!(exported(&module, &loader::FREEBSD, &kernel(&["printf"])).ok());
    assert!(!exported(&module, &loader::FREEBSD, &kernel(&["puts"])).ok());
    assert!(!exported(&module, &loader::NETBSD, &kernel(&["printf"])).ok());
}

#[test]
fn layouts_that_nobody_checked_are_refused() {
    let manifest = |fields: u32, headers: u32, compared: &[&str]| {
        layouts(
            Bsd::Net,
            &Manifest::of(json!({
                "layouts": { "fields": fields },
                "kpi": { "headers": headers, "compared": compared },
            })),
        )
    };
    assert!(manifest(10, 2, &["10.99.12"]).ok());
    assert!(manifest(10, 0, &[]).ok());
    assert!(!manifest(0, 2, &["10.99.12"]).ok());
    assert!(!manifest(10, 2, &[]).ok());
}
