// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What the caller of `run` asks for, checked.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::ValueEnum;

/// What to carry out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Scenario {
    /// Join hostapd (in the guest, on a second stick) with WPA2 and ping it
    Wpa2,
    /// Join an open network and ping its host
    Open,
    /// List open, protected and hidden networks on several channels
    Scan,
    /// Capture on channel 6 and compare with what the air sent
    Monitor,
    /// Pull the stick at moments drawn from the seed; load and unload the module
    Unplug,
    /// Count USB transfers of each phase for Tern and for Debian's rtl8192cu
    Transfers,
}

/// The driver under test.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Driver {
    /// This project's module
    Tern,
    /// Debian's own module, unmodified
    Rtl8192cu,
    /// Debian's own module, unmodified (8188EU and 8192EU only)
    Rtl8xxxu,
    /// Two simulated radios of the kernel: tries the guest without any stick
    #[value(hide = true)]
    Hwsim,
}

impl Driver {
    /// The word on the command line, which is also the module's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tern => "tern",
            Self::Rtl8192cu => "rtl8192cu",
            Self::Rtl8xxxu => "rtl8xxxu",
            Self::Hwsim => "hwsim",
        }
    }

    /// How far the signal that it reports may be from what the air gave it, in dB. The chips count
    /// in steps of a dB or two; rtlwifi makes its own numbers of a percentage.
    pub(super) fn signal_tolerance_db(self) -> f64 {
        if self == Self::Tern { 3.0 } else { 20.0 }
    }
}

/// The emulated stick.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Chip {
    /// 0bda:8176, one antenna
    Rtl8188cus,
    /// 0bda:8178, two antennas
    Rtl8192cu,
}

impl Chip {
    /// The word on the command line and in `tern-emu --radio`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rtl8188cus => "rtl8188cus",
            Self::Rtl8192cu => "rtl8192cu",
        }
    }
}

impl Scenario {
    /// The word on the command line and the name of the guest's script.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Wpa2 => "wpa2",
            Self::Open => "open",
            Self::Scan => "scan",
            Self::Monitor => "monitor",
            Self::Unplug => "unplug",
            Self::Transfers => "transfers",
        }
    }

    /// The longest that it may take, in seconds, on a slow machine.
    pub(super) fn limit_seconds(self) -> u64 {
        match self {
            Self::Unplug => 900,
            _ => 180,
        }
    }
}

/// Boots a kernel with an emulated stick and carries a scenario out
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// What to carry out
    #[arg(long, value_enum, default_value = "wpa2")]
    pub(super) scenario: Scenario,
    /// The driver under test
    #[arg(long, value_enum, default_value = "tern")]
    pub(super) driver: Driver,
    /// The emulated stick
    #[arg(long, value_enum, default_value = "rtl8188cus")]
    pub(super) chip: Chip,
    /// Debian's kernel to boot: 6.12 or 6.1
    #[arg(long, default_value = "6.12")]
    pub(super) kernel: String,
    /// Name of the network, 1 to 32 bytes
    #[arg(long, default_value = "tern")]
    pub(super) ssid: String,
    /// Passphrase of 8 to 63 printable characters, or a key of 64 hexadecimal digits
    #[arg(long, default_value = "arctic-tern")]
    pub(super) psk: String,
    /// Where chance comes from
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Where to put the guest's capture (scenario monitor)
    #[arg(long, value_name = "FILE")]
    pub(super) pcap: Option<PathBuf>,
    /// Where to put a capture of the air
    #[arg(long, value_name = "FILE")]
    pub(super) air_pcap: Option<PathBuf>,
    /// Where to put the register log of the stick
    #[arg(long, value_name = "FILE")]
    pub(super) trace: Option<PathBuf>,
    /// Where to put the driver's own events after the change to channel 6 (scenario monitor, driver
    /// tern); `cargo xtask trace` puts them in words
    #[arg(long, value_name = "FILE")]
    pub(super) events: Option<PathBuf>,
    /// Print one JSON object as the last line
    #[arg(long)]
    pub(super) json: bool,
}

