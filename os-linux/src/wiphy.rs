// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! cfg80211's operations as core's requests. User space is the SME: it authenticates and
//! associates by itself.

use core::ffi::{c_int, c_void};

use heapless::Vec;
use tern_common::{
    device::Wait,
    ffi::{self as common, RawVap, lent, vap_id},
    packet::KernelDraft,
};
use tern_core::{
    control::{AssocInfo, AuthInfo, ControlRequest, Failure, KeyInfo, KeyPlace, MgmtInfo, Port},
    data::PeerStats,
    inbox::FrameKinds,
    io::RxFlags,
    os::{Os as _, Sleepable},
    radio::{ChannelFlags, ChannelRule, Regulatory},
    scan::{CHANNELS_MAX, ELEMENTS_MAX, SSIDS_MAX, ScanRequest},
    types::{Channel, Cipher, Rate, RequestId, Ssid, Tuning, VapId, Width},
};

use crate::{
    events::{self, Kind, cookie as cookie_of},
    ffi::{self, RawRate, RawTuning, ScanReq, Station},
    hooks::{Device, result},
};

/// A request with a body of two parts.
fn with_body(
    device: &Device,
    vap: RawVap,
    request: ControlRequest,
    body: &[&[u8]],
) -> Result<RequestId, Failure> {
    device.call(vap_id(vap), request, Some(KernelDraft::of(body)?), Wait::Killable)
}

fn narrow(mhz: u32) -> Result<Tuning, Failure> {
    let channel = u16::try_from(mhz).ok().and_then(Channel::from_mhz);
    channel.map(Tuning::narrow).ok_or(Failure::Invalid)
}

impl RawTuning {
    fn get(self) -> Result<Tuning, Failure> {
        let width = match self.width {
            1 => Width::Mhz40Above,
            -1 => Width::Mhz40Below,
            _ => Width::Mhz20,
        };
        Ok(Tuning { width, ..narrow(self.mhz)? })
    }
}

/// A request without a body; the numbers are those of `enum tern_question`.
#[unsafe(no_mangle)]
extern "C" fn tern_ask(
    rust: *mut c_void,
    vap: RawVap,
    what: u32,
    mac: *const u8,
    number: i32,
    tuning: *const RawTuning,
) -> c_int {
    // SAFETY: C passes what `tern_probe` gave it, an address or null, a tuning or null.
    let (device, mac, tuning) = unsafe { (Device::of(rust), common::mac(mac), tuning.as_ref()) };
    let index = number as u8;
    let ask = || {
        let request = match what {
            0 => ControlRequest::AbortScan,
            1 => ControlRequest::AbortRemain,
            2 => ControlRequest::SetDefaultKey(index),
            3 => ControlRequest::DeleteKey(KeyPlace { peer: mac, index }),
            4 => ControlRequest::SetPort(mac.ok_or(Failure::Invalid)?, Port::Closed),
            5 => ControlRequest::SetPort(mac.ok_or(Failure::Invalid)?, Port::Open),
            6 => ControlRequest::SetChannel(tuning.ok_or(Failure::Invalid)?.get()?),
            7 => ControlRequest::SetTxPower(Some(number.clamp(0, i8::MAX.into()) as i8)),
            8 => ControlRequest::SetTxPower(None),
            9 => ControlRequest::Down,
            10 => ControlRequest::Suspend,
            11 => ControlRequest::Resume,
            _ => return Err(Failure::Invalid),
        };
        let wait = if what < 9 { Wait::Killable } else { Wait::Always };
        device.call(vap_id(vap), request, None, wait)
    };
    result(ask())
}

