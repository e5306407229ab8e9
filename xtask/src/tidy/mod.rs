// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask tidy`: the rules that no compiler checks. They run as a test of this package too.
//!
//! [`layers`]: who may depend on whom; [`licences`] of the crates used; [`tokens`]: words of the language that have their places
//! (`unsafe`, floats, `alloc`); [`shape`]: length of functions and files; [`dead`]: files that no
//! module reaches; [`text`]: licence lines and words that have no place in the project at all.

mod dead;
mod layers;
mod licences;
mod shape;
mod sources;
mod text;
mod tokens;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use crate::progress;
use sources::Source;

/// Lines that the shim of a BSD may have, and what all shims share: C and headers included, tests and
/// PCI not.
const BSD_LINES_MAX: usize = 2500;

/// Lines of Linux' shim, which speaks cfg80211 besides.
const LINUX_LINES_MAX: usize = 4000;

/// What all shims share.
const COMMON: &str = "os-common";

/// How many lines a shim may have.
fn lines_max(shim: &str) -> usize {
    if shim == "os-linux" { LINUX_LINES_MAX } else { BSD_LINES_MAX }
}

/// Checks layering and style
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print the result as one JSON object on stdout
    #[arg(long)]
    json: bool,
}

/// Something that is not as it should be.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Path from the root of the workspace.
    pub(crate) file: String,
    /// Line, from 1; 0 for the file as a whole.
    pub(crate) line: usize,
    /// What is wrong, and the rule.
    pub(crate) what: String,
}

impl Finding {
    /// A finding in a line of a file.
    pub(crate) fn new(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.to_string(), line, what: what.into() }
    }
}

/// What was looked at and what was found.
pub(crate) struct Report {
    /// Files read.
    pub(crate) files: usize,
    /// Lines of each shim, C included.
    pub(crate) shim_lines: BTreeMap<String, usize>,
    /// What is wrong, in order of files.
    pub(crate) findings: Vec<Finding>,
}

/// Carries the command out.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let report = check(progress::root())?;
    for finding in &report.findings {
        eprintln!("{}:{}: {}", finding.file, finding.line, finding.what);
    }
    if args.json {
        let result = serde_json::json!({
            "command": "tidy", "ok": report.findings.is_empty(), "files": report.files,
            "findings": report.findings.len(), "shim_lines": report.shim_lines,
        });
        println!("{result}");
    } else {
        let common = report.shim_lines.get(COMMON).copied().unwrap_or_default();
        for (shim, lines) in &report.shim_lines {
            let max = lines_max(shim);
            let with = if shim == COMMON {
                String::new()
            } else {
                format!(", {} with {COMMON}", lines + common)
            };
            println!("{shim}: {lines} lines (at most {max}){with}");
        }
        println!("{} files, {} findings", report.files, report.findings.len());
    }
    Ok(if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks the tree below `root`.
pub(crate) fn check(root: &Path) -> Result<Report> {
    let mut sources = sources::read(root)?;
    let reached = dead::reached(&sources);
    for source in &mut sources {
        source.only_in_tests = reached.get(&source.path).copied().unwrap_or(false);
    }
    let mut findings = layers::check(root)?;
    findings.extend(licences::check(root)?);
    for source in &sources {
        findings.extend(text::check(source));
        if source.is_rust() {
            findings.extend(tokens::check(source));
            findings.extend(shape::check(source));
        }
    }
    findings.extend(dead::check(&sources, &reached));
    let mut shim_lines = BTreeMap::new();
    let code = |source: &&Source| {
        (source.is_rust() || source.is_c()) && !source.is_test() && !source.is_pci()
    };
    for source in sources.iter().filter(code) {
        if let Some(shim) = source.package().filter(|package| package.starts_with("os-")) {
            *shim_lines.entry(shim.to_string()).or_insert(0) += source.text.lines().count();
        }
    }
    for (shim, lines) in &shim_lines {
        let max = lines_max(shim);
        if *lines > max {
            let what = format!("{lines} lines, and it may have {max}");
            findings.push(Finding::new(shim, 0, what));
        }
    }
    findings.sort();
    Ok(Report { files: sources.len(), shim_lines, findings })
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_tree_is_tidy() {
        let report = super::check(crate::progress::root()).expect("the tree can be read");
        let found: Vec<String> = report
            .findings
            .iter()
            .map(|finding| format!("{}:{}: {}", finding.file, finding.line, finding.what))
            .collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
        assert!(report.files > 20, "only {} files were read", report.files);
    }
}
