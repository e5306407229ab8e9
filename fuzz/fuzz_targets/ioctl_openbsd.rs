// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! OpenBSD's ioctls, one after the other: nothing panics, and each answer is one that the table of
//! errnos has for that request. Its rows are tried by core's own tests.
#![no_main]

mod host;

use std::{collections::BTreeMap, sync::LazyLock};

use host::{BASE, FuzzHost, Input};
use libfuzzer_sys::fuzz_target;
use tern_core::{
    abi::{Errno, Personality, openbsd::OpenBsd},
    control::Failure,
    os::Empty,
};

/// By request: the answers that it may have.
static ANSWERS: LazyLock<BTreeMap<u64, Vec<&str>>> = LazyLock::new(|| {
    let mut answers: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    let rows = include_str!("../../core/src/abi/openbsd/errnos.tsv").lines();
    for row in rows.filter(|row| !row.starts_with('#')) {
        let columns: Vec<&str> = row.split('\t').collect();
        let command = u64::from_str_radix(columns[0], 16).expect("a number");
        answers.entry(command).or_default().push(columns[4]);
    }
    answers
});

fn name(answer: Result<(), Errno>) -> &'static str {
    match answer {
        Ok(()) => "ok",
        Err(Errno::Perm) => "EPERM",
        Err(Errno::NoEnt) => "ENOENT",
        Err(Errno::TooBig) => "E2BIG",
        Err(Errno::Fault) => "EFAULT",
        Err(Errno::NoDev) => "ENODEV",
        Err(Errno::Inval) => "EINVAL",
        Err(Errno::NoTty) => "ENOTTY",
        Err(Errno::NoSpc) => "ENOSPC",
        Err(Errno::OpNotSupp) => "EOPNOTSUPP",
        Err(Errno::NetDown) => "ENETDOWN",
        Err(_) => "another",
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let flags = input.byte();
    let beacon_len = usize::from(input.byte());
    let beacon = input.bytes(beacon_len);
    let memory = input.bytes(1024);
    let mut host = FuzzHost::new(memory, beacon, flags & 1 != 0);
    let mut it = OpenBsd::EMPTY;
    it.create(&mut host, &[]).expect("an interface without parameters");
    if flags & 2 != 0 {
        it.up(&mut host).expect("core says yes to all");
    }
    let commands: Vec<u64> = ANSWERS.keys().copied().collect();
    while !input.0.is_empty() {
        let command = commands[usize::from(input.byte()) % commands.len()];
        let how = input.byte();
        host.is_privileged = how & 1 == 0;
        host.refusal = (how & 0x60 == 0x60).then_some(Failure::Timeout);
        let full = usize::try_from(command >> 16 & 0x1fff).expect("13 bits");
        let mut data = vec![0; full];
        let given = input.bytes(if how & 2 == 0 { full } else { 40 });
        let len = given.len().min(full);
        data[..len].copy_from_slice(&given[..len]);
        if how & 4 == 0 {
            // Pointers into the process's memory, where they are in these structures.
            for at in [16, 32] {
                if let Some(place) = data.get_mut(at..at + 8) {
                    let near = BASE + u64::from(input.byte());
                    place.copy_from_slice(&near.to_le_bytes());
                }
            }
        }
        let is_short = how & 0x18 == 0x18;
        data.truncate(full - usize::from(is_short));
        let answer = name(it.ioctl(&mut host, command, &mut data));
        let known = &ANSWERS[&command];
        // What memory says, what core says and what was set before depend on more than the request.
        let is_get = command >> 30 & 3 == 3;
        let is_known = known.contains(&answer)
            || is_get && answer == "ok"
            || is_short && answer == "EINVAL"
            || matches!(answer, "EFAULT" | "ENOSPC" | "E2BIG")
            || host.refusal.is_some() && answer == "another";
        assert!(is_known, "{command:#x}: {answer}, and not one of {known:?}");
        if !host.is_privileged && known.contains(&"EPERM") && command >> 30 & 3 == 2 {
            assert_eq!(answer, "EPERM", "{command:#x}");
        }
        let _ = it.set_media(&mut host, i32::from(how) << 16 | 0x400);
        let _ = (it.media_status(&mut host), it.media(&host, how.into()));
    }
    let _ = it.down(&mut host);
});
