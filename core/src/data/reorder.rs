// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Puts the frames of a block-ack session in order (IEEE Std 802.11-2020, 10.25.4).

use super::stats::Dropped;
use crate::types::{Instant, PeerId};

/// Most frames that a session may run ahead (an HT window, 9.4.1.13).
pub const WINDOW_MAX: u16 = 64;
/// [`WINDOW_MAX`] as a length.
const PLACES: usize = 64;
/// How long a gap holds up the frames behind it.
pub(super) const GAP_TIMEOUT_US: u64 = 100_000;
/// Sequence numbers that differ by this much or more lie behind, not ahead.
const HALF: u16 = 0x800;
const NUMBERS: u16 = 0x0fff;

/// A session, or room for one: frames that came before one that is still missing.
#[derive(Debug)]
pub(super) struct Reorder<F> {
    owner: Option<(PeerId, u8)>,
    window: u16,
    next: u16,
    held: [Option<F>; PLACES],
    pub(super) until: Option<Instant>,
}

impl<F> Reorder<F> {
    /// No session; all zero.
    pub(super) const NONE: Self =
        Self { owner: None, window: 0, next: 0, held: [const { None }; PLACES], until: None };

    /// Begins a session where there is none.
    pub(super) fn begin(&mut self, owner: PeerId, tid: u8, sequence: u16, window: u16) {
        self.end();
        self.owner = Some((owner, tid));
        (self.window, self.next) = (window.clamp(1, WINDOW_MAX), sequence & NUMBERS);
    }

    /// Ends it; what it holds is lost.
    pub(super) fn end(&mut self) {
        (self.owner, self.until) = (None, None);
        self.held.iter_mut().for_each(|place| *place = None);
    }

    pub(super) const fn is_free(&self) -> bool {
        self.owner.is_none()
    }

    pub(super) fn owner(&self) -> Option<PeerId> {
        self.owner.map(|(owner, _)| owner)
    }

    /// Whether this is a session of this peer, and of this traffic.
    pub(super) fn is_of(&self, peer: PeerId, traffic: Option<u8>) -> bool {
        let is = |(owner, tid)| owner == peer && traffic.is_none_or(|traffic| traffic == tid);
        self.owner.is_some_and(is)
    }

    fn place(&mut self, sequence: u16) -> Option<&mut Option<F>> {
        self.held.get_mut(usize::from(sequence % WINDOW_MAX))
    }

    /// Moves the window by one.
    fn step(&mut self) -> Option<F> {
        let next = self.next;
        self.next = next.wrapping_add(1) & NUMBERS;
        self.place(next)?.take()
    }

    fn has_next(&mut self) -> bool {
        let next = self.next;
        self.place(next).is_some_and(|place| place.is_some())
    }

    fn is_empty(&self) -> bool {
        self.held.iter().all(Option::is_none)
    }

    /// Moves the start of the window to `start`, giving up on what is missing before it.
    fn move_to(&mut self, start: u16, release: &mut impl FnMut(F)) {
        let steps = start.wrapping_sub(self.next) & NUMBERS;
        // Nothing is held farther than a window ahead.
        for _ in 0..steps.min(WINDOW_MAX) {
            self.step().into_iter().for_each(&mut *release);
        }
        self.next = start;
    }

    /// Passes on what no longer has to wait, and sets the time-out for what has to.
    fn settle(&mut self, now: Instant, mut moved: bool, release: &mut impl FnMut(F)) {
        while self.has_next() {
            self.step().into_iter().for_each(&mut *release);
            moved = true;
        }
        self.until = match self.until {
            _ if self.is_empty() => None,
            Some(until) if !moved => Some(until),
            _ => Some(now.after_us(GAP_TIMEOUT_US)),
        };
    }

