// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Small values shared by every module.

/// A MAC address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MacAddr(pub [u8; 6]);

/// A 2.4 GHz channel number, valid by construction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel(u8);

impl Channel {
    /// Returns the channel, or `None` if `number` is not a 2.4 GHz channel.
    pub const fn new(number: u8) -> Option<Self> {
        match number {
            1..=14 => Some(Self(number)),
            _ => None,
        }
    }

    /// The channel number, 1 to 14.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// The name of a network: at most 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ssid {
    len: u8,
    bytes: [u8; 32],
}

impl Ssid {
    /// Returns the name, or `None` if it is too long.
    pub fn new(name: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        bytes.get_mut(..name.len())?.copy_from_slice(name);
        Some(Self { len: u8::try_from(name.len()).ok()?, bytes })
    }

    /// The bytes of the name.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// Microseconds since an arbitrary start; never read from a clock inside this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub u64);

impl Instant {
    /// The instant `micros` later.
    pub const fn after_us(self, micros: u64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

macro_rules! slot_ids {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        ///
        /// A stale one finds nothing: the generation of its slot has moved on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            /// Place in its table.
            pub slot: u8,
            /// How often the place was given out before.
            pub generation: u16,
        }
    )* };
}

slot_ids! {
    /// Names an interface; the shim gives these out, because an interface's lifetime is the shim's.
    VapId
    /// Ties the answer to a control request to the caller that waits for it.
    RequestId
    /// Names a peer.
    PeerId
}
