// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Locks: who holds them, and in which order classes of them are taken.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::MutexGuard,
};

use super::{
    State,
    fault::Site,
    objects::Object,
    sleep::{Wait, Woken, wait_for},
};

/// What a holder may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Spin,
    Mutex,
    Sleep,
}

pub(crate) const RECURSE: u32 = 4;
pub(crate) const DUPOK: u32 = 8;
pub(crate) const SHARED: u32 = 16;
pub(crate) const TRY: u32 = 32;
/// There is no function that ends it: it ends with its memory.
const FREELY: u32 = 64;

/// A lock that a thread holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) lock: usize,
    pub(crate) kind: Kind,
    is_shared: bool,
    depth: u32,
}

/// The state of a lock.
#[derive(Clone, Debug)]
pub(crate) struct Lock {
    pub(crate) kind: Kind,
    class: String,
    flags: u32,
    owner: Option<usize>,
    readers: u32,
}

/// Which class was taken while which was held, and where first.
#[derive(Default)]
pub(crate) struct Order {
    after: BTreeMap<String, BTreeMap<String, Site>>,
}

impl Order {
    /// Whether `to` was ever taken, also by way of others, with `from` held.
    fn leads(&self, from: &str, to: &str) -> Option<Site> {
        let mut seen = BTreeSet::new();
        let mut open = vec![(from.to_owned(), None::<Site>)];
        while let Some((class, site)) = open.pop() {
            if class == to {
                return site;
            }
            if !seen.insert(class.clone()) {
                continue;
            }
            for (next, at) in self.after.get(&class).into_iter().flatten() {
                open.push((next.clone(), site.clone().or_else(|| Some(at.clone()))));
            }
        }
        None
    }
}

impl Lock {
    /// Whether it may end with its memory.
    pub(crate) fn ends_with_memory(&self) -> bool {
        self.flags & FREELY != 0 && self.owner.is_none() && self.readers == 0
    }
}

const fn kind(flags: u32) -> Option<Kind> {
    match flags & 3 {
        1 => Some(Kind::Spin),
        2 => Some(Kind::Mutex),
        3 => Some(Kind::Sleep),
        _ => None,
    }
}

impl State {
    pub(crate) fn lock_init(&mut self, at: usize, size: usize, class: &str, flags: u32) {
        let Some(kind) = kind(flags) else { return self.fault("a lock without a kind") };
        let lock = Lock { kind, class: class.to_owned(), flags, owner: None, readers: 0 };
        self.begin_object(at, Object::new(size, "lock", class, Some(lock)));
    }

    pub(crate) fn lock_destroy(&mut self, at: usize) {
        if let Some(lock) = self.objects.get(&at).and_then(|object| object.lock.as_ref())
            && (lock.owner.is_some() || lock.readers > 0)
        {
            let name = self.lock_name(at);
            self.fault(&format!("lock {name} is destroyed while it is held"));
        }
        self.end_object(at, "lock");
    }

    pub(crate) fn lock_name(&self, at: usize) -> String {
        match self.objects.get(&at) {
            Some(object) => object.name.clone(),
            None => format!("at {}", self.describe(at)),
        }
    }

    fn known(&mut self, at: usize) -> Option<Lock> {
        let lock = self.objects.get(&at).and_then(|object| object.lock.clone());
        if lock.is_none() {
            let place = self.describe(at);
            self.fault(&format!(
                "a lock that was never initialised, was destroyed, or was moved: {place}"
            ));
        }
        lock
    }

    fn state_of(&mut self, at: usize) -> Option<&mut Lock> {
        self.objects.get_mut(&at).and_then(|object| object.lock.as_mut())
    }

