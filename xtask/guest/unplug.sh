# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The stick is pulled at moments that the host chose; then the module is loaded and unloaded with
# the stick in. After each the module's own counters must be zero.

# Within the phase of this round, the stick goes after so many transfers.
arm() {
    [ "$1" = "$chosen" ] || return 0
    ask unplug-after 0 "$count"
    armed=yes
}

# A step of a round: a failure counts only if the stick was not to be pulled yet.
attempt() {
    "$@" && return 0
    [ -n "$armed" ] || fail "$chosen:$count: $* failed before the stick was pulled"
    return 1
}

# One life of the stick; ends early when it goes.
live() {
    arm attach
    attempt attach 0 "$DRIVER" || return
    arm up
    attempt ip link set "$interface" up || return
    arm scan
    attempt timeout 20 iw dev "$interface" scan >/dev/null || return
    arm join
    attempt start_supplicant "$interface" /tern/open.conf || return
    attempt within 10 joined_or_gone || return
    arm traffic
    ip addr add 10.6.0.2/24 dev "$interface"
    attempt ping -c 5 -i 0.1 -W 1 10.6.0.1 >/dev/null
}
joined_or_gone() { has_joined "$interface" || ! has_stick 0; }
is_gone() { ! has_stick 0 && [ -z "$(ls /sys/class/ieee80211)" ]; }
no_supplicant() { ! pidof wpa_supplicant; }

# Without a stick nothing may be alive in the module.
all_zero() {
    local alive
    alive=$(grep -v ' 0$' /sys/kernel/debug/tern/live) && fail "$1: alive without a stick: $alive"
}

# Unloads the module and reads what it says of itself. A stick that is in has to be given to the
# driver anew.
unload() {
    [ "$DRIVER" = tern ] && ! has_stick 0 && all_zero "$1"
    rmmod "$DRIVER" || fail "$1: rmmod failed"
    has_stick 0 && echo 0 >"/sys/bus/usb/devices/$(stick 0)/authorized"
    [ "$DRIVER" = tern ] || return 0
    local said
    said=$(dmesg | grep 'tern: unloaded:' | tail -n 1)
    case $said in
    *"allocations 0 packets 0 transfers 0 threads 0"*) dmesg -c >/dev/null ;;
    *) fail "$1: the module left something behind: ${said:-it said nothing}" ;;
    esac
}

load_crypto
start_usb
pulled=0
for moment in $MOMENTS; do
    chosen=${moment%:*}
    count=${moment#*:}
    armed=
    within 10 has_stick 0 || fail "$moment: the stick did not come back"
    load_driver "$DRIVER"
    live 2>/tmp/live.log
    within 2 is_gone && when="after $count transfers" || when="after the phase"
    ask unplug 0
    within 10 is_gone || fail "$moment: the stick is gone, its interface is not"
    killall -q wpa_supplicant
    within 5 no_supplicant
    unload "$moment"
    pulled=$((pulled + 1))
    step "unplug $pulled: in $chosen $when"
    ask plug 0
done
value unplugs "$pulled"
round=0
while [ "$round" -lt "$ROUNDS" ]; do
    round=$((round + 1))
    within 10 has_stick 0 || fail "round $round: no stick"
    load_driver "$DRIVER"
    attach 0 "$DRIVER" || fail "round $round: $DRIVER did not take the stick"
    unload "round $round"
    [ $((round % 10)) = 0 ] && step "load and unload: $round rounds"
done
value load_rounds "$round"
