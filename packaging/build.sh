#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes the packages from a build directory: `ninja -C build packages`, or
#
#   packaging/build.sh BUILD OUT [agent-deb|agent-rpm|plane-deb]...
#
# patchbay-agent_V_ARCH.deb and patchbay-agent-V.ARCH.rpm have the agent and the patch engine, each
# with the module of its own family only; patchbay_V_ARCH.deb has the plane and the command line.
# What they depend on is computed from what the programs link. The same programs give the same
# bytes: every time stamp is SOURCE_DATE_EPOCH, or the last commit's, or 2026-01-01.
#
# PACKAGE_VERSION and PACKAGE_PROGRAMS (a folder whose files replace those of the same name) are for
# the tests, which make packages of versions that there are not yet.
set -euo pipefail
export LC_ALL=C TZ=UTC
umask 022

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
[ $# -ge 2 ] || fail "usage: build.sh BUILD OUT [agent-deb|agent-rpm|plane-deb]..."
build=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
shift 2
[ $# -gt 0 ] || set -- agent-deb agent-rpm plane-deb

if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
    SOURCE_DATE_EPOCH=$(git -C "$top" log -1 --format=%ct 2>/dev/null || echo 1767225600)
fi
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Everything as `meson install` puts it, whatever the prefix of this build directory is.
install_all() {
    local agent
    meson install -C "$build" --no-rebuild --quiet --destdir "$work/all" >/dev/null
    agent=$(find "$work/all" -path '*/sbin/patchbay-agent')
    [ -n "$agent" ] || fail "meson install put no patchbay-agent anywhere"
    tree=${agent%/sbin/patchbay-agent}
    for file in "${PACKAGE_PROGRAMS:-/nonexistent}"/*; do
        [ ! -f "$file" ] || cp "$file" "$tree/sbin/"
    done
    version=${PACKAGE_VERSION:-$("$tree/sbin/patchbay-agent" --version | cut -d' ' -f2)}
}

# take ROOT PATH...: from the installed tree, below /usr
take() {
    local root=$1 path
    shift
    for path in "$@"; do
        mkdir -p "$root/usr/$(dirname "$path")"
        cp -p "$tree/$path" "$root/usr/$path"
        case $path in
        bin/* | sbin/* | *.so | */patchbay-function-host)
            # A test may put something else there.
            ! file -b "$root/usr/$path" | grep -q ^ELF ||
                strip --strip-unneeded --remove-section=.comment "$root/usr/$path"
            ;;
        esac
    done
}

put() { # put FILE ROOT PATH MODE
    install -D -m "$4" "$1" "$2/$3"
}

# manuals, documentation and one time for all: what is the same in every package
finish() {
    local root=$1 name=$2
    put "$top/LICENSE" "$root" "usr/share/doc/$name/copyright" 644
    put "$top/CHANGELOG.md" "$root" "usr/share/doc/$name/CHANGELOG.md" 644
    find "$root/usr/share/man" -type f -name '*.[0-9]' -exec gzip -9n {} +
    find "$root" -type d -exec chmod 755 {} +
    find "$root/usr/share" -type f -exec chmod 644 {} +
    find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

agent_files() { # agent_files ROOT FAMILY
    local root=$1 module
    take "$root" sbin/patchbay-agent sbin/patchbay-patch \
        lib/patchbay/start-agent lib/patchbay/agent-package \
        lib/systemd/system/patchbay-agent.service lib/systemd/system/patchbay-agent-update.service \
        share/man/man8/patchbay-agent.8 share/man/man8/patchbay-patch.8 \
        share/bash-completion/completions/patchbay-agent \
        share/bash-completion/completions/patchbay-patch \
        share/fish/vendor_completions.d/patchbay-agent.fish \
        share/fish/vendor_completions.d/patchbay-patch.fish
    case $2 in
    deb) take "$root" share/zsh/vendor-completions/_patchbay-agent ;;
    rpm) take "$root" share/zsh/site-functions/_patchbay-agent ;;
    esac
    # The modules of this family only: they are what needs the family's libraries.
    for module in apt:deb rpm:rpm zypp:rpm; do
        [ "${module#*:}" = "$2" ] || continue
        take "$root" "lib/patchbay/patchbay-${module%:*}.so"
    done
    put "$here/agent.conf" "$root" etc/patchbay/agent.conf 644
    put "$here/patch.conf" "$root" etc/patchbay/patch.conf 644
    finish "$root" patchbay-agent
}

