// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A directory of its own for each run: `target/tern/run/<process>`, where the sockets and logs
//! are.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

use crate::progress;

/// The longest path of a UNIX socket (108 bytes with its end), less our longest socket's name.
const PATH_MAX: usize = 108 - 12;

/// Waits for a word or for our end, whichever way that comes, and removes the directory if there
/// was no word.
const JANITOR: &str = "trap '' INT TERM HUP; read -r word || rm -rf \"$1\"";

/// A directory that goes away with this value, unless the run failed.
pub(super) struct Directory {
    path: PathBuf,
    is_kept: bool,
    janitor: Child,
}

impl Directory {
    /// A new, empty one. Those of runs that are over are removed.
    pub(super) fn new() -> Result<Self> {
        let mut runs = progress::artefacts().join("run");
        if runs.as_os_str().len() + 10 > PATH_MAX {
            runs = std::env::temp_dir().join("tern-run");
        }
        fs::create_dir_all(&runs).with_context(|| format!("{}", runs.display()))?;
        remove_old(&runs)?;
        let path = runs.join(std::process::id().to_string());
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).with_context(|| format!("{}", path.display()))?;
        let mut command = Command::new("sh");
        command.args(["-c", JANITOR, "sh"]).arg(&path).stdin(Stdio::piped());
        let janitor = command.stdout(Stdio::null()).spawn().context("sh did not start")?;
        Ok(Self { path, is_kept: false, janitor })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Passes a result on. If it is an error the logs stay, in `failed-SCENARIO` until the next
    /// time, but not sockets and images.
    pub(super) fn keep_unless_ok<T>(mut self, result: Result<T>, scenario: &str) -> Result<T> {
        let Err(error) = result else { return result };
        let _ = fs::remove_file(self.path.join("image.cpio"));
        for entry in fs::read_dir(&self.path)?.flatten() {
            if entry.path().extension().is_some_and(|end| end == "sock") {
                let _ = fs::remove_file(entry.path());
            }
        }
        let kept = self.path.with_file_name(format!("failed-{scenario}"));
        let _ = fs::remove_dir_all(&kept);
        if fs::rename(&self.path, &kept).is_ok() {
            self.path = kept;
        }
        self.is_kept = true;
        Err(error.context(format!("scenario {scenario} (logs: {})", self.path.display())))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_dir_all(&self.path);
        }
        if let Some(mut input) = self.janitor.stdin.take() {
            let _ = input.write_all(b"done\n");
        }
        let _ = self.janitor.wait();
    }
}

/// Removes the directories of processes that have ended.
fn remove_old(runs: &Path) -> Result<()> {
    for entry in fs::read_dir(runs)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_process = name.bytes().all(|byte| byte.is_ascii_digit());
        // A zombie has ended too, and has no command line any more.
        let command_line = fs::read(Path::new("/proc").join(&name).join("cmdline"));
        if is_process && command_line.unwrap_or_default().is_empty() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}
