// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `tern-emu` as a child: the sticks, the air and its software access points; and its control
//! socket, one line each way.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::machine::{Killed, mortal};
use crate::progress;

/// The longest that it may take to open its control socket or to answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// The shortest time that a control transfer takes on a real bus, in microseconds.
const MICROFRAME_US: u32 = 125;

/// A running emulator.
pub(super) struct Emulator {
    process: Killed,
    control: BufReader<UnixStream>,
    log: PathBuf,
}

/// What to emulate.
#[derive(Default)]
pub(super) struct Sticks<'a> {
    /// The chip of each stick; stick N is in socket `usbN.sock`.
    pub(super) chips: Vec<&'a str>,
    /// Software access points, as `--ap` takes them.
    pub(super) access_points: Vec<String>,
    /// The seed of the air.
    pub(super) seed: u64,
    /// A capture of the air.
    pub(super) air_pcap: Option<PathBuf>,
    /// A register log.
    pub(super) trace: Option<PathBuf>,
}

/// Builds `tern-emu` and returns its path.
pub(super) fn build() -> Result<PathBuf> {
    progress::output(progress::cargo().args(["build", "--quiet", "--package", "tern-emu"]))?;
    let here = std::env::current_exe().context("the path of this program")?;
    let program = here.with_file_name("tern-emu");
    if !program.is_file() {
        bail!("cargo built no {}", program.display());
    }
    Ok(program)
}

/// Makes firmware images for the emulated sticks in `directory`.
pub(super) fn make_firmware(program: &Path, directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)?;
    progress::output(Command::new(program).arg("--make-firmware").arg(directory))?;
    Ok(())
}

impl Emulator {
    /// Starts it in `directory`, where the sockets of the sticks are.
    ///
    /// # Errors
    ///
    /// It did not start or did not open its control socket; the message has what it printed.
    pub(super) fn start(program: &Path, directory: &Path, sticks: &Sticks<'_>) -> Result<Self> {
        let log = directory.join("emu.log");
        let errors = fs::File::create(&log)?;
        let mut command = mortal(program);
        command.current_dir(directory).args(arguments(sticks));
        command.stdout(errors.try_clone()?).stderr(errors).stdin(Stdio::null());
        let mut process = Killed(command.spawn().context("tern-emu (by setpriv) did not start")?);
        let path = directory.join("emu.sock");
        let end = Instant::now() + ANSWER_MAX;
        let stream = loop {
            if let Ok(stream) = UnixStream::connect(&path) {
                break stream;
            }
            if let Some(status) = process.0.try_wait()? {
                bail!("tern-emu ended at once ({status}):\n{}", said(&log));
            }
            if Instant::now() > end {
                bail!("tern-emu opened no control socket in {ANSWER_MAX:?}:\n{}", said(&log));
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        Ok(Self { process, control: BufReader::new(stream), log })
    }

    /// Sends one command and returns the one line of the answer.
    ///
    /// # Errors
    ///
    /// It has ended, does not answer, or answers with an error.
    pub(super) fn ask(&mut self, command: &str) -> Result<Value> {
        let mut line = String::new();
        let sent = writeln!(self.control.get_mut(), "{command}");
        if sent.is_err() || self.control.read_line(&mut line).unwrap_or(0) == 0 {
            bail!("tern-emu did not answer `{command}`:\n{}", said(&self.log));
        }
        let answer: Value = serde_json::from_str(&line)
            .with_context(|| format!("tern-emu answered `{command}` with {line:?}"))?;
        if let Some(error) = answer.get("error") {
            bail!("tern-emu refused `{command}`: {error}");
        }
        Ok(answer)
    }

    /// Lets it end by itself, so that its files are complete.
    pub(super) fn finish(mut self) -> Result<()> {
        self.ask("quit")?;
        let end = Instant::now() + ANSWER_MAX;
        while Instant::now() < end {
            match self.process.0.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("tern-emu failed ({status}):\n{}", said(&self.log)),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        bail!("tern-emu did not end after `quit`");
    }
}

/// The end of what it printed.
fn said(log: &Path) -> String {
    progress::tail(&fs::read_to_string(log).unwrap_or_default(), 20)
}

/// Its command line.
fn arguments(sticks: &Sticks<'_>) -> Vec<String> {
    let mut words = Vec::new();
    let mut add = |name: &str, value: String| words.extend([name.to_owned(), value]);
    for (index, chip) in sticks.chips.iter().enumerate() {
        add("--radio", format!("{chip}@usb{index}.sock"));
    }
    for access_point in &sticks.access_points {
        add("--ap", access_point.clone());
    }
    add("--seed", sticks.seed.to_string());
    // As long as on a real bus: one microframe. Without it, hundreds of requests that Linux 6.1's
    // rtl8192cu queues at once end at once, and overflow the event ring of QEMU's xHCI.
    add("--control-us", MICROFRAME_US.to_string());
    add("--control", "emu.sock".to_owned());
    if let Some(path) = &sticks.air_pcap {
        add("--air-pcap", path.display().to_string());
    }
    if let Some(path) = &sticks.trace {
        add("--trace", path.display().to_string());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{Sticks, arguments};

    #[test]
    fn command_line() {
        let sticks = Sticks {
            chips: vec!["rtl8188cus", "rtl8192cu"],
            access_points: vec!["ssid=a,channel=6".to_owned()],
            seed: 7,
            ..Sticks::default()
        };
        assert_eq!(
            arguments(&sticks).join(" "),
            "--radio rtl8188cus@usb0.sock --radio rtl8192cu@usb1.sock --ap ssid=a,channel=6 \
             --seed 7 --control-us 125 --control emu.sock"
        );
    }
}
