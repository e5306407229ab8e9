// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! A whole machine: the air with its access points, the stick, the fake kernel, and the module.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context as _, Result};
use tern_sim::{
    access_point::{AccessPoint, Config},
    air::{Air, Conditions, Micros},
    chip::{self, Model, Rtl8192c, UsbChip as _},
    world::Ether,
};

use crate::{
    crash,
    engine::{self, Event, Kernel, Options, State, Stick, User},
    load::{self, Image, Kpi},
};

/// The stick's address.
pub const MAC: [u8; 6] = [0x00, 0xe0, 0x4c, 0x81, 0x88, 0x01];
/// Longest time that one call of the user's may take.
const CALL_US: Micros = 120_000_000;
/// Firmware with a valid header and bytes that are no firmware; the models look at the header.
const FIRMWARE_LEN: usize = 12_000;

/// What a machine is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The fake kernel, compiled.
    pub kernel: PathBuf,
    /// The module as built.
    pub module: PathBuf,
    /// The chip of the stick.
    pub model: Model,
    /// Access points.
    pub access_points: Vec<Config>,
    /// The transfer, from 1, at which the stick is pulled out.
    pub unplug_at: Option<u64>,
    /// How it runs.
    pub options: Options,
}

/// The machine. Its calls are those of a user or of the hardware; they are made in the first thread.
#[derive(Debug)]
pub struct Machine {
    /// The fake kernel.
    pub kernel: Kernel,
    ether: Arc<Ether>,
    module: PathBuf,
    kpis: Vec<Kpi>,
    image: Mutex<Option<Image>>,
}

fn firmware() -> Vec<u8> {
    let mut image = vec![0; 32];
    image[..2].copy_from_slice(&0x88c1_u16.to_le_bytes());
    image[4..6].copy_from_slice(&0x0058_u16.to_le_bytes());
    image.extend((0..FIRMWARE_LEN).map(|index| (index * 7 + 1) as u8));
    image
}

impl Machine {
    /// Makes the only machine of this process.
    ///
    /// # Errors
    ///
    /// The fake kernel cannot be loaded.
    pub fn new(setup: &Setup) -> Result<Arc<Self>> {
        crash::install();
        let seed = setup.options.seed;
        let mut air = Air::new(seed, Conditions::default());
        let points = setup.access_points.iter().cloned();
        let points = points.map(|config| AccessPoint::new(&mut air, seed, config)).collect();
        let config = chip::Config { model: setup.model, mac: MAC, injections: Vec::new() };
        let chip = Rtl8192c::new(&config, &mut air);
        let stick = Stick { config, identity: chip.identity() };
        let ether = Ether::new(air, chip, points, seed);
        ether.lock().unplug_at = setup.unplug_at;
        engine::start(setup.options.clone(), ether.clone(), stick, firmware());
        let (kernel, kpis) = load::load_kernel(&setup.kernel)?;
        let module = setup.module.clone();
        Ok(Arc::new(Self { kernel, ether, module, kpis, image: Mutex::new(None) }))
    }

    /// Carries `work` out in the machine's first thread.
    ///
    /// # Errors
    ///
    /// Those of `work`.
    pub fn run(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let result = Arc::new(Mutex::new(None));
        let (machine, slot) = (self.clone(), result.clone());
        engine::enter_first_thread(
            "user",
            Box::new(move || {
                engine::lock().set_booting(true);
                machine.kernel.boot();
                engine::lock().set_booting(false);
                machine.watch_the_port();
                let outcome = work(&machine);
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
                engine::finish();
            }),
        );
        let outcome = result.lock().unwrap_or_else(PoisonError::into_inner).take();
        outcome.context("the machine's first thread ended early")?
    }

    /// What the kernel's list of KPIs says.
    pub fn kpis(&self) -> &[Kpi] {
        &self.kpis
    }

    fn image(&self) -> MutexGuard<'_, Option<Image>> {
        self.image.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread of the USB stack's that lets go of a stick that is gone.
    fn watch_the_port(&self) {
        let kernel = self.kernel;
        engine::spawn_helper(
            "explore",
            Box::new(move || {
                loop {
                    engine::wait_for_unplug();
                    // The stick is gone whatever the driver says; the kernel's part has told if that was wrong.
                    let _ = engine::exclusively(|| kernel.unplug(true));
                    engine::lock().has_let_go();
                }
            }),
        );
    }

