// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Which addresses may be read, written and run.

use super::State;

/// Sections of an image, with the protection that a kernel gives them.
#[derive(Clone, Debug)]
pub struct Area {
    /// First address.
    pub from: usize,
    /// The address behind it.
    pub to: usize,
    /// Whether it holds instructions.
    pub is_code: bool,
    /// Whether it can be written to.
    pub is_writable: bool,
    /// Part of the fake kernel, not of the module.
    pub is_kernel: bool,
    /// What it is called in reports.
    pub name: String,
}

impl State {
    /// Memory of an image, from now on.
    pub fn add_area(&mut self, area: Area) {
        self.areas.push(area);
    }

    /// The module is gone.
    pub fn remove_module_areas(&mut self) {
        let module: Vec<Area> = self.areas.iter().filter(|area| !area.is_kernel).cloned().collect();
        self.areas.retain(|area| area.is_kernel);
        for area in module {
            self.no_object_within(area.from, area.to, "the module is unloaded");
        }
    }

    pub(crate) fn area(&self, at: usize) -> Option<&Area> {
        self.areas.iter().find(|area| (area.from..area.to).contains(&at))
    }

    pub(crate) fn is_code(&self, at: usize) -> bool {
        self.area(at).is_some_and(|area| area.is_code)
    }

    fn is_on_stack(&self, at: usize, end: usize) -> bool {
        let (low, high) = self.threads.get(self.current).map_or((0, 0), |thread| thread.stack);
        at >= low && end <= high
    }

    pub(crate) fn is_readable(&self, at: usize, len: usize) -> bool {
        let Some(end) = at.checked_add(len) else { return false };
        let image = || self.area(at).is_some_and(|area| end <= area.to);
        let firmware = self.firmware.as_ptr_range();
        let firmware = firmware.start as usize <= at && end <= firmware.end as usize;
        self.heap.holding(at, len).is_some() || self.is_on_stack(at, end) || image() || firmware
    }

    pub(crate) fn is_writable(&self, at: usize, len: usize) -> bool {
        let Some(end) = at.checked_add(len) else { return false };
        let image = || self.area(at).is_some_and(|area| end <= area.to && area.is_writable);
        self.heap.holding(at, len).is_some() || self.is_on_stack(at, end) || image()
    }

    /// Whether this memory is the fake kernel's own.
    pub(crate) fn is_of_kernel(&self, at: usize) -> bool {
        self.area(at).is_some_and(|area| area.is_kernel) || self.is_forever(at)
    }

    /// An address in words.
    pub(crate) fn describe(&self, at: usize) -> String {
        if at < 4096 {
            return format!("null ({at:#x})");
        }
        if let Some(block) = self.heap.around(at) {
            let offset = at as isize - block.at as isize;
            let place = format!("byte {offset} of {} bytes of {}", block.size, block.tag);
            return match &block.freed {
                Some(freed) => format!("{place}, freed at {freed}, made at {}", block.site),
                None => format!("{place}, made at {}", block.site),
            };
        }
        if let Some(area) = self.area(at) {
            return format!("{} in {}", self.names.describe(at), area.name);
        }
        if self.heap.contains(at) {
            return format!("{at:#x}, beyond all memory");
        }
        let thread =
            self.threads.iter().find(|thread| (thread.stack.0..thread.stack.1).contains(&at));
        thread.map_or(format!("{at:#x}"), |thread| format!("{at:#x}, stack of {}", thread.name))
    }
}
