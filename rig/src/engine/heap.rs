// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Memory that notices: each allocation ends at a page that cannot be touched, and freed ones cannot
//! be touched at all.

use std::collections::{BTreeMap, VecDeque};

use super::{State, fault::Site};

const PAGE: usize = 4096;
/// Addresses that are put aside; only what is used takes memory.
const SPACE: usize = 1 << 36;
/// What unused bytes of an allocation's pages hold.
const MARGIN: u8 = 0xdb;
/// What new memory holds that was not asked to be zero.
const FRESH: u8 = 0xa5;
/// Freed regions of one size that are kept before the oldest is used again.
const QUARANTINE: usize = 2048;

/// An allocation, live or freed.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) at: usize,
    pub(crate) size: usize,
    pub(crate) tag: String,
    pub(crate) site: Site,
    pub(crate) freed: Option<Site>,
    is_forever: bool,
    region: usize,
    pages: usize,
}

/// All memory.
pub(crate) struct Heap {
    base: usize,
    next: usize,
    /// By where their regions begin.
    blocks: BTreeMap<usize, Block>,
    quarantine: BTreeMap<usize, VecDeque<usize>>,
}

impl Heap {
    pub(crate) fn new() -> Self {
        // SAFETY: a new mapping, which touches nothing that exists.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                SPACE,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        assert!(base != libc::MAP_FAILED, "no addresses for the heap");
        let base = base as usize;
        Self { base, next: base, blocks: BTreeMap::new(), quarantine: BTreeMap::new() }
    }

    /// The block that an address is in, with its margins and the page behind it.
    pub(crate) fn around(&self, at: usize) -> Option<&Block> {
        let (start, block) = self.blocks.range(..=at).next_back()?;
        (at < start + (block.pages + 1) * PAGE).then_some(block)
    }

    /// The live block that holds these bytes.
    pub(crate) fn holding(&self, at: usize, len: usize) -> Option<&Block> {
        let block = self.around(at).filter(|block| block.freed.is_none())?;
        (at >= block.at && at.checked_add(len)? <= block.at + block.size).then_some(block)
    }

    pub(crate) fn contains(&self, at: usize) -> bool {
        (self.base..self.base + SPACE).contains(&at)
    }

    fn region(&mut self, pages: usize) -> Option<usize> {
        let queue = self.quarantine.entry(pages).or_default();
        let is_full = self.next + (pages + 1) * PAGE > self.base + SPACE;
        if queue.len() > QUARANTINE || is_full {
            let region = queue.pop_front()?;
            self.blocks.remove(&region);
            return Some(region);
        }
        let region = self.next;
        self.next += (pages + 1) * PAGE;
        Some(region)
    }

    fn live(&self) -> impl Iterator<Item = &Block> {
        self.blocks.values().filter(|block| block.freed.is_none())
    }
}

fn protect(at: usize, len: usize, protection: i32) -> bool {
    // SAFETY: whole pages of the heap, which nobody borrows.
    unsafe { libc::mprotect(at as *mut libc::c_void, len, protection) == 0 }
}

impl State {
    /// Null only where the run wants it, or without memory at all.
    pub(crate) fn allocate(
        &mut self,
        size: usize,
        align: usize,
        tag: &str,
        is_zero: bool,
        is_forever: bool,
    ) -> usize {
        let align = align.max(1);
        if !align.is_power_of_two() || align > PAGE {
            self.fault(&format!("an allocation of {tag} with alignment {align}"));
            return 0;
        }
        let pages = (size.max(1) + align - 1).div_ceil(PAGE);
        let site = self.site();
        let Some(region) = self.heap.region(pages) else { self.die("the heap is full") };
        if !protect(region, pages * PAGE, libc::PROT_READ | libc::PROT_WRITE) {
            self.die("the process has no memory left");
        }
        let at = (region + pages * PAGE - size.max(1)) & !(align - 1);
        let fill = if is_zero { 0 } else { FRESH };
        // SAFETY: these pages are ours and writable.
        unsafe {
            std::ptr::write_bytes(region as *mut u8, MARGIN, at - region);
            std::ptr::write_bytes(at as *mut u8, fill, size);
            let end = at + size;
            std::ptr::write_bytes(end as *mut u8, MARGIN, region + pages * PAGE - end);
        }
        let tag = tag.to_owned();
        let is_forever = is_forever || self.is_booting;
        let block = Block { at, size, tag, site, freed: None, is_forever, region, pages };
        self.heap.blocks.insert(region, block);
        at
    }

