// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A stick on the desk: the model of a chip with a driver's backend on its registers.

use std::sync::{Arc, Mutex, MutexGuard};

use tern_chips::{Any, AnyChip, Endpoints};
use tern_core::{
    chip::{Chip, RegisterBus},
    io::{Framing, TxInfo},
    os::{OsError, Sleepable},
    types::{Instant, MacAddr},
};
use tern_sim::{
    air::{Air, Conditions, Micros},
    chip::{Config, Injection, Model, Rtl8192c, UsbChip},
};

/// The address in the efuse.
pub(crate) const OWN: MacAddr = MacAddr([0x00, 0xe0, 0x4c, 0x81, 0x92, 0x01]);
/// Somebody else.
pub(crate) const PEER: MacAddr = MacAddr([0x02, 0x00, 0x00, 0x00, 0x00, 0x09]);
/// The last channel of the band.
pub(crate) const CHANNEL_MAX: u8 = 14;
/// What a control transfer takes: a microframe.
const TRANSFER_US: Micros = 125;

/// A firmware image with a header: what it holds does not matter to the model.
pub(crate) fn firmware() -> Vec<u8> {
    let mut image = vec![0; 32];
    image[..2].copy_from_slice(&0x88c1_u16.to_le_bytes());
    image.extend((0..16_000_u32).map(|at| (at * 7 + 1) as u8));
    image
}

/// A write to a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// Where.
    pub(crate) addr: u16,
    /// Bytes.
    pub(crate) len: usize,
    /// What.
    pub(crate) value: u32,
}

/// Each byte that was written by itself.
pub(crate) fn as_bytes(writes: &[Access]) -> Vec<(u16, u32)> {
    let split = |it: &Access| (it.addr..).zip(it.value.to_le_bytes()).take(it.len);
    writes.iter().flat_map(split).map(|(addr, byte)| (addr, u32::from(byte))).collect()
}

