// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Keys with what they remember. The schedule is expanded when a key is installed, never per frame.

use super::stats::Dropped;
use crate::{
    control::Failure,
    crypto::ccmp::{self, Ccmp, Refused},
    io::RxFlags,
    types::{Cipher, PeerId, VapId},
};

/// Group keys that a peer can have, by key identifier.
pub(super) const GROUP_KEYS: usize = 4;
/// Replay counters: one for each traffic identifier (12.5.3.4.4 f).
const COUNTERS: usize = 16;

/// Which key to install, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPath {
    /// The interface.
    pub vap: VapId,
    /// The peer of a pairwise key; `None` for a group key of the interface's network.
    pub peer: Option<PeerId>,
    /// Key identifier, 0 to 3.
    pub index: u8,
    /// Cipher.
    pub cipher: Cipher,
    /// The last packet number received with it.
    pub receive_pn: u64,
    /// The chip holds it too, and encrypts what is marked so. Received frames may come decrypted
    /// or not: both are right.
    pub in_chip: bool,
}

/// Expands a key. Errors: [`Failure::Unsupported`] for a cipher that the data path does not have,
/// [`Failure::Invalid`] for a wrong length.
pub(super) fn expand(cipher: Cipher, bytes: &[u8]) -> Result<Ccmp, Failure> {
    match cipher {
        Cipher::Ccmp => Ok(Ccmp::new(bytes.try_into().map_err(|_| Failure::Invalid)?)),
        Cipher::Wep40 | Cipher::Tkip | Cipher::Wep104 | Cipher::BipCmac => {
            Err(Failure::Unsupported)
        }
    }
}

/// A key to send with.
#[derive(Debug)]
pub(super) struct TxKey {
    pub(super) index: u8,
    /// The last packet number used.
    pub(super) pn: u64,
    /// For software; `None` if the chip encrypts.
    pub(super) schedule: Option<Ccmp>,
}

/// A key to receive with.
#[derive(Debug)]
pub(super) struct RxKey {
    schedule: Ccmp,
    in_chip: bool,
    /// The highest packet number received, by traffic identifier.
    pn: [u64; COUNTERS],
}

impl RxKey {
    pub(super) const fn new(path: &KeyPath, schedule: Ccmp) -> Self {
        Self { schedule, in_chip: path.in_chip, pn: [path.receive_pn; COUNTERS] }
    }

    /// Checks and decrypts a whole frame, unless the chip did, and returns its packet number. A
    /// number is believed only after the check.
    pub(super) fn open(
        &mut self,
        frame: &mut [u8],
        tid: u8,
        header_len: usize,
        flags: RxFlags,
    ) -> Result<u64, Dropped> {
        let ccmp_header = frame.get(header_len..).ok_or(Dropped::Malformed)?;
        let (pn, _) = ccmp::parse_header(ccmp_header).ok_or(Dropped::Malformed)?;
        let last = self.pn.get_mut(usize::from(tid)).ok_or(Dropped::Malformed)?;
        if pn <= *last {
            return Err(Dropped::Replay);
        }
        if frame.len() < header_len + ccmp::HEADER_LEN + ccmp::MIC_LEN {
            return Err(Dropped::Malformed);
        }
        if !(self.in_chip && flags.contains(RxFlags::DECRYPTED)) {
            self.schedule.open(frame).map_err(|refused| match refused {
                Refused::Malformed => Dropped::Malformed,
                Refused::Mic => Dropped::BadMic,
            })?;
        }
        *last = pn;
        Ok(pn)
    }
}
