// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Ring 3: the whole driver in one process, with a chip model, an air and access points.
//!
//! A [`World`] is the shim, the user and the clock at once. It drives one device through a
//! [`Scenario`], pulls the stick out or lets an allocation fail where it is told to, and afterwards
//! [checks](check) that user, data path and chip tell the same story and that nothing is left.
//! A run is a function of its [`Options`].

mod asked;
mod bus;
mod check;
mod drive;
mod ether;
mod join;
mod options;
mod psk;
mod requests;
mod run;
mod scenario;

use std::{collections::VecDeque, sync::Arc};

use tern_chips::{Any, AnyChip, Endpoints};
use tern_core::{
    control::Failure,
    device::Worker,
    io::{Bulk, TxQueue, UsbPipe},
    os::{OsError, Sleepable},
    types::{MacAddr, VapId},
};

pub use asked::{Asked, Ending};
pub use bus::{Device, SimBus, Wire};
pub use ether::{Ether, Inner};
pub use options::{Options, SCENARIOS, Scenario};
pub use run::{Report, Summary, Sweep, inside, run, run_once};

use crate::{
    access_point::{AccessPoint, Config, Psk},
    air::{Air, Capture, Micros},
    chip::{self, Model, UsbChip},
    os::{Event, SimBulk, SimOs},
    supplicant::Supplicant,
};

/// Transfers that each queue has.
const SLOTS: usize = 4;
/// Receive transfers under way, and the length of each.
const RECEIVE_DEPTH: u8 = 4;
const RECEIVE_LEN: usize = 16 * 1024;
/// Worker runs without a pause, after which it is said to spin.
const RUNS_MAX: u32 = 10_000;

/// The interface.
pub const VAP: VapId = VapId { slot: 0, generation: 1 };
/// Its address, also in the efuse.
pub const OWN: MacAddr = MacAddr([0x00, 0xe0, 0x4c, 0x81, 0x88, 0x01]);
/// The name of the network.
pub const SSID: &[u8] = b"tern";
/// Its secret: a key, because deriving one from a passphrase takes longer than a join.
pub const PSK: [u8; 32] = *b"a pairwise master key, 256 bits!";

/// The other side of a bus, as the options want it.
pub fn ether(options: &Options) -> Arc<Ether> {
    let mut air = Air::new(options.seed, options.conditions);
    if let Some(path) = &options.air_pcap {
        let capture = std::fs::File::create(path).and_then(Capture::new);
        match capture {
            Ok(capture) => air.observe(Box::new(capture)),
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
    let psk = options.scenario.is_protected().then_some(Psk::Key(PSK));
    let config = Config { psk, ..Config::open(SSID, 1) };
    let other = Config { channel: 11, ..Config::open(b"other", 2) };
    let hidden = Config { channel: 1, is_hidden: true, ..Config::open(b"hidden", 3) };
    let points = [config, other, hidden];
    let points =
        points.map(|config| AccessPoint::new(&mut air, options.seed, config)).into_iter().collect();
    let config = chip::Config { model: options.model, mac: OWN.0, injections: Vec::new() };
    let chip = chip::Rtl8192c::new(&config, &mut air);
    let ether = Ether::new(air, chip, points, options.seed);
    ether.lock().unplug_at = options.unplug_at;
    ether
}

/// The shared half of a device on that side.
pub fn device(ether: &Arc<Ether>, options: &Options) -> Result<Device, OsError> {
    let os = SimOs::new(ether.clone(), options.seed, Some(firmware(options.model)));
    os.set_vap(Some(VAP));
    let kind = kind(options.model);
    Device::new(os, UsbPipe::new(SimBulk::new(SLOTS), kind), kind, kind.info())
}

/// The chip behind the ids of a model.
fn kind(model: Model) -> Any {
    let mut air = Air::new(0, crate::air::Conditions::default());
    let config = chip::Config { model, mac: OWN.0, injections: Vec::new() };
    let identity = chip::Rtl8192c::new(&config, &mut air).identity();
    Any::for_usb(identity.vendor, identity.product).expect("the driver knows the models' ids")
}

/// A firmware image with a valid header and arbitrary code: the models check the one and count the
/// other.
fn firmware(_model: Model) -> Vec<u8> {
    let mut image = vec![0; 32];
    image[..2].copy_from_slice(&0x88c1_u16.to_le_bytes());
    // Version.
    image[4..6].copy_from_slice(&80_u16.to_le_bytes());
    image.extend((0..5_000_u32).map(|index| (index * 7 + 1) as u8));
    image
}

/// The half of the device that owns its control state.
type SimWorker<'d> = Worker<'d, SimOs, UsbPipe<SimBulk, Any>, Any, AnyChip<SimBus<'d>>>;

/// One device in its world.
pub struct World<'d> {
    /// The wire to the chip, with the device at its end.
    pub wire: &'d Wire<'d>,
    /// All requests so far.
    pub asked: Vec<Asked>,
    /// Whether the user believes that the link is up.
    pub is_up: bool,
    /// Ethernet frames that came, other than EAPOL.
    pub received: VecDeque<Vec<u8>>,
    /// EAPOL frames that came, from their version on.
    pub eapol: VecDeque<Vec<u8>>,
    /// Everything else that the user was told, in order.
    pub told: Vec<Event>,
    /// What is wrong with the driver, in words.
    pub complaints: Vec<String>,
    /// Nothing is to go wrong in this run.
    is_calm: bool,
    conditions_keep_order: bool,
    is_protected: bool,
    worker: Option<SimWorker<'d>>,
    supplicant: Option<Supplicant>,
    is_stopped_queue: [bool; TxQueue::COUNT],
    steps_to_disconnect: Option<u64>,
    /// The shim ends the device then, whatever goes on.
    stop_at: Option<Micros>,
}

impl<'d> World<'d> {
    /// Probes the device, as a shim does when the stick is plugged in.
    pub fn new(wire: &'d Wire<'d>, options: &Options) -> Result<Self, Failure> {
        let out = wire.ether.lock().chip.identity().endpoints;
        let out = out.iter().filter(|endpoint| endpoint.kind == 2 && endpoint.address < 0x80);
        let endpoints = Endpoints { out: out.count() as u8 };
        let chip = kind(options.model).on_bus(SimBus(wire), endpoints);
        let cx = &mut Sleepable::enter_from_shim();
        let (worker, identity) = wire.device.attach(cx, chip)?;
        let mut complaints = Vec::new();
        if identity.mac != OWN {
            complaints.push(format!("the efuse says {OWN}, the driver {}", identity.mac));
        }
        wire.device.data.pipe.bulk.start_receiving(cx, RECEIVE_DEPTH, RECEIVE_LEN)?;
        Ok(Self {
            wire,
            asked: Vec::new(),
            is_up: false,
            received: VecDeque::new(),
            eapol: VecDeque::new(),
            told: Vec::new(),
            complaints,
            is_calm: options.is_calm(),
            conditions_keep_order: options.conditions.reorder_percent == 0,
            is_protected: options.scenario.is_protected(),
            worker: Some(worker),
            supplicant: None,
            is_stopped_queue: [false; TxQueue::COUNT],
            steps_to_disconnect: None,
            stop_at: None,
        })
    }
}
