// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Which of our packages may depend on which: `os-*`, `sim`, `emu` -> `chips` -> `core`.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Finding;
use crate::progress;

/// What a package may depend on. Nothing may depend on `os-*`, so no list has one.
const ALLOWED: &[(&str, &[&str])] = &[
    ("tern-core", &[]),
    ("tern-chips", &["tern-core"]),
    ("tern-sim", &["tern-chips", "tern-core"]),
    ("tern-emu", &["tern-sim", "tern-chips", "tern-core"]),
    ("tern-rig", &["tern-sim", "tern-chips", "tern-core"]),
    ("tern-ctl", &["tern-core"]),
    ("xtask", &["tern-sim", "tern-chips", "tern-core"]),
];

/// What any shim may depend on: `os-common` is what they share.
const ALLOWED_SHIM: &[&str] = &["tern-common", "tern-chips", "tern-core"];

/// Asks cargo for the manifests and compares.
pub(crate) fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut cargo = progress::cargo();
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]);
    let text = progress::stdout(cargo.arg(root.join("Cargo.toml")))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().context("cargo metadata without packages")?;
    let mut findings = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let dir = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        let file = dir.strip_prefix(root).unwrap_or(dir).display().to_string();
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            // Only ours have a path.
            if dependency["path"].is_string() {
                let other = dependency["name"].as_str().unwrap_or_default();
                findings.extend(complaint(name, &file, other));
            }
        }
    }
    Ok(findings)
}

/// A finding if `package` may not depend on `other`.
fn complaint(package: &str, file: &str, other: &str) -> Option<Finding> {
    let shim = file.starts_with("os-");
    let allowed = ALLOWED.iter().find(|(name, _)| *name == package).map(|(_, list)| *list);
    let allowed = if shim { Some(ALLOWED_SHIM) } else { allowed };
    match allowed {
        None => {
            let what = format!("{package} has no place in the layers (xtask/src/tidy/layers.rs)");
            Some(Finding::new(file, 0, what))
        }
        Some(list) if list.contains(&other) => None,
        Some(_) => Some(Finding::new(file, 0, format!("{package} may not depend on {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::complaint;

    #[test]
    fn who_may_depend_on_whom() {
        assert!(complaint("tern-chips", "chips/Cargo.toml", "tern-core").is_none());
        assert!(complaint("tern-linux", "os-linux/Cargo.toml", "tern-chips").is_none());
        assert!(complaint("tern-core", "core/Cargo.toml", "tern-chips").is_some());
        assert!(complaint("tern-chips", "chips/Cargo.toml", "tern-sim").is_some());
        assert!(complaint("tern-linux", "os-linux/Cargo.toml", "tern-sim").is_some());
        assert!(complaint("xtask", "xtask/Cargo.toml", "tern-linux").is_some());
        assert!(complaint("tern-new", "new/Cargo.toml", "tern-core").is_some());
    }
}
