// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The text files of the project.

use std::path::Path;

use anyhow::Result;

/// Directories that hold nothing we wrote.
const SKIPPED: [&str; 2] = ["target", ".git"];

/// A text file.
pub(crate) struct Source {
    /// Path from the root of the workspace, with slashes.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) text: String,
    /// Whether it is compiled for tests only.
    pub(crate) only_in_tests: bool,
}

impl Source {
    /// A file that may be part of what is shipped.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_string(), text: text.to_string(), only_in_tests: false }
    }

    /// The first directory of the path: the package, for most files.
    pub(crate) fn package(&self) -> Option<&str> {
        self.path.split_once('/').map(|(package, _)| package)
    }

    /// The end of the name after the last dot.
    fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// Rust source.
    pub(crate) fn is_rust(&self) -> bool {
        self.extension() == "rs"
    }

    /// C source or header.
    pub(crate) fn is_c(&self) -> bool {
        matches!(self.extension(), "c" | "h")
    }

    /// A file that has to name its licence: whatever is a program in some language.
    pub(crate) fn is_code(&self) -> bool {
        self.is_rust()
            || self.is_c()
            || matches!(self.extension(), "lds" | "sh" | "py" | "S")
            || self.path.ends_with("/Kbuild")
            || self.path.starts_with(".ci/")
    }

    /// Code for PCI devices.
    pub(crate) fn is_pci(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.split(['_', '.']).any(|word| word == "pci")
    }

    /// A test, an example or a fuzz target: not part of what is shipped.
    pub(crate) fn is_test(&self) -> bool {
        self.only_in_tests || self.path.contains("/tests/") || self.path.contains("/benches/")
    }
}

/// Reads every text file below `root`; what is not UTF-8 (captures, corpora) is left out.
pub(crate) fn read(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    walk(root, "", &mut sources)?;
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

fn walk(dir: &Path, prefix: &str, sources: &mut Vec<Source>) -> Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            walk(&entry.path(), &path, sources)?;
        } else if kind.is_file()
            && name != ".git"
            && let Ok(text) = String::from_utf8(std::fs::read(entry.path())?)
        {
            sources.push(Source::new(&path, &text));
        }
    }
    Ok(())
}
