// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The command line.

use std::{path::PathBuf, str::FromStr};

use tern_sim::{
    access_point,
    chip::{Config, Injection, Model},
};

/// First bytes of addresses that are given out: Realtek's.
const MAC_PREFIX: [u8; 5] = [0x00, 0xe0, 0x4c, 0x74, 0x72];

/// Chip models as USB devices for QEMU, with one air and software access points
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "tern-emu", version)]
pub struct Args {
    /// A stick: CHIP[,mac=aa:bb:cc:dd:ee:ff]@SOCKET, where SOCKET is that of QEMU's usb-redir chardev
    /// and CHIP is rtl8188cus or rtl8192cu. Give it several times for several sticks
    #[arg(long = "radio", value_name = "CHIP@SOCKET", required_unless_present = "make_firmware")]
    pub radios: Vec<RadioSpec>,
    /// A software access point, for example ssid=tern,psk=arctic-tern,channel=6,hidden,signal=-50
    #[arg(long = "ap", value_name = "KEY=VALUE,..")]
    pub access_points: Vec<String>,
    /// Writes everything on the air to a pcap file (radiotap)
    #[arg(long, value_name = "FILE")]
    pub air_pcap: Option<PathBuf>,
    /// Writes each register access and bulk transfer to a text file
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Seed of all chance: loss, nonces of access points
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Of a hundred frames, how many a receiver does not hear
    #[arg(long, value_name = "PERCENT", default_value_t = 0,
          value_parser = clap::value_parser!(u8).range(0..=100))]
    pub loss: u8,
    /// Up to so many microseconds pass until a frame is received
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub delay_us: u64,
    /// A vendor request takes at least so many microseconds, as on a real bus (about 125)
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub control_us: u64,
    /// Listens at this socket for commands; `help` lists them
    #[arg(long, value_name = "SOCKET")]
    pub control: Option<PathBuf>,
    /// Writes the counters to a file in the end
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Something that goes wrong from the start: firmware-never-ready, firmware-bad-checksum,
    /// firmware-stale, mailbox-stuck, efuse-corrupt, autoload-failed, power-stuck
    #[arg(long = "fault", value_name = "NAME")]
    pub faults: Vec<Injection>,
    /// Writes firmware images that the models take to this directory, by the names that drivers ask
    /// for, and ends
    #[arg(long, value_name = "DIR")]
    pub make_firmware: Option<PathBuf>,
}

/// One `--radio`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RadioSpec {
    /// The chip.
    pub model: Model,
    /// Its address; chosen by its number when left out.
    pub mac: Option<[u8; 6]>,
    /// The socket to connect to.
    pub socket: PathBuf,
}

impl FromStr for RadioSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((chip, socket)) = text.split_once('@') else {
            return Err("no @; write for example rtl8188cus@/tmp/usb0.sock".to_owned());
        };
        if socket.is_empty() {
            return Err("no socket after the @".to_owned());
        }
        let mut words = chip.split(',');
        let model = words.next().unwrap_or_default().parse()?;
        let mut mac = None;
        for word in words {
            match word.split_once('=') {
                Some(("mac", value)) => mac = Some(parse_mac(value)?),
                _ => {
                    return Err(format!("unknown option {word:?}; there is mac=aa:bb:cc:dd:ee:ff"));
                }
            }
        }
        Ok(Self { model, mac, socket: PathBuf::from(socket) })
    }
}

impl RadioSpec {
    /// What to build as radio number `number`.
    pub(crate) fn config(&self, number: usize, injections: &[Injection]) -> Config {
        let [a, b, c, d, e] = MAC_PREFIX;
        let mac = self.mac.unwrap_or([a, b, c, d, e, number as u8]);
        Config { model: self.model, mac, injections: injections.to_vec() }
    }
}

fn parse_mac(text: &str) -> Result<[u8; 6], String> {
    let wrong = || format!("{text:?} is no MAC address; write aa:bb:cc:dd:ee:ff");
    let octet = |octet: &str| {
        Some(octet).filter(|octet| octet.len() == 2).and_then(|o| u8::from_str_radix(o, 16).ok())
    };
    let octets: Option<Vec<u8>> = text.split(':').map(octet).collect();
    let mac: [u8; 6] = octets.and_then(|octets| octets.try_into().ok()).ok_or_else(wrong)?;
    if mac[0] & 1 != 0 || mac == [0; 6] {
        return Err(format!("{text} is not the address of one station"));
    }
    Ok(mac)
}

impl Args {
    /// The access points.
    pub(crate) fn parse_access_points(&self) -> anyhow::Result<Vec<access_point::Config>> {
        let mut configs = Vec::new();
        for (at, text) in self.access_points.iter().enumerate() {
            let number =
                u8::try_from(at + 1).map_err(|_| anyhow::anyhow!("more than 255 access points"))?;
            let config = access_point::Config::parse(text, number)
                .map_err(|error| anyhow::anyhow!("--ap {text:?}: {error}"))?;
            configs.push(config);
        }
        Ok(configs)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn radios() {
        let spec: RadioSpec = "rtl8188cus@/tmp/a@b".parse().unwrap();
        assert_eq!((spec.model, spec.mac), (Model::Rtl8188cus, None));
        assert_eq!(spec.socket, PathBuf::from("/tmp/a@b"));
        assert_eq!(spec.config(3, &[]).mac, [0x00, 0xe0, 0x4c, 0x74, 0x72, 3]);
        let spec: RadioSpec = "rtl8192cu,mac=02:00:00:00:0a:ff@s".parse().unwrap();
        assert_eq!(spec.mac, Some([2, 0, 0, 0, 10, 255]));
        for (text, problem) in [
            ("rtl8188cus", "no @"),
            ("rtl8188cus@", "no socket"),
            ("rtl9@s", "rtl8192cu"),
            ("rtl8188cus,mac=1@s", "aa:bb"),
            ("rtl8188cus,mac=01:00:00:00:00:00@s", "one station"),
            ("rtl8188cus,colour=red@s", "mac="),
        ] {
            let error = text.parse::<RadioSpec>().unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }

    #[test]
    fn command_lines() {
        let parse = |words: &str| Args::try_parse_from(words.split(' '));
        let args =
            parse("tern-emu --radio rtl8188cus@s --ap ssid=a --fault firmware-stale").unwrap();
        assert_eq!(args.faults, [Injection::FirmwareStale]);
        assert_eq!(args.parse_access_points().unwrap().len(), 1);
        assert!(parse("tern-emu").is_err());
        assert!(parse("tern-emu --make-firmware d").is_ok());
        assert!(parse("tern-emu --radio rtl8188cus@s --fault nonsense").is_err());
        assert!(parse("tern-emu --radio rtl8188cus@s --loss 101").is_err());
        let args = parse("tern-emu --radio rtl8188cus@s --ap channel=6").unwrap();
        assert!(args.parse_access_points().unwrap_err().to_string().contains("ssid"));
    }
}
