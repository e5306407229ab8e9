// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Several commands at once share `target/tern`: who makes something there holds its lock, and who
//! comes second finds it made.

use std::fs::File;

use anyhow::{Context as _, Result};

use crate::progress;

/// A lock that is free again when this is dropped (or the program dies).
pub(crate) struct Held {
    _file: File,
}

/// Waits for the lock `name`.
pub(crate) fn hold(name: &str) -> Result<Held> {
    let dir = progress::artefacts();
    std::fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let path = dir.join(format!("{name}.lock"));
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    file.lock().with_context(|| path.display().to_string())?;
    Ok(Held { _file: file })
}
