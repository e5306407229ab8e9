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

/// Expands a key where it is to lie: a schedule is too long to be passed around on a kernel's
/// stack. Errors: [`Failure::Unsupported`] for a cipher that the data path does not have,
/// [`Failure::Invalid`] for a wrong length; the old key is still there then.
fn expand(place: &mut Option<Ccmp>, cipher: Cipher, bytes: &[u8]) -> Result<(), Failure> {
    match cipher {
        Cipher::Ccmp => {
            let key = bytes.try_into().map_err(|_| Failure::Invalid)?;
            *place = None;
            *place = Some(Ccmp::new(key));
            Ok(())
        }
        Cipher::Wep40 | Cipher::Tkip | Cipher::Wep104 | Cipher::BipCmac => {
            Err(Failure::Unsupported)
        }
    }
}

/// A key to send with, or room for one.
#[derive(Debug)]
pub(super) struct TxKey {
    /// Its identifier; `None` if there is no key.
    index: Option<u8>,
    /// The last packet number used.
    pub(super) pn: u64,
    schedule: Option<Ccmp>,
    in_chip: bool,
}

impl TxKey {
    /// No key.
    pub(super) const NONE: Self = Self { index: None, pn: 0, schedule: None, in_chip: false };

    /// Its identifier, if there is a key.
    pub(super) const fn index(&self) -> Option<u8> {
        self.index
    }

    /// What encrypts in software, if the chip does not.
    pub(super) fn software(&self) -> Option<&Ccmp> {
        self.schedule.as_ref().filter(|_| !self.in_chip)
    }

    /// Puts a key here. Errors: as of [`expand`].
    pub(super) fn install(&mut self, path: &KeyPath, bytes: &[u8]) -> Result<(), Failure> {
        expand(&mut self.schedule, path.cipher, bytes)?;
        (self.index, self.pn, self.in_chip) = (Some(path.index), 0, path.in_chip);
        Ok(())
    }

    /// Wipes it.
    pub(super) fn remove(&mut self) {
        (self.index, self.schedule) = (None, None);
    }
}

/// A key to receive with, or room for one.
#[derive(Debug)]
pub(super) struct RxKey {
    index: Option<u8>,
    schedule: Option<Ccmp>,
    in_chip: bool,
    /// The highest packet number received, by traffic identifier.
    pn: [u64; COUNTERS],
}

impl RxKey {
    /// No key.
    pub(super) const NONE: Self =
        Self { index: None, schedule: None, in_chip: false, pn: [0; COUNTERS] };

    /// Its identifier, if there is a key.
    pub(super) const fn index(&self) -> Option<u8> {
        self.index
    }

    /// Puts a key here. Errors: as of [`expand`].
    pub(super) fn install(&mut self, path: &KeyPath, bytes: &[u8]) -> Result<(), Failure> {
        expand(&mut self.schedule, path.cipher, bytes)?;
        (self.index, self.in_chip) = (Some(path.index), path.in_chip);
        self.pn = [path.receive_pn; COUNTERS];
        Ok(())
    }

    /// Wipes it.
    pub(super) fn remove(&mut self) {
        (self.index, self.schedule) = (None, None);
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
            self.schedule.as_ref().ok_or(Dropped::NoKey)?.open(frame).map_err(|refused| {
                match refused {
                    Refused::Malformed => Dropped::Malformed,
                    Refused::Mic => Dropped::BadMic,
                }
            })?;
        }
        *last = pn;
        Ok(pn)
    }
}
