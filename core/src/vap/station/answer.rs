// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a frame of the access point means to the station that waits for it.

use crate::{
    types::{Channel, LegacyRates, MacAddr},
    wire::{
        bss::Bss,
        elements::{ChannelSwitch, Elements, HtCapability, HtOperation, Rates, Wmm, id},
        mgmt::{Body, Mgmt, STATUS_SAE_HASH_TO_ELEMENT, STATUS_SUCCESS},
    },
};

/// SAE goes on with a public key (IEEE Std 802.11-2020, table 9-50).
const STATUS_SAE_PK: u16 = 127;

/// What an access point said when it let us in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// Our association id, 1 to 2007.
    pub aid: u16,
    /// Legacy rates.
    pub rates: Rates,
    /// HT, if it lets us use it.
    pub ht: Option<HtCapability>,
    /// How an HT network works.
    pub operation: Option<HtOperation>,
    /// Quality of service.
    pub wmm: Option<Wmm>,
}

/// A frame of our access point.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Beacon(Bss, Option<ChannelSwitch>),
    Auth {
        algorithm: u16,
        transaction: u16,
        status: u16,
    },
    /// Let in, or the status code.
    Assoc(Result<Bound, u16>),
    SentAway {
        is_deauth: bool,
        reason: u16,
    },
    /// An action frame that announces a switch.
    Switch(ChannelSwitch),
}

/// Whether an authentication goes on after this status code.
pub(super) const fn goes_on(is_sae: bool, status: u16) -> bool {
    status == STATUS_SUCCESS
        || is_sae && matches!(status, STATUS_SAE_HASH_TO_ELEMENT | STATUS_SAE_PK)
}

/// Reads a frame; `None` if it is not from this access point or says nothing to a station.
pub(super) fn read(bytes: &[u8], bssid: MacAddr, channel: Channel) -> Option<Answer> {
    let mgmt = Mgmt::parse(bytes)?;
    if mgmt.header.transmitter() != bssid || mgmt.header.bssid() != bssid {
        return None;
    }
    Some(match mgmt.body {
        Body::Beacon(_, elements) => {
            Answer::Beacon(Bss::parse(bytes, channel)?, announced(elements))
        }
        Body::Auth(fixed, _) => Answer::Auth {
            algorithm: fixed.algorithm.get(),
            transaction: fixed.transaction.get(),
            status: fixed.status.get(),
        },
        Body::AssocResponse(fixed, elements) => Answer::Assoc(match fixed.status.get() {
            STATUS_SUCCESS => Ok(bound(fixed.aid.get(), elements)),
            status => Err(status),
        }),
        Body::Deauth(reason) => Answer::SentAway { is_deauth: true, reason },
        Body::Disassoc(reason) => Answer::SentAway { is_deauth: false, reason },
        // Spectrum management, channel switch announcement (9.6.2.6).
        Body::Action(0, [4, rest @ ..]) => Answer::Switch(announced(Elements::new(rest))?),
        _ => return None,
    })
}

fn announced(elements: Elements<'_>) -> Option<ChannelSwitch> {
    let plain = elements.body_of(id::CHANNEL_SWITCH).and_then(ChannelSwitch::parse);
    let extended = elements.body_of(id::EXTENDED_CHANNEL_SWITCH);
    plain.or_else(|| extended.and_then(ChannelSwitch::parse_extended))
}

fn bound(aid: u16, elements: Elements<'_>) -> Bound {
    let mut rates = Rates::of(elements);
    if rates.supported.is_empty() {
        // An answer without rates is malformed; every 2.4 GHz station knows these.
        rates = Rates { supported: LegacyRates::CCK, basic: LegacyRates::CCK };
    }
    Bound {
        aid: aid & 0x3fff,
        rates,
        ht: elements.body_of(id::HT_CAPABILITY).and_then(HtCapability::parse),
        operation: elements.body_of(id::HT_OPERATION).and_then(HtOperation::parse),
        wmm: elements.find_vendor(&id::VENDOR_WMM).and_then(Wmm::parse),
    }
}
