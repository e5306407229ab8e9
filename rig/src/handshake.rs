// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The 4-way handshake as a program in user space carries it out: EAPOL frames up and down, keys by
//! ioctls.

use anyhow::{Result, bail};
use tern_sim::supplicant::{Supplicant, Want};

use crate::{
    engine::EventKind,
    machine::{MAC, Machine},
};

/// Ethertype of EAPOL.
const EAPOL: [u8; 2] = [0x88, 0x8e];
/// Priority of its frames.
const PRIORITY: u8 = 0;
const PATIENCE_US: u64 = 10_000_000;

/// Who installs keys.
pub(crate) trait Keys {
    /// A pairwise or a group key.
    ///
    /// # Errors
    ///
    /// It was not taken.
    fn install(&mut self, want: &Want) -> Result<()>;
}

/// Carries it out on an interface that has just associated.
///
/// # Errors
///
/// A key was refused; the handshake does not end.
pub(crate) fn carry_out(
    machine: &Machine,
    interface: &str,
    bssid: [u8; 6],
    mut supplicant: Supplicant,
    keys: &mut dyn Keys,
) -> Result<()> {
    let end = machine.now() + PATIENCE_US;
    while machine.now() < end {
        let mut frames = Vec::new();
        machine.wait_until(end.saturating_sub(machine.now()), |events| {
            let inputs = events.into_iter().filter(|event| event.kind == EventKind::Input);
            frames.extend(
                inputs.map(|event| event.data).filter(|data| data.get(12..14) == Some(&EAPOL)),
            );
            !frames.is_empty()
        });
        for frame in frames {
            for want in supplicant.on_eapol(&frame[14..]) {
                match &want {
                    Want::Done => return Ok(()),
                    Want::Send(eapol) => {
                        let frame = [&bssid[..], &MAC, &EAPOL, eapol].concat();
                        if let Err(errno) = machine.kernel.send(interface, &frame, PRIORITY) {
                            bail!("sending EAPOL: errno {errno}");
                        }
                    }
                    Want::PairwiseKey(_) | Want::GroupKey { .. } => keys.install(&want)?,
                }
            }
        }
    }
    bail!("the handshake does not end")
}
