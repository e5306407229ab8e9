// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Captures of the air for Wireshark: pcap with radiotap headers (radiotap.org).

use std::{io::Write, time::Duration};

use pcap_file::{
    DataLink, PcapError,
    pcap::{PcapHeader, PcapPacket, PcapWriter},
};

use super::{Observer, Rate, Seen};

/// Writes every transmission to a pcap file.
pub struct Capture<W: Write + Send>(PcapWriter<W>);

impl<W: Write + Send> std::fmt::Debug for Capture<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Capture")
    }
}

impl<W: Write + Send> Capture<W> {
    /// Writes the file header.
    pub fn new(writer: W) -> std::io::Result<Self> {
        let header =
            PcapHeader { datalink: DataLink::IEEE802_11_RADIOTAP, ..PcapHeader::default() };
        PcapWriter::with_header(writer, header).map(Self).map_err(io_error)
    }
}

fn io_error(error: PcapError) -> std::io::Error {
    match error {
        PcapError::IoError(error) => error,
        other => std::io::Error::other(other),
    }
}

impl<W: Write + Send> Observer for Capture<W> {
    fn seen(&mut self, seen: &Seen<'_>) -> std::io::Result<()> {
        let mut bytes = radiotap(seen);
        bytes.extend(&seen.frame.bytes);
        let len = u32::try_from(bytes.len()).map_err(std::io::Error::other)?;
        let packet = PcapPacket::new(Duration::from_micros(seen.started_at), len, &bytes);
        self.0.write_packet(&packet).map(drop).map_err(io_error)
    }
}

const TSFT: u32 = 1 << 0;
const FLAGS: u32 = 1 << 1;
const RATE: u32 = 1 << 2;
const CHANNEL: u32 = 1 << 3;
const SIGNAL_DBM: u32 = 1 << 5;
const MCS: u32 = 1 << 19;

fn radiotap(seen: &Seen<'_>) -> Vec<u8> {
    let frame = seen.frame;
    let mut present = TSFT | FLAGS | CHANNEL | SIGNAL_DBM;
    present |= if matches!(frame.rate, Rate::Ht { .. }) { MCS } else { RATE };
    let mut header = vec![0; 4];
    header.extend(present.to_le_bytes());
    header.extend(seen.started_at.to_le_bytes());
    // No flags: no FCS, long preamble. A rate of 0 is the padding before the channel.
    header.push(0);
    header.push(if let Rate::Legacy(rate) = frame.rate { rate } else { 0 });
    header.extend(frequency_mhz(frame.channel).to_le_bytes());
    header.extend(channel_flags(frame.channel, frame.rate).to_le_bytes());
    header.extend(seen.signal_dbm.to_le_bytes());
    if let Rate::Ht { mcs, width_mhz, short_gi } = frame.rate {
        // Known: bandwidth, MCS, guard interval.
        header.extend([0x07, u8::from(width_mhz == 40) | u8::from(short_gi) << 2, mcs]);
    }
    let len = header.len() as u16;
    header[2..4].copy_from_slice(&len.to_le_bytes());
    header
}

/// Centre of a channel in MHz (15.4.4.3, 17.3.8.4.2).
fn frequency_mhz(channel: u8) -> u16 {
    match channel {
        14 => 2484,
        1..=13 => 2407 + 5 * u16::from(channel),
        _ => 5000 + 5 * u16::from(channel),
    }
}

fn channel_flags(channel: u8, rate: Rate) -> u16 {
    let band = if channel <= 14 { 0x0080 } else { 0x0100 };
    let modulation = if rate.is_cck() { 0x0020 } else { 0x0040 };
    band | modulation
}
