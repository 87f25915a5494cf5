#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What one idle agent costs: memory (PSS, and what is its alone), wake-ups and CPU, over TLS,
# before its first command and after one. The plane is tests/e2e/fake_plane.py.
#
#   tests/bench/agent_memory.sh [BUILD]        default: build
#   SECONDS_IDLE=30                            how long the idle agent is watched
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
agent=${1:-$top/build}/src/agent/patchbay-agent
work=$(mktemp -d)
pids=
trap 'for p in $pids; do kill "$p" 2>/dev/null || true; done; rm -rf "$work"' EXIT

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout "$work/key" -out "$work/cert" \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
/usr/bin/python3 "$top/tests/e2e/fake_plane.py" --tls "$work/cert" "$work/key" \
    --script 'seq 100000' >"$work/plane" &
pids=$!
for _ in $(seq 100); do [ -s "$work/plane" ] && break; sleep 0.1; done
url=$(head -n 1 "$work/plane")

"$agent" register --endpoint "$url" --region eu-west-1 --ca-file "$work/cert" \
    --activation-id 11111111-2222-3333-4444-555555555555 \
    --activation-code ABCDEFGHIJKLMNOPQRST --state "$work/state" >/dev/null
"$agent" run --state "$work/state" 2>"$work/log" &
pid=$!
pids="$pids $pid"

field() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$pid/smaps_rollup"; }
private() { echo $(($(field Private_Clean) + $(field Private_Dirty))); }
switches() { awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$pid/status"; }
ticks() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
report() { echo "$1: PSS $(field Pss) kB, private $(private) kB, RSS $(field Rss) kB"; }

sleep 4
report "idle, TLS, nothing run yet"
kill -USR1 "${pids%% *}" # the plane sends its command
for _ in $(seq 100); do grep -q Success "$work/plane" && break; sleep 0.1; done
sleep 2
report "idle, TLS, after one command"
s=$(switches) t=$(ticks)
sleep "${SECONDS_IDLE:-30}"
echo "${SECONDS_IDLE:-30} s idle: $(($(switches) - s)) context switches," \
    "$(($(ticks) - t)) ticks of CPU, $(ls "/proc/$pid/task" | wc -l) thread"
