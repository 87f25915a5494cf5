#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes, once, the Debian root that all test hosts share, and prints its path.
#
# It is installed from the release pocket only, and then the updates and security pockets are
# enabled in it: so a new host has real updates pending. Package lists and the archives of those
# updates are in it already, so that an install in a host is quick. It is a real apt-get all the
# same.
set -euo pipefail

usage() {
    cat <<'HELP'
base-root.sh [option]...   prints the path of a Debian root, making it if it is not there yet

  --cache DIR            where roots are kept (build/testbed/base)
  --suite NAME           release (bookworm)
  --include PACKAGE      one more package; repeatable
  --mirror URL           instead of the mirror in this machine's apt configuration
  --security-mirror URL  the same for the security pocket
  --local-repo           take updates from a small repository made on the spot only; this also
                         happens by itself when the mirror has no security update pending
HELP
}

here=$(cd "$(dirname "$0")" && pwd)
cache=build/testbed/base
suite=bookworm
mirror=
security=
local_repo=no

# What the agent and the patch engine need at run time, and packages that are seldom up to date in
# the release pocket and quick to install. usr-is-merged keeps usrmerge, and with it perl, out.
packages=(ca-certificates libapt-pkg6.0 libjson-c5 libssl3 libyaml-0-2 tzdata usr-is-merged)

say() { echo "base-root: $*" >&2; }
die() { say "$*"; exit 1; }

while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage; exit 0 ;;
    --local-repo) local_repo=yes; shift; continue ;;
    --cache | --suite | --include | --mirror | --security-mirror)
        [ $# -ge 2 ] || die "$1 needs a value" ;;
    *) die "unknown option $1 (see --help)" ;;
    esac
    case $1 in
    --cache) cache=$2 ;;
    --suite) suite=$2 ;;
    --include) packages+=("$2") ;;
    --mirror) mirror=$2 ;;
    --security-mirror) security=$2 ;;
    esac
    shift 2
done

[ "$(id -u)" = 0 ] || die "must be root: it makes a root file system"

# --- the machine's own apt configuration ---

# apt itself reads it, so both formats and all its rules hold. Lines: URI, a space, release.
configured() {
    apt-get update --print-uris 2>/dev/null |
        sed -n "s|^'\(.*\)/dists/\(.*\)/InRelease' .*|\1 \2|p" || true
}

# The URI of the first entry for release $1; or else the first that ends in $2.
find_mirror() {
    configured | awk -v release="$1" -v tail="/$2" '
        $2 == release { print $1; found = 1; exit }
        !other && substr($1, length($1) - length(tail) + 1) == tail { other = $1 }
        END { if (!found && other) print other }'
}

