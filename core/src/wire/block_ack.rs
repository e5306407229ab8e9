// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Action frames that set block-ack sessions up and end them (IEEE Std 802.11-2020, 9.6.4).

use super::writer::Writer;

/// Category of these frames (table 9-51).
pub const CATEGORY: u8 = 3;
/// Status code: declined (table 9-50).
pub const STATUS_DECLINED: u16 = 37;

const ADD_REQUEST: u8 = 0;
const ADD_RESPONSE: u8 = 1;
const DELETE: u8 = 2;
/// Block Ack Parameter Set (9.4.1.13): A-MSDUs are allowed; acknowledged at once.
const AMSDU: u16 = 1;
const IMMEDIATE: u16 = 2;

/// What such a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockAck {
    /// The sender wants to send us aggregates.
    Add(AddRequest),
    /// The sender sends no more of them, with this traffic identifier.
    End {
        /// Traffic identifier.
        tid: u8,
    },
}

/// A request to set up a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddRequest {
    /// Ties the response to it.
    pub token: u8,
    /// Traffic identifier.
    pub tid: u8,
    /// A-MSDUs may be aggregated.
    pub amsdu: bool,
    /// Frames that may be on their way; 0 leaves it to us.
    pub window: u16,
    /// Time units without traffic after which it ends; 0 is never.
    pub timeout_tu: u16,
    /// Sequence number of the first frame.
    pub sequence: u16,
}

impl BlockAck {
    /// Reads what follows the category.
    pub fn parse(body: &[u8]) -> Option<Self> {
        match *body {
            [ADD_REQUEST, token, p0, p1, t0, t1, s0, s1, ..] => {
                let parameters = u16::from_le_bytes([p0, p1]);
                (parameters & IMMEDIATE != 0).then_some(Self::Add(AddRequest {
                    token,
                    tid: p0 >> 2 & 0x0f,
                    amsdu: parameters & AMSDU != 0,
                    window: parameters >> 6,
                    timeout_tu: u16::from_le_bytes([t0, t1]),
                    sequence: u16::from_le_bytes([s0, s1]) >> 4,
                }))
            }
            // The initiator bit says that the sender is who sends data.
            [DELETE, _, p1, ..] if p1 & 0x08 != 0 => Some(Self::End { tid: p1 >> 4 }),
            _ => None,
        }
    }
}

impl AddRequest {
    /// Writes the answer, category first: a session with `window`, or a refusal.
    pub fn answer(&self, status: u16, window: u16, out: &mut Writer<'_>) {
        let amsdu = if self.amsdu { AMSDU } else { 0 };
        let parameters = amsdu | IMMEDIATE | u16::from(self.tid) << 2 | (window & 0x3ff) << 6;
        out.bytes(&[CATEGORY, ADD_RESPONSE, self.token]);
        out.u16(status).u16(parameters).u16(self.timeout_tu);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_request_and_its_answer() {
        // Window 64, traffic identifier 5, from sequence number 100 on.
        let body = [0, 7, 0x16, 0x10, 0, 0, 0x40, 0x06];
        let Some(BlockAck::Add(request)) = BlockAck::parse(&body) else { panic!() };
        assert_eq!((request.token, request.tid, request.window), (7, 5, 64));
        assert_eq!((request.sequence, request.amsdu), (100, false));
        let mut out = [0; 9];
        let mut writer = Writer::new(&mut out);
        request.answer(0, 32, &mut writer);
        assert_eq!(writer.finish(), Some(9));
        assert_eq!(out, [3, 1, 7, 0, 0, 0x16, 0x08, 0, 0]);
    }

    #[test]
    fn an_end_counts_only_from_who_sends() {
        assert_eq!(BlockAck::parse(&[2, 0, 0x58, 0, 0]), Some(BlockAck::End { tid: 5 }));
        assert_eq!(BlockAck::parse(&[2, 0, 0x50, 0, 0]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            let _ = BlockAck::parse(&bytes);
        }
    }
}
