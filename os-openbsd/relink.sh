#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Relinks the kernel of this OpenBSD machine with tern.o. The kernel's own objects come from the
# relink kit that every OpenBSD has (/usr/share/relink), so only ioconf.c is compiled; the sources
# (sys.tar.gz) are read, never changed.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
name=${0##*/}

usage() {
	cat <<EOF
usage: $name [-n] [-k KERNEL] [-s SYSDIR] [-r KIT] [-w WORKDIR]

Links a kernel with $here/tern.o and installs it as /bsd; the old one stays as /bsd.notern.

  -n          do not install: leave the kernel in WORKDIR/obj/bsd
  -k KERNEL   configuration that the kit is of; default: the running kernel's (sysctl kern.osversion)
  -s SYSDIR   kernel sources of this very release; default /usr/src/sys
  -r KIT      directory with the kernel's objects; default /usr/share/relink/kernel/KERNEL
  -w WORKDIR  where to work; default /var/tern

To go back: boot /bsd.notern at the boot> prompt, or  mv /bsd.notern /bsd  and reboot.
EOF
}

fail() {
	echo "$name: $*" >&2
	exit 1
}

# The directory $1 as links, so that what stands below it can be replaced one by one.
mirror() {
	mkdir -p "$2"
	for entry in "$1"/*; do
		ln -sf "$entry" "$2/${entry##*/}"
	done
}

install=yes kernel= sysdir=/usr/src/sys kit= work=/var/tern
while getopts nk:s:r:w:h option; do
	case $option in
	n) install= ;;
	k) kernel=$OPTARG ;;
	s) sysdir=$OPTARG ;;
	r) kit=$OPTARG ;;
	w) work=$OPTARG ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -eq 0 ] || { usage >&2; exit 2; }

if [ -z "$kernel" ]; then
	kernel=$(sysctl -n kern.osversion)
	kernel=${kernel%%#*}
fi
: "${kit:=/usr/share/relink/kernel/$kernel}"
machine=$(uname -m)

[ "$machine" = amd64 ] || [ -z "$install" ] || fail "tern.o is for amd64, this is $machine"
[ -z "$install" ] || [ "$(id -u)" -eq 0 ] || fail "only root can install a kernel; -n links one"
for file in tern.o files.tern; do
	[ -f "$here/$file" ] || fail "$here/$file is missing: copy the whole directory"
done
[ -f "$sysdir/conf/newvers.sh" ] ||
	fail "$sysdir: no kernel sources; unpack sys.tar.gz of this release in /usr/src"
release=$(sed -n 's/^osr="\(.*\)"/\1/p' "$sysdir/conf/newvers.sh")
[ -z "$install" ] || [ "$release" = "$(uname -r)" ] ||
	fail "$sysdir is of OpenBSD $release, this machine runs $(uname -r)"
conf=$sysdir/arch/amd64/conf
[ -f "$conf/$kernel" ] || fail "no configuration $conf/$kernel; see -k"
if [ ! -f "$kit/ld.script" ] && [ -f "${kit%/*}.tgz" ]; then
	mkdir -p "$kit"
	tar -C "${kit%/*}" -xzf "${kit%/*}.tgz" "$kernel"
fi
[ -f "$kit/ld.script" ] || fail "$kit: no relink kit; see reorder_kernel in rc(8)"

rm -rf "$work"
mkdir -p "$work/obj"
tree=$work/sys
mirror "$sysdir" "$tree"
rm -f "$tree/arch" "$tree/dev"
mirror "$sysdir/dev" "$tree/dev"
mirror "$sysdir/arch" "$tree/arch"
rm -f "$tree/arch/amd64"
mirror "$sysdir/arch/amd64" "$tree/arch/amd64"
rm -f "$tree/arch/amd64/conf"
mirror "$conf" "$tree/arch/amd64/conf"

mkdir "$tree/dev/tern"
cp "$here/tern.o" "$here/files.tern" "$tree/dev/tern/"
cd "$tree/arch/amd64/conf"
rm -f files.amd64
{ cat "$conf/files.amd64"; echo 'include "dev/tern/files.tern"'; } >files.amd64
rm -f TERN
printf 'include "arch/amd64/conf/%s"\ntern* at uhub?\n' "$kernel" >TERN

# What config(8) writes must fit the objects: the headers of the kernel's options stay as they are.
config -b "$work/obj" -s "$tree" TERN || fail "config(8) does not take the configuration"
cd "$work/obj"
cp "$kit"/*.o "$kit/ld.script" "$kit/makegap.sh" .
rm -f ioconf.o
make ioconf.o || fail "ioconf.c does not compile"
make newbsd || fail "the kernel does not link: is tern.o made for this release and these options?"

if [ -z "$install" ]; then
	echo "linked $work/obj/bsd"
	exit 0
fi
# A kernel that has tern already is not the one to go back to.
if [ ! -f /bsd.notern ]; then
	cp -p /bsd /bsd.notern
fi
cp "$work/obj/bsd" /nbsd
chmod 700 /nbsd
mv /nbsd /bsd
sync
cat <<EOF
Installed /bsd with tern; /bsd.notern is the kernel as it was. Reboot to use it.
/var/db/kernel.SHA256 was left alone, so that rc(8) does not relink this kernel without tern.
EOF
