// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What an ioctl may use: core's requests, the caller's memory.

use tern_core::{
    abi::{Errno, Host, Personality, UserAddr},
    chip::{ChipInfo, Identity},
    control::{ControlRequest, DETACHED, Failure},
    data::PeerStats,
    os::{Os as _, Sleepable},
    radio::{ChannelRule, Regulatory},
    scan::{Joined, KEPT_MAX, ScanResult},
    types::{Channel, Instant, MacAddr, Tuning, VapId},
};

use super::{Bsd, shim_copyin, shim_copyout, shim_is_privileged};
use crate::{
    device::{Device, Wait},
    packet::KernelDraft,
};

/// A call for an interface.
pub(super) struct Call<'a, P: Personality + 'static> {
    pub(super) device: &'a Device<Bsd<P>>,
    pub(super) vap: VapId,
    pub(super) identity: Identity,
    /// Whether the caller may be interrupted.
    pub(super) wait: Wait,
}

impl<'a, P: Personality + 'static> Call<'a, P> {
    /// A call, once the device has attached. Errors: the device is gone, or was never there.
    pub(super) fn new(device: &'a Device<Bsd<P>>, vap: VapId, wait: Wait) -> Result<Self, Errno> {
        let identity = *device.shared.os.hooks.identity().ok_or(Errno::NxIo)?;
        Ok(Self { device, vap, identity, wait })
    }
}

/// 0 or EFAULT.
const fn copied(error: i32) -> Result<(), Errno> {
    match error {
        0 => Ok(()),
        _ => Err(Errno::Fault),
    }
}

impl<P: Personality + 'static> Host for Call<'_, P> {
    fn ask(&mut self, request: ControlRequest, body: &[&[u8]]) -> Result<(), Failure> {
        let body = match body {
            [] => None,
            parts => Some(KernelDraft::of(parts)?),
        };
        // What ends something must come to an end itself.
        let wait = match request {
            ControlRequest::Down | ControlRequest::Suspend | ControlRequest::Resume => Wait::Always,
            _ => self.wait,
        };
        match self.device.call(self.vap, request, body, wait) {
            Err(DETACHED) if request == ControlRequest::Down => Ok(()),
            other => other.map(|_| ()),
        }
    }

    fn copy_in(&mut self, from: UserAddr, to: &mut [u8]) -> Result<(), Errno> {
        // SAFETY: the slice is writable.
        copied(unsafe { shim_copyin(from.0, to.as_mut_ptr().cast(), to.len()) })
    }

    fn copy_out(&mut self, from: &[u8], to: UserAddr) -> Result<(), Errno> {
        // SAFETY: the slice is only read.
        copied(unsafe { shim_copyout(from.as_ptr().cast(), to.0, from.len()) })
    }

    fn is_privileged(&mut self) -> bool {
        // SAFETY: we may sleep.
        unsafe { shim_is_privileged() }
    }

    fn info(&self) -> &'static ChipInfo {
        self.device.shared.info()
    }

    fn identity(&self) -> Identity {
        self.identity
    }

    fn tuning(&self) -> Option<Tuning> {
        self.device.shared.tuning()
    }

    fn now(&self) -> Instant {
        self.device.shared.os.now()
    }

    fn scan_result(
        &mut self,
        index: usize,
        elements: &mut [u8; KEPT_MAX],
    ) -> Option<(ScanResult, usize)> {
        let mut cx = Sleepable::enter_from_shim();
        self.device.shared.scan_result(&mut cx, self.now(), index, elements)
    }

    fn joined(&mut self) -> Option<Joined> {
        self.device.shared.joined(&mut Sleepable::enter_from_shim())
    }

    fn rule(&mut self, channel: Channel) -> Option<ChannelRule> {
        self.device.shared.rule(&mut Sleepable::enter_from_shim(), channel)
    }

    fn set_rules(&mut self, rules: &Regulatory) {
        self.device.shared.post_regulatory(&mut Sleepable::enter_from_shim(), rules);
    }

    fn counters(&mut self, show: &mut dyn FnMut(&'static str, u64)) {
        self.device.shared.counters(&mut Sleepable::enter_from_shim(), show);
    }

    fn peer_stats(&mut self, addr: MacAddr) -> Option<PeerStats> {
        self.device.shared.peer_stats(&mut Sleepable::enter_from_shim(), self.vap, addr)
    }
}
