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
inside ip addr add 10.23.0.1/24 dev "$ap"
step "access point: hostapd runs on $ap"

load_driver "$DRIVER"
phase attach
attach 0 "$DRIVER" || fail "$DRIVER did not take the stick"
station=$interface
phase up
ip link set "$station" up || fail "$station does not come up"
step "station: $DRIVER made $station ($(cat /sys/class/net/$station/address)), it is up"
phase join
wpa_supplicant -B -t -f /tmp/wpa_supplicant.log -i "$station" -c /tern/wpa.conf -D nl80211 \
    >/tmp/wpa_supplicant.out.log 2>&1 || fail "wpa_supplicant does not start"
joined() { wpa_cli -i "$station" status | grep -q '^wpa_state=COMPLETED'; }
associated() { wpa_cli -i "$station" status | grep -qE '^wpa_state=(COMPLETED|4WAY_HANDSHAKE|GROUP_HANDSHAKE)'; }
within 30 associated || fail "no association in 30 s"
step "station: associated with $(wpa_cli -i "$station" status | grep ^bssid=)"
within 20 joined || fail "the 4-way handshake did not end"
step "station: 4-way handshake done, $(wpa_cli -i "$station" status | grep ^pairwise_cipher=)"
phase traffic
ip addr add 10.23.0.2/24 dev "$station"
ping_check 10.23.0.1
phase leave
wpa_cli -i "$station" disconnect >/dev/null
step "station: left"
phase end
