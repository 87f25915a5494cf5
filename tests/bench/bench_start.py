# SPDX-License-Identifier: Apache-2.0
"""patchbayd from exec to its ready line, and its memory when nothing happens.

    bench_start.py [--rounds N]

First start: an empty directory, so keys, schema and management account are made. Then: the
same directory again. On this disk, and in memory (/dev/shm), where syncing costs nothing. For comparison /bin/true, started alike.
"""

import argparse
import pathlib
import statistics
import subprocess
import tempfile
import time

from plane import BUILD, cpu_milliseconds, memory_kb, table

PATCHBAYD = BUILD / "src" / "daemon" / "patchbayd"


def start(data, idle):
    """Milliseconds to the ready line, wall and CPU, then PSS and private memory in MB."""
    before = time.monotonic()
    with subprocess.Popen([PATCHBAYD, "--data", data, "--listen", "127.0.0.1:0", "--log-level",
                           "warning"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("patchbayd ready on ")
        took = 1000 * (time.monotonic() - before)
        cpu = cpu_milliseconds(process.pid)
        time.sleep(idle)
        pss, clean, dirty = memory_kb(process.pid, "Pss", "Private_Clean", "Private_Dirty")
        process.terminate()
    return took, cpu, pss / 1024, (clean + dirty) / 1024


def nothing():
    before = time.monotonic()
    subprocess.run(["/bin/true"], stdout=subprocess.PIPE, check=True)
    return 1000 * (time.monotonic() - before)


def measure(where, rounds):
    """The runs of a first start and of a second, and of nothing."""
    first, again, base = [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="patchbay-bench-", dir=where) as folder:
            data = pathlib.Path(folder) / "data"
            base.append(nothing())
            first.append(start(data, 0.5))
            again.append(start(data, 0.5))
    return first, again, statistics.median(base)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    rows = []
    for where, place in ((None, "on disk"), ("/dev/shm", "in memory")):
        first, again, base = measure(where, rounds)
        for name, runs in (("first start", first), ("start again", again)):
            took, cpu, pss, private = map(statistics.median, zip(*runs))
            rows.append([f"{name}, data {place}", f"{took:.0f} ms (/bin/true: {base:.1f} ms)",
                         "50 ms", f"{cpu:.0f} ms", f"{pss:.1f} MB", f"{private:.1f} MB",
                         "15 MB"])
    table(["patchbayd", "to the ready line", "aim", "CPU", "idle PSS", "private", "aim"], rows)


if __name__ == "__main__":
    main()
