#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Install by patchbay-patch, and by what people use, on hosts that are fresh each time.

    ninja -C build && tests/bench/install_bench.py      # as root; --rounds N (3), --only PART

Every run starts from a fresh host of the testbed: the same pending updates, package lists and
archives already fetched, so that what is timed is the package manager and what stands before and
after it. All get the same set: with `all`, every pending update (a baseline of one rule that
approves everything); with `security`, what the predefined baseline approves. The commands take
turns within a round; the ratio is of medians. `small` is the same in a control group of 64 MB.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/testbed"))

import big_repo  # noqa: E402  (the path is set above)
from testbed import BUILD, Host, base_root, program, rpm_root  # noqa: E402  (the path is set above)

PATCH = "/opt/patchbay/patchbay-patch"
QUIET = "DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Options::=--force-confdef " \
        "-o Dpkg::Options::=--force-confold"


def all_baseline(system, key):
    return json.dumps({"patchBaseline": {
        "baselineId": "pb-0123456789abcdef0", "name": "everything", "operatingSystem": system,
        "approvalRules": {"rules": [{"filterGroup": {"filters": [{"key": key, "values": ["*"]}]},
                                     "complianceLevel": "UNSPECIFIED", "approveAfterDays": 0,
                                     "enableNonSecurity": True}]}}})


DEBIAN = {
    "all: patchbay-patch install": f"{PATCH} install --no-refresh --baseline /tmp/all.json",
    "all: apt-get dist-upgrade": f"{QUIET} dist-upgrade",
    "security: patchbay-patch install": f"{PATCH} install --no-refresh",
    "security: unattended-upgrade": "unattended-upgrade",
}
RPM = {
    "all: patchbay-patch install": f"{PATCH} install --no-refresh --baseline /tmp/all.json",
    "all: dnf upgrade": "dnf -y -C upgrade",
}
RPM_SCANS = {
    "patchbay-patch scan": f"{PATCH} scan",
    "dnf check-update": "dnf -C check-update",
    "dnf updateinfo list": "dnf -C updateinfo list",
}
BIG_SCANS = {
    **RPM_SCANS,
    "patchbay-patch scan, no cache": f"sh -c 'rm -rf /var/lib/patchbay/patch/cache; {PATCH} scan'",
}
BIG_REPO = "[big]\nname=big\nbaseurl=file:///srv/big\ngpgcheck=0\n"
BINDS = {"/opt/patchbay": BUILD / "src" / "patch"}
SAMPLE = 0.004  # seconds


def count_changes(host):
    log = host.sh("cat /var/log/dpkg.log 2>/dev/null || true")
    return len(set(re.findall(r" upgrade (\S+) ", log)))


def timed(host, command):
    start = time.monotonic()
    done = host.exec("bash", "-c", command, check=False)
    return time.monotonic() - start, done


def measured(host, command):
    """(wall, CPU) seconds of a command with all that it starts, and how it ended."""
    taken, done = timed(host, f"TIMEFORMAT='took %U %S'; time {{ {command}; }}")
    user, system = re.search(r"^took (\S+) (\S+)$", done.stderr, re.M).groups()
    return taken, float(user) + float(system), done


def children_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "?"


def phases(host, command):
    """What patchbay-patch did when, by looking from outside: itself, or a child of its own.
    [(who, seconds)] in the order of the run."""
    line = [program(), "exec", "--dir", host.directory, "--", *command.split()]
    found, ours, last = [], None, time.monotonic()
    with subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as run:
        while run.poll() is None:
            if not ours:
                tree = [str(run.pid)]
                for pid in tree:
                    tree += children_of(pid)
                ours = next((pid for pid in tree if name_of(pid) == "patchbay-patch"), None)
            children = children_of(ours) if ours else []
            who = name_of(children[0]) if children else "itself"
            now = time.monotonic()
            if not found or found[-1][0] != who:
                found.append([who, 0.0])
            found[-1][1] += now - last
            last = now
            time.sleep(SAMPLE)
    return found


def fresh(base, system, key):
    host = Host("bench", base=base, binds=BINDS)
    host.start()
    host.write("/tmp/all.json", all_baseline(system, key))
    host.sh("! command -v dnf >/dev/null || dnf -q makecache")
    return host


def installs(title, base, system, key, commands, rounds, changed):
    seconds, cpu = {name: [] for name in commands}, {name: [] for name in commands}
    counts = {}
    for _ in range(rounds):
        for name, command in commands.items():
            host = fresh(base, system, key)
            try:
                before = changed(host)
                taken, used, done = measured(host, command)
                counts[name] = changed(host) - before
                if not counts[name]:
                    sys.exit(f"{command} changed nothing:\n{done.stdout}{done.stderr}")
                seconds[name].append(taken)
                cpu[name].append(used)
            finally:
                host.close()
    print(f"{title}, {rounds} rounds")
    names = list(commands)
    for i, name in enumerate(names):
        mid, used = statistics.median(seconds[name]), statistics.median(cpu[name])
        line = f"  {name:36} {mid:7.2f} s {used:7.2f} s CPU {counts[name]:4} packages"
        if i % 2:
            ours = names[i - 1]
            line += (f"   ours : this = {statistics.median(seconds[ours]) / mid:.2f}"
                     f", of the CPU {statistics.median(cpu[ours]) / used:.2f}")
        print(line)
    host = fresh(base, system, key)
    try:
        print("  the first of these once more, watched: "
              + ", ".join(f"{who} {taken:.2f} s" for who, taken in phases(host, commands[names[0]])))
    finally:
        host.close()