    /// What is wrong with taking this lock here.
    fn check_order(&mut self, at: usize, lock: &Lock, flags: u32) {
        let held = self.threads[self.current].held.clone();
        if lock.kind == Kind::Sleep {
            self.may_sleep(&format!("taking {}", lock.class));
        }
        for other in held {
            if other.lock == at {
                continue;
            }
            let Some(other_lock) = self.state_of(other.lock).cloned() else { continue };
            if other.kind == Kind::Spin && lock.kind == Kind::Mutex {
                let what = format!(
                    "lock {} is taken with spin lock {} held",
                    lock.class, other_lock.class
                );
                self.fault(&what);
            }
            if other_lock.class == lock.class {
                if lock.flags & DUPOK == 0 && flags & DUPOK == 0 {
                    self.fault(&format!("two locks of class {} at a time", lock.class));
                }
                continue;
            }
            if let Some(site) = self.order.leads(&lock.class, &other_lock.class) {
                let what = format!(
                    "lock order: {} is taken with {} held; the other way round before, at {site}",
                    lock.class, other_lock.class
                );
                self.fault(&what);
                continue;
            }
            let site = self.site();
            let after = self.order.after.entry(other_lock.class).or_default();
            after.entry(lock.class.clone()).or_insert(site);
        }
    }

    /// Takes the lock if it is free.
    fn take_now(&mut self, at: usize, kind: Kind, is_shared: bool) -> bool {
        let me = self.current;
        let Some(lock) = self.state_of(at) else { return true };
        if lock.owner.is_some() || (!is_shared && lock.readers > 0) {
            return false;
        }
        if is_shared {
            lock.readers += 1;
        } else {
            lock.owner = Some(me);
        }
        self.threads[me].held.push(Held { lock: at, kind, is_shared, depth: 1 });
        true
    }

    pub(crate) fn lock_release(&mut self, at: usize, flags: u32) {
        let me = self.current;
        let Some(lock) = self.known(at) else { return };
        let Some(place) = self.threads[me].held.iter().rposition(|held| held.lock == at) else {
            let owner = lock.owner.map_or("nobody".to_owned(), |at| self.threads[at].name.clone());
            let what = format!("lock {} is released, but {owner} holds it", lock.class);
            return self.fault(&what);
        };
        let held = &mut self.threads[me].held[place];
        if held.is_shared != (flags & SHARED != 0) {
            let what = format!("lock {} is released otherwise than it was taken", lock.class);
            self.fault(&what);
        }
        let held = &mut self.threads[me].held[place];
        held.depth -= 1;
        if held.depth > 0 {
            return;
        }
        let is_shared = held.is_shared;
        self.threads[me].held.remove(place);
        if let Some(lock) = self.state_of(at) {
            if is_shared {
                lock.readers -= 1;
            } else {
                lock.owner = None;
            }
        }
        let is_waiting = |wait: &Wait| *wait == Wait::Lock(at);
        let waiting: Vec<usize> =
            (0..self.threads.len()).filter(|at| is_waiting(&self.threads[*at].wait)).collect();
        for thread in waiting {
            self.make_ready(thread, Woken::Woken);
        }
    }

    pub(crate) fn lock_held(&mut self, at: usize) -> bool {
        self.known(at).is_some()
            && self.threads[self.current].held.iter().any(|held| held.lock == at)
    }

    /// Reports what this thread holds or is in, though it should not.
    pub(crate) fn nothing_is_held(&mut self, when: &str) {
        let me = self.current;
        for held in std::mem::take(&mut self.threads[me].held) {
            let name = self.lock_name(held.lock);
            self.fault(&format!("{when} with lock {name} held"));
        }
        for scope in std::mem::take(&mut self.threads[me].scopes) {
            self.fault(&format!("{when} in {}", scope.name));
        }
    }
}

/// Takes a lock, and waits for it if it must.
pub(crate) fn take(
    mut state: MutexGuard<'static, State>,
    at: usize,
    flags: u32,
) -> (MutexGuard<'static, State>, bool) {
    let me = state.current;
    let Some(lock) = state.known(at) else { return (state, true) };
    if let Some(held) = state.threads[me].held.iter_mut().find(|held| held.lock == at) {
        if lock.flags & RECURSE != 0 {
            held.depth += 1;
            return (state, true);
        }
        if flags & TRY != 0 {
            return (state, false);
        }
        held.depth += 1;
        state.fault(&format!("lock {} is taken twice by one thread", lock.class));
        return (state, true);
    }
    let is_shared = flags & SHARED != 0;
    if flags & TRY == 0 {
        state.check_order(at, &lock, flags);
    }
    loop {
        if state.take_now(at, lock.kind, is_shared) {
            return (state, true);
        }
        if flags & TRY != 0 {
            return (state, false);
        }
        state = wait_for(state, Wait::Lock(at));
    }
}
