// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the engine asks of a chip, and what a chip asks of its bus.

use core::{ffi::CStr, fmt};

use bitflags::bitflags;

use crate::{
    control::RxFilter,
    io::TxQueue,
    os::{OsError, Sleepable},
    types::{Cipher, Instant, LegacyRates, MacAddr, Mode, Tuning, Width},
};

/// Register access over USB control transfers or memory-mapped I/O.
///
/// Object-safe on purpose: one control transfer takes far longer than an indirect call, and one
/// copy of the chip code then serves every bus.
pub trait RegisterBus {
    /// Reads `out.len()` bytes (1, 2 or 4) at `addr`.
    fn read(&mut self, cx: &mut Sleepable, addr: u16, out: &mut [u8]) -> Result<(), OsError>;
    /// Writes `data` (1, 2, 4 or a block of at most [`BLOCK_MAX`]) at `addr`.
    fn write(&mut self, cx: &mut Sleepable, addr: u16, data: &[u8]) -> Result<(), OsError>;
    /// Waits for the hardware.
    fn delay_us(&mut self, cx: &mut Sleepable, micros: u32);
    /// Time, for waits that end.
    fn now(&self) -> Instant;
}

/// Most bytes of one block write (USB: what every known chip takes in one vendor request).
pub const BLOCK_MAX: usize = 196;

/// A register: its address, its width and its layout.
pub trait Register: Copy {
    /// Address in the chip.
    const ADDR: u16;
    /// Bytes: 1, 2 or 4.
    const LEN: usize;
    /// From the value read.
    fn from_raw(raw: u32) -> Self;
    /// To the value to write.
    fn to_raw(self) -> u32;
}

/// Typed access on top of [`RegisterBus`].
pub trait RegisterBusExt: RegisterBus {
    /// Reads a register.
    fn get<R: Register>(&mut self, cx: &mut Sleepable) -> Result<R, OsError> {
        let mut raw = [0; 4];
        let bytes = raw.get_mut(..R::LEN).ok_or(OsError::Transfer)?;
        self.read(cx, R::ADDR, bytes)?;
        Ok(R::from_raw(u32::from_le_bytes(raw)))
    }

    /// Writes a register.
    fn set<R: Register>(&mut self, cx: &mut Sleepable, value: R) -> Result<(), OsError> {
        let raw = value.to_raw().to_le_bytes();
        self.write(cx, R::ADDR, raw.get(..R::LEN).ok_or(OsError::Transfer)?)
    }

    /// Reads, changes and writes a register.
    fn update<R: Register>(
        &mut self,
        cx: &mut Sleepable,
        change: impl FnOnce(R) -> R,
    ) -> Result<(), OsError> {
        let old = self.get(cx)?;
        self.set(cx, change(old))
    }
}

impl<B: RegisterBus + ?Sized> RegisterBusExt for B {}

/// Why a chip could not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChipError {
    /// The system or the bus.
    Os(OsError),
    /// The hardware did not answer in time: what was waited for.
    Timeout(&'static str),
    /// The firmware could not be loaded.
    Firmware(FirmwareError),
    /// This is not a chip that the driver knows, or its efuse makes no sense.
    Unknown(&'static str),
    /// The chip cannot do this.
    Unsupported,
}

/// What is wrong with the firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirmwareError {
    /// No such file: its name, and where users get it from is in the text of this error.
    Missing(&'static str),
    /// Shorter than a header, empty, or longer than the chip's memory.
    BadLength(usize),
    /// The header's signature is of another chip.
    BadSignature(u16),
    /// The chip computed another checksum.
    Checksum,
    /// The firmware never said that it runs.
    NotReady,
    /// The firmware of an earlier boot runs and cannot be stopped.
    Stale,
}

impl From<OsError> for ChipError {
    fn from(error: OsError) -> Self {
        Self::Os(error)
    }
}

impl From<FirmwareError> for ChipError {
    fn from(error: FirmwareError) -> Self {
        Self::Firmware(error)
    }
}

impl fmt::Display for ChipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Os(error) => write!(f, "{error:?}"),
            Self::Timeout(what) => write!(f, "timed out waiting for {what}"),
            Self::Firmware(error) => error.fmt(f),
            Self::Unknown(what) => write!(f, "not understood: {what}"),
            Self::Unsupported => f.write_str("not supported by this chip"),
        }
    }
}

impl fmt::Display for FirmwareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => {
                write!(f, "firmware {name} is missing; it comes with linux-firmware")
            }
            Self::BadLength(len) => write!(f, "firmware of {len} bytes cannot be right"),
            Self::BadSignature(found) => write!(f, "firmware has signature {found:#06x}"),
            Self::Checksum => f.write_str("firmware checksum is wrong"),
            Self::NotReady => f.write_str("firmware does not start"),
            Self::Stale => f.write_str("firmware of an earlier boot cannot be stopped"),
        }
    }
}

