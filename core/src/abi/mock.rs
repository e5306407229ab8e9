// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A host for tests: memory of a process, and a core that notes what it is asked.

use std::{vec, vec::Vec};

use super::{Errno, Host, UserAddr};
use crate::{
    chip::{Bands, ChipInfo, Ciphers, Identity, Offloads},
    control::{ControlRequest, Failure},
    data::PeerStats,
    radio::{ChannelRule, Regulatory},
    scan::{Joined, KEPT_MAX, ScanResult},
    types::{Channel, Instant, MacAddr, Tuning},
    wire::{
        bss::Bss,
        header::{Header, MgmtSubtype},
        writer::Writer,
    },
};

/// Where the process's memory begins.
pub(crate) const BASE: u64 = 0x1000;
const LEN: usize = 0x10000;
/// The access point that the host hears.
pub(crate) const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
/// Our address.
pub(crate) const OWN: MacAddr = MacAddr([0x74, 0xda, 0x38, 1, 2, 3]);

/// WPA2-PSK with CCMP.
pub(crate) const RSN: [u8; 22] =
    [48, 20, 1, 0, 0, 0x0f, 0xac, 4, 1, 0, 0, 0x0f, 0xac, 4, 1, 0, 0, 0x0f, 0xac, 2, 0, 0];

static INFO: ChipInfo = ChipInfo {
    name: "test",
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

/// The host.
pub(crate) struct Mock {
    pub(crate) memory: Vec<u8>,
    /// What core was asked, with the bytes that came along.
    pub(crate) asked: Vec<(ControlRequest, Vec<u8>)>,
    /// What core says to everything but leaving.
    pub(crate) refusal: Option<Failure>,
    pub(crate) is_privileged: bool,
    pub(crate) joined: Option<Joined>,
    pub(crate) results: Vec<(ScanResult, Vec<u8>)>,
    pub(crate) rules: Regulatory,
    pub(crate) tuning: Option<Tuning>,
}

impl Mock {
    pub(crate) fn new() -> Self {
        Self {
            memory: vec![0; LEN],
            asked: Vec::new(),
            refusal: None,
            is_privileged: true,
            joined: None,
            results: Vec::new(),
            rules: Regulatory::world(),
            tuning: Channel::ghz2(1).map(Tuning::narrow),
        }
    }

    /// One that hears a WPA2 network named "tern" on channel 6.
    pub(crate) fn with_network() -> Self {
        let mut mock = Self::new();
        let mut elements =
            vec![0, 4, b't', b'e', b'r', b'n', 1, 4, 0x82, 0x84, 0x0c, 0x12, 3, 1, 6];
        elements.extend(RSN);
        let mut frame = [0; 256];
        let mut writer = Writer::new(&mut frame);
        writer.view(&Header::mgmt(MgmtSubtype::Beacon, MacAddr::BROADCAST, AP, AP));
        writer.bytes(&[0; 8]).u16(100).u16(0x0411).bytes(&elements);
        let len = writer.finish().unwrap();
        let bss = Bss::parse(&frame[..len], Channel::ghz2(6).unwrap()).unwrap();
        let result = ScanResult { bss, signal_dbm: -50, heard_at: Instant(0) };
        mock.results.push((result, elements));
        mock
    }

    /// The same, and we belong to it.
    pub(crate) fn joined() -> Self {
        let mut mock = Self::with_network();
        mock.joined = Some(Joined { bssid: AP, aid: 1, since: Instant(0) });
        mock.tuning = Channel::ghz2(6).map(Tuning::narrow);
        mock
    }

    /// Writes to the process's memory.
    pub(crate) fn poke(&mut self, at: usize, bytes: &[u8]) -> u64 {
        self.memory[at..at + bytes.len()].copy_from_slice(bytes);
        BASE + u64::try_from(at).unwrap()
    }

    /// The last request, and the bytes that came along.
    pub(crate) fn last(&self) -> (ControlRequest, &[u8]) {
        let (request, body) = self.asked.last().expect("nothing was asked");
        (*request, body)
    }

    fn range(at: UserAddr, len: usize) -> Result<core::ops::Range<usize>, Errno> {
        if len == 0 {
            return Ok(0..0);
        }
        let start = at.0.checked_sub(BASE).and_then(|at| usize::try_from(at).ok());
        let start = start.filter(|start| *start < LEN && LEN - start >= len);
        start.map(|start| start..start + len).ok_or(Errno::Fault)
    }
}

impl Host for Mock {
    fn ask(&mut self, request: ControlRequest, body: &[&[u8]]) -> Result<(), Failure> {
        self.asked.push((request, body.concat()));
        match self.refusal {
            Some(why) if request != ControlRequest::Leave => Err(why),
            _ => Ok(()),
        }
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
        Identity { name: "test", firmware: c"test.bin", mac: OWN, tx_chains: 1, rx_chains: 1 }
    }
    fn tuning(&self) -> Option<Tuning> {
        self.tuning
    }
    fn now(&self) -> Instant {
        Instant(1_000_000)
    }
    fn scan_result(
        &mut self,
        index: usize,
        elements: &mut [u8; KEPT_MAX],
    ) -> Option<(ScanResult, usize)> {
        let (result, bytes) = self.results.get(index)?;
        elements[..bytes.len()].copy_from_slice(bytes);
        Some((*result, bytes.len()))
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
        show("rx_dropped_duplicate", 7);
    }
    fn peer_stats(&mut self, addr: MacAddr) -> Option<PeerStats> {
        self.joined.filter(|joined| joined.bssid == addr).map(|_| crate::data::stats_for_tests())
    }
}
