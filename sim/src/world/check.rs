// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What must hold, whatever happened.

use tern_core::os::Sleepable;

use super::{OWN, VAP, World};
use crate::chip::UsbChip;

impl World<'_> {
    /// User, data path, chip and, on good air, access point agree whether we belong to the network.
    /// Called when the user was just told so.
    pub fn check_agreement(&mut self, is_joined: bool) {
        if self.is_stopped() {
            return;
        }
        self.check_user(is_joined);
        let ether = self.wire.ether.lock();
        if ether.is_unplugged {
            return;
        }
        let bssid = ether.points[0].config().bssid;
        let is_in_chip = ether.chip_bssid() == Some(bssid);
        let keys = ether.chip.key_addresses().iter().filter(|address| **address == bssid).count();
        drop(ether);
        if is_in_chip != is_joined {
            self.complain(format!("joined: {is_joined}, but the chip's BSSID says {is_in_chip}"));
        }
        // The last message of the handshake may still be on its way through the bus.
        let is_known = |world: &mut Self| world.wire.ether.lock().points[0].is_open(OWN.0);
        if self.is_calm() && is_joined && !self.run_until(20_000, is_known) {
            self.complain("joined, but the access point knows nothing of it".to_owned());
        }
        let is_protected = is_joined && self.is_protected;
        if is_protected != (keys > 0) {
            self.complain(format!("joined: {is_joined}, but the chip has {keys} keys for it"));
        }
    }

    /// The same without the chip, which knows a network from authentication on.
    pub fn check_user(&mut self, is_joined: bool) {
        let says = [("the user's link", self.is_up), ("the data path", self.is_data_path_open())];
        for (what, is) in says.into_iter().filter(|(_, is)| *is != is_joined) {
            self.complain(format!("joined: {is_joined}, but {what} says {is}"));
        }
    }

    /// After a polite farewell, the access point knows it.
    pub(super) fn check_farewell(&mut self) {
        let is_open = self.wire.ether.lock().points[0].is_open(OWN.0);
        if self.is_calm() && is_open && !self.is_stopped() {
            self.complain("we left, but the access point knows nothing of it".to_owned());
        }
    }

    pub(super) fn is_data_path_open(&self) -> bool {
        self.wire.device.data.is_open(&mut Sleepable::enter_from_shim(), VAP)
    }

    /// What must hold when everything is over.
    pub(super) fn check_end(&mut self) {
        self.check_asked();
        if self.is_up {
            self.complain("the user still believes that the link is up".to_owned());
        }
        if self.is_data_path_open() {
            self.complain("the data path is still open".to_owned());
        }
        let faults: Vec<String> =
            self.wire.ether.lock().chip.faults().iter().map(|fault| format!("{fault:?}")).collect();
        faults.into_iter().for_each(|fault| self.complain(fault));
        let events = self.told.len();
        self.wire.interrupts();
        self.hear_the_driver();
        if self.told.len() != events {
            self.complain("something was told after the end".to_owned());
        }
    }

    /// Whether nothing has gone wrong that would excuse a failure: also not the end.
    pub(super) fn is_calm(&self) -> bool {
        self.is_calm && !self.is_stopped()
    }

    /// Something is wrong with the driver.
    pub(super) fn complain(&mut self, what: String) {
        self.complaints.push(what);
    }
}
