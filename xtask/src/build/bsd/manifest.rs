// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a module was made of, as JSON beside it: for `cargo xtask verify`, and for whoever wonders why
//! it does not fit a kernel.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{Plan, Request, kpi, layouts};
use crate::progress;

/// The manifest of a module.
pub(crate) struct Manifest {
    value: Value,
}

impl Manifest {
    /// Of a module that was just linked.
    pub(super) fn new(
        request: &Request,
        plan: &Plan,
        layouts: &layouts::Checked,
        kpi: &kpi::Kpi,
        module: &Path,
    ) -> Result<Self> {
        let value = json!({
            "os": request.bsd.name(),
            "arch": request.arch.name(),
            "version": plan.version,
            "number": plan.number,
            "headers": plan.headers,
            "options": plan.options,
            "layouts": { "table": layouts.digest, "fields": layouts.fields },
            "kpi": { "headers": kpi.headers, "digest": kpi.digest, "compared": kpi.compared },
            "sha256": digest(module)?,
        });
        Ok(Self { value })
    }

    /// Reads the one beside a module.
    pub(crate) fn read(module: &Path) -> Result<Self> {
        let path = beside(module);
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        Ok(Self { value })
    }

    /// With these values.
    #[cfg(test)]
    pub(crate) fn of(value: Value) -> Self {
        Self { value }
    }

    /// A value that is text; empty if it is not there.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.value[key].as_str().unwrap_or_default()
    }

    /// The version in numbers, as the kernel's loader compares it.
    pub(crate) fn number(&self) -> u64 {
        self.value["number"].as_u64().unwrap_or_default()
    }

    /// A number in a part of it.
    pub(crate) fn count(&self, part: &str, key: &str) -> u64 {
        self.value[part][key].as_u64().unwrap_or_default()
    }

    /// A list of texts in a part of it.
    pub(crate) fn list(&self, part: &str, key: &str) -> Vec<String> {
        let list = self.value[part][key].as_array();
        let texts = list.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_string).collect()
    }

    /// Writes it beside the module.
    pub(super) fn write(&self, module: &Path) -> Result<()> {
        let path = beside(module);
        let text = format!("{:#}\n", self.value);
        std::fs::write(&path, text).with_context(|| path.display().to_string())
    }
}

/// Where a module's manifest is.
pub(crate) fn beside(module: &Path) -> PathBuf {
    let mut name = module.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

/// The SHA-256 of a file.
pub(crate) fn digest(path: &Path) -> Result<String> {
    let text = progress::stdout(Command::new("sha256sum").arg(path))?;
    let digest = text.split_whitespace().next().context("sha256sum says nothing")?;
    Ok(digest.trim_start_matches('\\').to_string())
}