/// Writes a scan request as core reads it.
///
/// # Safety
///
/// The pointers in `req` go with their lengths.
unsafe fn scan_body(req: &ScanReq) -> Result<KernelDraft, Failure> {
    let mut channels: Vec<Channel, CHANNELS_MAX> = Vec::new();
    let mut ssids: Vec<Ssid, SSIDS_MAX> = Vec::new();
    for mhz in req.channels_mhz.iter().take(req.n_channels as usize) {
        channels.push(narrow((*mhz).into())?.channel).map_err(|_| Failure::Invalid)?;
    }
    for (name, len) in req.ssids.iter().zip(req.ssid_lens).take(req.n_ssids as usize) {
        // SAFETY: the caller's promise.
        let ssid = Ssid::new(unsafe { lent(*name, len) }).ok_or(Failure::Invalid)?;
        ssids.push(ssid).map_err(|_| Failure::Invalid)?;
    }
    // SAFETY: the caller's promise.
    let elements = unsafe { lent(req.ie, req.ie_len) };
    let mut bytes = [0; ScanRequest::len_max(CHANNELS_MAX, SSIDS_MAX, ELEMENTS_MAX)];
    let len = ScanRequest::emit(&mut bytes, ssids.is_empty(), &channels, &ssids, elements);
    let body = bytes.get(..len.ok_or(Failure::Invalid)?).unwrap_or_default();
    Ok(KernelDraft::of(&[body])?)
}

#[unsafe(no_mangle)]
extern "C" fn tern_scan(rust: *mut c_void, vap: RawVap, req: *const ScanReq) -> c_int {
    // SAFETY: C passes what `tern_probe` gave it, and a request of its own.
    let (device, body) = unsafe { (Device::of(rust), scan_body(&*req)) };
    let scan = |body| device.call(vap_id(vap), ControlRequest::Scan, Some(body), Wait::Killable);
    result(body.and_then(scan))
}

#[unsafe(no_mangle)]
extern "C" fn tern_auth(
    rust: *mut c_void,
    vap: RawVap,
    bssid: *const u8,
    mhz: u32,
    algorithm: u32,
    data: *const u8,
    data_len: usize,
    ie: *const u8,
    ie_len: usize,
) -> c_int {
    // SAFETY: C passes what `tern_probe` gave it, an address, and lends the rest.
    let (device, bssid, data, ie) =
        unsafe { (Device::of(rust), common::mac(bssid), lent(data, data_len), lent(ie, ie_len)) };
    let auth = || {
        let bssid = bssid.ok_or(Failure::Invalid)?;
        let algorithm = u16::try_from(algorithm).map_err(|_| Failure::Invalid)?;
        let info = AuthInfo { bssid, tuning: narrow(mhz)?, algorithm };
        with_body(device, vap, ControlRequest::Auth(info), &[data, ie])
    };
    result(auth())
}

#[unsafe(no_mangle)]
extern "C" fn tern_assoc(
    rust: *mut c_void,
    vap: RawVap,
    bssid: *const u8,
    previous: *const u8,
    mhz: u32,
    pairwise: u32,
    ie: *const u8,
    ie_len: usize,
) -> c_int {
    // SAFETY: C passes what `tern_probe` gave it, addresses, and lends the elements.
    let (device, bssid, previous, ie) =
        unsafe { (Device::of(rust), common::mac(bssid), common::mac(previous), lent(ie, ie_len)) };
    let assoc = || {
        let pairwise = match pairwise {
            0 => None,
            suite => Some(Cipher::from_suite(suite).ok_or(Failure::Unsupported)?),
        };
        let bssid = bssid.ok_or(Failure::Invalid)?;
        let tuning = narrow(mhz)?;
        let info = AssocInfo { bssid, previous, tuning, is_widest: true, pairwise };
        with_body(device, vap, ControlRequest::Assoc(info), &[ie])
    };
    result(assoc())
}

#[unsafe(no_mangle)]
extern "C" fn tern_leave(
    rust: *mut c_void,
    vap: RawVap,
    is_deauth: bool,
    bssid: *const u8,
    reason: u16,
    ie: *const u8,
    ie_len: usize,
) -> c_int {
    // SAFETY: C passes what `tern_probe` gave it, an address, and lends the elements.
    let (device, bssid, ie) = unsafe { (Device::of(rust), common::mac(bssid), lent(ie, ie_len)) };
    let leave = || {
        let bssid = bssid.ok_or(Failure::Invalid)?;
        let request = match is_deauth {
            true => ControlRequest::Deauth(bssid, reason),
            false => ControlRequest::Disassoc(bssid, reason),
        };
        device.call(vap_id(vap), request, Some(KernelDraft::of(&[ie])?), Wait::Always)
    };
    result(leave())
}

