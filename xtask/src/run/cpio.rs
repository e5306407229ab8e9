// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Writes the archive that a kernel unpacks as its first file system (cpio, format "newc").

use std::collections::BTreeSet;

/// Bits of the mode field: a directory, a regular file, a symbolic link.
const DIRECTORY: u32 = 0o040_755;
const FILE: u32 = 0o100_755;
const LINK: u32 = 0o120_777;

/// An archive being written. Parent directories come by themselves.
#[derive(Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    names: BTreeSet<String>,
    inode: u32,
}

impl Archive {
    /// Adds a file that may be executed. A second file of the same name is left out.
    pub(super) fn file(&mut self, path: &str, content: &[u8]) {
        self.entry(path, FILE, content);
    }

    /// Adds a directory and its parents.
    pub(super) fn directory(&mut self, path: &str) {
        self.entry(path, DIRECTORY, b"");
    }

    /// Adds a symbolic link.
    pub(super) fn link(&mut self, path: &str, target: &str) {
        self.entry(path, LINK, target.as_bytes());
    }

    /// Whether something of this name is in already.
    pub(super) fn contains(&self, path: &str) -> bool {
        self.names.contains(path.trim_start_matches('/'))
    }

    /// The finished archive.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.write("TRAILER!!!", 0, b"");
        self.bytes
    }

    /// Adds one entry after its parents, once.
    fn entry(&mut self, path: &str, mode: u32, content: &[u8]) {
        let name = path.trim_start_matches('/').to_owned();
        if name.is_empty() || self.names.contains(&name) {
            return;
        }
        if let Some((parent, _)) = name.rsplit_once('/') {
            self.directory(parent);
        }
        self.write(&name, mode, content);
        self.names.insert(name);
    }

    /// The header (thirteen numbers of eight hexadecimal digits), the name, the content, each padded
    /// to four bytes.
    fn write(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.inode += 1;
        let (size, name_size) = (content.len(), name.len() + 1);
        let header = format!(
            "070701{:08x}{mode:08x}{:08x}{:08x}{:08x}{:08x}{size:08x}\
             {:08x}{:08x}{:08x}{:08x}{name_size:08x}{:08x}",
            self.inode, 0, 0, 1, 0, 0, 0, 0, 0, 0
        );
        self.bytes.extend_from_slice(header.as_bytes());
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
    }

    /// Fills up to a multiple of four bytes.
    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::Archive;

    #[test]
    fn headers_and_padding() {
        let mut archive = Archive::default();
        archive.file("/etc/a", b"hello");
        assert!(archive.contains("/etc") && archive.contains("/etc/a"));
        let bytes = archive.finish();
        let text = String::from_utf8_lossy(&bytes);
        // Directory: 110 bytes of header, "etc\0", padded to 116.
        assert_eq!(&text[..14], "07070100000001");
        assert_eq!(&text[110..113], "etc");
        assert_eq!(&text[116..122], "070701");
        // The size of the file is the seventh number after the magic.
        assert_eq!(&text[116 + 6 + 48..116 + 6 + 56], "00000005");
        assert!(text.contains("hello") && text.contains("TRAILER!!!"));
        assert_eq!(bytes.len() % 4, 0);
    }

    #[test]
    fn one_entry_per_name() {
        let mut archive = Archive::default();
        archive.file("a", b"1");
        let before = archive.bytes.len();
        archive.file("/a", b"2");
        archive.link("a", "b");
        assert_eq!(archive.bytes.len(), before);
    }
}
