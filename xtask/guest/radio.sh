# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Radios: which driver takes which stick, and the network interface that comes of it.
# Stick N sits in USB port N+1. No interface is authorised by itself, so that no driver probes
# before it is told to.

# The interface of stick N in sysfs.
stick() { echo "1-$(($1 + 1)):1.0"; }

# Starts USB: sticks are found and configured, no driver takes them.
start_usb() {
    load usbcore authorized_default=0 && load "$CONTROLLER" || fail "USB did not start"
    local bus
    for bus in /sys/bus/usb/devices/usb*; do
        echo 0 >"$bus/interface_authorized_default"
        echo 1 >"$bus/authorized_default"
    done
    for bus in /sys/bus/usb/devices/[0-9]*-*; do
        [ -w "$bus/authorized" ] && echo 1 >"$bus/authorized"
    done
    return 0
}

# Whether stick N is plugged in and configured.
has_stick() { [ -e "/sys/bus/usb/devices/$(stick "$1")" ]; }

# Gives stick N to a driver: attach N DRIVER. Leaves the interface's name in $interface.
attach() {
    if [ "$2" = hwsim ]; then
        interface=wlan$1
        return 0
    fi
    local at=/sys/bus/usb/devices/$(stick "$1")
    within 10 has_stick "$1" || fail "stick $1 was not found on the USB bus"
    echo 1 >"$at/authorized"
    stick "$1" >"/sys/bus/usb/drivers/$2/bind" || return 1
    within 10 attached_or_gone "$1"
    has_interface "$1" || return 1
    interface=$(ls "$at/net" | head -n 1)
}
attached_or_gone() { has_interface "$1" || ! has_stick "$1"; }

# Whether stick N has a network interface.
has_interface() { [ -n "$(ls "/sys/bus/usb/devices/$(stick "$1")/net" 2>/dev/null)" ]; }

# The name of the radio of a network interface: phy0.
phy_of() { cat "/sys/class/net/$1/phy80211/name"; }

# Ciphers that mac80211 would fetch with modprobe.
load_crypto() {
    local module
    for module in ccm ctr cmac gcm aesni_intel; do load $module; done
}

# Loads the driver under test and starts what it hangs on.
load_driver() {
    case $1 in
    hwsim) load mac80211_hwsim radios=2 ;;
    *) load "$1" ;;
    esac || fail "the module $1 does not load"
}

# Moves a radio into a network namespace of its own, in which process $namespace sleeps.
# Commands run there by: inside COMMAND...
into_namespace() {
    unshare -n sleep 100000 &
    namespace=$!
    within 5 other_namespace || fail "no network namespace"
    iw phy "$(phy_of "$1")" set netns "$namespace" || fail "$1 does not move to a namespace"
    inside ip link set lo up
}
other_namespace() {
    [ "$(readlink "/proc/$namespace/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}
inside() { nsenter -t "$namespace" -n "$@"; }
