#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a folder of packages ready to be served by a plane (its packages_dir).
#
#   sign.sh DIR KEYFILE [SCRIPT]
#
# Writes into DIR, from the .deb and .rpm files of the agent that are in it:
#
#   MANIFEST      a line for each package: SHA-256, size, family, architecture, version, file
#   MANIFEST.sig  the Ed25519 signature of MANIFEST
#   packages.pem  the public key
#   install.sh    the install script with that key in it (SCRIPT, or the one beside this program)
#
# KEYFILE is the private key (PEM), made with mode 0600 if it is not there. Keep it away from the
# plane: whoever has it is root on every host. Keep the packages of the last version in DIR too,
# for an update that has to be taken back.
set -eu
umask 022

own_name=${0##*/} # installed as sign-packages

fail() {
    echo "$own_name: $*" >&2
    exit 1
}

if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    echo "usage: $own_name DIR KEYFILE [SCRIPT]" >&2
    exit 2
fi
dir=$1 key=$2
own=$(dirname "$0")
script=${3:-}
for beside in "$own/install.sh" /usr/share/patchbay/install.sh; do
    [ -n "$script" ] || [ ! -f "$beside" ] || script=$beside
done
[ -n "$script" ] || fail "there is no install.sh beside this program: name it"
[ -d "$dir" ] || fail "there is no folder $dir"
case $(realpath -m "$key") in
"$(realpath "$dir")"/*) fail "the private key must not lie in the folder that is served" ;;
esac

if [ ! -e "$key" ]; then
    # Beside first: a key that was cut short by a full disk must not be taken for one.
    (umask 077 && openssl genpkey -algorithm ED25519 -out "$key.new") ||
        fail "cannot make the key $key"
    mv "$key.new" "$key"
    echo "$own_name: made the key $key: keep it, and keep it secret" >&2
fi

work=$(mktemp -d "$dir/.sign.XXXXXX")
trap 'rm -rf "$work"' EXIT

openssl pkey -in "$key" -pubout -out "$work/packages.pem"
openssl pkey -in "$key" -noout -text | grep -q '^ED25519 Private-Key' ||
    fail "$key is not an Ed25519 key"

# The name says it all, and build.sh chose the name: patchbay-agent_V_ARCH.deb, patchbay-agent-V.ARCH.rpm
{
    echo "patchbay-manifest 1"
    for path in "$dir"/patchbay-agent_*.deb "$dir"/patchbay-agent-*.rpm; do
        [ -f "$path" ] || continue
        file=${path##*/}
        case $file in
        *.deb)
            rest=${file#patchbay-agent_} family=deb
            rest=${rest%.deb}
            version=${rest%_*} arch=${rest##*_}
            ;;
        *)
            rest=${file#patchbay-agent-} family=rpm
            rest=${rest%.rpm}
            version=${rest%.*} arch=${rest##*.}
            ;;
        esac
        # This very form is what the agents take.
        printf '%s' "$version" | grep -Eq '^[0-9]{1,9}(\.[0-9]{1,9}){0,3}$' ||
            fail "$file: a version is one to four numbers with dots between"
        printf '%s' "$arch" | grep -Eq '^[a-z0-9_]{1,20}$' || fail "$file: no architecture"
        sum=$(sha256sum "$path")
        echo "${sum%% *} $(stat -c %s "$path") $family $arch $version $file"
    done
} >"$work/MANIFEST"
[ "$(wc -l <"$work/MANIFEST")" -gt 1 ] || fail "there is no package of patchbay-agent in $dir"

openssl pkeyutl -sign -rawin -inkey "$key" -in "$work/MANIFEST" -out "$work/MANIFEST.sig"

# The script with the key's one line of base64 between the markers of PEM.
body=$(grep -v '^-----' "$work/packages.pem" | tr -d '\n')
sed "s|@KEY@|$body|" "$script" >"$work/install.sh"
grep -q "$body" "$work/install.sh" || fail "$script has no place for the key"

# The manifest last but its signature: for the moment between, a client refuses and tries again.
chmod 644 "$work"/*
for file in packages.pem install.sh MANIFEST MANIFEST.sig; do
    mv "$work/$file" "$dir/$file"
done
sed '1d; s/^\([0-9a-f]\{12\}\)[0-9a-f]*/\1.../' "$dir/MANIFEST"
