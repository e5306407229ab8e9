// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Faults: what makes a run red, each with the place where it was seen.

use std::fmt;

use super::{OUTSIDE, State, lock, try_lock};

/// Functions of a place that are shown.
const FRAMES_SHOWN: usize = 6;
/// Bytes of stack that are looked at for them.
const STACK_SEEN: usize = 12 * 1024;
/// Faults that are kept; more are only counted by the exit code.
const FAULTS_MAX: usize = 100;

/// Functions on the stack, innermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Site(Vec<String>);

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("the rig") } else { f.write_str(&self.0.join(" < ")) }
    }
}

/// Something wrong.
#[derive(Clone, Debug)]
pub struct Fault {
    what: String,
    thread: String,
    site: Site,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    in thread {}, at {}", self.what, self.thread, self.site)
    }
}

impl State {
    /// Where the current thread is, by what looks like return addresses on its stack.
    pub(crate) fn site(&self) -> Site {
        let marker = 0_usize;
        self.site_above(&raw const marker as usize, None)
    }

    fn site_above(&self, stack: usize, first: Option<usize>) -> Site {
        let (low, high) = self.threads.get(self.current).map_or((0, 0), |thread| thread.stack);
        let mut frames: Vec<usize> = first.into_iter().filter(|at| self.is_code(*at)).collect();
        if (low..high).contains(&stack) {
            let end = high.min(stack + STACK_SEEN);
            let words = (stack.next_multiple_of(8)..end.saturating_sub(8)).step_by(8);
            for at in words {
                // SAFETY: on the stack of the running thread, above where it is.
                let word = unsafe { *(at as *const usize) };
                if self.is_return_address(word) {
                    frames.push(word);
                }
            }
        }
        let mut names: Vec<String> = Vec::new();
        for name in frames.iter().map(|at| self.names.describe(*at)) {
            if names.last() != Some(&name) && names.len() < FRAMES_SHOWN {
                names.push(name);
            }
        }
        Site(names)
    }

    /// Whether a call instruction ends here.
    fn is_return_address(&self, at: usize) -> bool {
        if at < 4096 || !self.is_code(at) || !self.is_code(at - 8) {
            return false;
        }
        // SAFETY: inside of one code section.
        let before = unsafe { std::slice::from_raw_parts((at - 7) as *const u8, 7) };
        let is_indirect = |len: usize| before[7 - len] == 0xff && before[8 - len] & 0x38 == 0x10;
        before[2] == 0xe8 || [2, 3, 6, 7].into_iter().any(is_indirect)
    }

    /// Reports something wrong at the current place; once for each kind and place.
    pub(crate) fn fault(&mut self, what: &str) {
        let site = self.site();
        self.fault_at(what, site);
    }

    /// Reports something wrong that has no place of its own.
    pub(crate) fn fault_at_end(&mut self, what: &str) {
        self.fault_at(what, Site::default());
    }

    fn fault_at(&mut self, what: &str, site: Site) {
        let first = |site: &Site| site.0.iter().take(2).cloned().collect::<Vec<_>>();
        let is_known = self
            .faults
            .iter()
            .any(|known| known.what == what && first(&known.site) == first(&site));
        if is_known || self.faults.len() >= FAULTS_MAX {
            return;
        }
        let thread = self.threads.get(self.current).map_or("rig", |thread| &thread.name).to_owned();
        let fault = Fault { what: what.to_owned(), thread, site };
        eprintln!("fault: {fault}");
        self.faults.push(fault);
    }

    /// Reports something after which the run cannot go on, and ends the process.
    pub(crate) fn die(&mut self, what: &str) -> ! {
        self.fault(what);
        self.tell_console();
        println!("{} faults", self.faults.len());
        std::process::exit(1);
    }

    pub(crate) fn tell_console(&self) {
        if self.options.is_loud {
            return;
        }
        for line in self.console.iter().rev().take(30).rev() {
            eprintln!("  console: {line}");
        }
    }

    /// The last lines of the console, unless they were shown already.
    pub fn show_console(&mut self) {
        self.tell_console();
    }

    /// Transfers so far, of all kinds.
    pub fn transfer_count(&self) -> u64 {
        self.ether.lock().transfers
    }

    /// How many faults there were.
    pub fn fault_count(&self) -> usize {
        self.faults.len()
    }

    /// Something that the scenario found wrong.
    pub fn complain(&mut self, what: &str) {
        self.fault_at_end(what);
    }

    /// What is left when everything should be gone.
    pub fn report_what_is_left(&mut self) {
        self.report_leaks();
        self.report_objects();
        self.report_transfers();
    }
}

/// The run is over: the first thread's caller goes on.
pub fn finish() {
    lock().is_over = true;
    OUTSIDE.notify_all();
}

/// A signal that the processor raised: called from its handler.
pub fn report_crash(signal: &str, address: usize, instruction: usize, stack: usize) -> ! {
    let Some(mut state) = try_lock() else {
        let place = if instruction == 0 { 0 } else { instruction };
        eprintln!("fault: {signal} in the rig itself, address {address:#x}, at {place:#x}");
        std::process::exit(1);
    };
    let place = state.describe(address);
    let site = state.site_above(stack, Some(instruction));
    let at = state.names.describe(instruction);
    state.fault_at(&format!("{signal} at {at}: {place}"), site);
    state.tell_console();
    println!("{} faults", state.faults.len());
    std::process::exit(1);
}
