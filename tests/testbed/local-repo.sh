#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A small signed Debian repository, made on the spot: for hosts whose mirror has no update pending,
# and for tests that need a package of their own (a version, a broken script, a conffile).
set -euo pipefail

usage() {
    cat <<'HELP'
local-repo.sh package REPO NAME VERSION [option]...   builds a package into REPO/pool
  --arch ARCH                  all
  --depends TEXT               Depends field
  --field 'Key: value'         any other control field; repeatable
  --script NAME FILE           preinst, postinst, prerm, postrm, config, triggers; repeatable
  --file PATH FILE             installs the content of FILE as PATH; repeatable
  --conffile PATH FILE         the same, and marks PATH as a configuration file
  --pool NAME                  into REPO/NAME: one pool for each suite that is to differ
  Every package has a file /usr/share/NAME/version with its version.

local-repo.sh publish REPO [option]...   (re)writes the indexes over REPO/pool and signs them
  --suite NAME                 its folder and Codename field, bookworm-security
  --codename NAME              another Codename field: jammy, in Ubuntu's jammy-security
  --suite-name NAME            Suite field, oldstable-security
  --pool NAME                  over REPO/NAME
  --origin TEXT                Debian
  --label TEXT                 Debian-Security
  --field 'Key: value'         any other Release field; repeatable

local-repo.sh sources REPO [--path PATH]   prints a sources stanza for apt, key included
  --path PATH                  where the host sees REPO (REPO itself)
HELP
}

die() { echo "local-repo: $*" >&2; exit 1; }
need() { command -v "$1" >/dev/null || die "needs $1: apt-get install $2"; }

package() {
    local repo=$1 name=$2 version=$3 arch=all depends='' fields=() pool=pool
    shift 3
    need dpkg-deb dpkg
    tree=$(mktemp -d) # not local: the trap needs it
    trap 'rm -rf "$tree"' EXIT
    chmod 755 "$tree"
    mkdir -p "$tree/DEBIAN" "$tree/usr/share/$name"
    echo "$version" > "$tree/usr/share/$name/version"

    while [ $# -gt 0 ]; do
        case $1 in
        --arch) arch=${2:?}; shift 2 ;;
        --depends) depends=${2:?}; shift 2 ;;
        --field) fields+=("${2:?}"); shift 2 ;;
        --pool) pool=${2:?}; shift 2 ;;
        --script) install -m 755 "${3:?}" "$tree/DEBIAN/${2:?}"; shift 3 ;;
        --file) install -D -m 644 "${3:?}" "$tree/${2:?}"; shift 3 ;;
        --conffile)
            install -D -m 644 "${3:?}" "$tree/${2:?}"
            echo "$2" >> "$tree/DEBIAN/conffiles"
            shift 3 ;;
        *) die "unknown option $1" ;;
        esac
    done
    {
        printf 'Package: %s\nVersion: %s\nArchitecture: %s\n' "$name" "$version" "$arch"
        printf 'Maintainer: Patchbay tests <tests@patchbay.invalid>\n'
        printf 'Section: misc\nPriority: optional\n'
        [ -z "$depends" ] || echo "Depends: $depends"
        [ ${#fields[@]} = 0 ] || printf '%s\n' "${fields[@]}"
        printf 'Description: package of the Patchbay tests\n It does nothing.\n'
    } > "$tree/DEBIAN/control"
    mkdir -p "$repo/$pool"
    # The epoch is not part of a file name.
    dpkg-deb --root-owner-group -Zgzip -b "$tree" \
        "$repo/$pool/${name}_${version#*:}_$arch.deb" >/dev/null
}

# gpg leaves an agent behind; it ends with the command that made it start. Its socket lies in the
# home, and the name of a socket has at most 107 characters: so gpg gets a short name of the home.
sign() {
    local home short result=0
    home=$(cd "$1" && pwd)
    short=$(mktemp -d /tmp/gpg.XXXXXX)
    ln -s "$home" "$short/home"
    shift
    GNUPGHOME=$short/home gpg --batch --quiet --no-tty --passphrase '' --pinentry-mode loopback "$@" ||
        result=$?
    GNUPGHOME=$short/home gpgconf --kill all
    rm -r "$short"
    return $result
}

make_key() {
    local repo=$1 home=$2
    [ ! -s "$repo/key.asc" ] || return 0
    mkdir -p "$home"
    chmod 700 "$home"
    sign "$home" --quick-generate-key 'Patchbay tests <tests@patchbay.invalid>' ed25519 sign never
    sign "$home" --armor --export > "$repo/key.asc"
}

publish() {
    local repo=$1 suite=bookworm-security suite_name=oldstable-security origin=Debian
    local label=Debian-Security fields=() pool=pool codename='' native
    shift
    need apt-ftparchive apt-utils
    need gpg gpg
    while [ $# -gt 0 ]; do
        case $1 in
        --suite) suite=${2:?}; shift 2 ;;
        --codename) codename=${2:?}; shift 2 ;;
        --pool) pool=${2:?}; shift 2 ;;
        --suite-name) suite_name=${2:?}; shift 2 ;;
        --origin) origin=${2:?}; shift 2 ;;
        --label) label=${2:?}; shift 2 ;;
        --field) fields+=("${2:?}"); shift 2 ;;
        *) die "unknown option $1" ;;
        esac
    done
    mkdir -p "$repo/$pool"
    repo=$(cd "$repo" && pwd)
    native=$(dpkg --print-architecture)
    make_key "$repo" "$repo/.gnupg"

    local dist=$repo/dists/$suite
    mkdir -p "$dist/main/binary-$native"
    (cd "$repo" && apt-ftparchive packages "$pool") > "$dist/main/binary-$native/Packages"
    gzip -n -k -f "$dist/main/binary-$native/Packages"
    rm -f "$dist"/{Release,InRelease}
    {
        printf 'Origin: %s\nLabel: %s\n' "$origin" "$label"
        printf 'Suite: %s\nCodename: %s\n' "$suite_name" "${codename:-$suite}"
        printf 'Architectures: all %s\nComponents: main\n' "$native"
        [ ${#fields[@]} = 0 ] || printf '%s\n' "${fields[@]}"
        (cd "$dist" && apt-ftparchive release .)
    } > "$repo/.release"
    mv "$repo/.release" "$dist/Release"
    sign "$repo/.gnupg" --clearsign --output "$dist/InRelease" "$dist/Release"
}

sources() {
    local repo=$1 path
    path=$(cd "$1" && pwd)
    shift
    [ $# = 0 ] || { [ "$1" = --path ] && path=${2:?}; } || die "unknown option $1"
    [ -s "$repo/key.asc" ] || die "$repo is not published"
    local dists=("$repo"/dists/*)
    printf 'Types: deb\nURIs: file:%s\nSuites: %s\nComponents: main\nSigned-By:\n' "$path" \
        "$(printf '%s\n' "${dists[@]##*/}" | paste -s -d ' ')"
    sed 's/^$/./; s/^/ /' "$repo/key.asc"
}

case ${1:-} in
--help | -h) usage ;;
package)
    [ $# -ge 4 ] || die "package needs REPO NAME VERSION"
    package "${@:2}" ;;
publish | sources)
    [ $# -ge 2 ] || die "$1 needs REPO"
    "$@" ;;
*) usage >&2; exit 2 ;;
esac
