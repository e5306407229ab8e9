// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Scans: asking for one, and what it found.

use heapless::Vec;
use zerocopy::IntoBytes;

use super::{
    FreeBsd, channels,
    layout::{self, Req, ScanReq},
};
use crate::{
    abi::{
        Errno, Host,
        net80211::heard::{NOISE_DBM, erp_of, padded, rates_of, rssi},
        settings::{capability_byte, is_in},
        user::{self, Out},
    },
    control::Failure,
    radio,
    scan::{CHANNELS_MAX, KEPT_MAX, RESULTS_MAX, ScanResult},
    types::{Channel, Ssid},
    wire::elements::Elements,
};

/// Flags of a scan (`IEEE80211_IOC_SCAN_*`); the others are for net80211's own policy.
const ACTIVE: i32 = 0x02;
const NO_BROADCAST: i32 = 0x20;
/// The shortest and the longest time for a scan, which ends by itself before.
const DURATION_MIN: u32 = 1;
const DURATION_MAX: u32 = 0x7fff_ffff;
/// A buffer below this is none (two words of the kernel's own).
const ROOM_MIN: u16 = 16;
impl FreeBsd {
    pub(super) fn scan<H: Host>(&mut self, host: &mut H, req: &Req) -> Result<(), Errno> {
        let wanted: ScanReq = user::read_exact(host, req.data(), req.i_len)?;
        if !(DURATION_MIN..=DURATION_MAX).contains(&wanted.sr_duration) {
            return Err(Errno::Inval);
        }
        let count = usize::try_from(wanted.sr_nssid).unwrap_or(0);
        let mut names = Vec::<Ssid, { layout::SCAN_SSIDS + 1 }>::new();
        for name in wanted.sr_ssid.iter().take(count) {
            let bytes = usize::try_from(name.len).ok().and_then(|len| name.ssid.get(..len));
            let _ = names.push(bytes.and_then(Ssid::new).ok_or(Errno::Inval)?); // They fit.
        }
        if wanted.sr_flags & NO_BROADCAST == 0 {
            let _ = names.push(Ssid::EMPTY); // It fits.
        }
        self.start_scan(host, wanted.sr_flags & ACTIVE == 0, &names)
    }

    /// The old request without parameters.
    pub(super) fn scan_any<H: Host>(&mut self, host: &mut H) -> Result<(), Errno> {
        let name = [self.settings.ssid];
        let names = if self.settings.ssid.is_hidden() { &[][..] } else { &name };
        match self.start_scan(host, false, names) {
            Err(Errno::InProgress) => Ok(()),
            other => other,
        }
    }

    fn start_scan<H: Host>(
        &mut self,
        host: &mut H,
        is_passive: bool,
        names: &[Ssid],
    ) -> Result<(), Errno> {
        let mut some = Vec::<Channel, CHANNELS_MAX>::new();
        if let Some(set) = self.chosen_channels() {
            some.extend(radio::channels(host.info()).filter(|c| is_in(set, *c)).take(CHANNELS_MAX));
        }
        match self.settings.scan(host, is_passive, &some, names) {
            Ok(()) => Ok(()),
            Err(Failure::Down) => Err(Errno::NxIo),
            Err(Failure::Busy) => Err(Errno::InProgress),
            Err(why) => Err(why.into()),
        }
    }
}

/// Copies out every network that fits.
pub(super) fn results<H: Host>(host: &mut H, req: &mut Req) -> Result<(), Errno> {
    if req.i_len < ROOM_MIN {
        return Err(Errno::Fault);
    }
    let mut out = Out::new(req.data(), req.i_len.into());
    let mut elements = [0; KEPT_MAX];
    for index in 0..RESULTS_MAX {
        if let Some((result, len)) = host.scan_result(index, &mut elements) {
            result_out(host, &mut out, &result, elements.get(..len).unwrap_or_default())?;
        }
    }
    req.i_len = u16::try_from(out.written).unwrap_or(0);
    Ok(())
}

fn result_out<H: Host>(
    host: &mut H,
    out: &mut Out,
    result: &ScanResult,
    bytes: &[u8],
) -> Result<(), Errno> {
    const HEAD: usize = size_of::<layout::ScanResult>();
    let bss = &result.bss;
    let name = bss.ssid.as_bytes();
    let len = HEAD + name.len() + bytes.len();
    let whole = padded(len);
    if !out.fits(whole) {
        return Ok(());
    }
    let short = |len: usize| u16::try_from(len).unwrap_or(u16::MAX);
    let [low, high, ..] = channels::flags_of(bss.tuning, bss.ht.is_some()).to_le_bytes();
    let (isr_rates, isr_nrates) = rates_of(Elements::new(bytes));
    let head = layout::ScanResult {
        isr_len: short(whole),
        isr_ie_off: short(HEAD),
        isr_ie_len: short(bytes.len()),
        isr_freq: bss.tuning.channel.mhz(),
        isr_flags: u16::from_le_bytes([low, high]),
        isr_noise: NOISE_DBM,
        isr_rssi: rssi(result.signal_dbm),
        isr_intval: bss.beacon_interval_tu,
        isr_capinfo: capability_byte(bss.capability),
        isr_erp: erp_of(Elements::new(bytes)),
        isr_bssid: bss.bssid.0,
        isr_nrates,
        isr_rates,
        isr_ssid_len: u8::try_from(name.len()).unwrap_or(0),
        isr_meshid_len: 0,
    };
    for part in [head.as_bytes(), name, bytes, [0; 3].get(..whole - len).unwrap_or_default()] {
        out.put(host, part)?;
    }
    Ok(())
}
