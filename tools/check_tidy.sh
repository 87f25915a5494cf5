#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# clang-tidy with .clang-tidy's checks over C files: some minutes for all of them, so it is not a
# part of test.sh.
#
#   tools/check_tidy.sh            files changed since main, committed or not
#   tools/check_tidy.sh all        all of src and functions
#   tools/check_tidy.sh FILE...    these
#
# TIDY and BUILD name another clang-tidy and build directory.
set -u
cd "$(dirname "$0")/.." || exit 2
tidy=${TIDY:-$(command -v clang-tidy-14 || command -v clang-tidy)}
build=${BUILD:-build}

[ -n "$tidy" ] || { echo "check_tidy: clang-tidy is missing: install clang-tidy" >&2; exit 2; }
[ -f "$build/compile_commands.json" ] ||
    { echo "check_tidy: $build/compile_commands.json is missing: meson setup $build" >&2; exit 2; }

if [ "${1:-}" = all ]; then
    mapfile -t files < <(git ls-files 'src/*.c' 'functions/*.c')
elif [ $# -gt 0 ]; then
    files=("$@")
else
    base=$(git merge-base HEAD main) || exit 2
    mapfile -t files < <({ git diff --name-only --diff-filter=d "$base"
        git ls-files --others --exclude-standard; } | sort -u | grep -E '^(src|functions)/.*\.c$')
fi
if [ ${#files[@]} -eq 0 ]; then
    echo "0 files"
    exit 0
fi
if printf '%s\0' "${files[@]}" |
    xargs -0 -P "$(nproc)" -n 4 "$tidy" -p "$build" --quiet 2>/dev/null; then
    echo "${#files[@]} files, nothing found"
else
    echo "${#files[@]} files; what is found above is an error" >&2
    exit 1
fi
