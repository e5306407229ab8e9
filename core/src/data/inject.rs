// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Descriptors of frames that come whole: the worker's own, and a user's.

use heapless::Vec;

use super::MgmtTx;
use crate::{
    io::{TxFlags, TxInfo, TxQueue},
    os::Packet,
    radiotap::TxParams,
    types::{MacAddr, Rate, Width},
    wire::{
        data::{MSDU_LEN_MAX, QOS},
        header::{FrameControl, FrameType},
    },
};

/// Bytes of a frame that its descriptor depends on: up to the first address, and the sequence
/// number and QoS Control of those that have them.
const HEAD_MAX: usize = 26;
/// The shortest frame: an acknowledgement without its checksum.
const FRAME_LEN_MIN: usize = 10;
/// The longest: an MSDU with the longest header, IV and MIC.
const FRAME_LEN_MAX: usize = MSDU_LEN_MAX + 36 + 16;

/// For a frame of the worker; `None` if it is too short or too long.
pub(super) fn mgmt_info(frame: &[u8], how: MgmtTx) -> Option<TxInfo> {
    let mut info = head_info(frame, frame.len())?;
    info.flags.set(TxFlags::NO_ACK, how.no_ack);
    info.flags.set(TxFlags::REPORT, how.token.is_some());
    let (mac_id, token) = (how.mac_id, how.token.unwrap_or(0));
    Some(TxInfo { mac_id, rate: Some(how.rate), token, queue: how.queue, ..info })
}

/// For a frame that a user injects; `None` if it is too short or too long.
pub(super) fn info(params: &TxParams, width: Width, packet: &impl Packet) -> Option<TxInfo> {
    let len = packet.len().checked_sub(params.header_len)?;
    let bytes = packet.segments().flatten().skip(params.header_len);
    let mut head: Vec<u8, HEAD_MAX> = Vec::new();
    for byte in bytes.take(HEAD_MAX) {
        head.push(*byte).ok()?; // It fits; `collect` would have a panic for that.
    }
    let info = head_info(&head, len)?;
    Some(TxInfo {
        flags: info.flags | params.flags,
        rate: Some(params.rate.unwrap_or(Rate::SLOWEST)),
        width: if params.is_wide { width } else { Width::Mhz20 },
        tries_max: params.tries_max,
        ..info
    })
}

/// What the header says.
fn head_info(head: &[u8], len: usize) -> Option<TxInfo> {
    if !(FRAME_LEN_MIN..=FRAME_LEN_MAX).contains(&len) {
        return None;
    }
    let control = FrameControl::of(head)?;
    let receiver: [u8; 6] = *head.get(4..)?.first_chunk()?;
    let sequence = head.get(22..24).and_then(|bytes| bytes.first_chunk());
    let is_management = control.frame_type() == FrameType::Management;
    let is_data = control.frame_type() == FrameType::Data;
    let mut flags = TxFlags::empty();
    flags.set(TxFlags::MANAGEMENT, is_management);
    flags.set(TxFlags::MULTICAST, MacAddr(receiver).is_multicast());
    flags.set(TxFlags::QOS, is_data && control.has(QOS));
    let queue = if is_data { TxQueue::BestEffort } else { TxQueue::Voice };
    let sequence = sequence.map_or(0, |bytes| u16::from_le_bytes(*bytes) >> 4);
    Some(TxInfo { flags, sequence, ..TxInfo::plain(u16::try_from(len).ok()?, queue) })
}
