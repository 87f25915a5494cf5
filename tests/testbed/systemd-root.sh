#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes, once, the base root of hosts whose first process is Debian's systemd, and prints its path:
# that of base-root.sh with systemd, its shutdown(8) and relatives, and D-Bus, as a server has them.
set -euo pipefail

usage() {
    cat <<'HELP'
systemd-root.sh [option]...   prints the path of a root with systemd, making it if need be

  --cache DIR    where roots are kept (build/testbed/base)
HELP
}

here=$(cd "$(dirname "$0")" && pwd)
cache=build/testbed/base
packages=(systemd systemd-sysv dbus)

say() { echo "systemd-root: $*" >&2; }
die() { say "$*"; exit 1; }

while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage; exit 0 ;;
    --cache) cache=${2:?}; shift 2 ;;
    *) die "unknown option $1 (see --help)" ;;
    esac
done

[ "$(id -u)" = 0 ] || die "must be root: it makes a root file system"

in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
    DEBIAN_FRONTEND=noninteractive "$@"; }

build() {
    work=$cache/.new.$$ # not local: the trap needs it
    root=$work/root
    trap 'rm -rf --one-file-system "$work"' EXIT
    mkdir -p "$work"
    cp -a "$1" "$root"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    in_root apt-get -q -y --no-install-recommends install "${packages[@]}" >&2
    # Here package scripts do start their services.
    rm -f "$root"/usr/sbin/policy-rc.d "$root"/etc/{resolv.conf,machine-id,hostname} \
        "$root/var/lib/dbus/machine-id" "$root"/var/log/{dpkg.log,apt/*}
    # The journal is in memory, as everything of a boot; nobody logs in.
    ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
    for unit in getty.target console-getty.service; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    mv -T "$work" "$2"
    trap - EXIT
}

mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
base=$("$here/base-root.sh" --cache "$cache")
key=$( (echo "$base" "${packages[@]}"; cat "$here/systemd-root.sh") | sha256sum | cut -c1-12)
target=$cache/systemd-$key

exec 9> "$cache/.lock"
flock 9
if [ ! -d "$target/root" ]; then
    say "making $target (once, ten seconds)"
    build "$base" "$target"
fi
echo "$target/root"
