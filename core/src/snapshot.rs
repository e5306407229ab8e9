// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Tables of what machines do, kept beside them as text. `TERN_UPDATE=1 cargo test` writes them
//! anew; what changed is then for the reviewer of the commit.

use std::{env, fs, path::Path, string::String};

use crate::action::{Action, Actions};

/// Compares with the file `path`, from the root of this crate.
pub(crate) fn check(path: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if env::var_os("TERN_UPDATE").is_some() {
        fs::write(&path, actual).unwrap();
    }
    let expect = fs::read_to_string(&path).unwrap_or_default();
    let mut lines = expect.lines();
    for actual in actual.lines() {
        assert_eq!(lines.next(), Some(actual), "{}: TERN_UPDATE=1 writes it", path.display());
    }
    assert_eq!(lines.next(), None, "{}: TERN_UPDATE=1 writes it", path.display());
}

/// Takes all actions, as one line, and checks that what a machine waits for comes last.
pub(crate) fn drain(out: &mut Actions) -> String {
    let mut line = String::new();
    let mut waits = false;
    while let Some(action) = out.pop() {
        assert!(!waits, "{action:?} after an action that is waited for");
        waits = matches!(action, Action::Chip(_) | Action::Mlme(_) | Action::InstallKey(_));
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(&std::format!("{action:?}"));
    }
    if line.is_empty() { "-".into() } else { line }
}
