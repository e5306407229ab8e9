// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A million random requests for each system: none may panic. `fuzz/` has the same guided by coverage.

use std::collections::BTreeSet;

use super::{
    Errno, Personality,
    freebsd::{self, FreeBsd},
    mock::{BASE, Mock, OWN},
    netbsd::{self, NetBsd},
    openbsd::{OpenBsd, request},
};
use crate::control::Failure;

const REQUESTS: u32 = 1_000_000;
/// Requests to one interface, before there is another one.
const EACH: u32 = 500;
/// The longest argument of any ioctl here.
const ARGUMENT_MAX: usize = 192;

/// Marsaglia's xorshift: good enough, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }

    /// Bytes of which many are small and many are the same, as in structures that make sense.
    fn fill(&mut self, out: &mut [u8]) {
        let is_small = self.next().is_multiple_of(2);
        for place in out {
            *place = match self.next() % 4 {
                0 => self.byte(),
                1 if is_small => self.byte() % 8,
                _ => 0,
            };
        }
    }
}

/// Something that happens between two requests.
fn disturb<P: Personality>(it: &mut P, host: &mut Mock, random: &mut Random) {
    match random.below(40) {
        0 => drop(it.up(host)),
        1 => drop(it.down(host)),
        2 => drop(it.set_media(host, it.media(host, random.next().to_le_bytes()[0].into()))),
        3 => drop(it.media_status(host)),
        4 => drop(it.set_address(crate::types::MacAddr([2, 0, 0, 0, 0, random.byte()]))),
        5 => host.joined = None,
        6 => host.joined = Mock::joined().joined,
        7 => host.refusal = Some(Failure::Busy),
        8 => host.refusal = Some(Failure::Refused(17)),
        9..20 => host.refusal = None,
        _ => {}
    }
}

/// Gives `commands` with random arguments; says which answers there were.
fn a_million<P: Personality>(commands: &[u64], seed: u64) -> BTreeSet<i32> {
    let mut random = Random(seed);
    let mut answers = BTreeSet::new();
    for _ in 0..REQUESTS / EACH {
        let mut host = Mock::joined();
        let mut it = P::EMPTY;
        let _ = it.create(&mut host, &[]);
        for _ in 0..EACH {
            disturb(&mut it, &mut host, &mut random);
            host.asked.clear();
            host.is_privileged = !random.next().is_multiple_of(16);
            let at = random.below(512);
            let end = at + random.below(300);
            random.fill(&mut host.memory[at..end]);
            let mut argument = [0; ARGUMENT_MAX];
            random.fill(&mut argument[16..]);
            // A request's number and length, and pointers that are often good.
            argument[17] = if random.next().is_multiple_of(8) { random.byte() } else { 0 };
            let lengths = [6, 7, 8, 20, 32, 36, 40, 42, 56, 64, 128, 216, 240, 4096];
            let len: u16 = lengths[random.below(lengths.len())];
            if !random.next().is_multiple_of(4) {
                argument[20..22].copy_from_slice(&len.to_le_bytes());
            }
            for place in [16, 24, 32] {
                if random.next().is_multiple_of(3) || place == 24 {
                    let pointer = BASE + u64::from(random.byte());
                    argument[place..place + 8].copy_from_slice(&pointer.to_le_bytes());
                }
            }
            if !random.next().is_multiple_of(3) {
                argument[16..18].copy_from_slice(&[random.byte(), 0]);
            }
            let command = commands[random.below(commands.len())];
            let size = usize::try_from(command >> 16 & 0x1fff).unwrap();
            let cut = if random.next().is_multiple_of(64) { random.below(size + 1) } else { size };
            let answer = it.ioctl(&mut host, command, &mut argument[..cut]);
            answers.insert(answer.map_or_else(|errno: Errno| errno as i32, |()| 0));
        }
        assert!(it.address().is_valid_station() || it.address() == OWN);
    }
    answers
}

#[test]
#[ignore = "a million requests take a while"]
fn a_million_requests_of_freebsd() {
    let commands = [freebsd::GET, freebsd::SET, freebsd::SET, freebsd::GET_STATS];
    let answers = a_million::<FreeBsd>(&commands, 0x0fee_b5d0);
    assert!(answers.len() > 8, "{answers:?}");
}

#[test]
#[ignore = "a million requests take a while"]
fn a_million_requests_of_netbsd() {
    let answers = a_million::<NetBsd>(&netbsd::COMMANDS, 0x0e7b_5d00);
    assert!(answers.len() > 6, "{answers:?}");
}

#[test]
#[ignore = "a million requests take a while"]
fn a_million_requests_of_openbsd() {
    let answers = a_million::<OpenBsd>(&request::ALL, 0x00e4_b5d0);
    assert!(answers.len() > 5, "{answers:?}");
}
