// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What was heard of a network, in the units of these systems.

use crate::wire::elements::{Elements, id};

/// What receivers of this kind hear when there is nothing, dBm.
pub(crate) const NOISE_DBM: i8 = -95;
/// Rates of one network that are shown.
const RATES_MAX: usize = 15;

/// A signal as half dB above the noise.
pub(crate) fn rssi(dbm: i8) -> i8 {
    dbm.saturating_sub(NOISE_DBM).clamp(0, i8::MAX / 2).saturating_mul(2)
}

/// The rates in a list of elements, as they come, and how many.
pub(crate) fn rates_of(elements: Elements<'_>) -> ([u8; RATES_MAX], u8) {
    let mut rates = [0; RATES_MAX];
    let lists = elements.filter(|e| matches!(e.id, id::RATES | id::EXTENDED_RATES));
    let all = lists.flat_map(|element| element.body);
    let count = rates.iter_mut().zip(all).map(|(place, rate)| *place = *rate).count();
    (rates, u8::try_from(count).unwrap_or(0))
}

/// The ERP element's first byte.
pub(crate) fn erp_of(elements: Elements<'_>) -> u8 {
    elements.body_of(id::ERP).and_then(|body| body.first().copied()).unwrap_or(0)
}

/// Rounded up to whole words.
pub(crate) const fn padded(len: usize) -> usize {
    len.next_multiple_of(4)
}
