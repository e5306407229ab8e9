// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! RTL8192C: RTL8188CU, RTL8188CUS, RTL8188RU, RTL8191CU and RTL8192CU. 2.4 GHz, 802.11n, one or
//! two streams, USB 2.0.

pub mod desc;
pub mod rx;

use tern_core::{
    chip::{
        Chip, ChipError, ChipEvent, ChipInfo, ChipKey, Ciphers, Edca, Identity, Link, Offloads,
        PeerInfo, RegisterBus,
    },
    control::RxFilter,
    io::{Framing, RxCarry, RxItem, TxInfo, TxQueue},
    os::Sleepable,
    types::{Instant, MacAddr, Tuning},
};

use crate::Endpoints;

/// What these chips are. The firmware picks rates from a mask (`Chip::set_peer`). It could report
/// on single frames through a mailbox that would have to be polled; nobody here does.
pub const INFO: ChipInfo = ChipInfo {
    name: "RTL8192C",
    offloads: Offloads::RATE_CONTROL,
    ciphers: Ciphers::CCMP,
    keys_max: 32,
    group_keys: 4,
    peers_max: 32,
    has_40mhz: true,
    tx_descriptor_len: desc::TX_DESCRIPTOR_LEN,
    rx_transfer_len: 16 * 1024,
};

/// Which of the bulk OUT endpoints a frame goes to: the first leads to the high queue, the second
/// to the normal one, the third to the low one; `init` tells the chip the same.
pub const fn endpoint(queue: TxQueue, is_management: bool, out_endpoints: usize) -> usize {
    match (queue, out_endpoints) {
        _ if is_management => 0,
        (TxQueue::Voice, _) | (_, 0 | 1) => 0,
        (TxQueue::Video, 2) => 0,
        (TxQueue::Video, _) | (_, 2) => 1,
        (TxQueue::BestEffort | TxQueue::Background, _) => 2,
    }
}

/// How the chip wraps frames on USB.
#[derive(Clone, Copy, Debug)]
pub struct Framing8192C {
    /// The board has an amplifier (RTL8188RU): reports of 802.11b frames have another scale.
    pub high_power: bool,
}

impl Framing for Framing8192C {
    fn tx_descriptor_len(&self) -> usize {
        desc::TX_DESCRIPTOR_LEN.into()
    }

    fn write_tx_descriptor(&self, out: &mut [u8], tx: TxInfo) {
        desc::write_tx(out, &tx);
    }

    fn next_rx<'a>(
        &self,
        carry: &'a mut RxCarry,
        transfer: &'a [u8],
        at: &mut usize,
    ) -> Option<RxItem<'a>> {
        rx::next(carry, transfer, at, self.high_power)
    }
}

/// The backend, with the bus that it alone uses.
#[derive(Debug)]
pub struct Rtl8192C<B> {
    #[expect(dead_code, reason = "until the methods below are there")]
    bus: B,
    #[expect(dead_code, reason = "until the methods below are there")]
    endpoints: Endpoints,
}

impl<B: RegisterBus> Rtl8192C<B> {
    /// A chip that nobody has asked anything yet.
    pub const fn new(bus: B, endpoints: Endpoints) -> Self {
        Self { bus, endpoints }
    }
}

macro_rules! later {
    ($($method:ident($($arg:ident: $kind:ty),*) -> $result:ty;)*) => {
        impl<B: RegisterBus + Send> Chip for Rtl8192C<B> {
            fn info(&self) -> &'static ChipInfo {
                &INFO
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

later! {
    identify() -> Identity;
    start(_firmware: &[u8], _mac: MacAddr) -> ();
    stop() -> ();
    set_channel(_tuning: Tuning) -> ();
    set_link(_link: &Link) -> ();
    set_scanning(_scanning: bool) -> ();
    set_rx_filter(_filter: RxFilter) -> ();
    set_edca(_queue: TxQueue, _edca: Edca) -> ();
    set_peer(_peer: &PeerInfo) -> ();
    set_key(_key: &ChipKey<'_>) -> ();
    clear_key(_slot: u8) -> ();
    set_tx_power(_limit: Option<i8>) -> ();
    set_led(_on: bool) -> ();
    on_message(_message: &[u8]) -> ChipEvent;
    tick(_now: Instant) -> Option<Instant>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_queue_has_its_endpoint() {
        use TxQueue::{Background, BestEffort, Video, Voice};
        let all = |out| [Voice, Video, BestEffort, Background].map(|q| endpoint(q, false, out));
        assert_eq!(all(1), [0, 0, 0, 0]);
        assert_eq!(all(2), [0, 0, 1, 1]);
        assert_eq!(all(3), [0, 1, 2, 2]);
        assert_eq!(all(4), [0, 1, 2, 2]);
        assert_eq!(endpoint(BestEffort, true, 3), 0);
    }
}
