// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Ethernet frames by hand: ARP and ping, for those who check that data flows.

use std::net::Ipv4Addr;

/// One end of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Ethernet address.
    pub ethernet: [u8; 6],
    /// IPv4 address.
    pub ip: Ipv4Addr,
}

/// An ARP request for the Ethernet address of `ip`.
pub fn arp_request(own: End, ip: Ipv4Addr) -> Vec<u8> {
    let mut arp = [[0xff; 6], own.ethernet].concat();
    arp.extend([8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    arp.extend(own.ethernet);
    arp.extend(own.ip.octets());
    arp.extend([0; 6]);
    arp.extend(ip.octets());
    arp
}

/// The Ethernet address that an ARP reply tells, if this is one from `ip`.
pub fn arp_reply(ethernet: &[u8], ip: Ipv4Addr) -> Option<[u8; 6]> {
    let is_reply = ethernet.get(12..14)? == [8, 6] && ethernet.get(20..22)? == [0, 2];
    let sender = ethernet.get(22..28)?;
    (is_reply && ethernet.get(28..32)? == ip.octets()).then(|| sender.try_into().ok())?
}

/// A ping with `len` bytes of payload, at most 1,400.
pub fn echo_request(own: End, to: End, sequence: u16, len: usize) -> Vec<u8> {
    let mut icmp = vec![8, 0, 0, 0, 0, 1];
    icmp.extend(sequence.to_be_bytes());
    icmp.extend((0..len.min(1400)).map(|index| index as u8));
    let sum = checksum(&icmp);
    icmp[2..4].copy_from_slice(&sum);
    let [high, low] = (20 + icmp.len() as u16).to_be_bytes();
    let mut ip = vec![0x45, 0, high, low, 0, 1, 0, 0, 64, 1, 0, 0];
    ip.extend(own.ip.octets());
    ip.extend(to.ip.octets());
    let sum = checksum(&ip);
    ip[10..12].copy_from_slice(&sum);
    [&to.ethernet[..], &own.ethernet, &[8, 0], &ip, &icmp].concat()
}

/// The sequence number of a ping's answer, if this is one and its payload is whole.
pub fn echo_reply(ethernet: &[u8]) -> Option<u16> {
    let is_reply = ethernet.get(12..14)? == [8, 0]
        && ethernet.get(23)? == &1
        && ethernet.get(34..36)? == [0, 0];
    let total = usize::from(u16::from_be_bytes(*ethernet.get(16..18)?.first_chunk()?));
    let icmp = ethernet.get(34..14 + total)?;
    let is_whole = icmp.iter().skip(8).zip(0_usize..).all(|(byte, index)| *byte == index as u8);
    let sequence = u16::from_be_bytes([*icmp.get(6)?, *icmp.get(7)?]);
    (is_reply && is_whole && checksum(icmp) == [0, 0]).then_some(sequence)
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let word = |two: &[u8]| u32::from(two[0]) << 8 | u32::from(two.get(1).copied().unwrap_or(0));
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}
