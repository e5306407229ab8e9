// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Network interfaces: up and down, and packets to send.

use core::ffi::{c_int, c_void};

use tern_core::{
    control::{ControlRequest, Failure, RxFilter},
    io::{Reject, Rejected, Room, TxQueue},
    os::Atomic,
    types::Mode,
};

use crate::{
    device::{Device, Wait, result},
    ffi::{self, RawVap, Sent, SkBuff, vap_id},
    packet::Skb,
};

/// Sends an Ethernet packet, or what a monitor injects. It is gone afterwards, except after
/// [`Sent::Full`]. In the stack's transmit path, bottom halves off.
#[unsafe(no_mangle)]
extern "C" fn tern_xmit(
    rust: *mut c_void,
    vap: RawVap,
    skb: *mut SkBuff,
    is_injected: bool,
) -> u32 {
    // SAFETY: C passes what `tern_probe` gave it.
    let device = unsafe { Device::of(rust) };
    // SAFETY: the stack gives the skb away; C made it linear.
    let Some(packet) = (unsafe { Skb::from_raw(skb) }) else { return Sent::Dropped as u32 };
    let mut cx = Atomic::<0>::enter_from_shim();
    let sent = match is_injected {
        false => device.shared.transmit(&mut cx, vap_id(vap), packet),
        true => device.shared.inject(&mut cx, vap_id(vap), packet),
    };
    match sent {
        Ok(Room::Left) => Sent::Left as u32,
        Ok(Room::Last) => Sent::Last as u32,
        Err(Rejected { value, reason: Reject::Full }) => {
            // The stack keeps it.
            value.into_raw();
            Sent::Full as u32
        }
        Err(_) => Sent::Dropped as u32,
    }
}

/// Whether a queue is to stay stopped: `transmit_ready` is still to come.
#[unsafe(no_mangle)]
extern "C" fn tern_is_stopped(rust: *mut c_void, vap: RawVap, queue: u16) -> bool {
    // SAFETY: C passes what `tern_probe` gave it.
    let device = unsafe { Device::of(rust) };
    let queue = match queue {
        0 => TxQueue::Background,
        1 => TxQueue::BestEffort,
        2 => TxQueue::Video,
        _ => TxQueue::Voice,
    };
    device.shared.data.is_stopped(&mut Atomic::<0>::enter_from_shim(), vap_id(vap), queue)
}

/// The queue of an 802.1D priority.
#[unsafe(no_mangle)]
extern "C" fn tern_queue(priority: u8) -> u16 {
    TxQueue::from_priority(priority) as u16
}

/// Switches an interface on.
#[unsafe(no_mangle)]
extern "C" fn tern_up(rust: *mut c_void, vap: RawVap, is_monitor: bool, mac: *const u8) -> c_int {
    // SAFETY: C passes what `tern_probe` gave it, and an address.
    let (device, mac) = unsafe { (Device::of(rust), ffi::mac(mac)) };
    let mode = if is_monitor { Mode::Monitor } else { Mode::Station };
    let up = mac.ok_or(Failure::Invalid).and_then(|mac| {
        device.call(vap_id(vap), ControlRequest::Up(mode, mac), None, Wait::Killable)
    });
    result(up)
}

/// What to receive. Under a spin lock of the stack: only posts.
#[unsafe(no_mangle)]
extern "C" fn tern_rx_mode(
    rust: *mut c_void,
    vap: RawVap,
    is_promiscuous: bool,
    all_multicast: bool,
) {
    // SAFETY: C passes what `tern_probe` gave it.
    let device = unsafe { Device::of(rust) };
    let mut filter = RxFilter::empty();
    filter.set(RxFilter::PROMISCUOUS, is_promiscuous);
    filter.set(RxFilter::ALL_MULTICAST, all_multicast);
    device.shared.post_rx_filter(vap_id(vap), filter);
}
