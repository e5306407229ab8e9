# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A station's user space: wpa_supplicant started, waited for, ended.

# Starts wpa_supplicant: start_supplicant INTERFACE CONFIGURATION [PREFIX OF THE COMMAND...]
start_supplicant() {
    local interface=$1 configuration=$2
    shift 2
    "$@" wpa_supplicant -B -t -f "/tmp/wpa_supplicant.$interface.log" -i "$interface" \
        -c "$configuration" -D nl80211 >"/tmp/wpa_supplicant.$interface.out.log" 2>&1
}

# The value of NAME in wpa_supplicant's status: status_of INTERFACE NAME
status_of() { wpa_cli -i "$1" status | sed -n "s/^$2=//p"; }

# Whether the station is associated, and whether it has joined.
is_associated() {
    case $(status_of "$1" wpa_state) in
    COMPLETED | 4WAY_HANDSHAKE | GROUP_HANDSHAKE) true ;;
    *) false ;;
    esac
}
has_joined() { [ "$(status_of "$1" wpa_state)" = COMPLETED ]; }
