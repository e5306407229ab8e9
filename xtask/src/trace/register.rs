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
        Ok(address) => match register_name(address) {
            name if name == "?" => format!("register {address:#06x}"),
            name => format!("{name} ({address:#06x})"),
        },
        Err(_) => format!("register {address:#x}"),
    }
}

/// What was read from or written to a register, with the names of the parts that are not zero.
pub(super) fn access(address: u64, len: u64, value: Option<u64>) -> String {
    let name = name(address);
    match value {
        None => format!("{name}, {len} bytes"),
        Some(value) if len > 4 => format!("{name}, {len} bytes that begin with {value:#010x}"),
        Some(value) => {
            let len = usize::try_from(len).unwrap_or(4).min(4);
            let digits = 2 + 2 * len;
            format!("{name} = {value:#0digits$x}{}", fields(address, len, value))
        }
    }
}

/// `: field, other = 5`, without those that are zero.
fn fields(address: u64, len: usize, value: u64) -> String {
    let (Ok(address), Ok(raw)) = (u16::try_from(address), u32::try_from(value)) else {
        return String::new();
    };
    let Some(value) = tern_chips::registers::value(address, len, raw) else {
        return String::new();
    };
    // As `Debug` has it: `Name { a: true, b: 0 }`.
    let text = value.to_string();
    let inside = text.split_once('{').map_or("", |(_, rest)| rest.trim_end_matches([' ', '}']));
    let set: Vec<String> = inside
        .split(", ")
        .filter_map(|field| field.trim().split_once(": "))
        .filter(|(_, value)| *value != "false" && *value != "0")
        .map(|(name, value)| match value {
            "true" => name.to_string(),
            _ => match value.parse::<u32>() {
                Ok(number @ 10..) => format!("{name} {number:#x}"),
                _ => format!("{name} {value}"),
            },
        })
        .collect();
    if set.is_empty() { String::new() } else { format!(": {}", set.join(", ")) }
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