def rpm_changes(host):
    """How many packages differ from what the fresh host had."""
    now = set(host.sh("rpm -qa").split())
    if not hasattr(host, "packages_before"):
        host.packages_before = now
    return len(now - host.packages_before)


def scans(title, base, commands, runs, big=None):
    """`big`: the folder of one more repository."""
    binds = {**BINDS, **({"/srv/big": big} if big else {})}
    host = Host("bench", base=base, binds=binds).start()
    try:
        if big:
            host.write("/etc/yum.repos.d/big.repo", BIG_REPO)
        host.sh("dnf -q makecache")
        rows = {}
        for name, command in commands.items():
            script = (f"TIMEFORMAT='%R %U %S'; for i in $(seq {runs + 1}); do "
                      f"{{ time {command} >/dev/null 2>&1; }} 2>&1; done; true")
            lines = host.exec("bash", "-c", script).stdout.splitlines()[1:]
            numbers = [[float(word) for word in line.split()] for line in lines]
            rows[name] = (statistics.median(n[0] for n in numbers),
                          statistics.median(n[1] + n[2] for n in numbers))
    finally:
        host.close()
    ours = next(iter(rows.values()))
    print(f"{title}, median of {runs}")
    for name, row in rows.items():
        print(f"  {name:36} {row[0]:7.3f} s  {row[1]:7.3f} s CPU"
              + ("" if row is ours else f"   1/{row[0] / ours[0]:.1f} of the wall time, "
                                        f"1/{row[1] / ours[1]:.1f} of the CPU"))


# --- a small host ---

def control_group(limit):
    """A memory control group of version 1 or 2; None where the machine has none to give."""
    root = pathlib.Path("/sys/fs/cgroup")
    for parent, file in ((root / "memory", "memory.limit_in_bytes"), (root, "memory.max")):
        group = parent / "patchbay-bench"
        try:
            group.mkdir(exist_ok=True)
            (group / file).write_text(str(limit))
            return group
        except OSError:
            if group.is_dir():
                group.rmdir()
    return None


def run_small(command, group):
    """Seconds in a fresh host, in the group if there is one, and '' or what went wrong."""
    binds = {**BINDS, **({"/cgroup": (group, "rw")} if group else {})}
    with Host("bench", base=base_root(), binds=binds) as host:
        enter = "echo $$ > /cgroup/cgroup.procs; " if group else ""
        taken, done = timed(host, f"{enter}exec {command}")
        return taken, "" if done.returncode in (0, 194) else f"exit status {done.returncode}"


def small(limit_mb=64):
    group = control_group(limit_mb << 20)
    if not group:
        print("a small host: this machine has no memory control group to give")
        return
    try:
        print(f"in a control group of {limit_mb} MB, and without (page cache counts, and gives way)")
        for name, command in (("patchbay-patch scan", f"{PATCH} scan"),
                              ("patchbay-patch install", f"{PATCH} install --no-refresh"),
                              ("apt list --upgradable", "apt list --upgradable"),
                              ("apt-get dist-upgrade", f"env {QUIET} dist-upgrade")):
            taken, wrong = run_small(command, group)
            free, _ = run_small(command, None)
            print(f"  {name:36} {taken:7.2f} s  {free:7.2f} s   {wrong or 'done'}")
    finally:
        for _ in range(50):  # the last processes of a host leave it a moment after it
            try:
                group.rmdir()
                break
            except OSError:
                time.sleep(0.1)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["debian", "rpm", "big", "small"])
    options = parser.parse_args()
    if options.only in (None, "debian"):
        installs("Debian family, install", base_root("--include", "unattended-upgrades"), "DEBIAN",
                 "SECTION", DEBIAN, options.rounds, count_changes)
    if options.only in (None, "rpm"):
        scans("RPM family, scan", rpm_root(), RPM_SCANS, 9)
        installs("RPM family, install", rpm_root(), "ROCKY_LINUX", "CLASSIFICATION", RPM,
                 options.rounds, rpm_changes)
    if options.only in (None, "rpm", "big"):
        with tempfile.TemporaryDirectory() as folder:
            big_repo.write(folder)
            scans(f"RPM family, scan, {big_repo.PACKAGES} packages in the repository", rpm_root(),
                  BIG_SCANS, 9, folder)
    if options.only in (None, "small"):
        small()


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error}\n{error.stdout}{error.stderr}")
