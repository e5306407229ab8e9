// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Runs, one by one and in sweeps over everything that can go wrong.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use tern_core::control::Failure;

use super::{Ether, Options, Scenario, Wire, World, device, ether, kind};
use crate::{Seed, air::Conditions, chip::UsbChip, os::Ledger};

/// What became of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// What it was a function of.
    pub options: Options,
    /// How far the user got.
    pub result: Result<(), Failure>,
    /// What is wrong with the driver; empty when it behaved, also if the scenario failed.
    pub complaints: Vec<String>,
    /// Transfers of all kinds.
    pub transfers: u64,
    /// Control transfers among them.
    pub control_transfers: u64,
    /// Allocations by the driver.
    pub allocations: u64,
    /// Length of the run in its own time, microseconds.
    pub micros: u64,
    /// Two runs share it only if their transfers were the same, at the same times.
    pub digest: u64,
    /// Kernel log.
    pub log: Vec<String>,
    /// Counters of the driver that are not zero.
    pub counters: Vec<(&'static str, u64)>,
}

impl Report {
    /// Whether the driver behaved: no complaint, and no failure without a cause.
    pub fn is_good(&self) -> bool {
        self.complaints.is_empty() && (self.result.is_ok() || !self.options.is_calm())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for complaint in &self.complaints {
            writeln!(f, "wrong: {complaint}")?;
        }
        for line in &self.log {
            writeln!(f, "log: {line}")?;
        }
        let counters: Vec<String> =
            self.counters.iter().map(|(name, count)| format!("{name} {count}")).collect();
        writeln!(f, "counters: {}", counters.join(", "))?;
        writeln!(f, "the scenario ended with {:?}", self.result)?;
        write!(f, "to repeat it: {}", self.options)
    }
}

/// One run. A panic of the driver or of the world is a complaint.
pub fn run_once(options: &Options) -> Report {
    let mut report = Report {
        options: options.clone(),
        result: Err(Failure::Aborted),
        complaints: Vec::new(),
        transfers: 0,
        control_transfers: 0,
        allocations: 0,
        micros: 0,
        digest: 0,
        log: Vec::new(),
        counters: Vec::new(),
    };
    if catch_unwind(AssertUnwindSafe(|| play(options, &mut report))).is_err() {
        report.complaints.push("a panic; its message is above".to_owned());
    }
    report
}

fn play(options: &Options, report: &mut Report) {
    let ledger = Arc::new(Ledger::default());
    ledger.fail(options.fail_allocation);
    let ether = ether(options);
    let played = inside(options, &ether, &ledger, |world| {
        report.result = world.play(options);
        world.end();
        report.complaints.append(&mut world.complaints);
        report.log = world.log_lines();
        report.counters = world.counters();
    });
    if let Err(failure) = played {
        report.result = Err(failure);
    }
    let ether = ether.lock();
    (report.transfers, report.control_transfers) = (ether.transfers, ether.control_transfers);
    (report.micros, report.digest) = (ether.now, ether.digest);
    report.allocations = ledger.allocations();
    let left = [("packets", ledger.packets()), ("locks", ledger.locks())];
    for (what, count) in left.into_iter().filter(|(_, count)| *count != 0) {
        report.complaints.push(format!("{count} {what} are left"));
    }
}

/// Plugs a device in on this side of a bus, counts what it allocates in `ledger`, and lets `f` use
/// it. Errors: what making it or attaching it said.
pub fn inside<R>(
    options: &Options,
    ether: &Arc<Ether>,
    ledger: &Arc<Ledger>,
    f: impl FnOnce(&mut World<'_>) -> R,
) -> Result<R, Failure> {
    ledger.enter();
    let device = device(ether, options)?;
    let endpoints = ether.lock().chip.identity().endpoints;
    let endpoints = endpoints.iter().filter(|end| end.kind == 2 && end.address < 0x80);
    let endpoints = endpoints.map(|end| end.address).collect();
    let wire = Wire::new(&device, ether.clone(), kind(options.model), endpoints);
    let mut world = World::new(&wire, options)?;
    Ok(f(&mut world))
}

/// What a sweep covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Every how many-th transfer the stick is pulled out at; 1 is every one.
    pub unplug_step: u64,
    /// Every how many-th allocation fails.
    pub allocation_step: u64,
    /// How many seeds each kind of bad air has.
    pub seeds: u64,
}

impl Sweep {
    /// Everything.
    pub const FULL: Self = Self { unplug_step: 1, allocation_step: 1, seeds: 10 };
}

