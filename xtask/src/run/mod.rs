// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask run`: boots a kernel with an emulated stick and carries a scenario out.
//!
//! [`options`] is what the caller asks for and [`scene`] who is on the air; [`image`] builds the
//! guest's file system from `xtask/guest`, the kernel's [`modules`] and [`settings`]; [`machine`]
//! is QEMU, [`emulator`] the sticks; [`stage`] listens to the guest ([`talk`]), [`check`] reads what
//! it left behind, [`report`] prints it.

mod check;
mod counts;
mod cpio;
mod directory;
mod emulator;
mod image;
mod machine;
mod modules;
mod options;
mod report;
mod scene;
mod settings;
mod stage;
mod talk;
mod unplug;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::progress::step;
use crate::setup::{self, Purpose};
use directory::Directory;
use emulator::Emulator;
use machine::{Boot, Controller, Machine};
pub(crate) use options::Args;
use options::{Driver, Scenario};
use report::Done;
use stage::{Outcome, Stage};

/// Carries the command out.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    if let Err(error) = args.check() {
        eprintln!("error: {error:#}");
        return Ok(ExitCode::from(2));
    }
    let start = Instant::now();
    let mut done = Vec::new();
    let result = drivers(&args).iter().try_for_each(|args| {
        done.push(carry_out(args)?);
        Ok(())
    });
    let error = result.err().map(|error: anyhow::Error| format!("{error:#}"));
    match &error {
        Some(error) => eprintln!("error: {error}"),
        None if args.scenario == Scenario::Transfers => print!("{}", report::table(&done)),
        None => {}
    }
    if error.is_none() {
        step(&format!("{}: ok", args.scenario.name()));
    }
    if args.json {
        println!("{}", report::json(&args, &done, error.as_deref(), start.elapsed()));
    }
    Ok(if error.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// One run for each driver: the scenario `transfers` compares two.
fn drivers(args: &Args) -> Vec<Args> {
    let mut all = vec![args.clone()];
    if args.scenario == Scenario::Transfers && args.driver == Driver::Tern {
        all.push(Args { driver: Driver::Rtl8192cu, ..args.clone() });
    }
    all
}

/// Boots, plays, and checks what came of it. The directory of the run stays when it fails.
fn carry_out(args: &Args) -> Result<Done> {
    setup::ensure(&[Purpose::Guest])?;
    let kernel = setup::kernel(&args.kernel)?;
    let tern = match args.driver {
        Driver::Tern => Some(crate::build::module(&args.kernel)?.module),
        _ => None,
    };
    let directory = Directory::new()?;
    let emulator = match args.driver {
        Driver::Hwsim => None,
        _ => Some(prepare_emulator(directory.path())?),
    };
    let modules = modules::Modules::of(&kernel)?;
    let firmware = emulator.as_ref().map(|(_, firmware)| firmware.as_path());
    let controller = Controller::of_release(&kernel.release);
    let contents =
        image::Contents { args, controller, modules: &modules, tern: tern.as_deref(), firmware };
    let image = image::build(&contents)?;
    let driver = args.driver.name();
    step(&format!("booting Linux {}: {driver} on {}", kernel.release, args.chip.name()));
    let played = play(args, &kernel, &image, emulator.as_ref(), directory.path());
    let outcome = directory.keep_unless_ok(played, args.scenario.name())?;
    Ok(Done { driver, release: kernel.release, outcome })
}

/// Boots and plays in `directory`, then checks.
fn play(
    args: &Args,
    kernel: &setup::Kernel,
    image: &[u8],
    emulator: Option<&(PathBuf, PathBuf)>,
    directory: &Path,
) -> Result<Outcome> {
    let air = directory.join("air.pcap");
    let sticks = scene::sticks(args, &air)?;
    let controller = Controller::of_release(&kernel.release);
    let boot = Boot { controller, kernel: &kernel.image(), image, sticks: sticks.chips.len() };
    let machine = Machine::start(directory, &boot)?;
    let child = match emulator {
        Some((program, _)) => Some(Emulator::start(program, directory, &sticks)?),
        None => None,
    };
    let limit = Duration::from_secs(args.scenario.limit_seconds());
    let played = Stage::new(machine, child)?.play(limit);
    if let (Some(wanted), true) = (&args.air_pcap, air.exists()) {
        // Also of a run that failed: it may show why.
        copy(&air, wanted)?;
    }
    let outcome = played?;
    if emulator.is_some() {
        check_faults(args, &outcome)?;
        check(args, &outcome, directory, &air)?;
    }
    Ok(outcome)
}

/// What the model of the chip found fault with: of other drivers it is worth a line.
fn check_faults(args: &Args, outcome: &Outcome) -> Result<()> {
    if outcome.faults.is_empty() {
        return Ok(());
    }
    let faults = outcome.faults.join("; ");
    if args.driver == Driver::Tern {
        bail!("a real chip would not forgive this: {faults}");
    }
    step(&format!("the chip's model found fault with {}: {faults}", args.driver.name()));
    Ok(())
}

/// Checks what the scenario left behind.
fn check(args: &Args, outcome: &Outcome, directory: &Path, air: &Path) -> Result<()> {
    let tolerance = args.driver.signal_tolerance_db();
    match args.scenario {
        Scenario::Wpa2 => {
            let seen = check::air::check(air, args)?;
            step(&format!(
                "air: {} frames, the 4-way handshake, {} pings and {} answers decrypted",
                seen.frames, seen.requests, seen.replies
            ));
        }
        Scenario::Scan => {
            for (list, expected) in scene::expected_scan(args) {
                let listed = check::scan::parse(&outcome.text(list)?);
                check::scan::check(&listed, &expected, tolerance)
                    .with_context(|| format!("the {list} scan"))?;
            }
            step("scan: names, channels, signals and security as on the air");
        }
        Scenario::Monitor => {
            if let Some(wanted) = &args.events {
                let events = outcome.file("events")?;
                fs::write(wanted, events).with_context(|| format!("{}", wanted.display()))?;
            }
            let capture = directory.join("monitor.pcap");
            fs::write(&capture, outcome.file("monitor")?)?;
            if let Some(wanted) = &args.pcap {
                copy(&capture, wanted)?;
            }
            let compared = check::monitor::check(&capture, air, tolerance)?;
            step(&format!(
                "monitor: {} frames as the air sent them; rates {:?}, signals {:?} dBm",
                compared.frames, compared.rates, compared.signals
            ));
            if args.driver == Driver::Tern {
                check_walk(args, outcome, air)?;
            }
        }
        Scenario::Open | Scenario::Unplug | Scenario::Transfers => {}
    }
    Ok(())
}

/// Shows the walk of `channel 6` through the driver, and that the stick saw the same writes.
fn check_walk(args: &Args, outcome: &Outcome, air: &Path) -> Result<()> {
    let log = args.trace.clone().unwrap_or_else(|| scene::register_log(air));
    let (walk, writes) = check::walk::check(&outcome.text("events")?, &log)?;
    for line in crate::trace::in_words(&walk, false).0.lines() {
        step(line);
    }
    step(&format!("walk: the emulator's log has the same {writes} register writes in a row"));
    Ok(())
}

/// Builds the emulator and its firmware images: its program and their directory.
fn prepare_emulator(directory: &Path) -> Result<(PathBuf, PathBuf)> {
    setup::ensure(&[Purpose::Emulator])?;
    step("building the emulator");
    let program = emulator::build()?;
    let firmware = directory.join("firmware");
    emulator::make_firmware(&program, &firmware)?;
    Ok((program, firmware))
}

/// Copies a file, naming the target when that fails.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("{}", to.display()))?;
    Ok(())
}