    /// Takes a frame and passes on, in order, all that no longer have to wait.
    pub(super) fn take(
        &mut self,
        now: Instant,
        sequence: u16,
        frame: F,
        mut release: impl FnMut(F),
    ) -> Result<(), Dropped> {
        let ahead = sequence.wrapping_sub(self.next) & NUMBERS;
        if ahead >= HALF {
            return Err(Dropped::Late);
        }
        let moves = ahead >= self.window;
        if moves {
            let start = sequence.wrapping_sub(self.window - 1) & NUMBERS;
            self.move_to(start, &mut release);
        }
        let taken = match self.place(sequence) {
            Some(place @ None) => {
                *place = Some(frame);
                Ok(())
            }
            _ => Err(Dropped::Duplicate),
        };
        self.settle(now, moves, &mut release);
        taken
    }

    /// The sender will not send again what comes before `start` (a block-ack request).
    pub(super) fn advance(&mut self, now: Instant, start: u16, mut release: impl FnMut(F)) {
        if start.wrapping_sub(self.next) & NUMBERS < HALF {
            self.move_to(start & NUMBERS, &mut release);
            self.settle(now, true, &mut release);
        }
    }

    /// Gives up on every gap.
    pub(super) fn flush(&mut self, mut release: impl FnMut(F)) {
        for _ in 0..WINDOW_MAX {
            if self.is_empty() {
                break;
            }
            self.step().into_iter().for_each(&mut release);
        }
        self.until = None;
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn session<F>(sequence: u16, window: u16) -> Reorder<F> {
        let mut session = Reorder::NONE;
        session.begin(PeerId { slot: 0, generation: 0 }, 0, sequence, window);
        session
    }

    #[test]
    fn frames_leave_in_order_across_the_wrap() {
        let (mut session, mut out) = (session(4094, 8), Vec::new());
        for sequence in [4095, 0, 4094, 1] {
            session.take(Instant(5), sequence, sequence, |frame| out.push(frame)).unwrap();
        }
        assert_eq!((out, session.until), ([4094, 4095, 0, 1].to_vec(), None));
        assert_eq!(session.take(Instant(5), 1, 1, |_| ()), Err(Dropped::Late));
    }

    #[test]
    fn window_moves_and_gives_up() {
        let (mut session, mut out) = (session(0, 8), Vec::new());
        for sequence in [1, 3, 10] {
            session.take(Instant(5), sequence, sequence, |frame| out.push(frame)).unwrap();
        }
        assert_eq!(session.take(Instant(5), 10, 10, |_| ()), Err(Dropped::Duplicate));
        assert_eq!((&out[..], session.until), (&[1, 3][..], Some(Instant(5 + GAP_TIMEOUT_US))));
        session.advance(Instant(6), 10, |frame| out.push(frame));
        assert_eq!((&out[..], session.next, session.until), (&[1, 3, 10][..], 11, None));
        session.take(Instant(7), 1000, 1000, |frame| out.push(frame)).unwrap();
        session.flush(|frame| out.push(frame));
        assert_eq!((&out[..], session.next), (&[1, 3, 10, 1000][..], 1001));
    }

    proptest! {
        /// Whatever comes in: never twice, and in order as the numbers go.
        #[test]
        fn order_holds(
            start in 0_u16..4096, window in 0_u16..80,
            steps in prop::collection::vec((-20_i32..90, any::<bool>()), 0..300),
        ) {
            let (mut session, mut out) = (session(start, window), Vec::new());
            let mut at = i32::from(start);
            for (step, advances) in steps {
                let number = (at + step).max(0);
                let sequence = u16::try_from(number % 4096).unwrap();
                if advances && step % 7 == 0 {
                    session.advance(Instant(1), sequence, |frame| out.push(frame));
                } else {
                    let _ = session.take(Instant(1), sequence, number, |frame| out.push(frame));
                }
                at = at.max(number - 3);
            }
            session.flush(|frame| out.push(frame));
            prop_assert!(session.is_empty());
            prop_assert!(out.is_sorted_by(|a, b| a < b), "{:?}", out);
        }
    }
}
