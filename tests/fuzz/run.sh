#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Looks for new inputs: tests/fuzz/run.sh BUILD [SECONDS] [TARGET...]
#
# BUILD was set up with clang and -Dfuzz=true -Db_sanitize=address,undefined; each target runs for
# SECONDS (10) on its corpus. What crashes one is left in BUILD/fuzz/; nothing is written here.
set -u
build=${1:?usage: run.sh BUILD [SECONDS] [TARGET...]}
seconds=${2:-10}
shift $(($# < 2 ? $# : 2))
corpus=$(cd "$(dirname "$0")" && pwd)/corpus
failed=0 passed=0

[ $# -gt 0 ] || set -- $(ls "$corpus")
for name in "$@"; do
    target=$build/tests/fuzz/fuzz_$name
    found=$build/fuzz/$name
    mkdir -p "$found"
    if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=16384 \
        -artifact_prefix="$found/" "$found" "$corpus/$name" >"$found.log" 2>&1; then
        passed=$((passed + 1))
        echo "fuzz $name: ok, $(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$found.log") runs"
    else
        failed=$((failed + 1))
        echo "fuzz $name: FAILED"
        tail -n 40 "$found.log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
