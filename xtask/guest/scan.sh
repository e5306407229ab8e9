# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Lists every network, then asks for the hidden one by name. The host reads the lists.
start_usb
load_driver "$DRIVER"
attach 0 "$DRIVER" || fail "$DRIVER did not take the stick"
station=$interface
ip link set "$station" up || fail "$station does not come up"
step "station: $station is up"
phase scan
timeout 40 iw dev "$station" scan >/tmp/scan.txt 2>/tmp/scan.log || fail "iw scan: $(cat /tmp/scan.log)"
step "scan: $(grep -c '^BSS' /tmp/scan.txt) networks"
send scan /tmp/scan.txt
phase directed
timeout 40 iw dev "$station" scan ssid "$HIDDEN_SSID" >/tmp/directed.txt 2>/tmp/scan.log ||
    fail "iw scan ssid: $(cat /tmp/scan.log)"
step "scan for $HIDDEN_SSID: $(grep -c '^BSS' /tmp/directed.txt) networks"
send directed /tmp/directed.txt
phase end
