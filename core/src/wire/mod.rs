// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Frames as bytes. For each there is a *view* (fields in place, no copy, nothing checked but the
//! length) and a *meaning* type (a value that is right by construction); iterators and parsers
//! never panic, and what is malformed is `None` or skipped.

pub mod block_ack;
pub mod bss;
pub mod data;
pub mod eapol;
pub mod elements;
pub mod header;
pub mod mgmt;
pub mod writer;