find_mirrors() {
    [ -n "$mirror" ] || mirror=$(find_mirror "$suite" debian)
    [ -n "$security" ] || security=$(find_mirror "$suite-security" debian-security)
    [ -n "$mirror" ] || die "apt is configured with no mirror of $suite: name one with --mirror"
    mirror=${mirror%/}
    # A mirror of the one usually has the other beside it.
    [ -n "$security" ] || security=${mirror%/*}/debian-security
    security=${security%/}
}

# How the machine reaches its mirror: proxies, time-outs, dates. Not the rest of its snippets,
# which may name programs that a host does not have.
apt_settings() {
    echo '// How the machine reaches its mirror.'
    apt-config dump --format '%F "%v";%n' | grep -E \
        '^"?Acquire::(https?::|Check-Valid-Until|Check-Date|ForceIPv[46]|Retries|Max-FutureTime)' |
        grep -v -i -E 'Proxy-?Auto-?Detect' | grep -v ' "";$' || true
    apt-config dump | grep -q '^Acquire::http::Proxy ' || [ -z "${http_proxy:-}" ] ||
        echo "Acquire::http::Proxy \"$http_proxy\";"
    apt-config dump | grep -q '^Acquire::https::Proxy ' || [ -z "${https_proxy:-}" ] ||
        echo "Acquire::https::Proxy \"$https_proxy\";"
    echo '// A host needs no translations.'
    echo 'Acquire::Languages "none";'
}

# --- the root ---

exclude=(path-exclude='/usr/share/man/*' path-exclude='/usr/share/locale/*'
    path-exclude='/usr/share/info/*' path-exclude='/usr/share/doc/*'
    path-include='/usr/share/doc/*/copyright')

bootstrap() {
    local root=$1 settings=$2 list option
    list=$(IFS=,; echo "${packages[*]}")
    if command -v mmdebstrap >/dev/null; then
        local options=(--variant=minbase --mode=root --format=directory --include="$list"
            --aptopt="$settings" --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr)
        for option in "${exclude[@]}"; do
            options+=(--dpkgopt="$option")
        done
        mmdebstrap "${options[@]}" "$suite" "$root" "$mirror" >&2
    elif command -v debootstrap >/dev/null; then
        debootstrap --variant=minbase --merged-usr --include="$list" "$suite" "$root" "$mirror" >&2
    else
        die "needs mmdebstrap or debootstrap: apt-get install mmdebstrap"
    fi
}

in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "$@"; }

configure() {
    local root=$1 settings=$2
    cp "$settings" "$root/etc/apt/apt.conf.d/50testbed"
    rm -f "$root"/etc/apt/apt.conf.d/99mmdebstrap "$root/etc/apt/sources.list"
    printf '%s\n' "${exclude[@]}" > "$root/etc/dpkg/dpkg.cfg.d/testbed"
    rm -f "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
    [ ! -e /etc/apt/auth.conf ] || cp -p /etc/apt/auth.conf "$root/etc/apt/"
    cp -p /etc/apt/auth.conf.d/* "$root/etc/apt/auth.conf.d/" 2>/dev/null || true

    # Hosts have no service manager, and package scripts must not start one by one.
    printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"

    cat > "$root/etc/apt/sources.list.d/debian.sources" <<SOURCES
Types: deb
URIs: $mirror
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
    [ "$local_repo" = yes ] || cat >> "$root/etc/apt/sources.list.d/debian.sources" <<SOURCES

Types: deb
URIs: $mirror
Suites: $suite-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: $security
Suites: $suite-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
}

# A package of ours in version 1, and a security update of it in a repository inside the root.
add_local_repo() {
    local root=$1 repo=$1/srv/local-repo name=testbed-canary
    command -v apt-ftparchive >/dev/null && command -v gpg >/dev/null ||
        die "a local repository needs apt-ftparchive and gpg: apt-get install apt-utils gpg"
    "$here/local-repo.sh" package "$repo" $name 1.0-1
    cp "$repo"/pool/${name}_1.0-1_all.deb "$root/tmp/canary.deb"
    in_root dpkg -i /tmp/canary.deb >&2
    rm "$root/tmp/canary.deb" "$repo"/pool/${name}_1.0-1_all.deb
    "$here/local-repo.sh" package "$repo" $name 1.0-1+deb12u1
    "$here/local-repo.sh" publish "$repo" --suite "$suite-security"
    "$here/local-repo.sh" sources "$repo" --path /srv/local-repo \
        > "$root/etc/apt/sources.list.d/local-repo.sources"
}

pending_security() { in_root apt-get -s dist-upgrade | grep -c '^Inst.*Debian-Security' || true; }

fill_apt_cache() {
    local root=$1
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    in_root apt-get -q update >&2
    if [ "$local_repo" = yes ] || [ "$(pending_security)" = 0 ]; then
        say "the mirror has no security update pending; making a local repository"
        add_local_repo "$root"
        in_root apt-get -q update >&2
    fi
    in_root apt-get -q -y -d dist-upgrade >&2
    say "$(pending_security) security updates are pending in a new host"
}

# What each host gets anew, and what no host needs.
strip() {
    local root=$1
    rm -rf "$root"/etc/{hostname,machine-id,resolv.conf} "$root"/var/lib/dbus/machine-id \
        "$root"/var/log/{bootstrap.log,alternatives.log,dpkg.log,apt/*} \
        "$root"/var/cache/debconf/*-old
    [ -e "$root/usr/share/man/man1" ] || return 0
    rm -rf "$root"/usr/share/{man,locale,info}/* # debootstrap knows no path-exclude
}

build() {
    local target=$1
    work=$cache/.new.$$ # not local: the trap needs it
    trap 'rm -rf --one-file-system "$work"' EXIT
    mkdir -p "$work"
    apt_settings > "$work/apt.conf"
    root=$work/root
    bootstrap "$root" "$work/apt.conf"
    configure "$root" "$work/apt.conf"
    fill_apt_cache "$root"
    strip "$root"
    mv -T "$work" "$target"
    trap - EXIT
}

find_mirrors
key=$( (echo "$suite $local_repo $mirror $security ${packages[*]}"; apt_settings
    cat "$here/base-root.sh" "$here/local-repo.sh") | sha256sum | cut -c1-12)
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
target=$cache/$suite-$key

exec 9> "$cache/.lock"
flock 9
if [ ! -d "$target/root" ]; then
    say "making $target from $mirror (once, about half a minute)"
    build "$target"
fi
echo "$target/root"
