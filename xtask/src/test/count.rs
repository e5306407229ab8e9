// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Counts of tests, and where cargo says them.

use std::iter::Sum;

/// How many tests went which way.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(super) struct Count {
    /// Tests that passed.
    pub(super) passed: usize,
    /// Tests that failed.
    pub(super) failed: usize,
    /// Tests that were not run.
    pub(super) skipped: usize,
}

impl Count {
    /// As the closing line has it.
    pub(super) fn text(self) -> String {
        format!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }

    /// One test that passed or failed.
    pub(super) fn one(passed: bool) -> Self {
        Self { passed: usize::from(passed), failed: usize::from(!passed), skipped: 0 }
    }

    /// One test that was not run.
    pub(super) fn one_skipped() -> Self {
        Self { skipped: 1, ..Self::default() }
    }

    /// Adds up the summaries of all test programs in cargo's output; `ok` is whether cargo was
    /// content: if it was not and no test failed, then something did not build or died.
    pub(super) fn of_cargo(output: &str, ok: bool) -> Self {
        let mut count: Self = output.lines().filter_map(summary).sum();
        if !ok && count.failed == 0 {
            count.failed = 1;
        }
        if ok && count == Self::default() {
            // Nothing was tested, and that must not look like success.
            count.failed = 1;
        }
        count
    }
}

/// A line `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
fn summary(line: &str) -> Option<Count> {
    let rest = line.trim().strip_prefix("test result: ")?;
    let number = |what: &str| {
        let before = rest.split(what).next().filter(|before| before.len() < rest.len())?;
        before.split_whitespace().last()?.parse::<usize>().ok()
    };
    Some(Count {
        passed: number(" passed")?,
        failed: number(" failed")?,
        skipped: number(" ignored")?,
    })
}

impl Sum for Count {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |all, one| Self {
            passed: all.passed + one.passed,
            failed: all.failed + one.failed,
            skipped: all.skipped + one.skipped,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Count;

    fn of(passed: usize, failed: usize, skipped: usize) -> Count {
        Count { passed, failed, skipped }
    }

    #[test]
    fn what_cargo_says() {
        let text = "running 2 tests\n..\n\
            test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.1s\n\
            test result: FAILED. 1 passed; 3 failed; 4 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(Count::of_cargo(text, false), of(3, 3, 4));
        assert_eq!(Count::of_cargo("error: could not compile", false), of(0, 1, 0));
        assert_eq!(Count::of_cargo("", true), of(0, 1, 0), "no test at all is no success");
        let killed = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured\n(signal: 6)";
        assert_eq!(Count::of_cargo(killed, false), of(2, 1, 0));
    }

    #[test]
    fn the_closing_line() {
        assert_eq!(of(5, 0, 2).text(), "5 passed, 0 failed, 2 skipped");
    }
}
