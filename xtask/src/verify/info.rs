// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the module says about itself in `.modinfo`.

use super::checks::Check;
use super::module::Module;

/// The licence as `MODULE_LICENSE` has to say it.
const LICENCE: &str = "Dual BSD/GPL";

/// Checks licence, release, and that there is an alias for every USB id (`ids`: vendor, product).
pub(super) fn check(module: &Module, release: Option<&str>, ids: &[(u16, u16)]) -> Check {
    let info = fields(module);
    let values = |key: &str| -> Vec<&str> {
        info.iter().filter(|(k, _)| k == key).map(|(_, value)| value.as_str()).collect()
    };
    let mut problems = Vec::new();
    if values("license") != [LICENCE] {
        problems.push(format!("license is {:?}, not {LICENCE:?}", values("license")));
    }
    if let Some(release) = release {
        let magic = values("vermagic").first().copied().unwrap_or_default().to_string();
        if magic.split(' ').next() != Some(release) {
            problems.push(format!("vermagic is {magic:?}, not of {release}"));
        }
    }
    let aliases = values("alias");
    for (vendor, product) in ids {
        let start = format!("usb:v{vendor:04X}p{product:04X}d");
        if !aliases.iter().any(|alias| alias.starts_with(&start)) {
            problems.push(format!("no alias for {vendor:04x}:{product:04x}"));
        }
    }
    let known = |alias: &&&str| {
        ids.iter().any(|(vendor, product)| {
            alias.starts_with(&format!("usb:v{vendor:04X}p{product:04X}d"))
        })
    };
    for alias in aliases.iter().filter(|alias| !known(alias)) {
        problems.push(format!("alias {alias} is of no id in chips/src/ids.rs"));
    }
    let measured = format!(
        "license {}, {} aliases for {} USB ids, firmware {}",
        values("license").join(" "),
        aliases.len(),
        ids.len(),
        values("firmware").join(" ")
    );
    Check { name: "module information", measured, problems }
}

/// The fields of `.modinfo`: strings `key=value` with a zero after each.
fn fields(module: &Module) -> Vec<(String, String)> {
    let sections = module.sections.values().filter(|section| section.name == ".modinfo");
    sections
        .flat_map(|section| section.data.split(|byte| *byte == 0))
        .filter_map(|field| {
            let field = String::from_utf8_lossy(field);
            field.split_once('=').map(|(key, value)| (key.to_string(), value.to_string()))
        })
        .collect()
}
