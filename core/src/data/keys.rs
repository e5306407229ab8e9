// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Keys with what they remember. The schedule is expanded when a key is installed, never per frame.

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

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

/// A key with its schedule, or room for it: too long to be passed around on a kernel's stack, so
/// it is expanded where it lies.
#[derive(Debug)]
struct Material {
    schedule: Option<Ccmp>,
    bytes: [u8; ccmp::KEY_LEN],
}

impl Material {
    const NONE: Self = Self { schedule: None, bytes: [0; ccmp::KEY_LEN] };

    /// Puts a key here, and says whether it is another one: whoever installs the same key again
    /// must not start its counters anew (CVE-2017-13077 and those after it). Errors:
    /// [`Failure::Unsupported`] for a cipher that the data path does not have,
    /// [`Failure::Invalid`] for a wrong length; the old key is still there then.
    fn install(&mut self, cipher: Cipher, bytes: &[u8]) -> Result<bool, Failure> {
        match cipher {
            Cipher::Ccmp => {
                let key: &[u8; ccmp::KEY_LEN] = bytes.try_into().map_err(|_| Failure::Invalid)?;
                if self.schedule.is_some() && bool::from(self.bytes.as_slice().ct_eq(bytes)) {
                    return Ok(false);
                }
                self.remove();
                self.bytes = *key;
                self.schedule = Some(Ccmp::new(key));
                Ok(true)
            }
            Cipher::Wep40 | Cipher::Tkip | Cipher::Wep104 | Cipher::BipCmac => {
                Err(Failure::Unsupported)
            }
        }
    }

    /// Wipes it; the schedule wipes itself.
    fn remove(&mut self) {
        self.schedule = None;
        self.bytes.zeroize();
    }
}

/// A key to send with, or room for one.
#[derive(Debug)]
pub(super) struct TxKey {
    /// Its identifier; `None` if there is no key.
    index: Option<u8>,
    /// The last packet number used.
    pub(super) pn: u64,
    material: Material,
    in_chip: bool,
}

impl TxKey {
    /// No key.
    pub(super) const NONE: Self =
        Self { index: None, pn: 0, material: Material::NONE, in_chip: false };

    /// Its identifier, if there is a key.
    pub(super) const fn index(&self) -> Option<u8> {
        self.index
    }

    /// What encrypts in software, if the chip does not.
    pub(super) fn software(&self) -> Option<&Ccmp> {
        self.material.schedule.as_ref().filter(|_| !self.in_chip)
    }

    /// Puts a key here. Errors: as of [`Material::install`].
    pub(super) fn install(&mut self, path: &KeyPath, bytes: &[u8]) -> Result<(), Failure> {
        if self.material.install(path.cipher, bytes)? {
            self.pn = 0;
        }
        (self.index, self.in_chip) = (Some(path.index), path.in_chip);
        Ok(())
    }

    /// Wipes it.
    pub(super) fn remove(&mut self) {
        self.index = None;
        self.material.remove();
    }
}

/// A key to receive with, or room for one.
#[derive(Debug)]
pub(super) struct RxKey {
    index: Option<u8>,
    material: Material,
    in_chip: bool,
    /// The highest packet number received, by traffic identifier.
    pn: [u64; COUNTERS],
}

impl RxKey {
    /// No key.
    pub(super) const NONE: Self =
        Self { index: None, material: Material::NONE, in_chip: false, pn: [0; COUNTERS] };

    /// Its identifier, if there is a key.
    pub(super) const fn index(&self) -> Option<u8> {
        self.index
    }

    /// Puts a key here. Errors: as of [`Material::install`].
    pub(super) fn install(&mut self, path: &KeyPath, bytes: &[u8]) -> Result<(), Failure> {
        if self.material.install(path.cipher, bytes)? {
            self.pn = [0; COUNTERS];
        }
        self.pn.iter_mut().for_each(|pn| *pn = path.receive_pn.max(*pn));
        (self.index, self.in_chip) = (Some(path.index), path.in_chip);
        Ok(())
    }

    /// Wipes it.
    pub(super) fn remove(&mut self) {
        self.index = None;
        self.material.remove();
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
            self.material.schedule.as_ref().ok_or(Dropped::NoKey)?.open(frame).map_err(
                |refused| match refused {
                    Refused::Malformed => Dropped::Malformed,
                    Refused::Mic => Dropped::BadMic,
                },
            )?;
        }
        *last = pn;
        Ok(pn)
    }
}
