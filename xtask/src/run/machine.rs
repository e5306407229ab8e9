// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The virtual machine: QEMU as a child that dies with us, its serial ports and USB sockets.
//!
//! Three serial ports: the console (a file), the conversation with the guest's script (a socket)
//! and files from the guest (a file of raw bytes).

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// The longest that QEMU may take to open its sockets.
const SOCKETS_MAX: Duration = Duration::from_secs(10);

/// A child process that is killed when this value goes, and by the kernel when we die.
pub(super) struct Killed(pub(super) Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A command that the kernel kills when this process ends in whatever way.
pub(super) fn mortal(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program).stdin(Stdio::null());
    command
}

/// A running QEMU.
pub(super) struct Machine {
    process: Killed,
    directory: PathBuf,
    conversation: UnixStream,
}

/// A USB host controller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Controller {
    /// xHCI, as machines have today.
    Xhci,
    /// EHCI, slower. Linux 6.1's rtl8192cu queues hundreds of requests at once; QEMU's xHCI loses
    /// track of them ("TRB DMA ptr not part of current TD").
    Ehci,
}

impl Controller {
    /// The one for a release of the kernel.
    pub(super) fn of_release(release: &str) -> Self {
        if release.starts_with("6.1.") { Self::Ehci } else { Self::Xhci }
    }

    /// QEMU's name of it.
    fn device(self) -> &'static str {
        match self {
            Self::Xhci => "qemu-xhci",
            Self::Ehci => "usb-ehci",
        }
    }

    /// The module that drives it.
    pub(super) fn module(self) -> &'static str {
        match self {
            Self::Xhci => "xhci_pci",
            Self::Ehci => "ehci_pci",
        }
    }
}

/// What to boot.
pub(super) struct Boot<'a> {
    /// The controller that the sticks are plugged into.
    pub(super) controller: Controller,
    /// The kernel's image.
    pub(super) kernel: &'a Path,
    /// The first file system.
    pub(super) image: &'a [u8],
    /// How many USB sockets (`usb0.sock` ...) to open for sticks.
    pub(super) sticks: usize,
}

impl Machine {
    /// Starts QEMU in `directory` and waits for its sockets.
    ///
    /// # Errors
    ///
    /// QEMU did not start or ended at once; the message has what it printed.
    pub(super) fn start(directory: &Path, boot: &Boot<'_>) -> Result<Self> {
        fs::write(directory.join("image.cpio"), boot.image)?;
        let errors = fs::File::create(directory.join("qemu.log"))?;
        let mut command = mortal("qemu-system-x86_64");
        command.current_dir(directory).args(arguments(boot, runs_kvm()));
        command.stdout(Stdio::null()).stderr(errors);
        let process = command.spawn().context("qemu-system-x86_64 (by setpriv) did not start")?;
        let mut process = Killed(process);
        let conversation = connect(directory, &mut process.0)?;
        for stick in 0..boot.sticks {
            wait_for(&directory.join(format!("usb{stick}.sock")), &mut process.0, directory)?;
        }
        Ok(Self { process, directory: directory.to_path_buf(), conversation })
    }

    /// The socket of the guest's script.
    pub(super) fn conversation(&self) -> Result<UnixStream> {
        Ok(self.conversation.try_clone()?)
    }

    /// What the guest's console has shown so far.
    pub(super) fn console(&self) -> String {
        let bytes = fs::read(self.directory.join("console.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\r', "")
    }

    /// The bytes that the guest has sent as files so far.
    pub(super) fn data(&self) -> Vec<u8> {
        fs::read(self.directory.join("data.bin")).unwrap_or_default()
    }

    /// Whether QEMU has ended by itself, with what it said.
    pub(super) fn ended(&mut self) -> Option<String> {
        let status = self.process.0.try_wait().ok().flatten()?;
        let said = fs::read_to_string(self.directory.join("qemu.log")).unwrap_or_default();
        Some(format!("QEMU ended ({status}) {}", said.trim()))
    }
}

/// Whether KVM can run a stock kernel: a paravirtual KVM without vmx or svm cannot.
fn runs_kvm() -> bool {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let usable = fs::OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok();
    usable && has_virtualisation(&processor)
}

/// Whether the flags of `/proc/cpuinfo` show vmx or svm.
fn has_virtualisation(processor: &str) -> bool {
    let flags = processor.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    flags.split_whitespace().any(|flag| flag == "vmx" || flag == "svm")
}

/// QEMU's command line.
fn arguments(boot: &Boot<'_>, kvm: bool) -> Vec<String> {
    let (accelerator, processor) = if kvm { ("kvm", "host") } else { ("tcg", "max") };
    let kernel = boot.kernel.display();
    let mut line = format!(
        "-accel {accelerator} -cpu {processor} -smp 1 -m 512 -nodefaults -display none -no-reboot \
         -initrd image.cpio \
         -chardev file,id=console,path=console.log -serial chardev:console \
         -chardev socket,id=talk,path=talk.sock,server=on,wait=off -serial chardev:talk \
         -chardev file,id=data,path=data.bin -serial chardev:data \
         -device {},id=usb",
        boot.controller.device()
    );
    for stick in 0..boot.sticks {
        let port = stick + 1;
        line.push_str(&format!(
            " -chardev socket,id=usb{stick},path=usb{stick}.sock,server=on,wait=off \
             -device usb-redir,chardev=usb{stick},bus=usb.0,port={port}"
        ));
    }
    let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    words.extend(["-kernel".to_owned(), kernel.to_string()]);
    let append = "console=ttyS0 loglevel=6 panic=-1 net.ifnames=0 random.trust_cpu=on";
    words.extend(["-append".to_owned(), append.to_owned()]);
    words
}

/// Connects to the guest's conversation socket as soon as it is there.
fn connect(directory: &Path, process: &mut Child) -> Result<UnixStream> {
    let path = directory.join("talk.sock");
    wait_for(&path, process, directory)?;
    UnixStream::connect(&path).with_context(|| format!("{}", path.display()))
}

/// Waits until a socket exists.
fn wait_for(path: &Path, process: &mut Child, directory: &Path) -> Result<()> {
    let end = Instant::now() + SOCKETS_MAX;
    while !path.exists() {
        if let Some(status) = process.try_wait()? {
            let said = fs::read_to_string(directory.join("qemu.log")).unwrap_or_default();
            bail!("QEMU ended at once ({status}): {}", said.trim());
        }
        if Instant::now() > end {
            bail!("QEMU did not open {} in {SOCKETS_MAX:?}", path.display());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Boot, Controller, arguments, has_virtualisation};
    use std::path::Path;

    #[test]
    fn kvm_needs_the_processor() {
        assert!(has_virtualisation("model name: x\nflags\t\t: fpu vmx sse\n"));
        assert!(has_virtualisation("flags : svm\n"));
        assert!(!has_virtualisation("flags : fpu sse novmxx\n"));
        assert!(!has_virtualisation(""));
    }

    #[test]
    fn a_port_for_each_stick() {
        let boot = Boot {
            controller: Controller::Xhci,
            kernel: Path::new("/a b/vmlinuz"),
            image: b"",
            sticks: 2,
        };
        let words = arguments(&boot, false);
        assert!(words.iter().any(|word| word == "/a b/vmlinuz"));
        assert!(words.iter().any(|word| word.contains("chardev=usb1,bus=usb.0,port=2")));
        assert!(!words.iter().any(|word| word.contains("usb2")));
    }
}
