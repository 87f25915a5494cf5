#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Looks for new inputs: tests/fuzz/run.sh BUILD [SECONDS] [TARGET...]
#
# BUILD was set up with clang and -Dfuzz=true -Db_sanitize=address,undefined; each target runs for
# SECONDS (10) on its corpus, one target a core at a time. What crashes one is left in BUILD/fuzz/;
# nothing is written here.
set -u
build=${1:?usage: run.sh BUILD [SECONDS] [TARGET...]}
seconds=${2:-10}
shift $(($# < 2 ? $# : 2))
corpus=$(cd "$(dirname "$0")" && pwd)/corpus

[ $# -gt 0 ] || set -- $(ls "$corpus")

fuzz() { # NAME: its output to a file, then one line
    local target=$build/tests/fuzz/fuzz_$1 found=$build/fuzz/$1
    mkdir -p "$found"
    if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=16384 \
        -artifact_prefix="$found/" "$found" "$corpus/$1" >"$found.log" 2>&1; then
        echo "fuzz $1: ok, $(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$found.log") runs"
    else
        echo "fuzz $1: FAILED"
        tail -n 40 "$found.log"
        return 1
    fi
}
export -f fuzz
export build corpus seconds

# xargs ends with 123 when any of them failed, after all of them.
printf '%s\n' "$@" | xargs -P "$(nproc)" -I NAME bash -c 'fuzz NAME'
status=$?
[ $status -eq 0 ] && echo "all passed: $# targets" || echo "some failed, of $# targets"
exit $status