impl Args {
    /// Refuses what cannot work, before anything is downloaded or booted.
    ///
    /// # Errors
    ///
    /// A sentence for the caller.
    pub(super) fn check(&self) -> Result<()> {
        if self.ssid.is_empty() || self.ssid.len() > 32 {
            bail!("--ssid: {} bytes; a network's name has 1 to 32", self.ssid.len());
        }
        if self.ssid.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            bail!("--ssid: control characters cannot be written into hostapd's files");
        }
        check_psk(&self.psk)?;
        if self.pcap.is_some() && self.scenario != Scenario::Monitor {
            bail!("--pcap is the capture of --scenario monitor; --air-pcap captures the air");
        }
        let has_events = self.scenario == Scenario::Monitor && self.driver == Driver::Tern;
        if self.events.is_some() && !has_events {
            bail!("--events: only --scenario monitor --driver tern reads the driver's events");
        }
        if self.driver == Driver::Rtl8xxxu {
            bail!(
                "Debian's rtl8xxxu takes 8188EU and 8192EU only (RTL8XXXU_UNTESTED is off); \
                 for {} use --driver rtl8192cu or tern",
                self.chip.name()
            );
        }
        if self.driver == Driver::Hwsim && self.scenario != Scenario::Wpa2 {
            bail!("--driver hwsim has no air of ours: only --scenario wpa2");
        }
        if self.kernel == "debug" {
            bail!(
                "not available yet: --kernel debug (one that checks locks); there are 6.12 and 6.1"
            );
        }
        Ok(())
    }

    /// Whether the key was given as 64 hexadecimal digits instead of a passphrase.
    pub(super) fn psk_is_key(&self) -> bool {
        self.psk.len() == 64
    }

    /// The name of the network in hexadecimal digits, as hostapd and wpa_supplicant read it.
    pub(super) fn ssid_hex(&self) -> String {
        self.ssid.bytes().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A passphrase of 8 to 63 printable ASCII characters or 64 hexadecimal digits
/// (IEEE 802.11-2020, J.4).
fn check_psk(psk: &str) -> Result<()> {
    match psk.len() {
        64 if psk.bytes().all(|byte| byte.is_ascii_hexdigit()) => Ok(()),
        64 => bail!("--psk: a key of 64 characters must be hexadecimal digits"),
        8..=63 if psk.bytes().all(|byte| matches!(byte, b' '..=b'~')) => Ok(()),
        8..=63 => bail!("--psk: a passphrase has printable ASCII characters only"),
        length => bail!("--psk: {length} bytes; a passphrase has 8 to 63, a key 64 digits"),
    }
}

#[cfg(test)]
mod tests {
    use super::Args;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn check(words: &[&str]) -> Result<(), String> {
        let words = std::iter::once("run").chain(words.iter().copied());
        let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
        cli.args.check().map_err(|error| error.to_string())
    }

    #[test]
    fn good_ones() {
        check(&[]).unwrap();
        check(&["--scenario", "monitor", "--pcap", "/tmp/a.pcap"]).unwrap();
        check(&["--driver", "rtl8192cu", "--chip", "rtl8192cu", "--psk", "it's \"quoted\""])
            .unwrap();
        check(&["--psk", &"a1".repeat(32)]).unwrap();
    }

    #[test]
    fn bad_ones_say_why() {
        let says = |words: &[&str], why: &str| {
            let error = check(words).unwrap_err();
            assert!(error.contains(why), "{words:?}: {error}");
        };
        says(&["--ssid", ""], "1 to 32");
        says(&["--ssid", &"x".repeat(33)], "33 bytes");
        says(&["--psk", "short"], "5 bytes");
        says(&["--psk", "passw\u{f6}rter"], "printable ASCII");
        says(&["--psk", &"zz".repeat(32)], "hexadecimal");
        says(&["--pcap", "x"], "--air-pcap");
        says(&["--events", "x"], "--scenario monitor");
        says(&["--driver", "rtl8xxxu"], "8188EU");
        says(&["--kernel", "debug"], "not available yet");
        says(&["--scenario", "nonsense"], "possible values");
        says(&["--seed", "-1"], "unexpected argument");
    }
}
