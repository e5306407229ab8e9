// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask test`: the rings of tests, fastest first, and what was skipped and why.
//!
//! [`plan`] lists the steps, [`step`] carries one out, [`count`] reads what cargo's tests say.

mod count;
mod plan;
mod step;

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use crate::progress;
use count::Count;
use plan::{Ring, Step};
use step::Done;

/// Runs the rings of tests: 1 pure, 2 state machines, 3 world, 4 chip against its model, 6 real kernel
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only this ring, 1 to 7 (without: all of them, style and the module's checks too)
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=7))]
    ring: Option<u8>,
    /// Virtual machines to run at a time [default: one for each processor, at most 4]
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=16))]
    jobs: Option<u8>,
    /// Print one JSON object on stdout as well (before the closing line)
    #[arg(long)]
    json: bool,
}

/// Carries the command out.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let start = Instant::now();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.map_or(cores.min(4), usize::from);
    let mut results: Vec<(Step, Done)> = Vec::new();
    for ring in Ring::ALL.into_iter().filter(|ring| args.ring.is_none_or(|n| ring.is_number(n))) {
        progress::step(&format!("ring {}", ring.title()));
        let steps = plan::steps(ring);
        let done = carry_out(steps, if ring == Ring::Kernel { jobs } else { 1 });
        let count = done.iter().map(|(_, done)| done.count).sum::<Count>();
        progress::step(&format!("ring {}: {}", ring.title(), count.text()));
        results.extend(done);
    }
    let total = results.iter().map(|(_, done)| done.count).sum::<Count>();
    summary(&results, start.elapsed());
    if args.json {
        println!("{}", report(&results, total, start.elapsed()));
    }
    println!("{}", total.text());
    Ok(if total.failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Carries steps out, `jobs` at a time, and returns them in their order.
fn carry_out(steps: Vec<Step>, jobs: usize) -> Vec<(Step, Done)> {
    let waiting =
        Mutex::new(steps.into_iter().enumerate().collect::<std::collections::VecDeque<_>>());
    let finished = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().ok().and_then(|mut list| list.pop_front());
                    let Some((at, step)) = next else { break };
                    let done = step::carry_out(&step);
                    tell(&step, &done);
                    if let Ok(mut finished) = finished.lock() {
                        finished.push((at, step, done));
                    }
                }
            });
        }
    });
    let mut finished = finished.into_inner().unwrap_or_default();
    finished.sort_by_key(|(at, _, _)| *at);
    finished.into_iter().map(|(_, step, done)| (step, done)).collect()
}

/// One line for a step that is over, and the end of its output if it failed.
fn tell(step: &Step, done: &Done) {
    let verdict = match (&done.skipped, done.count.failed) {
        (Some(why), _) => format!("skipped: {why}"),
        (None, 0) => format!("ok ({:.1} s)", done.time.as_secs_f64()),
        (None, _) => format!("FAILED ({:.1} s)", done.time.as_secs_f64()),
    };
    progress::step(&format!("  {}: {verdict}", step.name));
    if done.count.failed > 0 {
        for line in done.output.lines() {
            eprintln!("         | {line}");
        }
    }
}

/// What did not pass, once more, at the end where it is seen.
fn summary(results: &[(Step, Done)], time: Duration) {
    println!("\nIn {:.0} s:", time.as_secs_f64());
    for ring in Ring::ALL {
        let of_ring: Vec<_> = results.iter().filter(|(step, _)| step.ring == ring).collect();
        if of_ring.is_empty() {
            continue;
        }
        let count = of_ring.iter().map(|(_, done)| done.count).sum::<Count>();
        println!("ring {}: {}", ring.title(), count.text());
        for (step, done) in of_ring {
            if let Some(why) = &done.skipped {
                println!("  skipped {}: {why}", step.name);
            } else if done.count.failed > 0 {
                println!("  FAILED  {} (again: {})", step.name, step.command_line());
            }
        }
    }
}

fn report(results: &[(Step, Done)], total: Count, time: Duration) -> serde_json::Value {
    let steps: Vec<_> = results
        .iter()
        .map(|(step, done)| {
            json!({
                "ring": step.ring.title(), "name": step.name, "passed": done.count.passed,
                "failed": done.count.failed, "skipped": done.count.skipped,
                "seconds": done.time.as_secs_f64(), "why_skipped": done.skipped,
                "command": step.command_line(),
            })
        })
        .collect();
    json!({
        "command": "test", "ok": total.failed == 0, "passed": total.passed,
        "failed": total.failed, "skipped": total.skipped, "seconds": time.as_secs_f64(),
        "steps": steps,
    })
}