    /// kldload, modload: the module comes into memory, and its entry point is called.
    ///
    /// # Errors
    ///
    /// The module does not fit the kernel; what its entry point says.
    pub fn load(&self) -> Result<()> {
        let image = load::load_module(&self.module, &self.kpis)?;
        *self.image() = Some(image);
        self.begin_call();
        let kernel = self.kernel;
        let loaded =
            engine::call_in_thread("modload", move || engine::exclusively(|| kernel.load()));
        loaded.map_err(|errno| anyhow::anyhow!("the module's load says errno {errno}"))
    }

    /// kldunload, modunload, and out of memory with it.
    ///
    /// # Errors
    ///
    /// What its exit point says.
    pub fn unload(&self) -> Result<()> {
        self.begin_call();
        let kernel = self.kernel;
        let unloaded =
            engine::call_in_thread("modunload", move || engine::exclusively(|| kernel.unload()));
        unloaded.map_err(|errno| anyhow::anyhow!("the module's unload says errno {errno}"))?;
        if let Some(image) = self.image().take() {
            load::unload_module(image);
        }
        Ok(())
    }

    fn in_explorer(
        &self,
        work: impl FnOnce(Kernel) -> Result<(), i32> + Send + 'static,
    ) -> Result<(), i32> {
        self.begin_call();
        let kernel = self.kernel;
        engine::call_in_thread("usb explore", move || engine::exclusively(|| work(kernel)))
    }

    /// The stick is plugged in.
    ///
    /// # Errors
    ///
    /// What the kernel says: no driver wants it, it cannot attach. As for all that follow.
    pub fn plug(&self) -> Result<(), i32> {
        engine::lock().plug_in();
        self.in_explorer(|kernel| kernel.plug())
    }

    /// The stick is pulled out; returns when its driver has let go of it.
    pub fn pull_out(&self) {
        self.begin_call();
        engine::lock().pull_out();
        self.wait_until(CALL_US, |_| engine::lock().is_let_go());
    }

    /// devctl detach, drvctl -d.
    pub fn detach(&self) -> Result<(), i32> {
        self.in_explorer(|kernel| kernel.unplug(false))
    }

    /// The machine sleeps.
    pub fn suspend(&self) -> Result<(), i32> {
        self.in_explorer(|kernel| kernel.suspend())
    }

    /// The machine wakes up.
    pub fn resume(&self) -> Result<(), i32> {
        self.in_explorer(|kernel| kernel.resume())
    }

    /// ioctl(2) of a process with this memory.
    pub fn ioctl(&self, user: Box<dyn User>, command: u64, argument: u64) -> Result<(), i32> {
        self.begin_call();
        let before = engine::lock().replace_user(user);
        let result = self.kernel.ioctl(command, argument);
        engine::lock().replace_user(before);
        result
    }

    fn begin_call(&self) {
        engine::lock().must_end_within(CALL_US);
    }

    /// Lets things happen until `is_over`, for at most `micros`; whether it became true. `is_over` gets
    /// what came up since it was asked last.
    pub fn wait_until(&self, micros: Micros, mut is_over: impl FnMut(Vec<Event>) -> bool) -> bool {
        let end = self.now() + micros;
        loop {
            let events = engine::lock().take_events();
            if is_over(events) {
                return true;
            }
            if self.now() >= end {
                return false;
            }
            engine::lock().must_end_within(micros + CALL_US);
            engine::sleep_for_events(end);
        }
    }

    /// Lets time pass.
    pub fn sleep(&self, micros: Micros) {
        self.wait_until(micros, |_| false);
    }

    /// Time.
    pub fn now(&self) -> Micros {
        self.ether.lock().now
    }

    /// Time, the chip, the air and the access points.
    pub fn ether(&self) -> &Ether {
        &self.ether
    }

    /// Whether the stick is gone and its driver has been told.
    pub fn is_gone(&self) -> bool {
        self.ether.lock().is_unplugged
    }

    /// Whether an allocation failed, because the run wanted it.
    pub fn lacks_memory(&self) -> bool {
        engine::lock().has_failed_allocation()
    }

    /// After everything is gone: reports what is left, and what the model has to say of its driver.
    pub fn check_end(&self) {
        self.kernel.check();
        engine::lock().report_what_is_left();
        let faults = self.ether.lock().chip.faults().to_vec();
        for fault in faults {
            let what = format!("the chip: {}: {} ({} times)", fault.code, fault.text, fault.times);
            engine::lock().complain(&what);
        }
    }

    /// Something that the user finds wrong.
    pub fn complain(&self, what: &str) {
        engine::lock().complain(what);
    }
}

/// Where the fake kernel of a system is expected when nobody says: beside the artefacts.
pub fn default_kernel(os: &str) -> PathBuf {
    Path::new("target/tern/rig").join(format!("{os}.o"))
}

/// The state, for those who look into it.
pub fn state() -> MutexGuard<'static, State> {
    engine::lock()
}
