// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What an access point knows of one station.

use std::collections::VecDeque;

use super::{
    authenticator::Handshake,
    ccmp, eapol,
    frame::{Frame, flag, kind},
};
use crate::air::Micros;

/// Frames kept for a station that dozes; more are dropped.
pub(super) const WAITING_MAX: usize = 64;

/// A station that was authenticated, and perhaps more.
#[derive(Debug, Default)]
pub(super) struct Station {
    pub(super) association: Option<Association>,
    pub(super) is_open: bool,
    pub(super) handshake: Handshake,
    pub(super) ptk: Option<eapol::Ptk>,
    /// For sending, from the end of the handshake on.
    pub(super) send_key: Option<ccmp::Key>,
    /// For receiving, from message 3 on: message 4 may come encrypted when it is repeated.
    pub(super) receive_key: Option<ccmp::Key>,
    /// Highest packet number received of each traffic identifier.
    received: [u64; 16],
    pub(super) is_dozing: bool,
    /// Ethernet frames.
    pub(super) waiting: VecDeque<Vec<u8>>,
    /// Sequence control of the last frame of each traffic identifier, and of all without one.
    last: [Option<u16>; 17],
}

/// What was agreed on association.
#[derive(Clone, Debug)]
pub(super) struct Association {
    pub(super) aid: u16,
    pub(super) has_wmm: bool,
    pub(super) has_ht: bool,
    pub(super) has_ofdm: bool,
    /// The station's RSN element, header included.
    pub(super) rsn: Vec<u8>,
}

impl Station {
    /// Back to what it is right after authentication; what it sent last stays known.
    pub(super) fn reset(&mut self) {
        *self = Self { last: self.last, ..Self::default() };
    }

    /// Forgets keys before a new handshake.
    pub(super) fn forget_keys(&mut self) {
        self.is_open = false;
        self.ptk = None;
        self.send_key = None;
        self.receive_key = None;
        self.received = [0; 16];
        self.handshake = Handshake::default();
    }

    /// Whether the frame is a repetition of the last one (10.3.2.14); remembers it if not.
    pub(super) fn is_duplicate(&mut self, frame: &Frame<'_>) -> bool {
        if matches!(frame.kind, kind::NULL | kind::QOS_NULL) {
            return false;
        }
        let place = frame.qos.map_or(16, |qos| usize::from(qos & 15));
        let is_same = self.last[place] == Some(frame.sequence_control);
        self.last[place] = Some(frame.sequence_control);
        is_same && frame.has(flag::RETRY)
    }

    /// Decrypts; `None` for a wrong key or a replay (12.5.3.4.4).
    pub(super) fn decrypt(&mut self, frame: &Frame<'_>) -> Option<Vec<u8>> {
        let (pn, body) = self.receive_key.as_ref()?.open(frame)?;
        let received = &mut self.received[usize::from(frame.tid())];
        if pn <= *received {
            return None;
        }
        *received = pn;
        Some(body)
    }

    /// Keeps a frame until the station is awake, or drops it when there are too many.
    pub(super) fn keep(&mut self, ethernet: &[u8]) {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(ethernet.to_vec());
        }
    }

    /// When the handshake wants to be retried.
    pub(super) fn deadline(&self) -> Option<Micros> {
        self.handshake.deadline()
    }
}