/// FNV-1a over address and value of each row.
pub(crate) fn checksum(rows: &[(u16, u32)]) -> u64 {
    let bytes = |(addr, value): &(u16, u32)| {
        addr.to_le_bytes().into_iter().chain(value.to_le_bytes()).collect::<Vec<u8>>()
    };
    rows.iter().flat_map(bytes).fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

struct World {
    chip: Rtl8192c,
    air: Air,
    now: Micros,
    transfers: usize,
    unplug_at: Option<usize>,
    writes: Vec<Access>,
}

impl World {
    fn transfer(&mut self) -> Result<(), OsError> {
        self.transfers += 1;
        self.now += TRANSFER_US;
        if self.unplug_at.is_some_and(|at| self.transfers > at) {
            return Err(OsError::Detached);
        }
        Ok(())
    }
}

/// The registers of the model.
#[derive(Clone)]
pub(crate) struct ModelBus(Arc<Mutex<World>>);

impl RegisterBus for ModelBus {
    fn read(&mut self, _cx: &mut Sleepable, addr: u16, out: &mut [u8]) -> Result<(), OsError> {
        assert!(matches!(out.len(), 1 | 2 | 4), "{} bytes read at {addr:#05x}", out.len());
        let mut world = self.0.lock().unwrap();
        world.transfer()?;
        let now = world.now;
        world.chip.read(now, addr, out).map_err(|_| OsError::Transfer)
    }

    fn write(&mut self, _cx: &mut Sleepable, addr: u16, data: &[u8]) -> Result<(), OsError> {
        let mut world = self.0.lock().unwrap();
        world.transfer()?;
        let World { chip, air, now, writes, .. } = &mut *world;
        if let 1 | 2 | 4 = data.len() {
            let value = data.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
            writes.push(Access { addr, len: data.len(), value });
        }
        chip.write(*now, air, addr, data).map_err(|_| OsError::Transfer)
    }

    fn delay_us(&mut self, _cx: &mut Sleepable, micros: u32) {
        self.0.lock().unwrap().now += Micros::from(micros);
    }

    fn now(&self) -> Instant {
        Instant(self.0.lock().unwrap().now)
    }
}

/// The stick.
pub(crate) struct Stick {
    world: Arc<Mutex<World>>,
    /// The backend under test.
    pub(crate) chip: AnyChip<ModelBus>,
}

impl Stick {
    /// Plugged in, untouched.
    pub(crate) fn new(model: Model, injections: &[Injection]) -> Self {
        let mut air = Air::new(1, Conditions::default());
        let config = Config { model, mac: OWN.0, injections: injections.to_vec() };
        let chip = Rtl8192c::new(&config, &mut air);
        let world = World { chip, air, now: 0, transfers: 0, unplug_at: None, writes: Vec::new() };
        let world = Arc::new(Mutex::new(world));
        Self { chip: Self::driver(&world), world }
    }

    fn driver(world: &Arc<Mutex<World>>) -> AnyChip<ModelBus> {
        let identity = world.lock().unwrap().chip.identity();
        let out = identity.endpoints.iter().filter(|it| it.kind == 2 && it.address < 0x80).count();
        let any = Any::for_usb(identity.vendor, identity.product).unwrap();
        any.on_bus(ModelBus(Arc::clone(world)), Endpoints { out: out as u8 })
    }

    /// Identified and started.
    pub(crate) fn started(model: Model) -> Self {
        let mut stick = Self::new(model, &[]);
        let cx = &mut Sleepable::enter_from_shim();
        stick.chip.identify(cx).unwrap();
        stick.take_writes();
        stick.chip.start(cx, &firmware(), OWN).unwrap();
        stick
    }

    /// Another driver comes, which knows nothing of what this one did.
    pub(crate) fn forget_driver(&mut self) {
        self.chip = Self::driver(&self.world);
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Looks at the model.
    pub(crate) fn with_model<T>(&self, look: impl FnOnce(&mut Rtl8192c) -> T) -> T {
        look(&mut self.world().chip)
    }

    /// Looks at the air.
    pub(crate) fn with_air<T>(&self, look: impl FnOnce(&mut Air) -> T) -> T {
        look(&mut self.world().air)
    }

    /// The time.
    pub(crate) fn now(&self) -> Micros {
        self.world().now
    }

    /// Nothing was found wrong, nor odd, but that the published table of the RTL8188CUS writes to
    /// the radio that it does not have.
    pub(crate) fn is_faultless(&self) {
        let world = self.world();
        assert_eq!(world.chip.faults(), []);
        let odd = world.chip.notes().iter().filter(|note| note.code != "rf-no-chain");
        assert_eq!(odd.collect::<Vec<_>>(), [] as [&tern_sim::chip::Fault; 0]);
    }

    /// Whether the MAC has no power.
    pub(crate) fn is_off(&self) -> bool {
        let mut world = self.world();
        let mut engines = [0; 2];
        let now = world.now;
        world.chip.read(now, 0x100, &mut engines).unwrap();
        engines == [0xea; 2]
    }

    /// Register writes since the last call, without the firmware's blocks.
    pub(crate) fn take_writes(&mut self) -> Vec<Access> {
        std::mem::take(&mut self.world().writes)
    }

    /// Control transfers so far.
    pub(crate) fn transfers(&self) -> usize {
        self.world().transfers
    }

    /// Counts anew.
    pub(crate) fn reset_transfers(&mut self) {
        self.world().transfers = 0;
    }

    /// After this many transfers the device is gone.
    pub(crate) fn unplug_at(&mut self, transfers: usize) {
        self.world().unplug_at = Some(transfers);
    }

    /// Sends a frame as a shim would.
    pub(crate) fn send(&mut self, tx: TxInfo, frame: &[u8]) {
        let any = Any::Rtl8192C;
        let mut transfer = vec![0; any.tx_descriptor_len()];
        any.write_tx_descriptor(&mut transfer, tx);
        transfer.extend_from_slice(frame);
        let mut world = self.world();
        let World { chip, air, now, .. } = &mut *world;
        let identity = chip.identity();
        let out: Vec<u8> = identity
            .endpoints
            .iter()
            .filter(|it| it.kind == 2 && it.address < 0x80)
            .map(|it| it.address)
            .collect();
        let is_management = tx.flags.contains(tern_core::io::TxFlags::MANAGEMENT);
        let endpoint = out[any.endpoint(tx.queue, is_management, out.len())];
        chip.bulk_out(*now, air, endpoint, &transfer).unwrap();
    }

    /// The next transfer that comes in.
    pub(crate) fn receive(&mut self) -> Vec<u8> {
        let mut world = self.world();
        let World { chip, air, now, .. } = &mut *world;
        *now = chip.next_event(air).unwrap().max(*now);
        chip.poll(*now, air);
        chip.bulk_in(*now, air).unwrap()
    }
}