/// What a sweep found.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Runs made.
    pub runs: u64,
    /// Runs on bad air in which the user got to the end.
    pub carried_out: u64,
    /// Runs on bad air.
    pub bad_air: u64,
    /// The run in which nothing goes wrong.
    pub calm: Report,
    /// Runs in which the driver misbehaved, at most a few of each kind.
    pub bad: Vec<Report>,
}

/// How many bad runs are kept of a sweep.
const BAD_MAX: usize = 5;

/// A scenario under everything that can go wrong: first nothing, then bad air, then the stick
/// pulled out at each transfer, then each allocation failing, then all of that at once.
pub fn run(options: &Options, sweep: Sweep) -> Summary {
    let calm = run_once(options);
    let mut summary =
        Summary { runs: 1, carried_out: 0, bad_air: 0, bad: Vec::new(), calm: calm.clone() };
    if !calm.is_good() {
        summary.bad.push(calm);
        return summary;
    }
    if options.scenario == Scenario::Unplug {
        return unplug(options, calm);
    }
    let airs = bad_airs(options, sweep.seeds);
    let reports = many(&airs);
    summary.bad_air = reports.len() as u64;
    summary.carried_out = reports.iter().filter(|report| report.result.is_ok()).count() as u64;
    summary.take(reports);
    // The first transfer and allocation differ with the seed, so that steps reach all in time.
    let mut seed = Seed::new(options.seed);
    let numbers =
        |count: u64, step: u64, first: u64| (1 + first % step..=count).step_by(step as usize);
    let unplugs = numbers(calm.transfers, sweep.unplug_step, seed.draw());
    let unplugs = unplugs.map(|at| Options { unplug_at: Some(at), ..options.clone() });
    summary.take(many(&unplugs.collect::<Vec<_>>()));
    let failures = numbers(calm.allocations, sweep.allocation_step, seed.draw());
    let failures = failures.map(|at| Options { fail_allocation: Some(at), ..options.clone() });
    summary.take(many(&failures.collect::<Vec<_>>()));
    let mut both = |air: &Options| {
        let unplug_at = Some(1 + seed.draw() % (2 * calm.transfers));
        let fail_allocation = Some(1 + seed.draw() % (2 * calm.allocations));
        Options { unplug_at, fail_allocation, ..air.clone() }
    };
    summary.take(many(&airs.iter().map(&mut both).collect::<Vec<_>>()));
    summary
}

impl Summary {
    fn take(&mut self, reports: Vec<Report>) {
        self.runs += reports.len() as u64;
        let bad = reports.into_iter().filter(|report| !report.is_good());
        self.bad.extend(bad.take(BAD_MAX));
    }
}

fn bad_airs(options: &Options, seeds: u64) -> Vec<Options> {
    let good = Conditions::default();
    let airs = [
        Conditions { loss_percent: 10, ..good },
        Conditions { loss_percent: 30, ..good },
        Conditions { loss_percent: 60, ..good },
        Conditions { loss_percent: 85, ..good },
        Conditions { delay_us: 20_000, ..good },
        Conditions { duplicate_percent: 50, ..good },
        Conditions { reorder_percent: 30, ..good },
        Conditions {
            loss_percent: 20,
            delay_us: 5_000,
            duplicate_percent: 20,
            reorder_percent: 10,
            ..good
        },
    ];
    let with = |conditions, seed| Options { conditions, seed, ..options.clone() };
    let of_air = |conditions| (0..seeds).map(move |offset| (conditions, offset));
    let all = airs.into_iter().flat_map(of_air);
    all.map(|(conditions, offset)| with(conditions, options.seed + offset)).collect()
}

/// Runs them all, on all processors; the reports are in the order of the options.
fn many(options: &[Options]) -> Vec<Report> {
    let next = AtomicU64::new(0);
    let reports = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed) as usize;
                    let Some(options) = options.get(index) else { break };
                    let report = run_once(options);
                    reports.lock().unwrap().push((index, report));
                }
            });
        }
    });
    let mut reports = reports.into_inner().unwrap();
    reports.sort_by_key(|(index, _)| *index);
    reports.into_iter().map(|(_, report)| report).collect()
}

/// Moments at which [`Scenario::Unplug`] pulls the stick out.
const MOMENTS: usize = 20;

/// The scenario that pulls the stick out, at [`MOMENTS`] moments drawn from the seed.
fn unplug(options: &Options, calm: Report) -> Summary {
    let mut seed = Seed::new(options.seed);
    let transfers = calm.transfers.max(1);
    let moment = || Options { unplug_at: Some(1 + seed.draw() % transfers), ..options.clone() };
    let moments: Vec<Options> = std::iter::repeat_with(moment).take(MOMENTS).collect();
    let mut summary = Summary { runs: 1, carried_out: 0, bad_air: 0, bad: Vec::new(), calm };
    summary.take(many(&moments));
    summary
}
