// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The last steps of a received MSDU: port check, A-MSDU split, Ethernet header.

use super::{
    rx::{Release, RxPeer},
    stats::Dropped,
};
use crate::{
    os::{Draft, Packet},
    types::MacAddr,
    wire::data::{ETHERNET_LEN, ETHERTYPE_EAPOL, Payload, RFC1042, SubframeHeader, Subframes},
};

/// Where EAPOL may go besides our own address (IEEE Std 802.1X-2010, table 11-1).
const PAE_GROUP: MacAddr = MacAddr([0x01, 0x80, 0xc2, 0, 0, 0x03]);

/// An MSDU, or an A-MSDU, within a draft.
#[derive(Debug)]
pub(super) struct Msdu<D> {
    pub(super) draft: D,
    /// Where it starts; at least [`ETHERNET_LEN`] bytes before belong to us.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    pub(super) destination: MacAddr,
    pub(super) source: MacAddr,
    /// It came in the clear.
    pub(super) is_plain: bool,
}

impl<D: Draft> Msdu<D> {
    pub(super) fn body(&self) -> Option<&[u8]> {
        self.draft.as_ref().get(self.start..self.end)
    }

    /// The same with the whole MSDU instead of its last fragment.
    pub(super) fn replaced_by(self, draft: D) -> Self {
        Self { start: ETHERNET_LEN, end: draft.as_ref().len(), draft, ..self }
    }
}

/// Whether an MSDU of this kind may go on to the stack.
fn check<D: Draft>(
    peer: &RxPeer<D>,
    (destination, source): (MacAddr, MacAddr),
    ethertype: u16,
    is_plain: bool,
) -> Result<(), Dropped> {
    if source == peer.path.own {
        return Err(Dropped::Echo);
    }
    let is_eapol =
        ethertype == ETHERTYPE_EAPOL && (destination == peer.path.own || destination == PAE_GROUP);
    if is_plain && peer.path.is_protected && !is_eapol {
        return Err(Dropped::Unprotected);
    }
    if !peer.is_authorized && !is_eapol {
        return Err(Dropped::PortClosed);
    }
    Ok(())
}

/// Releases one MSDU: its LLC header gives way to an Ethernet header, in place.
pub(super) fn msdu<P: Packet>(
    peer: &RxPeer<P::Draft>,
    release: &mut Release<P>,
    msdu: Msdu<P::Draft>,
) -> Result<(), Dropped> {
    let payload = msdu.body().and_then(Payload::parse).ok_or(Dropped::Malformed)?;
    check(peer, (msdu.destination, msdu.source), payload.ethertype, msdu.is_plain)?;
    let start = (msdu.start + payload.skip).checked_sub(ETHERNET_LEN).ok_or(Dropped::Malformed)?;
    let mut draft = msdu.draft;
    let ethernet = draft.as_mut().get_mut(start..).and_then(|rest| rest.first_chunk_mut());
    *ethernet.ok_or(Dropped::Malformed)? =
        ethernet_header(msdu.destination, msdu.source, payload.ethertype);
    release.push(&peer.path, payload.ethertype, draft.finish(start..msdu.end))
}

/// Releases the MSDUs of an A-MSDU (10.12), each in a packet of its own.
pub(super) fn amsdu<P: Packet>(
    peer: &RxPeer<P::Draft>,
    release: &mut Release<P>,
    msdu: Msdu<P::Draft>,
) -> Result<(), Dropped> {
    let subframes = Subframes::new(msdu.body().ok_or(Dropped::Malformed)?);
    // A frame whose A-MSDU bit was flipped begins with an LLC header where an address should be
    // (CVE-2020-24588).
    let mut all = subframes.clone();
    let is_forged = all.next().is_some_and(|(header, _)| header.destination == RFC1042);
    if !subframes.is_well_formed() || is_forged || msdu.destination.is_multicast() {
        return Err(Dropped::Malformed);
    }
    let mut result = Ok(());
    for (header, body) in subframes {
        // The others are not held up by one that does not pass.
        result = subframe(peer, release, &header, body, msdu.is_plain).and(result);
    }
    result
}

fn subframe<P: Packet>(
    peer: &RxPeer<P::Draft>,
    release: &mut Release<P>,
    header: &SubframeHeader,
    body: &[u8],
    is_plain: bool,
) -> Result<(), Dropped> {
    let (destination, source) = (MacAddr(header.destination), MacAddr(header.source));
    if !destination.is_multicast() && destination != peer.path.own {
        return Err(Dropped::NotOurs);
    }
    let payload = Payload::parse(body).ok_or(Dropped::Malformed)?;
    check(peer, (destination, source), payload.ethertype, is_plain)?;
    let payload_bytes = body.get(payload.skip..).ok_or(Dropped::Malformed)?;

    let pad = 2; // What follows the Ethernet header is aligned to 4 bytes.
    let len = pad + ETHERNET_LEN + payload_bytes.len();
    let mut draft = P::Draft::alloc(len).map_err(|_| Dropped::NoMemory)?;
    let (head, tail) = draft
        .as_mut()
        .get_mut(pad..len)
        .and_then(|rest| rest.split_first_chunk_mut())
        .ok_or(Dropped::NoMemory)?;
    *head = ethernet_header(destination, source, payload.ethertype);
    tail.copy_from_slice(payload_bytes);
    release.push(&peer.path, payload.ethertype, draft.finish(pad..len))
}

const fn ethernet_header(to: MacAddr, from: MacAddr, ethertype: u16) -> [u8; ETHERNET_LEN] {
    let [d0, d1, d2, d3, d4, d5] = to.0;
    let [s0, s1, s2, s3, s4, s5] = from.0;
    let [t0, t1] = ethertype.to_be_bytes();
    [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1]
}
