// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The outside of an ioctl: a process's memory, and a core that says to everything what the input
//! says next.

use tern_core::{
    abi::{Errno, Host, UserAddr},
    chip::{Bands, ChipInfo, Ciphers, Identity, Offloads},
    control::{ControlRequest, Failure},
    data::PeerStats,
    radio::{ChannelRule, Regulatory},
    scan::{Joined, KEPT_MAX, RESULTS_MAX, ScanResult},
    types::{Channel, Instant, MacAddr, Tuning},
    wire::bss::Bss,
};

/// Where the process's memory begins.
pub const BASE: u64 = 0x1000;
const LEN: usize = 0x10000;

static INFO: ChipInfo = ChipInfo {
    name: "fuzz",
    offloads: Offloads::empty(),
    ciphers: Ciphers::CCMP,
    keys_max: 8,
    group_keys: 4,
    peers_max: 1,
    bands: Bands::GHZ2,
    has_40mhz: true,
    tx_descriptor_len: 0,
    rx_transfer_len: 0,
};

/// Bytes of the input, one after the other; zeros when there are no more.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// The next bytes, at most so many.
    pub fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}

/// The host.
pub struct FuzzHost {
    /// The process's memory.
    pub memory: Vec<u8>,
    /// Whether the caller is the superuser.
    pub is_privileged: bool,
    /// What core says; `None` is yes.
    pub refusal: Option<Failure>,
    joined: Option<Joined>,
    results: Vec<ScanResult>,
    rules: Regulatory,
}

impl FuzzHost {
    /// A host whose memory begins with `memory`, and that hears the network of `beacon`.
    pub fn new(memory: &[u8], beacon: &[u8], is_joined: bool) -> Self {
        let mut all = memory.to_vec();
        all.resize(LEN, 0);
        let channel = Channel::ghz2(6).unwrap();
        let heard = Bss::parse(beacon, channel);
        let results: Vec<ScanResult> = heard
            .into_iter()
            .map(|bss| ScanResult { bss, signal_dbm: -50, heard_at: Instant(0) })
            .collect();
        let joined = results.first().filter(|_| is_joined).map(|found| Joined {
            bssid: found.bss.bssid,
            aid: 1,
            since: Instant(0),
        });
        let rules = Regulatory::world();
        Self { memory: all, is_privileged: true, refusal: None, joined, results, rules }
    }

    fn range(at: UserAddr, len: usize) -> Result<std::ops::Range<usize>, Errno> {
        let start = at.0.checked_sub(BASE).and_then(|at| usize::try_from(at).ok());
        let start = start.filter(|start| *start < LEN && LEN - start >= len);
        start.map(|start| start..start + len).ok_or(Errno::Fault)
    }
}

impl Host for FuzzHost {
    fn ask(&mut self, _request: ControlRequest, _body: &[&[u8]]) -> Result<(), Failure> {
        self.refusal.map_or(Ok(()), Err)
    }
    fn copy_in(&mut self, from: UserAddr, to: &mut [u8]) -> Result<(), Errno> {
        to.copy_from_slice(&self.memory[Self::range(from, to.len())?]);
        Ok(())
    }
    fn copy_out(&mut self, from: &[u8], to: UserAddr) -> Result<(), Errno> {
        self.memory[Self::range(to, from.len())?].copy_from_slice(from);
        Ok(())
    }
    fn is_privileged(&mut self) -> bool {
        self.is_privileged
    }
    fn info(&self) -> &'static ChipInfo {
        &INFO
    }
    fn identity(&self) -> Identity {
        let mac = MacAddr([2, 0, 0, 0, 0, 5]);
        Identity { name: "fuzz", firmware: c"fuzz.bin", mac, tx_chains: 1, rx_chains: 1 }
    }
    fn tuning(&self) -> Option<Tuning> {
        Channel::ghz2(6).map(Tuning::narrow)
    }
    fn now(&self) -> Instant {
        Instant(1_000_000)
    }
    fn scan_result(
        &mut self,
        index: usize,
        elements: &mut [u8; KEPT_MAX],
    ) -> Option<(ScanResult, usize)> {
        assert!(index < RESULTS_MAX);
        // Elements are whatever the process has in its memory.
        elements.copy_from_slice(&self.memory[..KEPT_MAX]);
        self.results.get(index).map(|result| (*result, KEPT_MAX))
    }
    fn joined(&mut self) -> Option<Joined> {
        self.joined
    }
    fn rule(&mut self, channel: Channel) -> Option<ChannelRule> {
        self.rules.rule(channel)
    }
    fn set_rules(&mut self, rules: &Regulatory) {
        self.rules = rules.clone();
    }
    fn counters(&mut self, show: &mut dyn FnMut(&'static str, u64)) {
        show("rx_dropped_duplicate", u64::MAX);
    }
    fn peer_stats(&mut self, _addr: MacAddr) -> Option<PeerStats> {
        None
    }
}
