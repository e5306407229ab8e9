// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Licence lines, and words that have no place in the project.

use super::Finding;
use super::sources::Source;

/// What the first line (the second after `#!`) of everything that is code says.
const LICENCE: &str = "SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only";

/// Words that mark something unfinished or a path of somebody's machine. Written in two halves, or
/// this file would be its own first finding.
const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/ho", "me/"), "a path of one machine"),
    (concat!("TO", "DO"), "finish it, or open an issue"),
    (concat!("FIX", "ME"), "finish it, or open an issue"),
    (concat!("XX", "X:"), "finish it, or open an issue"),
    (concat!("to", "do!"), "finish it, or return an error"),
    (concat!("unimple", "mented!"), "finish it, or return an error"),
    (concat!("db", "g!("), "left over from looking for a mistake"),
];

/// Files whose text is not ours.
const FOREIGN: &[&str] = &["LICENSE-GPL-2.0-only", "LICENSE-BSD-2-Clause", "Cargo.lock"];

/// Checks the text of one file.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    if FOREIGN.contains(&source.path.as_str()) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if source.is_code() {
        let script = source.text.starts_with("#!/");
        let line = source.text.lines().nth(usize::from(script)).unwrap_or_default();
        if !line.contains(LICENCE) {
            findings.push(Finding::new(&source.path, 1, format!("no `{LICENCE}` at the top")));
        }
    }
    for (at, line) in source.text.lines().enumerate() {
        for (word, why) in FORBIDDEN {
            if line.contains(word) {
                findings.push(Finding::new(&source.path, at + 1, format!("`{word}`: {why}")));
            }
        }
        if source.is_code() && line.trim_end() != line {
            findings.push(Finding::new(&source.path, at + 1, "space at the end of the line"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn licence_lines() {
        let line = format!("// {LICENCE}\n");
        assert_eq!(found("core/src/x.rs", &line), 0);
        assert_eq!(found("core/src/x.rs", &format!("\n{line}")), 1);
        assert_eq!(found(".ci/run", &format!("#!/bin/bash\n# {LICENCE}\n")), 0);
        assert_eq!(found(".ci/run", "#!/bin/bash\n"), 1);
        assert_eq!(found("README.md", "# Tern\n"), 0);
    }

    #[test]
    fn forbidden_words() {
        assert_eq!(found("README.md", concat!("see /wo", "rk/x and TO", "DO")), 2);
        assert_eq!(found("LICENSE-GPL-2.0-only", concat!("TO", "DO")), 0);
    }
}
