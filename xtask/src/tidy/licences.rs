// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Licences of the crates that we use: each must offer one that `deny.toml` allows, or be a tool that it excepts.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Finding;
use crate::progress;

/// Asks cargo for all packages and compares.
pub(crate) fn check(root: &Path) -> Result<Vec<Finding>> {
    let text = std::fs::read_to_string(root.join("deny.toml")).context("deny.toml")?;
    let allowed = allowed(&text);
    let exceptions = exceptions(&text);
    let mut cargo = progress::cargo();
    cargo.args(["metadata", "--format-version", "1", "--manifest-path"]);
    let text = progress::stdout(cargo.arg(root.join("Cargo.toml")))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().context("cargo metadata without packages")?;
    let mut findings = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let licence = package["license"].as_str().unwrap_or_default();
        if !fits(licence, &allowed) && !exceptions.iter().any(|excepted| excepted == name) {
            let what = format!("{name} is under {licence:?}, which deny.toml does not allow");
            findings.push(Finding::new("Cargo.lock", 0, what));
        }
    }
    Ok(findings)
}

/// The strings of the list `allow` in `[licenses]`.
fn allowed(text: &str) -> Vec<String> {
    let list = text.split_once("allow = [").map_or("", |(_, rest)| rest);
    let list = list.split(']').next().unwrap_or_default();
    list.split('"').skip(1).step_by(2).map(str::to_string).collect()
}

/// The crates named in `exceptions`, which never become part of a module.
fn exceptions(text: &str) -> Vec<String> {
    let list = text.split_once("exceptions = [").map_or("", |(_, rest)| rest);
    let list = list.split("]\n").next().unwrap_or_default();
    let names = list.split("crate = \"").skip(1).filter_map(|rest| rest.split('"').next());
    names.map(str::to_string).collect()
}

/// Whether a licence expression can be met with the licences allowed: `A OR B`, `A/B`, `A AND B`, with
/// parentheses. `A WITH B` is met by neither.
fn fits(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let met = alternatives(&mut words, allowed);
    met && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn alternatives(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = conditions(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= conditions(words, allowed);
    }
    met
}

fn conditions(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = licence(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= licence(words, allowed);
    }
    met
}

fn licence(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let Some(word) = words.next() else { return false };
    if word == "(" {
        let met = alternatives(words, allowed);
        return words.next_if_eq(&")").is_some() && met;
    }
    let with_exception = words.next_if_eq(&"WITH").is_some();
    if with_exception {
        words.next();
    }
    !with_exception && allowed.iter().any(|allowed| allowed == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        let list = allowed("[licenses]\nallow = [\n \"MIT\",\n \"Unicode-3.0\",\n]\nx = [\"GPL\"]");
        assert_eq!(list, ["MIT", "Unicode-3.0"]);
        let text = "exceptions = [{ allow = [\"X\"], crate = \"a-sys\" }]\n[bans]\ncrate = \"b\"";
        assert_eq!(exceptions(text), ["a-sys"]);
        let good = [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
        ];
        for expression in good {
            assert!(fits(expression, &list), "{expression}");
        }
        let bad = ["", "Apache-2.0", "MIT AND Apache-2.0", "GPL", "(MIT", "MIT)", "MIT WITH x"];
        for expression in bad {
            assert!(!fits(expression, &list), "{expression}");
        }
    }
}
