// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a model has to say about its driver.

use crate::air::Micros;

/// Kinds of entries kept; later new kinds are dropped.
const ENTRIES_MAX: usize = 64;

/// One kind of mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A short name that stays the same, such as `tx-before-enable`.
    pub code: &'static str,
    /// What happened the first time.
    pub text: String,
    /// When it happened first.
    pub first_at: Micros,
    /// How often it has happened.
    pub times: u64,
}

/// A list of faults with one entry for each code.
#[derive(Clone, Debug, Default)]
pub struct Log(Vec<Fault>);

impl Log {
    /// Counts a fault; `text` is called for the first of its code only.
    pub fn add(&mut self, at: Micros, code: &'static str, text: impl FnOnce() -> String) {
        if let Some(known) = self.0.iter_mut().find(|fault| fault.code == code) {
            known.times += 1;
        } else if self.0.len() < ENTRIES_MAX {
            self.0.push(Fault { code, text: text(), first_at: at, times: 1 });
        }
    }

    /// All of them, in the order of their first time.
    pub fn entries(&self) -> &[Fault] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_entry_for_each_code() {
        let mut log = Log::default();
        log.add(5, "a", || "first".to_owned());
        log.add(6, "a", || unreachable!("text of a known code"));
        log.add(7, "b", || "other".to_owned());
        assert_eq!(log.entries().len(), 2);
        assert_eq!((log.entries()[0].times, log.entries()[0].first_at), (2, 5));
        assert_eq!(log.entries()[0].text, "first");
    }
}
