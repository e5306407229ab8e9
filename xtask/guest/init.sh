#!/bin/busybox sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The first process of the guest: makes the file system usable, then runs the scenario.
/bin/busybox --install -s /bin
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t debugfs debug /sys/kernel/debug
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
mkdir -p /var
ln -s /run /var/run
# The second serial port talks to the host, the third one carries files.
stty -F /dev/ttyS1 raw -echo
stty -F /dev/ttyS2 raw -echo
exec 3<>/dev/ttyS1
. /tern/settings
. /tern/lib.sh
. /tern/radio.sh
. /tern/join.sh
dmesg -n 8
ip link set lo up
scenario_main() { . /tern/scenario.sh; }
scenario_main || fail "the scenario's script ended with an error"
echo done >&3
sleep 60
poweroff -f
