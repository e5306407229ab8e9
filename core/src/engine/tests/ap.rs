// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The frames of an access point.

use std::{boxed::Box, vec, vec::Vec};

use super::mock::{AP, Answerer, OWN};
use crate::{
    types::MacAddr,
    wire::{
        header::{Header, MgmtSubtype},
        mgmt::{Body, Mgmt},
        writer::Writer,
    },
};

/// A management frame from the access point.
pub(super) fn frame(subtype: MgmtSubtype, to: MacAddr, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 24 + body.len()];
    Writer::new(&mut out).view(&Header::mgmt(subtype, to, AP, AP)).bytes(body);
    out
}

const RATES: [u8; 6] = [1, 4, 0x82, 0x84, 0x0b, 0x16];

/// A beacon of the network "tern" on a channel.
pub(super) fn beacon(channel: u8, more: &[u8]) -> Vec<u8> {
    let fixed = [0, 0, 0, 0, 0, 0, 0, 0, 100, 0, 0x21, 0x04];
    let name = [0, 4, b't', b'e', b'r', b'n'];
    let body = [&fixed[..], &name, &RATES, &[3, 1, channel], more].concat();
    frame(MgmtSubtype::Beacon, MacAddr::BROADCAST, &body)
}

pub(super) fn probe_response(channel: u8) -> Vec<u8> {
    let mut response = beacon(channel, &[]);
    response[0] = 0x50;
    response[4..10].copy_from_slice(&OWN.0);
    response
}

pub(super) fn auth(algorithm: u8, transaction: u8, status: u8) -> Vec<u8> {
    frame(MgmtSubtype::Auth, OWN, &[algorithm, 0, transaction, 0, status, 0])
}

pub(super) fn assoc_response(status: u8) -> Vec<u8> {
    let fixed = [0x21, 0x04, status, 0, 0x01, 0xc0];
    frame(MgmtSubtype::AssocResponse, OWN, &[&fixed[..], &RATES].concat())
}

/// An access point that lets everybody in.
pub(super) fn open() -> Answerer {
    Box::new(|heard| match Mgmt::parse(heard).map(|mgmt| mgmt.body) {
        Some(Body::ProbeRequest(_)) => vec![probe_response(6)],
        Some(Body::Auth(..)) => vec![auth(0, 2, 0)],
        Some(Body::AssocRequest(..)) => vec![assoc_response(0)],
        _ => vec![],
    })
}
