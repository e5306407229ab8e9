// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the data path counts.

use crate::{
    io::{RxFlags, RxFrame},
    types::{Instant, Rate, Width},
};

macro_rules! drops {
    ($($(#[$doc:meta])* $reason:ident $field:ident,)*) => {
        /// Why a received frame, or a part of it, went no further.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Dropped {
            $($(#[$doc])* $reason,)*
        }

        /// Received frames that went no further, by reason.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct RxDrops {
            $($(#[$doc])* pub $field: u32,)*
        }

        impl RxDrops {
            /// Nothing dropped yet.
            pub const NONE: Self = Self { $($field: 0,)* };

            pub(super) const fn count(&mut self, why: Dropped) {
                match why {
                    $(Dropped::$reason => self.$field = self.$field.wrapping_add(1),)*
                }
            }

            /// All of them, with the names that counters have.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u32)> {
                [$((concat!("rx_dropped_", stringify!($field)), self.$field),)*].into_iter()
            }
        }
    };
}

drops! {
    /// It came twice.
    Duplicate duplicate,
    /// It came after the window of its block-ack session had moved on.
    Late late,
    /// Its packet number is not higher than that of an earlier one.
    Replay replay,
    /// Its MIC is wrong.
    BadMic bad_mic,
    /// There is no key for it.
    NoKey no_key,
    /// It is not encrypted, and should be.
    Unprotected unprotected,
    /// It is encrypted, and nobody agreed on that.
    Unexpected unexpected,
    /// The port is closed.
    PortClosed port_closed,
    /// It cannot be read.
    Malformed malformed,
    /// A fragment that fits no other, or came too late.
    Fragment fragment,
    /// It is from nobody we know, or not for us.
    NotOurs not_ours,
    /// We sent it ourselves, and the access point repeated it to all.
    Echo echo,
    /// It carries nothing.
    Null null,
    /// There was no memory for it.
    NoMemory no_memory,
    /// The list of what waits to be delivered was full.
    Overflow overflow,
}

/// What one device's data path counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Received frames that went no further.
    pub drops: RxDrops,
    /// Packets handed up the stack.
    pub delivered: u32,
    /// Frames handed to the pipe.
    pub submitted: u32,
    /// Packets given back because a queue was full or stood still.
    pub refused: u32,
    /// Frames that the pipe has not given back yet.
    pub outstanding: u32,
}

/// What is known of the traffic with one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerStats {
    /// Frames received.
    pub rx: RxStats,
    /// Frames sent.
    pub tx: TxStats,
}

/// The receiving side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RxStats {
    /// Data frames that passed all checks.
    pub packets: u64,
    /// Their bytes, as received.
    pub bytes: u64,
    /// Data frames that did not pass.
    pub dropped: u32,
    /// Signal of the last frame that carried a measurement, dBm.
    pub signal_dbm: Option<i8>,
    /// The average (weight of the newest: 1/8) in sixteenths of dBm.
    average: i16,
    /// Rate of the last data frame.
    pub rate: Option<Rate>,
    /// How it was received: guard interval, width.
    pub flags: RxFlags,
    /// When the last frame came.
    pub last: Instant,
}

impl RxStats {
    /// The average signal, dBm.
    pub fn average_dbm(&self) -> Option<i8> {
        self.signal_dbm?;
        // Rounded to the nearest, for negative numbers too.
        i8::try_from((self.average + 8).div_euclid(16)).ok()
    }
}

/// Where [`RxStats`] are counted: all zero when there is nothing, so that empty tables are.
#[derive(Clone, Copy, Debug)]
pub(super) struct RxCounts {
    packets: u64,
    bytes: u64,
    pub(super) dropped: u32,
    signal_dbm: Option<i8>,
    average: i16,
    /// [`NO_RATE`] before there was one.
    rate: Rate,
    flags: RxFlags,
    last: Instant,
}

/// A rate that does not exist, and is all zero.
const NO_RATE: Rate = Rate::Legacy(0);

impl RxCounts {
    pub(super) const NONE: Self = Self {
        packets: 0,
        bytes: 0,
        dropped: 0,
        signal_dbm: None,
        average: 0,
        rate: NO_RATE,
        flags: RxFlags::empty(),
        last: Instant(0),
    };

    /// For others.
    pub(super) fn show(&self) -> RxStats {
        let Self { packets, bytes, dropped, signal_dbm, average, rate, flags, last } = *self;
        let rate = Some(rate).filter(|rate| *rate != NO_RATE);
        RxStats { packets, bytes, dropped, signal_dbm, average, rate, flags, last }
    }

    /// Takes note of a frame of any kind from this peer.
    pub(super) fn heard(&mut self, now: Instant, signal_dbm: Option<i8>) {
        self.last = now;
        let Some(signal) = signal_dbm else { return };
        let sixteenths = i16::from(signal) * 16;
        self.average = match self.signal_dbm {
            None => sixteenths,
            Some(_) => self.average + (sixteenths - self.average) / 8,
        };
        self.signal_dbm = Some(signal);
    }

    pub(super) fn data(&mut self, now: Instant, frame: &RxFrame<'_>) {
        self.heard(now, frame.signal_dbm);
        (self.rate, self.flags) = (frame.rate, frame.flags);
    }

    pub(super) fn passed(&mut self, bytes: usize) {
        self.packets = self.packets.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(u64::try_from(bytes).unwrap_or(0));
    }
}

/// The sending side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxStats {
    /// Data frames handed to the pipe.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Times that frames were sent again, as far as the chip reports it.
    pub retries: u32,
    /// Frames that were never acknowledged, as far as the chip reports it.
    pub failed: u32,
    /// The rate of the next data frame; `None` if the firmware chooses.
    pub rate: Option<Rate>,
    /// How wide.
    pub width: Width,
    /// Whether the port is open.
    pub authorized: bool,
}

/// Some traffic.
#[cfg(test)]
pub(crate) fn stats_for_tests() -> PeerStats {
    let mut rx = RxCounts::NONE;
    rx.heard(Instant(0), Some(-45));
    rx.passed(1000);
    let tx = TxStats {
        packets: 5,
        bytes: 500,
        retries: 1,
        failed: 0,
        rate: Some(Rate::Mcs(7)),
        width: Width::Mhz20,
        authorized: true,
    };
    PeerStats { rx: rx.show(), tx }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn average_follows_the_signal() {
        let mut counts = RxCounts::NONE;
        assert_eq!((counts.show().average_dbm(), counts.show().rate), (None, None));
        counts.heard(Instant(1), Some(-60));
        assert_eq!(counts.show().average_dbm(), Some(-60));
        (0..200).for_each(|_| counts.heard(Instant(2), Some(-40)));
        let stats = counts.show();
        assert_eq!((stats.signal_dbm, stats.average_dbm()), (Some(-40), Some(-40)));
        counts.heard(Instant(3), None);
        let stats = counts.show();
        assert_eq!((stats.signal_dbm, stats.last), (Some(-40), Instant(3)));
    }
}
