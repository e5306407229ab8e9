// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Names of registers and of frames.

use tern_sim::chip::register_name;

/// Subtypes of management frames (IEEE 802.11-2020, table 9-1).
const MANAGEMENT: [&str; 16] = [
    "association request",
    "association response",
    "reassociation request",
    "reassociation response",
    "probe request",
    "probe response",
    "timing advertisement",
    "reserved management frame",
    "beacon",
    "ATIM",
    "disassociation",
    "authentication",
    "deauthentication",
    "action frame",
    "action frame (no ack)",
    "reserved management frame",
];

/// The name of a register with its address.
pub(super) fn name(address: u64) -> String {
    match u16::try_from(address) {
        Ok(address) => format!("{} ({address:#06x})", register_name(address)),
        Err(_) => format!("? ({address:#x})"),
    }
}

/// What was read from or written to a register, with the names of the parts that are not zero.
pub(super) fn access(address: u64, len: u64, value: Option<u64>) -> String {
    let name = name(address);
    match value {
        None => format!("{name}, {len} bytes"),
        Some(value) if len > 4 => format!("{name}, {len} bytes that begin with {value:#010x}"),
        Some(value) => {
            let digits = 2 + 2 * usize::try_from(len).unwrap_or(4).min(4);
            format!("{name} = {value:#0digits$x}")
        }
    }
}

/// The kind of a management frame.
pub(super) fn management(subtype: u64) -> &'static str {
    usize::try_from(subtype)
        .ok()
        .and_then(|at| MANAGEMENT.get(at))
        .copied()
        .unwrap_or("no management frame")
}

/// The kind of a frame by its Frame Control field (IEEE 802.11-2020, 9.2.4.1).
pub(super) fn frame(control: u64) -> String {
    let subtype = (control >> 4) & 0xf;
    match (control >> 2) & 3 {
        0 => management(subtype).to_string(),
        1 => format!("control frame {subtype}"),
        2 => {
            let empty = if subtype & 4 != 0 { "null data" } else { "data" };
            let protected = if control & 0x4000 != 0 { ", protected" } else { "" };
            format!("{empty}{protected}")
        }
        _ => "extension frame".to_string(),
    }
}