/// A packet number as nl80211 has it: least significant byte first.
fn packet_number(seq: &[u8]) -> u64 {
    seq.iter().rev().fold(0, |pn, byte| pn << 8 | u64::from(*byte))
}

#[unsafe(no_mangle)]
extern "C" fn tern_set_key(
    rust: *mut c_void,
    vap: RawVap,
    peer: *const u8,
    index: u8,
    suite: u32,
    key: *const u8,
    key_len: usize,
    seq: *const u8,
    seq_len: usize,
) -> c_int {
    // SAFETY: C passes what `tern_probe` gave it, an address or null, and lends the rest.
    let (device, peer, key, seq) =
        unsafe { (Device::of(rust), common::mac(peer), lent(key, key_len), lent(seq, seq_len)) };
    let set = || {
        let cipher = Cipher::from_suite(suite).ok_or(Failure::Unsupported)?;
        let place = KeyPlace { peer, index };
        let info = KeyInfo { place, cipher, receive_pn: packet_number(seq) };
        with_body(device, vap, ControlRequest::SetKey(info), &[key])
    };
    result(set())
}

#[unsafe(no_mangle)]
extern "C" fn tern_mgmt_tx(
    rust: *mut c_void,
    vap: RawVap,
    tuning: *const RawTuning,
    wait_ms: u32,
    no_ack: bool,
    frame: *const u8,
    len: usize,
    cookie: *mut u64,
) -> c_int {
    // SAFETY: C passes what `tern_probe` gave it, a tuning or null, and lends the frame.
    let (device, tuning, frame) = unsafe { (Device::of(rust), tuning.as_ref(), lent(frame, len)) };
    let send = || {
        let tuning = tuning.map(|tuning| tuning.get()).transpose()?;
        let wait_ms = u16::try_from(wait_ms).unwrap_or(u16::MAX);
        let info = MgmtInfo { tuning, wait_ms, no_ack };
        with_body(device, vap, ControlRequest::SendMgmt(info), &[frame])
    };
    let sent = send();
    if let Ok(id) = sent {
        // SAFETY: C points to a variable of its own.
        unsafe { *cookie = cookie_of(id) };
    }
    result(sent)
}

#[unsafe(no_mangle)]
extern "C" fn tern_remain(
    rust: *mut c_void,
    vap: RawVap,
    tuning: *const RawTuning,
    ms: u32,
    cookie: *mut u64,
) -> c_int {
    // SAFETY: C passes what `tern_probe` gave it, and a tuning.
    let (device, tuning) = unsafe { (Device::of(rust), tuning.as_ref()) };
    let vap: VapId = vap_id(vap);
    let remain = || {
        let tuning = tuning.ok_or(Failure::Invalid)?.get()?;
        let ms = u16::try_from(ms).map_err(|_| Failure::Invalid)?;
        let id = device.call(vap, ControlRequest::Remain(tuning, ms), None, Wait::Killable)?;
        Ok((id, ms))
    };
    let begun = remain();
    if let Ok((id, ms)) = begun {
        // SAFETY: C points to a variable of its own.
        unsafe { *cookie = cookie_of(id) };
        // Told after the cookie: the work item waits for the mutex that our caller holds.
        let mut cx = Sleepable::enter_from_shim();
        events::queue(&device.shared.os, &mut cx, vap, Kind::remain_begun(id, ms), &[]);
    }
    result(begun)
}

