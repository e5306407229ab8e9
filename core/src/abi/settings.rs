// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What users of every BSD set on an interface, and what core is asked when they do.

use super::{Errno, Host};
use crate::{
    control::{ControlRequest, Effort, Failure, JoinInfo, KeyInfo, KeyPlace, Port},
    os::Empty,
    radio::{self, CIPHERS},
    scan::{Joined, KEPT_MAX, RESULTS_MAX, ScanRequest, ScanResult},
    types::{Channel, Cipher, MacAddr, Mode, Ssid, Tuning, Width},
    wire::{
        bss::Bss,
        elements::{Elements, Rsn, id},
        mgmt::Capability,
    },
};

/// Bytes of elements that a user gives for one kind of frame.
pub const ELEMENTS_MAX: usize = 1024;

/// Bytes of elements.
#[derive(Clone, Debug)]
pub struct Blob {
    len: u16,
    bytes: [u8; ELEMENTS_MAX],
}

impl Empty for Blob {
    const EMPTY: Self = Self { len: 0, bytes: [0; ELEMENTS_MAX] };
}

impl Blob {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Takes over the bytes that `fill` writes; nothing is changed if it fails. Errors: those of
    /// `fill`; [`Errno::Inval`] if there are too many.
    pub fn replace(
        &mut self,
        len: u16,
        fill: impl FnOnce(&mut [u8]) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let mut bytes = [0; ELEMENTS_MAX];
        fill(bytes.get_mut(..usize::from(len)).ok_or(Errno::Inval)?)?;
        (self.len, self.bytes) = (len, bytes);
        Ok(())
    }
}

/// Who decides which network is joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Roaming {
    /// Core, by name.
    #[default]
    Auto,
    /// A program, one access point at a time.
    Manual,
}

/// The settings of one interface.
#[derive(Debug)]
pub struct Settings {
    /// What it is.
    pub mode: Mode,
    /// Its address.
    pub mac: MacAddr,
    /// It is switched on.
    pub is_up: bool,
    /// The network that is wanted; empty for none.
    pub ssid: Ssid,
    /// Only this access point.
    pub bssid: Option<MacAddr>,
    /// Only there; for a monitor: there.
    pub tuning: Option<Tuning>,
    /// Most power, dBm.
    pub power_dbm: Option<i8>,
    /// Who decides.
    pub roaming: Roaming,
    /// Data is to be encrypted.
    pub privacy: bool,
    /// WPA and RSN elements for association requests.
    pub rsn: Blob,
    /// Other elements for association requests.
    pub assoc: Blob,
    /// Elements for probe requests.
    pub probe: Blob,
}

impl Empty for Settings {
    const EMPTY: Self = Self {
        mode: Mode::Station,
        mac: MacAddr::ZERO,
        is_up: false,
        ssid: Ssid::EMPTY,
        bssid: None,
        tuning: None,
        power_dbm: None,
        roaming: Roaming::Auto,
        privacy: false,
        rsn: Blob::EMPTY,
        assoc: Blob::EMPTY,
        probe: Blob::EMPTY,
    };
}

impl Settings {
    /// Switches the radio on for this interface, and joins what the user wants. Errors: those of
    /// the radio; that a network cannot be joined is not one of them.
    pub fn up<H: Host>(&mut self, host: &mut H) -> Result<(), Errno> {
        host.ask(ControlRequest::Up(self.mode, self.mac), &[])?;
        self.is_up = true;
        if self.power_dbm.is_some() {
            host.ask(ControlRequest::SetTxPower(self.power_dbm), &[])?;
        }
        match self.mode {
            Mode::Station => self.rejoin(host),
            // Where a station is joined, a monitor hears what the station hears.
            Mode::Monitor => {
                if let Some(tuning) = self.tuning {
                    let _ = host.ask(ControlRequest::SetChannel(tuning), &[]);
                }
            }
        }
        Ok(())
    }

    /// Switches it off. It is off afterwards, whatever the hardware says.
    pub fn down<H: Host>(&mut self, host: &mut H) -> Result<(), Errno> {
        self.is_up = false;
        match host.ask(ControlRequest::Down, &[]) {
            Err(Failure::Down) | Ok(()) => Ok(()),
            Err(why) => Err(why.into()),
        }
    }

    /// Changes the mode; an interface that is on is switched off and on again.
    pub fn set_mode<H: Host>(&mut self, host: &mut H, mode: Mode) -> Result<(), Errno> {
        if self.mode == mode {
            return Ok(());
        }
        if !self.is_up {
            self.mode = mode;
            return Ok(());
        }
        self.down(host)?;
        self.mode = mode;
        self.up(host)
    }

    /// Changes the address. Errors: [`Errno::Busy`] while it is up, [`Errno::Inval`] for what is no
    /// station's address.
    pub fn set_mac(&mut self, mac: MacAddr) -> Result<(), Errno> {
        if self.is_up {
            return Err(Errno::Busy);
        }
        if !mac.is_valid_station() {
            return Err(Errno::Inval);
        }
        self.mac = mac;
        Ok(())
    }

