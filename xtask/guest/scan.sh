# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Lists networks actively (a hidden one answers nobody who does not know its name) and passively,
# then asks for the hidden one by name. The host reads the lists.

# One scan, its list sent to the host: list_networks NAME ARGUMENTS...
list_networks() {
    local list=$1
    shift
    phase "$list"
    timeout 40 iw dev "$station" scan "$@" >"/tmp/$list.txt" 2>/tmp/scan.log ||
        fail "iw scan $*: $(cat /tmp/scan.log)"
    step "scan $list: $(grep -c '^BSS' "/tmp/$list.txt") networks"
    send "$list" "/tmp/$list.txt"
}

start_usb
load_driver "$DRIVER"
attach 0 "$DRIVER" || fail "$DRIVER did not take the stick"
station=$interface
ip link set "$station" up || fail "$station does not come up"
step "station: $station is up"
list_networks active
list_networks passive passive
list_networks directed ssid "$HIDDEN_SSID"
phase end
