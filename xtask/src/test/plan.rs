// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Which steps there are.

use crate::setup::Purpose;

/// A group of steps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ring {
    /// Formatting, lints, layers, tables, and the tests of the tools themselves.
    Style,
    /// Rings 1 and 2.
    Core,
    /// Rings 3 and 4.
    World,
    /// The module as built: what it may contain.
    Module,
    /// Ring 5.
    Loaded,
    /// Ring 6.
    Kernel,
    /// Ring 7.
    Hardware,
}

impl Ring {
    /// All, in order.
    pub(super) const ALL: [Self; 7] = [
        Self::Style,
        Self::Core,
        Self::World,
        Self::Module,
        Self::Loaded,
        Self::Kernel,
        Self::Hardware,
    ];

    /// What a user reads.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Style => "0 (style, tools)",
            Self::Core => "1 and 2 (pure functions, state machines)",
            Self::World => "3 and 4 (simulated world, chip against its model)",
            Self::Module => "0 (module as built)",
            Self::Loaded => "5 (BSD module in a process)",
            Self::Kernel => "6 (real kernel)",
            Self::Hardware => "7 (hardware)",
        }
    }

    /// Whether the ring that a user asks for by number is this one.
    pub(super) fn is_number(self, number: u8) -> bool {
        match self {
            Self::Style | Self::Module => false,
            Self::Core => matches!(number, 1 | 2),
            Self::World => matches!(number, 3 | 4),
            Self::Loaded => number == 5,
            Self::Kernel => number == 6,
            Self::Hardware => number == 7,
        }
    }
}

/// What a step does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Work {
    /// Cargo with these arguments; passes if cargo is content.
    Cargo(Vec<String>),
    /// `cargo test` with these arguments; its tests are counted.
    Tests(Vec<String>),
    /// This program with these arguments.
    Xtask(Vec<String>),
    /// Nothing, for this reason.
    Skip(&'static str),
}

/// One step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Step {
    /// The group that it is part of.
    pub(super) ring: Ring,
    /// What a user reads.
    pub(super) name: String,
    /// What it does.
    pub(super) work: Work,
    /// What has to be installed; without it the step is skipped.
    pub(super) needs: &'static [Purpose],
}

impl Step {
    /// The line that repeats the step.
    pub(super) fn command_line(&self) -> String {
        let quoted = |words: &[String]| {
            let quote = |word: &String| {
                if word.contains(' ') { format!("'{word}'") } else { word.clone() }
            };
            words.iter().map(quote).collect::<Vec<_>>().join(" ")
        };
        match &self.work {
            Work::Cargo(words) => format!("cargo {}", quoted(words)),
            Work::Tests(words) => format!("cargo test {}", quoted(words)),
            Work::Xtask(words) => format!("cargo xtask {}", quoted(words)),
            Work::Skip(_) => String::new(),
        }
    }
}

/// The steps of a ring.
pub(super) fn steps(ring: Ring) -> Vec<Step> {
    match ring {
        Ring::Style => style(),
        Ring::Core => core(),
        Ring::World => world(),
        Ring::Module => modules(),
        Ring::Loaded => loaded(),
        Ring::Kernel => kernel(),
        Ring::Hardware => {
            vec![skip(
                ring,
                "sticks of metal and plastic",
                "needs a stick and somebody to plug it in",
            )]
        }
    }
}

fn step(ring: Ring, name: &str, work: Work, needs: &'static [Purpose]) -> Step {
    Step { ring, name: name.to_string(), work, needs }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_string).collect()
}

fn tests(ring: Ring, name: &str, arguments: &str) -> Step {
    step(ring, name, Work::Tests(words(arguments)), &[])
}

fn xtask(ring: Ring, name: &str, arguments: &str) -> Step {
    step(ring, name, Work::Xtask(words(arguments)), &[])
}

fn skip(ring: Ring, name: &str, why: &'static str) -> Step {
    step(ring, name, Work::Skip(why), &[])
}

fn style() -> Vec<Step> {
    let ring = Ring::Style;
    let cargo = |name, arguments, needs| step(ring, name, Work::Cargo(words(arguments)), needs);
    let clippy = "clippy --quiet --workspace --all-targets -- -D warnings";
    vec![
        cargo("formatting", "fmt --all --check", &[]),
        cargo("lints", clippy, &[Purpose::Emulator]),
        xtask(ring, "tidy", "tidy"),
        xtask(ring, "device table", "table --check"),
        step(
            ring,
            "tools, emulator and shims on the host",
            Work::Tests(words("-p xtask -p tern-emu -p tern-rig -p tern-ctl -p tern-common")),
            &[Purpose::Emulator],
        ),
    ]
}

/// Core and chips, and whether the tables that core's ioctl structures are tested against say what the
/// systems' headers say.
fn core() -> Vec<Step> {
    let ring = Ring::Core;
    let headers = ["freebsd", "netbsd", "openbsd"].map(|os| {
        let work = Work::Xtask(words(&format!("layouts --os {os}")));
        step(ring, &format!("structures of {os}, against its headers"), work, &[Purpose::Bsd])
    });
    let tests = tests(ring, "core and chips", "-p tern-core -p tern-chips");
    let million = Work::Tests(words("-p tern-core million -- --ignored"));
    let million = step(ring, "a million random ioctls of each BSD", million, &[]);
    [tests, million].into_iter().chain(headers).collect()
}

