# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The phases that are counted: attach to up, a scan of all channels, a join, one channel change.
start_usb
load_driver "$DRIVER"
phase attach
attach 0 "$DRIVER" || fail "$DRIVER did not take the stick"
station=$interface
ip link set "$station" up || fail "$station does not come up"
phase scan
timeout 40 iw dev "$station" scan >/tmp/scan.txt 2>/tmp/scan.log || fail "iw scan: $(cat /tmp/scan.log)"
phase join
start_supplicant "$station" /tern/open.conf || fail "wpa_supplicant does not start"
within 30 has_joined "$station" || fail "no association in 30 s"
phase other
step "$DRIVER: attached, scanned, joined"
killall wpa_supplicant
gone() { ! pidof wpa_supplicant; }
within 5 gone
ip link set "$station" down
iw dev "$station" set type monitor || fail "$station does not become a monitor"
ip link set "$station" up || fail "the monitor does not come up"
iw dev "$station" set channel 1 || fail "channel 1 was refused"
phase channel
iw dev "$station" set channel 6 || fail "channel 6 was refused"
phase end
step "$DRIVER: changed channel"
