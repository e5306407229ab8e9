// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The loop: sticks, access points and the air, driven by the wall clock.

use std::{
    fs::File,
    io::{BufWriter, Write},
    os::{fd::AsFd as _, unix::net::UnixStream},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use anyhow::{Context as _, bail};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use tern_sim::{
    access_point::AccessPoint,
    air::{Air, Capture, Conditions, Micros},
};

use crate::{
    args::Args,
    control::{Command, Control, HELP},
    radio::{Radio, Surroundings},
    stats::{AccessPointStats, Stats},
    trace::Trace,
};

/// Happenings of one access point that are kept for the statistics.
const HAPPENINGS_MAX: usize = 100;
/// Longest sleep, so that files are flushed now and then.
const SLEEP_MAX_US: Micros = 1_000_000;

/// A writer whose buffer can be flushed from outside.
#[derive(Clone)]
struct Shared(Arc<Mutex<BufWriter<File>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

/// Everything.
pub(crate) struct World {
    start: Instant,
    air: Air,
    access_points: Vec<AccessPoint>,
    happenings: Vec<Vec<String>>,
    radios: Vec<Radio>,
    trace: Option<Trace>,
    capture: Option<Shared>,
    control: Option<Control>,
    json: Option<PathBuf>,
    /// Readable once SIGTERM or SIGINT has come.
    signal: UnixStream,
    is_over: bool,
}

impl World {
    pub(crate) fn new(args: &Args) -> anyhow::Result<Self> {
        let conditions = Conditions {
            loss_percent: args.loss,
            delay_us: args.delay_us,
            ..Conditions::default()
        };
        let configs = args.parse_access_points()?;
        let mut air = Air::new(args.seed, conditions);
        let capture = args.air_pcap.as_ref().map(|path| {
            let file =
                File::create(path).with_context(|| format!("creating {}", path.display()))?;
            let shared = Shared(Arc::new(Mutex::new(BufWriter::new(file))));
            air.observe(Box::new(Capture::new(shared.clone())?));
            Ok::<_, anyhow::Error>(shared)
        });
        let radios = args.radios.iter().enumerate();
        let (signal, handler) = UnixStream::pair().context("a pair of sockets")?;
        for number in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
            signal_hook::low_level::pipe::register(number, handler.try_clone()?)?;
        }
        Ok(Self {
            start: Instant::now(),
            happenings: vec![Vec::new(); configs.len()],
            access_points: configs
                .into_iter()
                .map(|config| AccessPoint::new(&mut air, args.seed, config))
                .collect(),
            air,
            radios: radios.map(|(at, spec)| Radio::new(at, spec, args)).collect(),
            trace: args.trace.as_deref().map(Trace::create).transpose()?,
            capture: capture.transpose()?,
            control: args.control.as_deref().map(Control::listen).transpose()?,
            json: args.json.clone(),
            signal,
            is_over: false,
        })
    }

    fn now(&self) -> Micros {
        self.start.elapsed().as_micros() as Micros
    }

    /// Runs to the end.
    pub(crate) fn run(mut self) -> anyhow::Result<()> {
        let mut buffer = Vec::new();
        while !self.is_over {
            self.step(&mut buffer)?;
        }
        self.finish()
    }

    fn step(&mut self, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
        let now = self.now();
        for radio in &mut self.radios {
            let mut around = surroundings(now, &mut self.air, &mut self.trace);
            radio.connect(&mut around)?;
            radio.step(&mut around)?;
        }
        self.step_access_points(now);
        if let Some(error) = self.air.take_observer_error() {
            bail!("writing the capture of the air: {error}");
        }
        let ready = self.wait()?;
        let now = self.now();
        for number in ready.radios {
            let mut around = surroundings(now, &mut self.air, &mut self.trace);
            self.radios[number].receive(&mut around, buffer)?;
        }
        self.serve(now, &ready.clients)?;
        self.is_over |= ready.signal;
        self.notice_hang_up()
    }

    fn step_access_points(&mut self, now: Micros) {
        for (access_point, happenings) in self.access_points.iter_mut().zip(&mut self.happenings) {
            access_point.poll(now, &mut self.air);
            for happening in access_point.take_happenings() {
                if happenings.len() < HAPPENINGS_MAX {
                    happenings.push(format!("{happening:02x?}"));
                }
            }
        }
    }

    /// Without a control socket nobody could want more once every QEMU has gone.
    fn notice_hang_up(&mut self) -> anyhow::Result<()> {
        if self.radios.iter().all(Radio::has_hung_up) {
            self.write_files()?;
            let garbage = self.radios.iter().find_map(Radio::garbage).cloned();
            if let (Some(garbage), None) = (garbage, &self.control) {
                return Err(garbage.into());
            }
            self.is_over |= self.control.is_none();
        }
        Ok(())
    }

    /// Sleeps until something is due or a socket is ready.
    fn wait(&mut self) -> anyhow::Result<Ready> {
        let radios = self.radios.iter().filter_map(|radio| radio.next_event(&self.air));
        let access_points = self.access_points.iter().filter_map(AccessPoint::next_event);
        let due = radios.chain(access_points).chain(self.air.next_event()).min();
        let sleep =
            due.map_or(SLEEP_MAX_US, |due| due.saturating_sub(self.now()).min(SLEEP_MAX_US));
        let timeout = Timespec {
            tv_sec: (sleep / 1_000_000) as i64,
            tv_nsec: (sleep % 1_000_000 * 1_000) as _,
        };
        let writers: Vec<bool> = self.radios.iter_mut().map(Radio::wants_write).collect();
        let mut fds = vec![PollFd::from_borrowed_fd(self.signal.as_fd(), PollFlags::IN)];
        let mut owners = vec![Owner::Signal];
        for (at, radio) in self.radios.iter().enumerate() {
            if let Some(fd) = radio.link.fd() {
                let write = if writers[at] { PollFlags::OUT } else { PollFlags::empty() };
                fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN | write));
                owners.push(Owner::Radio(at));
            }
        }
        if let Some(control) = &self.control {
            fds.push(PollFd::from_borrowed_fd(control.listener.as_fd(), PollFlags::IN));
            owners.push(Owner::Listener);
            for (at, client) in control.clients.iter().enumerate() {
                fds.push(PollFd::from_borrowed_fd(client.stream.as_fd(), PollFlags::IN));
                owners.push(Owner::Client(at));
            }
        }
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("poll(2)"),
        }
        let mut ready = Ready::default();
        let wakes = PollFlags::IN | PollFlags::HUP | PollFlags::ERR;
        for (fd, owner) in fds.iter().zip(owners) {
            if fd.revents().intersects(wakes) {
                ready.add(owner);
            }
        }
        Ok(ready)
    }

    fn serve(&mut self, now: Micros, clients: &[usize]) -> anyhow::Result<()> {
        let Some(mut control) = self.control.take() else { return Ok(()) };
        for at in clients {
            for line in control.clients[*at].lines() {
                let answer = match line.parse() {
                    Ok(command) => self.obey(now, command),
                    Err(problem) => Err(problem),
                };
                let answer = match answer {
                    Ok(answer) => answer,
                    Err(problem) => serde_json::json!({ "error": problem }),
                };
                control.clients[*at].answer(&answer.to_string());
            }
        }
        control.accept();
        self.control = Some(control);
        Ok(())
    }

    fn obey(&mut self, now: Micros, command: Command) -> Result<serde_json::Value, String> {
        let done = serde_json::json!({ "ok": true });
        match command {
            Command::Stats => {
                return serde_json::to_value(self.stats()).map_err(|error| error.to_string());
            }
            Command::Help => return Ok(serde_json::json!({ "commands": HELP })),
            Command::Quit => {
                // Whoever asked reads complete files once there is an answer.
                self.write_files().map_err(|error| format!("{error:#}"))?;
                self.is_over = true;
            }
            Command::Fault(injection) => {
                self.radios.iter_mut().for_each(|radio| radio.inject(injection));
            }
            Command::Unplug(number) => self.with_radio(now, number, Radio::unplug)?,
            Command::Plug(number) => self.with_radio(now, number, Radio::plug)?,
            Command::UnplugAfter(number, count) => {
                self.with_radio(now, number, |radio, _| radio.unplug_after(count))?;
            }
        }
        Ok(done)
    }

    fn with_radio(
        &mut self,
        now: Micros,
        number: usize,
        act: impl FnOnce(&mut Radio, &mut Surroundings<'_>),
    ) -> Result<(), String> {
        let count = self.radios.len();
        let radio = self.radios.get_mut(number);
        let radio = radio.ok_or_else(|| format!("no radio {number}; there are {count}, from 0"))?;
        act(radio, &mut surroundings(now, &mut self.air, &mut self.trace));
        Ok(())
    }

    fn stats(&self) -> Stats {
        let access_points = self.access_points.iter().zip(&self.happenings);
        let of_access_point = |(access_point, happenings): (&AccessPoint, &Vec<String>)| {
            let config = access_point.config();
            let bssid: Vec<String> =
                config.bssid.iter().map(|byte| format!("{byte:02x}")).collect();
            AccessPointStats {
                ssid: String::from_utf8_lossy(&config.ssid).into_owned(),
                bssid: bssid.join(":"),
                happenings: happenings.clone(),
            }
        };
        Stats {
            radios: self.radios.iter().map(Radio::stats).collect(),
            access_points: access_points.map(of_access_point).collect(),
        }
    }

    /// Makes all files complete as of now.
    fn write_files(&mut self) -> anyhow::Result<()> {
        if let Some(trace) = &mut self.trace {
            trace.flush()?;
        }
        if let Some(capture) = &mut self.capture {
            capture.flush().context("writing the capture of the air")?;
        }
        if let Some(path) = &self.json {
            let text = serde_json::to_string_pretty(&self.stats())?;
            std::fs::write(path, text + "\n")
                .with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.write_files()
    }
}

fn surroundings<'a>(
    now: Micros,
    air: &'a mut Air,
    trace: &'a mut Option<Trace>,
) -> Surroundings<'a> {
    Surroundings { now, air, trace: trace.as_mut() }
}

/// Whose file descriptor it is.
#[derive(Clone, Copy)]
enum Owner {
    Signal,
    Radio(usize),
    Listener,
    Client(usize),
}

/// Who has something to say.
#[derive(Default)]
struct Ready {
    signal: bool,
    radios: Vec<usize>,
    clients: Vec<usize>,
}

impl Ready {
    fn add(&mut self, owner: Owner) {
        match owner {
            Owner::Signal => self.signal = true,
            Owner::Radio(at) => self.radios.push(at),
            Owner::Client(at) => self.clients.push(at),
            // New clients are looked for in every round.
            Owner::Listener => {}
        }
    }
}
