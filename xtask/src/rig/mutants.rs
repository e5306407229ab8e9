// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Mistakes that ring 5 has to find, each put into the real shim.

use std::path::Path;
use std::process::{ExitCode, Output};

use anyhow::{Context as _, Result};

use super::arguments;
use crate::build::bsd::{Bsd, fake::Mutation};
use crate::progress;

/// A mistake in FreeBSD's shim.
pub(crate) struct Mutant {
    /// Its name.
    pub(crate) name: &'static str,
    /// What becomes of the shim.
    pub(crate) mutation: Mutation,
    /// The scenario that finds it.
    pub(crate) scenario: &'static str,
    /// What is said then.
    says: &'static str,
}

/// All of them.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "double-free",
        mutation: Mutation {
            file: "shim.c",
            from: "\tfree(memory, M_TERN);\n",
            to: "\tfree(memory, M_TERN);\n\tfree(memory, M_TERN);\n",
        },
        scenario: "attach",
        says: "double free",
    },
    Mutant {
        name: "sleep-under-lock",
        mutation: Mutation {
            file: "shim.c",
            from: "\tdev->is_woken = true;\n",
            to: "\tpause_sbt(WAIT_NAME, SBT_1MS, 0, 0);\n\tdev->is_woken = true;\n",
        },
        scenario: "attach",
        says: "sleeps with lock tern wake held",
    },
    Mutant {
        name: "missing-unsetup",
        mutation: Mutation {
            file: "shim_usb.c",
            from: "\t\tusbd_transfer_unsetup(&dev->in[i].xfer, 1);\n",
            to: "",
        },
        scenario: "attach",
        says: "usbd_transfer_unsetup",
    },
    Mutant {
        name: "wrong-offset",
        mutation: Mutation {
            file: "shim.c",
            from: "\tdev->udev = uaa->device;\n",
            // As if the structure had one pointer less before it.
            to: "\tdev->udev = ((void **)&uaa->device)[1];\n",
        },
        scenario: "attach",
        says: "a USB device that is none",
    },
];

/// Runs the scenario with a mutant.
pub(super) fn output(bsd: Bsd, module: &Path, scenario: &str) -> Result<Output> {
    let mut cargo = progress::cargo();
    cargo.args(["run", "--quiet", "--package", "tern-rig", "--"]);
    cargo.args(arguments(bsd, module)).args(["--scenario", scenario]);
    cargo.output().context("cargo could not be started")
}

/// A mutant that nobody noticed is a failure.
pub(super) fn judge(mutant: &Mutant, output: &Output) -> Result<ExitCode> {
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().find(|line| line.starts_with("fault: ") && line.contains(mutant.says));
    match line {
        Some(line) if !output.status.success() => {
            println!("{}: found: {line}", mutant.name);
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            println!("{}: not found; {}", mutant.name, output.status);
            eprintln!("{said}");
            Ok(ExitCode::FAILURE)
        }
    }
}
