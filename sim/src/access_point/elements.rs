// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Information elements (802.11-2020 9.4.2): found, read and written.

/// Element identifiers (table 9-92).
pub mod id {
    #![allow(missing_docs, reason = "the names are the standard's")]
    pub const SSID: u8 = 0;
    pub const RATES: u8 = 1;
    pub const DS: u8 = 3;
    pub const TIM: u8 = 5;
    pub const ERP: u8 = 42;
    pub const HT_CAPABILITIES: u8 = 45;
    pub const RSN: u8 = 48;
    pub const EXTENDED_RATES: u8 = 50;
    pub const HT_OPERATION: u8 = 61;
    pub const VENDOR: u8 = 221;
}

/// WMM information and parameters: Microsoft's OUI, type 2.
const WMM: [u8; 4] = [0x00, 0x50, 0xf2, 2];
/// AES-CCMP-128 (table 9-149).
const CCMP: [u8; 4] = [0x00, 0x0f, 0xac, 4];
/// PSK (table 9-151).
const PSK: [u8; 4] = [0x00, 0x0f, 0xac, 2];

/// Goes through elements until the end or until one does not fit.
pub fn iter(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (&[id, len], rest) = bytes.split_first_chunk()?;
        let (body, rest) = rest.split_at_checked(usize::from(len))?;
        bytes = rest;
        Some((id, body))
    })
}

/// Body of the first element with this id.
pub fn find(bytes: &[u8], id: u8) -> Option<&[u8]> {
    iter(bytes).find(|(other, _)| *other == id).map(|(_, body)| body)
}

/// Whether there is a WMM information or parameter element.
pub fn has_wmm(bytes: &[u8]) -> bool {
    iter(bytes).any(|(id, body)| id == id::VENDOR && body.starts_with(&WMM))
}

/// Appends an element; a body of more than 255 bytes is a mistake of the caller.
pub fn put(out: &mut Vec<u8>, id: u8, body: &[u8]) {
    out.extend([id, u8::try_from(body.len()).expect("an element has at most 255 bytes")]);
    out.extend(body);
}

/// Rates of a band as elements have them: 500 kb/s units, basic ones with bit 7.
pub fn rates(channel: u8) -> &'static [u8] {
    if channel <= 14 {
        &[0x82, 0x84, 0x8b, 0x96, 12, 18, 24, 36, 48, 72, 96, 108]
    } else {
        &[0x8c, 18, 0x98, 36, 0xb0, 72, 96, 108]
    }
}

/// Appends supported rates, and the extended ones where eight are not enough (9.4.2.3, 9.4.2.13).
pub fn put_rates(out: &mut Vec<u8>, rates: &[u8]) {
    let (first, more) = rates.split_at(rates.len().min(8));
    put(out, id::RATES, first);
    if !more.is_empty() {
        put(out, id::EXTENDED_RATES, more);
    }
}

/// RSN with CCMP for both ciphers and PSK, as an element with its header (9.4.2.25).
pub fn rsn() -> Vec<u8> {
    let mut body = vec![1, 0];
    body.extend(CCMP);
    body.extend([1, 0]);
    body.extend(CCMP);
    body.extend([1, 0]);
    body.extend(PSK);
    body.extend([0, 0]);
    let mut out = Vec::new();
    put(&mut out, id::RSN, &body);
    out
}

/// Whether a station's RSN element is one that [`rsn`] can serve; else the status code (table 9-50).
pub fn check_rsn(body: &[u8]) -> Result<(), u16> {
    const INVALID_ELEMENT: u16 = 40;
    const INVALID_GROUP_CIPHER: u16 = 41;
    const INVALID_PAIRWISE_CIPHER: u16 = 42;
    const INVALID_AKMP: u16 = 43;
    const UNSUPPORTED_VERSION: u16 = 44;
    let (version, rest) = body.split_first_chunk::<2>().ok_or(INVALID_ELEMENT)?;
    if *version != [1, 0] {
        return Err(UNSUPPORTED_VERSION);
    }
    let (group, rest) = rest.split_first_chunk::<4>().ok_or(INVALID_ELEMENT)?;
    let (pairwise, rest) = one_suite(rest).ok_or(INVALID_ELEMENT)?;
    let (akm, _) = one_suite(rest).ok_or(INVALID_ELEMENT)?;
    if *group != CCMP {
        return Err(INVALID_GROUP_CIPHER);
    }
    if pairwise != Some(CCMP) {
        return Err(INVALID_PAIRWISE_CIPHER);
    }
    if akm != Some(PSK) { Err(INVALID_AKMP) } else { Ok(()) }
}

/// A suite list; `None` inside when it does not hold exactly one suite.
fn one_suite(bytes: &[u8]) -> Option<(Option<[u8; 4]>, &[u8])> {
    let (count, rest) = bytes.split_first_chunk()?;
    let count = usize::from(u16::from_le_bytes(*count));
    let (suites, rest) = rest.split_at_checked(count.checked_mul(4)?)?;
    Some((suites.try_into().ok(), rest))
}

/// WMM parameters with the usual values for each access category, as an element's body.
pub fn wmm_parameters() -> Vec<u8> {
    let mut body = WMM.to_vec();
    // Subtype parameter, version 1, no U-APSD, reserved.
    body.extend([1, 1, 0, 0]);
    // Best effort, background, video, voice: ACI and AIFSN, ECWmin and max, TXOP in 32 us.
    body.extend([0x03, 0xa4, 0, 0]);
    body.extend([0x27, 0xa4, 0, 0]);
    body.extend([0x42, 0x43, 94, 0]);
    body.extend([0x62, 0x32, 47, 0]);
    body
}

/// HT capabilities: one stream, 20 MHz, short guard interval (9.4.2.55).
pub fn ht_capabilities() -> Vec<u8> {
    let mut body = vec![0; 26];
    // SM power save disabled, short GI at 20 MHz.
    body[0] = 0x2c;
    // A-MPDU: 64 KiB, 8 us spacing.
    body[2] = 0x17;
    // MCS 0 to 7.
    body[3] = 0xff;
    body
}

/// HT operation on a primary channel without a secondary one (9.4.2.56).
pub fn ht_operation(channel: u8) -> Vec<u8> {
    let mut body = vec![0; 22];
    body[0] = channel;
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_rsn_is_accepted_and_others_are_named() {
        let own = rsn();
        assert_eq!(check_rsn(find(&own, id::RSN).expect("there")), Ok(()));
        let with = |at: usize, value: u8| {
            let mut body = own[2..].to_vec();
            body[at] = value;
            check_rsn(&body)
        };
        assert_eq!(with(0, 2), Err(44));
        assert_eq!(with(5, 2), Err(41));
        assert_eq!(with(11, 2), Err(42));
        assert_eq!(with(17, 8), Err(43));
        assert_eq!(with(6, 200), Err(40));
        for len in 0..18 {
            assert_eq!(check_rsn(&own[2..2 + len]), Err(40), "{len} bytes");
        }
    }
}