/// The modules of all systems, read as their kernels read them.
fn modules() -> Vec<Step> {
    let ring = Ring::Module;
    let linux = ["6.12", "6.1"].map(|kernel| {
        xtask(ring, &format!("tern.ko for {kernel}"), &format!("verify --kernel {kernel}"))
    });
    let bsds = ["freebsd", "netbsd", "openbsd"]
        .map(|os| xtask(ring, &format!("module for {os}"), &format!("verify --os {os}")));
    linux.into_iter().chain(bsds).collect()
}

/// Sweeps of simulated worlds: scenario, chip, seed. A sweep tries bad air, unplugging at every transfer
/// and failure of every allocation: thousands of runs.
const SWEEPS: &[(&str, &str, u64)] = &[
    ("wpa2", "rtl8188cus", 1),
    ("wpa2", "rtl8188cus", 2),
    ("wpa2", "rtl8188cus", 3),
    ("wpa2", "rtl8192cu", 4),
    ("open", "rtl8188cus", 5),
    ("open", "rtl8192cu", 6),
    ("scan", "rtl8188cus", 7),
    ("scan", "rtl8192cu", 8),
    ("monitor", "rtl8188cus", 9),
    ("monitor", "rtl8192cu", 10),
    ("unplug", "rtl8188cus", 11),
    ("unplug", "rtl8192cu", 12),
    ("requests", "rtl8188cus", 13),
    ("requests", "rtl8192cu", 14),
];

fn world() -> Vec<Step> {
    let ring = Ring::World;
    // One test has tshark read the capture: without it that test is not run by default.
    let all = Work::Tests(words("-p tern-sim -- --include-ignored"));
    let mut steps = vec![step(ring, "worlds and models", all, &[Purpose::Guest])];
    steps.extend(SWEEPS.iter().map(|(scenario, chip, seed)| {
        let name = format!("sweep of {scenario}, {chip}, seed {seed}");
        let arguments = format!("sim --scenario {scenario} --chip {chip} --seed {seed}");
        xtask(ring, &name, &arguments)
    }));
    steps
}

/// What is done with each BSD's module (rig/src/scenario.rs).
const LOADED: [&str; 14] = [
    "load",
    "probe",
    "attach",
    "ioctls",
    "scan",
    "join-open",
    "join-wpa2",
    "traffic",
    "monitor",
    "suspend-resume",
    "unplug",
    "no-memory",
    "detach",
    "unload",
];
/// Scenarios with modules as built, and mistakes that have to be found.
fn loaded() -> Vec<Step> {
    let ring = Ring::Loaded;
    let needs = &[Purpose::Bsd];
    let of = |name: &str, arguments: &str| {
        step(ring, name, Work::Xtask(words(&format!("rig {arguments}"))), needs)
    };
    let mut steps = Vec::new();
    for os in ["freebsd", "netbsd", "openbsd"] {
        steps.push(of(&format!("{os}: module and fake kernel"), &format!("--os {os}")));
        for scenario in LOADED {
            let arguments = format!("--os {os} --built --scenario {scenario}");
            steps.push(of(&format!("{os}: {scenario}"), &arguments));
        }
        let arguments = format!("--os {os} --built --walk");
        steps.push(of(&format!("{os}: tern-ctl and host, channel 6"), &arguments));
    }
    for mutant in crate::rig::MUTANTS {
        let arguments = format!("--os freebsd --built --mutant {}", mutant.name);
        steps.push(of(&format!("a mistake is found: {}", mutant.name), &arguments));
    }
    steps
}

/// The scenarios in real kernels: scenario, driver, chip, kernel.
const SCENARIOS: &[(&str, &str, &str, &str)] = &[
    // The longest first, so that no processor idles at the end.
    ("unplug", "tern", "rtl8188cus", "6.12"),
    ("transfers", "tern", "rtl8188cus", "6.12"),
    ("wpa2", "rtl8192cu", "rtl8188cus", "6.12"),
    ("wpa2", "rtl8192cu", "rtl8192cu", "6.12"),
    ("wpa2", "tern", "rtl8188cus", "6.12"),
    ("wpa2", "tern", "rtl8188cus", "6.1"),
    ("wpa2", "tern", "rtl8192cu", "6.12"),
    ("monitor", "tern", "rtl8188cus", "6.12"),
    ("monitor", "tern", "rtl8188cus", "6.1"),
    ("scan", "tern", "rtl8188cus", "6.12"),
    ("scan", "tern", "rtl8188cus", "6.1"),
    ("open", "tern", "rtl8188cus", "6.12"),
    ("open", "tern", "rtl8188cus", "6.1"),
];

fn kernel() -> Vec<Step> {
    SCENARIOS
        .iter()
        .map(|(scenario, driver, chip, kernel)| {
            let name = format!("{scenario}, {driver} on {chip}, Linux {kernel}");
            let arguments = format!(
                "run --scenario {scenario} --driver {driver} --chip {chip} --kernel {kernel}"
            );
            let needs = &[Purpose::Kernel, Purpose::Guest, Purpose::Emulator];
            step(Ring::Kernel, &name, Work::Xtask(words(&arguments)), needs)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_ring() {
        for number in 1..=7 {
            assert_eq!(Ring::ALL.iter().filter(|ring| ring.is_number(number)).count(), 1);
        }
        for ring in Ring::ALL {
            assert!(!steps(ring).is_empty(), "{ring:?}");
        }
    }

    #[test]
    fn a_step_says_how_to_repeat_it() {
        let step = &kernel()[2];
        let line =
            "cargo xtask run --scenario wpa2 --driver rtl8192cu --chip rtl8188cus --kernel 6.12";
        assert_eq!(step.command_line(), line);
    }
}
