// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The walk from an ioctl to the registers: tern-ctl asks a host for a monitor on channel 6.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::{Bsd, arguments};
use crate::progress;

/// Time for the host to load the module and plug the stick in.
const START: Duration = Duration::from_secs(60);

/// Runs both, and has the host's own comparison with the model's log tell.
pub(super) fn run(bsd: Bsd, module: &Path) -> Result<ExitCode> {
    progress::output(progress::cargo().args(["build", "-q", "-p", "tern-rig", "-p", "tern-ctl"]))?;
    let dir = progress::artefacts().join("rig");
    let socket = dir.join(format!("walk-{}-{}", bsd.name(), std::process::id()));
    let trace = socket.with_extension("trace");
    let mut host = Host::start(bsd, module, &socket, &trace)?;
    let told = asks(bsd, &mut host, &socket);
    drop(host);
    let text = std::fs::read_to_string(&trace).with_context(|| trace.display().to_string())?;
    told.with_context(|| progress::tail(&text, 20))?;
    judge(&text)?;
    std::fs::remove_file(&trace)?;
    print!("{}", walk(&text));
    Ok(ExitCode::SUCCESS)
}

/// What a user types.
fn asks(bsd: Bsd, host: &mut Host, socket: &Path) -> Result<()> {
    let interface = if bsd == Bsd::Free { "wlan0" } else { "tern0" };
    let mut all =
        vec![vec![interface, "channel", "6", "wlanmode", "monitor"], vec![interface, "up"]];
    if bsd == Bsd::Free {
        all.insert(0, vec![interface, "create", "wlandev", "tern0"]);
    }
    host.wait_for(socket)?;
    for words in all {
        let mut ctl = Command::new(program("tern-ctl"));
        ctl.args(["--os", bsd.name(), "--socket"]).arg(socket).args(words);
        progress::output(&mut ctl)?;
    }
    Ok(())
}

fn program(name: &str) -> PathBuf {
    progress::root().join("target/debug").join(name)
}

/// A host that ends with its owner.
struct Host(Child);

impl Host {
    fn start(bsd: Bsd, module: &Path, socket: &Path, trace: &Path) -> Result<Self> {
        let out = std::fs::File::create(trace).with_context(|| trace.display().to_string())?;
        let mut host = Command::new(program("tern-rig"));
        host.args(arguments(bsd, module)).arg("--trace").arg("--socket").arg(socket);
        let host = host.stdin(Stdio::null()).stderr(out.try_clone()?).stdout(out).spawn();
        Ok(Self(host.context("tern-rig could not be started")?))
    }

    fn wait_for(&mut self, socket: &Path) -> Result<()> {
        let end = Instant::now() + START;
        while !socket.exists() {
            ensure!(self.0.try_wait()?.is_none(), "the host has ended");
            ensure!(Instant::now() < end, "the host does not listen after {START:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The ioctl that tunes to channel 6, and what followed until it was compared.
fn walk(trace: &str) -> String {
    let is_tuned = |line: &&str| line.contains("chip call=set_channel channel=6 ");
    let lines: Vec<&str> = trace.lines().collect();
    let Some(at) = lines.iter().position(is_tuned) else { return String::new() };
    let first = lines[..at].iter().rposition(|line| line.contains(" ioctl ")).unwrap_or(at);
    let last = lines[at..].iter().position(|line| line.contains("equal:")).unwrap_or(0) + at;
    lines[first..=last].iter().map(|line| format!("{line}\n")).collect()
}

/// Fails unless a walk to channel 6 wrote registers, and every walk is what the model saw.
fn judge(trace: &str) -> Result<()> {
    if let Some(line) = trace.lines().find(|line| line.contains("DIFFERENT")) {
        bail!("the driver's events and the model's log differ: {line}");
    }
    let walk = walk(trace);
    let writes = walk.matches(" write ").count();
    ensure!(writes > 0, "no walk to channel 6 in:\n{}", progress::tail(trace, 40));
    ensure!(walk.contains(" equal: "), "the walk was not compared:\n{walk}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn a_walk_is_judged() {
        let good = "1 ioctl 'i' 234: 0\n2 chip call=set_channel channel=6 mhz=2437 width=20\n\
                    3   write LSSI_PARAM0 0x0840\n4 equal: 1 writes, as the model saw them\n";
        assert!(judge(good).is_ok());
        assert!(judge("").is_err());
        assert!(judge(&good.replace("channel=6 ", "channel=11 ")).is_err());
        assert!(judge(&good.replace("equal:", "DIFFERENT:")).is_err());
        assert!(judge(&good.replace(" write ", " read ")).is_err());
    }
}
