#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes this host a managed node of the Patchbay plane that served this script:
#
#   curl -fsSL PLANE/install.sh | sudo sh -s -- --activation-id ID --activation-code CODE --region R
#
# What is installed is verified: the manifest with the key below, the package with the manifest.
# Everything is in functions and the last line calls them, so that half a script does nothing.
set -eu
umask 022

plane='@PLANE@'
key='@KEY@'
pem=/etc/patchbay/packages.pem
state=/var/lib/patchbay-agent

usage() {
    cat <<'END'
usage: install.sh --activation-id ID --activation-code CODE --region REGION
           [--ca-file FILE] [--insecure-http] [--force]
       install.sh --no-register [--ca-file FILE]

Installs patchbay-agent and patchbay-patch from the plane that served this script, makes
this host a node of it and starts the agent. A CODE of - is read from the terminal or from
PATCHBAY_ACTIVATION_CODE. A host that is a node already is updated only, unless --force is
given. --ca-file is the authority (PEM) that signed the plane's certificate;
--insecure-http allows a plane that is another machine and speaks plain http.
END
}

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

say() {
    echo "install.sh: $*"
}

# A code in the arguments can be seen by every user of the host. Standard input is this script.
read_code() {
    code=${PATCHBAY_ACTIVATION_CODE:-}
    [ -z "$code" ] || return 0
    (: </dev/tty) 2>/dev/null ||
        fail "--activation-code -: there is no terminal to ask, and PATCHBAY_ACTIVATION_CODE is not set"
    printf 'Activation code: ' >/dev/tty
    stty -echo </dev/tty 2>/dev/null || :
    read -r code </dev/tty || :
    stty echo </dev/tty 2>/dev/null || :
    echo >/dev/tty
}

read_options() {
    id='' code='' region='' ca='' insecure='' force='' register=yes
    while [ $# -gt 0 ]; do
        case $1 in
        --activation-id | --activation-code | --region | --ca-file)
            [ $# -ge 2 ] || fail "$1 needs a value"
            case $1 in
            --activation-id) id=$2 ;;
            --activation-code) code=$2 ;;
            --region) region=$2 ;;
            --ca-file) ca=$2 ;;
            esac
            shift
            ;;
        --insecure-http) insecure=yes ;;
        --force) force=yes ;;
        --no-register) register='' ;;
        --help)
            usage
            exit 0
            ;;
        *)
            usage >&2
            exit 2
            ;;
        esac
        shift
    done
    [ -z "$ca" ] || [ -f "$ca" ] || fail "there is no file $ca"
    [ "$code" != - ] || read_code
    [ -z "$register" ] || { [ -n "$id" ] && [ -n "$code" ] && [ -n "$region" ]; } ||
        fail "--activation-id, --activation-code and --region are needed (or --no-register)"
}

check_host() {
    [ "$(id -u)" -eq 0 ] || fail "must be run as root"
    case $plane in
    https://* | http://127.* | http://localhost | http://localhost[:/]* | http://'[::1]'*) ;;
    http://*)
        [ -n "$insecure" ] ||
            fail "$plane is another machine and its answers could be changed on the way: use https, or say --insecure-http"
        ;;
    *) fail "this script was not served by a plane" ;;
    esac
    family='' arch=$(uname -m)
    # By name first: a host of one family can have the other's tools.
    # shellcheck disable=SC1091 # of the host
    case " $(. /etc/os-release 2>/dev/null && echo "${ID:-} ${ID_LIKE:-}") " in
    *' debian '* | *' ubuntu '*) family=deb ;;
    *' rhel '* | *' fedora '* | *' centos '* | *' suse '* | *' amzn '* | *' ol '* | *' rocky '* | \
        *' almalinux '* | *' sles '*) family=rpm ;;
    *)
        if command -v apt-get >/dev/null 2>&1; then
            family=deb
        elif command -v rpm >/dev/null 2>&1; then
            family=rpm
        fi
        ;;
    esac
    case $family in
    deb) arch=$(dpkg --print-architecture) ;;
    rpm) ;;
    *) fail "this system has neither apt nor rpm" ;;
    esac
}

# The package manager's way to bring what a file needs, or a package of the distribution.
install_with_manager() {
    if [ "$family" = deb ]; then
        DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
            -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef \
            -o Dpkg::Options::=--force-confold install "$@"
    elif command -v dnf >/dev/null 2>&1; then
        dnf -y --setopt=localpkg_gpgcheck=0 install "$@"
    elif command -v zypper >/dev/null 2>&1; then
        zypper --non-interactive --no-gpg-checks install --allow-unsigned-rpm "$@"
    elif command -v yum >/dev/null 2>&1; then
        yum -y --nogpgcheck localinstall "$@"
    else
        rpm -U --replacepkgs "$@"
    fi
}

need() {
    command -v "$1" >/dev/null 2>&1 && return
    say "$1 is needed to verify what is downloaded: installing it"
    install_with_manager "$1" >&2 || fail "$1 could not be installed"
}

