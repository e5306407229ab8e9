# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Two sticks: hostapd on the second one in a namespace of its own, the driver under test on the
# first one. Joined with WPA2, then pinged across.
load_crypto
[ "$AP_DRIVER" = hwsim ] || start_usb
load_driver "$AP_DRIVER"
step "access point: $AP_DRIVER loaded"
attach 1 "$AP_DRIVER" || fail "$AP_DRIVER did not take the second stick"
ap=$interface
into_namespace "$ap"
inside hostapd -B -t -f /tmp/hostapd.log -i "$ap" /tern/hostapd.conf >/tmp/hostapd.out.log 2>&1 ||
    fail "hostapd does not start"
inside ip addr add 10.6.0.1/24 dev "$ap"
step "access point: hostapd runs on $ap"

load_driver "$DRIVER"
phase attach
attach 0 "$DRIVER" || fail "$DRIVER did not take the stick"
station=$interface
phase up
ip link set "$station" up || fail "$station does not come up"
step "station: $DRIVER made $station ($(cat "/sys/class/net/$station/address")), it is up"
phase join
start_supplicant "$station" /tern/wpa.conf || fail "wpa_supplicant does not start"
within 30 is_associated "$station" || fail "no association in 30 s"
step "station: associated with $(status_of "$station" bssid)"
within 20 has_joined "$station" || fail "the 4-way handshake did not end"
step "station: 4-way handshake done, $(status_of "$station" pairwise_cipher)"
phase traffic
ip addr add 10.6.0.2/24 dev "$station"
ping_check 10.6.0.1
phase leave
wpa_cli -i "$station" disconnect >/dev/null
step "station: left"
phase end