bitflags! {
    /// Duties that a chip or its firmware takes over.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Offloads: u16 {
        /// Scanning.
        const SCAN = 1 << 0;
        /// Rate control: frames carry no rate, [`Chip::set_peer`] says which are allowed.
        const RATE_CONTROL = 1 << 1;
        /// Authentication and association.
        const MLME = 1 << 2;
        /// A [`crate::io::TxReport`] follows each frame that asks for one.
        const TX_REPORTS = 1 << 3;
    }

    /// Parts of the spectrum.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Bands: u8 {
        /// [`crate::types::Band::Ghz2`].
        const GHZ2 = 1 << 0;
        /// [`crate::types::Band::Ghz5`].
        const GHZ5 = 1 << 1;
    }

    /// Ciphers that a chip does by itself.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Ciphers: u8 {
        /// WEP, both lengths.
        const WEP = 1 << 0;
        /// TKIP.
        const TKIP = 1 << 1;
        /// CCMP-128.
        const CCMP = 1 << 2;
    }
}

/// What differs between chips and is not code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChipInfo {
    /// For people.
    pub name: &'static str,
    /// What core need not do.
    pub offloads: Offloads,
    /// Ciphers in hardware.
    pub ciphers: Ciphers,
    /// Places in the key table, [`ChipInfo::group_keys`] included.
    pub keys_max: u8,
    /// The first places belong to group keys, by key identifier.
    pub group_keys: u8,
    /// Peers that the firmware can tell apart; peer 0 is everybody and the access point.
    pub peers_max: u8,
    /// Bands that the radio has.
    pub bands: Bands,
    /// The chip can work 40 MHz wide.
    pub has_40mhz: bool,
    /// Bytes before each frame that goes out.
    pub tx_descriptor_len: u8,
    /// Bytes of a receive transfer.
    pub rx_transfer_len: usize,
}

/// What [`Chip::identify`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What it is, for people: "RTL8188CUS".
    pub name: &'static str,
    /// The firmware image for this cut.
    pub firmware: &'static CStr,
    /// The address in its efuse.
    pub mac: MacAddr,
    /// Transmit chains.
    pub tx_chains: u8,
    /// Receive chains.
    pub rx_chains: u8,
}

/// The network that the chip belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// What we are there.
    pub mode: Mode,
    /// Which network; `None` for none.
    pub bssid: Option<MacAddr>,
    /// Our association id; 0 before there is one.
    pub aid: u16,
    /// Beacon interval in time units of 1,024 us.
    pub beacon_interval_tu: u16,
    /// Rates for control answers.
    pub basic_rates: LegacyRates,
    /// Slots of 9 us instead of 20 us.
    pub short_slot: bool,
    /// Short preambles are allowed.
    pub short_preamble: bool,
}

impl Link {
    /// No network.
    pub const fn none(mode: Mode) -> Self {
        Self {
            mode,
            bssid: None,
            aid: 0,
            beacon_interval_tu: 100,
            basic_rates: LegacyRates::CCK,
            short_slot: false,
            short_preamble: false,
        }
    }
}

/// A peer that the firmware keeps rates for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerInfo {
    /// The chip's number for it.
    pub mac_id: u8,
    /// Legacy rates that it understands.
    pub rates: LegacyRates,
    /// HT rates, bit n is MCS n; 0 without HT.
    pub mcs: u32,
    /// How wide we and it work.
    pub width: Width,
    /// It understands short guard intervals.
    pub short_gi: bool,
}

/// Parameters of one access category (IEEE Std 802.11-2020, 9.4.2.28).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edca {
    /// Arbitration interframe space number, at least 2.
    pub aifsn: u8,
    /// Exponent of the smallest contention window: 2^n - 1.
    pub ecw_min: u8,
    /// Exponent of the largest.
    pub ecw_max: u8,
    /// Transmission opportunity limit, units of 32 us.
    pub txop: u16,
}

/// A key for the chip's table.
#[derive(Clone, Copy)]
pub struct ChipKey<'a> {
    /// Place in the table.
    pub slot: u8,
    /// The peer; for a group key the access point's address.
    pub addr: MacAddr,
    /// Whether it is a group key.
    pub is_group: bool,
    /// Key identifier.
    pub index: u8,
    /// Cipher.
    pub cipher: Cipher,
    /// The key.
    pub bytes: &'a [u8],
}

impl fmt::Debug for ChipKey<'_> {
    /// Names the key, and never prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} key {} of {} in slot {}", self.cipher, self.index, self.addr, self.slot)
    }
}

/// What a message of the firmware means to core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChipEvent {
    /// Nothing; the backend has taken note.
    Nothing,
    /// No beacons any more.
    BeaconLost,
    /// What became of a frame.
    TxReport(crate::io::TxReport),
}

