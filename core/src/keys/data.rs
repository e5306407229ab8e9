// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Key data of EAPOL-Key frames: elements, and key data elements among them (IEEE Std 802.11-2020,
//! 12.7.2).

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::KEY_LEN;
use crate::wire::{
    eapol::KeyHeader,
    elements::{Elements, Rsn, id},
};

/// The RSN element of our association request, which is in the second message again: CCMP for both
/// keys, a shared passphrase, no capabilities.
pub const RSN_ELEMENT: [u8; 22] =
    [48, 20, 1, 0, 0, 0x0f, 0xac, 4, 1, 0, 0, 0x0f, 0xac, 4, 1, 0, 0, 0x0f, 0xac, 2, 0, 0];

/// Selector of a group key (table 12-9).
const KDE_GTK: [u8; 4] = [0, 0x0f, 0xac, 1];

/// A group key. It is wiped when dropped.
pub(super) struct Gtk {
    /// Its identifier, 1 to 3: 0 is the pairwise key's.
    pub(super) index: u8,
    pub(super) key: [u8; KEY_LEN],
    /// The last packet number sent with it.
    pub(super) receive_pn: u64,
}

impl Drop for Gtk {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl fmt::Debug for Gtk {
    /// Never shows the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gtk({})", self.index)
    }
}

impl Gtk {
    /// The group key in plain key data; what it has been used for is in the frame's header.
    pub(super) fn find(plain: &[u8], header: &KeyHeader) -> Option<Self> {
        let body = Elements::new(plain).find_vendor(&KDE_GTK)?;
        let (&[flags, _], key) = body.split_first_chunk()?;
        let index = flags & 3;
        let [p0, p1, p2, p3, p4, p5, ..] = header.receive_sequence;
        let receive_pn = u64::from_le_bytes([p0, p1, p2, p3, p4, p5, 0, 0]);
        (index != 0).then_some(Self { index, key: key.try_into().ok()?, receive_pn })
    }

    /// Whether both are the same; the time does not depend on where they differ.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.index == other.index && bool::from(self.key.ct_eq(&other.key))
    }
}

/// Whether the network that the third message speaks of is one that we can be in.
pub(super) fn offers_ours(plain: &[u8]) -> bool {
    let rsn = Elements::new(plain).body_of(id::RSN).and_then(Rsn::parse);
    rsn.is_some_and(|rsn| {
        rsn.group == Rsn::CCMP
            && rsn.pairwise.contains(&Rsn::CCMP)
            && rsn.akm.contains(&Rsn::AKM_PSK)
    })
}
