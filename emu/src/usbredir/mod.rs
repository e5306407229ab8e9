// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! usbredir, the protocol between QEMU's `usb-redir` device and whoever has the USB device.
//!
//! [`wire`] is bytes and packets, [`peer`] what a device does with them: no sockets here, and no panic
//! whatever the other side sends. The protocol is described in usbredir's `docs/usb-redirection-protocol.md`.

pub mod peer;
pub mod wire;