/// A chip with its bus. Every method may sleep, ends within a time of its own, and is called by
/// the engine only, on the one worker.
pub trait Chip: Send {
    /// What it is.
    fn info(&self) -> &'static ChipInfo;
    /// Reads what the hardware says of itself. No firmware is needed; afterwards the chip is off.
    fn identify(&mut self, cx: &mut Sleepable) -> Result<Identity, ChipError>;
    /// From off to ready: power, firmware, tables, calibration. After an error the chip is off,
    /// as far as it lets itself be switched. `mac` becomes its address.
    fn start(&mut self, cx: &mut Sleepable, firmware: &[u8], mac: MacAddr)
    -> Result<(), ChipError>;
    /// Switches off, from any state.
    fn stop(&mut self, cx: &mut Sleepable) -> Result<(), ChipError>;
    /// Tunes the radio.
    fn set_channel(&mut self, cx: &mut Sleepable, tuning: Tuning) -> Result<(), ChipError>;
    /// Tells the chip which network it belongs to.
    fn set_link(&mut self, cx: &mut Sleepable, link: &Link) -> Result<(), ChipError>;
    /// A scan begins or ends: other values for the receiver's gain, timers left alone.
    fn set_scanning(&mut self, cx: &mut Sleepable, scanning: bool) -> Result<(), ChipError>;
    /// Says what to take in.
    fn set_rx_filter(&mut self, cx: &mut Sleepable, filter: RxFilter) -> Result<(), ChipError>;
    /// Contention parameters of a queue.
    fn set_edca(&mut self, cx: &mut Sleepable, queue: TxQueue, edca: Edca)
    -> Result<(), ChipError>;
    /// Adds a peer, or changes what is known of it.
    fn set_peer(&mut self, cx: &mut Sleepable, peer: &PeerInfo) -> Result<(), ChipError>;
    /// How strong a peer is heard, on average, dBm: for firmware that chooses rates by it.
    fn set_signal(&mut self, cx: &mut Sleepable, mac_id: u8, dbm: i8) -> Result<(), ChipError>;
    /// Writes a key into the key table.
    fn set_key(&mut self, cx: &mut Sleepable, key: &ChipKey<'_>) -> Result<(), ChipError>;
    /// Removes it.
    fn clear_key(&mut self, cx: &mut Sleepable, slot: u8) -> Result<(), ChipError>;
    /// Limits transmit power, dBm.
    fn set_tx_power(&mut self, cx: &mut Sleepable, limit: Option<i8>) -> Result<(), ChipError>;
    /// Switches the light on or off.
    fn set_led(&mut self, cx: &mut Sleepable, on: bool) -> Result<(), ChipError>;
    /// Reads four bytes of registers from `addr` on, for who looks for a fault.
    fn peek(&mut self, cx: &mut Sleepable, addr: u16) -> Result<u32, ChipError>;
    /// Takes a message of the firmware.
    fn on_message(&mut self, cx: &mut Sleepable, message: &[u8]) -> Result<ChipEvent, ChipError>;
    /// Work that comes round: temperature, gain. Returns when to call again, if ever.
    fn tick(&mut self, cx: &mut Sleepable, now: Instant) -> Result<Option<Instant>, ChipError>;
}

/// Hands each method of [`Chip`] to the chip behind a reference.
macro_rules! forward {
    ($($method:ident($($arg:ident: $kind:ty),*) -> $result:ty;)*) => {
        impl<C: Chip> Chip for &mut C {
            fn info(&self) -> &'static ChipInfo {
                (**self).info()
            }
            $(fn $method(
                &mut self,
                cx: &mut Sleepable,
                $($arg: $kind),*
            ) -> Result<$result, ChipError> {
                (**self).$method(cx, $($arg),*)
            })*
        }
    };
}

// A chip may live in memory of its own, where it takes no room on a kernel's stack.
forward! {
    identify() -> Identity;
    start(firmware: &[u8], mac: MacAddr) -> ();
    stop() -> ();
    set_channel(tuning: Tuning) -> ();
    set_link(link: &Link) -> ();
    set_scanning(scanning: bool) -> ();
    set_rx_filter(filter: RxFilter) -> ();
    set_edca(queue: TxQueue, edca: Edca) -> ();
    set_peer(peer: &PeerInfo) -> ();
    set_signal(mac_id: u8, dbm: i8) -> ();
    set_key(key: &ChipKey<'_>) -> ();
    clear_key(slot: u8) -> ();
    set_tx_power(limit: Option<i8>) -> ();
    set_led(on: bool) -> ();
    peek(addr: u16) -> u32;
    on_message(message: &[u8]) -> ChipEvent;
    tick(now: Instant) -> Option<Instant>;
}
