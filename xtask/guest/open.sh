# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# One stick joins an open network and pings the host behind it.
start_usb
load_driver "$DRIVER"
phase attach
attach 0 "$DRIVER" || fail "$DRIVER did not take the stick"
station=$interface
phase up
ip link set "$station" up || fail "$station does not come up"
step "station: $DRIVER made $station ($(cat "/sys/class/net/$station/address")), it is up"
phase join
start_supplicant "$station" /tern/open.conf || fail "wpa_supplicant does not start"
within 30 has_joined "$station" || fail "no association in 30 s"
step "station: joined $(status_of "$station" bssid)"
phase traffic
ip addr add 10.6.0.2/24 dev "$station"
ping_check 10.6.0.1
phase leave
wpa_cli -i "$station" disconnect >/dev/null
step "station: left"
phase end
