// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The air: one medium for any number of radios.
//!
//! Radios join, tune, and transmit whole 802.11 frames (without FCS). The air decides at once who
//! hears a frame and whether it is acknowledged, repeats it with the Retry bit when it is not, and
//! keeps a [`Heard`] for every radio on that channel until its time has come. All chance comes from
//! one seed and all time from the caller, so that a run can be repeated exactly.
//!
//! ```
//! use tern_sim::air::{Air, Conditions, OnAir, Rate};
//!
//! let mut air = Air::new(1, Conditions::default());
//! let (sender, listener) = (air.join("sender"), air.join("listener"));
//! air.tune(sender, 6, 20);
//! air.tune(listener, 6, 20);
//! let beacon = OnAir::new(6, Rate::Legacy(2), vec![0x80, 0, 0, 0, 255, 255, 255, 255, 255, 255]);
//! air.transmit(0, sender, beacon, 1);
//! let at = air.next_event().expect("somebody will hear it");
//! assert_eq!(air.receive(at, listener).expect("now").channel, 6);
//! ```

mod medium;
mod pcap;
mod rate;

pub use medium::{Air, RadioId};
pub use pcap::Capture;
pub use rate::Rate;

/// A moment or a length of time in microseconds.
pub type Micros = u64;

/// The transmit power that [`Conditions::signal_dbm`] belongs to, in dBm.
pub const NOMINAL_POWER_DBM: i8 = 20;

/// A frame as a radio sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnAir {
    /// Number of the primary channel (1 to 14, 36 to 177).
    pub channel: u8,
    /// Width of the channel that the sender is tuned to, 20 or 40 MHz.
    pub width_mhz: u8,
    /// Rate and modulation.
    pub rate: Rate,
    /// Transmit power; a dB less than [`NOMINAL_POWER_DBM`] is a dB less of signal.
    pub power_dbm: i8,
    /// The frame from its frame control field on, without FCS.
    pub bytes: Vec<u8>,
}

impl OnAir {
    /// A frame on a 20 MHz channel at nominal power.
    pub fn new(channel: u8, rate: Rate, bytes: Vec<u8>) -> Self {
        Self { channel, width_mhz: 20, rate, power_dbm: NOMINAL_POWER_DBM, bytes }
    }
}

/// A frame as a radio receives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// When its last bit was received.
    pub at: Micros,
    /// Number of the channel.
    pub channel: u8,
    /// Rate and modulation.
    pub rate: Rate,
    /// Strength at this receiver.
    pub signal_dbm: i8,
    /// The frame from its frame control field on, without FCS.
    pub bytes: Vec<u8>,
}

/// What became of a transmission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxOutcome {
    /// Whether it was acknowledged; always true for a group address, which nobody acknowledges.
    pub acked: bool,
    /// How often it was repeated.
    pub retries: u8,
    /// When the last try had left the sender: a chip frees the buffer then.
    pub done_at: Micros,
}

/// How bad the air is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// Of a hundred tries, how many one receiver does not hear; also of acknowledgements.
    pub loss_percent: u8,
    /// Up to so many microseconds pass, drawn anew for each frame and receiver, until it is handed up;
    /// the order of one sender's frames stays.
    pub delay_us: Micros,
    /// Of a hundred unicast frames, how many are handed up twice (again with the Retry bit).
    pub duplicate_percent: u8,
    /// Of a hundred frames, how many come so late that the sender's next ones overtake them.
    pub reorder_percent: u8,
    /// Strength of a radio that has none of its own, see [`Air::set_signal`].
    pub signal_dbm: i8,
}

impl Default for Conditions {
    /// Nothing goes wrong; signal -50 dBm.
    fn default() -> Self {
        Self {
            loss_percent: 0,
            delay_us: 0,
            duplicate_percent: 0,
            reorder_percent: 0,
            signal_dbm: -50,
        }
    }
}

/// One try of one transmission, as somebody who hears everything would see it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// When its first bit was sent.
    pub started_at: Micros,
    /// Name of the sending radio.
    pub sender: &'a str,
    /// Strength of the sender at any receiver.
    pub signal_dbm: i8,
    /// The frame, channel and rate; with the Retry bit set where this try is not the first.
    pub frame: &'a OnAir,
}

/// Somebody who is shown every transmission.
pub trait Observer: Send {
    /// One try of one transmission.
    fn seen(&mut self, seen: &Seen<'_>) -> std::io::Result<()>;
}
