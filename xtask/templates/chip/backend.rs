// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The backend of NEWCHIP. Every method that is not written yet says so.

use tern_core::{
    chip::{
        Chip, ChipError, ChipEvent, ChipInfo, ChipKey, Edca, Identity, Link, PeerInfo, RegisterBus,
    },
    control::RxFilter,
    io::TxQueue,
    os::Sleepable,
    types::{Instant, MacAddr, Tuning},
};

use super::INFO;

/// The backend, with the bus that it alone uses.
#[derive(Debug)]
pub struct NewChip<B> {
    bus: B,
}

impl<B: RegisterBus> NewChip<B> {
    /// A chip that nobody has asked anything yet.
    pub const fn new(bus: B) -> Self {
        Self { bus }
    }

    /// The first bytes of the system registers: whether anybody is there.
    fn probe(&mut self, cx: &mut Sleepable) -> Result<u32, ChipError> {
        let mut bytes = [0; 4];
        self.bus.read(cx, 0x0000, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }
}

macro_rules! later {
    ($($method:ident($($arg:ident: $kind:ty),*) -> $result:ty;)*) => {
        impl<B: RegisterBus + Send> Chip for NewChip<B> {
            fn info(&self) -> &'static ChipInfo {
                &INFO
            }

            fn identify(&mut self, cx: &mut Sleepable) -> Result<Identity, ChipError> {
                self.probe(cx)?;
                Err(ChipError::Unsupported)
            }

            $(fn $method(
                &mut self,
                _cx: &mut Sleepable,
                $($arg: $kind),*
            ) -> Result<$result, ChipError> {
                Err(ChipError::Unsupported)
            })*
        }
    };
}

// Write one after the other, in this order, and take it off the list.
later! {
    start(_firmware: &[u8], _mac: MacAddr) -> ();
    stop() -> ();
    set_channel(_tuning: Tuning) -> ();
    set_rx_filter(_filter: RxFilter) -> ();
    set_scanning(_scanning: bool) -> ();
    set_link(_link: &Link) -> ();
    set_edca(_queue: TxQueue, _edca: Edca) -> ();
    set_peer(_peer: &PeerInfo) -> ();
    set_signal(_mac_id: u8, _dbm: i8) -> ();
    set_key(_key: &ChipKey<'_>) -> ();
    clear_key(_slot: u8) -> ();
    set_tx_power(_limit: Option<i8>) -> ();
    set_led(_on: bool) -> ();
    peek(_addr: u16) -> u32;
    on_message(_message: &[u8]) -> ChipEvent;
    tick(_now: Instant) -> Option<Instant>;
}