# --- .deb ------------------------------------------------------------------------

# shlibs ROOT: what its programs and modules need, as Debian names it
shlibs() {
    local root=$1
    mkdir -p "$work/shlibs/debian"
    printf 'Source: patchbay\n\nPackage: patchbay\nArchitecture: any\n' >"$work/shlibs/debian/control"
    # shellcheck disable=SC2046 # names without spaces
    (cd "$work/shlibs" && dpkg-shlibdeps --warnings=0 -O $(
        find "$root/usr" -type f -perm -u+x -exec file {} + |
            sed -n 's/: *ELF.*dynamically linked.*/ /p'
        find "$root/usr/lib/patchbay" -name '*.so'
    ) 2>/dev/null) | sed -n 's/^shlibs:Depends=//p'
}

# deb NAME ROOT SCRIPTS: SCRIPTS/control has @MARKS@; the other files are maintainer scripts
deb() {
    local name=$1 root=$2 scripts=$3 arch depends size script
    arch=$(dpkg --print-architecture)
    depends=$(shlibs "$root")
    [ -n "$depends" ] || fail "dpkg-shlibdeps found nothing that $name needs"
    size=$(du -sk --apparent-size "$root" | cut -f1)
    mkdir -m 755 "$root/DEBIAN"
    sed -e "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@SIZE@/$size/; s/@DEPENDS@/$depends/" \
        "$scripts/control" >"$root/DEBIAN/control"
    for script in postinst prerm postrm; do
        [ ! -f "$scripts/$script" ] || install -m 755 "$scripts/$script" "$root/DEBIAN/$script"
    done
    (cd "$root" && find etc -type f | sort | sed 's|^|/|') >"$root/DEBIAN/conffiles"
    (cd "$root" && find usr -type f | sort | xargs md5sum) >"$root/DEBIAN/md5sums"
    find "$root/DEBIAN" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$root" \
        "$out/${name}_${version}_$arch.deb" >/dev/null
    echo "$out/${name}_${version}_$arch.deb"
}

agent_deb() {
    agent_files "$work/agent-deb" deb
    deb patchbay-agent "$work/agent-deb" "$here/debian/agent"
}

plane_deb() {
    local root=$work/plane-deb
    take "$root" bin/patchbayd bin/patchbay lib/patchbay/patchbay-function-host \
        lib/patchbay/bootstrap.py lib/patchbay/sign-packages share/patchbay/install.sh \
        share/patchbay/schedule-patching.zip lib/systemd/system/patchbayd.service \
        share/man/man8/patchbayd.8 share/man/man1/patchbay.1 \
        share/bash-completion/completions/patchbay share/bash-completion/completions/patchbayd \
        share/fish/vendor_completions.d/patchbay.fish share/fish/vendor_completions.d/patchbayd.fish \
        share/zsh/vendor-completions/_patchbay
    put "$here/patchbayd.conf" "$root" etc/patchbay/patchbayd.conf 644
    finish "$root" patchbay
    deb patchbay "$root" "$here/debian/plane"
}

# --- .rpm ------------------------------------------------------------------------

agent_rpm() {
    local root=$work/agent-rpm
    agent_files "$root" rpm
    {
        echo '%dir /etc/patchbay' && echo '%dir /usr/lib/patchbay'
        echo '%dir /usr/share/doc/patchbay-agent'
        (cd "$root" && find etc usr -type f | sort) |
            sed -e 's|^etc/.*|%config(noreplace) /&|; s|^usr|/usr|'
    } >"$work/files"
    rpmbuild -bb --quiet --nodeps --define "_topdir $work/rpm" --define "staged $root" \
        --define "file_list $work/files" --define "package_version $version" \
        "$here/patchbay-agent.spec" >"$work/rpm.log" 2>&1 || {
        cat "$work/rpm.log" >&2
        fail "rpmbuild failed"
    }
    mv "$work/rpm/RPMS"/*/patchbay-agent-*.rpm "$work/"
    local arch
    arch=$(uname -m)
    mv "$work"/patchbay-agent-*.rpm "$out/patchbay-agent-$version.$arch.rpm"
    echo "$out/patchbay-agent-$version.$arch.rpm"
}

install_all
for package; do
    case $package in
    agent-deb) agent_deb ;;
    agent-rpm) agent_rpm ;;
    plane-deb) plane_deb ;;
    *) fail "there is no package $package" ;;
    esac
done
