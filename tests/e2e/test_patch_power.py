# SPDX-License-Identifier: Apache-2.0
"""Power lost at a random moment of an install: whatever the moment, what is said afterwards is true,
no package is lost, and the same command brings the host to its end.

A seed makes a moment: PATCHBAY_SEED=N runs that one again."""

import os
import random
import time

import pytest

import patch_plane as runs
from patch_host import PATCH, new_host, scan
from testbed import LocalRepo

NAMES = [f"pb-p{i}" for i in range(6)]
SEEDS = [int(os.environ["PATCHBAY_SEED"])] if "PATCHBAY_SEED" in os.environ else range(5)
BUSY = '#!/bin/sh\nsleep 0.05\n'
CONFIG = "/etc/patchbay/patch.conf"


@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    repo = LocalRepo(tmp_path_factory.mktemp("repo"))
    for i, name in enumerate(NAMES):
        for version in "1", "2":
            depends = f"{NAMES[i - 1]} (>= {version})" if i % 2 else ""
            repo.package(name, version, depends=depends,
                         files={f"/usr/share/{name}/data": version * 200000},
                         conffiles={f"/etc/{name}.conf": version},
                         scripts={"preinst": BUSY, "postinst": BUSY, "prerm": BUSY})
    repo.publish()
    return repo


@pytest.fixture
def plane():
    plane = runs.Plane()
    yield plane
    plane.server.shutdown()


def node(repo, plane):
    host = new_host(repo).start()
    host.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
    repo.enable(host, "/srv/repo")
    host.write(CONFIG, f"endpoint = {plane.url}\nregion = eu-west-1\ninstance-id = {runs.NODE}\n")
    host.write("/root/.aws/credentials", "[default]\naws_access_key_id = %s\n"
               "aws_secret_access_key = %s\naws_session_token = %s\n" % runs.KEYS, mode="600")
    host.sh("dpkg -i " + " ".join(f"/srv/repo/pool/{n}_1_all.deb" for n in NAMES))
    return host


@pytest.fixture(scope="module")
def duration(repo):
    """How long an install takes that nobody disturbs."""
    plane = runs.Plane()
    host = node(repo, plane)
    begin = time.monotonic()
    runs.run(host, "Install", expect=194)
    end = time.monotonic()
    host.close()
    plane.server.shutdown()
    return end - begin


def dpkg_says(host):
    """{name: (version, status)}"""
    lines = host.sh("dpkg-query -W -f='${Package} ${Version} ${db:Status-Status}\\n' 'pb-*'")
    return {line.split()[0]: tuple(line.split()[1:]) for line in lines.splitlines()}


def check_that_a_scan_is_true(host):
    found, truth = scan(host), dpkg_says(host)
    assert set(truth) == set(NAMES)  # nothing is lost
    for name, (version, status) in truth.items():
        if status != "installed":
            wanted = {"Failed"}
        elif version == "1":
            wanted = {"Missing"}
        else:
            wanted = {"Installed", "InstalledPendingReboot"}
        assert found[name]["state"] in wanted, (name, version, status, found[name])
    whole = all(value == ("2", "installed") for value in truth.values())
    assert found["summary"]["compliant"] <= whole


@pytest.mark.parametrize("seed", SEEDS)
def test_power_lost_at_any_moment(repo, plane, duration, seed):
    moment = random.Random(seed).uniform(0, duration)
    print(f"power is lost after {moment:.3f} s of about {duration:.3f} s")
    host = node(repo, plane)
    try:
        host.sh(f"(SSM_COMMAND_ID=command-1 {PATCH} run --operation Install >/dev/null 2>&1 &)")
        time.sleep(moment)  # the moment is what is tried out; nothing is waited for
        host.powerfail()
        check_that_a_scan_is_true(host)

        # The agent runs the command again, until it is over.
        code = 194
        for _ in range(3):
            done = host.exec("env", "SSM_COMMAND_ID=command-1", PATCH, "run", "--operation",
                             "Install", check=False)
            code = done.returncode
            if code != 194:
                break
            host.reboot()
        assert code == 0, (done.stdout, done.stderr)
        assert dpkg_says(host) == {name: ("2", "installed") for name in NAMES}
        assert host.sh("dpkg --audit") == "" and host.sh("ls /var/lib/dpkg/updates") == ""
        assert plane.states == {name: "Installed" for name in NAMES}
        assert plane.summary["OperationType"] == "Install"
        assert all(host.read(f"/etc/{name}.conf") == "2" for name in NAMES)
        entries = plane.custom["Custom:PatchbayRuns"]
        assert sum(int(e["Changed"]) for e in entries) == len(NAMES), entries
    finally:
        host.close()
