#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds Patchbay and runs all its tests. Last line: "N passed, N failed".
#
#   ./test.sh            everything
#   ./test.sh --quick    without sanitizer builds and real hosts
#
# Real hosts need root, namespaces and overlayfs; their lack is a failure.
set -u
cd "$(dirname "$0")"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH # Debian's python3 before any other
export PATCHBAY_BUILD=$PWD/build
# Recordings and notes that are inputs, not parts of the tree; tests that read them want them here.
[ ! -d ../shared/spec ] || export PATCHBAY_SPEC=$PWD/../shared/spec
results=build/results
quick=
case $#:${1:-} in
0:) ;;
1:--quick) quick=yes ;;
*)
    echo "usage: ./test.sh [--quick]" >&2
    exit 2
    ;;
esac

fatal() {
    echo "test.sh: $*" >&2
    echo "0 passed, 1 failed"
    exit 1
}

step() {
    printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"
}

# run NAME COMMAND...: its output to a file, shown if it fails; a command that leaves no JUnit
# file counts as one test.
run() {
    local name=$1
    shift
    if "$@" >"$results/$name.log" 2>&1; then
        echo ok >"$results/$name.status"
    else
        echo "failed ($?)" >"$results/$name.status"
        step "$name failed; the end of its output:"
        tail -n 60 "$results/$name.log" | sed 's/^/    /'
    fi
    step "$name: $(cat "$results/$name.status")"
}

meson_suite() { # NAME BUILD ARGS...
    local name=$1 dir=$2
    shift 2
    meson test -C "$dir" --no-rebuild --num-processes 2 --print-errorlogs "$@"
    local status=$?
    cp "$dir/meson-logs/testlog.junit.xml" "$results/$name.xml" 2>/dev/null
    return $status
}

pytest_suite() { # NAME ARGS...
    local name=$1
    shift
    /usr/bin/python3 -m pytest -q -p no:cacheprovider --junitxml="$results/$name.xml" "$@"
}

step "installing what is missing"
tools/install_deps.sh all || fatal "could not install what the tests need"

step "building with gcc"
[ -d build ] || meson setup build >/dev/null || fatal "meson setup failed"
ninja -C build -j2 >build/build.log 2>&1 || {
    tail -n 60 build/build.log
    fatal "the build failed"
}
rm -rf "$results"
mkdir -p "$results"

run unit meson_suite unit build
run model pytest_suite model tests/model
# More at once than there are cores: most of these tests wait for something.
run e2e pytest_suite e2e -n 4 --dist loadfile tests/e2e --ignore=tests/e2e/hosts

if [ -z "$quick" ]; then
    run testbed pytest_suite testbed tests/testbed
    # Real hosts wait for the schedule's minutes and for dpkg; the compiler does not mind.
    run hosts pytest_suite hosts -n 3 --dist loadfile tests/e2e/hosts &
    hosts=$!

    step "building with clang and sanitizers"
    [ -d build-asan ] || CC=clang CXX=clang++ meson setup build-asan \
        -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
    run build-asan ninja -C build-asan -j2
    wait "$hosts"
    # What runs inside a function's sandbox is static, which sanitizers cannot be.
    rm -rf build-asan/functions
    ln -s ../build/functions build-asan/functions
    export LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0
    export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
    run unit-asan meson_suite unit-asan build-asan --suite unit --suite sim
    PATCHBAY_BUILD=$PWD/build-asan run e2e-asan \
        pytest_suite e2e-asan -n 4 --dist loadfile tests/e2e --ignore=tests/e2e/hosts
    run fuzz tests/fuzz/run.sh build-asan 5
fi

exec /usr/bin/python3 tools/count_results.py "$results"
