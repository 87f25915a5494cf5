#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Scan time and memory of patchbay-patch, and of what people use, on one root.

    ninja -C build && tests/bench/patch_bench.py        # as root; --runs N (9), COMMAND...

The root is a fresh Debian host of the testbed with its real updates pending and the package
caches warm; where it says first, our own were deleted before each run and apt's are those that
`apt-get update` makes; where it says cold, all were. Wall and CPU time are medians of whole runs, measured in the host. Memory is
the largest that all processes of a run had together, sampled from outside in runs of their
own: what is theirs alone (anonymous, so that only swapping could free it), and the whole
share (PSS), which for all of these is mostly apt's package cache, a file mapped read-only.
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/testbed"))

from testbed import BUILD, Host, base_root, program  # noqa: E402  (the path is set above)

PATCH = "/opt/patchbay/patchbay-patch"
COMMANDS = {
    "patchbay-patch scan": f"{PATCH} scan",
    "patchbay-patch scan, first": f"{PATCH} scan",
    "patchbay-patch scan, cold": f"{PATCH} scan",
    "patchbay-patch scan --json": f"{PATCH} scan --json",
    "apt list --upgradable": "apt list --upgradable",
    "apt-get -s dist-upgrade": "apt-get -s dist-upgrade",
    "unattended-upgrade --dry-run": "unattended-upgrade --dry-run",
}
FIRST = "rm -f /var/lib/patchbay/patch/cache/*pkgcache.bin; touch /var/cache/apt/*pkgcache.bin"
COLD = "rm -f /var/cache/apt/*pkgcache.bin /var/lib/patchbay/patch/cache/*pkgcache.bin"


def before(name):
    """What is done before each run of a command."""
    if name.endswith(", first"):
        return f"test -e /var/cache/apt/pkgcache.bin || apt-cache policy apt >/dev/null; {FIRST}"
    return COLD if name.endswith(", cold") else "true"


def times(host, command, runs, first):
    """Median wall and CPU seconds of whole runs."""
    script = (f"TIMEFORMAT='%R %U %S'; for i in $(seq {runs + 1}); do {first}; "
              f"{{ time {command} >/dev/null 2>&1; }} 2>&1; done")
    lines = host.exec("bash", "-c", script).stdout.splitlines()[1:]  # the first one warms up
    numbers = [[float(word) for word in line.split()] for line in lines]
    return (statistics.median(n[0] for n in numbers),
            statistics.median(n[1] + n[2] for n in numbers))


def memory_of(pid):
    """(own, proportional) in kB; nothing for what has just ended."""
    try:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0, 0
    found = dict(re.findall(r"^(\w+):\s+(\d+) kB", text, re.M))
    return int(found.get("Anonymous", 0)), int(found.get("Pss", 0))


def children_of(pid):
    try:
        found = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return found + [grandchild for child in found for grandchild in children_of(child)]


def memory(host, command, runs, first):
    """The largest sums over a run's processes that any sample saw."""
    line = [program(), "exec", "--dir", host.directory, "--", *command.split()]
    private = share = 0
    for _ in range(runs):
        host.exec("bash", "-c", first)
        with subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as run:
            while run.poll() is None:
                found = [memory_of(pid) for pid in children_of(run.pid)]
                private = max(private, sum(f[0] for f in found))
                share = max(share, sum(f[1] for f in found))
                time.sleep(0.0005)
    return private, share


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("names", nargs="*", metavar="COMMAND", help="part of one of them: all")
    options = parser.parse_args()
    runs = options.runs

    base = base_root("--include", "unattended-upgrades")
    binds = {"/opt/patchbay": BUILD / "src" / "patch"}
    with Host("bench", base=base, binds=binds) as host:
        print(host.exec(PATCH, "scan").stdout.splitlines()[-1])
        rows = {}
        for name, command in COMMANDS.items():
            if options.names and not any(part in name for part in ["patch scan", *options.names]):
                continue
            few = 1 if "unattended" in name else runs  # it takes its time
            rows[name] = (*times(host, command, few, before(name)),
                          *memory(host, command, few, before(name)))
    ours = rows["patchbay-patch scan"]
    print(f"{'':30} {'wall s':>8} {'CPU s':>8} {'own MB':>11} {'PSS MB':>8}   "
          "patchbay-patch scan against it")
    for name, row in rows.items():
        ratio = f"1/{row[0] / ours[0]:.1f} of the wall time" if row is not ours else ""
        print(f"{name:30} {row[0]:8.3f} {row[1]:8.3f} {row[2] / 1024:11.1f} "
              f"{row[3] / 1024:8.1f}   {ratio}")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error}\n{error.stdout}{error.stderr}")
