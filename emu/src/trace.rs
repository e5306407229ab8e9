// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The log of register accesses and bulk transfers: one line each, columns with tabs between them.
//!
//! ```text
//! seconds   radio  R or W  bytes  register   address  value
//! 0.012345  0      W       2      CR         0x0100   0x063f
//! 1.200000  0      OUT     121    endpoint   2        queue 0x12 fc 0x00b0
//! 1.201000  0      IN      152    endpoint   1        fc 0x0080
//! ```

use std::{fs::File, io::Write, path::Path};

use anyhow::Context as _;
use tern_sim::{air::Micros, chip::register_name};

/// Bytes of a value that are written out; of longer ones only the length is.
const VALUE_MAX: usize = 4;
/// Where the frame begins behind a TX descriptor, and behind an RX descriptor with PHY status.
const TX_FRAME_AT: usize = 32;
const RX_DESCRIPTOR_LEN: usize = 24;

/// A log that is being written.
pub(crate) struct Trace(std::io::BufWriter<File>);

impl Trace {
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
        let mut writer = std::io::BufWriter::new(file);
        writeln!(writer, "# seconds\tradio\tdirection\tbytes\tregister\taddress\tvalue")?;
        Ok(Self(writer))
    }

    /// A register access: `direction` is `R` or `W`, `FAIL` stands for the value of a refused one.
    pub(crate) fn register(
        &mut self,
        now: Micros,
        radio: usize,
        direction: &str,
        address: u16,
        data: Result<&[u8], usize>,
    ) -> anyhow::Result<()> {
        let (len, value) = match data {
            Ok(data) if data.len() <= VALUE_MAX => (data.len(), hex(data)),
            Ok(data) => (data.len(), "-".to_owned()),
            Err(len) => (len, "FAIL".to_owned()),
        };
        let name = register_name(address);
        let columns = format!("{direction}\t{len}\t{name}\t{address:#06x}\t{value}");
        self.line(now, radio, &columns)
    }

    /// A bulk OUT transfer: descriptor and frame.
    pub(crate) fn bulk_out(
        &mut self,
        now: Micros,
        radio: usize,
        endpoint: u8,
        data: &[u8],
    ) -> anyhow::Result<()> {
        let queue = data.get(5).map_or(0, |byte| byte & 0x1f);
        let control = frame_control(data, TX_FRAME_AT);
        let columns =
            format!("OUT\t{}\tendpoint\t{endpoint}\tqueue {queue:#04x} fc {control}", data.len());
        self.line(now, radio, &columns)
    }

    /// A bulk IN transfer.
    pub(crate) fn bulk_in(&mut self, now: Micros, radio: usize, data: &[u8]) -> anyhow::Result<()> {
        let driver_info = data.get(2).map_or(0, |byte| usize::from(byte & 0x0f) * 8);
        let control = frame_control(data, RX_DESCRIPTOR_LEN + driver_info);
        self.line(now, radio, &format!("IN\t{}\tendpoint\t1\tfc {control}", data.len()))
    }

    /// Something else, such as a fault.
    pub(crate) fn remark(&mut self, now: Micros, radio: usize, text: &str) -> anyhow::Result<()> {
        self.line(now, radio, &format!("#\t{text}"))
    }

    fn line(&mut self, now: Micros, radio: usize, columns: &str) -> anyhow::Result<()> {
        let (seconds, micros) = (now / 1_000_000, now % 1_000_000);
        writeln!(self.0, "{seconds}.{micros:06}\t{radio}\t{columns}").context("writing the trace")
    }

    pub(crate) fn flush(&mut self) -> anyhow::Result<()> {
        self.0.flush().context("writing the trace")
    }
}

/// Little-endian bytes as one number.
fn hex(data: &[u8]) -> String {
    let digits: String = data.iter().rev().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}

fn frame_control(data: &[u8], at: usize) -> String {
    data.get(at..at + 2).map_or("-".to_owned(), hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        assert_eq!(hex(&[0x3f, 0x06]), "0x063f");
        assert_eq!(frame_control(&[0; 33], 32), "-");
        assert_eq!(frame_control(&[0x80, 0], 0), "0x0080");
    }
}
