// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What Linux has besides what all kernels have: cfg80211.

use core::{cell::UnsafeCell, ffi::c_int};

use tern_common::{
    alloc::Boxed,
    device,
    ffi::Dev,
    os::{Hooks, KernelOs},
};
use tern_core::{
    chip::{ChipError, Identity},
    control::{Failure, Notice},
    inbox::FrameKinds,
    os::{Lock, OsError, Unlocked},
    radio::{self, own_ht},
    scan,
    types::{LEGACY_RATES, MacAddr, VapId},
};

use crate::{
    events::{self, EVENTS_RANK, EventQueue, FRAME_MAX, Kind},
    ffi::{self, Caps},
};

/// Longest stay on a channel that a user may ask for.
const REMAIN_MS_MAX: u16 = 5000;
/// Management frames that a user may ask for.
const RX_FRAMES: FrameKinds =
    FrameKinds::PROBE_REQUEST.union(FrameKinds::AUTH).union(FrameKinds::ACTION);

/// A device of this kernel.
pub(crate) type Device = device::Device<Linux>;

/// Events on their way to cfg80211.
pub(crate) struct Linux {
    pub(crate) events: Lock<KernelOs<Self>, EVENTS_RANK, EventQueue>,
    /// Of who holds the wiphy's mutex. A box of its own, so that it never stands on a stack.
    pub(crate) scratch: Boxed<UnsafeCell<[u8; FRAME_MAX]>>,
}

// SAFETY: the cell says whose it is; everything else can be shared.
unsafe impl Sync for Linux {}

impl Hooks for Linux {
    fn new(_dev: Dev) -> Result<Self, OsError> {
        let events = Lock::<KernelOs<Self>, EVENTS_RANK, _>::new(c"tern events")?;
        // SAFETY: the buffer is bytes, which are zero.
        let scratch = unsafe { Boxed::in_place(|_| ()) }?;
        Ok(Self { events, scratch })
    }

    fn attached(device: &Device, identity: &Identity) {
        let caps = caps(device, identity);
        // SAFETY: C copies the capabilities.
        unsafe { ffi::shim_caps(device.shared.os.dev.0, &raw const caps) };
    }

    fn notify<C: Unlocked>(os: &KernelOs<Self>, cx: &mut C, vap: VapId, notice: Notice<'_>) {
        if let Some((kind, frame)) = Kind::of(notice) {
            events::queue(os, cx, vap, kind, frame);
        }
    }

    fn link_changed<C: Unlocked>(
        os: &KernelOs<Self>,
        cx: &mut C,
        vap: VapId,
        link: Option<MacAddr>,
    ) {
        events::queue(os, cx, vap, Kind::link(link.is_some()), &[]);
    }

    fn errno(failure: Failure) -> c_int {
        errno(failure)
    }
}

/// What cfg80211 is told of the device.
fn caps(device: &Device, identity: &Identity) -> Caps {
    let ht = own_ht(device.shared.info(), identity);
    let mut caps = Caps {
        mac: identity.mac.0,
        rx_chains: identity.rx_chains,
        has_ht: true,
        ht_cap: ht.info.bits(),
        ht_ampdu: ht.ampdu,
        n_channels: 0,
        n_rates: LEGACY_RATES.len() as u8,
        n_ciphers: radio::CIPHERS.len() as u8,
        scan_ssids_max: scan::SSIDS_MAX as u8,
        scan_ie_max: scan::ELEMENTS_MAX as u16,
        remain_ms_max: REMAIN_MS_MAX,
        rx_stypes: RX_FRAMES.bits(),
        channels_mhz: [0; ffi::CHANNELS_MAX],
        rates_half_mbps: LEGACY_RATES,
        ciphers: core::array::from_fn(|n| radio::CIPHERS.get(n).map_or(0, |it| it.suite())),
    };
    let channels = radio::channels(device.shared.info());
    for (to, channel) in caps.channels_mhz.iter_mut().zip(channels) {
        *to = channel.mhz();
        caps.n_channels += 1;
    }
    caps
}

/// What C is told of a failure.
pub(crate) const fn errno(failure: Failure) -> c_int {
    match failure {
        Failure::Busy => -16,         // EBUSY
        Failure::Down => -100,        // ENETDOWN
        Failure::NotFound => -2,      // ENOENT
        Failure::Timeout => -110,     // ETIMEDOUT
        Failure::Refused(_) => -111,  // ECONNREFUSED
        Failure::SentAway(_) => -104, // ECONNRESET
        Failure::Aborted => -4,       // EINTR
        Failure::WrongKey => -129,    // EKEYREJECTED
        Failure::NotAcked => -70,     // ECOMM
        Failure::Invalid => -22,      // EINVAL
        Failure::Unsupported => -95,  // EOPNOTSUPP
        Failure::Forbidden => -13,    // EACCES
        Failure::Chip(ChipError::Os(error)) => match error {
            OsError::NoMemory => -12,  // ENOMEM
            OsError::NoFirmware => -2, // ENOENT
            OsError::Detached => -19,  // ENODEV
            OsError::Transfer => -5,   // EIO
            OsError::Full => -105,     // ENOBUFS
        },
        Failure::Chip(ChipError::Timeout(_)) => -110, // ETIMEDOUT
        Failure::Chip(ChipError::Firmware(_)) => -2,  // ENOENT
        Failure::Chip(ChipError::Unknown(_)) => -19,  // ENODEV
        Failure::Chip(ChipError::Unsupported) => -95, // EOPNOTSUPP
    }
}

/// 0 or a negative errno.
pub(crate) fn result<T>(result: Result<T, Failure>) -> c_int {
    result.map_or_else(errno, |_| 0)
}
