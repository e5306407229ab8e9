// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask sim`: the whole driver in one process, on everything that can go wrong.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use tern_sim::{
    air::Conditions,
    chip::Model,
    world::{Options, Report, Scenario, Summary, Sweep, run, run_once},
};

/// One deterministic world: the whole driver on a chip model, an air and access points.
///
/// Without --once, --unplug-at and --fail-allocation it sweeps: the same scenario with nothing
/// wrong, on bad air, unplugged at every transfer, with every allocation failing, and with all of
/// that at once; the scenario unplug at 20 moments drawn from the seed.
#[derive(Debug, Parser)]
#[command(name = "sim")]
struct Args {
    /// What the user does: open, wpa2, psk, scan, monitor, requests or unplug
    #[arg(long, default_value = "wpa2")]
    scenario: Scenario,
    /// Where all chance comes from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The chip: rtl8188cus or rtl8192cu
    #[arg(long, default_value = "rtl8188cus")]
    chip: Model,
    /// Percent of frames that a receiver does not hear
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    loss: u8,
    /// Microseconds that a frame may come late
    #[arg(long, default_value_t = 0)]
    delay: u64,
    /// Percent of unicast frames that come twice
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    duplicate: u8,
    /// Percent of frames that others overtake
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    reorder: u8,
    /// Pull the stick out at this transfer, from 1
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    unplug_at: Option<u64>,
    /// Let this allocation fail, from 1
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    fail_allocation: Option<u64>,
    /// One run instead of a sweep
    #[arg(long)]
    once: bool,
    /// In a sweep, every how many-th transfer and allocation to try
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    step: u64,
    /// In a sweep, how many seeds each kind of bad air has
    #[arg(long, default_value_t = Sweep::FULL.seeds)]
    seeds: u64,
    /// A capture of the air, of a single run
    #[arg(long)]
    air_pcap: Option<PathBuf>,
    /// The last line is one JSON object
    #[arg(long)]
    json: bool,
}

impl Args {
    fn options(&self) -> Options {
        Options {
            model: self.chip,
            conditions: Conditions {
                loss_percent: self.loss,
                delay_us: self.delay,
                duplicate_percent: self.duplicate,
                reorder_percent: self.reorder,
                ..Conditions::default()
            },
            unplug_at: self.unplug_at,
            fail_allocation: self.fail_allocation,
            air_pcap: self.air_pcap.clone(),
            ..Options::new(self.scenario, self.seed)
        }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let options = args.options();
    let is_single = args.once || options.unplug_at.is_some() || options.fail_allocation.is_some();
    if !is_single && options.air_pcap.is_some() {
        eprintln!("error: --air-pcap needs --once: a sweep has many runs");
        return ExitCode::from(2);
    }
    let is_good = if is_single {
        single(&run_once(&options), args.json)
    } else {
        let sweep = Sweep { unplug_step: args.step, allocation_step: args.step, seeds: args.seeds };
        swept(&run(&options, sweep), args.json)
    };
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn single(report: &Report, json: bool) -> bool {
    println!("{report}");
    if json {
        println!("{}", object(report, report.is_good(), 1));
    }
    report.is_good()
}

fn swept(summary: &Summary, json: bool) -> bool {
    let Report { transfers, control_transfers, allocations, micros, .. } = summary.calm;
    println!(
        "calm run: {:?}, {transfers} transfers ({control_transfers} control), {allocations} \
         allocations, {} ms",
        summary.calm.result,
        micros / 1000
    );
    println!("{} runs; on bad air {} of {}", summary.runs, summary.carried_out, summary.bad_air);
    for report in &summary.bad {
        println!("\n{report}");
    }
    let is_good = summary.bad.is_empty();
    println!("{}", if is_good { "all good" } else { "\nNOT good" });
    if json {
        println!("{}", object(&summary.calm, is_good, summary.runs));
    }
    is_good
}

fn object(report: &Report, is_good: bool, runs: u64) -> String {
    serde_json::json!({
        "scenario": report.options.scenario.to_string(),
        "seed": report.options.seed,
        "ok": is_good,
        "runs": runs,
        "transfers": report.transfers,
        "control_transfers": report.control_transfers,
        "allocations": report.allocations,
        "microseconds": report.micros,
    })
    .to_string()
}
