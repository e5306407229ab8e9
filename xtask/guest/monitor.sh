# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The first stick listens on channel 6 while the second one joins an open network and talks.
start_usb
load_driver "$DRIVER"
attach 0 "$DRIVER" || fail "$DRIVER did not take the stick"
monitor=$interface
iw dev "$monitor" set type monitor || fail "$monitor does not become a monitor"
ip link set "$monitor" up || fail "$monitor does not come up"
iw dev "$monitor" set channel "$CHANNEL" || fail "channel $CHANNEL was refused"
step "monitor: $(iw dev "$monitor" info | grep -o 'channel.*')"
if [ "$DRIVER" = tern ]; then
    cat /sys/kernel/debug/tern/*/events >/tmp/events || fail "debugfs has no events"
    send events /tmp/events
fi
load_driver "$AP_DRIVER"
attach 1 "$AP_DRIVER" || fail "$AP_DRIVER did not take the second stick"
talker=$interface
ip link set "$talker" up || fail "$talker does not come up"
tcpdump -Z root -i "$monitor" -s 0 -U -w /tmp/monitor.pcap >/tmp/tcpdump.log 2>&1 &
listener=$!
within 10 grep -q listening /tmp/tcpdump.log || fail "tcpdump does not listen"
start_supplicant "$talker" /tern/open.conf || fail "wpa_supplicant does not start"
within 30 has_joined "$talker" || fail "the second stick did not join"
ip addr add 10.6.0.2/24 dev "$talker"
step "talker: joined $(status_of "$talker" bssid)"
ping_check 10.6.0.1
usleep 300000
kill -INT "$listener"
wait "$listener"
step "monitor: $(grep -o '[0-9]* packets captured' /tmp/tcpdump.log)"
send monitor /tmp/monitor.pcap
