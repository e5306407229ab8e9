# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# How the guest talks to the host. Each line goes out on the second serial port.

# A line of progress.
step() { echo "step $*" >&3; }

# A result, for the report: value NAME TEXT.
value() { echo "value $*" >&3; }

# Asks the host for something and waits for its answer, in $reply.
ask() {
    echo "ask $*" >&3
    read -r reply <&3
    case $reply in error*) fail "$* was answered by: $reply" ;; esac
}

# What follows is counted under this name.
phase() { ask phase "$1"; }

# Ends the run as failed.
fail() {
    for log in /tmp/*.log; do
        [ -s "$log" ] && { echo "--- $log"; tail -n 25 "$log"; } >/dev/console
    done
    echo "fail $*" >&3
    sleep 60
    poweroff -f
}

# Waits at most $1 seconds until a command succeeds: within SECONDS COMMAND...
within() {
    local end=$(($(now) + $1 * 100))
    shift
    while ! "$@" >/dev/null 2>&1; do
        [ "$(now)" -lt "$end" ] || return 1
        usleep 20000
    done
}

# Hundredths of a second since boot.
now() {
    local up rest
    read -r up rest </proc/uptime
    echo "${up%.*}${up#*.}"
}

# Sends a file to the host under a name: send NAME FILE.
send() {
    echo "file $1 $(stat -c %s "$2")" >&3
    cat "$2" >/dev/ttyS2
    read -r reply <&3
}

# Loads a module and what it needs: load MODULE [PARAMETERS]
load() {
    local module=$1 file name
    shift
    [ -e "/tern/load/$module" ] || return 0
    while read -r file; do
        name=${file##*/}
        name=${name%.ko}
        [ -d "/sys/module/$name" ] && continue
        if [ "$name" = "$module" ]; then
            insmod "$file" "$@" || return 1
        else
            insmod "$file" || return 1
        fi
    done <"/tern/load/$module"
}

# Sends five pings and wants at least four answers: ping_check ADDRESS
ping_check() {
    local count
    ping -c 5 -i 0.2 -W 2 "$1" >/tmp/ping.log 2>&1
    count=$(sed -n 's/.* \([0-9]*\) packets received.*/\1/p' /tmp/ping.log)
    value pings_answered "${count:-0}"
    [ "${count:-0}" -ge 4 ] || fail "${count:-0} of 5 pings to $1 were answered"
    step "ping: $count of 5 answered by $1"
}
