# SPDX-License-Identifier: Apache-2.0
"""What the tests on Debian roots share: hosts, packages that trouble them, and what apt says."""

import json
import pathlib
import sys

import pytest

from conftest import BUILD, wait_for

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "testbed"))

from testbed import Host, LocalRepo  # noqa: E402,F401  (the path is set above)

PATCH = "/opt/patchbay/patchbay-patch"
STATE = "/var/lib/patchbay/patch"
FAILING = "#!/bin/sh\necho no\nexit 1\n"
# Its configuration lasts as long as /run/hold is there, which does not outlive the power.
SLOW = """#!/bin/sh
[ "$1" = configure ] || exit 0
touch /run/slow
while test -e /run/hold; do sleep 0.02; done
"""


def new_host(repo=None):
    binds = {"/opt/patchbay": BUILD / "src" / "patch"}
    if repo:
        binds["/srv/repo"] = repo.directory
    return Host("patch", binds=binds)


def use(host, repo):
    """Makes `repo` the only one of the host."""
    host.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
    repo.enable(host, "/srv/repo")


@pytest.fixture
def host(repo):
    """One with the `repo` of the module that imports this."""
    with new_host(repo) as host:
        use(host, repo)
        yield host


def have(host, *names):
    """Have these packages at version 1, or 2 where there is no other."""
    for name in names:
        version = "2" if name == "pb-current" else "1"
        host.sh(f"dpkg -i /srv/repo/pool/{name}_{version}_all.deb")


def wait_until(host, path, timeout=20):
    wait_for(lambda: host.has(path), timeout)


def begin(host, line):
    """Starts a shell line that configures a SLOW package, and returns while that is held."""
    host.sh(f"rm -f /run/slow; touch /run/hold; ({line}) >/dev/null 2>&1 &")
    wait_until(host, "/run/slow")


def run_kernel(host, release):
    """Lets the host see that as the kernel that runs."""
    host.write("/run/osrelease", f"{release}\n")
    host.sh("umount /proc/sys/kernel/osrelease 2>/dev/null; "
            "mount --bind /run/osrelease /proc/sys/kernel/osrelease")


# --- what patchbay-patch says ---

def start(host, *arguments):
    """Begins an install, whose pid is in /run/pid; over() waits for its end."""
    host.sh(f"rm -f /run/held /run/go /run/status; (({PATCH} install {' '.join(arguments)} & "
            "echo $! > /run/pid; wait $!; echo $? > /run/status) >/run/said 2>&1 &)")


def over(host):
    """(status, what it said)"""
    wait_until(host, "/run/status", timeout=60)
    return int(host.read("/run/status")), host.read("/run/said")


def patch(host, *arguments, expect=0, **more):
    done = host.exec(PATCH, *arguments, check=False, **more)
    assert done.returncode == expect, (arguments, done.returncode, done.stdout, done.stderr)
    return done


def scan(host, *arguments):
    """{name: package} of a scan, with the summary as "summary"."""
    answer = json.loads(patch(host, "scan", "--json", *arguments, timeout=60).stdout)
    return {**{p["name"]: p for p in answer["packages"]}, "summary": answer["summary"]}


def states(host, names, *arguments):
    found = scan(host, *arguments)
    return {name: found[name]["state"] for name in names}


def updates(found):
    return {(p["name"], p["arch"]): (p["installed"], p["candidate"])
            for p in found.values() if p.get("update")}


def baseline(host, **members):
    path = "/root/baseline.json"
    host.write(path, json.dumps({"patchBaseline": {
        "operatingSystem": "DEBIAN", "baselineId": "pb-0123456789abcdef0", "name": "test",
        "approvalRules": {"rules": [{"filterGroup": {"filters": []}, "approveAfterDays": 0}]},
        **members}}))
    return path


# --- what apt says ---

def upgradable(host):
    """What `apt list --upgradable` says, {(name, architecture): (old, new)}."""
    found = {}
    for line in host.sh("apt list --upgradable 2>/dev/null").splitlines():
        if "/" not in line:
            continue
        name, rest = line.split("/", 1)
        words = rest.split()
        found[name, words[2]] = (words[-1].rstrip("]"), words[1])
    return found


def version(host, name):
    return host.sh(f"dpkg-query -W -f='${{Version}}' {name}")
