// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask run`: boots a kernel with an emulated stick and carries a scenario out.
//!
//! [`options`] is what the caller asks for; [`image`] builds the guest's file system from
//! `xtask/guest`, the kernel's [`modules`] and [`settings`]; [`machine`] is QEMU, [`emulator`] the
//! sticks; [`stage`] listens to the guest ([`talk`]) and reports.

mod counts;
mod cpio;
mod emulator;
mod image;
mod machine;
mod modules;
mod options;
mod settings;
mod stage;
mod talk;
mod unplug;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use crate::progress::{self, step};
use crate::setup::{self, Purpose};
use emulator::{Emulator, Sticks};
use machine::{Boot, Machine};
pub(crate) use options::Args;
use options::{Driver, Scenario};
use stage::{Outcome, Stage};

/// Carries the command out.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    args.check()?;
    let start = Instant::now();
    let result = carry_out(&args);
    let error = result.as_ref().err().map(|error| format!("{error:#}"));
    if let Some(error) = &error {
        eprintln!("error: {error}");
    } else {
        step(&format!("{}: ok", args.scenario.name()));
    }
    if args.json {
        let outcome = result.ok();
        println!("{}", report(&args, outcome.as_ref(), error.as_deref(), start.elapsed()));
    }
    Ok(if error.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What a run was and what came of it.
struct Done {
    release: String,
    outcome: Outcome,
}

/// Boots, plays, and checks what came of it. The directory of the run stays when it fails.
fn carry_out(args: &Args) -> Result<Done> {
    setup::ensure(&[Purpose::Guest])?;
    let kernel = setup::kernel(&args.kernel)?;
    let tern = match args.driver {
        Driver::Tern => Some(crate::build::module(&args.kernel)?.module),
        _ => None,
    };
    let directory = fresh_directory()?;
    let emulator = match args.driver {
        Driver::Hwsim => None,
        _ => Some(prepare_emulator(&directory)?),
    };
    let modules = modules::Modules::of(&kernel)?;
    let firmware = emulator.as_ref().map(|(_, firmware)| firmware.as_path());
    let contents = image::Contents { args, modules: &modules, tern: tern.as_deref(), firmware };
    let image = image::build(&contents)?;
    step(&format!(
        "booting Linux {} with {} on {}: scenario {}",
        kernel.release,
        args.driver.name(),
        args.chip.name(),
        args.scenario.name()
    ));
    let sticks = sticks(args)?;
    let boot = Boot { kernel: &kernel.image(), image: &image, sticks: sticks.chips.len() };
    let machine = Machine::start(&directory, &boot)?;
    let emulator = match &emulator {
        Some((program, _)) => Some(Emulator::start(program, &directory, &sticks)?),
        None => None,
    };
    let limit = Duration::from_secs(args.scenario.limit_seconds());
    let played = Stage::new(machine, emulator)?.play(limit);
    let outcome = played.with_context(|| {
        format!("scenario {}; logs in {}", args.scenario.name(), directory.display())
    })?;
    let _ = fs::remove_dir_all(&directory);
    Ok(Done { release: kernel.release, outcome })
}

/// Builds the emulator and its firmware images.
fn prepare_emulator(directory: &Path) -> Result<(PathBuf, PathBuf)> {
    setup::ensure(&[Purpose::Emulator])?;
    step("building the emulator");
    let program = emulator::build()?;
    let firmware = directory.join("firmware");
    emulator::make_firmware(&program, &firmware)?;
    Ok((program, firmware))
}

/// The sticks and software access points of a scenario.
fn sticks(args: &Args) -> Result<Sticks<'_>> {
    let chip = args.chip.name();
    let (ssid, psk, channel) = (&args.ssid, &args.psk, settings::CHANNEL);
    let (chips, access_points) = match args.scenario {
        Scenario::Wpa2 => (vec![chip, chip], vec![]),
        Scenario::Open | Scenario::Unplug | Scenario::Transfers => {
            (vec![chip], vec![format!("ssid={ssid},channel={channel}")])
        }
        Scenario::Scan => (
            vec![chip],
            vec![
                format!("ssid={ssid}-open,channel=1"),
                format!("ssid={ssid}-wpa2,psk={psk},channel={channel}"),
                format!("ssid={ssid}-hidden,hidden,channel=11"),
            ],
        ),
        Scenario::Monitor => (vec![chip], vec![format!("ssid={ssid},psk={psk},channel={channel}")]),
    };
    Ok(Sticks {
        chips,
        access_points,
        seed: args.seed,
        air_pcap: absolute(args.air_pcap.as_deref())?,
        trace: absolute(args.trace.as_deref())?,
    })
}

/// A path that holds in another working directory.
fn absolute(path: Option<&Path>) -> Result<Option<PathBuf>> {
    path.map(|path| std::path::absolute(path).with_context(|| format!("{}", path.display())))
        .transpose()
}

/// A new directory for this run; those of runs that are over and were not kept are removed.
fn fresh_directory() -> Result<PathBuf> {
    let runs = progress::artefacts().join("run");
    fs::create_dir_all(&runs).with_context(|| format!("{}", runs.display()))?;
    for entry in fs::read_dir(&runs)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = Path::new("/proc").join(&name);
        if name.bytes().all(|byte| byte.is_ascii_digit()) && !owner.exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let directory = runs.join(std::process::id().to_string());
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).with_context(|| format!("{}", directory.display()))?;
    Ok(directory)
}

/// The one object that `--json` promises.
fn report(args: &Args, done: Option<&Done>, error: Option<&str>, time: Duration) -> Value {
    let mut object = Map::new();
    let mut set = |name: &str, value: Value| object.insert(name.to_owned(), value);
    set("driver", json!(args.driver.name()));
    set("chip", json!(args.chip.name()));
    set("kernel", json!(done.map_or(args.kernel.as_str(), |done| done.release.as_str())));
    set("scenario", json!(args.scenario.name()));
    set("ok", json!(error.is_none()));
    set("seconds", json!((time.as_secs_f64() * 100.0).round() / 100.0));
    set("seed", json!(args.seed));
    if let Some(error) = error {
        set("error", json!(error.lines().next().unwrap_or_default()));
    }
    if let Some(Done { outcome, .. }) = done {
        set("control_transfers", json!(outcome.total.control_transfers));
        set("control_bytes", json!(outcome.total.control_bytes));
        set("bulk_bytes", json!(outcome.total.bulk_bytes));
        set("faults", json!(outcome.total.faults));
        for (name, text) in &outcome.values {
            set(name, text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number)));
        }
        let phases = outcome.phases.iter().map(|(name, counts)| (name.clone(), counts.json()));
        set("phases", Value::Object(phases.collect()));
    }
    Value::Object(object)
}
