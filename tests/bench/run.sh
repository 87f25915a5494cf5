#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The measurements, one after the other, as a report in Markdown. Nothing is asserted.
#
#   tests/bench/run.sh [NAME...]     api start agent fleet scan install decide; default: all
#
# Run it on a machine that does nothing else. `scan` and `install` need root, for their test hosts.
set -eu
cd "$(dirname "$0")/../.."
python=/usr/bin/python3
export PATCHBAY_BUILD=${PATCHBAY_BUILD:-$PWD/build}

section() {
    local title=$1
    shift
    echo "## $title"
    echo
    echo "    $*"
    echo
    "$@" || echo "(it failed: status $?)"
    echo
}

run() {
    case $1 in
    api) section "Signed calls against the bare loop" $python tests/bench/bench_api.py ;;
    start) section "Start-up and idle memory" $python tests/bench/bench_start.py ;;
    agent) section "An idle agent" env SECONDS_IDLE=16 tests/bench/agent_memory.sh "$PATCHBAY_BUILD" ;;
    fleet) section "2,000 simulated agents" $python tests/bench/bench_fleet.py ;;
    scan) section "A scan" $python tests/bench/patch_bench.py --runs 5 ;;
    install) section "Installs, and the RPM family" $python tests/bench/install_bench.py ;;
    decide) section "Decisions" "$PATCHBAY_BUILD/tests/bench/decide" ;;
    *)
        echo "run.sh: no measurement is called $1: api start agent fleet scan install decide" >&2
        exit 2
        ;;
    esac
}

[ $# -gt 0 ] || set -- api start agent fleet scan install decide
echo "# Patchbay $(git describe --always --dirty 2>/dev/null || echo '(no git)'), $(date -u +%F)"
echo
echo "$(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)," \
    "Linux $(uname -r), load average $(cut -d ' ' -f 1 /proc/loadavg) at the start"
echo
for name in "$@"; do
    run "$name"
done
