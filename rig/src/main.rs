// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `tern-rig`: a built module in this process, with one scenario or for other programs.

use std::{
    path::PathBuf,
    process::{Command, ExitCode},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use tern_rig::{
    engine::Options,
    host,
    machine::{self, Machine, Setup, default_kernel},
    scenario,
};
use tern_sim::{access_point::Config, chip::Model};

/// Runs one scenario with a built module of a BSD, on a fake kernel that forgives nothing
#[derive(Parser)]
#[command(name = "tern-rig", version)]
struct Args {
    /// The system: freebsd, netbsd or openbsd
    #[arg(long)]
    os: String,
    /// The module as built
    #[arg(long)]
    module: PathBuf,
    /// The fake kernel, compiled [default: target/tern/rig/OS.o]
    #[arg(long)]
    kernel: Option<PathBuf>,
    /// What to do: load, probe, attach, ioctls, scan, join-open, join-wpa2, traffic, monitor,
    /// suspend-resume, unplug, detach, unload
    #[arg(long, required_unless_present_any = ["kpis", "socket"])]
    scenario: Option<String>,
    /// rtl8188cus or rtl8192cu
    #[arg(long, default_value = "rtl8188cus")]
    chip: Model,
    /// Where all chance comes from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The transfer, from 1, at which the stick is pulled out. Without it, scenario unplug tries them all,
    /// or as many as --places says, evenly spread
    #[arg(long)]
    unplug_at: Option<u64>,
    /// How many different places something goes wrong at, in scenarios unplug and no-memory
    #[arg(long, value_name = "N")]
    places: Option<u64>,
    /// The allocation, from 1, that fails although it may not sleep for memory; of scenario no-memory, as
    /// --unplug-at of unplug
    #[arg(long)]
    fail_at: Option<u64>,
    /// Listen at this socket for other programs, live, instead of a scenario (rig/PROTOCOL.md)
    #[arg(long, conflicts_with = "scenario")]
    socket: Option<PathBuf>,
    /// With --socket: print the walk of each ioctl, and compare register writes with the model's log
    #[arg(long)]
    trace: bool,
    /// With --socket: an access point, for example ssid=tern,psk=arctic-tern,channel=6
    #[arg(long = "ap", value_name = "KEY=VALUE,..")]
    access_points: Vec<String>,
    /// Show the console while it is written
    #[arg(long)]
    loud: bool,
    /// Prints the functions that the fake kernel has, and what it checks of each call
    #[arg(long)]
    kpis: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn access_points(args: &Args) -> Result<Vec<Config>> {
    if args.socket.is_none() {
        return Ok(scenario::access_points());
    }
    let parse = |(number, text): (usize, &String)| {
        let number = u8::try_from(number + 1).context("more than 255 access points")?;
        Config::parse(text, number).with_context(|| format!("--ap {text:?}"))
    };
    args.access_points.iter().enumerate().map(parse).collect()
}

fn setup(args: &Args) -> Result<Setup> {
    Ok(Setup {
        kernel: args.kernel.clone().unwrap_or_else(|| default_kernel(&args.os)),
        module: args.module.clone(),
        model: args.chip,
        access_points: access_points(args)?,
        unplug_at: args.unplug_at,
        options: Options {
            seed: args.seed,
            fail_at: args.fail_at,
            is_live: args.socket.is_some(),
            is_loud: args.loud || args.socket.is_some(),
        },
    })
}

fn run(args: &Args) -> Result<bool> {
    let sweep_of = match args.scenario.as_deref() {
        Some("unplug") if args.unplug_at.is_none() => Some("--unplug-at"),
        Some("no-memory") if args.fail_at.is_none() => Some("--fail-at"),
        _ => None,
    };
    let setup = setup(args)?;
    let machine = Machine::new(&setup)?;
    let os = machine.kernel.os();
    ensure!(os == args.os, "{} is a kernel of {os}", setup.kernel.display());
    if args.kpis {
        for kpi in machine.kpis() {
            println!("{:32} {}", kpi.name, kpi.checks);
        }
        return Ok(true);
    }
    if let Some(socket) = &args.socket {
        host::serve(&machine, socket, args.trace)?;
        return Ok(true);
    }
    let name = args.scenario.clone().unwrap_or_default();
    let start = Instant::now();
    let wanted = name.clone();
    let result = machine.run(move |machine| scenario::carry_out(machine, &wanted));
    if let Err(error) = &result {
        machine.complain(&format!("the user: {error:#}"));
    }
    let mut state = machine::state();
    let faults = state.fault_count();
    if faults > 0 {
        state.show_console();
    }
    let transfers = state.transfer_count();
    let allocations = state.failable_count();
    drop(state);
    println!(
        "{os} {name}: {} faults, {transfers} transfers, {:.1} s of its time, {:.2} s",
        faults,
        machine.now() as f64 / 1e6,
        start.elapsed().as_secs_f64()
    );
    match sweep_of {
        Some(option) if faults == 0 => {
            sweep(args, &name, option, if option == "--fail-at" { allocations } else { transfers })
        }
        _ => Ok(faults == 0),
    }
}

/// Lets something go wrong at one place after the other, each time in a process of its own.
fn sweep(args: &Args, name: &str, option: &str, places: u64) -> Result<bool> {
    let count = args.places.unwrap_or(places).clamp(1, places.max(1));
    let stride = places.div_ceil(count).max(1);
    let numbers: Vec<u64> = (1..=places).step_by(stride as usize).collect();
    let program = std::env::current_exe().context("where this program is")?;
    let mut failed = 0;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for batch in numbers.chunks(cores) {
        let mut children = Vec::new();
        for number in batch {
            let mut command = Command::new(&program);
            command.args(std::env::args_os().skip(1)).args([option, &number.to_string()]);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            children.push((number, command.spawn().context("starting another run")?));
        }
        for (number, child) in children {
            let output = child.wait_with_output()?;
            if !output.status.success() {
                failed += 1;
                println!("{name} {option} {number}:");
                eprintln!("{}", String::from_utf8_lossy(&output.stderr));
            }
        }
    }
    println!(
        "{} {name}: {} of {places} places (every {stride}), {failed} failed",
        args.os,
        numbers.len()
    );
    Ok(failed == 0)
}