#[unsafe(no_mangle)]
extern "C" fn tern_register_frames(rust: *mut c_void, vap: RawVap, stypes: u32) {
    // SAFETY: C passes what `tern_probe` gave it.
    let device = unsafe { Device::of(rust) };
    let kinds = FrameKinds::from_bits_retain(stypes as u16);
    device.shared.register_frames(&mut Sleepable::enter_from_shim(), vap_id(vap), kinds);
}

fn raw_rate(rate: Option<Rate>, is_wide: bool, has_short_gi: bool) -> RawRate {
    match rate {
        Some(Rate::Legacy(half_mbps)) => RawRate { half_mbps, ..RawRate::default() },
        Some(Rate::Mcs(mcs)) => RawRate { half_mbps: 0, is_mcs: true, mcs, is_wide, has_short_gi },
        None => RawRate::default(),
    }
}

#[unsafe(no_mangle)]
extern "C" fn tern_station(
    rust: *mut c_void,
    vap: RawVap,
    peer: *const u8,
    out: *mut Station,
) -> c_int {
    // SAFETY: C passes what `tern_probe` gave it, an address, and a variable of its own.
    let (device, peer, out) = unsafe { (Device::of(rust), common::mac(peer), &mut *out) };
    let shared = &device.shared;
    let mut cx = Sleepable::enter_from_shim();
    let stats = peer.and_then(|peer| shared.peer_stats(&mut cx, vap_id(vap), peer));
    let Some(PeerStats { rx, tx }) = stats else { return result::<()>(Err(Failure::NotFound)) };
    let inactive_ms = shared.os.now().since_us(rx.last) / 1000;
    *out = Station {
        signal_dbm: rx.signal_dbm.unwrap_or_default(),
        average_dbm: rx.average_dbm().unwrap_or_default(),
        has_signal: rx.signal_dbm.is_some(),
        is_authorized: tx.authorized,
        tx: raw_rate(tx.rate, tx.width != Width::Mhz20, false),
        rx: raw_rate(
            rx.rate,
            rx.flags.contains(RxFlags::WIDE),
            rx.flags.contains(RxFlags::SHORT_GI),
        ),
        inactive_ms: u32::try_from(inactive_ms).unwrap_or(u32::MAX),
        tx_retries: tx.retries,
        tx_failed: tx.failed,
        tx_packets: tx.packets,
        rx_packets: rx.packets,
        tx_bytes: tx.bytes,
        rx_bytes: rx.bytes,
        rx_dropped: rx.dropped.into(),
    };
    0
}

/// The regulatory domain has changed.
#[unsafe(no_mangle)]
extern "C" fn tern_regulatory(rust: *mut c_void) {
    const FLAGS: [(u32, ChannelFlags); 5] = [
        (1, ChannelFlags::DISABLED),
        (2, ChannelFlags::NO_IR),
        // Nobody here watches for radar: listening only.
        (4, ChannelFlags::NO_IR),
        (8, ChannelFlags::NO_40_ABOVE),
        (16, ChannelFlags::NO_40_BELOW),
    ];
    // SAFETY: C passes what `tern_probe` gave it.
    let device = unsafe { Device::of(rust) };
    let dev = device.shared.os.dev.0;
    let mut domain = Regulatory::EMPTY;
    // SAFETY: the C side outlives this.
    for at in 0..unsafe { ffi::shim_reg_channels(dev) } {
        let (mut bits, mut dbm) = (0, 0);
        // SAFETY: the index is below the count.
        let mhz = unsafe { ffi::shim_reg_channel(dev, at, &raw mut bits, &raw mut dbm) };
        let Ok(Tuning { channel, .. }) = narrow(mhz) else { continue };
        let set = FLAGS.iter().filter(|(bit, _)| bits & bit != 0);
        let flags = set.fold(ChannelFlags::empty(), |flags, (_, flag)| flags | *flag);
        let max_dbm = dbm.clamp(i8::MIN.into(), i8::MAX.into()) as i8;
        domain.set(ChannelRule { channel, max_dbm, flags });
    }
    device.shared.post_regulatory(&mut Sleepable::enter_from_shim(), &domain);
}
