// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Where a thread is, and whether it may sleep there.

use super::{State, locks::Kind};

/// Somewhere a thread is in.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) name: String,
    pub(crate) forbids_sleep: bool,
}

impl State {
    pub(crate) fn enter_scope(&mut self, name: &str, forbids_sleep: bool) {
        let me = self.current;
        self.threads[me].scopes.push(Scope { name: name.to_owned(), forbids_sleep });
    }

    pub(crate) fn leave_scope(&mut self, name: &str) {
        let scopes = &mut self.threads[self.current].scopes;
        if scopes.last().is_some_and(|scope| scope.name == name) {
            scopes.pop();
            return;
        }
        let inside = scopes.last().map_or("nothing".to_owned(), |scope| scope.name.clone());
        if let Some(at) = scopes.iter().rposition(|scope| scope.name == name) {
            scopes.remove(at);
        }
        self.fault(&format!("{name} is left, but the thread is in {inside}"));
    }

    pub(crate) fn is_in_scope(&self, name: &str) -> bool {
        self.threads[self.current].scopes.iter().any(|scope| scope.name == name)
    }

    /// Reports if `what`, which may sleep, is wrong here.
    pub(crate) fn may_sleep(&mut self, what: &str) {
        let thread = &self.threads[self.current];
        let scope = thread.scopes.iter().find(|scope| scope.forbids_sleep);
        let held = thread.held.iter().find(|held| held.kind != Kind::Sleep);
        let because = match (scope, held) {
            (Some(scope), _) => format!("in {}", scope.name),
            (None, Some(held)) => format!("with lock {} held", self.lock_name(held.lock)),
            (None, None) => return,
        };
        self.fault(&format!("{what}: sleeps {because}"));
    }
}
