// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Makes one relocatable object of a static library: only what the entry points reach, and only
//! the entry points global.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::progress;

/// Reads the names of the functions that stay global: one a line with an optional class, `#` begins a
/// comment.
pub(crate) fn exports(list: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(list).with_context(|| list.display().to_string())?;
    text.lines().filter_map(|line| name(line).transpose()).collect()
}

/// The name in a line of the list, if it has one.
fn name(line: &str) -> Result<Option<String>> {
    let line = line.split('#').next().unwrap_or_default();
    let Some(name) = line.split_whitespace().next() else { return Ok(None) };
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        bail!("{name:?} is no name of a function");
    }
    Ok(Some(name.to_string()))
}

/// The programs that it takes.
pub(crate) struct Tools {
    pub(crate) linker: &'static str,
    pub(crate) objcopy: &'static str,
    pub(crate) nm: &'static str,
}

/// What Linux' own build uses.
pub(crate) const GNU: Tools = Tools { linker: "ld.bfd", objcopy: "objcopy", nm: "nm" };

/// Links `library` to `object`, with `script` saying which sections become which.
pub(crate) fn object(
    tools: &Tools,
    library: &Path,
    script: &Path,
    exports: &[String],
    object: &Path,
) -> Result<()> {
    progress::step(&format!("merge into one object with {} entry points", exports.len()));
    let whole = object.with_extension("whole");
    let local = object.with_extension("local");
    let mut link = Command::new(tools.linker);
    link.args(["-r", "--gc-sections"]);
    for name in exports {
        link.args(["-u", name]);
    }
    link.arg("-T").arg(script).arg(library).arg("-o").arg(&whole);
    progress::output(&mut link)?;
    let mut copy = Command::new(tools.objcopy);
    copy.arg("--strip-debug");
    for name in exports {
        copy.arg(format!("--keep-global-symbol={name}"));
    }
    progress::output(copy.arg(&whole).arg(&local))?;
    std::fs::remove_file(&whole)?;
    defined(tools, &local, exports)?;
    // Kbuild goes by the time of the file: an unchanged one stays as it is.
    if std::fs::read(object).ok() == Some(std::fs::read(&local)?) {
        std::fs::remove_file(&local)?;
    } else {
        std::fs::rename(&local, object)?;
    }
    Ok(())
}

/// Fails if an entry point is not in the object: the module would not link, or not run.
fn defined(tools: &Tools, object: &Path, exports: &[String]) -> Result<()> {
    let symbols = progress::stdout(Command::new(tools.nm).arg("--defined-only").arg(object))?;
    let there: std::collections::HashSet<&str> =
        symbols.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    for name in exports {
        if !there.contains(name.as_str()) {
            bail!("exports.txt names {name}, which the Rust side does not define");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn lines_of_the_list() {
        assert_eq!(name("tern_init").unwrap().as_deref(), Some("tern_init"));
        assert_eq!(name("tern_xmit data # softirq").unwrap().as_deref(), Some("tern_xmit"));
        assert_eq!(name("  # nothing").unwrap(), None);
        assert_eq!(name("").unwrap(), None);
        assert!(name("--wrap=x").is_err());
    }
}
