// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! The files that carry the caller's wishes into the guest.

use super::machine::Controller;
use super::options::{Args, Driver, Scenario};
use super::unplug;

/// The channel that access points and captures use unless a scenario says otherwise.
pub(super) const CHANNEL: u8 = 6;

/// The networks of a scan besides the caller's.
pub(super) const OPEN_SSID: &str = "skerry";
/// See [`OPEN_SSID`]; its beacons do not name it.
pub(super) const HIDDEN_SSID: &str = "burrow";

/// The centre of that channel, in MHz.
const FREQUENCY_MHZ: u16 = 2437;

/// Name and text of each file in the guest's `/tern`.
pub(super) fn files(args: &Args, controller: Controller) -> Vec<(&'static str, String)> {
    vec![
        ("settings", shell_settings(args, controller)),
        ("hostapd.conf", hostapd(args)),
        ("wpa.conf", wpa_supplicant(args)),
        ("open.conf", wpa_supplicant_open(args)),
    ]
}

/// Variables for the scripts.
fn shell_settings(args: &Args, controller: Controller) -> String {
    let access_point = match args.driver {
        Driver::Hwsim => "hwsim",
        _ => "rtl8192cu",
    };
    let mut text = String::new();
    let mut set = |name: &str, value: &str| text.push_str(&format!("{name}={}\n", quote(value)));
    set("DRIVER", args.driver.name());
    set("AP_DRIVER", access_point);
    set("CONTROLLER", controller.module());
    set("SSID", &args.ssid);
    set("HIDDEN_SSID", HIDDEN_SSID);
    set("CHANNEL", &CHANNEL.to_string());
    if args.scenario == Scenario::Unplug {
        set("MOMENTS", &unplug::moments(args.seed));
        set("ROUNDS", &unplug::LOAD_ROUNDS.to_string());
    }
    text
}

/// A word as the shell reads it back unchanged.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The access point's configuration: HT, 40 MHz wide. Its interface is named on the command line.
fn hostapd(args: &Args) -> String {
    let key = if args.psk_is_key() { "wpa_psk" } else { "wpa_passphrase" };
    format!(
        "driver=nl80211\nctrl_interface=/run/hostapd\nssid2={}\nhw_mode=g\nchannel={CHANNEL}\n\
         ieee80211n=1\nht_capab=[HT40+][SHORT-GI-20][SHORT-GI-40]\nwmm_enabled=1\nauth_algs=1\nwpa=2\nwpa_key_mgmt=WPA-PSK\nrsn_pairwise=CCMP\n{key}={}\n",
        args.ssid_hex(),
        args.psk
    )
}

/// The station's configuration for WPA2.
fn wpa_supplicant(args: &Args) -> String {
    // The last quote ends the passphrase, so quotes inside need nothing.
    let psk = if args.psk_is_key() { args.psk.clone() } else { format!("\"{}\"", args.psk) };
    let security = format!("key_mgmt=WPA-PSK\n proto=RSN\n pairwise=CCMP\n group=CCMP\n psk={psk}");
    network(args, &security)
}

/// The station's configuration for an open network.
fn wpa_supplicant_open(args: &Args) -> String {
    network(args, "key_mgmt=NONE")
}

/// A configuration with one network on our channel.
fn network(args: &Args, security: &str) -> String {
    format!(
        "ctrl_interface=/run/wpa_supplicant\nap_scan=1\nnetwork={{\n ssid={}\n scan_ssid=1\n \
         scan_freq={FREQUENCY_MHZ}\n {security}\n}}\n",
        args.ssid_hex()
    )
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn words_survive_the_shell() {
        assert_eq!(quote("tern"), "'tern'");
        assert_eq!(quote("it's $HOME"), "'it'\\''s $HOME'");
    }
}