    /// Limits the power; `None` is as much as is allowed. Errors: those of the radio.
    pub fn set_power<H: Host>(&mut self, host: &mut H, dbm: Option<i8>) -> Result<(), Errno> {
        if self.is_up {
            host.ask(ControlRequest::SetTxPower(dbm), &[])?;
        }
        self.power_dbm = dbm;
        Ok(())
    }

    /// Tunes a monitor, or says where a station is to look for its network; `None` is anywhere.
    /// Errors: those of the radio.
    pub fn set_tuning<H: Host>(
        &mut self,
        host: &mut H,
        tuning: Option<Tuning>,
    ) -> Result<(), Errno> {
        let wants_join = self.mode == Mode::Station && !self.ssid.is_hidden();
        if let Some(tuning) = tuning
            && self.is_up
            && !wants_join
        {
            host.ask(ControlRequest::SetChannel(tuning), &[])?;
        }
        self.tuning = tuning;
        self.rejoin(host);
        Ok(())
    }

    /// Joins the network of the settings, if they are complete and nobody else decides. Nobody
    /// waits for the outcome.
    pub fn rejoin<H: Host>(&mut self, host: &mut H) {
        if !self.is_up || self.mode != Mode::Station || self.roaming != Roaming::Auto {
            return;
        }
        self.leave(host);
        if self.ssid.is_hidden() {
            return;
        }
        if let Ok(pairwise) = self.pairwise() {
            let effort = Effort::Forever;
            let channel = self.tuning.map(|tuning| tuning.channel);
            let info = JoinInfo {
                bssid: self.bssid,
                pairwise,
                has_psk: false,
                is_list: false,
                channel,
                effort,
            };
            let _ = self.join(host, info, &self.ssid); // It is tried again until it works.
        }
    }

    /// Joins one access point, once. Errors: [`Errno::NoEnt`] if it was not heard,
    /// [`Errno::OpNotSupp`] for ciphers that we do not have, and those of the radio.
    pub fn join_bss<H: Host>(
        &mut self,
        host: &mut H,
        bssid: MacAddr,
        ssid: &Ssid,
    ) -> Result<(), Errno> {
        let found = find_bss(host, bssid).ok_or(Errno::NoEnt)?;
        if !ssid.is_hidden() && !found.bss.ssid.is_hidden() && found.bss.ssid != *ssid {
            return Err(Errno::NoEnt);
        }
        let ssid = if ssid.is_hidden() { found.bss.ssid } else { *ssid };
        let pairwise = self.pairwise()?;
        self.leave(host);
        let channel = Some(found.bss.tuning.channel);
        let info = JoinInfo {
            bssid: Some(bssid),
            pairwise,
            has_psk: false,
            is_list: false,
            channel,
            effort: Effort::Once,
        };
        Ok(self.join(host, info, &ssid)?)
    }

    fn join<H: Host>(&self, host: &mut H, info: JoinInfo, ssid: &Ssid) -> Result<(), Failure> {
        let name = ssid.as_bytes();
        let len = [u8::try_from(name.len()).unwrap_or(0)];
        let body = [&len, name, self.rsn.as_bytes(), self.assoc.as_bytes()];
        host.ask(ControlRequest::Join(info), &body)
    }

    /// Leaves the network, or stops looking for it.
    pub fn leave<H: Host>(&mut self, host: &mut H) {
        if self.is_up && self.mode == Mode::Station {
            let _ = host.ask(ControlRequest::Leave, &[]); // Then there was nothing to leave.
        }
    }

    /// What protects frames in the network that is wanted. Errors: [`Errno::OpNotSupp`] for what
    /// the data path does not have.
    pub fn pairwise(&self) -> Result<Option<Cipher>, Errno> {
        if !self.privacy {
            return Ok(None);
        }
        let cipher = pairwise_of(self.rsn.as_bytes()).ok_or(Errno::OpNotSupp)?;
        if CIPHERS.contains(&cipher) { Ok(Some(cipher)) } else { Err(Errno::OpNotSupp) }
    }

    /// Looks for networks. Without `ssids` any is asked for; no `channels` are all. Errors: those
    /// of the radio.
    pub fn scan<H: Host>(
        &mut self,
        host: &mut H,
        is_passive: bool,
        channels: &[Channel],
        ssids: &[Ssid],
    ) -> Result<(), Failure> {
        const SSIDS_MAX: usize = 4;
        let mut out = [0; ScanRequest::len_max(crate::scan::CHANNELS_MAX, SSIDS_MAX, 0)];
        let any = [Ssid::EMPTY];
        let ssids = if ssids.is_empty() { &any } else { ssids };
        let len = ScanRequest::emit(&mut out, is_passive, channels, ssids, &[]);
        let head = len.and_then(|len| out.get(..len)).ok_or(Failure::Invalid)?;
        host.ask(ControlRequest::Scan, &[head, self.probe.as_bytes()])
    }

