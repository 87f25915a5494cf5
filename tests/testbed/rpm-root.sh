#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes, once, a root that stands for a host of the RPM family, and prints its path.
#
# It is the Debian base root with Debian's rpm, dnf and zypper in it: the package managers, their
# databases, repositories and notices are real, the distribution's name and packages are ours
# (rpm_world.py). The repository of its updates is in the root, in /srv/rpm.
set -euo pipefail

usage() {
    cat <<'HELP'
rpm-root.sh [option]...   prints the path of a root, making it if it is not there yet

  --cache DIR   where roots are kept (build/testbed/base)
  --os ID       rocky (the default), almalinux, rhel, centos, ol, amzn or sles: ID of os-release
HELP
}

here=$(cd "$(dirname "$0")" && pwd)
cache=build/testbed/base
os=rocky
packages=(rpm dnf dnf-plugins-core)

say() { echo "rpm-root: $*" >&2; }
die() { say "$*"; exit 1; }

while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage; exit 0 ;;
    --cache) cache=${2:?}; shift 2 ;;
    --os) os=${2:?}; shift 2 ;;
    *) die "unknown option $1 (see --help)" ;;
    esac
done

[ "$os" != sles ] || packages=(rpm zypper) # which cannot be beside dnf's plugins

[ "$(id -u)" = 0 ] || die "must be root: it makes a root file system"
for tool in rpmbuild:rpm rpmsign:rpm createrepo_c:createrepo-c gpg:gpg; do
    command -v "${tool%:*}" >/dev/null || die "needs ${tool%:*}: apt-get install ${tool#*:}"
done

in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
    DEBIAN_FRONTEND=noninteractive "$@"; }

# Of words and of the files that make a root: a change of either makes another root.
key_of() { (echo "$1" "${packages[@]}"; cat "${@:2}") | sha256sum | cut -c1-12; }

# --- the managers, the same for all of a family ---

# Settings as the distributions have them, where Debian's differ.
configure_managers() {
    mkdir -p "$root"/etc/{rpm,yum.repos.d,dnf/modules.d,pki/rpm-gpg,zypp/repos.d} \
        "$root/var/lib/rpm"
    echo '%_dbpath /var/lib/rpm' > "$root/etc/rpm/macros"
    cat > "$root/etc/dnf/dnf.conf" <<'CONF'
[main]
gpgcheck=1
installonly_limit=3
clean_requirements_on_remove=True
best=True
skip_if_unavailable=False
CONF
    rm -f "$root/etc/dnf/plugins/local.conf"
    rm -rf "$root"/usr/lib/python3/dist-packages/dnf-plugins/local.py
}

build_managers() {
    cp -a "$1" "$root"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    in_root apt-get -q -y --no-install-recommends install "${packages[@]}" >&2
    configure_managers
    in_root apt-get clean
    rm -f "$root/etc/resolv.conf" "$root"/var/log/{dpkg.log,apt/*}
}

# --- one system ---

build_system() {
    cp -al "$1" "$root" # linked: what is changed below is made anew
    cp -a "$work/rpm" "$root/srv/rpm"
    rm -rf "$root"/srv/rpm/{.key,.stranger,os-release,testbed.repo,installed}
    rm -f "$root/etc/os-release"
    cp "$work/rpm/os-release" "$root/etc/os-release"
    cp "$work/rpm/testbed.repo" "$root/etc/yum.repos.d/testbed.repo"
    cp "$work/rpm/key.asc" "$root/etc/pki/rpm-gpg/RPM-GPG-KEY-testbed"
    if [ "$os" = sles ]; then # with the one setting of SUSE's that Debian leaves out
        mv "$root/etc/yum.repos.d/testbed.repo" "$root/etc/zypp/repos.d/"
        printf '[main]\nmultiversion = provides:multiversion(kernel)\n' > "$root/etc/zypp/zypp.conf"
    fi
    printf '[pbmod]\nname=pbmod\nstream=1\nprofiles=\nstate=enabled\n' \
        > "$root/etc/dnf/modules.d/pbmod.module"
    in_root rpm --import /etc/pki/rpm-gpg/RPM-GPG-KEY-testbed
    # shellcheck disable=SC2046 # a list of words
    in_root sh -c 'cd /srv/rpm && rpm -i --force-debian "$@"' sh $(cat "$work/rpm/installed") >&2
    if [ "$os" = sles ]; then
        in_root zypper -q -n refresh >&2
    else
        in_root dnf -q makecache >&2
    fi
}

# --- keeping them ---

# build TARGET FUNCTION [argument]...: into $work, and in one move to its place.
build() {
    local target=$1
    shift
    work=$cache/.new.$$ # not local: the trap needs it
    root=$work/root
    trap 'rm -rf --one-file-system "$work"' EXIT
    mkdir -p "$work"
    "$@"
    mv -T "$work" "$target"
    trap - EXIT
}

make_system() {
    /usr/bin/python3 "$here/rpm_world.py" "$work/rpm" "$os" || die "cannot make the packages"
    build_system "$1"
}

mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
base=$("$here/base-root.sh" --cache "$cache")
managers=$cache/rpm-$(key_of "$base" "$here/rpm-root.sh")
target=$cache/$os-$(key_of "$base" "$here"/rpm[-_]*)

exec 9> "$cache/.lock"
flock 9
if [ ! -d "$managers/root" ]; then
    say "making $managers (once, a quarter of a minute)"
    build "$managers" build_managers "$base"
fi
if [ ! -d "$target/root" ]; then
    say "making $target"
    build "$target" make_system "$managers/root"
fi
echo "$target/root"