    pub(crate) fn release(&mut self, at: usize, tag: &str, size: Option<usize>) {
        let Some(block) = self.heap.around(at).filter(|block| block.at == at).cloned() else {
            let place = self.describe(at);
            return self.fault(&format!("free of what is no allocation ({tag}): {place}"));
        };
        if let Some(freed) = block.freed {
            let what = format!(
                "double free of {} bytes of {}; freed first at {freed}",
                block.size, block.tag
            );
            return self.fault(&what);
        }
        if block.tag != tag {
            self.fault(&format!("memory of kind {} is freed as {tag}", block.tag));
        }
        if size.is_some_and(|size| size != block.size) {
            let what =
                format!("{} bytes of {tag} are freed as {}", block.size, size.unwrap_or_default());
            self.fault(&what);
        }
        self.check_margins(&block);
        self.no_object_within(at, at + block.size.max(1), &format!("free of {tag}"));
        self.no_transfer_within(at, at + block.size.max(1));
        let site = self.site();
        if let Some(block) = self.heap.blocks.get_mut(&block.region) {
            block.freed = Some(site);
        }
        protect(block.region, block.pages * PAGE, libc::PROT_NONE);
        // SAFETY: nobody can touch these pages any more; what was in them is given back.
        unsafe {
            libc::madvise(
                block.region as *mut libc::c_void,
                block.pages * PAGE,
                libc::MADV_DONTNEED,
            )
        };
        self.heap.quarantine.entry(block.pages).or_default().push_back(block.region);
    }

    fn check_margins(&mut self, block: &Block) {
        let end = block.at + block.size;
        let margin = |from: usize, to: usize| {
            // SAFETY: the block is live, so its pages can be read.
            let bytes = unsafe { std::slice::from_raw_parts(from as *const u8, to - from) };
            bytes.iter().all(|byte| *byte == MARGIN)
        };
        if !margin(block.region, block.at) {
            self.fault(&format!("{} was written to before its beginning", block.tag));
        }
        if !margin(end, block.region + block.pages * PAGE) {
            self.fault(&format!("{} was written to beyond its end", block.tag));
        }
    }

    /// Allocations so far that may fail.
    pub fn failable_count(&self) -> u64 {
        self.may_fail
    }

    /// Whether one has failed.
    pub fn has_failed_allocation(&self) -> bool {
        self.options.fail_at.is_some_and(|at| at <= self.may_fail)
    }

    pub(crate) fn live_blocks(&self, tag: &str) -> usize {
        self.heap.live().filter(|block| block.tag == tag).count()
    }

    /// What is left at the end of a run, by kind of memory.
    pub(crate) fn report_leaks(&mut self) {
        let mut leaks: BTreeMap<String, (usize, usize, Site)> = BTreeMap::new();
        for block in self.heap.live().filter(|block| !block.is_forever) {
            let entry = leaks.entry(block.tag.clone()).or_insert((0, 0, block.site.clone()));
            entry.0 += 1;
            entry.1 += block.size;
        }
        for (tag, (count, bytes, site)) in leaks {
            self.fault_at_end(&format!(
                "leak: {count} of {tag}, {bytes} bytes, first made at {site}"
            ));
        }
    }

    pub(crate) fn is_forever(&self, at: usize) -> bool {
        self.heap.holding(at, 0).is_some_and(|block| block.is_forever)
    }
}