    /// Installs a key; the pairwise one opens the port, because nobody else tells us that the
    /// handshake is over. Errors: those of core.
    pub fn set_key<H: Host>(&self, host: &mut H, info: KeyInfo, key: &[u8]) -> Result<(), Failure> {
        host.ask(ControlRequest::SetKey(info), &[key])?;
        match info.place.peer {
            Some(peer) => host.ask(ControlRequest::SetPort(peer, Port::Open), &[]),
            None => Ok(()),
        }
    }

    /// Removes a key; that there is none is no error.
    pub fn delete_key<H: Host>(&self, host: &mut H, place: KeyPlace) -> Result<(), Errno> {
        match host.ask(ControlRequest::DeleteKey(place), &[]) {
            Ok(()) | Err(Failure::NotFound | Failure::Down) => Ok(()),
            Err(why) => Err(why.into()),
        }
    }

    /// The access point, if `addr` is its address.
    pub fn peer<H: Host>(&self, host: &mut H, addr: MacAddr) -> Option<Joined> {
        let joined = host.joined().filter(|_| self.mode == Mode::Station)?;
        (joined.bssid == addr).then_some(joined)
    }

    /// The network that the interface belongs to.
    pub fn own_bss<H: Host>(&self, host: &mut H) -> Option<Bss> {
        let joined = host.joined().filter(|_| self.mode == Mode::Station)?;
        find_bss(host, joined.bssid).map(|found| found.bss)
    }

    /// Where the interface works: in its network, where the radio is, where it is to be, or on the
    /// first channel.
    pub fn here<H: Host>(&self, host: &mut H) -> Tuning {
        let radio = host.tuning();
        if let Some(joined) = host.joined().filter(|_| self.mode == Mode::Station)
            && let Some(found) = find_bss(host, joined.bssid)
        {
            let channel = found.bss.tuning.channel;
            let is_there = radio.filter(|radio| radio.channel == channel); // Or scans, just now.
            return is_there.unwrap_or(found.bss.tuning);
        }
        let radio = radio.filter(|_| self.is_up).or(self.tuning);
        radio.unwrap_or_else(|| first_tuning(host))
    }
}

/// Where the radio begins.
fn first_tuning<H: Host>(host: &mut H) -> Tuning {
    let allowed = radio::channels(host.info()).find(|channel| host.rule(*channel).is_some());
    Tuning::narrow(
        allowed.or_else(|| radio::channels(host.info()).next()).unwrap_or(Channel::FIRST),
    )
}

/// The network of this access point, if it was heard.
pub fn find_bss<H: Host>(host: &mut H, bssid: MacAddr) -> Option<ScanResult> {
    find_bss_with(host, bssid, &mut [0; KEPT_MAX]).map(|(result, _)| result)
}

/// The same with its elements, and how many bytes they are.
pub fn find_bss_with<H: Host>(
    host: &mut H,
    bssid: MacAddr,
    elements: &mut [u8; KEPT_MAX],
) -> Option<(ScanResult, usize)> {
    (0..RESULTS_MAX).find_map(|index| {
        host.scan_result(index, elements).filter(|(result, _)| result.bss.bssid == bssid)
    })
}

/// The first cipher for frames to one station in an RSN or WPA element.
pub fn pairwise_of(elements: &[u8]) -> Option<Cipher> {
    /// WPA's suites are Microsoft's, with the same numbers.
    const MICROSOFT: u32 = 0x0050_f200;
    const STANDARD: u32 = 0x000f_ac00;
    let elements = Elements::new(elements);
    let rsn = elements.body_of(id::RSN).and_then(Rsn::parse);
    let wpa = || elements.find_vendor(&id::VENDOR_WPA).and_then(Rsn::parse);
    let suite = *rsn.or_else(wpa)?.pairwise.first()?;
    let standard = if suite & !0xff == MICROSOFT { STANDARD | suite & 0xff } else { suite };
    Cipher::from_suite(standard)
}

/// The channels of a set of numbers: bit n is channel n of 2.4 GHz or 5 GHz.
pub fn is_in(set: &[u8; 32], channel: Channel) -> bool {
    let number = channel.number();
    set.get(usize::from(number / 8)).is_some_and(|byte| byte >> (number % 8) & 1 != 0)
}

/// The low byte of capabilities, as the ioctls show it.
pub const fn capability_byte(capability: Capability) -> u8 {
    let [low, _] = capability.bits().to_le_bytes();
    low
}

/// The number of the secondary channel; 0 without one.
pub const fn secondary(tuning: Tuning) -> u8 {
    match tuning.width {
        Width::Mhz20 => 0,
        Width::Mhz40Above => tuning.channel.number() + 4,
        Width::Mhz40Below => tuning.channel.number().saturating_sub(4),
    }
}
