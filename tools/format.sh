#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Formats C and C++ with clang-format 14; with --check it only says which files differ.
set -u
cd "$(dirname "$0")/.." || exit 1

files=$(git ls-files 'src/*.c' 'src/*.h' 'src/*.cc' 'functions/*.c' 'functions/*.h' 'tests/*.c' 'tests/*.h')
if [ "${1:-}" = --check ]; then
    # shellcheck disable=SC2086 # a list of words
    clang-format-14 --dry-run -Werror $files 2>&1 | sed -n 's/^\([^:]*\):.*clang-format-violations.*/\1/p' | sort -u | tee /dev/stderr | wc -l | grep -qx 0
    exit $?
fi
# shellcheck disable=SC2086
exec clang-format-14 -i $files
