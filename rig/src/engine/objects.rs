// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What has a life without being an allocation: locks, callouts, condition variables, tasks.

use super::{State, fault::Site, locks::Lock};

/// One of them.
#[derive(Clone)]
pub(crate) struct Object {
    size: usize,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) lock: Option<Lock>,
    site: Option<Site>,
    is_forever: bool,
}

impl Object {
    pub(crate) fn new(size: usize, kind: &str, name: &str, lock: Option<Lock>) -> Self {
        Self {
            size,
            kind: kind.to_owned(),
            name: name.to_owned(),
            lock,
            site: None,
            is_forever: false,
        }
    }
}

impl State {
    pub(crate) fn begin_object(&mut self, at: usize, mut object: Object) {
        object.site = Some(self.site());
        object.is_forever = self.is_booting;
        let end = at + object.size.max(1);
        let before = self.objects.range(..end).next_back();
        if let Some((other, old)) = before.filter(|(other, old)| *other + old.size.max(1) > at) {
            let what = format!(
                "{} {} is begun where {} {} still is ({})",
                object.kind,
                object.name,
                old.kind,
                old.name,
                self.describe(*other)
            );
            let other = *other;
            self.fault(&what);
            self.objects.remove(&other);
        }
        if !self.is_writable(at, object.size) {
            let place = self.describe(at);
            self.fault(&format!("{} {} is no memory: {place}", object.kind, object.name));
        }
        self.objects.insert(at, object);
    }

    pub(crate) fn is_object(&self, at: usize, kind: &str) -> bool {
        self.objects.get(&at).is_some_and(|object| object.kind == kind)
    }

    pub(crate) fn check_object(&mut self, at: usize, kind: &str) -> bool {
        if self.is_object(at, kind) {
            return true;
        }
        let place = self.describe(at);
        self.fault(&format!("{kind} that was never initialised, has ended, or was moved: {place}"));
        false
    }

    pub(crate) fn end_object(&mut self, at: usize, kind: &str) {
        if self.check_object(at, kind) {
            self.objects.remove(&at);
        }
    }

    /// Memory goes away: nothing may live in it.
    pub(crate) fn no_object_within(&mut self, from: usize, to: usize, when: &str) {
        let inside: Vec<usize> = self.objects.range(from..to).map(|(at, _)| *at).collect();
        for at in inside {
            let Some(object) = self.objects.remove(&at) else { continue };
            if object.lock.as_ref().is_some_and(Lock::ends_with_memory) {
                continue;
            }
            self.fault(&format!("{when}: {} {} is still in it", object.kind, object.name));
        }
        for key in self.timers.within(from, to) {
            self.timers.disarm(key);
            self.fault(&format!("{when}: a timer in it is armed"));
        }
    }

    /// What is left at the end of a run.
    pub(crate) fn report_objects(&mut self) {
        let objects: Vec<(usize, Object)> =
            self.objects.iter().map(|(at, object)| (*at, object.clone())).collect();
        for (at, object) in objects {
            if object.is_forever || self.is_of_kernel(at) {
                continue;
            }
            let site = object.site.map_or(String::new(), |site| format!(", begun at {site}"));
            self.fault_at_end(&format!("leak: {} {}{site}", object.kind, object.name));
        }
    }
}
