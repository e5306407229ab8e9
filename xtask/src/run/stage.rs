// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! One boot: machine and emulator together, carrying a scenario out while its script talks.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;

use super::counts::{Counts, Phases};
use super::emulator::Emulator;
use super::machine::Machine;
use super::talk::{Said, kernel_complaint};
use crate::progress::{self, step};

/// The longest silence of the guest's script.
const SILENCE_MAX: Duration = Duration::from_secs(90);

/// How often the console and QEMU are looked at meanwhile.
const LOOK: Duration = Duration::from_millis(200);

/// What a scenario leaves behind.
#[derive(Default)]
pub(super) struct Outcome {
    /// Results by name.
    pub(super) values: BTreeMap<String, String>,
    /// Files by name.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// USB transfers of the stick under test by phase.
    pub(super) phases: Vec<(String, Counts)>,
    /// USB transfers of the stick under test, from plug to end.
    pub(super) total: Counts,
    /// What the model of the stick under test found fault with.
    pub(super) faults: Vec<String>,
}

impl Outcome {
    /// A file that the guest sent.
    pub(super) fn file(&self, name: &str) -> Result<&[u8]> {
        let file = self.files.get(name).map(Vec::as_slice);
        file.with_context(|| format!("the guest sent no file {name}"))
    }

    /// A file that the guest sent, as text.
    pub(super) fn text(&self, name: &str) -> Result<String> {
        Ok(String::from_utf8_lossy(self.file(name)?).into_owned())
    }
}

/// A machine and what is plugged into it.
pub(super) struct Stage {
    machine: Machine,
    emulator: Option<Emulator>,
    lines: Receiver<String>,
    answers: UnixStream,
    phases: Phases,
    outcome: Outcome,
    sent: usize,
}

impl Stage {
    /// Begins to listen to the guest.
    pub(super) fn new(machine: Machine, emulator: Option<Emulator>) -> Result<Self> {
        let answers = machine.conversation()?;
        let reader = BufReader::new(machine.conversation()?);
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in reader.split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let (phases, outcome) = (Phases::default(), Outcome::default());
        Ok(Self { machine, emulator, lines, answers, phases, outcome, sent: 0 })
    }

    /// Carries the scenario out, at most for `limit`.
    ///
    /// # Errors
    ///
    /// What went wrong, with the end of the guest's console.
    pub(super) fn play(mut self, limit: Duration) -> Result<Outcome> {
        let end = Instant::now() + limit;
        let result = self.listen(end);
        let console = self.machine.console();
        if let (Err(_), Some(line)) = (&result, kernel_complaint(&console)) {
            bail!("the guest's kernel complained: {line}\n{}", progress::tail(&console, 80));
        }
        if let Err(error) = result {
            bail!("{error:#}\n--- end of the guest's console\n{}", progress::tail(&console, 60));
        }
        if let Some(line) = kernel_complaint(&console) {
            bail!("the guest's kernel complained: {line}\n{}", progress::tail(&console, 80));
        }
        if let Some(mut emulator) = self.emulator.take() {
            let stats = emulator.ask("stats")?;
            self.outcome.total = Counts::of_radio(&stats, 0)?;
            self.outcome.faults = Counts::faults_of_radio(&stats, 0);
            drop(self.machine);
            emulator.finish()?;
        }
        self.outcome.phases = self.phases.finish();
        Ok(self.outcome)
    }

    /// Takes line after line until `done`.
    fn listen(&mut self, end: Instant) -> Result<()> {
        let mut heard = Instant::now();
        loop {
            match self.lines.recv_timeout(LOOK) {
                Ok(line) => {
                    heard = Instant::now();
                    if self.take(&line)? {
                        return Ok(());
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.look(heard, end)?,
                Err(RecvTimeoutError::Disconnected) => {
                    std::thread::sleep(LOOK);
                    let why = self.machine.ended();
                    bail!("{}", why.unwrap_or_else(|| "QEMU closed the guest's port".into()));
                }
            }
        }
    }

    /// Looks for a guest that has died or hangs.
    fn look(&mut self, heard: Instant, end: Instant) -> Result<()> {
        if let Some(why) = self.machine.ended() {
            bail!("{why} before the scenario did");
        }
        let console = self.machine.console();
        if let Some(line) = kernel_complaint(&console) {
            // The rest of the complaint is worth having.
            std::thread::sleep(Duration::from_secs(1));
            bail!("the guest's kernel complained: {line}");
        }
        if heard.elapsed() > SILENCE_MAX {
            bail!("the guest said nothing for {} s", SILENCE_MAX.as_secs());
        }
        if Instant::now() > end {
            bail!("the scenario took longer than it may");
        }
        Ok(())
    }

    /// Takes one line; true when the scenario has ended well.
    fn take(&mut self, line: &str) -> Result<bool> {
        let said = Said::parse(line).map_err(|line| anyhow!("the guest said {line:?}"))?;
        match said {
            None => {}
            Some(Said::Step(text)) => step(&text),
            Some(Said::Value(name, text)) => {
                self.outcome.values.insert(name, text);
            }
            Some(Said::Phase(name)) => {
                if let Some(emulator) = &mut self.emulator {
                    self.phases.begin(name, Counts::of_radio(&emulator.ask("stats")?, 0)?);
                }
                self.answer("ok")?;
            }
            Some(Said::Emulator(command)) => self.command(&command)?,
            Some(Said::File(name, size)) => self.file(name, size)?,
            Some(Said::Fail(why)) => bail!("{why}"),
            Some(Said::Done) => return Ok(true),
        }
        Ok(false)
    }

    /// Hands a command on to the emulator and its answer back.
    fn command(&mut self, command: &str) -> Result<()> {
        let answer = match &mut self.emulator {
            Some(emulator) => emulator.ask(command)?,
            None => Value::Null,
        };
        self.answer(&answer.to_string())
    }

    /// Waits for a file of `size` bytes on the third port.
    fn file(&mut self, name: String, size: usize) -> Result<()> {
        let end = Instant::now() + SILENCE_MAX;
        let data = loop {
            let data = self.machine.data();
            if data.len() >= self.sent + size {
                break data;
            }
            if Instant::now() > end {
                bail!("{name}: {} of {size} bytes came", data.len() - self.sent);
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        self.outcome.files.insert(name, data[self.sent..self.sent + size].to_vec());
        self.sent += size;
        self.answer("ok")
    }

    /// Sends one line to the guest's script.
    fn answer(&mut self, line: &str) -> Result<()> {
        self.answers.write_all(format!("{line}\n").as_bytes())?;
        Ok(())
    }
}