# -f: any answer but 2xx is a failure; so is a body that ends early.
fetch() {
    set -- "$1" "$2" ${ca:+"$ca"}
    if command -v curl >/dev/null 2>&1; then
        curl -fsS --retry 3 --connect-timeout 10 --max-filesize 268435456 ${3:+--cacert "$3"} \
            -o "$2" "$plane/packages/$1"
    else
        wget -q --tries=3 --connect-timeout=10 ${3:+--ca-certificate="$3"} \
            -O "$2" "$plane/packages/$1"
    fi || fail "$plane/packages/$1 could not be downloaded"
}

# One key for a host's life: who wants another removes the old one, knowing why.
check_key() {
    {
        echo '-----BEGIN PUBLIC KEY-----'
        echo "$key"
        echo '-----END PUBLIC KEY-----'
    } >"$work/packages.pem"
    openssl pkey -pubin -in "$work/packages.pem" -noout 2>/dev/null ||
        fail "this script carries no key: the plane's packages were not signed with packaging/sign.sh"
    [ ! -e "$pem" ] || cmp -s "$pem" "$work/packages.pem" ||
        fail "this host trusts another key ($pem) than this script carries; nothing was changed"
}

download() {
    fetch MANIFEST "$work/MANIFEST"
    fetch MANIFEST.sig "$work/MANIFEST.sig"
    openssl pkeyutl -verify -rawin -pubin -inkey "$work/packages.pem" \
        -sigfile "$work/MANIFEST.sig" -in "$work/MANIFEST" >/dev/null 2>&1 ||
        fail "the signature of the manifest is wrong; nothing was changed"
    [ "$(head -n 1 "$work/MANIFEST")" = "patchbay-manifest 1" ] ||
        fail "the manifest is of a form that this script does not know"
    # The newest of this family and architecture.
    line=$(awk -v family="$family" -v arch="$arch" '$3 == family && $4 == arch { print $5, $0 }' \
        "$work/MANIFEST" | sort -t. -k1,1n -k2,2n -k3,3n -k4,4n | tail -n 1)
    [ -n "$line" ] || fail "$plane has no package for $family on $arch"
    # shellcheck disable=SC2086 # words
    set -- $line
    version=$1 sum=$2 size=$3 file=$7
    case $file in
    */* | .* | '' | *[!A-Za-z0-9._+~-]*) fail "the manifest names a file in another place" ;;
    esac
    fetch "$file" "$work/$file"
    [ "$(stat -c %s "$work/$file")" = "$size" ] ||
        fail "$file has not the size that the manifest says; nothing was changed"
    echo "$sum  $work/$file" | sha256sum -c >/dev/null 2>&1 ||
        fail "$file has not the sum that the manifest says; nothing was changed"
}

is_installed() {
    [ "$(patchbay-agent --version 2>/dev/null)" = "patchbay-agent $version" ] || return 1
    if [ "$family" = deb ]; then
        [ "$(dpkg-query -W -f '${Version} ${Status}' patchbay-agent 2>/dev/null)" = \
            "$version install ok installed" ]
    else
        rpm -q patchbay-agent >/dev/null 2>&1
    fi
}

install_package() {
    if is_installed; then
        say "patchbay-agent $version is installed"
    else
        # apt's own user must be able to read it.
        chmod 755 "$work"
        install_with_manager "$work/$file" || fail "$file could not be installed"
    fi
    mkdir -p /etc/patchbay
    [ -e "$pem" ] || { cp "$work/packages.pem" "$pem.new" && chmod 644 "$pem.new" && mv "$pem.new" "$pem"; }
    # The way back for the first update.
    mkdir -p -m 700 "$state" "$state/packages"
    cp "$work/$file" "$state/packages/$file.new"
    mv "$state/packages/$file.new" "$state/packages/$file"
}

is_systemd() {
    [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1
}

register() {
    [ -n "$register" ] || return 0
    if [ -e "$state/identity.json" ] && [ -z "$force" ]; then
        say "this host is a node already: it is not registered again"
        return 0
    fi
    [ -z "$force" ] || ! is_systemd || systemctl stop patchbay-agent.service
    printf '%s\n' "$code" | patchbay-agent register --endpoint "$plane" --region "$region" \
        --activation-id "$id" --activation-code - ${ca:+--ca-file "$ca"} \
        ${insecure:+--insecure-http} ${force:+--force} || fail "the registration failed"
}

start() {
    [ -e "$state/identity.json" ] || return 0
    if is_systemd; then
        systemctl daemon-reload
        systemctl enable --now patchbay-agent.service
        say "the agent is started"
    else
        say "there is no systemd here: have each boot start /usr/lib/patchbay/start-agent as root"
    fi
}

main() {
    read_options "$@"
    check_host
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    command -v wget >/dev/null 2>&1 || need curl
    need openssl
    check_key
    download
    install_package
    register
    start
}

main "$@"
