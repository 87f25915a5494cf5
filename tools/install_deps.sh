#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what building, testing and the demo need, from Debian's packages. Quick where all is there.
set -eu

build="gcc g++ pkg-config meson ninja-build libmicrohttpd-dev libjson-c-dev libyaml-dev
    libsqlite3-dev libzip-dev libcurl4-openssl-dev libssl-dev libapt-pkg-dev libcmocka-dev libc6-dev
    libsolv-dev libsolvext-dev libmodulemd-dev"
run="bubblewrap python3 python3-boto3 awscli ca-certificates jq openssl zip"
hosts="mmdebstrap apt-utils gpg gpg-agent iproute2 util-linux dpkg-dev"
rpms="rpm createrepo-c"
packages="file binutils dpkg-dev" # and rpm: what packaging/build.sh makes packages with
tests="clang clang-format-14 libclang-rt-14-dev python3-pytest python3-pytest-xdist python3-botocore
    python3-cryptography python3-yaml valgrind curl sqlite3 man-db zsh fish"

case "${1:-all}" in
build) wanted="$build" ;;
demo) wanted="$build $run $hosts" ;;
all) wanted="$build $run $hosts $rpms $packages $tests" ;;
*)
    echo "usage: $0 [build|demo|all]" >&2
    exit 2
    ;;
esac

# For the tests, unless another npm is there: Debian's has hundreds of packages behind it.
[ "${1:-all}" != all ] || command -v npm >/dev/null || wanted="$wanted nodejs npm"

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$state" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "Missing packages:$missing" >&2
    echo "Run as root, or install them first." >&2
    exit 1
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
# shellcheck disable=SC2086 # a list of words
apt-get -q install -y --no-install-recommends $missing
