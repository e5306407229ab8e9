// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A process and a core for the ioctls of any BSD: all they say comes from the fuzzer's bytes.

use tern_core::{
    abi::{Errno, Host, Personality, UserAddr},
    chip::{Bands, ChipInfo, Ciphers, Identity, Offloads},
    control::{ControlRequest, Failure},
    data::PeerStats,
    radio::{ChannelRule, Regulatory},
    scan::{Joined, KEPT_MAX, ScanResult},
    types::{Channel, Instant, MacAddr, Tuning},
    wire::{bss::Bss, elements::Elements},
};

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

const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
/// Where the process's memory is; all else is a bad address.
const MEMORY: std::ops::Range<u64> = 0x100..0x1_0000;

/// Bytes to decide by; zeros when they are used up.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    fn take(&mut self, out: &mut [u8]) {
        let part = self.0.split_off(..out.len().min(self.0.len())).unwrap_or_default();
        out[..part.len()].copy_from_slice(part);
    }
}

struct Fuzzed<'a> {
    input: Input<'a>,
    rules: Regulatory,
    is_joined: bool,
    beacon: Vec<u8>,
}

impl Host for Fuzzed<'_> {
    fn ask(&mut self, request: ControlRequest, _: &[&[u8]]) -> Result<(), Failure> {
        match self.input.byte() {
            0xff => Err(Failure::Busy),
            0xfe => Err(Failure::Down),
            0xfd => Err(Failure::NotFound),
            0xfc => Err(Failure::Refused(1)),
            _ => {
                self.is_joined |= matches!(request, ControlRequest::Join(_));
                self.is_joined &= !matches!(request, ControlRequest::Leave | ControlRequest::Down);
                Ok(())
            }
        }
    }
    fn copy_in(&mut self, from: UserAddr, to: &mut [u8]) -> Result<(), Errno> {
        if !to.is_empty() && !MEMORY.contains(&from.0) {
            return Err(Errno::Fault);
        }
        self.input.take(to);
        Ok(())
    }
    fn copy_out(&mut self, from: &[u8], to: UserAddr) -> Result<(), Errno> {
        if from.is_empty() || MEMORY.contains(&to.0) { Ok(()) } else { Err(Errno::Fault) }
    }
    fn is_privileged(&mut self) -> bool {
        self.input.byte() != 0xff
    }
    fn info(&self) -> &'static ChipInfo {
        &INFO
    }
    fn identity(&self) -> Identity {
        Identity { name: "fuzz", firmware: c"", mac: AP, tx_chains: 2, rx_chains: 2 }
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
        out: &mut [u8; KEPT_MAX],
    ) -> Option<(ScanResult, usize)> {
        let bss = Bss::parse(&self.beacon, Channel::ghz2(6)?).filter(|_| index < 3)?;
        let elements = self.beacon.get(36..).unwrap_or_default();
        let kept = Elements::new(elements).as_bytes();
        let len = kept.len().min(KEPT_MAX);
        out[..len].copy_from_slice(&kept[..len]);
        Some((ScanResult { bss, signal_dbm: -50, heard_at: Instant(0) }, len))
    }
    fn joined(&mut self) -> Option<Joined> {
        self.is_joined.then_some(Joined { bssid: AP, aid: 1, since: Instant(0) })
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
    fn peer_stats(&mut self, _: MacAddr) -> Option<PeerStats> {
        None
    }
}

/// An interface's life: one ioctl after the other, and what happens between them.
pub fn live<P: Personality>(commands: &[u64], bytes: &[u8]) {
    let (head, rest) = bytes.split_at(bytes.len().min(160));
    // A beacon of the access point, whatever it says.
    let mut beacon = vec![0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    beacon.extend([AP.0, AP.0].concat());
    beacon.extend([0; 12]);
    beacon.extend(head);
    let rules = Regulatory::world();
    let mut host = Fuzzed { input: Input(rest), rules, is_joined: false, beacon };
    let mut it = P::EMPTY;
    let mut params = [0; 32];
    host.input.take(&mut params);
    let _ = it.create(&mut host, if params[0] % 2 == 0 { &[] } else { &params });
    while !host.input.0.is_empty() {
        match host.input.byte() {
            0 => drop(it.up(&mut host)),
            1 => drop(it.down(&mut host)),
            2 => {
                let index = host.input.byte().into();
                let word = it.media(&host, index);
                drop(it.set_media(&mut host, word));
            }
            3 => {
                let _ = it.media_status(&mut host);
            }
            choice => {
                let command = commands[usize::from(choice) % commands.len()];
                let mut argument = [0; 192];
                let size = usize::try_from(command >> 16 & 0x1fff).unwrap_or(0).min(192);
                host.input.take(&mut argument[16..size.max(16)]);
                let _ = it.ioctl(&mut host, command, &mut argument[..size]);
            }
        }
    }
}
